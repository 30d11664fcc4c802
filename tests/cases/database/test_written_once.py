"""What is written once stays: rows that are never changed, never deleted, never dated back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection

from cases.models import Alert, FreezeAmount, FreezeApproval, FreezeOrder
from cases.models.recorded import RECORDED
from tests.cases.database.test_moves import ignore_every_trigger
from tests.support.casework import moment
from tests.support.everything import Everything
from tests.support.rows import changed, columns_of, copied, execute, undone
from wallets.models.triggers import FirmTrigger

# Readings are among them: tests/wallets/test_tables.py.
APPEND_ONLY = [
    "note",
    "holding",
    "report",
    "report_verdict",
    "tick",
    "paper",
    "custody",
    "instrument",
    "selector",
    "finding",
    "verification",
    "proof",
    "approval",
    "look",
    "answer",
    "blob",
    "retention",
    "retention_class",
    "sighting",
    "disagreement",
    "event",
]
NEVER_DELETED = [
    "call",
    "case",
    "membership",
    "subject",
    "particular",
    "disposal",
    "wallet",
    "account",
    "order",
    "obligation",
    "authority",
    "contact",
    "emergency",
    "freeze",
    "amount",
    "share",
    "export",
    "exhibit",
    "alert",
    "task",
    "hold",
    "stream",
]
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


def refused(sql: str) -> None:
    with pytest.raises(DatabaseError) as refusal, undone():
        execute(sql)
    # A trigger's own refusal, or a right that was revoked; not a slip in the statement.
    code = getattr(refusal.value.__cause__, "pgcode", "")
    assert code in {"42501", "23001", "23514", "P0001"}, f"{sql}: {refusal.value}"


@pytest.mark.parametrize("told_to_ignore", [False, True], ids=["plain", "told to ignore triggers"])
def test_a_row_that_is_written_once_is_neither_changed_nor_removed(
    everything: Everything, told_to_ignore: bool
) -> None:
    for kind in APPEND_ONLY:
        row = everything.rows[kind]
        table = row._meta.db_table
        this = f"\"{row._meta.pk.column}\" = '{row.pk}'"
        if told_to_ignore:
            ignore_every_trigger(table)
        for column in columns_of(row):
            refused(f'UPDATE "{table}" SET "{column}" = "{column}" WHERE {this}')
        refused(f'DELETE FROM "{table}" WHERE {this}')
        refused(f'TRUNCATE "{table}" CASCADE')
        assert type(row)._base_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("told_to_ignore", [False, True], ids=["plain", "told to ignore triggers"])
def test_a_row_that_ends_by_a_status_is_never_removed(everything: Everything, told_to_ignore: bool) -> None:
    for kind in NEVER_DELETED:
        row = everything.rows[kind]
        table = row._meta.db_table
        if told_to_ignore:
            ignore_every_trigger(table)
        refused(f'DELETE FROM "{table}" WHERE id = {row.pk}')
        refused(f'TRUNCATE "{table}" CASCADE')
        assert type(row)._base_manager.filter(pk=row.pk).exists()


def test_a_person_whom_the_record_names_is_not_removed(everything: Everything) -> None:
    with pytest.raises(DatabaseError, match="foreign key"), undone():
        execute(f"DELETE FROM people_user WHERE id = {everything.casework.lead.pk}")


def test_every_trigger_of_the_record_and_the_casework_is_firm() -> None:
    """pgtrigger's own template asks a session variable first; none of ours may."""
    soft = [
        f"{model._meta.label}.{trigger.name}"
        for app in ("audit", "cases", "people", "wallets")
        for model in apps.get_app_config(app).get_models()
        for trigger in getattr(model._meta, "triggers", [])
        if not isinstance(trigger, FirmTrigger)
    ]
    assert soft == []


@pytest.mark.django_db
def test_no_installed_trigger_asks_whether_to_be_ignored_and_none_is_switched_off() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.tgname, t.tgenabled, pg_get_functiondef(t.tgfoid), c.relispartition FROM pg_trigger t "
            "JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal "
            "AND (c.relname LIKE 'audit\\_%' OR c.relname LIKE 'cases\\_%' OR c.relname LIKE 'wallets\\_%')"
        )
        installed = cursor.fetchall()
    declared = sum(
        len(getattr(model._meta, "triggers", []))
        for app in ("audit", "cases", "people", "wallets")
        for model in apps.get_app_config(app).get_models()
    )
    # Those that gather changed rows, and ask that an event told of them.
    declared += 2 * sum(not table.startswith("people_") for table in RECORDED)
    # A partition has its table's triggers too, under the same names.
    assert len([name for name, _enabled, _source, partition in installed if not partition]) == declared > 40
    assert [name for name, _enabled, source, _partition in installed if "ignore" in source] == []
    # "O": fires in every ordinary session.
    assert {enabled for _name, enabled, _source, _partition in installed} == {"O"}


# ── The database's own clock ──────────────────────────────────────────────────────────────────────────────
def test_nobody_dates_a_row_back(everything: Everything) -> None:
    for kind in ("order", "obligation", "instrument", "selector", "verification", "proof", "holding", "look"):
        row = everything.rows[kind]
        pk = copied(row, everything.fresh(kind) | {"recorded_at": LONG_AGO})
        recorded_at = type(row)._base_manager.values_list("recorded_at", flat=True).get(pk=pk)
        assert moment() - recorded_at < timedelta(minutes=5)
        refused(f"UPDATE \"{row._meta.db_table}\" SET recorded_at = '2001-01-01' WHERE id = {pk}")


# ── What was proposed, and what was there at that moment ──────────────────────────────────────────────────
FACES: list[tuple[str, dict[str, Any]]] = [
    ("freeze", {"number": 7}),
    ("freeze", {"policy_hold": "Another reason."}),
    ("freeze", {"scope": "account"}),
    ("freeze", {"approvals_required": 2}),
    ("freeze", {"proposed_at": LONG_AGO}),
    ("freeze", {"reason": "Another reason."}),
    ("order", {"agency_reference": "DEMO-OTHER"}),
    ("order", {"scope": "All accounts."}),
    ("order", {"issued_at": LONG_AGO}),
    ("order", {"due_at": None}),
    ("order", {"instrument_type_id": None}),
    ("order", {"entity_served": "Another Ltd"}),
    ("order", {"ends_at": LONG_AGO}),
    ("order", {"non_disclosure_until": LONG_AGO}),
    ("order", {"requestor_phone": "1"}),
    ("contact", {"value": "elsewhere.example.test"}),
    ("contact", {"source": "The paper"}),
    ("emergency", {"reason": "Another."}),
    ("obligation", {"text": "Hold something else."}),
    ("obligation", {"kind": "produce"}),
    ("amount", {"amount": 1}),
    ("amount", {"asset": "USDC"}),
    ("amount", {"decimals": 2}),
    ("amount", {"holding_proposed_id": None}),
    ("alert", {"case_id": None}),
    ("alert", {"number": 7}),
    ("alert", {"kind": "movement_out"}),
    ("alert", {"wallet_id": None}),
    ("alert", {"chain_asset_id": None}),
    ("alert", {"before": 3 * 10**17}),
    ("alert", {"after": 3 * 10**18}),
    ("alert", {"before_batch_id": None}),
    ("alert", {"batch_id": None}),
    ("alert", {"disagreement_id": 1}),
    ("alert", {"raised_at": LONG_AGO}),
]


def test_what_was_asked_for_is_not_changed(everything: Everything) -> None:
    for kind, columns in FACES:
        row = everything.rows[kind]
        with pytest.raises(DatabaseError, match=r"is not changed|never overwritten|stands"), undone():
            changed(row, row.pk, columns)


def test_the_balance_at_a_freeze_is_set_once(everything: Everything) -> None:
    amount = everything.rows["amount"]
    holding = everything.rows["holding"].pk
    later = copied(everything.rows["holding"], {"amount": 1})
    changed(amount, amount.pk, {"holding_applied_id": holding})
    for value in (later, None):
        with pytest.raises(DatabaseError, match="never overwritten"), undone():
            changed(amount, amount.pk, {"holding_applied_id": value})
    assert FreezeAmount.objects.get(pk=amount.pk).holding_applied_id == holding


def test_the_sighting_at_a_freeze_is_set_once(everything: Everything) -> None:
    amount, sighting = everything.rows["amount"], everything.rows["sighting"]
    later = copied(sighting, {})
    pk = copied(amount, {"asset": "ETH", "holding_proposed_id": None, "sighting_proposed_id": sighting.pk})
    changed(amount, pk, {"sighting_applied_id": sighting.pk})
    for column in ("sighting_proposed_id", "sighting_applied_id"):
        for value in (later, None):
            with pytest.raises(DatabaseError, match="never overwritten"), undone():
                changed(amount, pk, {column: value})
    found = FreezeAmount.objects.get(pk=pk)
    assert (found.sighting_proposed_id, found.sighting_applied_id) == (sighting.pk, sighting.pk)


def test_an_alert_is_raised_open_and_acknowledged_once(everything: Everything) -> None:
    alert, me = everything.rows["alert"], everything.casework.lead.pk
    done = {"acknowledged_at": moment(), "acknowledged_by_id": me, "note": "Known."}
    with pytest.raises(DatabaseError, match="raised before it is acknowledged"), undone():
        copied(alert, everything.fresh("alert") | done)
    changed(alert, alert.pk, done)
    again: list[dict[str, Any]] = [
        {"note": "Not known."},
        {"acknowledged_at": LONG_AGO},
        {"acknowledged_by_id": everything.casework.approver.pk},
        dict.fromkeys(("acknowledged_at", "acknowledged_by_id"), None) | {"note": ""},
    ]
    for columns in again:
        with pytest.raises(DatabaseError, match="acknowledged once"), undone():
            changed(alert, alert.pk, columns)
    assert Alert.objects.get(pk=alert.pk).note == "Known."


def test_an_order_is_verified_before_anything_is_set_under_it(everything: Everything) -> None:
    """The last step is refused by the database where the order that a freeze rests on was never verified."""
    order = everything.rows["order"]
    unverified = copied(order, everything.fresh("order") | {"verified_at": None, "verified_by_id": None})
    duty = copied(everything.rows["obligation"], {"number": 98, "order_id": unverified})
    freeze = everything.rows["freeze"]
    resting = {"obligation_id": duty, "policy_hold": "", "formal_order_by": None}
    pk = everything.born("freeze", **resting)
    changed(freeze, pk, {"status": "approved"})
    with pytest.raises(DatabaseError, match="the order is not verified"), undone():
        changed(freeze, pk, {"status": "applying"})
    verified = everything.born(
        "freeze", **resting | {"obligation_id": everything.rows["obligation"].pk, "number": 97}
    )
    changed(freeze, verified, {"status": "approved"})
    changed(freeze, verified, {"status": "applying"})


def test_an_approvers_no_counts_more_than_two_who_agree(everything: Everything) -> None:
    freeze, approval = everything.rows["freeze"], everything.rows["approval"]
    pk = copied(freeze, everything.fresh("freeze") | {"approved_at": moment(), "approvals_required": 2})
    copied(approval, {"freeze_id": pk})
    copied(approval, {"freeze_id": pk, "approver_id": everything.casework.second_approver.pk})
    with undone():
        changed(freeze, pk, {"status": "approved"})
    copied(approval, {"freeze_id": pk, "approver_id": everything.casework.counsel.pk, "agrees": False})
    with pytest.raises(DatabaseError, match="not enough approvals"), undone():
        changed(freeze, pk, {"status": "approved"})
    assert FreezeApproval.objects.filter(freeze=pk).count() == 3
    assert FreezeOrder.objects.get(pk=pk).status == "proposed"
