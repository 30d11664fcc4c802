"""The freeze watchdog: an outflow from a frozen target below what its freeze holds is a breach, told at once.

It stands where looks and books are recorded, in their transaction, so that there is no beat to wait for. What left by a
transfer that is being sent, or was given free, is no longer held back and so is no breach; what leaves for a transfer that
was only agreed to is one. Where a transfer fails, what went out meanwhile is looked at again. A freeze of incoming
movements alone holds nothing back that goes out.

Where the exchange's own system says that a hold does not stand that counts as set here, the same people are told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from cases import outbox
from cases.access import Grant
from cases.actions.base import ActionError, NoSuchItem, WrongMove, lock_case, next_number, write_event
from cases.actions.reminders import MAIL_TASK
from cases.audit.record import record
from cases.models import (
    AccountHolding,
    Alert,
    AlertKind,
    Case,
    ExchangeAccount,
    FreezeAmount,
    FreezeBreach,
    FreezeCredit,
    FreezeOrder,
    FreezeScope,
    LegState,
    Notice,
    Reminder,
    ReminderKind,
    TransferLeg,
)
from cases.permissions import Permission
from cases.queries.held import held_of
from cases.queries.reminders import Subject, reached
from cases.reminding import AUDIENCE, Step
from cases.status import FREEZE_STANDING, CreditStatus, TransferStatus
from wallets.models import Asset, ReadingBatch

log = structlog.get_logger(__name__)
_NAMED_ALONE = frozenset({str(FreezeScope.ASSET), str(FreezeScope.AMOUNT)})
_UNDECIDED = (CreditStatus.HELD, CreditStatus.RELEASE_PROPOSED)


@dataclass(frozen=True, slots=True)
class Outflow:
    """One asset of a target went down: from what, to what, when that was seen, and the proof."""

    asset: str
    decimals: int
    before: int | None
    after: int
    seen_at: datetime
    chain_asset: Asset | None = None
    batch: ReadingBatch | None = None
    holding: AccountHolding | None = None


def watch_alerts(case: Case, alerts: Sequence[Alert], *, at: datetime) -> list[FreezeBreach]:
    """What looks found gone out of frozen wallets of a locked case; once however often this is done."""
    outgoing = [alert for alert in alerts if alert.kind == AlertKind.MOVEMENT_OUT]
    if not outgoing:
        return []
    freezes = _standing(case).filter(wallet__in=[alert.wallet_id for alert in outgoing])
    return [
        breach
        for freeze in freezes
        for alert in outgoing
        if alert.wallet_id == freeze.wallet_id
        for breach in _watch(case, freeze, _of_alert(alert), at=at)
    ]


def watch_entry(
    case: Case, account: ExchangeAccount, holding: AccountHolding, *, at: datetime
) -> list[FreezeBreach]:
    """What an entry of the books, by a person or by the connector, shows gone out of a frozen account."""
    return [
        breach
        for freeze in _standing(case).filter(account=account)
        for breach in _watch(case, freeze, _of_entry(holding), at=at)
    ]


def catch_up(case: Case, freeze: FreezeOrder, *, at: datetime) -> list[FreezeBreach]:
    """What went out between the moment at which the hold was set and the moment at which somebody said so."""
    if freeze.applied_at is None:
        return []
    if freeze.wallet_id is not None:
        alerts = Alert.objects.filter(
            wallet=freeze.wallet_id, kind=AlertKind.MOVEMENT_OUT, batch__taken_at__gt=freeze.applied_at
        ).select_related("chain_asset", "batch")
        found = [_of_alert(alert) for alert in alerts.order_by("number")]
    else:
        entries = AccountHolding.objects.filter(account=freeze.account_id, observed_at__gt=freeze.applied_at)
        found = [_of_entry(holding) for holding in entries.order_by("observed_at", "id")]
    return [breach for outflow in found for breach in _watch(case, freeze, outflow, at=at)]


def _standing(case: Case) -> "QuerySet[FreezeOrder]":
    return FreezeOrder.objects.filter(case=case, status__in=sorted(FREEZE_STANDING)).order_by("number")


def _of_alert(alert: Alert) -> Outflow:
    if alert.after is None:
        raise RuntimeError("a movement has an amount after it")
    return Outflow(
        asset=alert.chain_asset.symbol,
        decimals=alert.chain_asset.decimals,
        before=alert.before,
        after=alert.after,
        seen_at=alert.batch.taken_at,
        chain_asset=alert.chain_asset,
        batch=alert.batch,
    )


def _of_entry(holding: AccountHolding) -> Outflow:
    earlier = (
        AccountHolding.objects.filter(
            account_id=holding.account_id, asset__iexact=holding.asset, observed_at__lte=holding.observed_at
        )
        .exclude(pk=holding.pk)
        .order_by("-observed_at", "-id")
        .first()
    )
    return Outflow(
        asset=holding.asset,
        decimals=holding.decimals,
        before=None if earlier is None else int(earlier.amount),
        after=int(holding.amount),
        seen_at=holding.observed_at,
        holding=holding,
    )


def _required(freeze: FreezeOrder, outflow: Outflow) -> int | None:
    """What has to stand there by this freeze; None where it holds nothing of this asset back, or nobody knows what."""
    for row in held_of(freeze.pk):
        same = row.row.asset.upper() == outflow.asset.upper() and row.row.decimals == outflow.decimals
        if not same or (
            outflow.chain_asset is not None
            and row.row.chain_asset_id is not None
            and row.row.chain_asset_id != outflow.chain_asset.pk
        ):
            continue
        if row.still is None:
            return outflow.before
        undecided = FreezeCredit.objects.filter(held=row.row, status__in=_UNDECIDED).aggregate(
            total=Sum("amount")
        )["total"]
        return row.still + int(undecided or 0) - _being_sent(row.row)
    if freeze.scope in _NAMED_ALONE:
        return None
    # The whole target is frozen: whatever was there stays.
    return outflow.before


def _being_sent(row: FreezeAmount) -> int:
    """What the exchange's own system was told to send, whose transaction nobody has named yet."""
    legs = TransferLeg.objects.filter(
        held=row, state=LegState.UNSENT, transfer__status=TransferStatus.SENDING
    )
    return int(legs.aggregate(total=Sum("amount"))["total"] or 0)


def _watch(case: Case, freeze: FreezeOrder, outflow: Outflow, *, at: datetime) -> list[FreezeBreach]:
    if freeze.applied_at is None or outflow.seen_at <= freeze.applied_at:
        return []
    if freeze.scope == FreezeScope.CREDIT:
        return []
    required = _required(freeze, outflow)
    if required is None or outflow.after >= required:
        return []
    if outflow.before is not None and outflow.after >= outflow.before:
        # It was short before, and nothing went out: that was told when it did.
        return []
    known = FreezeBreach.objects.filter(freeze=freeze)
    proof = (
        known.filter(holding=outflow.holding)
        if outflow.holding is not None
        else known.filter(batch=outflow.batch, chain_asset=outflow.chain_asset)
    )
    if proof.exists():
        return []
    breach = FreezeBreach.objects.create(
        case=case,
        freeze=freeze,
        number=next_number(FreezeBreach, case),
        asset=outflow.asset,
        decimals=outflow.decimals,
        required=required,
        before=outflow.before,
        after=outflow.after,
        chain_asset=outflow.chain_asset,
        batch=outflow.batch,
        holding=outflow.holding,
        seen_at=outflow.seen_at,
        raised_at=at,
    )
    _tell(case, breach, at=at)
    return [breach]


def missed_there(case: Case, freeze: FreezeOrder, *, seen_at: datetime, at: datetime) -> bool:
    """The exchange's own system said that a freeze of a locked case did not stand there at `seen_at`.

    Told once for each such moment, where the freeze counts as set here and was by then; returns whether it was.
    """
    if freeze.status not in FREEZE_STANDING or freeze.applied_at is None or seen_at < freeze.applied_at:
        return False
    known = Reminder.objects.filter(
        case=case, kind=ReminderKind.NOT_HELD, number=freeze.number, due_at=seen_at
    )
    if known.exists():
        return False
    _alarm(case, freeze, ReminderKind.NOT_HELD, freeze.number, seen_at=seen_at, at=at)
    return True


def _alarm(
    case: Case, freeze: FreezeOrder, kind: ReminderKind, number: int, *, seen_at: datetime, at: datetime
) -> None:
    duty = freeze.obligation
    tell_at_once(
        case,
        kind,
        number,
        order_id=None if duty is None else duty.order_id,
        responsible_id=None if duty is None else duty.responsible_id,
        seen_at=seen_at,
        at=at,
    )


def tell_at_once(
    case: Case,
    kind: ReminderKind,
    number: int,
    *,
    order_id: int | None,
    responsible_id: int | None = None,
    seen_at: datetime,
    at: datetime,
) -> None:
    """On everybody's page and by mail at once: the responsible person, the lead, every approver who may know."""
    reminder = Reminder.objects.create(
        case=case,
        order_id=order_id,
        kind=kind,
        number=number,
        due_at=seen_at,
        step=str(Step.DUE),
        wanted_at=at,
        sent_at=at,
    )
    subject = Subject(
        kind=kind,
        case_id=case.pk,
        number=number,
        due_at=seen_at,
        since=seen_at,
        order_id=order_id,
        responsible_id=responsible_id,
    )
    people = reached(subject, AUDIENCE[Step.DUE])
    Notice.objects.bulk_create(
        Notice(user=user, reminder=reminder, told_at=at, mail_at=at) for user in people
    )
    if people:
        outbox.put(task=MAIL_TASK, at=at)
    else:
        log.error("an_alarm_reached_nobody", case=case.reference, what=str(kind))


def _tell(case: Case, breach: FreezeBreach, *, at: datetime) -> None:
    freeze = breach.freeze
    _alarm(case, freeze, ReminderKind.BREACH, breach.number, seen_at=breach.seen_at, at=at)
    record(
        stream_id=case.stream_id,
        stream_uuid=case.stream.uuid,
        action="freeze.breached",
        actor=None,
        occurred_at=at,
        object_kind="freeze",
        object_number=freeze.number,
        details={
            "breach": breach.number,
            "asset": breach.asset,
            "decimals": breach.decimals,
            "required": str(breach.required),
            "before": None if breach.before is None else str(breach.before),
            "after": str(breach.after),
            "block": None if breach.batch is None else breach.batch.block_height,
            "seen_at": breach.seen_at.isoformat(),
        },
    )


@transaction.atomic
def answer_breach(*, grant: Grant, at: datetime, number: int, note: str) -> FreezeBreach:
    """Record once what came of a breach: who was called, what was done, why it was none."""
    grant.require(Permission.FREEZE_APPLY)
    case = lock_case(grant, at=at)
    breach = (
        FreezeBreach.objects.of(case)
        .select_for_update(of=("self",))
        .select_related("freeze")
        .filter(number=number)
        .first()
    )
    if breach is None:
        raise NoSuchItem(_("The case has no such breach."))
    if breach.acknowledged_at is not None:
        raise WrongMove(_("This breach was answered already."))
    if not note.strip():
        raise ActionError(_("Say what came of it."), field="note")
    breach.acknowledged_at, breach.acknowledged_by, breach.note = at, grant.user, note.strip()
    breach.save(update_fields=["acknowledged_at", "acknowledged_by", "note"])
    write_event(
        grant,
        action="freeze.breach_answered",
        at=at,
        kind="freeze",
        number=breach.freeze.number,
        details={"breach": breach.number, "note": breach.note},
    )
    return breach
