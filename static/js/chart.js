/* Draws balances over time. The table on the page says the same; without script only the table is there. */
(() => {
  "use strict";
  const HEIGHT = 200;
  const DAY = 86400;
  const language = document.documentElement.lang || "en";
  // Times as they stand on the rest of the page: in UTC, the day before the month, months of three letters.
  function inUtc(options) {
    const format = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { timeZone: "UTC", hourCycle: "h23", ...options });
    return (at) => format.format(at * 1000).replace("Sept", "Sep");
  }
  const year = inUtc({ year: "numeric" });
  const month = inUtc({ month: "short", year: "numeric" });
  const day = inUtc({ day: "numeric", month: "short" });
  const dayOfYear = inUtc({ day: "numeric", month: "short", year: "numeric" });
  const clock = inUtc({ hour: "2-digit", minute: "2-digit" });
  const clockExact = inUtc({ hour: "2-digit", minute: "2-digit", second: "2-digit" });

  // Twelve digits take away what binary fractions add (0.30000000000000004) and nothing that a tick has.
  const plain = new Intl.NumberFormat(language, { maximumSignificantDigits: 12 });
  const short = new Intl.NumberFormat(language, { maximumSignificantDigits: 12, notation: "compact" });
  function tick(value) {
    if (value !== 0 && Math.abs(value) < 1e-5) return Number(value.toPrecision(12)).toExponential();
    return (Math.abs(value) < 1e4 ? plain : short).format(value);
  }

  // The clock where ticks are close, the date where they are not; each new date, and the first, is said below the clock.
  function ticks(_plot, splits, _axis, _space, step) {
    let last = "";
    return splits.map((at) => {
      if (step >= 300 * DAY) return year(at);
      if (step >= 25 * DAY) return month(at);
      const date = day(at);
      if (step >= DAY) return date;
      const line = date === last ? "" : `\n${date}`;
      last = date;
      return (step < 60 ? clockExact : clock)(at) + line;
    });
  }

  // As wide as the longest label: what does not fit would be cut, and a cut number is another number.
  function room(plot, labels, index, cycle) {
    const axis = plot.axes[index];
    if (cycle > 1) return axis._size;
    const longest = (labels ?? []).reduce((a, b) => (b.length > a.length ? b : a), "");
    if (longest) plot.ctx.font = axis.font[0];
    const wide = longest ? plot.ctx.measureText(longest).width / uPlot.pxRatio : 0;
    return Math.ceil(axis.ticks.size + axis.gap + wide);
  }

  // A step line: an amount stands until a look finds another one. Numbers are for the eye; exact texts stay texts.
  function draw(figure) {
    const points = JSON.parse(figure.dataset.points);
    if (!points.length || !window.uPlot) return;
    figure.hidden = false;
    const place = figure.querySelector(".chart__plot");
    const said = figure.querySelector(".chart__said");
    const words = said.querySelector(".chart__words");
    const proof = said.querySelector("a");
    let plot;
    let chosen = points.length - 1;

    function tell(index) {
      if (!points[index]) return;
      chosen = index;
      const { at, amount, to, same } = points[index];
      const when = `${dayOfYear(at)}, ${clockExact(at)} UTC`;
      words.textContent = `${same ? `${figure.dataset.same} ` : ""}${when}  ${amount} ${figure.dataset.unit}`;
      proof.href = to;
    }

    // A canvas takes its colours once, so it is drawn again where they change.
    function redraw() {
      plot?.destroy();
      const ink = getComputedStyle(figure).color;
      const soft = getComputedStyle(said).color;
      const font = `12px ${getComputedStyle(figure).fontFamily}`;
      const axis = { stroke: soft, font, grid: { stroke: soft, width: 0.2 }, ticks: { stroke: soft, width: 0.4, size: 5 } };
      const span = points[points.length - 1].at - points[0].at;
      plot = new uPlot({
        width: place.clientWidth,
        height: HEIGHT,
        padding: [8, 12, 0, 4],
        legend: { show: false },
        tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
        cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { size: 10, fill: ink } },
        scales: {
          x: { range: span ? undefined : (_plot, first) => [first - DAY / 2, first + DAY / 2] },
          // From nothing up: a curve that starts elsewhere makes a small move look large.
          y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.08 : 1] },
        },
        axes: [{ ...axis, space: 70, size: (_plot, labels) => (labels?.some((label) => label.includes("\n")) ? 42 : 28), values: ticks }, { ...axis, space: 34, size: room, values: (_plot, splits) => splits.map(tick) }],
        series: [{}, {
          stroke: ink, width: 2, fill: `color-mix(in srgb, ${ink} 10%, transparent)`, paths: uPlot.paths.stepped({ align: 1 }),
          points: { show: (self) => self.bbox.width / uPlot.pxRatio / points.length > 9, size: 7, fill: ink, width: 0 },
        }],
        hooks: { setCursor: [(self) => { if (self.cursor.idx != null && self.cursor.left >= 0) tell(self.cursor.idx); }] },
      }, [points.map((point) => point.at), points.map((point) => Number(point.amount.replaceAll(/\s/g, "")))], place);
      // A finger chooses a point and then takes the link below; a mouse has chosen already.
      plot.over.addEventListener("click", (event) => {
        if (event.pointerType !== "touch") window.location.assign(points[chosen].to);
      });
    }

    redraw();
    tell(chosen);
    new ResizeObserver(() => {
      if (place.clientWidth && place.clientWidth !== plot.width) plot.setSize({ width: place.clientWidth, height: HEIGHT });
    }).observe(place);
    for (const query of ["(prefers-color-scheme: dark)", "print", "(forced-colors: active)"]) {
      matchMedia(query).addEventListener("change", redraw);
    }
    new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    document.fonts?.ready.then(redraw);
  }

  document.querySelectorAll("[data-chart]").forEach(draw);
})();
