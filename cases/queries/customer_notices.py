"""What binds the case as to telling its customers, and the notices that were given."""

from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Upper

from cases.disclosure import Answer, Binding, may_be_told
from cases.models import Case, CustomerNotice, ExchangeAccount, LegalOrder, Obligation, ObligationKind
from cases.status import OBLIGATION_FINAL, ORDER_FINAL


def answer_for(case: Case, *, at: datetime) -> Answer:
    """Whether a customer of this case may be told, as far as the reader may know why. Six queries at most."""
    gags: dict[int, list[datetime | None]] = {}
    for order_id, due_at in (
        Obligation.objects.of(case)
        .filter(kind=ObligationKind.NON_DISCLOSURE)
        .exclude(status__in=OBLIGATION_FINAL)
        .values_list("order_id", "due_at")
    ):
        gags.setdefault(order_id, []).append(due_at)
    bindings = []
    for order in LegalOrder.objects.of(case).order_by("number"):
        ends = gags.get(order.pk, [])
        # A duty that says when it ends counts; the order's own date where no duty stands for it.
        named = order.non_disclosure_until
        if not ends and named is not None and named > at:
            ends = [named]
        until = None if None in ends else max((end for end in ends if end is not None), default=None)
        bindings.append(
            Binding(
                number=order.number,
                instrument=order.instrument,
                ended=order.status in ORDER_FINAL,
                sealed=order.sealed,
                gagged=bool(ends),
                gagged_until=until,
            )
        )
    more = bool(case.hidden_orders) or silent_elsewhere(case, at=at)
    return may_be_told(bindings, at=at, more=more)


def silent_elsewhere(case: Case, *, at: datetime, account: ExchangeAccount | None = None) -> bool:
    """Whether another case of this account, or of any account of the case, is bound to silence: whoever may know of it."""
    mine = ExchangeAccount.objects.filter(case=case) if account is None else [account]
    numbers = {one.account_number.upper() for one in mine}
    others = (
        ExchangeAccount.objects.annotate(upper=Upper("account_number"))
        .filter(upper__in=numbers)
        .exclude(case=case)
        .values("case_id")
    )
    running = Q(due_at__isnull=True) | Q(due_at__gt=at)
    if (
        Obligation.objects.filter(running, order__case__in=others, kind=ObligationKind.NON_DISCLOSURE)
        .exclude(status__in=OBLIGATION_FINAL)
        .exists()
    ):
        return True
    orders = LegalOrder.objects.filter(case__in=others)
    return orders.filter(Q(sealed=True) | Q(non_disclosure_until__gt=at)).exists()


def notices_in(case: Case) -> list[CustomerNotice]:
    """The notices that were given, the newest first. One query."""
    return list(
        CustomerNotice.objects.filter(case=case)
        .select_related("account", "written_by")
        .order_by("-number")[:100]
    )
