"""Sending the exchange's own system what it was asked; what a person does about a call; the checklist of the other way.

A call is sent by whoever finds it due: under the lock of its case it gets a lease, outside of any transaction it is
sent, under the lock again its answer is written. Whatever is lost on the way is sent again under the same key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import connectors, outbox
from cases.access import Grant
from cases.actions import connector_queue
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    WrongMove,
    lock_open_case,
    move_or_refuse,
    require_status,
    write_event,
)
from cases.actions.freezes import steps
from cases.actions.freezes.actor import Actor, lock_for_system
from cases.actions.freezes.rules import freeze_in
from cases.connectors import Said, is_configured
from cases.models import CallKind, Case, ChecklistItem, ChecklistTick, ConnectorCall, FreezeOrder
from cases.permissions import Permission
from cases.status import CallStatus, FreezeStatus

log = structlog.get_logger(__name__)
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
# A hold that may not be set yet (its order is not accepted) is looked at again this often.
HELD_BACK = timedelta(minutes=1)
_MARGIN = timedelta(seconds=30)
_GONE = frozenset({FreezeStatus.REJECTED, FreezeStatus.CANCELLED, FreezeStatus.WRONG_TARGET_REVERSED})


@dataclass(frozen=True, slots=True)
class Taken:
    """A call under a worker's lease; `attempt` is which one this is."""

    pk: int
    key: str
    body: bytes
    attempt: int


def wait_after(attempt: int) -> timedelta:
    """How long to wait after this many tries: 5 s, 10 s, 20 s … at most an hour."""
    return min(FIRST_WAIT * (1 << min(attempt - 1, 12)), LONGEST_WAIT)


def send_calls(*, now: Callable[[], datetime], limit: int = 20) -> int:
    """Send what is due, one after the other; returns how many were sent. Any number of workers may do this at once."""
    if not is_configured():
        return 0
    due = ConnectorCall.objects.filter(next_at__lte=now()).order_by("next_at", "id")
    sent = 0
    for call_id, case_id in list(due.values_list("pk", "case_id")[:limit]):
        taken = begin_call(call_id=call_id, case_id=case_id, at=now())
        if taken is None:
            continue
        said = connectors.send(key=taken.key, body=taken.body, at=now())
        finish_call(taken=taken, said=said, case_id=case_id, at=now())
        sent += 1
    return sent


@transaction.atomic
def begin_call(*, call_id: int, case_id: int, at: datetime) -> Taken | None:
    """Take a lease on a call, if it is due and its reason still stands; the hold counts as being set from here on."""
    case = lock_for_system(case_id, at=at)
    call = locked_call(call_id)
    under_way = call.status in {CallStatus.QUEUED, CallStatus.SENT}
    if not under_way or call.next_at is None or call.next_at > at:
        return None
    actor = Actor(case)
    freeze = call.freeze
    if call.kind == CallKind.FREEZE:
        useless = _useless(freeze)
        if useless:
            _give_up(actor, call, useless, at=at)
            return None
        if freeze.status in {FreezeStatus.APPROVED, FreezeStatus.APPLY_FAILED}:
            try:
                with transaction.atomic():
                    steps.begin(actor, freeze, at=at)
            except ActionError as error:
                call.last_error, call.next_at = str(error.message)[:500], at + HELD_BACK
                call.save(update_fields=["last_error", "next_at"])
                return None
    if call.status == CallStatus.QUEUED:
        move_or_refuse(call, CallStatus.SENT)
    call.attempts += 1
    call.sent_at = call.sent_at or at
    call.next_at = at + timedelta(seconds=2 * settings.CONNECTOR_TIMEOUT_SECONDS) + _MARGIN
    call.save(update_fields=["status", "attempts", "sent_at", "next_at"])
    if call.attempts == 1:
        write_call(actor, call, action="connector.sent", at=at)
    return Taken(call.pk, str(call.key), call.body.encode(), call.attempts)


@transaction.atomic
def finish_call(*, taken: Taken, said: Said, case_id: int, at: datetime) -> None:
    """What came of sending. An answer that comes behind the report, or behind another worker's try, changes nothing."""
    case = lock_for_system(case_id, at=at)
    call = locked_call(taken.pk)
    if call.status != CallStatus.SENT or call.attempts != taken.attempt:
        return
    actor = Actor(case)
    if said.outcome == "accepted":
        move_or_refuse(call, CallStatus.ACCEPTED)
        call.answered_at, call.next_at, call.last_error = at, None, ""
        call.save(update_fields=["status", "answered_at", "next_at", "last_error"])
        write_call(actor, call, action="connector.accepted", at=at)
        return
    call.last_error = said.words[:500]
    if said.outcome == "refused":
        set_failed(actor, call, at=at, words=call.last_error)
    # Each round of tries ends after so many; a person may ask for another round.
    elif call.attempts % settings.CONNECTOR_ATTEMPTS == 0:
        _give_up(actor, call, call.last_error, at=at)
    else:
        move_or_refuse(call, CallStatus.QUEUED)
        call.next_at = at + wait_after(call.attempts % settings.CONNECTOR_ATTEMPTS)
        call.save(update_fields=["status", "next_at", "last_error"])
        log.info("connector_silent", call=call.pk, attempt=call.attempts, words=call.last_error)


def set_failed(actor: Actor, call: ConnectorCall, *, at: datetime, words: str) -> None:
    """The exchange's own system said no to a locked call; a hold that was being set was not set then."""
    move_or_refuse(call, CallStatus.FAILED)
    call.ended_at, call.next_at, call.last_error = at, None, words[:500]
    call.save(update_fields=["status", "ended_at", "next_at", "last_error", "reference"])
    if call.kind == CallKind.FREEZE and call.freeze.status == FreezeStatus.APPLYING:
        reason = words.strip() or str(_("The exchange's own system gave no reason."))
        steps.set_apply_failed(actor, call.freeze, at=at, reason=reason)
    write_call(actor, call, action="connector.failed", at=at, reason=words)


def _useless(freeze: FreezeOrder) -> str:
    if freeze.status in _GONE:
        return str(_("The freeze has ended before it was sent."))
    waiting = {FreezeStatus.APPROVED, FreezeStatus.APPLYING, FreezeStatus.APPLY_FAILED}
    return "" if freeze.status in waiting else str(_("The hold was set by hand meanwhile."))


def _give_up(actor: Actor, call: ConnectorCall, words: str, *, at: datetime) -> None:
    move_or_refuse(call, CallStatus.GIVEN_UP)
    call.next_at, call.last_error = None, words[:500]
    call.save(update_fields=["status", "next_at", "last_error"])
    write_call(actor, call, action="connector.given_up", at=at, reason=words)


def locked_call(call_id: int) -> ConnectorCall:
    """The call, locked behind its freeze."""
    freeze_id = ConnectorCall.objects.values_list("freeze_id", flat=True).get(pk=call_id)
    freeze = FreezeOrder.objects.select_for_update().get(pk=freeze_id)
    call = ConnectorCall.objects.select_for_update(of=("self",)).get(pk=call_id)
    call.freeze = freeze
    return call


def write_call(actor: Actor, call: ConnectorCall, *, action: str, at: datetime, **words: object) -> None:
    actor.write(
        action=action,
        at=at,
        number=call.freeze.number,
        details={"call": call.number, "what": str(call.kind), "key": str(call.key), **words},
    )


# ── What a person does ────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def retry_call(*, grant: Grant, at: datetime, number: int, reason: str) -> ConnectorCall:
    """Ask again: under the same key where nobody answered, by a new call where the answer was no."""
    grant.require(Permission.FREEZE_APPLY)
    case = lock_open_case(grant, at=at)
    call = _call_in(case, number)
    if not reason.strip():
        raise ActionError(_("Say why it is asked again."), field="reason")
    _require_connector()
    if call.status == CallStatus.FAILED:
        if ConnectorCall.objects.filter(retries=call).exists():
            raise WrongMove(_("This was asked again already."))
        found = connector_queue.ask_again(call, at=at, by=grant.user)
    else:
        if call.status not in {CallStatus.GIVEN_UP, CallStatus.ACCEPTED}:
            raise WrongMove(_("This call is under way, or done."))
        move_or_refuse(call, CallStatus.QUEUED)
        call.next_at = at
        call.save(update_fields=["status", "next_at"])
        outbox.put(task=connector_queue.CALL, at=at)
        found = call
    write_event(
        grant,
        action="connector.retried",
        at=at,
        kind="freeze",
        number=call.freeze.number,
        details={
            "call": found.number,
            "what": str(found.kind),
            "key": str(found.key),
            "reason": reason.strip(),
        },
    )
    return found


@transaction.atomic
def ask_for_status(*, grant: Grant, at: datetime, number: int) -> ConnectorCall:
    """Ask the exchange's own system how a hold stands there, and what the account holds."""
    grant.require(Permission.FREEZE_APPLY)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    _require_connector()
    if freeze.approved_at is None:
        require_status(freeze, FreezeStatus.APPROVED)
    call = connector_queue.ask_status(freeze, at=at, by=grant.user)
    if call is None:
        raise RuntimeError("no connector is configured")
    write_event(
        grant,
        action="connector.status_asked",
        at=at,
        kind="freeze",
        number=number,
        details={"call": call.number, "key": str(call.key)},
    )
    return call


@transaction.atomic
def tick_item(*, grant: Grant, at: datetime, number: int, item: str, note: str = "") -> ChecklistTick:
    """Say that one item of the checklist was done for a hold that is set by hand. Ticked once in each try; it stands."""
    grant.require(Permission.FREEZE_APPLY)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    require_status(freeze, FreezeStatus.APPLYING)
    if item not in ChecklistItem.values:
        raise ActionError(_("The checklist has no such item."), field="item")
    if ChecklistTick.objects.filter(freeze=freeze, item=item, attempt=freeze.attempts).exists():
        raise ActionError(_("This item is ticked already."), field="item")
    tick = ChecklistTick.objects.create(
        freeze=freeze,
        attempt=freeze.attempts,
        item=item,
        note=note.strip(),
        ticked_at=at,
        ticked_by=grant.user,
    )
    write_event(
        grant,
        action="freeze.item_ticked",
        at=at,
        kind="freeze",
        number=number,
        details={"item": item, "note": tick.note, "attempt": tick.attempt},
    )
    return tick


def _call_in(case: Case, number: int) -> ConnectorCall:
    found = ConnectorCall.objects.of(case).filter(number=number).first()
    if found is None:
        raise NoSuchItem(_("The case has no such call."))
    return locked_call(found.pk)


def _require_connector() -> None:
    if not is_configured():
        raise ActionError(_("No connector is set up: the hold is set by hand."))
