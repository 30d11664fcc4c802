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
LONG_AGO = NOW - timedelta(days=900)


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
    ("particular_number_once", "particular", {"number": 1}),
    ("particular_kind_known", "particular", {"kind": "shoe_size"}),
    ("particular_country_form", "particular", {"country": "kp"}),
    ("particular_source_given", "particular", {"source": ""}),
    ("particular_withdrawn_pair", "particular", {"withdrawn_at": NOW, "withdrawn_because": "Wrong"}),
    ("particular_withdrawn_with_words", "particular", {"withdrawn_because": "Wrong"}),
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
    ("order_texts_sealed", "order", {"sealed_terms": "File under seal."}),
    ("order_texts_sealed", "order", {"sealed_texts": None}),
    ("order_verification_known", "order", {"verification_method": "trusted"}),
    *pair("order", "verified_at", "verified_by_id", "order_verified_pair"),
    ("order_verification_complete", "order", {"verification_method": ""}),
    ("order_verification_complete", "order", {"verification_contact": ""}),
    ("order_served_after_issue", "order", {"issued_at": LATER}),
    ("order_received_after_service", "order", {"served_at": LATER}),
    ("order_ends_after_issue", "order", {"ends_at": LONG_AGO}),
    ("order_gag_ends_after_issue", "order", {"non_disclosure_until": LONG_AGO}),
    ("obligation_number_once", "obligation", {"number": 1}),
    ("obligation_kind_known", "obligation", {"kind": "seize"}),
    *pair("obligation", "ended_at", "ended_by_id", "obligation_ended_pair"),
    ("paper_number_once", "paper", {"number": 1}),
    ("paper_once_per_order", "paper", {"sha256": column("paper", "sha256")}),
    *(
        ("paper_sha256_form", "paper", {"sha256": text})
        for text in ("", "A" * 64, "a" * 63, "g" * 64, "a" * 63 + "\n")
    ),
    ("paper_not_empty", "paper", {"size": 0}),
    # Disposal
    ("disposal_number_once", "disposal", {"number": 1}),
    ("disposal_words_given", "disposal", {"words": ""}),
    ("disposal_decided_pair", "disposal", {"decided_by_id": None}),
    ("disposal_decided_one_way", "disposal", {"agreed": None}),
    ("disposal_refused_with_words", "disposal", {"reason": ""}),
    ("disposal_names_its_head", "disposal", {"head_sequence": 1}),
    (
        "disposal_asked_once",
        "disposal",
        {"decided_at": None, "decided_by_id": None, "agreed": None, "reason": ""},
    ),
    (
        "disposal_agreed_by_another",
        "disposal",
        {
            "decided_by_id": column("disposal", "asked_by_id"),
            "agreed": True,
            "head_sequence": 1,
            "head_hash": "a" * 64,
        },
    ),
    # Exhibits
    ("exhibit_number_once", "exhibit", {"number": 1}),
    ("exhibit_once_per_order", "exhibit", {"sha256": column("exhibit", "sha256")}),
    ("exhibit_sha256_form", "exhibit", {"sha256": "A" * 64}),
    ("exhibit_not_empty", "exhibit", {"size": 0}),
    ("exhibit_scan_known", "exhibit", {"scan": "fine", "scanned_at": NOW}),
    ("exhibit_scan_has_its_time", "exhibit", {"scan": "clean"}),
    ("exhibit_scan_has_its_time", "exhibit", {"scanned_at": NOW}),
    ("exhibit_scan_has_its_time", "exhibit", {"scan_said": "nothing"}),
    ("custody_position_once", "custody", {"position": 1}),
    ("custody_kind_known", "custody", {"kind": "lost"}),
    *(("custody_sha256_form", "custody", {name: "a" * 63}) for name in ("sha256_before", "sha256_after")),
    ("custody_sha256_form", "custody", {"sha256_after": ""}),
    ("custody_names_the_other", "custody", {"kind": "handed_over", "other_person": "", "why": "x"}),
    ("custody_names_the_other", "custody", {"kind": "returned", "how": "", "why": "x"}),
    ("custody_says_why", "custody", {"kind": "examined", "why": ""}),
    ("upload_not_empty", "upload", {"size": 0}),
    *(("upload_sha256_form", "upload", {name: "g" * 64}) for name in ("announced", "sha256")),
    ("cases_upload_token", "upload", {"token": column("upload", "token")}),
    ("file_check_sha256_form", "file_check", {"sha256": "b"}),
    ("file_check_state_known", "file_check", {"state": "fine"}),
    ("cases_filecheck_sha256", "file_check", {"sha256": column("file_check", "sha256")}),
    # Instruments, authorities
    ("instrumenttype_version_once", "instrument", {"version": 1}),
    ("instrumenttype_version_positive", "instrument", {"version": 0}),
    *(("instrumenttype_said", "instrument", {name: ""}) for name in ("label", "source")),
    ("instrumenttype_permits_known", "instrument", {"permits": ["seize"]}),
    ("instrumenttype_permits_known", "instrument", {"permits": []}),
    ("instrumenttype_confidence_known", "instrument", {"confidence": "sure"}),
    ("instrumenttype_changed_by_somebody", "instrument", {"changed_by_id": None, "changed_at": None}),
    ("instrumenttype_changed_by_somebody", "instrument", {"reason": ""}),
    ("authority_name_once", "authority", {"name": lambda e: str(column("authority", "name")(e)).upper()}),
    ("authority_named", "authority", {"name": ""}),
    ("cases_authority_public_id", "authority", {"public_id": column("authority", "public_id")}),
    ("authoritycontact_number_once", "contact", {"number": 1}),
    ("authoritycontact_once", "contact", {"value": column("contact", "value")}),
    ("authoritycontact_kind_known", "contact", {"kind": "fax"}),
    *(("authoritycontact_said", "contact", {name: ""}) for name in ("value", "source")),
    *pair("contact", "ended_at", "ended_by_id", "authoritycontact_ended_pair"),
    # What an order names, its verification, its proofs
    ("selector_number_once", "selector", {"number": 1}),
    ("selector_kind_known", "selector", {"kind": "phone"}),
    *(("selector_said", "selector", {name: ""}) for name in ("value", "comparable")),
    ("selector_range_forward", "selector", {"starts_at": LATER, "ends_at": NOW}),
    ("finding_names_what_was_found", "finding", {"account_id": None}),
    ("finding_names_what_was_found", "finding", {"outcome": "not_ours"}),
    ("finding_names_what_was_found", "finding", {"wallet_id": row("wallet")}),
    ("verification_method_known", "verification", {"method": "trusted"}),
    ("verification_outcome_known", "verification", {"outcome": "perhaps"}),
    *(("verification_contact_said", "verification", {name: ""}) for name in ("contact", "contact_source")),
    (
        "cases_emergencyrelease_obligation_id",
        "emergency",
        {"obligation_id": column("emergency", "obligation_id")},
    ),
    ("emergency_reason_given", "emergency", {"reason": ""}),
    *pair("emergency", "reviewed_at", "reviewed_by_id", "emergency_reviewed_pair"),
    ("emergency_four_eyes", "emergency", {"reviewed_at": NOW, "reviewed_by_id": other, "review": "Own"}),
    ("proof_names_one_thing", "proof", {"note": ""}),
    ("proof_names_one_thing", "proof", {"kind": "paper"}),
    ("proof_names_one_thing", "proof", {"kind": "freeze", "paper_id": row("paper")}),
    ("proof_names_one_thing", "proof", {"paper_id": row("paper")}),
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
    # Closing, retention, tasks
    ("case_closing_disposition_known", "case", {"closing_disposition": "guilty"}),
    *pair("case", "closing_asked_at", "closing_asked_by_id", "case_closing_asked_pair"),
    (
        "case_closed_by_another",
        "case",
        {"closing_asked_at": NOW, "closing_asked_by_id": me, "closed_at": NOW, "closed_by_id": me},
    ),
    ("task_number_once", "task", {"number": 1}),
    ("task_title_given", "task", {"title": ""}),
    ("task_ended_by_somebody", "task", {"ended_at": NOW, "ended_by_id": me}),
    ("task_ended_by_somebody", "task", {"ended_words": "Done"}),
    ("task_about_one_thing", "task", {"order_id": row("order"), "freeze_id": row("freeze")}),
    ("retentionclass_version_once", "retention_class", {"version": 1}),
    ("retentionclass_version_positive", "retention_class", {"version": 0}),
    *(("retentionclass_said", "retention_class", {name: ""}) for name in ("key", "label", "source")),
    *(("retentionclass_years", "retention_class", {"years": years}) for years in (0, 100)),
    ("retentionclass_trigger_known", "retention_class", {"counts_from": "birth"}),
    ("retentionclass_afterwards_known", "retention_class", {"afterwards": "sell"}),
    ("retentionclass_changed_by_somebody", "retention_class", {"changed_by_id": None, "changed_at": None}),
    ("retentionclass_changed_by_somebody", "retention_class", {"reason": ""}),
    ("retention_number_once", "retention", {"number": 1}),
    ("hold_number_once", "hold", {"number": 1}),
    ("hold_reason_given", "hold", {"reason": ""}),
    *pair("hold", "lifted_at", "lifted_by_id", "hold_lifted_pair"),
    ("hold_lifted_with_words", "hold", {"lifted_at": NOW, "lifted_by_id": me}),
    ("hold_lifted_with_words", "hold", {"lifted_because": "Over"}),
    # Notices to customers
    ("customernotice_number_once", "customer_notice", {"number": 1}),
    ("customernotice_not_forbidden", "customer_notice", {"verdict": "prohibited", "counsel": "No."}),
    ("customernotice_counsel_asked", "customer_notice", {"verdict": "ask_counsel"}),
    *(("customernotice_said", "customer_notice", {name: ""}) for name in ("how", "words")),
    # The exchange's own system
    ("holding_one_word", "holding", {"entered_by_id": None}),
    ("holding_one_word", "holding", {"report_id": row("report")}),
    ("connectorreport_result_of_call", "report", {"call_id": None}),
    ("reportverdict_known", "report_verdict", {"verdict": "perhaps"}),
    ("call_number_once", "call", {"number": 1}),
    ("call_once_per_thing", "call", {"about": column("call", "about")}),
    ("call_kind_known", "call", {"kind": "gossip"}),
    ("call_state_there_known", "call", {"state_there": "gossip"}),
    ("call_due_while_open", "call", {"next_at": None}),
    ("tick_once", "tick", {"item": column("tick", "item")}),
    ("tick_item_known", "tick", {"item": "gossip"}),
    # Cover
    ("ladder_number_once", "rung", {"number": 1}),
    ("ladder_rung_known", "rung", {"rung": "sold"}),
    ("ladder_taken_back_by_name", "rung", {"amount": -1}),
    ("ladder_taken_back_by_name", "rung", {"corrects_id": row("rung")}),
    ("ladder_decimals_sane", "rung", {"decimals": 37}),
    *(("ladder_said", "rung", {name: ""}) for name in ("basis", "asset")),
    ("ladder_taken_back_by_name", "rung", {"amount": 0}),
    ("orderedamount_positive", "ordered_amount", {"amount": 0}),
    ("orderedamount_decimals_sane", "ordered_amount", {"decimals": 37}),
    ("orderedamount_asset_named", "ordered_amount", {"asset": ""}),
    # Breaches, reminders
    ("breach_number_once", "breach", {"number": 1}),
    ("breach_once_per_entry", "breach", {"holding_id": column("breach", "holding_id")}),
    ("breach_one_proof", "breach", {"holding_id": None}),
    ("breach_below_what_is_frozen", "breach", {"after": 5_000_000}),
    ("breach_below_what_is_frozen", "breach", {"after": -1}),
    *pair("breach", "acknowledged_at", "acknowledged_by_id", "breach_answered_pair"),
    ("breach_answered_with_words", "breach", {"acknowledged_at": NOW, "acknowledged_by_id": me}),
    ("breach_answered_with_words", "breach", {"note": "Nobody's words."}),
    ("reminder_once", "reminder", {"number": 1}),
    ("reminder_kind_known", "reminder", {"kind": "gossip"}),
    ("reminder_step_known", "reminder", {"step": "later"}),
    ("notice_once_each", "notice", {"user_id": column("notice", "user_id")}),
    ("cases_notice_public_id", "notice", {"public_id": column("notice", "public_id")}),
    ("cases_calendarfeed_digest", "feed", {"digest": "one"}),
    ("calendarfeed_one_live", "feed", {"ended_at": None}),
    # Clocks
    ("clockrule_version_once", "clock_rule", {"version": 1}),
    ("clockrule_version_positive", "clock_rule", {"version": 0}),
    ("clockrule_changed_by_somebody", "clock_rule", {"changed_by_id": None, "changed_at": None}),
    ("clockrule_changed_by_somebody", "clock_rule", {"reason": ""}),
    ("closure_once", "closure", {"day": column("closure", "day")}),
    ("closure_calendar_known", "closure", {"calendar": "mars"}),
    ("closure_says_why", "closure", {"why": ""}),
    *pair("closure", "removed_at", "removed_by_id", "closure_removed_pair"),
    # What changes a freeze that stands
    ("freeze_applied_through_known", "freeze", {"applied_through": "rumour"}),
    ("freeze_confirmed_through_known", "freeze", {"confirmed_through": "rumour"}),
    ("freeze_ends_after_proposal", "freeze", {"ends_at": LONG_AGO}),
    ("change_number_once", "change", {"number": 1}),
    *pair("change", "decided_at", "decided_by_id", "change_decided_pair"),
    ("change_four_eyes", "change", {"decided_at": NOW, "decided_by_id": me}),
    ("change_kind_fits_term", "change", {"kind": "extension"}),
    ("change_kind_fits_term", "change", {"new_ends_at": LATER}),
    ("change_kind_fits_term", "change", {"kind": "extension", "old_ends_at": LATER, "new_ends_at": NOW}),
    ("change_reason_given", "change", {"reason": ""}),
    ("changeamount_positive", "change_amount", {"change_id": row("unfilled_change"), "amount": 0}),
    ("changeamount_once", "change_amount", {"change_id": row("second_change")}),
    ("credit_number_once", "credit", {"number": 1}),
    ("credit_once_per_entry", "credit", {"holding_id": column("credit", "holding_id")}),
    ("credit_one_proof", "credit", {"holding_id": None}),
    ("credit_amounts_fit", "credit", {"amount": 0}),
    ("credit_amounts_fit", "credit", {"amount": 9_000_000}),
    ("credit_amounts_fit", "credit", {"before": 7_000_000}),
    *pair("credit", "kept_at", "kept_by_id", "credit_kept_pair"),
    *pair("credit", "release_proposed_at", "release_proposed_by_id", "credit_release_proposed_pair"),
    ("credit_released_pair", "credit", {"released_at": NOW}),
    (
        "credit_release_four_eyes",
        "credit",
        {
            "release_proposed_at": NOW,
            "release_proposed_by_id": me,
            "released_at": NOW,
            "released_by_id": me,
        },
    ),
    ("credit_release_four_eyes", "credit", {"released_at": NOW, "released_by_id": me}),
    ("issuerfreeze_number_once", "issuer_freeze", {"number": 1}),
    ("issuerfreeze_once", "issuer_freeze", {"chain_asset_id": column("issuer_freeze", "chain_asset_id")}),
    *pair("issuer_freeze", "submitted_at", "submitted_by_id", "issuerfreeze_submitted_pair"),
    *pair("issuer_freeze", "confirmed_at", "confirmed_by_id", "issuerfreeze_confirmed_pair"),
    *(("issuerfreeze_issuer_given", "issuer_freeze", {name: ""}) for name in ("issuer", "reference")),
    ("issuerreading_state_known", "issuer_reading", {"state": "perhaps"}),
    ("issuerreading_has_block", "issuer_reading", {"block_height": None}),
    ("issuerreading_has_block", "issuer_reading", {"block_hash": ""}),
    ("transfer_number_once", "transfer", {"number": 1}),
    ("transfer_one_at_a_time", "transfer", {"freeze_id": column("transfer", "freeze_id")}),
    ("transfer_checksum_known", "transfer", {"checksum": "bad", "no_checksum_accepted": True}),
    ("transfer_check_known", "transfer", {"check_method": "trusted"}),
    ("transfer_contact_given", "transfer", {"check_contact": ""}),
    ("transfer_destination_given", "transfer", {"destination": ""}),
    ("transfer_no_checksum_accepted", "transfer", {"checksum": "none", "no_checksum_accepted": False}),
    *(("transfer_approvals_one_or_two", "transfer", {"approvals_required": n}) for n in (0, 3)),
    *pair("transfer", "begun_at", "begun_by_id", "transfer_begun_pair"),
    ("transferapproval_once_each", "transfer_approval", {"approver_id": other}),
    ("transferapproval_four_eyes", "transfer_approval", {"approver_id": me}),
    ("leg_amount_positive", "leg", {"amount": 0}),
    ("leg_fee_not_negative", "leg", {"fee": -1}),
    ("leg_sent_with_transaction", "leg", {"sent_at": NOW}),
    ("leg_depth_asked", "leg", {"confirmations_required": 0}),
    *(
        ("approvalthreshold_asset_or_currency", "approval_threshold", changes)
        for changes in ({"asset": ""}, {"currency": "USD"})
    ),
    ("approvalthreshold_positive", "approval_threshold", {"amount": 0}),
    ("approvalthreshold_decimals_sane", "approval_threshold", {"decimals": 37}),
    ("approvalthreshold_reason_given", "approval_threshold", {"reason": ""}),
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
    ("refusalcount_once", "refusals", {"whose": "one"}),
    ("refusalcount_kind_known", "refusals", {"kind": "noise"}),
    ("tokenplace_once", "token_place", {"address": "203.0.113.9"}),
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
    ("call_sent_at_least_once", "call", ("sent", "accepted", "confirmed", "failed"), {"attempts": 0}),
    ("call_ended_said_when", "call", ("confirmed", "failed"), {"ended_at": None}),
    (
        "change_decided_said_when",
        "change",
        ("agreed", "refused"),
        {"decided_at": None, "decided_by_id": None},
    ),
    (
        "transfer_approved_first",
        "transfer",
        ("approved", "sending", "sent", "settled", "failed"),
        {"approved_at": None},
    ),
    (
        "transfer_begun_said_when",
        "transfer",
        ("sending", "sent", "settled", "failed"),
        {"begun_at": None, "begun_by_id": None},
    ),
    ("transfer_ended_said_when", "transfer", ("settled", "failed"), {"ended_at": None}),
    ("credit_kept_said_when", "credit", ("kept",), {"kept_at": None, "kept_by_id": None}),
    ("credit_released_said_when", "credit", ("released",), {"released_at": None, "released_by_id": None}),
    (
        "issuerfreeze_submitted_first",
        "issuer_freeze",
        ("submitted", "confirmed", "lifted"),
        {"submitted_txid": ""},
    ),
    (
        "issuerfreeze_confirmed_with_transaction",
        "issuer_freeze",
        ("confirmed", "lifted"),
        {"confirmed_txid": ""},
    ),
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
    **dict.fromkeys(
        (
            "checkpoint_of_something",
            "leaf_counted_from_0",
            "node_above_the_leaves",
            "node_once",
            "publication_done_is_done",
            "publication_once",
            "publication_target_known",
        ),
        "tests/cases/record/test_tree.py",
    ),
    "case_disposed_is_closed": "case_disposed_by_two asks for more, and first: tests/cases/actions/test_disposal.py",
    "disposal_agreed_once": "a case that was disposed of takes no further asking: tests/cases/actions/test_disposal.py",
    "connectorreport_kind_known": "connectorreport_result_of_call knows the two kinds alone, and is asked first",
    "task_dropped_with_words": "a task that ended is not changed: tests/cases/actions/test_case_tasks.py",
    "transfer_with_proposer": "holds the primary key itself; it is what transferapproval_true_proposer refers to",
    "breach_once_per_look": "a look tells an outflow once: tests/cases/actions/test_watchdog.py",
    "credit_once_per_look": "a look tells an increase once: tests/cases/actions/test_freeze_changes.py",
    "leg_once": "a transfer's proposal writes its legs: tests/cases/database/test_legs.py",
    "leg_transaction_once": "tests/cases/database/test_legs.py",
    "leg_state_known": "tests/cases/database/test_legs.py",
    "leg_state_has_transaction": "tests/cases/database/test_legs.py",
    "leg_confirmed_by_chain": "tests/cases/database/test_legs.py",
    "leg_confirmed_by_payment": "tests/cases/database/test_legs.py",
    "leg_paid_is_told": "tests/cases/database/test_legs.py",
    "leg_paid_state_known": "tests/cases/database/test_legs.py",
    "change_kind_known": "change_kind_fits_term knows the two kinds alone, and is asked first",
    "order_reader_once": "test_sealed.py",
    "order_reader_ended_pair": "test_sealed.py",
    "finding_outcome_known": "finding_names_what_was_found knows the three outcomes alone, and is asked first",
    "proof_kind_known": "proof_names_one_thing knows the kinds alone, and is asked first",
    "emergency_reviewed_said": "a review is given once: test_before_verification.py",
    "export_profile_known": "export_profile_fits knows the two profiles alone, and is asked first",
    "freeze_with_proposer": "holds the primary key itself; it is what freezeapproval_true_proposer refers to",
    "event_sequence_once": "the database numbers events itself: tests/cases/test_record.py",
    "event_sequence_positive": "the database numbers events itself: tests/cases/test_record.py",
    **{
        f"{table.replace('_', '')}_status_known": "a row is born in the first status and moves by its table: test_moves.py"
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
