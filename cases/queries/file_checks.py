"""Whether a digest is that of a file here, as far as a person may know."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from cases.access import live_shares
from cases.models import Case, Exhibit, Export, LegalOrder, OrderPaper, hidden_in
from cases.people.models import Role, User
from cases.status import ExportStatus


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A stored file with a digest: `kind` is exhibit, paper or export; `reference` the case's or the matter's."""

    kind: str
    name: str
    reference: str
    stored_at: datetime
    url: str
    order: LegalOrder | None = None


def files_with(user: User, sha256: str, *, at: datetime) -> list[FoundFile]:
    """The files with this SHA-256 that the person may see. What she may not see is not there for her."""
    if user.role == Role.LIAISON:
        shared = Export.objects.filter(
            sha256=sha256, status=ExportStatus.READY, share__in=live_shares(user, at)
        ).select_related("share")
        return [
            FoundFile(
                "export",
                row.reference,
                row.share.reference,
                row.finished_at or row.requested_at,
                reverse("matter-export-detail", args=[row.share.reference, row.reference]),
            )
            for row in shared
            if row.share is not None
        ]
    exhibits = Exhibit.objects.known_to(user).filter(sha256=sha256).select_related("case__stream", "order")
    papers = OrderPaper.objects.known_to(user).filter(sha256=sha256).select_related("case__stream", "order")
    exports = [
        row
        for row in Export.objects.filter(
            sha256=sha256, status=ExportStatus.READY, case__in=Case.objects.visible_to(user)
        )
        .select_related("case")
        .order_by("case__reference", "reference")
        if _known(row, user)
    ]
    return [
        *(
            FoundFile(
                "exhibit",
                f"{row.name}, {row.filename}",
                row.case.reference,
                row.added_at,
                reverse("exhibit-detail", args=[row.case.reference, row.number]),
                row.order,
            )
            for row in exhibits.order_by("case__reference", "number")
        ),
        *(
            FoundFile(
                "paper",
                _("%(file)s, order %(number)d") % {"file": row.filename, "number": row.order.number},
                row.case.reference,
                row.attached_at,
                reverse("order-detail", args=[row.case.reference, row.order.number]),
                row.order,
            )
            for row in papers.order_by("case__reference", "number")
        ),
        *(
            FoundFile(
                "export",
                row.reference,
                row.case.reference,
                row.finished_at or row.requested_at,
                reverse("export-detail", args=[row.case.reference, row.reference]),
            )
            for row in exports
        ),
    ]


def _known(export: Export, user: User) -> bool:
    """Whether it holds no order that is sealed from the person."""
    case = export.case
    case.hidden_orders = hidden_in(case, user)
    return Export.objects.of(case).filter(pk=export.pk).exists()
