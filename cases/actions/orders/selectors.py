"""Selectors as asked, and what was found for them here."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import ActionError, NoSuchItem, event_value, lock_open_case, next_number, write_event
from cases.actions.orders.rules import Asked, order_in
from cases.models import (
    Case,
    CaseWallet,
    ExchangeAccount,
    Finding,
    FindingOutcome,
    LegalOrder,
    Selector,
    SelectorKind,
)
from cases.models.selectors import comparable
from cases.permissions import Permission
from cases.status import ORDER_FINAL


def selector_details(selector: Selector) -> dict[str, object]:
    """A selector as an event states it."""
    return {
        "number": selector.number,
        "kind": selector.kind,
        "value": selector.value,
        "starts_at": event_value(selector.starts_at),
        "ends_at": event_value(selector.ends_at),
        "time_zone": selector.time_zone,
    }


def write_selector(grant: Grant, *, case: Case, order: LegalOrder, asked: Asked) -> Selector:
    """Write a selector under the lock on the case, exactly as it was typed."""
    if asked.kind not in SelectorKind.values:
        raise ActionError(_("There is no such kind of selector."), field="selectors")
    if not asked.value.strip():
        raise ActionError(_("Say what the order names."), field="selectors")
    if asked.starts_at and asked.ends_at and asked.ends_at < asked.starts_at:
        raise ActionError(_("A range ends after it begins."), field="selectors")
    try:
        ZoneInfo(asked.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ActionError(_("There is no such time zone."), field="selectors") from error
    return Selector.objects.create(
        case=case,
        order=order,
        number=next_number(Selector, case),
        kind=asked.kind,
        value=asked.value,
        comparable=comparable(asked.kind, asked.value),
        starts_at=asked.starts_at,
        ends_at=asked.ends_at,
        time_zone=asked.time_zone,
        recorded_by=grant.user,
    )


@transaction.atomic
def add_selector(*, grant: Grant, at: datetime, order_number: int, asked: Asked) -> Selector:
    """Add something that the order names, where it was not recorded with it."""
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    order = order_in(case, order_number)
    if order.status in ORDER_FINAL:
        raise ActionError(_("The order has ended; nothing is added to it."))
    selector = write_selector(grant, case=case, order=order, asked=asked)
    write_event(
        grant,
        action="selector.added",
        at=at,
        kind="selector",
        number=selector.number,
        details={"order": order.number, **selector_details(selector)},
    )
    return selector


@transaction.atomic
def record_finding(
    *,
    grant: Grant,
    at: datetime,
    number: int,
    outcome: str,
    wallet_number: int | None = None,
    account_number: int | None = None,
    remarks: str = "",
) -> Finding:
    """What a look for a selector brought: a wallet or an account of the case, or nothing, or that it is not ours."""
    grant.require(Permission.ORDERS)
    case = lock_open_case(grant, at=at)
    selector = Selector.objects.of(case).select_related("order").filter(number=number).first()
    if selector is None:
        raise NoSuchItem(_("The case has no such selector."))
    if outcome not in FindingOutcome.values:
        raise ActionError(_("Choose what came of it."), field="outcome")
    found = outcome == FindingOutcome.FOUND
    if found and (wallet_number is None) == (account_number is None):
        raise ActionError(_("Name the wallet or the account that was found."), field="found")
    if not found and not (wallet_number is None and account_number is None):
        raise ActionError(_("Nothing was found: name no wallet and no account."), field="found")
    wallet, account = None, None
    if wallet_number is not None:
        wallet = CaseWallet.objects.filter(case=case, number=wallet_number).first()
    if account_number is not None:
        account = ExchangeAccount.objects.filter(case=case, number=account_number).first()
    if found and wallet is None and account is None:
        raise NoSuchItem(_("The case has no such wallet or account."), field="found")
    finding = Finding.objects.create(
        case=case,
        selector=selector,
        outcome=outcome,
        wallet=wallet,
        account=account,
        remarks=remarks.strip(),
        found_at=at,
        found_by=grant.user,
    )
    write_event(
        grant,
        action="selector.looked_for",
        at=at,
        kind="selector",
        number=number,
        details={
            "order": selector.order.number,
            "kind": selector.kind,
            "value": selector.value,
            "outcome": outcome,
            "wallet": wallet_number,
            "account": account_number,
            "remarks": finding.remarks,
        },
    )
    return finding
