/* Progressive enhancement only: every page works without this file. No text lives here: words come from data-… of #live. */
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  const live = () => document.getElementById("live");

  // Says something to a screen reader; `seen` also shows it to the eye for a while.
  function announce(text, seen = false) {
    const region = live();
    if (!region || !text) return;
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 50);
    if (!seen) return;
    const box = document.getElementById("toasts");
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.textContent = text;
    box.append(toast);
    setTimeout(() => toast.remove(), 6000);
  }

  const localTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

  // What freshly arrived markup needs: shown copy buttons and each reader's own time as a tooltip.
  function dress(part) {
    part.querySelectorAll("[data-copy][hidden]").forEach((button) => { button.hidden = false; });
    part.querySelectorAll("time[datetime*='T']:not([title])").forEach((element) => {
      const moment = new Date(element.dateTime);
      if (!Number.isNaN(moment.getTime())) element.title = localTime.format(moment);
    });
  }

  async function copy(button) {
    const region = live();
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      announce(region?.dataset.copyFailed, true);
      return;
    }
    const use = button.querySelector("use");
    const shape = use?.getAttribute("href");
    use?.setAttribute("href", shape.replace("#copy", "#check"));
    button.classList.add("is-copied");
    announce(region?.dataset.copied);
    setTimeout(() => {
      use?.setAttribute("href", shape);
      button.classList.remove("is-copied");
    }, 1500);
  }

  document.addEventListener("click", (event) => {
    const copier = event.target.closest("[data-copy]");
    if (copier) copy(copier);
    const opener = event.target.closest("[data-dialog]");
    if (opener && !event.ctrlKey && !event.metaKey) {
      const dialog = document.getElementById(opener.dataset.dialog);
      if (dialog?.showModal) {
        event.preventDefault();
        dialog.showModal();
      }
    }
    if (event.target.matches?.("dialog")) event.target.close();
    if (event.target.closest("[data-print]")) window.print();
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = event.target.closest?.("details.menu[open]") ?? document.querySelector("details.menu[open]");
      if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
    const typing = event.target.matches?.("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = document.querySelector("[data-search]");
      if (search) {
        event.preventDefault();
        search.focus();
      }
    }
  });

  // Filters apply themselves: choices at once, typed words after a pause.
  let pause;
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-autosubmit]");
    if (form && !event.target.matches("input[type=text], input[type=search]")) form.requestSubmit();
  });
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-autosubmit][hx-get]");
    if (!form || !event.target.matches("input[type=text], input[type=search]")) return;
    clearTimeout(pause);
    pause = setTimeout(() => form.requestSubmit(), 350);
  });

  // One press, one request: a second press of the same button does nothing while the first is on its way.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    (event.submitter ?? form.querySelector("button"))?.setAttribute("aria-busy", "true");
  });
  function rearm(part) {
    part.querySelectorAll("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
    });
  }
  // A file as the answer leaves the page where it is.
  document.addEventListener("submit", (event) => {
    if (event.target.hasAttribute("data-download")) setTimeout(() => rearm(document), 1500);
  });
  window.addEventListener("pageshow", () => rearm(document));

  document.addEventListener("htmx:afterSettle", (event) => {
    dress(event.detail.elt ?? document);
    event.detail.elt?.querySelector?.("[data-focus]")?.focus();
  });
  document.addEventListener("htmx:afterRequest", () => rearm(document));
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, () => announce(live()?.dataset.loadFailed, true));
  }
  // A response header HX-Trigger: {"announce": "…"} speaks.
  document.addEventListener("announce", (event) => announce(event.detail?.value));
  // The log-in library's own signal that a passkey was refused or cancelled.
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    announce(live()?.dataset.passkeyFailed, true);
  });

  function start() {
    dress(document);
    document.querySelector("[data-focus]")?.focus();
    // On a phone the current tab may lie outside the strip.
    document.querySelectorAll(".tabs [aria-current]").forEach((tab) => {
      const strip = tab.closest(".tabs");
      if (strip.scrollWidth > strip.clientWidth) strip.scrollLeft = tab.offsetLeft - strip.clientWidth / 3;
    });
    document.querySelectorAll("[data-without-passkeys]").forEach((note) => { note.hidden = "PublicKeyCredential" in window; });
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
