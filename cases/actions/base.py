"""What the actions share: their error, the lock on a case, the event at the end."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from django.db import models
from django.db.models import Max
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.access import Grant, MatterGrant
from cases.audit.models import Event
from cases.audit.record import record, utc_text
from cases.models import Case, hidden_in
from cases.people.models import User
from cases.status import CaseStatus, HasStatus, IllegalMove, move


class Acting(Protocol):
    """Somebody who acts, or nobody: the exchange's own system, a chain, the clock."""

    @property
    def user(self) -> User | None: ...


class ActionError(Exception):
    """A rule refuses. `message` is for the person; `field` names the input it stands beside, if one does."""

    def __init__(self, message: str | Promise, *, field: str | None = None) -> None:
        super().__init__(str(message))
        self.message, self.field = message, field


class WrongMove(ActionError):
    """The status does not allow this now."""


class NoSuchItem(ActionError):
    """The case holds nothing under this number."""


class CaseClosed(WrongMove):
    """The case is closed: what stands in it changes only after it was re-opened."""


def lock_case(grant: Grant | MatterGrant, *, at: datetime) -> Case:
    """Lock the case for the rest of the transaction and mark it touched. Children are numbered under this lock."""
    case = Case.objects.select_for_update(no_key=True).get(pk=grant.case.pk)
    Case.objects.filter(pk=case.pk).update(
        touched_at=models.functions.Greatest("touched_at", models.Value(at))
    )
    if isinstance(grant, Grant):
        # Asked again under the lock: a seal that was put on since the door opened holds already.
        case.hidden_orders = hidden_in(case, grant.user)
    return case


def lock_open_case(grant: Grant, *, at: datetime) -> Case:
    """`lock_case`, for what a closed case no longer takes. Raises CaseClosed."""
    case = lock_case(grant, at=at)
    if case.status == CaseStatus.CLOSED:
        raise CaseClosed(_("The case is closed. Re-open it first."))
    return case


def next_number(model: type[models.Model], case: Case) -> int:
    """The next number in the case; call under `lock_case`."""
    highest = model._default_manager.filter(case=case).aggregate(highest=Max("number"))["highest"]
    return (highest or 0) + 1


def write_event(
    grant: Grant | MatterGrant,
    *,
    action: str,
    at: datetime,
    kind: str = "",
    number: int | None = None,
    details: Mapping[str, object] | None = None,
) -> Event:
    """The event of an action, written last."""
    case = grant.case
    return record(
        stream_id=case.stream_id,
        stream_uuid=case.stream.uuid,
        action=action,
        actor=grant.user,
        occurred_at=at,
        object_kind=kind,
        object_number=number,
        details=details,
    )


def move_or_refuse(row: HasStatus, target: str) -> tuple[str, str]:
    """`status.move`, with a sentence for the person where the table has no such move."""
    try:
        return move(row, target)
    except IllegalMove as error:
        raise _wrong(row) from error


def require_status(row: HasStatus, status: str) -> None:
    """For a step that another step's move would also allow. Raises WrongMove."""
    if row.status != status:
        raise _wrong(row)


def _wrong(row: HasStatus) -> WrongMove:
    return WrongMove(_("This cannot be done now: the status is “%(status)s”.") % {"status": _label(row)})


def _label(row: HasStatus) -> str:
    label = getattr(row, "get_status_display", None)
    return str(label()) if label is not None else row.status


def event_value(value: object) -> object:
    """A field's value as it stands in an event: integers as they are only where small, moments in UTC, else text."""
    from datetime import datetime as moment
    from decimal import Decimal

    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, moment):
        return utc_text(value)
    if isinstance(value, User):
        return {"id": str(value.public_id), "name": value.name}
    if isinstance(value, list | tuple):
        return [event_value(item) for item in value]
    if isinstance(value, models.Model):
        number = getattr(value, "number", None)
        return {"number": number, "text": str(value)} if number is not None else str(value)
    return str(value)


def change_fields(row: models.Model, changes: Mapping[str, object]) -> dict[str, object]:
    """Set the fields that differ, save them, and return `{field: [old, new]}` for the event (empty: no change)."""
    changed: dict[str, object] = {}
    for field, new in changes.items():
        old = getattr(row, field)
        if old != new:
            changed[field] = [event_value(old), event_value(new)]
            setattr(row, field, new)
    if changed:
        row.save(update_fields=[*changed])
    return changed
