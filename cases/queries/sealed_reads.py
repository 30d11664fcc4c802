"""Which sealed order stands behind a URL: what is read there is read of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import models
from django.db.models import Q

from cases.audit.models import Event
from cases.models import (
    CaseTask,
    ConnectorCall,
    Exhibit,
    FreezeBreach,
    FreezeChange,
    FreezeCredit,
    FreezeOrder,
    IssuerFreeze,
    LadderEntry,
    LegalOrder,
    MatterShare,
    Obligation,
    OrderPaper,
    OrderReader,
    Selector,
    Transfer,
)
from cases.people.models import User

# The segment of a case's URL, of page and API alike, behind which one thing of this kind stands by its number.
SEGMENTS: Final[Mapping[str, type[models.Model]]] = {
    "orders": LegalOrder,
    "obligations": Obligation,
    "papers": OrderPaper,
    "exhibits": Exhibit,
    "selectors": Selector,
    "freezes": FreezeOrder,
    "changes": FreezeChange,
    "transfers": Transfer,
    "credits": FreezeCredit,
    "issuer-freezes": IssuerFreeze,
    "shares": MatterShare,
    "breaches": FreezeBreach,
    "ladder": LadderEntry,
    "connector": ConnectorCall,
}
# Answers with the whole of a case's orders, or of what stems from them: each sealed order that she may know is told.
WHOLE_LISTS: Final = frozenset(
    {"api-orders", "api-obligations", "api-selectors", "api-freezes", "chronology", "api-chronology"}
)
# A part of a page that refreshes itself is not told again for so long.
TOLD_AGAIN_AFTER: Final = timedelta(minutes=5)
# So far back the record is looked through for the last telling; beyond it, the reading is told again.
LOOKED_THROUGH: Final = 500


def sealed_order_behind(reference: str, segment: str, number: int) -> LegalOrder | None:
    """The sealed order from which the thing under this number stems; None where it stems from none. One query."""
    if segment == "tasks":
        tasks = CaseTask.objects.filter(case__reference=reference, number=number)
        paths = ("order", "obligation__order", "freeze__obligation__order")
        behind = Q(pk__in=tasks.values(paths[0]))
        for path in paths[1:]:
            behind |= Q(pk__in=tasks.values(path))
    else:
        model: Any = SEGMENTS.get(segment)
        if model is None:
            return None
        rows = model._default_manager.filter(case__reference=reference, number=number)
        behind = Q(pk__in=rows.values(model.ORDER_PATH))
    sealed = LegalOrder.objects.filter(behind, sealed=True, case__reference=reference)
    return sealed.select_related("case__stream").first()


def sealed_orders_known(reference: str, user: User) -> list[LegalOrder]:
    """The sealed orders of a case that she is named a reader of. One query."""
    named = OrderReader.objects.filter(user=user, ended_at__isnull=True)
    sealed = LegalOrder.objects.filter(
        sealed=True, case__reference=reference, pk__in=named.values("order_id")
    )
    return list(sealed.select_related("case__stream").order_by("pk"))


def sealed_order_shared(reference: str) -> LegalOrder | None:
    """The sealed order of a matter that is shared under this reference. One query."""
    shares = MatterShare.objects.filter(reference=reference)
    return (
        LegalOrder.objects.filter(sealed=True, pk__in=shares.values("order_id"))
        .select_related("case__stream")
        .first()
    )


def was_just_told(order: LegalOrder, user: User, at: datetime) -> bool:
    """Whether the record says already that she looked at the order within the last minutes."""
    newest = Event.objects.filter(stream_id=order.case.stream_id).order_by("-sequence")[:LOOKED_THROUGH]
    return Event.objects.filter(
        pk__in=newest.values("pk"),
        action="order.viewed",
        actor=user,
        object_kind="order",
        object_number=order.number,
        recorded_at__gt=at - TOLD_AGAIN_AFTER,
    ).exists()
