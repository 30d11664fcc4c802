"""Instruments as data: a change is a further version; what was recorded under an earlier one keeps it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from cases.access import require_global
from cases.actions.base import ActionError
from cases.audit.record import record_system
from cases.models import InstrumentType, ObligationKind, RuleConfidence
from cases.models.instruments import NEEDABLE, ensured_type
from cases.people.models import User
from cases.permissions import GlobalPermission

LEAVE = GlobalPermission.RULES
_KEY = re.compile(r"[a-z][a-z0-9_]{1,29}", re.ASCII)


@transaction.atomic
def add_instrument(*, by: User, at: datetime, key: str, **facts: Any) -> InstrumentType:
    """Write the first version of an instrument that was not known; `facts` as `change_instrument` takes them."""
    require_global(by, LEAVE)
    if ensured_type(key) is not None:
        raise ActionError(_("There is an instrument with this key already: change it."), field="key")
    return change_instrument(by=by, at=at, key=key, **facts)


@transaction.atomic
def change_instrument(
    *,
    by: User,
    at: datetime,
    key: str,
    label: str,
    permits: Sequence[str],
    source: str,
    confidence: str,
    reason: str,
    needs: Sequence[str] = (),
    clocks: Mapping[str, Sequence[str]] | None = None,
    terms: str = "",
    is_informal: bool = False,
    is_emergency: bool = False,
    is_retired: bool = False,
) -> InstrumentType:
    """Write the next version of an instrument, or the first of one that was not known. The newest counts."""
    require_global(by, LEAVE)
    # `add` is the address of the page on which one is added.
    if not _KEY.fullmatch(key) or key == "add":
        raise ActionError(
            _("A key has 2 to 30 small letters, digits and underscores, and begins with a letter."),
            field="key",
        )
    for field, value in {"label": label, "source": source, "reason": reason}.items():
        if not value.strip():
            raise ActionError(_("This is needed."), field=field)
    wanted = [kind for kind in ObligationKind.values if kind in set(permits)]
    if not wanted or set(permits) - set(wanted):
        raise ActionError(_("Choose what the instrument permits."), field="permits")
    if set(needs) - set(NEEDABLE):
        raise ActionError(_("An instrument cannot ask for this."), field="needs")
    if confidence not in RuleConfidence.values:
        raise ActionError(_("Say how well the source was read."), field="confidence")
    rules = {kind: [str(rule) for rule in keys] for kind, keys in (clocks or {}).items() if keys}
    if set(rules) - set(wanted):
        raise ActionError(_("A clock belongs to a duty that the instrument permits."), field="clocks")
    with connection.cursor() as cursor:
        # One at a time per key, whether or not it has a row to lock.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"instrument:{key}"])
    before = ensured_type(key)
    after = InstrumentType(
        key=key,
        version=1 if before is None else before.version + 1,
        label=label.strip(),
        permits=wanted,
        needs=[need for need in NEEDABLE if need in set(needs)],
        clocks=rules,
        terms=terms.strip(),
        is_informal=is_informal,
        is_emergency=is_emergency,
        is_retired=is_retired,
        source=source.strip(),
        confidence=confidence,
        reason=reason.strip(),
        changed_at=at,
        changed_by=by,
    )
    changes = _changes(before, after)
    if before is not None and not changes:
        raise ActionError(_("Nothing was changed."))
    after.save(force_insert=True)
    record_system(
        action="instrument.changed",
        actor=by,
        occurred_at=at,
        details={
            "key": key,
            "label": after.label,
            "version": after.version,
            "changes": changes,
            "reason": after.reason,
        },
    )
    return after


_COMPARED = (
    "label",
    "permits",
    "needs",
    "clocks",
    "terms",
    "is_informal",
    "is_emergency",
    "is_retired",
    "source",
    "confidence",
)


def _changes(before: InstrumentType | None, after: InstrumentType) -> dict[str, object]:
    changes: dict[str, object] = {}
    for field in _COMPARED:
        old, new = None if before is None else getattr(before, field), getattr(after, field)
        if old != new:
            changes[field] = [old, new]
    return changes
