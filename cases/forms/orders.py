"""Shapes of what is typed about orders, their duties and their papers."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import BaseFormSet, formset_factory
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from cases.actions.orders import Duty
from cases.forms.base import PersonField, choices_of
from cases.forms.papers import ClockField, PaperField, Upload, moment_in, of_model, text_area, zone_choices
from cases.models import Instrument, LegalOrder, Obligation, ObligationKind, VerificationMethod
from cases.people.models import User
from cases.status import ObligationStatus, OrderStatus

ROWS = 3
MOST_ROWS = 30
MOMENTS = ("issued_at", "served_at", "received_at", "due_at")


class OrderForm(forms.Form):
    """The paper as it stands. Its moments are read on a clock in `time_zone` and cleaned to UTC."""

    instrument = forms.ChoiceField(label=_("Instrument"), choices=choices_of(Instrument.choices))
    issuing_authority = of_model(LegalOrder, "issuing_authority")
    agency_reference = of_model(LegalOrder, "agency_reference")
    jurisdiction = of_model(LegalOrder, "jurisdiction")
    legal_basis = of_model(LegalOrder, "legal_basis")
    requestor = of_model(LegalOrder, "requestor")
    requestor_email = of_model(LegalOrder, "requestor_email")
    time_zone = forms.ChoiceField(label=_("Time zone of the paper"), choices=zone_choices, initial="UTC")
    issued_at = ClockField(label=_("Issued"))
    served_at = ClockField(label=_("Served"))
    received_at = ClockField(label=_("Received"))
    due_at = ClockField(
        label=_("Due (return date)"),
        required=False,
        help_text=_("Leave it empty where the paper names none."),
    )
    scope = of_model(LegalOrder, "scope", widget=text_area())
    paper = PaperField(
        label=_("Paper"),
        required=False,
        help_text=_(
            "The file as it came. Its SHA-256 is recorded. It has to be chosen again after a mistake."
        ),
    )

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        zone = self.zone()
        for name in MOMENTS:
            clock = data.get(name)
            if zone is None or not isinstance(clock, datetime) or clock.tzinfo is not None:
                continue
            try:
                data[name] = moment_in(zone, clock)
            except ValidationError as error:
                self.add_error(name, error)
        return data

    def zone(self) -> ZoneInfo | None:
        """The chosen zone; None while none of the list is chosen."""
        name = self.cleaned_data.get("time_zone")
        return ZoneInfo(name) if name else None


class DutyForm(forms.Form):
    """One duty; its due moment stays on the paper's clock until the zone is known."""

    kind = forms.ChoiceField(label=_("Kind"), choices=choices_of(ObligationKind.choices))
    text = of_model(Obligation, "text", widget=text_area(2))
    due_at = ClockField(label=_("Due"), required=False)
    responsible = PersonField(label=_("Responsible"), required=False, empty_label=_("Nobody yet"))

    def __init__(self, *args: Any, members: "QuerySet[User]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        responsible = self.fields["responsible"]
        assert isinstance(responsible, PersonField)  # noqa: S101 - declared so above
        responsible.queryset = members

    def duty(self, zone: ZoneInfo) -> Duty:
        """The duty with its due moment in UTC. Raises ValidationError where the clock there never shows it."""
        data = self.cleaned_data
        due = data.get("due_at")
        return Duty(
            kind=data["kind"],
            text=data["text"],
            due_at=None if due is None else moment_in(zone, due),
            responsible=data.get("responsible"),
        )


if TYPE_CHECKING:
    RowsOfDuties = BaseFormSet[DutyForm]
else:
    RowsOfDuties = BaseFormSet


class _Rows(RowsOfDuties):
    """Every row is a fresh one: what was carried over from the last answer may be emptied again."""

    def initial_form_count(self) -> int:
        return 0

    def total_form_count(self) -> int:
        if self.is_bound:
            return super().total_form_count()
        return min(len(self.initial or []) + ROWS, MOST_ROWS)


DutyRows = formset_factory(
    DutyForm, formset=_Rows, extra=ROWS, max_num=MOST_ROWS, absolute_max=MOST_ROWS, validate_max=True
)


class OrderEntry:
    """The order's form and its rows of duties, as one: either all of it is good or nothing is recorded."""

    def __init__(
        self,
        *,
        members: "QuerySet[User]",
        data: "MultiValueDict[str, str] | None" = None,
        files: "MultiValueDict[str, Any] | None" = None,
    ) -> None:
        self.members = members
        self.is_bound = data is not None
        self.form = OrderForm(data, files)
        self.rows: BaseFormSet[DutyForm] = DutyRows(data, prefix="duties", form_kwargs={"members": members})
        self.duties: list[Duty] = []

    @classmethod
    def with_more_rows(cls, *, members: "QuerySet[User]", data: "MultiValueDict[str, str]") -> "OrderEntry":
        """What was typed so far, unjudged, with more rows below."""
        entry = cls(members=members)
        entry.form = OrderForm(initial=_typed(data, OrderForm.base_fields))
        sent = data.get("duties-TOTAL_FORMS", "")
        count = min(int(sent), MOST_ROWS) if sent.isascii() and sent.isdigit() and len(sent) < 4 else ROWS
        typed = [_typed(data, DutyForm.base_fields, prefix=f"duties-{i}-") for i in range(count)]
        entry.rows = DutyRows(initial=typed, prefix="duties", form_kwargs={"members": members})
        return entry

    def is_valid(self) -> bool:
        """Whether the form and every row that was begun are good; `duties` holds them then."""
        good = self.form.is_valid()
        good = self.rows.is_valid() and good
        zone = self.form.zone()
        if not self.rows.is_valid() or zone is None:
            return False
        issued = self.form.cleaned_data.get("issued_at")
        self.duties = []
        for row in self.rows.forms:
            if not row.has_changed():
                continue
            try:
                duty = row.duty(zone)
            except ValidationError as error:
                row.add_error("due_at", error)
                good = False
                continue
            if duty.due_at is not None and issued is not None and duty.due_at < issued:
                row.add_error("due_at", _("The due moment lies before the order was issued."))
                good = False
                continue
            self.duties.append(duty)
        return good

    def order(self) -> dict[str, Any]:
        """What `record_order` takes, but for the paper."""
        return {name: value for name, value in self.form.cleaned_data.items() if name != "paper"}

    @property
    def upload(self) -> Upload | None:
        return self.form.cleaned_data.get("paper")


def _typed(
    data: "MultiValueDict[str, str]", fields: Mapping[str, forms.Field], prefix: str = ""
) -> dict[str, str]:
    return {name: str(data[prefix + name]) for name in fields if data.get(prefix + name)}


class PaperForm(forms.Form):
    paper = PaperField(label=_("Paper"), help_text=_("The file as it came. Its SHA-256 is recorded."))


class VerifyForm(forms.Form):
    method = forms.ChoiceField(label=_("How it was checked"), choices=choices_of(VerificationMethod.choices))
    contact = forms.CharField(
        label=_("Contact"),
        max_length=300,
        help_text=_("With whom, and where the contact was found: not on the paper itself."),
    )
    outcome = forms.ChoiceField(
        label=_("Outcome"),
        widget=forms.RadioSelect,
        choices=[
            ("authentic", _("The order is authentic")),
            ("inauthentic", _("The order is not authentic: reject it")),
        ],
    )
    remarks = forms.CharField(label=_("Remarks"), required=False, max_length=2000, widget=text_area(3))


class MoveOrderForm(forms.Form):
    to = forms.ChoiceField(choices=OrderStatus.choices, widget=forms.HiddenInput, label=_("Step"))
    reason = forms.CharField(label=_("Reason"), required=False, max_length=5000, widget=text_area(3))


class MoveDutyForm(forms.Form):
    """Start a duty, or record what came of it."""

    to = forms.ChoiceField(label=_("Outcome"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("What shows it"),
        required=False,
        max_length=5000,
        widget=text_area(3),
        help_text=_("The file that was sent, the letter, the reason."),
    )

    def __init__(self, *args: Any, outcomes: "list[str]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        to = self.fields["to"]
        assert isinstance(to, forms.ChoiceField)  # noqa: S101 - declared so above
        to.choices = [(value, ObligationStatus(value).label) for value in outcomes]


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
    """One duty for an order whose zone is known; cleaned to `duty`."""

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean_due_at(self) -> datetime | None:
        due = self.cleaned_data.get("due_at")
        return None if due is None else moment_in(self.zone, due)

    def as_duty(self) -> Duty:
        data = self.cleaned_data
        return Duty(
            kind=data["kind"], text=data["text"], due_at=data["due_at"], responsible=data.get("responsible")
        )
