"""Opening a case and keeping it."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant, require_global
from cases.actions.base import (
    ActionError,
    change_fields,
    event_value,
    lock_case,
    lock_open_case,
    move_or_refuse,
    next_number,
    write_event,
)
from cases.actions.wallets import unwatch_wallets, watch_wallets
from cases.audit.models import Stream
from cases.audit.record import record
from cases.models import Case, CaseTag, FreezeOrder, LegalOrder, Membership, Note, Obligation
from cases.people.models import User
from cases.permissions import CASEWORK_ROLES, GlobalPermission, Permission
from cases.status import (
    FREEZE_FINAL,
    OBLIGATION_FINAL,
    ORDER_FINAL,
    CaseStatus,
    Disposition,
    OrderStatus,
)

ORDER_DONE = ORDER_FINAL | {str(OrderStatus.COMPLIED)}
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
    stream = Stream.objects.create(kind="case")
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
def move_case(*, grant: Grant, at: datetime, to: str, disposition: str = "", reason: str = "") -> Case:
    """Move the case by its table. Closing needs a disposition, no standing freeze and no open duty.

    A closed case has its wallets looked at seldom or never: each look tells a chain's operator whom one investigates.
    """
    grant.require(Permission.MOVE)
    case = lock_case(grant, at=at)
    source, target = move_or_refuse(case, to)
    fields = ["status"]
    if target == CaseStatus.CLOSED:
        if disposition not in Disposition.values:
            raise ActionError(_("Say how the case ends: choose a disposition."), field="disposition")
        refuse_while_unfinished(case)
        case.disposition, case.closed_at, case.closed_by = disposition, at, grant.user
        unwatch_wallets(case, at=at)
        fields += ["disposition", "closed_at", "closed_by"]
    elif source == CaseStatus.CLOSED:
        if not reason.strip():
            raise ActionError(_("Say why the case is re-opened."), field="reason")
        case.disposition, case.closed_at, case.closed_by = "", None, None
        watch_wallets(case, at=at)
        fields += ["disposition", "closed_at", "closed_by"]
    case.save(update_fields=fields)
    write_event(
        grant,
        action="case.moved",
        at=at,
        details={"from": source, "to": target, "disposition": disposition, "reason": reason.strip()},
    )
    return case


def refuse_while_unfinished(case: Case) -> None:
    """A case with a freeze that has not ended, a duty that is open or an order that is undecided does not close."""
    if FreezeOrder.objects.filter(case=case).exclude(status__in=FREEZE_FINAL).exists():
        raise ActionError(_("A freeze in this case has not ended. End it before closing."), field="to")
    if Obligation.objects.filter(case=case).exclude(status__in=OBLIGATION_FINAL).exists():
        raise ActionError(_("A duty under an order in this case is open. End it before closing."), field="to")
    # An order may name no duty: it is still to be answered.
    if LegalOrder.objects.filter(case=case).exclude(status__in=ORDER_DONE).exists():
        raise ActionError(_("A legal order in this case is not answered. End it before closing."), field="to")


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
