"""What stands in the way of closing a case, one line each, with what leads to it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from cases.access import Grant
from cases.models import (
    Alert,
    CaseTask,
    EmergencyRelease,
    Export,
    FreezeBreach,
    FreezeCredit,
    FreezeOrder,
    IssuerFreeze,
    LegalOrder,
    Obligation,
    Transfer,
)
from cases.queries.case_tasks import about_hidden, hidden_orders
from cases.status import (
    FREEZE_FINAL,
    OBLIGATION_FINAL,
    ORDER_FINAL,
    TRANSFER_OVER,
    CreditStatus,
    EmergencyStatus,
    ExportStatus,
    IssuerFreezeStatus,
    OrderStatus,
    TaskStatus,
)

Text = str | Promise
# An order that was complied with is answered, though nobody closed it.
ORDER_DONE: Final = ORDER_FINAL | {str(OrderStatus.COMPLIED)}


@dataclass(frozen=True, slots=True)
class Hindrance:
    """One thing that keeps the case open. `url_name` with `number` leads to it; both empty where it may not be seen."""

    kind: str
    text: Text
    number: int | None = None
    reference: str = ""
    url_name: str = ""
    note: Text = ""


@dataclass(frozen=True, slots=True)
class Hindrances:
    """All of it: what the person may see, and whether there is more that she may not."""

    seen: list[Hindrance] = field(default_factory=list)
    hidden: bool = False

    def __bool__(self) -> bool:
        return bool(self.seen) or self.hidden

    def in_words(self) -> str:
        """Each kind with its number, as one sentence says it."""
        counted = Counter(hindrance.kind for hindrance in self.seen)
        parts = [str(_KINDS[kind] % {"number": number}) for kind, number in counted.items()]
        if self.hidden:
            parts.append(str(HIDDEN))
        return "; ".join(parts)


HIDDEN: Final = _("something that you may not see: ask this desk")
_KINDS = {
    "freeze": ngettext_lazy("%(number)d freeze has not ended", "%(number)d freezes have not ended", "number"),
    "obligation": ngettext_lazy(
        "%(number)d duty under an order is open", "%(number)d duties under orders are open", "number"
    ),
    "order": ngettext_lazy(
        "%(number)d legal order is not answered", "%(number)d legal orders are not answered", "number"
    ),
    "transfer": ngettext_lazy(
        "%(number)d transfer is under way", "%(number)d transfers are under way", "number"
    ),
    "credit": ngettext_lazy(
        "%(number)d credit after a freeze is not decided",
        "%(number)d credits after a freeze are not decided",
        "number",
    ),
    "issuer_freeze": ngettext_lazy(
        "%(number)d request to an issuer is under way",
        "%(number)d requests to issuers are under way",
        "number",
    ),
    "breach": ngettext_lazy(
        "%(number)d breach is not answered", "%(number)d breaches are not answered", "number"
    ),
    "alert": ngettext_lazy("%(number)d alert is open", "%(number)d alerts are open", "number"),
    "task": ngettext_lazy("%(number)d task is to be done", "%(number)d tasks are to be done", "number"),
    "emergency": ngettext_lazy(
        "%(number)d emergency answer waits for its second person",
        "%(number)d emergency answers wait for their second person",
        "number",
    ),
    "export": ngettext_lazy(
        "%(number)d case file is being made", "%(number)d case files are being made", "number"
    ),
}


def of_case(grant: Grant) -> Hindrances:
    """Everything that keeps the case open, as far as this person may see it. A fixed number of queries."""
    hidden = hidden_orders(grant)
    seen: list[Hindrance] = []
    kept_back = False
    for order_ids, hindrance in _all(grant):
        if hidden & order_ids:
            kept_back = True
        else:
            seen.append(hindrance)
    if hidden and _hidden_tasks(grant, hidden):
        kept_back = True
    return Hindrances(seen, kept_back)


def _hidden_tasks(grant: Grant, hidden: frozenset[int]) -> bool:
    return CaseTask.objects.filter(about_hidden(hidden), case=grant.case, status=TaskStatus.OPEN).exists()


def _keys(*orders: int | None) -> frozenset[int]:
    return frozenset(key for key in orders if key is not None)


def _all(grant: Grant) -> Iterator[tuple[frozenset[int], Hindrance]]:
    """Each with the keys of the orders that it stems from, if it stems from any."""
    case = grant.case
    for freeze in (
        FreezeOrder.objects.filter(case=case)
        .exclude(status__in=FREEZE_FINAL)
        .select_related("obligation")
        .order_by("number")
    ):
        order_id = freeze.obligation.order_id if freeze.obligation is not None else None
        text = _("Freeze %(number)s has not ended") % {"number": freeze.number}
        yield (
            _keys(order_id),
            Hindrance("freeze", text, freeze.number, "", "freeze-detail", freeze.get_status_display()),
        )
    for duty in (
        Obligation.objects.filter(case=case)
        .exclude(status__in=OBLIGATION_FINAL)
        .select_related("order")
        .order_by("number")
    ):
        text = _("Duty %(number)s is open: %(kind)s") % {
            "number": duty.number,
            "kind": duty.get_kind_display(),
        }
        yield (
            _keys(duty.order_id),
            Hindrance("obligation", text, duty.order.number, "", "order-detail", duty.get_status_display()),
        )
    # An order may name no duty: it is still to be answered.
    for order in LegalOrder.objects.filter(case=case).exclude(status__in=ORDER_DONE).order_by("number"):
        text = _("Order %(number)s is not answered: %(reference)s") % {
            "number": order.number,
            "reference": order.agency_reference,
        }
        yield (
            _keys(order.pk),
            Hindrance("order", text, order.number, "", "order-detail", order.get_status_display()),
        )
    for transfer in (
        Transfer.objects.filter(freeze__case=case)
        .exclude(status__in=TRANSFER_OVER)
        .select_related("freeze__obligation", "obligation")
        .order_by("number")
    ):
        # It goes under a duty of its own, often of a later order than the freeze.
        basis = transfer.freeze.obligation
        text = _("Transfer %(number)s is under way") % {"number": transfer.number}
        yield (
            _keys(transfer.obligation.order_id, None if basis is None else basis.order_id),
            Hindrance(
                "transfer", text, transfer.number, "", "transfer-detail", transfer.get_status_display()
            ),
        )
    for credit in (
        FreezeCredit.objects.filter(
            freeze__case=case, status__in=[CreditStatus.HELD, CreditStatus.RELEASE_PROPOSED]
        )
        .select_related("freeze__obligation")
        .order_by("number")
    ):
        basis = credit.freeze.obligation
        text = _("Credit %(number)s after freeze %(freeze)s is not decided") % {
            "number": credit.number,
            "freeze": credit.freeze.number,
        }
        yield (
            _keys(None if basis is None else basis.order_id),
            Hindrance("credit", text, credit.freeze.number, "", "freeze-detail", credit.get_status_display()),
        )
    for asked in (
        IssuerFreeze.objects.filter(
            freeze__case=case, status__in=[IssuerFreezeStatus.REQUESTED, IssuerFreezeStatus.SUBMITTED]
        )
        .select_related("freeze__obligation")
        .order_by("number")
    ):
        basis = asked.freeze.obligation
        text = _("The issuer was asked for freeze %(freeze)s") % {"freeze": asked.freeze.number}
        yield (
            _keys(None if basis is None else basis.order_id),
            Hindrance(
                "issuer_freeze", text, asked.freeze.number, "", "freeze-detail", asked.get_status_display()
            ),
        )
    for breach in (
        FreezeBreach.objects.filter(case=case, acknowledged_at__isnull=True)
        .select_related("freeze__obligation")
        .order_by("number")
    ):
        basis = breach.freeze.obligation
        text = _("Breach %(number)s of freeze %(freeze)s is not answered") % {
            "number": breach.number,
            "freeze": breach.freeze.number,
        }
        yield (
            _keys(None if basis is None else basis.order_id),
            Hindrance("breach", text, breach.number, "", "breach-detail"),
        )
    for alert in Alert.objects.filter(case=case, acknowledged_at__isnull=True).order_by("number"):
        text = _("Alert %(number)s is open: %(kind)s") % {
            "number": alert.number,
            "kind": alert.get_kind_display(),
        }
        yield _keys(), Hindrance("alert", text, alert.number, "", "alert-acknowledge")
    tasks = CaseTask.objects.filter(case=case, status=TaskStatus.OPEN)
    for task in (
        tasks.exclude(pk__in=tasks.filter(about_hidden(hidden_orders(grant))).values("pk"))
        .select_related("assignee")
        .order_by("number")
    ):
        text = _("Task %(number)s is to be done: %(title)s") % {"number": task.number, "title": task.title}
        yield _keys(), Hindrance("task", text, task.number, "", "task-detail", task.assignee.name)
    for release in (
        EmergencyRelease.objects.filter(case=case, status=EmergencyStatus.WAITING)
        .select_related("obligation__order")
        .order_by("pk")
    ):
        text = _("The emergency answer to duty %(number)s waits for its second person") % {
            "number": release.obligation.number
        }
        yield (
            _keys(release.obligation.order_id),
            Hindrance("emergency", text, release.obligation.order.number, "", "order-detail"),
        )
    for export in Export.objects.filter(
        case=case, status__in=[ExportStatus.QUEUED, ExportStatus.RUNNING]
    ).order_by("pk"):
        # A liaison's file of a shared matter stands on no page of the case.
        yield (
            _keys(export.share.order_id if export.share is not None else None),
            Hindrance(
                "export",
                _("A case file is being made"),
                None,
                export.reference if export.share_id is None else "",
                "export-detail" if export.share_id is None else "",
                export.get_status_display(),
            ),
        )
