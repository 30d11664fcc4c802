"""What stands in the way of a disposal, what is asked for, and what remains of a case that was disposed of."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cases.models import Case, Disposal, Exhibit, Export, OrderPaper
from cases.people.models import User
from cases.queries.retention import state_of
from cases.status import CaseStatus, ExportStatus


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the disposal of a case stands: what was asked for and not decided, and why it cannot be had now."""

    asked: Disposal | None
    refused: list[Disposal]
    hindrance: str

    @property
    def is_due(self) -> bool:
        return not self.hindrance


def standing_of(case: Case, *, at: datetime) -> Standing:
    """Four queries at most."""
    rows = list(
        Disposal.objects.filter(case=case).select_related("asked_by", "decided_by").order_by("-number")
    )
    return Standing(
        asked=next((row for row in rows if row.decided_at is None), None),
        refused=[row for row in rows if row.agreed is False],
        hindrance=hindrance_of(case, at=at),
    )


def hindrance_of(case: Case, *, at: datetime) -> str:
    """Why the record may not go now, in words; empty where it may."""
    if case.status != CaseStatus.CLOSED:
        return _("The case is open.")
    state = state_of(case)
    if state.is_held:
        return _("A legal hold lives.")
    if state.current is None:
        return _("Nobody has said how long this record is kept.")
    if state.current.may_go_on > at.astimezone(UTC).date():
        return _("The record may go on %(day)s.") % {"day": state.current.may_go_on.isoformat()}
    if (
        Export.objects.filter(case=case)
        .exclude(status__in=[ExportStatus.READY, ExportStatus.FAILED])
        .exists()
    ):
        return _("A case file is being made.")
    return ""


def files_of(case: Case) -> list[str]:
    """The digests of the stored files that only this case names, or cases that are gone as it is."""
    named = _named(
        OrderPaper.objects.filter(case=case),
        Exhibit.objects.filter(case=case),
        Export.objects.filter(case=case),
    )
    others = {"case__disposed_at__isnull": True, "sha256__in": named}
    kept = _named(
        OrderPaper.objects.filter(**others).exclude(case=case),
        Exhibit.objects.filter(**others).exclude(case=case),
        Export.objects.filter(**others).exclude(case=case),
    )
    return sorted(named - kept)


def _named(*rows: "QuerySet[OrderPaper] | QuerySet[Exhibit] | QuerySet[Export]") -> set[str]:
    return {digest for some in rows for digest in some.values_list("sha256", flat=True) if digest}


def disposed_cases(user: User) -> "QuerySet[Disposal]":
    """What remains of the cases that the person could see, newest first."""
    return (
        Disposal.objects.filter(agreed=True, case__in=Case.objects.disposed_for(user))
        .select_related("case__stream", "asked_by", "decided_by")
        .order_by("-decided_at", "-id")
    )


def disposed_case(user: User, reference: str) -> Disposal | None:
    """What remains of one case, for somebody who could see it."""
    return disposed_cases(user).filter(case__reference=reference).first()
