"""Every constraint of the casework's tables, tried by SQL past the ORM."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, models

from cases.models import Case
from cases.status import FREEZE_STANDING, MOVES, FreezeStatus
from tests.support.casework import moment
from tests.support.everything import Everything
from tests.support.rows import changed, copied, set_status, undone

Value = Any | Callable[[Everything], Any]
NOW = moment()
LATER = NOW + timedelta(days=1)


def me(everything: Everything) -> int:
    return everything.casework.lead.pk


def other(everything: Everything) -> int:
    return everything.casework.approver.pk


def row(kind: str) -> Callable[[Everything], int]:
    return lambda everything: everything.rows[kind].pk


def column(kind: str, name: str) -> Callable[[Everything], Any]:
    return lambda everything: getattr(everything.rows[kind], name)


def pair(kind: str, at: str, by: str, name: str) -> list[tuple[str, str, dict[str, Value]]]:
    """A time without its person, and a person without the time."""
    return [(name, kind, {at: NOW, by: None}), (name, kind, {at: None, by: me})]


WITH_DUTY: dict[str, Value] = {
    "obligation_id": row("obligation"),
    "policy_hold": "",
    "formal_order_by": None,
}

# Of an alert of something that came in.
WRONG_ALERTS: list[dict[str, Value]] = [
    {"kind": "gone"},
    {"kind": "movement_out"},
    {"kind": "disagreement"},
    {"before": None},
    {"after": None},
    {"before": -1},
    {"after": 0},
    {"before_batch_id": None},
    {"disagreement_id": row("disagreement")},
    {"kind": "movement_out", "after": column("alert", "before")},
    {"kind": "movement_out", "after": -1},
    {"kind": "disagreement", "disagreement_id": row("disagreement")},
    {"kind": "disagreement", "before": None, "after": None, "before_batch_id": None},
]

# (constraint, kind of row, columns with which a copy of the row must be refused by exactly that constraint)
REFUSED: list[tuple[str, str, dict[str, Value]]] = [
    # Case
    ("cases_case_reference", "case", {"reference": column("case", "reference")}),
    ("cases_case_stream_id", "case", {"stream_id": column("case", "stream_id")}),
    ("case_typology_known", "case", {"typology": "other crimes"}),
    ("case_classification_known", "case", {"classification": "secret"}),
    ("case_disposition_known", "case", {"disposition": "guilty"}),
    *pair("case", "closed_at", "closed_by_id", "case_closed_pair"),
    ("case_title_given", "case", {"title": ""}),
    # Members, tags, notes
    ("membership_once", "membership", {"user_id": me}),
    *pair("membership", "ended_at", "ended_by_id", "membership_ended_pair"),
    ("casetag_once", "tag", {"name": "dprk"}),
    ("casetag_given", "tag", {"name": ""}),
    ("note_number_once", "note", {"number": 1}),
    ("note_given", "note", {"text": ""}),
    # Subjects, wallets, accounts
    ("subject_number_once", "subject", {"number": 1}),
    ("subject_kind_known", "subject", {"kind": "ship"}),
    ("subject_role_known", "subject", {"role": "criminal"}),
    ("subject_confidence_known", "subject", {"attribution_confidence": "sure"}),
    ("subject_source_given", "subject", {"attribution_source": ""}),
    ("casewallet_number_once", "wallet", {"number": 1}),
    ("casewallet_once", "wallet", {"detached_at": None, "detached_by_id": None}),
    *pair("wallet", "detached_at", "detached_by_id", "casewallet_detached_pair"),
    ("casewallet_role_known", "wallet", {"role": "owner"}),
    ("casewallet_checksum_known", "wallet", {"checksum": "bad"}),
    ("casewallet_confidence_known", "wallet", {"attribution_confidence": ""}),
    ("casewallet_source_given", "wallet", {"attribution_source": ""}),
    ("account_number_in_case_once", "account", {"number": 1}),
    ("account_in_case_once", "account", {"account_number": column("account", "account_number")}),
    ("account_status_known", "account", {"reported_status": "seized"}),
    ("holding_not_negative", "holding", {"amount": -1}),
    ("holding_decimals_sane", "holding", {"decimals": 37}),
    ("holding_source_given", "holding", {"source": ""}),
    ("holding_source_given", "holding", {"asset": ""}),
    # Orders
    ("order_number_once", "order", {"number": 1}),
    ("order_instrument_known", "order", {"instrument": "letter"}),
    ("order_verification_known", "order", {"verification_method": "trusted"}),
    *pair("order", "verified_at", "verified_by_id", "order_verified_pair"),
    ("order_verification_complete", "order", {"verification_method": ""}),
    ("order_verification_complete", "order", {"verification_contact": ""}),
    ("order_served_after_issue", "order", {"issued_at": LATER}),
    ("order_received_after_service", "order", {"served_at": LATER}),
    ("obligation_number_once", "obligation", {"number": 1}),
    ("obligation_kind_known", "obligation", {"kind": "seize"}),
    *pair("obligation", "ended_at", "ended_by_id", "obligation_ended_pair"),
    ("paper_number_once", "paper", {"number": 1}),
    ("paper_once_per_order", "paper", {"sha256": "a" * 64}),
    *(
        ("paper_sha256_form", "paper", {"sha256": text})
        for text in ("", "A" * 64, "a" * 63, "g" * 64, "a" * 63 + "\n")
    ),
    ("paper_not_empty", "paper", {"size": 0}),
    # Freezes
    ("freeze_number_once", "freeze", {"number": 1}),
    ("freeze_scope_known", "freeze", {"scope": "everything"}),
    ("freeze_one_basis", "freeze", {"obligation_id": row("obligation")}),
    ("freeze_one_basis", "freeze", {"policy_hold": ""}),
    ("freeze_one_target", "freeze", {"wallet_id": row("wallet")}),
    ("freeze_one_target", "freeze", {"account_id": None}),
    ("freeze_hold_has_end", "freeze", {"formal_order_by": None}),
    ("freeze_approvals_one_or_two", "freeze", {"approvals_required": 0}),
    ("freeze_approvals_one_or_two", "freeze", {"approvals_required": 3}),
    *pair("freeze", "applied_at", "applied_by_id", "freeze_applied_pair"),
    *pair("freeze", "confirmed_at", "confirmed_by_id", "freeze_confirmed_pair"),
    *pair("freeze", "release_proposed_at", "release_proposed_by_id", "freeze_release_proposed_pair"),
    ("freeze_released_pair", "freeze", {"released_at": NOW}),
    (
        "freeze_released_pair",
        "freeze",
        {"released_by_id": other, "release_proposed_at": NOW, "release_proposed_by_id": me},
    ),
    ("freeze_release_four_eyes", "freeze", {"released_at": NOW, "released_by_id": me}),
    (
        "freeze_release_four_eyes",
        "freeze",
        {
            "release_proposed_at": NOW,
            "release_proposed_by_id": me,
            "released_at": NOW,
            "released_by_id": me,
        },
    ),
    ("freezeamount_asset_once", "amount", {"asset": "USDT"}),
    ("freezeamount_positive", "amount", {"amount": 0}),
    ("freezeamount_positive", "amount", {"amount": -1}),
    ("freezeamount_decimals_sane", "amount", {"decimals": 37}),
    ("freezeapproval_once_each", "approval", {"approver_id": other}),
    ("freezeapproval_four_eyes", "approval", {"approver_id": me}),
    ("freezeapproval_true_proposer", "approval", {"proposer_id": other}),
    # Alerts
    ("alert_number_once", "alert", {"number": 1}),
    ("alert_once", "alert", {"batch_id": column("alert", "batch_id")}),
    ("alert_acknowledged_pair", "alert", {"acknowledged_by_id": me}),
    ("alert_acknowledged_with_words", "alert", {"note": "Nobody's words."}),
    *[("alert_kind_fits_amounts", "alert", changes) for changes in WRONG_ALERTS],
    ("threshold_once_per_asset", "threshold", {"chain_asset_id": column("threshold", "chain_asset_id")}),
    ("threshold_positive", "threshold", {"minimum": 0}),
    # Shares and files
    ("share_number_once", "share", {"number": 1}),
    ("cases_mattershare_reference", "share", {"reference": column("share", "reference")}),
    ("share_once", "share", {"ended_at": None, "ended_by_id": None}),
    *pair("share", "ended_at", "ended_by_id", "share_ended_pair"),
    ("share_ends_later", "share", {"ends_at": column("share", "shared_at")}),
    ("cases_export_reference", "export", {"reference": column("export", "reference")}),
    ("export_profile_fits", "export", {"profile": "public"}),
    ("export_profile_fits", "export", {"profile": "matter"}),
    ("export_profile_fits", "matter_export", {"profile": "internal"}),
    # Plumbing
    ("idempotent_key_once", "request", {"key": "one"}),
    ("cases_savedsearch_token", "search", {"token": column("search", "token")}),
    # People
    ("user_email_once", "user", {"email": lambda e: e.casework.lead.email.upper()}),
    ("user_role_known", "user", {"role": "superuser"}),
    ("user_liaison_has_agency", "user", {"role": "liaison", "agency": ""}),
    ("people_user_public_id", "user", {"public_id": column("user", "public_id")}),
    ("people_apitoken_digest", "token", {"digest": column("token", "digest")}),
    ("apitoken_expires_later", "token", {"expires_at": column("token", "created_at")}),
    # The record
    ("audit_stream_uuid", "stream", {"uuid": column("stream", "uuid")}),
    ("stream_one_system", "stream", {"kind": "system"}),
]

# (constraint, kind of row, the statuses in which a whole row must not lose these columns)
NEEDED: list[tuple[str, str, tuple[str, ...], dict[str, Value]]] = [
    ("case_closed_complete", "case", ("closed",), {"disposition": ""}),
    ("case_closed_complete", "case", ("closed",), {"closed_at": None, "closed_by_id": None}),
    (
        "order_verified_before_review",
        "order",
        (
            "verified",
            "in_review",
            "accepted",
            "narrowed",
            "objected",
            "executing",
            "partly_complied",
            "complied",
            "closed",
        ),
        {"verified_at": None, "verified_by_id": None},
    ),
    (
        "freeze_approved_first",
        "freeze",
        tuple(
            status for status in FreezeStatus.values if status not in {"proposed", "rejected", "cancelled"}
        ),
        {"approved_at": None},
    ),
    (
        "freeze_applied_said_when",
        "freeze",
        (*FREEZE_STANDING, "wrong_target_reversed", "released", "transferred", "settled"),
        {"applied_at": None, "applied_by_id": None},
    ),
    ("freeze_released_said_when", "freeze", ("released",), {"released_at": None, "released_by_id": None}),
]

# No row can be made that only these would refuse; what keeps them is tried elsewhere.
HELD_OTHERWISE = {
    "export_profile_known": "export_profile_fits knows the two profiles alone, and is asked first",
    "freeze_with_proposer": "holds the primary key itself; it is what freezeapproval_true_proposer refers to",
    "event_sequence_once": "the database numbers events itself: tests/cases/test_record.py",
    "event_sequence_positive": "the database numbers events itself: tests/cases/test_record.py",
    **{
        f"{table}_status_known": "a row is born in the first status and moves by its table: test_moves.py"
        for table in MOVES
    },
}


def resolved(everything: Everything, kind: str, changes: dict[str, Value]) -> dict[str, Any]:
    return everything.fresh(kind) | {
        name: value(everything) if callable(value) else value for name, value in changes.items()
    }


@pytest.mark.parametrize("kind", sorted({kind for _name, kind, _changes in REFUSED}))
def test_a_lawful_copy_is_taken_and_an_unlawful_one_refused(everything: Everything, kind: str) -> None:
    """The lawful copy first, so that each refusal is due to the columns that it changes."""
    with undone():
        assert copied(everything.rows[kind], everything.fresh(kind))
    for name, _kind, changes in (case for case in REFUSED if case[1] == kind):
        values = resolved(everything, kind, changes)
        with pytest.raises(IntegrityError) as refusal, undone():
            copied(everything.rows[kind], values)
        assert name in str(refusal.value), f"{changes} of {kind}: not refused by {name}"


@pytest.mark.parametrize("kind", sorted({kind for _name, kind, _statuses, _columns in NEEDED}))
def test_what_a_status_asks_for_stays(everything: Everything, kind: str) -> None:
    for name, _kind, statuses, columns in (case for case in NEEDED if case[1] == kind):
        for status in statuses:
            with pytest.raises(IntegrityError) as refusal, undone():
                changed(everything.rows[kind], everything.moved(kind, status), columns)
            assert name in str(refusal.value), f"{columns} of {kind} in {status}: not refused by {name}"


def test_a_file_is_ready_only_when_all_is_known_of_it(everything: Everything) -> None:
    lacks: list[dict[str, Any]] = [
        {"sha256": ""},
        {"sha256": "C" * 64},
        {"size": None},
        {"size": 0},
        {"pages": None},
        {"pages": 0},
        {"as_of": None},
        {"finished_at": None},
    ]
    for lacking in lacks:
        with pytest.raises(IntegrityError) as refusal, undone():
            everything.moved("export", "ready", **lacking)
        assert "export_ready_complete" in str(refusal.value), lacking


def test_an_unverified_order_goes_no_further_than_to_its_verification(everything: Everything) -> None:
    order = everything.rows["order"]
    unverified = everything.fresh("order") | {"verified_at": None, "verified_by_id": None}
    with undone():
        set_status(order._meta.db_table, copied(order, unverified), "verifying")
    with pytest.raises(IntegrityError, match="order_verified_before_review"), undone():
        pk = copied(order, unverified)
        set_status(order._meta.db_table, pk, "verifying")
        set_status(order._meta.db_table, pk, "verified")


def test_a_freeze_may_rest_on_a_duty_instead(everything: Everything) -> None:
    with undone():
        copied(everything.rows["freeze"], resolved(everything, "freeze", WITH_DUTY))


def test_no_constraint_is_untried() -> None:
    declared = {
        constraint.name
        for app in ("cases", "people", "audit")
        for model in apps.get_app_config(app).get_models()
        for constraint in model._meta.constraints
    }
    tried = {case[0] for case in (*REFUSED, *NEEDED)} | {"export_ready_complete"}
    assert declared - tried == set(HELD_OTHERWISE)


def test_an_amount_of_78_digits_is_kept_to_the_last_unit(everything: Everything) -> None:
    largest = 2**256 - 1
    with undone():
        pk = copied(everything.rows["holding"], {"amount": largest})
        found = type(everything.rows["holding"])._base_manager.get(pk=pk)
        assert isinstance(found, models.Model)
        assert int(found.amount) == largest  # type: ignore[attr-defined]


def test_a_case_that_is_referred_to_is_not_lost(everything: Everything) -> None:
    """No foreign key of the casework cascades: what hangs on a row keeps it."""
    assert {
        field.remote_field.on_delete
        for app in ("cases", "people", "audit")
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.ForeignKey)
    } == {models.PROTECT}
    assert Case.objects.filter(pk=everything.casework.case.pk).exists()
