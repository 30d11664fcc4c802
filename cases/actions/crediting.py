"""Noting what comes in to a frozen target: an entry of its own beside the freeze, whose snapshot never changes.

Used where looks and books are recorded, and by the freezes themselves; the decisions are in `freezes.credits`.
"""

from dataclasses import dataclass
from datetime import datetime

from cases.actions.base import event_value, next_number
from cases.audit.record import record
from cases.models import (
    AccountHolding,
    Alert,
    AlertKind,
    Case,
    ExchangeAccount,
    FreezeAmount,
    FreezeCredit,
    FreezeOrder,
    FreezeScope,
)
from cases.queries.held import HeldRow, held_of
from cases.status import FREEZE_STANDING, CreditStatus
from wallets.models import Asset, ReadingBatch

# In these scopes a freeze holds what it names, and nothing else of its target.
_NAMED_ALONE = frozenset({str(FreezeScope.ASSET), str(FreezeScope.AMOUNT)})


@dataclass(frozen=True, slots=True)
class Increase:
    """One asset of a target went up: from what, to what, when that was seen, and the proof."""

    asset: str
    decimals: int
    before: int | None
    after: int
    seen_at: datetime
    chain_asset: Asset | None = None
    batch: ReadingBatch | None = None
    holding: AccountHolding | None = None

    @property
    def amount(self) -> int:
        return self.after - (self.before or 0)


def note_alerts(case: Case, alerts: list[Alert], *, at: datetime) -> list[FreezeCredit]:
    """What looks found come in to frozen wallets of a locked case, as credits; once however often this is done."""
    incoming = [alert for alert in alerts if alert.kind == AlertKind.MOVEMENT_IN]
    if not incoming:
        return []
    standing = FreezeOrder.objects.filter(
        case=case,
        wallet__in=[alert.wallet_id for alert in incoming],
        status__in=sorted(FREEZE_STANDING),
    ).order_by("number")
    found = []
    for freeze in standing:
        for alert in incoming:
            if alert.wallet_id == freeze.wallet_id:
                found += _note(case, freeze, _of_alert(alert), at=at)
    return found


def _of_alert(alert: Alert) -> Increase:
    if alert.after is None:
        raise RuntimeError("a movement has an amount after it")
    return Increase(
        asset=alert.chain_asset.symbol,
        decimals=alert.chain_asset.decimals,
        before=alert.before,
        after=alert.after,
        seen_at=alert.batch.taken_at,
        chain_asset=alert.chain_asset,
        batch=alert.batch,
    )


def note_holding(
    case: Case, account: ExchangeAccount, holding: AccountHolding, *, at: datetime
) -> list[FreezeCredit]:
    """What an entry of the books shows come in to a frozen account of a locked case, as credits."""
    found = []
    for freeze in FreezeOrder.objects.filter(
        case=case, account=account, status__in=sorted(FREEZE_STANDING)
    ).order_by("number"):
        found += _note_entry(case, freeze, holding, at=at)
    return found


def _note_entry(
    case: Case, freeze: FreezeOrder, holding: AccountHolding, *, at: datetime
) -> list[FreezeCredit]:
    earlier = (
        AccountHolding.objects.filter(
            account_id=holding.account_id, asset__iexact=holding.asset, observed_at__lte=holding.observed_at
        )
        .exclude(pk=holding.pk)
        .order_by("-observed_at", "-id")
        .first()
    )
    if earlier is not None and earlier.decimals != holding.decimals:
        return []
    increase = Increase(
        asset=holding.asset,
        decimals=holding.decimals,
        before=None if earlier is None else int(earlier.amount),
        after=int(holding.amount),
        seen_at=holding.observed_at,
        holding=holding,
    )
    return _note(case, freeze, increase, at=at) if increase.amount > 0 else []


def catch_up(case: Case, freeze: FreezeOrder, *, at: datetime) -> list[FreezeCredit]:
    """What came in between the moment at which the hold was set and the moment at which somebody said so."""
    found: list[FreezeCredit] = []
    if freeze.applied_at is None:
        return found
    if freeze.wallet_id is not None:
        alerts = Alert.objects.filter(
            wallet=freeze.wallet_id, kind=AlertKind.MOVEMENT_IN, batch__taken_at__gt=freeze.applied_at
        ).select_related("chain_asset", "batch")
        for alert in alerts.order_by("number"):
            found += _note(case, freeze, _of_alert(alert), at=at)
        return found
    entries = AccountHolding.objects.filter(account=freeze.account_id, observed_at__gt=freeze.applied_at)
    for holding in entries.order_by("observed_at", "id"):
        found += _note_entry(case, freeze, holding, at=at)
    return found


def _note(case: Case, freeze: FreezeOrder, increase: Increase, *, at: datetime) -> list[FreezeCredit]:
    if freeze.applied_at is None or increase.seen_at <= freeze.applied_at:
        return []
    held = next((row for row in held_of(freeze.pk) if _same(row.row, increase)), None)
    if held is None and freeze.scope in _NAMED_ALONE:
        return []
    covered = increase.amount if held is None else _covered(freeze, held, increase)
    if covered <= 0 or _is_noted(freeze, increase):
        return []
    credit = FreezeCredit.objects.create(
        case=case,
        freeze=freeze,
        number=next_number(FreezeCredit, case),
        held=None if held is None else held.row,
        asset=increase.asset,
        decimals=increase.decimals,
        chain_asset=increase.chain_asset,
        before=increase.before,
        after=increase.after,
        amount=covered,
        batch=increase.batch,
        holding=increase.holding,
        seen_at=increase.seen_at,
        noted_at=at,
    )
    record(
        stream_id=case.stream_id,
        stream_uuid=case.stream.uuid,
        action="freeze.credited",
        actor=None,
        occurred_at=at,
        object_kind="credit",
        object_number=credit.number,
        details=_details(credit),
    )
    return [credit]


def _same(row: FreezeAmount, increase: Increase) -> bool:
    if row.chain_asset_id is not None and increase.chain_asset is not None:
        return row.chain_asset_id == increase.chain_asset.pk
    return row.asset.upper() == increase.asset.upper()


def _covered(freeze: FreezeOrder, held: HeldRow, increase: Increase) -> int:
    """What of an increase the freeze newly holds: all of it, or what its cap still has room for.

    What comes back after a breach first fills what is missing: it is held already, and is not counted twice.
    """
    amount = increase.amount
    noted = FreezeCredit.objects.filter(held=held.row)
    if held.still is not None:
        undecided = noted.filter(status__in=[CreditStatus.HELD, CreditStatus.RELEASE_PROPOSED])
        due = held.still + sum(int(each.amount) for each in undecided)
        amount = min(amount, increase.after - due)
    cap = held.row.amount
    if cap is None:
        return amount
    others = noted.exclude(status=CreditStatus.RELEASED)
    room = int(cap) - (held.base or 0) - sum(int(each.amount) for each in others)
    return min(amount, room)


def _is_noted(freeze: FreezeOrder, increase: Increase) -> bool:
    noted = FreezeCredit.objects.filter(freeze=freeze)
    if increase.holding is not None:
        return noted.filter(holding=increase.holding).exists()
    return noted.filter(chain_asset=increase.chain_asset, batch=increase.batch).exists()


def _details(credit: FreezeCredit) -> dict[str, object]:
    look = credit.batch
    return {
        "freeze": credit.freeze.number,
        "asset": credit.asset,
        "decimals": credit.decimals,
        "amount": str(int(credit.amount)),
        "before": None if credit.before is None else str(int(credit.before)),
        "after": str(int(credit.after)),
        "seen_at": event_value(credit.seen_at),
        "block_height": None if look is None else look.block_height,
        "provider": None if look is None else look.provider,
        "source": None if credit.holding is None else credit.holding.source,
    }
