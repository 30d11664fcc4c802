"""The outbox: tasks are rows first, messages after commit.

An action writes the row in its own transaction; the relay sends what was committed. A lost broker loses nothing, and a
task sent twice is safe because tasks are.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db import transaction

from cases.models import OutboxMessage

KEEP_SENT = timedelta(days=2)


def put(*, task: str, arguments: Mapping[str, object] | None = None, at: datetime) -> OutboxMessage:
    """Ask for a task, in the caller's transaction, and hint to the relay once that has committed."""
    message = OutboxMessage.objects.create(task=task, arguments=dict(arguments or {}), written_at=at)
    transaction.on_commit(_hint, robust=True)
    return message


_hint_function: list[Callable[[], None]] = []


def on_committed(hint: Callable[[], None]) -> None:
    """Register what to do once a message is committed; the tasks module does, so that nothing here knows Celery."""
    _hint_function[:] = [hint]


def _hint() -> None:
    for function in _hint_function:
        function()


def relay(*, send: Callable[[str, Mapping[str, object]], None], at: datetime, limit: int = 200) -> int:
    """Send what is committed and unsent, oldest first; returns how many.

    Two relays at once take different rows (SKIP LOCKED). A crash between sending and committing sends again.
    """
    with transaction.atomic():
        messages = list(
            OutboxMessage.objects.select_for_update(skip_locked=True)
            .filter(sent_at__isnull=True)
            .order_by("id")[:limit]
        )
        for message in messages:
            send(message.task, message.arguments)
            message.sent_at = at
        OutboxMessage.objects.bulk_update(messages, ["sent_at"])
        OutboxMessage.objects.filter(sent_at__lt=at - KEEP_SENT).delete()
    return len(messages)
