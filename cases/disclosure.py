"""Whether the customer may be told: computed from what binds the case, with its reasons. Pure; no legal advice.

One prohibition is enough to forbid; one doubt is enough to ask counsel; only what is plainly allowed is permitted.
A suspicious activity report is never recorded here: whoever records a notice says that there is none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


class Verdict(StrEnum):
    PERMITTED = "permitted"
    PROHIBITED = "prohibited"
    ASK_COUNSEL = "ask_counsel"


WORDS: Final[dict[Verdict, Text]] = {
    Verdict.PERMITTED: _("The customer may be told"),
    Verdict.PROHIBITED: _("The customer must not be told"),
    Verdict.ASK_COUNSEL: _("Ask counsel before anything is said"),
}


@dataclass(frozen=True, slots=True)
class Binding:
    """An order that binds the case: its instrument, and the gag on it where one runs. `ended`: it binds no more."""

    number: int
    instrument: str
    ended: bool = False
    sealed: bool = False
    gagged: bool = False
    gagged_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, by which order, and from which source."""

    verdict: Verdict
    text: Text
    source: Text = ""
    order: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What follows from all of it."""

    verdict: Verdict
    reasons: tuple[Reason, ...]

    @property
    def words(self) -> Text:
        return WORDS[self.verdict]


_OPEN: Final = _("No order forbids it, and the instrument itself does not.")
_CERTIFICATE: Final = _("The authority tells the person itself, or says that it may be told.")
# What the instrument itself says while no gag runs. An instrument that is not named here: ask counsel.
_BY_INSTRUMENT: Final[dict[str, tuple[Verdict, Text, str]]] = {
    "ofac_blocking": (
        Verdict.PERMITTED,
        _("The owner may be told that property is blocked, and asks OFAC for a licence."),
        "31 CFR 501.801, 501.806",
    ),
    "search_warrant": (Verdict.PERMITTED, _OPEN, "18 USC 2705(b)"),
    "seizure_warrant": (Verdict.PERMITTED, _OPEN, "18 USC 981(b), 2705(b)"),
    "court_order_2703d": (Verdict.PERMITTED, _OPEN, "18 USC 2703(d), 2705(b)"),
    "restraining_order": (Verdict.PERMITTED, _OPEN, "21 USC 853(e)"),
    "civil_forfeiture": (Verdict.PERMITTED, _OPEN, "18 USC 983(a); Supplemental Rule G(4)"),
    "uk_cwfo": (Verdict.PERMITTED, _OPEN, "POCA 2002 s 303Z37"),
    "uk_afo": (Verdict.PERMITTED, _OPEN, "POCA 2002 s 303Z1"),
    "epoc": (Verdict.ASK_COUNSEL, _CERTIFICATE, "Regulation (EU) 2023/1543 Art 13"),
    "epoc_pr": (Verdict.ASK_COUNSEL, _CERTIFICATE, "Regulation (EU) 2023/1543 Art 13"),
    "eu_freezing_certificate": (
        Verdict.ASK_COUNSEL,
        _("The executing authority informs the affected persons, or asks that it wait."),
        "Regulation (EU) 2018/1805 Art 32",
    ),
    "uk_daml": (
        Verdict.PROHIBITED,
        _("Tipping off: that a report was made is told to nobody."),
        "POCA 2002 s 333A",
    ),
    "non_disclosure_order": (Verdict.PROHIBITED, _("A gag on us."), "18 USC 2705(b)"),
}
_UNKNOWN: Final = _("Whether this instrument allows it depends on its terms.")


def may_be_told(bindings: Iterable[Binding], *, at: datetime, more: bool = False) -> Answer:
    """The verdict at a moment. `more`: something binds the case that the reader may not know of."""
    reasons: list[Reason] = []
    for binding in bindings:
        reasons += _of(binding, at=at)
    if more:
        reasons.append(Reason(Verdict.ASK_COUNSEL, _("Something that you may not see: ask this desk.")))
    if not reasons:
        reasons.append(Reason(Verdict.ASK_COUNSEL, _("No order binds this case: it is a matter of policy.")))
    return Answer(_worst(reasons), tuple(reasons))


def _of(binding: Binding, *, at: datetime) -> Sequence[Reason]:
    if binding.gagged and (binding.gagged_until is None or binding.gagged_until > at):
        return [
            Reason(
                Verdict.PROHIBITED,
                _("A non-disclosure term is in force."),
                "18 USC 2705(b)",
                binding.number,
                binding.gagged_until,
            )
        ]
    if binding.sealed:
        return [Reason(Verdict.PROHIBITED, _("The order is sealed."), "", binding.number)]
    if binding.ended:
        return [
            Reason(Verdict.PERMITTED, _("The order has ended, and no gag on it runs."), "", binding.number)
        ]
    verdict, text, source = _BY_INSTRUMENT.get(binding.instrument, (Verdict.ASK_COUNSEL, _UNKNOWN, ""))
    return [Reason(verdict, text, source, binding.number)]


def _worst(reasons: Sequence[Reason]) -> Verdict:
    found = {reason.verdict for reason in reasons}
    for verdict in (Verdict.PROHIBITED, Verdict.ASK_COUNSEL):
        if verdict in found:
            return verdict
    return Verdict.PERMITTED
