"""What a case is told of its wallets: once, never of another's time, never below what was asked for."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from cases.actions import alerts, freezes, wallets
from cases.actions.base import CaseClosed, NoSuchItem
from cases.audit.models import Event, Stream
from cases.audit.verify import verify_stream
from cases.models import Alert, Case, CaseWallet, MovementThreshold
from cases.permissions import Permission
from tests.cases.actions.support import details_of, last_event, refusal
from tests.support.casework import Casework, moment
from tests.support.looks import looked, swept
from tests.support.rows import arranged
from wallets.models import Asset, News, ReadingBatch
from wallets.snapshots import ensure_wallet, request_refresh

P = Permission
ETHER = 10**18
OTHER = "0xb6f5ec1A0a9cd1526536D3F0426c429529471F40"


def tell() -> int:
    return alerts.tell_news(now=moment)


def known(casework: Casework, amount: int = 5 * ETHER, **kwargs: Any) -> CaseWallet:
    """A wallet of the case whose balance was read once since it was attached."""
    wallet = casework.wallet(**kwargs)
    looked({wallet: {"ETH": amount}}, at=moment(), height=17_330_000)
    assert tell() == 0
    return wallet


def alerts_of(casework: Casework) -> list[Alert]:
    return list(Alert.objects.filter(case=casework.case).order_by("number"))


def kinds(casework: Casework) -> list[tuple[str, int | None, int | None]]:
    return [(alert.kind, alert.before, alert.after) for alert in alerts_of(casework)]


def limit(casework: Casework, minimum: int) -> MovementThreshold:
    return alerts.set_threshold(
        grant=casework.grant(P.WALLETS), at=moment(), chain="ethereum", contract="", minimum=minimum
    )


def acknowledge(casework: Casework, number: int, note: str = "Known: the exchange's own sweep.") -> Alert:
    return alerts.acknowledge_alert(grant=casework.grant(P.WALLETS), at=moment(), number=number, note=note)


def frozen(casework: Casework, wallet: CaseWallet) -> int:
    freeze = casework.proposed_freeze(
        wallet_number=wallet.number,
        policy_hold="By telephone",
        formal_order_by=moment() + timedelta(days=3),
        amounts=[],
    )
    freezes.approve_freeze(
        grant=casework.grant(P.FREEZE_APPROVE, casework.approver), at=moment(), number=freeze.number
    )
    return freeze.number


# ── In and out ────────────────────────────────────────────────────────────────────────────────────────────


def test_what_comes_in_and_what_goes_out_are_told_apart(casework: Casework) -> None:
    wallet = known(casework)
    swept({wallet: {"ETH": 7 * ETHER, "USDT": 1_500_000}}, at=moment())
    swept({wallet: {"ETH": 4 * ETHER}}, at=moment())
    assert tell() == 2
    assert kinds(casework) == [
        ("movement_in", 5 * ETHER, 7 * ETHER),
        ("movement_in", 0, 1_500_000),
        ("movement_out", 7 * ETHER, 4 * ETHER),
    ]
    assert [alert.difference for alert in alerts_of(casework)] == [2 * ETHER, 1_500_000, -3 * ETHER]
    assert not News.objects.exists()


def test_the_record_says_what_both_looks_saw(casework: Casework) -> None:
    wallet = known(casework)
    batch = swept({wallet: {"ETH": 7 * ETHER}}, at=moment(), height=17_400_000)
    tell()
    event = last_event(casework.case)
    (alert,) = alerts_of(casework)
    assert (event.action, event.actor, event.object_kind, event.object_number) == (
        "wallet.balance_changed",
        None,
        "alert",
        alert.number,
    )
    details = details_of(event)
    assert (details["address"], details["asset"], details["kind"]) == (
        wallet.wallet.address,
        "ETH",
        "movement_in",
    )
    before, after = details["before"], details["after"]
    assert (before["amount"], before["block_height"]) == (str(5 * ETHER), 17_330_000)
    assert (after["amount"], after["block_height"], after["block_hash"]) == (
        str(7 * ETHER),
        17_400_000,
        batch.block_hash,
    )
    assert before["block_time"] and after["block_time"] and before["looked_at"] < after["looked_at"]
    assert verify_stream(Stream.objects.get(pk=casework.case.stream_id)) is None


def test_a_first_reading_and_one_that_finds_the_same_tell_nothing(casework: Casework) -> None:
    wallet = known(casework)
    looked({wallet: {"ETH": 5 * ETHER}}, at=moment())
    swept({wallet: {"ETH": 5 * ETHER}}, at=moment())
    assert tell() == 0
    assert alerts_of(casework) == []


def test_a_look_that_somebody_asked_for_tells_too(casework: Casework) -> None:
    wallet = known(casework)
    looked({wallet: {"ETH": 6 * ETHER}}, at=moment())
    tell()
    assert kinds(casework) == [("movement_in", 5 * ETHER, 6 * ETHER)]


def test_a_look_that_commits_after_a_later_one_is_told(casework: Casework) -> None:
    """The look began first and was written last: whoever counts numbers up would have passed it."""
    one = known(casework)
    two = casework.wallet(chain="arbitrum")
    looked({two: {"ETH": 5 * ETHER}}, at=moment())
    early, late = moment(), moment()
    swept({one: {"ETH": 6 * ETHER}}, at=late)
    assert tell() == 1
    swept({two: {"ETH": 1 * ETHER}}, at=early)
    assert tell() == 1
    assert [(alert.wallet_id, alert.kind) for alert in alerts_of(casework)] == [
        (one.pk, "movement_in"),
        (two.pk, "movement_out"),
    ]


# ── Once ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_telling_again_tells_nothing_new(casework: Casework) -> None:
    wallet = known(casework)
    batch = swept({wallet: {"ETH": 6 * ETHER}}, at=moment())
    tell()
    events = Event.objects.count()
    for _again in range(3):
        News.objects.create(batch=batch)
        assert tell() == 1
        assert alerts.raise_alerts(batch_id=batch.pk, case_id=casework.case.pk, at=moment()) == []
    assert len(alerts_of(casework)) == 1
    assert Event.objects.count() == events


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_tell_once() -> None:
    one, two = Casework.opened(), Casework.opened()
    held = [known(casework, address=OTHER) for casework in (one, two)]
    more = [known(casework) for casework in (one, two)]
    batches = [
        swept({held[0]: {"ETH": 6 * ETHER}}, at=moment()),
        swept({more[0]: {"ETH": 1 * ETHER, "USDT": 5}}, at=moment()),
    ]

    def worker(_number: int) -> None:
        try:
            for batch in batches:
                for case in (one.case, two.case):
                    alerts.raise_alerts(batch_id=batch.pk, case_id=case.pk, at=moment())
            alerts.tell_news(now=moment)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=6) as workers:
        list(workers.map(worker, range(12)))
    for casework in (one, two):
        assert sorted(kinds(casework)) == [
            ("movement_in", 0, 5),
            ("movement_in", 5 * ETHER, 6 * ETHER),
            ("movement_out", 5 * ETHER, 1 * ETHER),
        ]
        assert [alert.number for alert in alerts_of(casework)] == [1, 2, 3]
        told = Event.objects.filter(stream=casework.case.stream_id, action="wallet.balance_changed")
        assert told.count() == 3
        assert verify_stream(Stream.objects.get(pk=casework.case.stream_id)) is None
    assert not News.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_between_two_cases_doubles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = Casework.opened(), Casework.opened()
    wallet = known(one)
    known(two)
    batch = swept({wallet: {"ETH": 6 * ETHER}}, at=moment())
    raised = alerts.raise_alerts

    class Killed(BaseException):
        pass

    def dying(**kwargs: Any) -> Any:
        if kwargs["case_id"] == two.case.pk:
            raise Killed
        return raised(**kwargs)

    monkeypatch.setattr(alerts, "raise_alerts", dying)
    with pytest.raises(Killed):
        tell()
    assert (len(alerts_of(one)), len(alerts_of(two))) == (1, 0)
    # Its hold on the look runs out; until then nobody else takes it.
    assert tell() == 0
    monkeypatch.setattr(alerts, "raise_alerts", raised)
    assert alerts.tell_news(now=lambda: moment() + timedelta(minutes=2)) == 1
    assert (len(alerts_of(one)), len(alerts_of(two))) == (1, 1)
    assert News.objects.filter(batch=batch).count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_case_that_cannot_be_told_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = Casework.opened(), Casework.opened()
    wallet = known(one)
    known(two)
    first = swept({wallet: {"ETH": 6 * ETHER}}, at=moment())
    swept({wallet: {"ETH": 8 * ETHER}}, at=moment())
    raised = alerts.raise_alerts

    def failing(**kwargs: Any) -> Any:
        if kwargs["case_id"] == one.case.pk and kwargs["batch_id"] == first.pk:
            raise DatabaseError("deadlock detected")
        return raised(**kwargs)

    monkeypatch.setattr(alerts, "raise_alerts", failing)
    assert tell() == 1
    assert (len(alerts_of(one)), len(alerts_of(two))) == (1, 2)
    assert "deadlock detected" in caplog.text
    news = News.objects.get()
    assert (news.batch_id, news.attempts) == (first.pk, 1)
    monkeypatch.setattr(alerts, "raise_alerts", raised)
    assert alerts.tell_news(now=lambda: moment() + timedelta(minutes=2)) == 1
    assert len(alerts_of(one)) == 2


# ── Whose time it was ─────────────────────────────────────────────────────────────────────────────────────


def test_a_case_is_told_nothing_of_the_time_before_it_held_the_wallet(casework: Casework) -> None:
    """Another case looked before; that the amount changed between its look and ours would tell of that case."""
    known(casework)
    late = Casework.opened()
    attached = late.wallet()
    looked({attached: {"ETH": 6 * ETHER}}, at=moment())
    assert tell() == 1
    assert kinds(casework) == [("movement_in", 5 * ETHER, 6 * ETHER)]
    assert alerts_of(late) == []
    assert not Event.objects.filter(stream=late.case.stream_id, action__contains="changed").exists()
    # From its own first look on it is told.
    swept({attached: {"ETH": 7 * ETHER}}, at=moment())
    tell()
    assert kinds(late) == [("movement_in", 6 * ETHER, 7 * ETHER)]


def test_attached_between_the_look_and_the_telling_is_too_late(casework: Casework) -> None:
    wallet = known(casework)
    swept({wallet: {"ETH": 6 * ETHER}}, at=moment())
    late = Casework.opened()
    late.wallet()
    tell()
    assert (len(alerts_of(casework)), len(alerts_of(late))) == (1, 0)


def test_a_case_that_let_the_wallet_go_is_told_nothing(casework: Casework) -> None:
    wallet = known(casework)
    other = Casework.opened()
    known(other)
    wallets.detach_wallet(
        grant=casework.grant(P.WALLETS), at=moment(), number=wallet.number, reason="Not his"
    )
    swept({wallet: {"ETH": 6 * ETHER}}, at=moment())
    tell()
    assert (len(alerts_of(casework)), len(alerts_of(other))) == (0, 1)


def test_a_closed_case_is_told_nothing(casework: Casework) -> None:
    wallet = known(casework)
    casework.closed()
    swept({wallet: {"ETH": 6 * ETHER}}, at=moment())
    assert tell() == 1
    assert alerts_of(casework) == []


# ── How small is too small ────────────────────────────────────────────────────────────────────────────────


def test_a_movement_below_the_threshold_is_not_told(casework: Casework) -> None:
    wallet = known(casework)
    limit(casework, ETHER)
    other = Casework.opened()
    known(other)
    swept({wallet: {"ETH": 6 * ETHER - 1}}, at=moment())
    tell()
    assert (len(alerts_of(casework)), len(alerts_of(other))) == (0, 1)
    # Neither way; from the threshold itself on, both ways; of another asset anything.
    swept({wallet: {"ETH": 5 * ETHER, "USDT": 1}}, at=moment())
    swept({wallet: {"ETH": 6 * ETHER}}, at=moment())
    swept({wallet: {"ETH": 4 * ETHER}}, at=moment())
    tell()
    assert kinds(casework) == [
        ("movement_in", 0, 1),
        ("movement_in", 5 * ETHER, 6 * ETHER),
        ("movement_out", 6 * ETHER, 4 * ETHER),
    ]


def test_a_frozen_wallet_knows_no_threshold(casework: Casework) -> None:
    wallet = known(casework)
    limit(casework, ETHER)
    number = frozen(casework, wallet)
    swept({wallet: {"ETH": 5 * ETHER - 1}}, at=moment())
    tell()
    assert kinds(casework) == [("movement_out", 5 * ETHER, 5 * ETHER - 1)]
    freezes.cancel_freeze(
        grant=casework.grant(P.FREEZE_PROPOSE), at=moment(), number=number, reason="Withdrawn"
    )
    swept({wallet: {"ETH": 5 * ETHER - 2}}, at=moment())
    tell()
    assert len(alerts_of(casework)) == 1


def test_a_threshold_is_set_changed_and_removed(casework: Casework) -> None:
    limit(casework, 5)
    assert details_of(last_event(casework.case))["minimum"] == "5"
    limit(casework, 7)
    assert details_of(last_event(casework.case)) == {
        "chain": "ethereum",
        "asset": "ETH",
        "contract": "",
        "decimals": 18,
        "old": "5",
        "minimum": "7",
    }
    assert MovementThreshold.objects.get().minimum == 7
    alerts.remove_threshold(grant=casework.grant(P.WALLETS), at=moment(), chain="ethereum", contract="")
    assert last_event(casework.case).action == "threshold.removed"
    assert not MovementThreshold.objects.exists()
    grant = casework.grant(P.WALLETS)
    error = refusal(
        lambda: alerts.remove_threshold(grant=grant, at=moment(), chain="ethereum", contract=""), NoSuchItem
    )
    assert error.field == "asset"
    assert refusal(lambda: limit(casework, 0)).field == "minimum"
    error = refusal(
        lambda: alerts.set_threshold(grant=grant, at=moment(), chain="ethereum", contract="0xnone", minimum=1)
    )
    assert error.field == "asset"


def test_a_closed_case_takes_no_threshold(casework: Casework) -> None:
    casework.closed()
    refusal(lambda: limit(casework, 5), CaseClosed)


# ── When sources contradict each other ────────────────────────────────────────────────────────────────────


def test_two_sources_that_contradict_each_other_are_told_once_until_it_is_well(casework: Casework) -> None:
    wallet = known(casework)
    late = Casework.opened()
    disagreeing = {wallet: {"ETH": (5 * ETHER, 9 * ETHER)}}
    swept(disagreeing, at=moment(), second="other.example.test")
    late_wallet = late.wallet()
    tell()
    (alert,) = alerts_of(casework)
    assert (alert.kind, alert.before, alert.after, alert.difference) == ("disagreement", None, None, None)
    assert alerts_of(late) == []
    event = last_event(casework.case)
    assert event.action == "wallet.sources_disagree"
    assert [row["amount"] for row in details_of(event)["said"]] == [str(5 * ETHER), str(9 * ETHER)]
    # Look after look the same: it is told already; to who came later, once.
    swept(disagreeing, at=moment(), second="other.example.test")
    swept(disagreeing, at=moment(), second="other.example.test")
    tell()
    assert (len(alerts_of(casework)), len(alerts_of(late))) == (1, 1)
    # They agreed again, and then no more.
    swept({wallet: {"ETH": 5 * ETHER}}, at=moment(), second="other.example.test")
    tell()
    assert len(alerts_of(casework)) == 1
    swept(disagreeing, at=moment(), second="other.example.test")
    tell()
    assert [alert.kind for alert in alerts_of(casework)] == ["disagreement", "disagreement"]
    assert late_wallet.wallet_id == wallet.wallet_id


# ── Taking note ───────────────────────────────────────────────────────────────────────────────────────────


def test_an_alert_is_acknowledged_once_with_words(casework: Casework) -> None:
    wallet = known(casework)
    swept({wallet: {"ETH": 6 * ETHER}}, at=moment())
    tell()
    assert refusal(lambda: acknowledge(casework, 1, "  ")).field == "note"
    refusal(lambda: acknowledge(casework, 2), NoSuchItem)
    alert = acknowledge(casework, 1, " The exchange's own sweep. ")
    assert (alert.acknowledged_by, alert.note) == (casework.lead, "The exchange's own sweep.")
    event = last_event(casework.case)
    assert (event.action, event.actor) == ("alert.acknowledged", casework.lead)
    refusal(lambda: acknowledge(casework, 1))


def test_the_database_keeps_an_alert_as_it_was_raised(casework: Casework) -> None:
    wallet = known(casework)
    batch = swept({wallet: {"ETH": 6 * ETHER}}, at=moment())
    tell()
    (alert,) = alerts_of(casework)
    at, me = moment(), casework.lead.pk
    updates: tuple[dict[str, Any], ...] = (
        {"after": 8 * ETHER},
        {"before": 1},
        {"number": 9},
        {"raised_at": at},
        {"kind": "movement_out"},
        {"note": "without a person"},
        {"acknowledged_at": at, "acknowledged_by": me},
        {"acknowledged_at": at, "note": "nobody"},
    )
    for changes in updates:
        with pytest.raises(IntegrityError), transaction.atomic():
            Alert.objects.filter(pk=alert.pk).update(**changes)
    with pytest.raises(DatabaseError), transaction.atomic():
        Alert.objects.filter(pk=alert.pk)._raw_delete("default")
    acknowledge(casework, 1)
    rewritten: tuple[dict[str, Any], ...] = (
        {"note": "Otherwise."},
        {"acknowledged_at": None, "acknowledged_by": None, "note": ""},
    )
    for changes in rewritten:
        with pytest.raises(IntegrityError), transaction.atomic():
            Alert.objects.filter(pk=alert.pk).update(**changes)
    again: dict[str, Any] = {
        "case": casework.case,
        "wallet": wallet,
        "chain_asset": Asset.objects.get(chain="ethereum", symbol="ETH"),
        "before": 5 * ETHER,
        "after": 6 * ETHER,
        "before_batch": alert.before_batch,
        "batch": batch,
        "raised_at": at,
    }
    for wrong in (
        {"number": 2, "kind": "movement_in"},
        {"number": 2, "kind": "movement_out"},
        {"number": 2, "kind": "disagreement"},
        {"number": 2, "kind": "gone"},
        {"number": 1, "kind": "movement_in", "after": 7 * ETHER},
        {"number": 2, "kind": "movement_out", "after": 1, "before_batch": None},
        {
            "number": 2,
            "kind": "movement_out",
            "after": 1,
            "acknowledged_at": at,
            "acknowledged_by": casework.lead,
            "note": "Born so.",
        },
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Alert.objects.create(**again | wrong)
    assert Alert.objects.create(**again | {"number": 2, "kind": "movement_out", "after": 1})
    arranged()


# ── A great many ──────────────────────────────────────────────────────────────────────────────────────────


def test_what_no_case_holds_costs_two_statements(casework: Casework) -> None:
    """However many balances changed: the database finds that nobody is to be told."""
    wallet = known(casework)
    strangers = [ensure_wallet(chain="ethereum", text=f"0x{number:040x}") for number in range(1, 61)]
    request_refresh(wallet_ids=[stranger.pk for stranger in strangers], at=moment())
    looked({stranger: {"ETH": 1} for stranger in strangers}, at=moment())
    looked({stranger: {"ETH": 2} for stranger in strangers}, at=moment())
    with CaptureQueriesContext(connection) as captured:
        assert tell() == 1
    about = [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]
    # Claim; the look; jit off; who is to be told; done; claim again.
    assert len(about) == 6, about
    assert wallet.case_id == casework.case.pk
    assert not Alert.objects.exists()
    assert ReadingBatch.objects.latest("pk").readings.count() >= 60
    assert Case.objects.get(pk=casework.case.pk).touched_at
