"""Telling cases what looks found, taking note of it, and how small a movement is not worth telling."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, models, transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    event_value,
    lock_case,
    lock_open_case,
    next_number,
    write_event,
)
from cases.actions.crediting import note_alerts
from cases.actions.watchdog import watch_alerts
from cases.audit.record import record
from cases.models import Alert, AlertKind, Case, MovementThreshold
from cases.permissions import Permission
from cases.queries.alerts import alerts_in, cases_to_tell, news_for
from wallets import snapshots
from wallets.chains import CHAINS
from wallets.models import Asset, ReadingBatch
from wallets.registry import assets_of

logger = logging.getLogger(__name__)

# A round of a worker ends after this, well below the time limit of a task; the next one goes on.
ROUND: Final = timedelta(seconds=30)
# Looks taken at a time: few, so that several workers share what there is and none holds what it does not get to.
AT_A_TIME: Final = 4

Clock = Callable[[], datetime]


# ── Telling ───────────────────────────────────────────────────────────────────────────────────────────────


def tell_news(*, now: Clock) -> int:
    """Tell every case what the looks since the last time found; returns how many looks were told of.

    A look whose telling fails somewhere is told again when its lease has run out, and holds up no other. What was
    told already is not told twice.
    """
    told, until = 0, now() + ROUND
    while (at := now()) < until and (batches := snapshots.claim_news(at=at, limit=AT_A_TIME)):
        for batch in batches:
            if _tell(batch, now=now):
                snapshots.finish_news(batch)
                told += 1
    return told


def _tell(batch_id: int, *, now: Clock) -> bool:
    """Tell each case in a transaction of its own. Returns whether all of them were told."""
    whole = True
    try:
        cases = cases_to_tell(ReadingBatch.objects.defer("members").get(pk=batch_id))
    except (DatabaseError, LookupError, RuntimeError, TypeError, ValueError):
        logger.exception("what look %s found could not be told", batch_id)
        return False
    for case_id in cases:
        try:
            raise_alerts(batch_id=batch_id, case_id=case_id, at=now())
        except (DatabaseError, LookupError, RuntimeError, TypeError, ValueError):
            # A slip of ours in one case must not keep the others from being told.
            logger.exception("what look %s found could not be told to case %s", batch_id, case_id)
            whole = False
    return whole


@transaction.atomic
def raise_alerts(*, batch_id: int, case_id: int, at: datetime) -> list[Alert]:
    """Raise in one case an alert for each thing that a look found, once however often this is done.

    Nobody acts here; the system tells. What there is to tell is asked under the lock on the case, so that of two
    workers the second finds it told.
    """
    case = Case.objects.select_for_update(no_key=True, of=("self",)).select_related("stream").get(pk=case_id)
    batch = ReadingBatch.objects.defer("members").get(pk=batch_id)
    news = news_for(case, batch)
    if not news:
        return []
    first = next_number(Alert, case)
    Alert.objects.bulk_create(
        Alert(
            case=case,
            number=first + offset,
            kind=item.kind,
            wallet_id=item.attached_id,
            chain_asset_id=item.asset_id,
            before=item.before,
            after=item.after,
            before_batch_id=item.before_batch_id,
            batch=batch,
            disagreement_id=item.disagreement_id,
            raised_at=at,
        )
        for offset, item in enumerate(news)
    )
    Case.objects.filter(pk=case.pk).update(
        touched_at=models.functions.Greatest("touched_at", models.Value(at))
    )
    raised = list(alerts_in(case).filter(number__gte=first).order_by("number"))
    for alert in raised:
        record(
            stream_id=case.stream_id,
            stream_uuid=case.stream.uuid,
            action="wallet.sources_disagree"
            if alert.kind == AlertKind.DISAGREEMENT
            else "wallet.balance_changed",
            actor=None,
            occurred_at=at,
            object_kind="alert",
            object_number=alert.number,
            details=_told(alert),
        )
    note_alerts(case, raised, at=at)
    watch_alerts(case, raised, at=at)
    return raised


def _told(alert: Alert) -> dict[str, object]:
    wallet, asset, said = alert.wallet, alert.chain_asset, alert.disagreement
    details: dict[str, object] = {
        "kind": alert.kind,
        "wallet": wallet.number,
        "chain": wallet.wallet.chain,
        "address": wallet.wallet.address,
        "asset": asset.symbol,
        "contract": asset.contract,
        "decimals": asset.decimals,
    }
    if said is not None:
        return details | {
            "look": _look(alert.batch),
            "said": [
                {"provider": said.provider, "amount": str(said.amount)},
                {"provider": said.other_provider, "amount": str(said.other_amount)},
            ],
        }
    return details | {
        "before": {"amount": str(alert.before), **_look(alert.before_batch)},
        "after": {"amount": str(alert.after), **_look(alert.batch)},
    }


def _look(batch: ReadingBatch | None) -> dict[str, object]:
    if batch is None:
        raise RuntimeError("a movement has a look before it")
    return {
        "block_height": batch.block_height,
        "block_hash": batch.block_hash,
        "block_time": event_value(batch.block_time),
        "looked_at": event_value(batch.taken_at),
        "provider": batch.provider,
        "agreement": batch.agreement,
        "seconded_by": batch.seconded_by,
    }


# ── Taking note ───────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def acknowledge_alert(*, grant: Grant, at: datetime, number: int, note: str) -> Alert:
    """Say that an alert was seen and what is made of it; once. A closed case still takes such words."""
    grant.require(Permission.WALLETS)
    case = lock_case(grant, at=at)
    alert = Alert.objects.filter(case=case, number=number).first()
    if alert is None:
        raise NoSuchItem(_("The case has no such alert."))
    if alert.acknowledged_at is not None:
        raise ActionError(_("Somebody has taken note of this alert already."))
    if not note.strip():
        raise ActionError(_("Say what you make of it."), field="note")
    alert.acknowledged_at, alert.acknowledged_by, alert.note = at, grant.user, note.strip()
    alert.save(update_fields=["acknowledged_at", "acknowledged_by", "note"])
    write_event(
        grant,
        action="alert.acknowledged",
        at=at,
        kind="alert",
        number=number,
        details={"kind": alert.kind, "note": alert.note},
    )
    return alert


# ── Thresholds ────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def set_threshold(
    *, grant: Grant, at: datetime, chain: str, contract: str, minimum: int
) -> MovementThreshold:
    """From now on a change of this asset smaller than `minimum` base units raises no alert in this case."""
    grant.require(Permission.WALLETS)
    case = lock_open_case(grant, at=at)
    asset = _asset(chain, contract)
    if minimum <= 0:
        raise ActionError(_("A threshold is more than zero."), field="minimum")
    present = MovementThreshold.objects.filter(case=case, chain_asset=asset).first()
    old = None if present is None else str(present.minimum)
    threshold = present or MovementThreshold(case=case, chain_asset=asset)
    threshold.minimum, threshold.set_at, threshold.set_by = minimum, at, grant.user
    threshold.save()
    write_event(
        grant,
        action="threshold.set",
        at=at,
        details={**_named(asset), "old": old, "minimum": str(minimum)},
    )
    return threshold


@transaction.atomic
def remove_threshold(*, grant: Grant, at: datetime, chain: str, contract: str) -> None:
    """Every change of this asset raises an alert again."""
    grant.require(Permission.WALLETS)
    case = lock_open_case(grant, at=at)
    asset = _asset(chain, contract)
    threshold = MovementThreshold.objects.filter(case=case, chain_asset=asset).first()
    if threshold is None:
        raise NoSuchItem(_("The case has no threshold for this asset."), field="asset")
    threshold.delete()
    write_event(
        grant,
        action="threshold.removed",
        at=at,
        details={**_named(asset), "old": str(threshold.minimum)},
    )


def _asset(chain: str, contract: str) -> Asset:
    registered = assets_of([chain])[chain] if chain in CHAINS else []
    found = next((asset for asset in registered if asset.contract == contract), None)
    # A token that left the registry keeps the threshold that it has.
    found = found or Asset.objects.filter(chain=chain, contract=contract).first()
    if found is None:
        raise ActionError(_("This chain has no such asset."), field="asset")
    return found


def _named(asset: Asset) -> dict[str, object]:
    return {
        "chain": asset.chain,
        "asset": asset.symbol,
        "contract": asset.contract,
        "decimals": asset.decimals,
    }
