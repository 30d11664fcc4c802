"""Shapes of what is typed about a duty: its outcome and what shows it, its clock, an emergency; and about selectors."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.actions.orders import Asked, Duty, Proof
from cases.forms.base import choices_of
from cases.forms.clocks import rule_choices
from cases.forms.orders import DutyForm, SelectorForm
from cases.forms.papers import ClockField, moment_in, text_area
from cases.models import FindingOutcome, InstrumentType, ObligationKind
from cases.queries.orders import Shows
from cases.status import ObligationStatus


class ProofFields(forms.Form):
    """What shows that a duty was carried out: things of the case to tick, or words."""

    shown_by = forms.MultipleChoiceField(
        label=_("What shows it"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, shows: Shows, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown_by = self.fields["shown_by"]
        assert isinstance(shown_by, forms.MultipleChoiceField)  # noqa: S101 - declared so above
        shown_by.choices = offered(shows)
        if not shown_by.choices:
            del self.fields["shown_by"]

    def proofs(self) -> list[Proof]:
        """The things that were ticked."""
        return [proof_of(value) for value in self.cleaned_data.get("shown_by", [])]


def offered(shows: Shows) -> list[tuple[Any, Any]]:
    """What of the case may be ticked, each under a word that says what it is."""
    return [
        *(
            (f"paper:{row.number}", _("Paper %(n)s: %(file)s") % {"n": row.number, "file": row.filename})
            for row in shows.papers
        ),
        *(
            (
                f"freeze:{row.number}",
                _("Freeze %(n)s: %(status)s") % {"n": row.number, "status": row.get_status_display()},
            )
            for row in shows.freezes
        ),
        *(
            (
                f"transfer:{row.number}",
                _("Transfer %(n)s: %(status)s") % {"n": row.number, "status": row.get_status_display()},
            )
            for row in shows.transfers
        ),
        *(
            (f"export:{row.reference}", _("Case file %(ref)s") % {"ref": row.reference})
            for row in shows.exports
        ),
    ]


def proof_of(value: str) -> Proof:
    """A ticked thing as the action takes it."""
    kind, _colon, name = value.partition(":")
    return Proof(kind, export=name) if kind == "export" else Proof(kind, number=int(name))


class MoveDutyForm(ProofFields):
    """Start a duty, or record what came of it."""

    to = forms.ChoiceField(label=_("Outcome"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("In words"),
        required=False,
        max_length=5000,
        widget=text_area(3),
        help_text=_("The file that was sent, the letter, the reason. Needed where nothing above is ticked."),
    )

    def __init__(self, *args: Any, outcomes: "list[str]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        to = self.fields["to"]
        assert isinstance(to, forms.ChoiceField)  # noqa: S101 - declared so above
        to.choices = [(value, ObligationStatus(value).label) for value in outcomes]


class AddProofForm(ProofFields):
    """One more thing that shows how a duty was carried out."""

    note = forms.CharField(label=_("In words"), required=False, max_length=5000, widget=text_area(3))

    def all_proofs(self) -> list[Proof]:
        """What was ticked, and the words as a proof of their own."""
        note = self.cleaned_data["note"].strip()
        return [*self.proofs(), *([Proof("note", note=note)] if note else [])]


class ExtendDutyForm(forms.Form):
    """A later due moment, on the clock of the order's paper."""

    due_at = ClockField(label=_("New due moment"))
    reason = forms.CharField(label=_("Who granted it, and how"), max_length=5000, widget=text_area(3))

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean_due_at(self) -> datetime:
        return moment_in(self.zone, self.cleaned_data["due_at"])


class AddDutyForm(DutyForm):
    """One duty for an order whose zone and instrument are known."""

    def __init__(self, *args: Any, zone: ZoneInfo, instrument: InstrumentType | None, **kwargs: Any) -> None:
        super().__init__(*args, rules=rule_choices(instrument=instrument), **kwargs)
        self.zone = zone
        if instrument is not None:
            kind = self.fields["kind"]
            assert isinstance(kind, forms.ChoiceField)  # noqa: S101 - declared so above
            kind.choices = choices_of(
                [(value, label) for value, label in ObligationKind.choices if value in instrument.permits]
            )

    def clean_due_at(self) -> datetime | None:
        due = self.cleaned_data.get("due_at")
        return None if due is None else moment_in(self.zone, due)

    def clean_trigger_at(self) -> datetime | None:
        trigger = self.cleaned_data.get("trigger_at")
        return None if trigger is None else moment_in(self.zone, trigger)

    def as_duty(self) -> Duty:
        data = self.cleaned_data
        return Duty(
            kind=data["kind"],
            text=data["text"],
            due_at=data["due_at"],
            rule=data["rule"],
            trigger_at=data["trigger_at"],
            responsible=data.get("responsible"),
        )


class EmergencyForm(forms.Form):
    reason = forms.CharField(
        label=_("What danger cannot wait for the verification"), max_length=5000, widget=text_area(4)
    )


class ReviewForm(forms.Form):
    outcome = forms.ChoiceField(
        label=_("Outcome"),
        widget=forms.RadioSelect,
        choices=[
            ("upheld", _("It was right to answer")),
            ("disputed", _("It should not have been answered")),
        ],
    )
    review = forms.CharField(label=_("What you found"), max_length=5000, widget=text_area(4))


class AddSelectorForm(SelectorForm):
    """One selector for an order whose zone is known."""

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean_starts_at(self) -> datetime | None:
        return self._moment("starts_at")

    def clean_ends_at(self) -> datetime | None:
        return self._moment("ends_at")

    def _moment(self, name: str) -> datetime | None:
        clock = self.cleaned_data.get(name)
        return None if clock is None else moment_in(self.zone, clock)

    def as_asked(self) -> Asked:
        data = self.cleaned_data
        return Asked(
            kind=data["kind"],
            value=data["value"],
            starts_at=data["starts_at"],
            ends_at=data["ends_at"],
            time_zone=self.zone.key,
        )


class FindingForm(forms.Form):
    """What a look for a selector brought."""

    outcome = forms.ChoiceField(label=_("Outcome"), widget=forms.RadioSelect, choices=FindingOutcome.choices)
    found = forms.ChoiceField(
        label=_("What was found"),
        required=False,
        help_text=_(
            "A wallet or an account of the case. What is not in the case yet is attached to it first."
        ),
    )
    remarks = forms.CharField(label=_("Remarks"), required=False, max_length=1000, widget=text_area(2))

    def __init__(self, *args: Any, held: "list[tuple[str, str]]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = self.fields["found"]
        assert isinstance(found, forms.ChoiceField)  # noqa: S101 - declared so above
        found.choices = [("", _("Nothing")), *held]

    def numbers(self) -> dict[str, int | None]:
        """What was found, as the action takes it."""
        kind, _colon, number = self.cleaned_data.get("found", "").partition(":")
        return {
            "wallet_number": int(number) if kind == "wallet" else None,
            "account_number": int(number) if kind == "account" else None,
        }
