"""Whom a case is about, and what the exchange's books say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cases.actions import accounts, subjects
from cases.actions.base import NoSuchItem
from cases.models import AccountHolding, ExchangeAccount
from cases.permissions import Permission
from tests.cases.actions.support import details_of, last_event, refusal
from tests.support.casework import Casework, moment

P = Permission


# ── Subjects ──────────────────────────────────────────────────────────────────────────────────────────────
def test_a_subject_has_a_name_and_what_is_said_has_a_source(casework: Casework) -> None:
    assert refusal(lambda: casework.subject(name=" ")).field == "name"
    assert refusal(lambda: casework.subject(attribution_source="")).field == "attribution_source"
    subject = casework.subject(name=" Kim Sang Man ", aliases=["김상만", " ", " Kim S. M. "])
    assert (subject.number, subject.name, subject.aliases) == (1, "Kim Sang Man", ["김상만", "Kim S. M."])


def test_an_edit_of_a_subject_is_recorded_as_old_and_new(casework: Casework) -> None:
    subject = casework.subject(aliases=["A"])

    def edit(**changes: Any) -> None:
        subjects.edit_subject(grant=casework.grant(P.EDIT), at=moment(), number=subject.number, **changes)

    edit(name="  Kim Example ", aliases=["A", " "])
    assert last_event(casework.case).action == "subject.added"
    edit(aliases=["A", "B"], role="designated")
    assert details_of(last_event(casework.case))["changes"] == {
        "aliases": [["A"], ["A", "B"]],
        "role": ["subject", "designated"],
    }
    assert refusal(lambda: edit(name="")).field == "name"
    assert refusal(lambda: edit(attribution_source=" ")).field == "attribution_source"
    with pytest.raises(TypeError):
        edit(number=7)


def test_a_subject_that_is_not_there_is_not_edited(casework: Casework) -> None:
    grant = casework.grant(P.EDIT)
    refusal(lambda: subjects.edit_subject(grant=grant, at=moment(), number=5, name="x"), NoSuchItem)
    error = refusal(lambda: casework.wallet(subject_number=5), NoSuchItem)
    assert error.field == "subject"


# ── Accounts ──────────────────────────────────────────────────────────────────────────────────────────────
def test_an_account_stands_once_in_a_case(casework: Casework) -> None:
    account = casework.account("EX-1", subject_number=casework.subject().number)
    assert (account.number, account.subject.number if account.subject else None) == (1, 1)
    assert refusal(lambda: casework.account(" EX-1 ")).field == "account_number"
    assert casework.account("EX-2").number == 2


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"account_number": "  "}, "account_number"),
        ({"holder": ""}, "holder"),
        ({"reported_at": datetime(2199, 1, 1, tzinfo=UTC)}, "reported_at"),
        ({"subject_number": 9}, "subject"),
    ],
    ids=str,
)
def test_an_account_that_does_not_make_sense_is_refused(
    casework: Casework, values: dict[str, Any], field: str
) -> None:
    assert refusal(lambda: casework.account(**values)).field == field
    assert not ExchangeAccount.objects.exists()


def test_a_status_at_the_exchange_only_gets_newer(casework: Casework) -> None:
    account = casework.account()

    def report(reported_status: str, reported_at: Any) -> ExchangeAccount:
        return accounts.report_account_status(
            grant=casework.grant(P.ACCOUNTS),
            at=moment(),
            number=account.number,
            reported_status=reported_status,
            reported_at=reported_at,
        )

    assert refusal(lambda: report("frozen", moment() + timedelta(hours=1))).field == "reported_at"
    assert refusal(lambda: report("frozen", account.reported_at - timedelta(days=1))).field == "reported_at"
    assert report("frozen", moment()).reported_status == "frozen"
    assert details_of(last_event(casework.case))["changes"]["reported_status"] == ["active", "frozen"]
    number = account.number + 1
    refusal(
        lambda: accounts.report_account_status(
            grant=casework.grant(P.ACCOUNTS),
            at=moment(),
            number=number,
            reported_status="frozen",
            reported_at=moment(),
        ),
        NoSuchItem,
    )


HOLDING: dict[str, Any] = {"asset": "USDT", "decimals": 6, "amount": 1, "source": "Ledger export"}


def record(casework: Casework, account: ExchangeAccount, **values: Any) -> AccountHolding:
    return accounts.record_holding(
        grant=casework.grant(P.ACCOUNTS),
        at=moment(),
        number=account.number,
        **HOLDING | {"observed_at": moment() - timedelta(minutes=5)} | values,
    )


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"asset": " "}, "asset"),
        ({"decimals": -1}, "decimals"),
        ({"decimals": 37}, "decimals"),
        ({"amount": -1}, "amount"),
        ({"amount": 2**256}, "amount"),
        ({"source": ""}, "source"),
        ({"observed_at": datetime(2199, 1, 1, tzinfo=UTC)}, "observed_at"),
    ],
    ids=str,
)
def test_a_figure_that_does_not_make_sense_is_refused(
    casework: Casework, values: dict[str, Any], field: str
) -> None:
    account = casework.account()
    assert refusal(lambda: record(casework, account, **values)).field == field
    assert not AccountHolding.objects.exists()


def test_an_asset_keeps_its_decimals_within_an_account(casework: Casework) -> None:
    account, other = casework.account("EX-1"), casework.account("EX-2")
    record(casework, account)
    assert refusal(lambda: record(casework, account, asset="usdt", decimals=18)).field == "decimals"
    assert record(casework, other, decimals=18).decimals == 18


def test_the_largest_amount_is_kept_to_the_last_unit_and_goes_into_the_record_as_text(
    casework: Casework,
) -> None:
    largest = 2**256 - 1
    holding = record(casework, casework.account(), amount=largest)
    holding.refresh_from_db()
    assert int(holding.amount) == largest
    assert details_of(last_event(casework.case))["amount"] == str(largest)


def test_zero_is_a_figure_and_a_later_one_is_another_row(casework: Casework) -> None:
    account = casework.account()
    record(casework, account, amount=0)
    record(casework, account, amount=5)
    amounts = AccountHolding.objects.filter(account=account).order_by("pk").values_list("amount", flat=True)
    assert [int(amount) for amount in amounts] == [0, 5]
