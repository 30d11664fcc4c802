"""Nothing expires silently: duties become overdue, reminders go out once each, however many workers run.

A beat looks for steps whose moment has come and writes each under the lock on its case: the ledger's constraint lets it
be written once. What a worker that was away did not send goes out when it is back, marked as late.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import DatabaseError, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import outbox
from cases.access import may_know
from cases.actions.base import NoSuchItem, event_value, move_or_refuse
from cases.audit.record import record, record_system
from cases.models import CalendarFeed, Case, Notice, Obligation, Reminder, ReminderKind, Told
from cases.models.orders import TERM_KINDS
from cases.models.reminders import STEP_WORDS, feed_digest, new_feed_secret
from cases.people.models import User
from cases.queries import reminders as queries
from cases.queries.reminders import Subject
from cases.refusals import network_of, tell_or_count
from cases.reminding import AUDIENCE, Rung, Step, is_late, ripe
from cases.status import ObligationStatus

logger = logging.getLogger(__name__)

ROUND: Final = timedelta(seconds=40)
MAIL_TASK: Final = "cases.mail_notices"
MAIL_TRIES: Final = 12
Clock = Callable[[], datetime]

# What an event about the reminder concerns.
_CONCERNS: Final = {
    ReminderKind.OBLIGATION: "obligation",
    ReminderKind.TERM: "obligation",
    ReminderKind.ORDER_DUE: "order",
    ReminderKind.ORDER_ENDS: "order",
    ReminderKind.HOLD: "freeze",
    ReminderKind.FREEZE_ENDS: "freeze",
    ReminderKind.TASK: "task",
}


# ── Overdue ───────────────────────────────────────────────────────────────────────────────────────────────
def mark_overdue(*, now: Clock) -> int:
    """Every duty whose moment has passed is overdue; returns how many became so."""
    moved, begun = 0, now()
    late = Obligation.objects.filter(
        status__in=[ObligationStatus.OPEN, ObligationStatus.IN_PROGRESS], due_at__lte=begun
    ).exclude(kind__in=TERM_KINDS)
    for pk in late.order_by("due_at", "id").values_list("pk", flat=True).iterator(chunk_size=500):
        if (at := now()) > begun + ROUND:
            break
        moved += become_overdue(obligation_id=pk, at=at)
    return moved


@transaction.atomic
def become_overdue(*, obligation_id: int, at: datetime) -> bool:
    """One duty becomes overdue, once however often this is done. Nobody acts here: the clock does."""
    case_id = Obligation.objects.values_list("case_id", flat=True).get(pk=obligation_id)
    case = Case.objects.select_for_update(no_key=True, of=("self",)).select_related("stream").get(pk=case_id)
    duty = Obligation.objects.select_for_update().get(pk=obligation_id)
    waits = duty.status in {ObligationStatus.OPEN, ObligationStatus.IN_PROGRESS}
    if not waits or duty.kind in TERM_KINDS or duty.due_at is None or duty.due_at > at:
        return False
    source, target = move_or_refuse(duty, ObligationStatus.OVERDUE)
    duty.save(update_fields=["status"])
    record(
        stream_id=case.stream_id,
        stream_uuid=case.stream.uuid,
        action="obligation.overdue",
        actor=None,
        occurred_at=at,
        object_kind="obligation",
        object_number=duty.number,
        details={"kind": duty.kind, "from": source, "to": target, "due_at": event_value(duty.due_at)},
    )
    return True


# ── Sending ───────────────────────────────────────────────────────────────────────────────────────────────
def remind(*, now: Clock) -> int:
    """Send every step whose moment has come; returns how many went out."""
    sent, begun = 0, now()
    subjects = queries.running(at=begun)
    known = queries.steps_sent(subjects)
    for subject in subjects:
        done = known.get((subject.case_id, subject.kind, subject.number, subject.due_at), set())
        for rung in ripe(subject.ladder, at=begun):
            if str(rung.step) in done:
                continue
            if (at := now()) > begun + ROUND:
                return sent
            try:
                sent += send_step(subject=subject, rung=rung, at=at)
            except (DatabaseError, LookupError, RuntimeError, TypeError, ValueError):
                # One clock's slip must not keep the others from being told.
                logger.exception("a reminder of %s %s could not be sent", subject.kind, subject.number)
    return sent


@transaction.atomic
def send_step(*, subject: Subject, rung: Rung, at: datetime) -> bool:
    """Write one step into the ledger and tell whom it reaches now, once however often this is done."""
    case = (
        Case.objects.select_for_update(no_key=True, of=("self",))
        .select_related("stream")
        .get(pk=subject.case_id)
    )
    # As it stands under the lock: done, extended or ended since it was seen, there is nothing to be told.
    current = queries.running(at=at, one=(subject.case_id, subject.kind, subject.number))
    if not current or current[0].due_at != subject.due_at:
        return False
    found = current[0]
    if rung not in found.ladder:
        return False
    told_before = Reminder.objects.filter(
        case=case, kind=found.kind, number=found.number, due_at=found.due_at, step=str(rung.step)
    )
    if told_before.exists():
        return False
    reminder = Reminder.objects.create(
        case=case,
        order_id=found.order_id,
        kind=found.kind,
        number=found.number,
        due_at=found.due_at,
        step=str(rung.step),
        wanted_at=rung.at,
        sent_at=at,
        late=is_late(rung, at=at),
    )
    people = queries.reached(found, AUDIENCE[rung.step])
    Notice.objects.bulk_create(
        Notice(user=user, reminder=reminder, told_at=at, mail_at=at) for user in people
    )
    if people:
        outbox.put(task=MAIL_TASK, at=at)
    else:
        logger.error("a reminder in case %s reached nobody", case.reference)
    record(
        stream_id=case.stream_id,
        stream_uuid=case.stream.uuid,
        action="reminder.sent",
        actor=None,
        occurred_at=at,
        object_kind=_CONCERNS[ReminderKind(found.kind)],
        object_number=found.number,
        details={
            "about": found.kind,
            "step": str(rung.step),
            "due_at": event_value(found.due_at),
            "late": reminder.late,
            "told": [event_value(user) for user in people],
        },
    )
    return True


# ── Mail ──────────────────────────────────────────────────────────────────────────────────────────────────
def mail_notices(*, now: Clock) -> int:
    """Mail what was told and not mailed yet; returns how many mails went out."""
    sent, begun = 0, now()
    while (at := now()) < begun + ROUND and (outcome := mail_one(at=at)) is not None:
        sent += outcome
    return sent


@transaction.atomic
def mail_one(*, at: datetime) -> bool | None:
    """The mail that waits longest; None when none does. Whether its reader may know of it is asked again first."""
    notice = (
        Notice.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("user", "reminder__case", "reminder__order")
        .filter(mail_at__lte=at)
        .order_by("mail_at", "id")
        .first()
    )
    if notice is None:
        return None
    notice.mail_tries += 1
    if not _may_be_mailed(notice):
        notice.mail_at, notice.mail_error = None, "may not know of it any more"
        notice.save(update_fields=["mail_at", "mail_error", "mail_tries"])
        return False
    try:
        EmailMessage(
            _subject(notice),
            _body(notice),
            to=[notice.user.email],
            # A worker that dies between the mail server's yes and its own commit sends again: the reader's program then
            # knows the second for the first.
            headers={"Message-ID": f"<notice-{notice.public_id}@holdfast.invalid>"},
        ).send()
    except OSError as error:
        # Refused connections, time-outs and what a mail server answers are all OSErrors.
        wait = timedelta(seconds=min(3600, 30 * 2**notice.mail_tries))
        notice.mail_at = at + wait if notice.mail_tries < MAIL_TRIES else None
        notice.mail_error = str(error)[:200] or type(error).__name__
        notice.save(update_fields=["mail_at", "mail_error", "mail_tries"])
        return False
    notice.mailed_at, notice.mail_at, notice.mail_error = at, None, ""
    notice.save(update_fields=["mailed_at", "mail_at", "mail_error", "mail_tries"])
    return True


def _may_be_mailed(notice: Notice) -> bool:
    user, reminder = notice.user, notice.reminder
    if not user.is_active or not user.email:
        return False
    if reminder.order is not None:
        return may_know(user, reminder.order)
    return Case.objects.visible_to(user).filter(pk=reminder.case_id).exists()


def _subject(notice: Notice) -> str:
    with translation.override(settings.LANGUAGE_CODE):
        return _("Holdfast: a clock runs in case %(case)s") % {"case": notice.reminder.case.reference}


def _body(notice: Notice) -> str:
    """No names, no amounts, no words of the case: mail is read on the way. Of a sealed order not even what it is."""
    reminder = notice.reminder
    sealed = reminder.order is not None and reminder.order.sealed
    with translation.override(settings.LANGUAGE_CODE):
        if sealed:
            what = _("Something in case %(case)s needs you.") % {"case": reminder.case.reference}
        else:
            what = _("%(kind)s (number %(number)s): %(step)s.") % {
                "kind": ReminderKind(reminder.kind).label,
                "number": reminder.number,
                "step": STEP_WORDS[Step(reminder.step)],
            }
        lines = [
            what,
            _("Its moment: %(due)s UTC.") % {"due": f"{reminder.due_at:%Y-%m-%d %H:%M}"},
            *([_("This reminder is late: the system was away.")] if reminder.late else []),
            f"{settings.PUBLIC_URL}/notices/",
        ]
        return "\n".join(str(line) for line in lines)


# ── A person's own ────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def read_notices(*, by: User, at: datetime, notice: UUID | str | None = None) -> int:
    """Take note of one notice (by its public ID) or of all; returns how many. A person's own, without an event."""
    mine = Notice.objects.filter(user=by, read_at__isnull=True)
    if notice is not None:
        mine = mine.filter(public_id=notice)
        if not Notice.objects.filter(user=by, public_id=notice).exists():
            raise NoSuchItem(gettext_lazy("There is no such notice."))
    return mine.update(read_at=at)


@transaction.atomic
def create_feed(*, by: User, at: datetime) -> str:
    """A new secret calendar address; the old one ends. Returns the secret, which is not kept."""
    CalendarFeed.objects.select_for_update().filter(user=by, ended_at__isnull=True).update(ended_at=at)
    secret = new_feed_secret()
    CalendarFeed.objects.create(user=by, digest=feed_digest(secret), created_at=at)
    record_system(action="calendar.created", actor=by, occurred_at=at, details={})
    return secret


@transaction.atomic
def end_feed(*, by: User, at: datetime) -> None:
    """The calendar address answers no more."""
    live = CalendarFeed.objects.select_for_update().filter(user=by, ended_at__isnull=True)
    if not live.update(ended_at=at):
        raise NoSuchItem(gettext_lazy("There is no calendar address."))
    record_system(action="calendar.ended", actor=by, occurred_at=at, details={})


@transaction.atomic
def note_feed_read(*, by: User, at: datetime, address: str) -> bool:
    """Somebody read this person's calendar by its address; True where it was told. Each hour the first from an address
    is, and the others are counted: a calendar asks every few minutes."""

    def tell() -> None:
        record_system(
            action="calendar.read",
            actor=None,
            occurred_at=at,
            object_kind="person",
            object_number=by.pk,
            details={"person": event_value(by), "address": address},
        )

    return tell_or_count(kind=Told.CALENDAR, whose=f"{by.public_id} {network_of(address)}", at=at, tell=tell)
