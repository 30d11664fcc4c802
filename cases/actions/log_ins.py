"""Who came in, by which ways, who failed to, and what each changed about how she comes in.

allauth does the work and calls these from its seams (`cases.entrance`); each writes one event into the installation's
own stream, in the transaction of what it tells of. The person is the event's object, so that what concerns her is found
by her also where she is not the one who acted.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from cases.actions.base import event_value
from cases.audit.record import record_system
from cases.models.refusals import Told
from cases.people.models import User
from cases.refusals import network_of, tell_or_count


def person_named(email: str) -> User | None:
    """Whose e-mail was typed; None where it is nobody's."""
    return User.objects.filter(email__iexact=email.strip()[:254]).first() if email.strip() else None


@transaction.atomic
def tell_log_in(*, by: User, at: datetime, ways: Sequence[str], session: str) -> None:
    """She is in. `ways`: password, totp, recovery_codes, webauthn, password_reset, in the order in which she showed
    them. `session`: the digest under which later events name her session."""
    record_system(
        action="login.done",
        actor=by,
        occurred_at=at,
        object_kind="person",
        object_number=by.pk,
        details={"person": event_value(by), "ways": [*ways], "session": session},
    )


@transaction.atomic
def tell_log_out(*, by: User, at: datetime) -> None:
    """She ended her session."""
    record_system(
        action="login.ended",
        actor=by,
        occurred_at=at,
        object_kind="person",
        object_number=by.pk,
        details={"person": event_value(by)},
    )


@transaction.atomic
def tell_failed_log_in(
    *, by: User | None, at: datetime, address: str, person: User | None, way: str, why: str
) -> bool:
    """Somebody showed what does not fit; True where it was told, False where it was counted.

    `by` is who is signed in already and was asked again. `person` is whose account it was; None where the e-mail is
    nobody's: it is not kept then, since people type passwords into the wrong field. `way`: password, code, webauthn.
    `why`: wrong, or too_many where the rate limit refused to look.
    """

    def tell() -> None:
        record_system(
            action="login.failed",
            actor=by,
            occurred_at=at,
            object_kind="" if person is None else "person",
            object_number=None if person is None else person.pk,
            details={
                "person": event_value(person),
                "active": None if person is None else person.is_active,
                "way": way,
                "why": why,
            },
        )

    return tell_or_count(kind=Told.LOG_IN, whose=network_of(address), at=at, tell=tell)


@transaction.atomic
def tell_reset_asked(*, by: User | None, at: datetime, address: str, person: User | None) -> bool:
    """Somebody asked for a new password; None where the e-mail is nobody's. Beyond the limit it is counted."""

    def tell() -> None:
        record_system(
            action="person.password_reset_asked",
            actor=by,
            occurred_at=at,
            object_kind="" if person is None else "person",
            object_number=None if person is None else person.pk,
            details={"person": event_value(person)},
        )

    return tell_or_count(kind=Told.RESET, whose=network_of(address), at=at, tell=tell)


@transaction.atomic
def tell_codes_viewed(*, by: User, at: datetime, saved: bool) -> None:
    """She looked at her recovery codes, or saved them as a file."""
    record_system(
        action="person.recovery_codes_viewed",
        actor=by,
        occurred_at=at,
        object_kind="person",
        object_number=by.pk,
        details={"person": event_value(by), "saved": saved},
    )


@transaction.atomic
def tell_passkey_renamed(*, by: User, at: datetime) -> None:
    """She gave one of her passkeys another name."""
    record_system(
        action="person.passkey_renamed",
        actor=by,
        occurred_at=at,
        object_kind="person",
        object_number=by.pk,
        details={"person": event_value(by)},
    )
