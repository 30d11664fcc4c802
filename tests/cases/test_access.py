"""The doors: who gets in, for what, and that a refusal is recorded where it belongs."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from cases import access
from cases.access import Denied, NotFound
from cases.actions import cases, exports, people, shares
from cases.actions.base import event_value
from cases.audit.models import Event
from cases.models import Case
from cases.people.models import User
from cases.permissions import GlobalPermission, Permission, allows, of_member
from cases.references import new_reference
from tests.cases.actions.support import details_of, last_event, system_event
from tests.support.casework import Casework, make_person, moment

P, G = Permission, GlobalPermission

# Written out by hand, so that a slip in the product's own table is seen here.
DESK = {
    P.READ, P.NOTE, P.EDIT, P.MEMBERS, P.MOVE, P.WALLETS, P.ACCOUNTS, P.ORDERS, P.ORDER_VERIFY,
    P.FREEZE_PROPOSE, P.FREEZE_APPLY, P.SHARE, P.EXPORT, P.EVIDENCE, P.IDENTITY, P.TASKS,
}  # fmt: skip
MAY: dict[str, set[Permission]] = {
    "lead": DESK,
    "approver": DESK | {P.FREEZE_APPROVE, P.ORDER_DECIDE, P.EMERGENCY, P.CLOSE, P.RETENTION},
    "counsel": {
        P.READ, P.NOTE, P.ORDERS, P.ORDER_VERIFY, P.ORDER_DECIDE, P.SHARE, P.EXPORT, P.EVIDENCE, P.IDENTITY, P.MEMBERS,
        P.TASKS, P.RETENTION,
    },
    "reader": {P.READ},
    "auditor": {P.READ},
}  # fmt: skip
SEES_NOTHING = ["outsider", "liaison", "administrator"]
MAY_ANYWHERE: dict[str, set[GlobalPermission]] = {
    "investigator": {G.OPEN_CASE, G.SEARCH, G.RULES_READ, G.AUTHORITIES, G.AUTHORITY_CONTACTS},
    "approver": {G.OPEN_CASE, G.SEARCH, G.RULES_READ, G.RULES, G.AUTHORITIES, G.AUTHORITY_CONTACTS},
    "counsel": {G.SEARCH, G.RULES_READ, G.RULES, G.AUTHORITIES, G.AUTHORITY_CONTACTS},
    "auditor": {G.SEARCH, G.READ_ALL_CASES, G.SETTINGS, G.RULES_READ, G.AUTHORITIES, G.RECORD},
    "liaison": set(),
    "administrator": {G.PEOPLE, G.PRICES, G.SETTINGS, G.THRESHOLDS, G.RULES_READ, G.RULES, G.RECORD},
}


def who(casework: Casework, name: str) -> User:
    found: User = getattr(casework, name)
    return found


def outcome(open_door: Callable[[], object]) -> str:
    try:
        open_door()
    except NotFound:
        return "not found"
    except Denied:
        return "denied"
    return "open"


def test_the_door_opens_to_each_for_exactly_what_the_role_may(casework: Casework) -> None:
    for name, may in MAY.items():
        user = who(casework, name)
        for permission in Permission:
            door = outcome(lambda u=user, p=permission: access.case_for(u, casework.case.reference, p))
            assert door == ("open" if permission in may else "denied"), (name, permission)
        grant = casework.grant(P.READ, user)
        assert {permission for permission in Permission if grant.may(permission)} == may
        assert grant.reader is (name in {"reader", "auditor"})


def test_invisible_is_unknown(casework: Casework) -> None:
    unknown = new_reference()
    for name in [*SEES_NOTHING, *MAY]:
        for permission in Permission:
            user = who(casework, name)
            assert outcome(lambda u=user, p=permission: access.case_for(u, unknown, p)) == "not found"
            if name in SEES_NOTHING:
                reference = casework.case.reference
                door = outcome(lambda u=user, p=permission, r=reference: access.case_for(u, r, p))
                assert door == "not found", (name, permission)


def test_lists_start_where_the_door_would_open(casework: Casework) -> None:
    other = Casework.opened().case
    for name in MAY:
        seen = set(Case.objects.visible_to(who(casework, name)))
        assert seen == ({casework.case, other} if name == "auditor" else {casework.case})
    for name in SEES_NOTHING:
        assert not Case.objects.visible_to(who(casework, name)).exists()


def test_whoever_was_locked_out_sees_nothing_whatever_the_role(casework: Casework) -> None:
    for name in MAY:
        user = who(casework, name)
        user.is_active = False
        assert not Case.objects.visible_to(user).exists()
        with pytest.raises(NotFound):
            access.case_for(user, casework.case.reference, P.READ)


def test_a_role_that_does_no_casework_loses_what_the_membership_gave(casework: Casework) -> None:
    user = casework.approver
    for role in ("administrator", "liaison"):
        user.role = role
        with pytest.raises(NotFound):
            access.case_for(user, casework.case.reference, P.READ)
    user.role = "auditor"
    with pytest.raises(Denied):
        access.case_for(user, casework.case.reference, P.FREEZE_APPROVE)


def test_what_belongs_to_no_case_goes_by_the_role_alone(casework: Casework) -> None:
    for role, may in MAY_ANYWHERE.items():
        user = make_person(role)
        for permission in GlobalPermission:
            assert allows(role, permission) is (permission in may)
            assert outcome(lambda u=user, p=permission: access.require_global(u, p)) == (
                "open" if permission in may else "denied"
            )
        user.is_active = False
        for permission in may:
            with pytest.raises(Denied):
                access.require_global(user, permission)


def test_a_reader_of_any_role_only_reads() -> None:
    for role in ("investigator", "approver", "counsel"):
        assert of_member(role, reader=True) == {P.READ}


# ── Matters ───────────────────────────────────────────────────────────────────────────────────────────────
def test_a_matters_door_opens_for_reading_and_export_alone(casework: Casework) -> None:
    share = casework.share(casework.accepted_order())
    for permission in Permission:
        door = outcome(
            lambda p=permission: access.matter_for(casework.liaison, share.reference, p, at=moment())
        )
        assert door == ("open" if permission in {P.MATTER_READ, P.MATTER_EXPORT} else "denied")
    for reference in (new_reference(), share.reference.lower(), ""):
        with pytest.raises(NotFound):
            access.matter_for(casework.liaison, reference, P.MATTER_READ, at=moment())


def test_a_matter_opens_no_earlier_than_it_was_shared(casework: Casework) -> None:
    share = casework.share(casework.accepted_order())
    early = share.shared_at - timedelta(microseconds=1)
    with pytest.raises(NotFound):
        access.matter_for(casework.liaison, share.reference, P.MATTER_READ, at=early)


def test_a_file_is_found_only_through_what_it_was_made_of(casework: Casework) -> None:
    order, other = casework.accepted_order(), casework.accepted_order(reference="DEMO-2")
    first, second = (
        access.matter_for(casework.liaison, casework.share(row).reference, P.MATTER_EXPORT, at=moment())
        for row in (order, other)
    )
    whole = exports.request_export(grant=casework.grant(P.EXPORT), at=moment())
    matter = exports.request_matter_export(grant=first, at=moment())
    grant = casework.grant(P.READ)
    assert access.export_for(grant, whole.reference) == whole
    assert access.export_for(grant, matter.reference) == matter
    assert access.export_for(first, matter.reference) == matter
    # Not the whole case's, not another matter's, not another case's, none at all.
    for door, reference in (
        (first, whole.reference),
        (second, matter.reference),
        (Casework.opened().grant(P.READ), whole.reference),
        (grant, new_reference()),
    ):
        with pytest.raises(NotFound):
            access.export_for(door, reference)


def test_a_shared_matter_is_taken_only_under_its_own_share(casework: Casework) -> None:
    order = casework.accepted_order()
    share = casework.share(order)
    grant = access.matter_for(casework.liaison, share.reference, P.MATTER_EXPORT, at=moment())
    whole = exports.request_export(grant=casework.grant(P.EXPORT), at=moment())
    with pytest.raises(NotFound):
        exports.note_download(grant=grant, export=whole, at=moment())
    shares.end_share(grant=casework.grant(P.SHARE), at=moment(), number=share.number, reason="Done")
    assert not access.live_shares(casework.liaison, moment()).exists()


# ── Refusals are recorded ─────────────────────────────────────────────────────────────────────────────────
def test_a_refusal_is_recorded_in_the_case_that_it_concerns(casework: Casework) -> None:
    with pytest.raises(Denied) as denied:
        casework.grant(P.EDIT, casework.reader)
    at = moment()
    access.record_denial(denied.value, at=at, what="POST case-edit" + "x" * 500)
    event = last_event(casework.case)
    assert (event.action, event.actor, event.occurred_at) == ("access.denied", casework.reader, at)
    details = details_of(event)
    assert details["permission"] == "edit"
    assert len(details["what"]) == 200


def test_a_refusal_that_concerns_no_case_stands_in_the_installations_own_stream(casework: Casework) -> None:
    with pytest.raises(Denied) as denied:
        people.add_person(
            by=casework.lead,
            at=moment(),
            email="a@example.test",
            name="A",
            role="auditor",
            password=None,
        )
    access.record_denial(denied.value, at=moment(), what="POST person-create")
    event = system_event()
    assert (event.action, event.actor) == ("access.denied", casework.lead)


def test_what_is_not_found_leaves_no_trace_in_the_case(casework: Casework) -> None:
    """Otherwise a member would see that somebody outside guessed the reference: the door tells nobody anything."""
    before = Event.objects.count()
    with pytest.raises(NotFound):
        casework.grant(P.READ, casework.outsider)
    assert Event.objects.count() == before


# ── What stands in an event ───────────────────────────────────────────────────────────────────────────────
def test_values_stand_in_an_event_exactly(casework: Casework) -> None:
    """JSON's numbers are exact below 2^53 alone; all larger ones are text."""
    order = casework.order()
    at = moment()
    assert event_value(2**53 - 1) == 2**53 - 1
    assert event_value(2**53) == "9007199254740992"
    assert event_value(-(2**53)) == "-9007199254740992"
    assert event_value(Decimal("1E+2")) == "100"
    assert event_value(True) is True
    assert event_value(None) is None
    assert str(event_value(at)).endswith("Z")
    assert event_value([1, at, "x"]) == [1, event_value(at), "x"]
    assert event_value(casework.lead) == {"id": str(casework.lead.public_id), "name": casework.lead.name}
    assert event_value(order) == {"number": order.number, "text": str(order)}
    assert event_value(casework.case) == str(casework.case)


def test_a_case_is_opened_into_a_stream_of_its_own(casework: Casework) -> None:
    other = cases.open_case(
        by=casework.lead, at=moment(), title="x", typology="fraud", classification="internal"
    )
    assert other.stream_id != casework.case.stream_id
    assert last_event(other).sequence == 1
