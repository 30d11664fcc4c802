"""Authorities and how they are reached: kept apart from any paper, each contact with where it was found."""

from datetime import datetime
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_domain_name, validate_email
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from cases.access import require_global
from cases.actions.base import ActionError, change_fields
from cases.audit.record import record_system
from cases.models import Authority, AuthorityContact, ContactKind
from cases.people.models import User
from cases.permissions import GlobalPermission

LEAVE = GlobalPermission.AUTHORITY_CONTACTS


def authority_named(name: str, *, by: User) -> Authority | None:
    """The authority with this name, made where there is none; None for no name. Runs in the caller's transaction.

    The event of the order that names it tells of it: an authority that a sealed order brought is told of nowhere else.
    """
    plain = " ".join(name.split())
    if not plain:
        return None
    found = Authority.objects.filter(name__iexact=plain).first()
    if found is None:
        # Two orders at once: the constraint lets one of them write it.
        Authority.objects.bulk_create([Authority(name=plain, recorded_by=by)], ignore_conflicts=True)
        found = Authority.objects.get(name__iexact=plain)
    return found


@transaction.atomic
def keep_authority(
    *, by: User, at: datetime, name: str, jurisdiction: str = "", remarks: str = ""
) -> Authority:
    """Keep an authority by hand: one that no order named yet, or one that an order brought."""
    require_global(by, LEAVE)
    authority = authority_named(name, by=by)
    if authority is None:
        raise ActionError(_("Name the authority."), field="name")
    locked = Authority.objects.select_for_update().get(pk=authority.pk)
    if locked.is_kept:
        raise ActionError(_("This authority is kept already."), field="name")
    changes: dict[str, object] = {
        "is_kept": True,
        "jurisdiction": jurisdiction.strip(),
        "remarks": remarks.strip(),
    }
    change_fields(locked, changes)
    record_system(
        action="authority.kept",
        actor=by,
        occurred_at=at,
        details={"authority": locked.name, "jurisdiction": locked.jurisdiction, "remarks": locked.remarks},
    )
    return locked


@transaction.atomic
def edit_authority(
    *, by: User, at: datetime, authority: Authority, jurisdiction: str, remarks: str
) -> Authority:
    """Change what is kept of an authority beside its name."""
    require_global(by, LEAVE)
    locked = Authority.objects.select_for_update().get(pk=authority.pk)
    changed = change_fields(
        locked, {"jurisdiction": jurisdiction.strip(), "remarks": remarks.strip(), "is_kept": True}
    )
    changed.pop("is_kept", None)
    record_system(
        action="authority.edited",
        actor=by,
        occurred_at=at,
        details={"authority": locked.name, "changes": changed},
    )
    return locked


@transaction.atomic
def add_contact(
    *, by: User, at: datetime, authority: Authority, kind: str, value: str, source: str, person: str = ""
) -> AuthorityContact:
    """Keep a domain or a way to call back, with where it was found."""
    require_global(by, LEAVE)
    locked = Authority.objects.select_for_update().get(pk=authority.pk)
    plain = _contact_value(kind, value)
    if not source.strip():
        raise ActionError(_("Say where the contact was found."), field="source")
    live = AuthorityContact.objects.filter(authority=locked, ended_at__isnull=True)
    if live.filter(kind=kind, value=plain).exists():
        raise ActionError(_("This contact is kept already."), field="value")
    highest = AuthorityContact.objects.filter(authority=locked).aggregate(n=Max("number"))["n"]
    contact = AuthorityContact.objects.create(
        authority=locked,
        number=(highest or 0) + 1,
        kind=kind,
        value=plain,
        person=person.strip(),
        source=source.strip(),
        added_at=at,
        added_by=by,
    )
    change_fields(locked, {"is_kept": True})
    record_system(
        action="authority.contact_added",
        actor=by,
        occurred_at=at,
        details={
            "authority": locked.name,
            "contact": contact.number,
            "kind": kind,
            "value": plain,
            "person": contact.person,
            "source": contact.source,
        },
    )
    return contact


def _contact_value(kind: str, value: str) -> str:
    plain = " ".join(value.split())
    if kind not in ContactKind.values:
        raise ActionError(_("There is no such kind of contact."), field="kind")
    if not plain:
        raise ActionError(_("This is needed."), field="value")
    try:
        if kind == ContactKind.DOMAIN:
            plain = (urlsplit(plain).hostname or "" if "//" in plain else plain).lower().strip(".")
            validate_domain_name(plain)
        elif kind == ContactKind.EMAIL:
            plain = plain.lower()
            validate_email(plain)
    except (ValidationError, ValueError) as error:
        raise ActionError(_("This does not look right."), field="value") from error
    if kind == ContactKind.PHONE and sum(letter.isdigit() for letter in plain) < 3:
        raise ActionError(_("This does not look like a telephone number."), field="value")
    return plain


@transaction.atomic
def end_contact(*, by: User, at: datetime, contact: AuthorityContact, reason: str) -> AuthorityContact:
    """A contact that no longer counts; it stays on the page as one that did."""
    require_global(by, LEAVE)
    locked = AuthorityContact.objects.select_for_update().select_related("authority").get(pk=contact.pk)
    if locked.ended_at is not None:
        raise ActionError(_("This contact has ended already."))
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    locked.ended_at, locked.ended_by, locked.ended_reason = at, by, reason.strip()
    locked.save(update_fields=["ended_at", "ended_by", "ended_reason"])
    record_system(
        action="authority.contact_ended",
        actor=by,
        occurred_at=at,
        details={
            "authority": locked.authority.name,
            "contact": locked.number,
            "value": locked.value,
            "reason": locked.ended_reason,
        },
    )
    return locked
