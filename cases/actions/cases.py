"""Opening a case and keeping it."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant, require_global
from cases.actions.base import (
    ActionError,
    WrongMove,
    change_fields,
    event_value,
    lock_case,
    lock_open_case,
    move_or_refuse,
    next_number,
    write_event,
)
from cases.actions.closing import CLOSING_FIELDS, clear_closing
from cases.actions.orders.sealing import leave_sealed_orders
from cases.actions.wallets import watch_wallets
from cases.audit.record import open_stream, record
from cases.models import Case, CaseTag, Membership, Note
from cases.people.models import User
from cases.permissions import CASEWORK_ROLES, GlobalPermission, Permission
from cases.queries.handover import holds_work
from cases.status import CaseStatus

EDITABLE = ("title", "summary", "typology", "classification")


@transaction.atomic
def open_case(
    *,
    by: User,
    at: datetime,
    title: str,
    typology: str,
    classification: str,
    summary: str = "",
    tags: Iterable[str] = (),
    fictional_notice: str = "",
) -> Case:
    """A new case, led by who opens it. Raises Denied for a role that opens none."""
    require_global(by, GlobalPermission.OPEN_CASE)
    if not title.strip():
        raise ActionError(_("Give the case a title."), field="title")
    stream = open_stream("case")
    case = Case.objects.create(
        title=title.strip(),
        summary=summary.strip(),
        typology=typology,
        classification=classification,
        lead=by,
        fictional_notice=fictional_notice,
        opened_at=at,
        opened_by=by,
        touched_at=at,
        stream=stream,
    )
    Membership.objects.create(case=case, user=by, added_at=at, added_by=by)
    names = clean_tags(tags)
    CaseTag.objects.bulk_create([CaseTag(case=case, name=name) for name in names])
    record(
        stream_id=stream.pk,
        stream_uuid=stream.uuid,
        action="case.opened",
        actor=by,
        occurred_at=at,
        details={
            "reference": case.reference,
            "title": case.title,
            "typology": typology,
            "classification": classification,
            "lead": event_value(by),
            "tags": names,
        },
    )
    return case


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Tags in lower case, trimmed, each once, in order. Raises ActionError for one that is too long."""
    names: dict[str, None] = {}
    for tag in tags:
        name = " ".join(tag.lower().split())
        if len(name) > 40:
            raise ActionError(_("A tag has at most 40 characters."), field="tags")
        if name:
            names[name] = None
    return list(names)


@transaction.atomic
def edit_case(*, grant: Grant, at: datetime, **changes: str) -> Case:
    """Change title, summary, typology or classification; the event holds old and new."""
    grant.require(Permission.EDIT)
    case = lock_open_case(grant, at=at)
    unknown = set(changes) - set(EDITABLE)
    if unknown:
        raise TypeError(f"not editable: {sorted(unknown)}")
    if "title" in changes and not changes["title"].strip():
        raise ActionError(_("Give the case a title."), field="title")
    changed = change_fields(case, {name: value.strip() for name, value in changes.items()})
    if changed:
        write_event(grant, action="case.edited", at=at, details={"changes": changed})
    return case


@transaction.atomic
def set_tags(*, grant: Grant, at: datetime, tags: Iterable[str]) -> list[str]:
    """Replace the tags of the case."""
    grant.require(Permission.EDIT)
    case = lock_open_case(grant, at=at)
    wanted = clean_tags(tags)
    present = list(CaseTag.objects.filter(case=case).order_by("name").values_list("name", flat=True))
    if set(wanted) == set(present):
        return wanted
    CaseTag.objects.filter(case=case).exclude(name__in=wanted).delete()
    CaseTag.objects.bulk_create([CaseTag(case=case, name=name) for name in wanted if name not in present])
    write_event(grant, action="case.tagged", at=at, details={"changes": {"tags": [present, sorted(wanted)]}})
    return wanted


@transaction.atomic
def move_case(*, grant: Grant, at: datetime, to: str, reason: str = "") -> Case:
    """Move the case by its table, but for its closing, which two persons do (actions.closing).

    A re-opened case has its wallets looked at again; that it was closed, and by whom, stands in the record.
    """
    grant.require(Permission.MOVE)
    case = lock_case(grant, at=at)
    if case.status == CaseStatus.CLOSING or to in {CaseStatus.CLOSING, CaseStatus.CLOSED}:
        raise WrongMove(_("One asks for the closing of a case, and somebody else decides on it."), field="to")
    source, target = move_or_refuse(case, to)
    fields = ["status"]
    if source == CaseStatus.CLOSED:
        if not reason.strip():
            raise ActionError(_("Say why the case is re-opened."), field="reason")
        case.disposition, case.closed_at, case.closed_by = "", None, None
        clear_closing(case)
        watch_wallets(case, at=at)
        fields += ["disposition", "closed_at", "closed_by", *CLOSING_FIELDS]
    case.save(update_fields=fields)
    write_event(
        grant,
        action="case.moved",
        at=at,
        details={"from": source, "to": target, "reason": reason.strip()},
    )
    return case


@transaction.atomic
def add_member(*, grant: Grant, at: datetime, user: User, reader: bool = False) -> Membership:
    """Let a colleague into the case, to work or only to read."""
    grant.require(Permission.MEMBERS)
    case = lock_case(grant, at=at)
    if not user.is_active or user.role not in CASEWORK_ROLES:
        raise ActionError(_("This person cannot be a member of a case."), field="user")
    current = Membership.objects.filter(case=case, user=user, ended_at__isnull=True).first()
    if current is not None:
        raise ActionError(_("This person is a member already."), field="user")
    membership = Membership.objects.create(
        case=case, user=user, reader=reader, added_at=at, added_by=grant.user
    )
    write_event(
        grant,
        action="member.added",
        at=at,
        details={"person": event_value(user), "role": user.role, "reader": reader},
    )
    return membership


@transaction.atomic
def end_membership(*, grant: Grant, at: datetime, user: User) -> Membership:
    """Take a colleague out of the case; the lead stays until somebody else leads."""
    grant.require(Permission.MEMBERS)
    case = lock_case(grant, at=at)
    membership = Membership.objects.filter(case=case, user=user, ended_at__isnull=True).first()
    if membership is None:
        raise ActionError(_("This person is not a member."), field="user")
    if case.lead_id == user.pk:
        raise ActionError(_("The lead cannot leave. Name another lead first."), field="user")
    if holds_work(user, case):
        raise ActionError(
            _("This person has tasks or duties in this case. Have them handed over first."), field="user"
        )
    leave_sealed_orders(grant, case=case, user=user, at=at)
    membership.ended_at, membership.ended_by = at, grant.user
    membership.save(update_fields=["ended_at", "ended_by"])
    write_event(grant, action="member.ended", at=at, details={"person": event_value(user)})
    return membership


@transaction.atomic
def change_lead(*, grant: Grant, at: datetime, user: User) -> Case:
    """Hand the lead to another full member."""
    grant.require(Permission.MEMBERS)
    case = lock_case(grant, at=at)
    may_work = user.is_active and user.role in CASEWORK_ROLES
    members = Membership.objects.filter(case=case, user=user, reader=False, ended_at__isnull=True)
    if not (may_work and members.exists()):
        raise ActionError(_("Only a member who may work in the case can lead it."), field="user")
    changed = change_fields(case, {"lead": user})
    if changed:
        write_event(grant, action="case.lead_changed", at=at, details={"changes": changed})
    return case


@transaction.atomic
def write_note(*, grant: Grant, at: datetime, text: str) -> Note:
    """Add a note; it is not edited afterwards."""
    grant.require(Permission.NOTE)
    case = lock_case(grant, at=at)
    if not text.strip():
        raise ActionError(_("Write something first."), field="text")
    note = Note.objects.create(
        case=case, number=next_number(Note, case), text=text.strip(), written_at=at, written_by=grant.user
    )
    write_event(
        grant, action="note.written", at=at, kind="note", number=note.number, details={"text": note.text}
    )
    return note
