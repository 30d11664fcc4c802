"""Shapes of what is typed about an order as it comes in: its face, what it names, its duties, its papers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import BaseFormSet, formset_factory
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.actions.orders import Asked, Duty
from cases.forms.base import PersonField, choices_of
from cases.forms.clocks import rule_choices
from cases.forms.papers import (
    ClockField,
    PaperField,
    PapersField,
    Upload,
    moment_in,
    of_model,
    text_area,
    zone_choices,
)
from cases.models import InstrumentType, LegalOrder, Obligation, ObligationKind, Selector, SelectorKind
from cases.people.models import User
from cases.status import OrderStatus

ROWS = 3
MOST_ROWS = 30
MOST_SELECTORS = 100
MOMENTS = ("issued_at", "served_at", "received_at", "due_at", "ends_at", "non_disclosure_until")


class OrderForm(forms.Form):
    """The paper as it stands. Its moments are read on a clock in `time_zone` and cleaned to UTC."""

    instrument = forms.ChoiceField(label=_("Instrument"))
    issuing_authority = of_model(LegalOrder, "issuing_authority")
    validating_authority = of_model(LegalOrder, "validating_authority")
    enforcing_authority = of_model(LegalOrder, "enforcing_authority")
    agency_reference = of_model(LegalOrder, "agency_reference")
    agency_case_number = of_model(LegalOrder, "agency_case_number")
    jurisdiction = of_model(LegalOrder, "jurisdiction")
    legal_basis = of_model(LegalOrder, "legal_basis")
    entity_served = of_model(LegalOrder, "entity_served")
    requestor = of_model(LegalOrder, "requestor")
    requestor_title = of_model(LegalOrder, "requestor_title")
    requestor_badge = of_model(LegalOrder, "requestor_badge")
    requestor_email = of_model(LegalOrder, "requestor_email")
    requestor_phone = of_model(LegalOrder, "requestor_phone")
    time_zone = forms.ChoiceField(label=_("Time zone of the paper"), choices=zone_choices, initial="UTC")
    issued_at = ClockField(label=_("Issued"))
    served_at = ClockField(label=_("Served"))
    received_at = ClockField(label=_("Received"))
    due_at = ClockField(
        label=_("Due (return date)"),
        required=False,
        help_text=_("Leave it empty where the paper names none."),
    )
    ends_at = ClockField(
        label=_("Ends"), required=False, help_text=_("When the order itself ends, where it says so.")
    )
    sealed = forms.BooleanField(
        label=_("Sealed"),
        required=False,
        help_text=_(
            "Known at first to you and to those responsible for its duties; name more readers on the order's page."
        ),
    )
    sealed_terms = of_model(LegalOrder, "clear_sealed_terms", widget=text_area(2))
    non_disclosure_until = ClockField(
        label=_("Nobody is told until"),
        required=False,
        help_text=_("Becomes a duty of its own, where the instrument permits one."),
    )
    non_disclosure_terms = of_model(LegalOrder, "clear_non_disclosure_terms", widget=text_area(2))
    scope = of_model(LegalOrder, "clear_scope", widget=text_area(), required=True)
    paper = PapersField(
        label=_("Papers"),
        required=False,
        help_text=_("The files as they came, several at once. The SHA-256 of each is recorded."),
    )

    def __init__(
        self,
        *args: Any,
        instruments: Iterable[InstrumentType],
        entities: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        instrument, entity = self.fields["instrument"], self.fields["entity_served"]
        assert isinstance(instrument, forms.ChoiceField)  # noqa: S101 - declared so above
        instrument.choices = choices_of([(row.key, name_of(row)) for row in instruments])
        if entities:
            entity.help_text = _("Exactly as the paper names it. Ours: %(names)s.") % {
                "names": "; ".join(entities)
            }

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


def name_of(row: InstrumentType) -> str | Promise:
    """What an instrument is called: translated where it still has its shipped name."""
    order = LegalOrder(instrument=row.key, instrument_label="" if row.has_shipped_name else row.label)
    return order.get_instrument_display()


class DutyForm(forms.Form):
    """One duty; its due moment stays on the paper's clock until the zone is known."""

    kind = forms.ChoiceField(label=_("Kind"), choices=choices_of(ObligationKind.choices))
    text = of_model(Obligation, "text", widget=text_area(2))
    due_at = ClockField(
        label=_("Due"), required=False, help_text=_("A date that the paper names. It is never moved.")
    )
    rule = forms.ChoiceField(
        label=_("Clock rule"),
        required=False,
        help_text=_("Or the rule that computes it; how it was counted is kept step by step."),
    )
    trigger_at = ClockField(label=_("Counted from"), required=False, help_text=_("Empty: from service."))
    responsible = PersonField(label=_("Responsible"), required=False, empty_label=_("Nobody yet"))

    def __init__(
        self, *args: Any, members: "QuerySet[User]", rules: Sequence[Any] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        rule, responsible = self.fields["rule"], self.fields["responsible"]
        assert isinstance(rule, forms.ChoiceField)  # noqa: S101 - declared so above
        rule.choices = [("", _("None")), *rules]
        assert isinstance(responsible, PersonField)  # noqa: S101 - declared so above
        responsible.queryset = members

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("rule") and data.get("due_at"):
            self.add_error("rule", _("Give a due moment or a rule that computes it, not both."))
        if data.get("trigger_at") and not data.get("rule"):
            self.add_error("trigger_at", _("Counted by which rule? Choose one, or leave this empty."))
        return data

    def duty(self, zone: ZoneInfo) -> Duty:
        """The duty with its moments in UTC. Raises ValidationError where the clock there never shows them."""
        data = self.cleaned_data
        due, trigger = data.get("due_at"), data.get("trigger_at")
        return Duty(
            kind=data["kind"],
            text=data["text"],
            due_at=None if due is None else moment_in(zone, due),
            rule=data.get("rule") or "",
            trigger_at=None if trigger is None else moment_in(zone, trigger),
            responsible=data.get("responsible"),
        )


class SelectorForm(forms.Form):
    """One thing that the order names, exactly as it names it; its range is on the paper's clock."""

    kind = forms.ChoiceField(label=_("Kind"), choices=choices_of(SelectorKind.choices))
    # Exactly as typed: blanks and case may be what tells it from another.
    value = forms.CharField(
        label=_("As the paper has it"),
        max_length=Selector._meta.get_field("value").max_length,
        strip=False,
    )
    starts_at = ClockField(label=_("From"), required=False)
    ends_at = ClockField(label=_("To"), required=False)

    def clean_value(self) -> str:
        value: str = self.cleaned_data["value"]
        if not value.strip():
            raise ValidationError(_("Say what the order names."))
        return value

    def asked(self, zone: ZoneInfo) -> Asked:
        """The selector with its range in UTC. Raises ValidationError where the clock there never shows it."""
        data = self.cleaned_data
        first, last = data.get("starts_at"), data.get("ends_at")
        asked = Asked(
            kind=data["kind"],
            value=data["value"],
            starts_at=None if first is None else moment_in(zone, first),
            ends_at=None if last is None else moment_in(zone, last),
            time_zone=zone.key,
        )
        if asked.starts_at and asked.ends_at and asked.ends_at < asked.starts_at:
            raise ValidationError(_("A range ends after it begins."))
        return asked


if TYPE_CHECKING:
    RowsOfForms = BaseFormSet[Any]
else:
    RowsOfForms = BaseFormSet


class _Rows(RowsOfForms):
    """Every row is a fresh one: what was carried over from the last answer may be emptied again."""

    def initial_form_count(self) -> int:
        return 0

    def total_form_count(self) -> int:
        if self.is_bound:
            return super().total_form_count()
        return min(len(self.initial or []) + ROWS, self.max_num)


DutyRows = formset_factory(
    DutyForm, formset=_Rows, extra=ROWS, max_num=MOST_ROWS, absolute_max=MOST_ROWS, validate_max=True
)
SelectorRows = formset_factory(
    SelectorForm,
    formset=_Rows,
    extra=ROWS,
    max_num=MOST_SELECTORS,
    absolute_max=MOST_SELECTORS,
    validate_max=True,
)
Data = MultiValueDict[str, str]


class OrderEntry:
    """The order's form with its rows of selectors and duties, as one: either all of it is good or nothing is recorded."""

    def __init__(
        self,
        *,
        members: "QuerySet[User]",
        instruments: Sequence[InstrumentType],
        entities: Sequence[str] = (),
        data: Data | None = None,
        files: "MultiValueDict[str, Any] | None" = None,
    ) -> None:
        self.members, self.instruments, self.entities = members, instruments, entities
        self.is_bound = data is not None
        self.form = OrderForm(data, files, instruments=instruments, entities=entities)
        # Asked once for all rows.
        self.duty_kwargs = {"members": members, "rules": rule_choices(instrument=self.chosen())}
        self.rows: BaseFormSet[DutyForm] = DutyRows(data, prefix="duties", form_kwargs=self.duty_kwargs)
        # A form from before selectors were asked for, or a program's: nothing named is no mistake.
        named = data if data is not None and "selectors-TOTAL_FORMS" in data else None
        self.names: BaseFormSet[SelectorForm] = SelectorRows(named, prefix="selectors")
        self.duties: list[Duty] = []
        self.selectors: list[Asked] = []

    def unjudged(self, data: Data, *, more: str = "", offer: bool = False) -> "OrderEntry":
        """What was typed so far, unjudged; `more`: with more rows of these; `offer`: with what the instrument permits."""
        entry = OrderEntry(members=self.members, instruments=self.instruments, entities=self.entities)
        entry.form = OrderForm(
            initial=_typed(data, OrderForm.base_fields), instruments=self.instruments, entities=self.entities
        )
        duties = _typed_rows(data, DutyForm.base_fields, "duties", MOST_ROWS)
        if offer and (chosen := self.chosen(data.get("instrument", ""))) is not None:
            begun = [row for row in duties if row]
            there = {row.get("kind") for row in begun}
            duties = begun + [
                {"kind": kind, "rule": next(iter(chosen.rules_for(kind)), "")}
                for kind in chosen.permits
                if kind not in there
            ]
        names = _typed_rows(data, SelectorForm.base_fields, "selectors", MOST_SELECTORS)
        if more == "selectors":
            duties = [row for row in duties if row]
        else:
            names = [row for row in names if row]
        kwargs = {**self.duty_kwargs, "rules": rule_choices(instrument=entry.chosen())}
        entry.rows = DutyRows(initial=duties, prefix="duties", form_kwargs=kwargs)
        entry.names = SelectorRows(initial=names, prefix="selectors")
        return entry

    def chosen(self, key: str = "") -> InstrumentType | None:
        """The instrument that is chosen in the form, if one is."""
        wanted = key or self.form["instrument"].value()
        return next((row for row in self.instruments if row.key == wanted), None)

    def is_valid(self) -> bool:
        """Whether the form and every row that was begun are good; `duties` and `selectors` hold them then."""
        good = self.form.is_valid()
        good = self.rows.is_valid() and good
        if self.names.is_bound:
            good = self.names.is_valid() and good
        zone = self.form.zone()
        if not self.rows.is_valid() or zone is None or (self.names.is_bound and not self.names.is_valid()):
            return False
        return self._read_duties(zone) and self._read_selectors(zone) and good

    def _read_duties(self, zone: ZoneInfo) -> bool:
        good = True
        issued = self.form.cleaned_data.get("issued_at")
        chosen = self.chosen()
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
            if chosen is not None and duty.kind not in chosen.permits:
                row.add_error("kind", _("The instrument does not permit this."))
                good = False
            self.duties.append(duty)
        return good

    def _read_selectors(self, zone: ZoneInfo) -> bool:
        good = True
        self.selectors = []
        for row in self.names.forms if self.names.is_bound else []:
            if not row.has_changed():
                continue
            try:
                self.selectors.append(row.asked(zone))
            except ValidationError as error:
                row.add_error("ends_at", error)
                good = False
        return good

    def order(self) -> dict[str, Any]:
        """What `record_order` takes of the face of the order."""
        return {name: value for name, value in self.form.cleaned_data.items() if name != "paper"}

    @property
    def uploads(self) -> list[Upload]:
        """The files that were sent and are good, whatever else is wrong."""
        found: list[Upload] = getattr(self.form, "cleaned_data", {}).get("paper") or []
        return found


def _typed(data: Data, fields: Mapping[str, forms.Field], prefix: str = "") -> dict[str, str]:
    return {name: str(data[prefix + name]) for name in fields if data.get(prefix + name)}


def _typed_rows(
    data: Data, fields: Mapping[str, forms.Field], prefix: str, most: int
) -> list[dict[str, str]]:
    sent = data.get(f"{prefix}-TOTAL_FORMS", "")
    count = min(int(sent), most) if sent.isascii() and sent.isdigit() and len(sent) < 4 else ROWS
    return [_typed(data, fields, prefix=f"{prefix}-{i}-") for i in range(count)]


class PaperForm(forms.Form):
    paper = PaperField(label=_("Paper"), help_text=_("The file as it came. Its SHA-256 is recorded."))


class MoveOrderForm(forms.Form):
    to = forms.ChoiceField(choices=OrderStatus.choices, widget=forms.HiddenInput, label=_("Step"))
    reason = forms.CharField(label=_("Reason"), required=False, max_length=5000, widget=text_area(3))
