"""Proposing a freeze, and giving it up before it was applied."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.accounts import account_in
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    event_value,
    lock_open_case,
    next_number,
    write_event,
)
from cases.actions.freezes.balances import amount_details, amount_row, lines_of_proposal
from cases.actions.freezes.caps import refuse_beyond_freeze
from cases.actions.freezes.rules import AmountAsked, freeze_in, require_live_basis, take_step
from cases.actions.freezes.thresholds import second_approval
from cases.actions.wallets import wallet_in
from cases.models import (
    Case,
    CaseWallet,
    ExchangeAccount,
    FreezeAmount,
    FreezeOrder,
    FreezeScope,
    Obligation,
    ObligationKind,
)
from cases.permissions import Permission
from cases.queries.named import NamedByOrder, named_by_order
from cases.status import FreezeStatus


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
    ends_at: datetime | None = None,
    corrects_number: int | None = None,
    resembles_accepted: bool = False,
    is_fictional: bool = False,
) -> FreezeOrder:
    """Propose to hold a wallet or an account, on exactly one basis. Takes the balances known at this moment along.

    `ends_at`: until when the basis carries it, for a policy hold the date for its formal order unless said; None is
    open-ended. Above a threshold two approvers are asked for, whatever `approvals_required` says. `corrects_number`
    names the freeze that hit the wrong target. `resembles_accepted`: the person compared the target with what the order
    names, which only looks like it.
    """
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
    ends_at = formal_order_by if ends_at is None else ends_at
    if ends_at is not None and ends_at <= at:
        raise ActionError(_("This lies in the past."), field="ends_at")
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    if approvals_required not in (1, 2):
        raise ActionError(_("Ask for one approval or for two."), field="approvals_required")
    obligation = None if obligation_number is None else _live_obligation(case, obligation_number, at=at)
    if obligation is not None and ends_at is not None:
        _refuse_past_order(obligation, ends_at)
    wallet: CaseWallet | None = None
    account: ExchangeAccount | None = None
    if wallet_number is not None:
        wallet = wallet_in(case, wallet_number)
        if wallet.detached_at is not None:
            raise ActionError(_("This wallet was taken out of the case."), field="target")
    elif account_number is not None:
        account = account_in(case, account_number)
    _check_scope(scope, wallet=wallet, amounts=amounts)
    named = NamedByOrder()
    if obligation is not None:
        named = named_by_order(obligation.order_id, wallet=wallet, account=account)
        _refuse_look_alike(named, accepted=resembles_accepted)
    corrects = None if corrects_number is None else _wrong_one(case, corrects_number)
    lines = lines_of_proposal(wallet, account, amounts, at=at)
    if obligation is not None:
        refuse_beyond_freeze(obligation, lines)
    because = second_approval(lines, at=at)
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
        ends_at=ends_at,
        corrects=corrects,
        approvals_required=2 if because else approvals_required,
        approvals_because=because,
        proposed_at=at,
        proposed_by=grant.user,
        is_fictional=is_fictional,
    )
    rows = [amount_row(freeze, asked) for asked in amounts]
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
            "ends_at": event_value(ends_at),
            "corrects": corrects_number,
            "wallet": None if wallet is None else {"number": wallet.number, "address": wallet.wallet.address},
            "account": None
            if account is None
            else {"number": account.number, "account": account.account_number},
            # None where the order names nothing of the kind.
            "named_by_order": named.named if named.asked else None,
            "resembles": named.resembling,
            "scope": scope,
            "reason": freeze.reason,
            "approvals_required": freeze.approvals_required,
            "approvals_because": because,
            "amounts": [amount_details(row) for row in rows],
            "is_fictional": is_fictional,
        },
    )
    return freeze


def _refuse_look_alike(named: NamedByOrder, *, accepted: bool) -> None:
    """The order names something else that looks like the target: a person compares them before anything is held."""
    if named.resembling and not accepted:
        raise ActionError(
            _(
                "The order names %(others)s, which looks like this and is not the same. Compare every character, then say "
                "that you did."
            )
            % {"others": "; ".join(named.resembling[:5])},
            field="resembles_accepted",
        )


def _wrong_one(case: Case, number: int) -> FreezeOrder:
    """The freeze that hit the wrong target and was taken off, which nothing corrects yet."""
    wrong = freeze_in(case, number, lock=True)
    if wrong.status != FreezeStatus.WRONG_TARGET_REVERSED:
        raise ActionError(_("Only a freeze that hit the wrong target is corrected."), field="corrects")
    if FreezeOrder.objects.filter(corrects=wrong).exists():
        raise ActionError(_("Another freeze corrects this one already."), field="corrects")
    return wrong


def _refuse_past_order(obligation: Obligation, ends_at: datetime) -> None:
    """A term beyond that of the order would hide that the order is over; a longer one is granted by an extension."""
    last = obligation.order.ends_at
    if last is not None and ends_at > last:
        raise ActionError(
            _("The order ends before that: %(moment)s UTC.") % {"moment": f"{last:%Y-%m-%d %H:%M}"},
            field="ends_at",
        )


def _live_obligation(case: Case, number: int, *, at: datetime) -> Obligation:
    obligation = Obligation.objects.of(case).select_related("order").filter(number=number).first()
    if obligation is None:
        raise NoSuchItem(_("The case has no such duty."), field="basis")
    if obligation.kind not in {ObligationKind.FREEZE, ObligationKind.TRANSFER}:
        raise ActionError(_("This duty does not ask for a freeze."), field="basis")
    require_live_basis(obligation, at=at)
    return obligation


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


@transaction.atomic
def cancel_freeze(*, grant: Grant, at: datetime, number: int, reason: str) -> FreezeOrder:
    """Give up a freeze that was not applied."""
    return take_step(
        grant=grant,
        at=at,
        number=number,
        permission=Permission.FREEZE_PROPOSE,
        to=FreezeStatus.CANCELLED,
        action="freeze.cancelled",
        reason=reason,
        ask=_("Give the reason."),
    )
