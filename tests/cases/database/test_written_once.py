"""What is written once stays: rows that are never changed, never deleted, never dated back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection

from cases.models import FreezeAmount, FreezeApproval, FreezeOrder
from tests.cases.database.test_moves import ignore_every_trigger
from tests.support.casework import moment
from tests.support.everything import Everything
from tests.support.rows import changed, columns_of, copied, execute, undone
from wallets.models import Reading
from wallets.models.triggers import FirmTrigger

APPEND_ONLY = ["note", "holding", "paper", "approval", "reading", "event"]
NEVER_DELETED = [
    "case",
    "membership",
    "subject",
    "wallet",
    "account",
    "order",
    "obligation",
    "freeze",
    "amount",
    "share",
    "export",
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
        if told_to_ignore:
            ignore_every_trigger(table)
        for column in columns_of(row):
            refused(f'UPDATE "{table}" SET "{column}" = "{column}" WHERE id = {row.pk}')
        refused(f'DELETE FROM "{table}" WHERE id = {row.pk}')
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
            "SELECT t.tgname, t.tgenabled, pg_get_functiondef(t.tgfoid) FROM pg_trigger t "
            "JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal "
            "AND (c.relname LIKE 'audit\\_%' OR c.relname LIKE 'cases\\_%' OR c.relname LIKE 'wallets\\_%')"
        )
        installed = cursor.fetchall()
    declared = sum(
        len(getattr(model._meta, "triggers", []))
        for app in ("audit", "cases", "people", "wallets")
        for model in apps.get_app_config(app).get_models()
    )
    assert len(installed) == declared > 40
    assert [name for name, _enabled, source in installed if "ignore" in source] == []
    # "O": fires in every ordinary session.
    assert {enabled for _name, enabled, _source in installed} == {"O"}


# ── The database's own clock ──────────────────────────────────────────────────────────────────────────────
def test_nobody_dates_a_row_back(everything: Everything) -> None:
    for kind in ("order", "obligation", "holding", "reading"):
        row = everything.rows[kind]
        fresh = {"block_hash": "0x" + "cd" * 32} if kind == "reading" else everything.fresh(kind)
        pk = copied(row, fresh | {"recorded_at": LONG_AGO})
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
    ("obligation", {"text": "Hold something else."}),
    ("obligation", {"kind": "produce"}),
    ("amount", {"amount": 1}),
    ("amount", {"asset": "USDC"}),
    ("amount", {"decimals": 2}),
    ("amount", {"holding_proposed_id": None}),
]


def test_what_was_asked_for_is_not_changed(everything: Everything) -> None:
    for kind, columns in FACES:
        row = everything.rows[kind]
        with pytest.raises(DatabaseError, match=r"is not changed|never overwritten"), undone():
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


def test_a_later_reading_is_another_row(everything: Everything) -> None:
    reading = everything.rows["reading"]
    with undone():
        copied(reading, {"block_hash": "0x" + "ef" * 32, "amount": 0})
        assert Reading.objects.get(pk=reading.pk).amount == 10**18


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
