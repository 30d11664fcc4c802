"""Freeze orders from proposal to release. Two persons, always; the balance at the moment, never overwritten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import outbox
from cases.access import Grant
from cases.actions.accounts import account_in
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    change_fields,
    event_value,
    lock_open_case,
    move_or_refuse,
    next_number,
    write_event,
)
from cases.actions.orders import advance_obligation, require_executable
from cases.actions.wallets import wallet_in
from cases.models import (
    AccountHolding,
    Case,
    CaseWallet,
    ExchangeAccount,
    FreezeAmount,
    FreezeApproval,
    FreezeOrder,
    FreezeScope,
    LegalOrder,
    Obligation,
    ObligationKind,
)
from cases.people.models import User
from cases.permissions import Permission
from cases.status import OBLIGATION_FINAL, ORDER_FINAL, FreezeStatus, ObligationStatus
from wallets import snapshots
from wallets.models import Asset, Reading


class OwnApproval(ActionError):
    """The proposer never approves his own proposal."""


class NoLiveBasis(ActionError):
    """The order or duty that the freeze rests on has ended."""


@dataclass(frozen=True)
class AmountAsked:
    """One asset to hold: its symbol, and how much in base units (None: whatever is there)."""

    asset: str
    amount: int | None = None


def freeze_in(case: Case, number: int, *, lock: bool = False) -> FreezeOrder:
    """The freeze with this number in the case. Raises NoSuchItem."""
    rows = FreezeOrder.objects.select_for_update(of=("self",)) if lock else FreezeOrder.objects
    freeze = (
        rows.select_related("wallet__wallet", "account", "obligation__order", "proposed_by")
        .filter(case=case, number=number)
        .first()
    )
    if freeze is None:
        raise NoSuchItem(_("The case has no such freeze."))
    return freeze


@transaction.atomic
def propose_freeze(
    *,
    grant: Grant,
    at: datetime,
    scope: str,
    reason: str,
    amounts: Sequence[AmountAsked],
    wallet_number: int | None = None,
    account_number: int | None = None,
    obligation_number: int | None = None,
    policy_hold: str = "",
    formal_order_by: datetime | None = None,
    approvals_required: int = 1,
    is_fictional: bool = False,
) -> FreezeOrder:
    """Propose to hold a wallet or an account, on exactly one basis. Takes the balances known at this moment along."""
    grant.require(Permission.FREEZE_PROPOSE)
    case = lock_open_case(grant, at=at)
    if (wallet_number is None) == (account_number is None):
        raise ActionError(_("Choose exactly one target: a wallet or an account."), field="target")
    if (obligation_number is None) == (not policy_hold.strip()):
        raise ActionError(
            _("A freeze rests on exactly one basis: a duty in an order, or a policy hold."), field="basis"
        )
    if obligation_number is None and formal_order_by is None:
        raise ActionError(
            _("A policy hold needs a date by which the formal order must be here."), field="formal_order_by"
        )
    if obligation_number is not None and formal_order_by is not None:
        raise ActionError(_("Only a policy hold waits for a formal order."), field="formal_order_by")
    if formal_order_by is not None and formal_order_by <= at:
        raise ActionError(_("This lies in the past."), field="formal_order_by")
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    if approvals_required not in (1, 2):
        raise ActionError(_("Ask for one approval or for two."), field="approvals_required")
    obligation = None if obligation_number is None else _live_obligation(case, obligation_number)
    wallet: CaseWallet | None = None
    account: ExchangeAccount | None = None
    if wallet_number is not None:
        wallet = wallet_in(case, wallet_number)
        if wallet.detached_at is not None:
            raise ActionError(_("This wallet was taken out of the case."), field="target")
    elif account_number is not None:
        account = account_in(case, account_number)
    _check_scope(scope, wallet=wallet, amounts=amounts)
    freeze = FreezeOrder.objects.create(
        case=case,
        number=next_number(FreezeOrder, case),
        obligation=obligation,
        policy_hold=policy_hold.strip(),
        formal_order_by=formal_order_by,
        wallet=wallet,
        account=account,
        scope=scope,
        reason=reason.strip(),
        approvals_required=approvals_required,
        proposed_at=at,
        proposed_by=grant.user,
        is_fictional=is_fictional,
    )
    rows = [_amount_row(freeze, asked) for asked in amounts]
    FreezeAmount.objects.bulk_create(rows)
    write_event(
        grant,
        action="freeze.proposed",
        at=at,
        kind="freeze",
        number=freeze.number,
        details={
            "obligation": obligation_number,
            "order": None if obligation is None else obligation.order.number,
            "policy_hold": freeze.policy_hold,
            "formal_order_by": event_value(formal_order_by),
            "wallet": None if wallet is None else {"number": wallet.number, "address": wallet.wallet.address},
            "account": None
            if account is None
            else {"number": account.number, "account": account.account_number},
            "scope": scope,
            "reason": freeze.reason,
            "approvals_required": approvals_required,
            "amounts": [_amount_details(row) for row in rows],
            "is_fictional": is_fictional,
        },
    )
    return freeze


def _live_obligation(case: Case, number: int) -> Obligation:
    obligation = Obligation.objects.select_related("order").filter(case=case, number=number).first()
    if obligation is None:
        raise NoSuchItem(_("The case has no such duty."), field="basis")
    if obligation.kind not in {ObligationKind.FREEZE, ObligationKind.TRANSFER}:
        raise ActionError(_("This duty does not ask for a freeze."), field="basis")
    require_live_basis(obligation)
    return obligation


def require_live_basis(obligation: Obligation) -> None:
    """Raises NoLiveBasis where the duty, or the order that it stands in, has ended."""
    order = LegalOrder.objects.get(pk=obligation.order_id)
    if order.status in ORDER_FINAL or obligation.status in OBLIGATION_FINAL - {str(ObligationStatus.MET)}:
        raise NoLiveBasis(_("The order that this rests on has ended."), field="basis")


def require_live_hold(freeze: FreezeOrder, *, at: datetime) -> None:
    """Raises NoLiveBasis where what the freeze rests on has ended, or the formal order did not come by its date."""
    if freeze.obligation is not None:
        require_live_basis(freeze.obligation)
    elif freeze.formal_order_by is not None and freeze.formal_order_by <= at:
        raise NoLiveBasis(_("The policy hold has lapsed: the formal order did not come by its date."))


def _check_scope(scope: str, *, wallet: CaseWallet | None, amounts: Sequence[AmountAsked]) -> None:
    if scope not in FreezeScope.values:
        raise ActionError(_("Choose the scope."), field="scope")
    if (scope == FreezeScope.ADDRESS) != (wallet is not None):
        raise ActionError(
            _("A wallet is frozen by its address, an account in one of the other scopes."), field="scope"
        )
    symbols = [asked.asset.strip().upper() for asked in amounts]
    if len(symbols) != len(set(symbols)):
        raise ActionError(_("Each asset stands once."), field="amounts")
    if scope in {FreezeScope.ASSET, FreezeScope.AMOUNT} and not amounts:
        raise ActionError(_("Name the assets."), field="amounts")
    for asked in amounts:
        if scope == FreezeScope.AMOUNT and asked.amount is None:
            raise ActionError(_("Give an amount for each asset."), field="amounts")
        if asked.amount is not None and asked.amount <= 0:
            raise ActionError(_("An amount to hold is more than zero."), field="amounts")


def _amount_row(freeze: FreezeOrder, asked: AmountAsked) -> FreezeAmount:
    """The row for one asset with the balance known now: a reading for a wallet, a holding for an account."""
    symbol = asked.asset.strip()
    if freeze.wallet is not None:
        asset = Asset.objects.filter(chain=freeze.wallet.wallet.chain, symbol__iexact=symbol).first()
        if asset is None:
            raise ActionError(_("This chain has no such asset."), field="amounts")
        return FreezeAmount(
            freeze=freeze,
            asset=asset.symbol,
            decimals=asset.decimals,
            chain_asset=asset,
            amount=asked.amount,
            reading_proposed=_latest_reading(freeze.wallet, asset, at=freeze.proposed_at),
        )
    holding = _latest_holding(freeze.account, symbol, at=freeze.proposed_at)
    if holding is None:
        raise ActionError(
            _("No holding of this asset is on record for the account. Record it first."), field="amounts"
        )
    return FreezeAmount(
        freeze=freeze,
        asset=holding.asset,
        decimals=holding.decimals,
        amount=asked.amount,
        holding_proposed=holding,
    )


def _latest_reading(wallet: CaseWallet, asset: Asset, *, at: datetime) -> Reading | None:
    """The newest that was taken by that moment: a look after a hold says nothing of what stood there before."""
    return (
        Reading.objects.filter(wallet_id=wallet.wallet_id, asset=asset, taken_at__lte=at)
        .order_by("-block_height", "-taken_at", "-id")
        .first()
    )


def _latest_holding(account: ExchangeAccount | None, symbol: str, *, at: datetime) -> AccountHolding | None:
    return (
        AccountHolding.objects.filter(account=account, asset__iexact=symbol, observed_at__lte=at)
        .order_by("-observed_at", "-id")
        .first()
    )


def _amount_details(row: FreezeAmount) -> dict[str, object]:
    return {
        "asset": row.asset,
        "decimals": row.decimals,
        "amount": None if row.amount is None else str(int(row.amount)),
        "proposed": _proof(row.reading_proposed, row.holding_proposed),
        "applied": _proof(row.reading_applied, row.holding_applied),
    }


def _proof(reading: Reading | None, holding: AccountHolding | None) -> object:
    if reading is not None:
        return {
            "amount": str(int(reading.amount)),
            "block_height": reading.block_height,
            "block_hash": reading.block_hash,
            "block_time": event_value(reading.block_time),
            "provider": reading.provider,
        }
    if holding is not None:
        return {
            "amount": str(int(holding.amount)),
            "source": holding.source,
            "observed_at": event_value(holding.observed_at),
        }
    return None


def _may_sign(freeze: FreezeOrder, user: User) -> None:
    if freeze.proposed_by_id == user.pk:
        raise OwnApproval(_("You proposed this freeze. Somebody else must decide on it."))
    if FreezeApproval.objects.filter(freeze=freeze, approver=user).exists():
        raise ActionError(_("You have given your word on this freeze already."))


@transaction.atomic
def approve_freeze(*, grant: Grant, at: datetime, number: int, comment: str = "") -> FreezeOrder:
    """Second signature; the proposer can never give it. Where two are asked for, the last one approves."""
    grant.require(Permission.FREEZE_APPROVE)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    _may_sign(freeze, grant.user)
    if freeze.status != FreezeStatus.PROPOSED:
        move_or_refuse(freeze, FreezeStatus.APPROVED)
    require_live_hold(freeze, at=at)
    FreezeApproval.objects.create(
        freeze=freeze,
        proposer_id=freeze.proposed_by_id,
        approver=grant.user,
        agrees=True,
        comment=comment.strip(),
        given_at=at,
    )
    given = FreezeApproval.objects.filter(freeze=freeze, agrees=True).count()
    if given >= freeze.approvals_required:
        move_or_refuse(freeze, FreezeStatus.APPROVED)
        freeze.approved_at = at
        freeze.save(update_fields=["status", "approved_at"])
    write_event(
        grant,
        action="freeze.approved",
        at=at,
        kind="freeze",
        number=number,
        details={
            "comment": comment.strip(),
            "given": given,
            "required": freeze.approvals_required,
            "status": freeze.status,
        },
    )
    return freeze


@transaction.atomic
def reject_freeze(*, grant: Grant, at: datetime, number: int, comment: str) -> FreezeOrder:
    """An approver's no ends the proposal."""
    grant.require(Permission.FREEZE_APPROVE)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    _may_sign(freeze, grant.user)
    if not comment.strip():
        raise ActionError(_("Give the reason."), field="comment")
    move_or_refuse(freeze, FreezeStatus.REJECTED)
    FreezeApproval.objects.create(
        freeze=freeze,
        proposer_id=freeze.proposed_by_id,
        approver=grant.user,
        agrees=False,
        comment=comment.strip(),
        given_at=at,
    )
    freeze.save(update_fields=["status"])
    write_event(
        grant,
        action="freeze.rejected",
        at=at,
        kind="freeze",
        number=number,
        details={"comment": comment.strip()},
    )
    return freeze


@transaction.atomic
def cancel_freeze(*, grant: Grant, at: datetime, number: int, reason: str) -> FreezeOrder:
    """Give up a freeze that was not applied."""
    grant.require(Permission.FREEZE_PROPOSE)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    source, target = move_or_refuse(freeze, FreezeStatus.CANCELLED)
    freeze.save(update_fields=["status"])
    write_event(
        grant,
        action="freeze.cancelled",
        at=at,
        kind="freeze",
        number=number,
        details={"from": source, "to": target, "reason": reason.strip()},
    )
    return freeze


@transaction.atomic
def begin_apply(*, grant: Grant, at: datetime, number: int) -> FreezeOrder:
    """Say that the hold is now being set in the exchange's own system. Needs a verified, accepted order."""
    grant.require(Permission.FREEZE_APPLY)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    followed: dict[str, object] = {}
    source, target = move_or_refuse(freeze, FreezeStatus.APPLYING)
    require_live_hold(freeze, at=at)
    if freeze.obligation_id is not None:
        obligation = Obligation.objects.select_for_update().get(pk=freeze.obligation_id)
        require_executable(LegalOrder.objects.get(pk=obligation.order_id))
        if obligation.status == ObligationStatus.OPEN:
            followed = advance_obligation(
                grant, obligation=obligation, to=ObligationStatus.IN_PROGRESS, at=at
            )
    freeze.save(update_fields=["status"])
    if freeze.wallet is not None:
        # The figure at the moment of the hold should be as fresh as the chain gives it.
        snapshots.request_refresh(wallet_ids=[freeze.wallet.wallet_id], at=at)
        outbox.put(task="wallets.sweep", at=at)
    write_event(
        grant,
        action="freeze.applying",
        at=at,
        kind="freeze",
        number=number,
        details={"from": source, "to": target, "followed": followed},
    )
    return freeze


@transaction.atomic
def mark_applied(*, grant: Grant, at: datetime, number: int, applied_at: datetime) -> FreezeOrder:
    """The hold is set. Keeps, per asset, the balance known at that moment with its proof; never overwritten later."""
    grant.require(Permission.FREEZE_APPLY)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    if applied_at > at:
        raise ActionError(_("This lies in the future."), field="applied_at")
    if freeze.approved_at is not None and applied_at < freeze.approved_at:
        raise ActionError(_("A hold is set after its approval."), field="applied_at")
    source, target = move_or_refuse(freeze, FreezeStatus.APPLIED)
    freeze.applied_at, freeze.applied_by = applied_at, grant.user
    freeze.save(update_fields=["status", "applied_at", "applied_by"])
    rows = list(
        freeze.amounts.select_for_update(of=("self",)).select_related("chain_asset").order_by("asset")
    )
    for row in rows:
        if freeze.wallet is not None and row.chain_asset is not None:
            row.reading_applied = _latest_reading(freeze.wallet, row.chain_asset, at=applied_at)
        else:
            row.holding_applied = _latest_holding(freeze.account, row.asset, at=applied_at)
        row.save(update_fields=["reading_applied", "holding_applied"])
    write_event(
        grant,
        action="freeze.applied",
        at=at,
        kind="freeze",
        number=number,
        details={
            "from": source,
            "to": target,
            "applied_at": event_value(applied_at),
            "amounts": [_amount_details(row) for row in rows],
        },
    )
    return freeze


@transaction.atomic
def mark_apply_failed(*, grant: Grant, at: datetime, number: int, reason: str) -> FreezeOrder:
    """The hold could not be set; it can be tried again."""
    grant.require(Permission.FREEZE_APPLY)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    if not reason.strip():
        raise ActionError(_("Say what happened."), field="reason")
    source, target = move_or_refuse(freeze, FreezeStatus.APPLY_FAILED)
    freeze.save(update_fields=["status"])
    write_event(
        grant,
        action="freeze.apply_failed",
        at=at,
        kind="freeze",
        number=number,
        details={"from": source, "to": target, "reason": reason.strip()},
    )
    return freeze


@transaction.atomic
def confirm_freeze(*, grant: Grant, at: datetime, number: int, confirmation: str) -> FreezeOrder:
    """Record the proof that the hold stands; the duty that it rests on is met by that."""
    grant.require(Permission.FREEZE_APPLY)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    if not confirmation.strip():
        raise ActionError(_("Name the proof: ticket, screenshot, log line."), field="confirmation")
    source, target = move_or_refuse(freeze, FreezeStatus.CONFIRMED)
    freeze.confirmed_at, freeze.confirmed_by = at, grant.user
    freeze.confirmation = confirmation.strip()
    freeze.save(update_fields=["status", "confirmed_at", "confirmed_by", "confirmation"])
    followed: dict[str, object] = {}
    if freeze.obligation_id is not None:
        obligation = (
            Obligation.objects.select_for_update().select_related("order").get(pk=freeze.obligation_id)
        )
        if obligation.kind == ObligationKind.FREEZE and obligation.status in {
            ObligationStatus.IN_PROGRESS,
            ObligationStatus.OVERDUE,
        }:
            others = FreezeOrder.objects.filter(obligation=obligation).exclude(pk=freeze.pk)
            if not others.filter(
                status__in=["proposed", "approved", "applying", "applied", "apply_failed"]
            ).exists():
                followed = advance_obligation(grant, obligation=obligation, to=ObligationStatus.MET, at=at)
    write_event(
        grant,
        action="freeze.confirmed",
        at=at,
        kind="freeze",
        number=number,
        details={"from": source, "to": target, "confirmation": freeze.confirmation, "followed": followed},
    )
    return freeze


@transaction.atomic
def mark_wrong_target(*, grant: Grant, at: datetime, number: int, reason: str) -> FreezeOrder:
    """The hold hit the wrong target and was taken off."""
    grant.require(Permission.FREEZE_APPLY)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    if not reason.strip():
        raise ActionError(_("Say what happened."), field="reason")
    source, target = move_or_refuse(freeze, FreezeStatus.WRONG_TARGET_REVERSED)
    freeze.save(update_fields=["status"])
    write_event(
        grant,
        action="freeze.wrong_target_reversed",
        at=at,
        kind="freeze",
        number=number,
        details={"from": source, "to": target, "reason": reason.strip()},
    )
    return freeze


@transaction.atomic
def propose_release(*, grant: Grant, at: datetime, number: int, reason: str) -> FreezeOrder:
    """Ask for the end of a hold."""
    grant.require(Permission.FREEZE_PROPOSE)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    source, target = move_or_refuse(freeze, FreezeStatus.RELEASE_PROPOSED)
    changes = {"release_proposed_at": at, "release_proposed_by": grant.user, "release_reason": reason.strip()}
    freeze.save(update_fields=["status"])
    change_fields(freeze, changes)
    write_event(
        grant,
        action="freeze.release_proposed",
        at=at,
        kind="freeze",
        number=number,
        details={"from": source, "to": target, "reason": reason.strip()},
    )
    return freeze


@transaction.atomic
def decide_release(
    *, grant: Grant, at: datetime, number: int, agrees: bool, comment: str = ""
) -> FreezeOrder:
    """An approver, not the one who asked, releases the hold or keeps it."""
    grant.require(Permission.FREEZE_APPROVE)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    if freeze.release_proposed_by_id == grant.user.pk and freeze.status == FreezeStatus.RELEASE_PROPOSED:
        raise OwnApproval(_("You proposed this release. Somebody else must decide on it."))
    if not agrees and not comment.strip():
        raise ActionError(_("Give the reason."), field="comment")
    if freeze.status != FreezeStatus.RELEASE_PROPOSED:
        # `confirmed` is also where other proposals return to; this decision is about a release alone.
        move_or_refuse(freeze, FreezeStatus.RELEASED)
    source, target = move_or_refuse(freeze, FreezeStatus.RELEASED if agrees else FreezeStatus.CONFIRMED)
    fields = ["status"]
    if agrees:
        freeze.released_at, freeze.released_by = at, grant.user
        fields += ["released_at", "released_by"]
    freeze.save(update_fields=fields)
    write_event(
        grant,
        action="freeze.released" if agrees else "freeze.release_refused",
        at=at,
        kind="freeze",
        number=number,
        details={"from": source, "to": target, "comment": comment.strip()},
    )
    return freeze
