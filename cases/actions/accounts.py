"""Accounts at the exchange: attaching them, and what the exchange's books say of them."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    change_fields,
    event_value,
    lock_open_case,
    next_number,
    write_event,
)
from cases.actions.crediting import note_holding
from cases.actions.freezes.actor import Actor
from cases.actions.subjects import subject_in
from cases.actions.watchdog import watch_entry
from cases.audit.record import utc_text
from cases.models import AccountHolding, Case, ConnectorReport, ExchangeAccount
from cases.permissions import Permission

MAX_AMOUNT = 2**256 - 1


def account_in(case: Case, number: int) -> ExchangeAccount:
    """The account with this number in the case. Raises NoSuchItem."""
    account = ExchangeAccount.objects.filter(case=case, number=number).first()
    if account is None:
        raise NoSuchItem(_("The case has no such account."), field="account")
    return account


@transaction.atomic
def attach_account(
    *,
    grant: Grant,
    at: datetime,
    account_number: str,
    holder: str,
    reported_status: str,
    reported_at: datetime,
    subject_number: int | None = None,
    remarks: str = "",
    is_fictional: bool = False,
) -> ExchangeAccount:
    """Attach an account; the same account number stands once in a case."""
    grant.require(Permission.ACCOUNTS)
    case = lock_open_case(grant, at=at)
    account_number = account_number.strip()
    if not account_number:
        raise ActionError(_("Give the account number."), field="account_number")
    if not holder.strip():
        raise ActionError(_("Give the holder's name."), field="holder")
    if reported_at > at:
        raise ActionError(_("The status cannot be of the future."), field="reported_at")
    if ExchangeAccount.objects.filter(case=case, account_number=account_number).exists():
        raise ActionError(_("This account is attached to the case already."), field="account_number")
    account = ExchangeAccount.objects.create(
        case=case,
        number=next_number(ExchangeAccount, case),
        account_number=account_number,
        holder=holder.strip(),
        subject=subject_in(case, subject_number),
        reported_status=reported_status,
        reported_at=reported_at,
        remarks=remarks.strip(),
        is_fictional=is_fictional,
        attached_at=at,
        attached_by=grant.user,
    )
    write_event(
        grant,
        action="account.attached",
        at=at,
        kind="account",
        number=account.number,
        details={
            "account_number": account.account_number,
            "holder": account.holder,
            "subject": subject_number,
            "reported_status": reported_status,
            "reported_at": utc_text(reported_at),
            "is_fictional": is_fictional,
        },
    )
    return account


@transaction.atomic
def report_account_status(
    *, grant: Grant, at: datetime, number: int, reported_status: str, reported_at: datetime
) -> ExchangeAccount:
    """Record what the exchange's own system now says of the account."""
    grant.require(Permission.ACCOUNTS)
    case = lock_open_case(grant, at=at)
    account = ExchangeAccount.objects.select_for_update().filter(case=case, number=number).first()
    if account is None:
        raise NoSuchItem(_("The case has no such account."))
    if reported_at > at:
        raise ActionError(_("The status cannot be of the future."), field="reported_at")
    if reported_at < account.reported_at:
        raise ActionError(_("A later status is on record already."), field="reported_at")
    changed = change_fields(account, {"reported_status": reported_status, "reported_at": reported_at})
    if changed:
        write_event(
            grant,
            action="account.reported",
            at=at,
            kind="account",
            number=number,
            details={"changes": changed},
        )
    return account


@transaction.atomic
def record_holding(
    *,
    grant: Grant,
    at: datetime,
    number: int,
    asset: str,
    decimals: int,
    amount: int,
    source: str,
    observed_at: datetime,
) -> AccountHolding:
    """Record what the account held of one asset, in base units, with source and time. Written once."""
    grant.require(Permission.ACCOUNTS)
    case = lock_open_case(grant, at=at)
    account = account_in(case, number)
    asset = asset.strip().upper()
    if not asset:
        raise ActionError(_("Name the asset."), field="asset")
    if not 0 <= decimals <= 36:
        raise ActionError(_("An asset has 0 to 36 decimals."), field="decimals")
    if not 0 <= amount <= MAX_AMOUNT:
        raise ActionError(_("The amount is negative or too large."), field="amount")
    if not source.strip():
        raise ActionError(_("Say where the figure comes from."), field="source")
    if observed_at > at:
        raise ActionError(_("The figure cannot be of the future."), field="observed_at")
    return write_holding(
        Actor.of(grant),
        account,
        at=at,
        asset=asset,
        decimals=decimals,
        amount=amount,
        source=source,
        observed_at=observed_at,
    )


def write_holding(
    actor: Actor,
    account: ExchangeAccount,
    *,
    at: datetime,
    asset: str,
    decimals: int,
    amount: int,
    source: str,
    observed_at: datetime,
    report: ConnectorReport | None = None,
) -> AccountHolding:
    """One figure in a locked case, by a person, or by the exchange's own system in a signed report."""
    earlier = AccountHolding.objects.filter(account=account, asset=asset).first()
    if earlier is not None and earlier.decimals != decimals:
        raise ActionError(
            _("Earlier figures of this asset have %(decimals)s decimals.") % {"decimals": earlier.decimals},
            field="decimals",
        )
    holding = AccountHolding.objects.create(
        account=account,
        asset=asset,
        decimals=decimals,
        amount=amount,
        source=source.strip(),
        observed_at=observed_at,
        entered_by=actor.user,
        report=report,
    )
    credited = note_holding(actor.case, account, holding, at=at)
    watch_entry(actor.case, account, holding, at=at)
    actor.write(
        action="holding.recorded",
        at=at,
        kind="account",
        number=account.number,
        details={
            "account_number": account.account_number,
            "asset": asset,
            "decimals": decimals,
            "amount": event_value(str(amount)),
            "source": holding.source,
            "observed_at": utc_text(observed_at),
            "credits": [credit.number for credit in credited],
        },
    )
    return holding
