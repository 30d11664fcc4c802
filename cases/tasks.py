"""Celery tasks: ids in, one call, safe to run twice."""

from collections.abc import Mapping
from datetime import UTC, datetime

from celery import current_app, shared_task
from django.core.cache import cache

from cases import outbox
from cases.actions import (
    alerts,
    checkpoints,
    connectors,
    disposal,
    exhibits,
    exports,
    orders,
    readings,
    refusals,
    reminders,
)
from cases.actions.freezes import issuers, settlement
from cases.audit.record import Source, acting_from
from wallets import snapshots

HEARTBEAT_KEY = "worker-heartbeat"


def _send(task: str, arguments: Mapping[str, object]) -> None:
    current_app.send_task(task, kwargs=dict(arguments))


@shared_task(name="cases.relay_outbox")
def relay_outbox() -> int:
    """Hand what was committed to the broker."""
    return outbox.relay(send=_send, at=datetime.now(UTC))


def _hint() -> None:
    """After a commit: relay at once instead of at the next beat. A broker that is away costs nothing but that."""
    current_app.send_task("cases.relay_outbox", expires=10, retry=False)


outbox.on_committed(_hint)


@shared_task(name="cases.sweep_exports")
def sweep_exports() -> int:
    """Make the case files that were asked for, one after the other."""
    with acting_from(Source(kind="task")):
        return exports.produce_waiting(now=lambda: datetime.now(UTC))


@shared_task(name="cases.settle_transfers")
def settle_transfers() -> int:
    """Ask the chains for the transactions of transfers that are under way."""
    with acting_from(Source(kind="task")):
        return settlement.settle_transfers(now=lambda: datetime.now(UTC))


@shared_task(name="cases.watch_issuers")
def watch_issuers() -> int:
    """Ask the tokens' contracts whether their issuers block what was asked of them."""
    with acting_from(Source(kind="task")):
        return issuers.watch_issuers(now=lambda: datetime.now(UTC))


@shared_task(name="cases.call_connector")
def call_connector() -> int:
    """Send the exchange's own system what it was asked and has not answered."""
    with acting_from(Source(kind="task")):
        return connectors.send_calls(now=lambda: datetime.now(UTC))


@shared_task(name="cases.heartbeat")
def heartbeat() -> None:
    """A worker that answers says so; the health probe reads it."""
    cache.set(HEARTBEAT_KEY, int(datetime.now(UTC).timestamp()), timeout=300)


@shared_task(name="cases.tell_news")
def tell_news() -> int:
    """Tell every case what the looks since the last time found."""
    with acting_from(Source(kind="task")):
        return alerts.tell_news(now=lambda: datetime.now(UTC))


@shared_task(name="cases.end_terms")
def end_terms() -> int:
    """End the gags and keep-opens whose term is over."""
    with acting_from(Source(kind="task")):
        return orders.end_terms(now=lambda: datetime.now(UTC))


@shared_task(name="cases.remind")
def remind() -> int:
    """Duties whose moment has passed become overdue; reminders whose moment has come go out."""
    with acting_from(Source(kind="task")):
        reminders.mark_overdue(now=lambda: datetime.now(UTC))
        return reminders.remind(now=lambda: datetime.now(UTC))


@shared_task(name="cases.mail_notices")
def mail_notices() -> int:
    """Mail what people were told."""
    return reminders.mail_notices(now=lambda: datetime.now(UTC))


@shared_task(name="cases.checkpoint")
def checkpoint() -> int | None:
    """Put what is new into the tree, and sign it at least each minute."""
    with acting_from(Source(kind="task")):
        made = checkpoints.checkpoint_when_due(at=datetime.now(UTC))
        return None if made is None else made.size


@shared_task(name="cases.publish_checkpoints")
def publish_checkpoints() -> int:
    """Send checkpoints where the settings say."""
    return checkpoints.publish_due(now=lambda: datetime.now(UTC))


@shared_task(name="cases.tell_untold_looks")
def tell_untold_looks() -> int:
    """Tell of looks that were written while nobody told of them."""
    return readings.tell_untold_looks(now=lambda: datetime.now(UTC))


def _hint_of_news() -> None:
    """A look that found something is told of at once instead of at the next beat."""
    current_app.send_task("cases.tell_news", expires=10, retry=False)


snapshots.on_news(_hint_of_news)


@shared_task(name="cases.tell_left_out")
def tell_left_out() -> int:
    """Tell how many refusals were counted instead of told, once their period is over."""
    with acting_from(Source(kind="task")):
        return refusals.tell_left_out(now=lambda: datetime.now(UTC))


@shared_task(name="cases.check_files")
def check_files() -> dict[str, int]:
    """Read stored files again, those longest unread first."""
    with acting_from(Source(kind="task")):
        return exhibits.check_files(now=lambda: datetime.now(UTC))


@shared_task(name="cases.scan_exhibits")
def scan_exhibits() -> int:
    """Have new exhibits scanned, where there is a scanner."""
    with acting_from(Source(kind="task")):
        return exhibits.scan_waiting(now=lambda: datetime.now(UTC))


@shared_task(name="cases.discard_files")
def discard_files() -> int:
    """Discard the stored files of cases that were disposed of."""
    return disposal.discard_files(now=lambda: datetime.now(UTC))


@shared_task(name="cases.purge_uploads")
def purge_uploads() -> int:
    """Clear away uploads that nobody came back for."""
    return exhibits.purge_uploads(now=lambda: datetime.now(UTC))
