"""What one person holds in a case, and what she would hand over."""

from dataclasses import dataclass

from django.db.models import Q

from cases.access import Grant
from cases.models import Case, CaseTask, Obligation, OrderReader
from cases.people.models import User
from cases.queries.case_tasks import about_hidden, hidden_orders
from cases.status import OBLIGATION_FINAL, ORDER_FINAL, CaseStatus, TaskStatus


@dataclass(frozen=True, slots=True)
class Held:
    """The lead, the open tasks and the open duties of one person in one case. `hidden`: more than the reader may see."""

    lead: bool
    tasks: list[CaseTask]
    duties: list[Obligation]
    hidden: bool

    def __bool__(self) -> bool:
        return self.lead or bool(self.tasks) or bool(self.duties) or self.hidden


def open_tasks(user: User) -> Q:
    return Q(assignee=user, status=TaskStatus.OPEN)


def open_duties(user: User) -> Q:
    return Q(responsible=user) & ~Q(status__in=OBLIGATION_FINAL)


def held_by(grant: Grant, user: User) -> Held:
    """What the person holds in the case of the grant, as far as who looks may see it. Four queries at most."""
    hidden = hidden_orders(grant)
    tasks = CaseTask.objects.filter(open_tasks(user), case=grant.case)
    duties = Obligation.objects.filter(open_duties(user), case=grant.case)
    kept_back = bool(hidden) and (
        duties.filter(order__in=hidden).exists() or tasks.filter(about_hidden(hidden)).exists()
    )
    seen = tasks.exclude(pk__in=tasks.filter(about_hidden(hidden)).values("pk")) if hidden else tasks
    return Held(
        lead=grant.case.lead_id == user.pk,
        tasks=list(
            seen.select_related("order", "obligation__order", "freeze__obligation__order").order_by("number")
        ),
        duties=list(duties.exclude(order__in=hidden).select_related("order").order_by("number")),
        hidden=kept_back,
    )


def holds_work(user: User, case: Case) -> bool:
    """Whether the person has an open task or an open duty in this case. Two queries at most."""
    return (
        CaseTask.objects.filter(open_tasks(user), case=case).exists()
        or Obligation.objects.filter(open_duties(user), case=case).exists()
    )


def holds_work_anywhere(user: User) -> bool:
    """Whether the person leads, or has a task or a duty in, any case that is not over. Three queries at most."""
    return (
        Case.objects.filter(lead=user).exclude(status=CaseStatus.CLOSED).exists()
        or CaseTask.objects.filter(open_tasks(user)).exists()
        or Obligation.objects.filter(open_duties(user)).exists()
        or knows_alone(user)
    )


def knows_alone(user: User) -> bool:
    """Whether a sealed order that has not ended would be known to nobody who can log in without this person."""
    known = OrderReader.objects.filter(user=user, ended_at__isnull=True, order__sealed=True)
    others = OrderReader.objects.filter(ended_at__isnull=True, user__is_active=True).exclude(user=user)
    unended = known.exclude(order__status__in=ORDER_FINAL)
    return unended.exclude(order__in=others.values("order_id")).exists()
