"""The first page: a person's work."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from cases.people.models import Role, User
from cases.permissions import GlobalPermission, allows
from cases.queries import alerts, breaches, case_tasks, due, reminders, work
from cases.queries.sight import Sight, one_moment
from cases.status import CaseStatus
from cases.views.base import person_of

FAILING = 10


def up_to(number: int, most: int) -> str:
    """A count that stopped at `most`: "25+"."""
    return f"{number}+" if number >= most else str(number)


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Due dates, signatures, alerts. A liaison starts at her matters, an administrator at the people."""
    user = person_of(request)
    if user.role == Role.LIAISON:
        return redirect("matter-list")
    if user.role == Role.ADMINISTRATOR:
        return redirect("people-list")
    with one_moment():
        context = _work_of(user, now=timezone.now())
    return render(request, "home.html", context)


def _work_of(user: User, *, now: datetime) -> dict[str, Any]:
    """All that waits for a person, read at one moment; nothing of it is asked for later, while the page is made."""
    sight = Sight.at_once(user)
    board = due.board(due.Scope.of(sight), at=now)
    waiting = work.waiting(user, sight, at=now)
    unverified, failing = work.unverified(sight), work.failing_wallets(sight, limit=FAILING)
    open_alerts, my_tasks = alerts.open_alerts(sight), case_tasks.my_tasks(user, sight)
    context: dict[str, Any] = {
        "now": now,
        "deadlines": board.nearest,
        "my_tasks": my_tasks,
        "notices": reminders.unread(user, sight),
        "breaches": breaches.open_breaches(sight),
        "to_close": work.to_close(user),
        "to_sign": waiting.to_sign,
        "to_be_signed": waiting.to_be_signed,
        "may_sign": work.may_sign(user),
        "to_apply": waiting.to_apply,
        "basis_ended": waiting.basis_ended,
        "unverified": unverified,
        "exports": work.exports_of(user, sight, at=now),
        "alerts": open_alerts,
        "failing": failing[:FAILING],
        "recent": work.recent_cases(user),
        "counts": {
            "overdue": up_to(board.counts.overdue, due.COUNTED),
            "today": up_to(board.counts.today, due.COUNTED),
            "soon": up_to(board.counts.soon, due.COUNTED),
            "my_tasks": up_to(len(my_tasks), case_tasks.LIMIT),
            "to_sign": up_to(len(waiting.to_sign), work.LIMIT),
            "to_be_signed": up_to(len(waiting.to_be_signed), work.LIMIT),
            "to_apply": up_to(len(waiting.to_apply), work.LIMIT),
            "unverified": up_to(len(unverified), work.LIMIT),
            "alerts": up_to(len(open_alerts), alerts.LIMIT),
            "failing": up_to(len(failing), FAILING + 1),
        },
        "overall": allows(user.role, GlobalPermission.READ_ALL_CASES),
        "may_open": allows(user.role, GlobalPermission.OPEN_CASE),
    }
    if context["overall"]:
        by_status = work.cases_by_status(user)
        context["by_status"] = [
            (value, label, by_status.get(value, 0)) for value, label in CaseStatus.choices
        ]
    return context
