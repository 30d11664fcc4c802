"""A matter is shown to a liaison, and its door closes the moment that it ends."""

from datetime import timedelta
from typing import Any

import pytest

from cases import access
from cases.access import NotFound
from cases.actions import exports, orders, shares
from cases.actions.base import NoSuchItem
from cases.models import MatterShare
from cases.permissions import Permission
from tests.cases.actions.support import details_of, last_event, refusal
from tests.support.casework import Casework, make_person, moment

P = Permission


def door(casework: Casework, share: MatterShare, **kwargs: Any) -> access.MatterGrant:
    return access.matter_for(
        kwargs.get("user", casework.liaison), share.reference, P.MATTER_READ, at=kwargs.get("at", moment())
    )


def end(casework: Casework, number: int, reason: str = "The matter is done") -> MatterShare:
    return shares.end_share(grant=casework.grant(P.SHARE), at=moment(), number=number, reason=reason)


def test_a_share_opens_one_matter_under_a_reference_of_its_own(casework: Casework) -> None:
    share = casework.share(casework.accepted_order())
    assert share.reference != casework.case.reference
    assert door(casework, share).order == share.order
    with pytest.raises(NotFound):
        door(casework, share, user=make_person("liaison"))
    for user in (casework.lead, casework.auditor, casework.administrator):
        with pytest.raises(NotFound):
            door(casework, share, user=user)
    with pytest.raises(NotFound):
        access.case_for(casework.liaison, casework.case.reference, P.READ)
    with pytest.raises(NotFound):
        access.case_for(casework.lead, share.reference, P.READ)
    assert details_of(last_event(casework.case))["agency"] == "Example Bureau"


def test_only_what_was_verified_and_not_refused_is_shared(casework: Casework) -> None:
    order = casework.order()
    assert refusal(lambda: casework.share(order)).field == "order"
    for end_status in ("withdrawn", "quashed", "superseded", "expired"):
        accepted = casework.accepted_order()
        orders.move_order(
            grant=casework.grant(P.ORDER_DECIDE, casework.counsel),
            at=moment(),
            number=accepted.number,
            to=end_status,
            reason="By letter",
        )
        assert refusal(lambda accepted=accepted: casework.share(accepted)).field == "order"


def test_only_an_active_liaison_is_shown_a_matter_and_for_a_purpose(casework: Casework) -> None:
    order = casework.accepted_order()
    for user in (casework.outsider, casework.auditor, casework.administrator):
        assert refusal(lambda user=user: casework.share(order, liaison=user)).field == "liaison"
    gone = make_person("liaison")
    gone.is_active = False
    assert refusal(lambda: casework.share(order, liaison=gone)).field == "liaison"
    assert refusal(lambda: casework.share(order, ends_at=moment())).field == "ends_at"
    grant = casework.grant(P.SHARE)
    error = refusal(
        lambda: shares.share_matter(
            grant=grant, at=moment(), order_number=order.number, liaison=casework.liaison, purpose=" "
        )
    )
    assert error.field == "purpose"
    refusal(
        lambda: shares.share_matter(
            grant=grant, at=moment(), order_number=9, liaison=casework.liaison, purpose="x"
        ),
        NoSuchItem,
    )


def test_a_matter_is_shared_once_at_a_time_with_one_person(casework: Casework) -> None:
    order = casework.accepted_order()
    casework.share(order)
    assert refusal(lambda: casework.share(order)).field == "liaison"
    assert casework.share(order, liaison=make_person("liaison")).number == 2


def test_an_end_closes_the_door_at_once_and_takes_its_files_along(casework: Casework) -> None:
    share = casework.share(casework.accepted_order())
    entered = access.matter_for(casework.liaison, share.reference, P.MATTER_EXPORT, at=moment())
    export = exports.request_matter_export(grant=entered, at=moment())
    assert refusal(lambda: end(casework, share.number, reason=" ")).field == "reason"
    end(casework, share.number)
    with pytest.raises(NotFound):
        door(casework, share)
    # A door that was opened before is no longer leave to do anything.
    with pytest.raises(NotFound):
        exports.request_matter_export(grant=entered, at=moment())
    with pytest.raises(NotFound):
        exports.note_download(grant=entered, export=export, at=moment())
    refusal(lambda: end(casework, share.number))
    refusal(lambda: end(casework, 9), NoSuchItem)


def test_a_share_lapses_by_its_date_and_may_be_given_again(casework: Casework) -> None:
    order = casework.accepted_order()
    ends = moment() + timedelta(days=1)
    share = casework.share(order, ends_at=ends)
    assert door(casework, share, at=ends - timedelta(microseconds=1)).share == share
    for later in (ends, ends + timedelta(days=1)):
        with pytest.raises(NotFound):
            door(casework, share, at=later)
    again = shares.share_matter(
        grant=casework.grant(P.SHARE),
        at=ends,
        order_number=order.number,
        liaison=casework.liaison,
        purpose="Once more",
    )
    share.refresh_from_db()
    assert (share.ended_at, share.ended_by) == (ends, casework.lead)
    assert door(casework, again, at=ends).share == again
    with pytest.raises(NotFound):
        door(casework, share, at=ends)


def test_a_liaison_who_was_locked_out_or_changed_her_role_sees_nothing(casework: Casework) -> None:
    share = casework.share(casework.accepted_order())
    liaison = casework.liaison
    liaison.is_active = False
    with pytest.raises(NotFound):
        door(casework, share, user=liaison)
    liaison.is_active, liaison.role = True, "investigator"
    with pytest.raises(NotFound):
        door(casework, share, user=liaison)
