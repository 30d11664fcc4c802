"""Shapes of a task, of its end, and of a hand-over."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.forms.base import PersonField
from cases.forms.papers import ClockField, moment_in, of_model, text_area, zone_choices
from cases.models import Alert, Case, CaseTask, FreezeOrder, LegalOrder, Membership, Obligation
from cases.people.models import User
from cases.permissions import CASEWORK_ROLES
from cases.queries.case_tasks import hidden_orders
from cases.status import FREEZE_FINAL, OBLIGATION_FINAL, ORDER_FINAL


def working_members(case: Case) -> "QuerySet[User]":
    """Who may have something to do in the case."""
    members = Membership.objects.filter(case=case, reader=False, ended_at__isnull=True).values("user_id")
    return User.objects.filter(pk__in=members, is_active=True, role__in=CASEWORK_ROLES).order_by("name", "id")


class TaskForm(forms.Form):
    """The due moment is read on a clock in `time_zone` and cleaned to UTC; `about` to ("order", 3) or None."""

    title = of_model(CaseTask, "title")
    text = of_model(CaseTask, "text", widget=text_area(4))
    assignee = PersonField(label=_("Who does it"))
    due_at = ClockField(label=_("Due"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices, initial="UTC")

    def __init__(self, *args: Any, grant: Grant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assignee = self.fields["assignee"]
        assert isinstance(assignee, PersonField)  # noqa: S101 - declared so above
        assignee.queryset = working_members(grant.case)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        clock, zone = data.get("due_at"), data.get("time_zone")
        if clock is not None and zone:
            try:
                data["due_at"] = moment_in(ZoneInfo(zone), clock)
            except forms.ValidationError as error:
                self.add_error("due_at", error)
        return data


class NewTaskForm(TaskForm):
    about = forms.ChoiceField(label=_("What it is about"), required=False)

    def __init__(self, *args: Any, grant: Grant, **kwargs: Any) -> None:
        super().__init__(*args, grant=grant, **kwargs)
        field = self.fields["about"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared so above
        field.choices = _offered(grant)

    def clean_about(self) -> tuple[str, int] | None:
        kind, _divider, number = self.cleaned_data["about"].partition(":")
        return (kind, int(number)) if kind else None


def _offered(grant: Grant) -> list[tuple[str, Any]]:
    """What stands in the case and has not ended, as far as the person may know of it."""
    case, hidden = grant.case, hidden_orders(grant)
    orders = LegalOrder.objects.of(case).exclude(status__in=ORDER_FINAL).exclude(pk__in=hidden)
    duties = (
        Obligation.objects.of(case)
        .exclude(status__in=OBLIGATION_FINAL)
        .exclude(order__in=hidden)
        .select_related("order")
    )
    freezes = FreezeOrder.objects.of(case).exclude(status__in=FREEZE_FINAL)
    if hidden:
        freezes = freezes.exclude(
            pk__in=FreezeOrder.objects.of(case).filter(obligation__order__in=hidden).values("pk")
        )
    alerts = Alert.objects.filter(case=case, acknowledged_at__isnull=True)
    return [
        ("", _("Nothing in particular")),
        *((f"order:{o.number}", f"{_('Order')} {o.number} · {o}") for o in orders.order_by("number")),
        *(
            (
                f"obligation:{d.number}",
                f"{_('Duty')} {d.number} · {d.get_kind_display()}, {d.order.agency_reference}",
            )
            for d in duties.order_by("number")
        ),
        *((f"freeze:{f.number}", f"{_('Freeze')} {f.number}") for f in freezes.order_by("number")),
        *(
            (f"alert:{a.number}", f"{_('Alert')} {a.number} · {a.get_kind_display()}")
            for a in alerts.order_by("number")
        ),
    ]


class ChangeTaskForm(TaskForm):
    words = forms.CharField(
        label=_("Why it is changed"), required=False, max_length=2000, widget=text_area(2)
    )


class EndTaskForm(forms.Form):
    to = forms.ChoiceField(
        label=_("How it ended"),
        widget=forms.RadioSelect,
        choices=[("done", _("It is done")), ("dropped", _("It is dropped"))],
    )
    words = forms.CharField(
        label=_("What came of it"),
        required=False,
        max_length=2000,
        widget=text_area(3),
        help_text=_("Needed where it is dropped."),
    )


class HandOverForm(forms.Form):
    to = PersonField(label=_("Who takes over"))
    words = forms.CharField(
        label=_("What to look after"),
        max_length=2000,
        widget=text_area(4),
        help_text=_(
            "Where things stand. Everybody in the case reads it in the chronology: name nothing that some may not know."
        ),
    )
    ends_membership = forms.BooleanField(label=_("The person leaves the case with it"), required=False)

    def __init__(self, *args: Any, grant: Grant, leaving: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        to = self.fields["to"]
        assert isinstance(to, PersonField)  # noqa: S101 - declared so above
        to.queryset = working_members(grant.case).exclude(pk=leaving.pk)
