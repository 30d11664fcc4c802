"""Facts of the content as values on the page: moments, amounts, balances, people."""

from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cases.chronology.words import moment_text
from cases.exports.pieces import Run, Value, line, lines, run, value
from wallets.amounts import to_text


def moment(text: str | None) -> str | None:
    """An instant of the content in words; None for none."""
    return None if text is None else moment_text(datetime.fromisoformat(text))


def stamp(text: str | None) -> str | None:
    """An instant in few characters, for a column."""
    return None if text is None else moment_text(datetime.fromisoformat(text), short=True)


def when(text: str | None) -> Value | None:
    """An instant as a value; None for none."""
    words = moment(text)
    return None if words is None else value(words)


def when_in(stated: dict[str, Any] | None, *, short: bool = False) -> Value | None:
    """An order's moment: in UTC, and below in the zone of its paper where that is another."""
    if stated is None:
        return None
    words = value(stamp(stated["utc"]) if short else moment(stated["utc"]))
    if stated["zone"] == "UTC":
        return words
    local = datetime.fromisoformat(stated["local"])
    text = _("%(time)s in %(zone)s (UTC%(offset)s)") % {
        "time": date_format(local, "j M Y, H:i:s"),
        "zone": stated["zone"],
        "offset": local.strftime("%z")[:3] + ":" + local.strftime("%z")[3:5],
    }
    return lines(words, value(text, "t"))


def name(someone: dict[str, Any] | None) -> str:
    """A person's name, with role and agency."""
    if someone is None:
        return _("the system")
    return ", ".join(part for part in (someone["name"], someone["role"], someone["agency"]) if part)


def deed(done: dict[str, Any] | None, *, short: bool = False) -> Value | None:
    """Who did it, and below when."""
    if done is None:
        return None
    at = stamp(done["at"]) if short else moment(done["at"])
    return lines(value(name(done.get("by"))), value(at, "t"))


def word(coded: dict[str, Any] | None) -> str:
    """The word of a code; empty for none."""
    return "" if coded is None else str(coded["text"])


def amount(known: dict[str, Any] | None, unknown: str) -> Value:
    """An exact amount with its symbol, and below the same in base units; in words where it is not known."""
    if known is None:
        return value(unknown, "u")
    text = f"{to_text(int(known['base_units']), known['decimals'], group=True)} {known['symbol']}"
    if known["decimals"] == 0:
        return value(text, "s")
    units = _("%(count)s base units, %(decimals)s decimals") % {
        "count": known["base_units"],
        "decimals": known["decimals"],
    }
    return lines(value(text, "s"), value(units, "t"))


def block(stated: dict[str, Any] | None, unknown: str = "") -> Value:
    """A block: height, time, and its hash below in full."""
    if stated is None:
        return value(unknown)
    return lines(
        value(
            _("Block %(height)s, %(moment)s") % {"height": stated["height"], "moment": moment(stated["time"])}
        ),
        value(stated["hash"], "x"),
    )


def figure(title: str, known: dict[str, Any] | None) -> Value:
    """A balance at a moment of a freeze, below the word for that moment."""
    return lines(
        value(title, "t"), amount(None if known is None else known["amount"], _("not known at that moment"))
    )


def proof(known: dict[str, Any] | None) -> Value:
    """What proves a balance at a moment of a freeze: block and source, or the exchange's books."""
    if known is None:
        return value(None)
    if known["kind"] == "holding":
        return lines(
            value(_("By the exchange's books: %(source)s") % {"source": known["source"]}),
            value(_("observed %(moment)s") % {"moment": moment(known["observed_at"])}, "t"),
        )
    return lines(block(known["block"]), *looked(known))


def looked(known: dict[str, Any]) -> list[Value]:
    """Who was asked and when, whether a second source agreed, and how the answer belongs to its block."""
    asked = _("from %(source)s, looked at %(moment)s") % {
        "source": known["source"],
        "moment": stamp(known["looked_at"]),
    }
    agreed = known["agreement"]["text"]
    if known["second_source"]:
        agreed = _("%(agreement)s: %(second)s") % {"agreement": agreed, "second": known["second_source"]}
    how = _("%(pin)s; %(depth)s") % {"pin": known["pin"]["text"], "depth": known["depth"]["text"]}
    return [value(asked, "t"), value(agreed, "t"), value(how, "t")]


def clock(state: str) -> str:
    """What a due moment means at the instant of the file."""
    return {
        "running": _("clock running when this file was made"),
        "overdue": _("overdue when this file was made"),
        "ended": _("clock ended"),
    }.get(state, "")


def attribution(stated: dict[str, Any]) -> Value:
    """Source and confidence; never one without the other."""
    return line(
        run(stated["source"]),
        run(_("(confidence: %(level)s)") % {"level": word(stated["confidence"]).lower()}, "u"),
    )


def numbered(text: str, number: int | None, title: str) -> Run:
    """The heading of a numbered thing: `Wallet 2 · label`."""
    first = text % {"number": number}
    return run(f"{first} · {title}" if title else first)


def fictional(fact: dict[str, Any]) -> str:
    """The mark of an invented thing; empty otherwise."""
    return _("Fictional") if fact["is_fictional"] else ""
