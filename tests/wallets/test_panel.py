"""Several sources for one chain: in order, against each other, and never one that serves another chain."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import pytest
import stamina

from wallets.chains import panel as panels
from wallets.chains.base import (
    Answers,
    BadAnswer,
    Block,
    BlockGone,
    CannotPin,
    ChainError,
    ChainInfo,
    Confirmation,
    Exchange,
    Failure,
    NotConfigured,
    NotObservable,
    Pin,
    Pinned,
    PublicProviderRefused,
    Resting,
    Restriction,
    SourceRefused,
    SourceUnavailable,
    WrongChain,
)
from wallets.chains.catalogue import CHAINS
from wallets.chains.panel import Fault, Panel, compared, panel_for, printable
from wallets.chains.providers import Seat

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADDRESSES = ["0xA", "0xB"]
CONTRACTS = ["", "0xT"]


def block(height: int = 100, salt: str = "") -> Block:
    return Block(height, f"0x{height:x}{salt}", NOW - timedelta(minutes=10) + timedelta(seconds=height))


def words(*amounts: int) -> bytes:
    return b"".join(amount.to_bytes(32, "big") for amount in amounts)


AMOUNTS = (1, 2, 3, 2**256 - 1)


@dataclass
class Scripted:
    """A source that answers as it is told. `pick` and `tell` may raise, or count how often they were called."""

    name: str = "one"
    can_pin: bool = True
    info: ChainInfo = CHAINS["ethereum"]
    amounts: tuple[int, ...] = AMOUNTS
    failures: dict[int, Failure] = field(default_factory=dict)
    block: Block = field(default_factory=block)
    picks: list[Block | Exception] = field(default_factory=list)
    reads: list[Any] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    confirmation: Confirmation | Exception = field(default_factory=lambda: Confirmation("unknown"))
    restriction: Restriction | Exception = field(default_factory=lambda: Restriction("no_list"))
    threads: set[int] = field(default_factory=set)
    closed: int = 0

    @property
    def provider(self) -> str:
        return self.name

    def __enter__(self) -> Self:
        self.calls.append("open")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed += 1

    def pick(self) -> Pinned:
        self.calls.append("pick")
        picked = self.picks.pop(0) if self.picks else self.block
        if isinstance(picked, Exception):
            raise picked
        return self._pinned(picked)

    def _pinned(self, at: Block) -> Pinned:
        pin: Pin = "hash" if self.can_pin else "bracket"
        return Pinned(at, pin, "finalized")

    def read(
        self, addresses: Sequence[str], contracts: Sequence[str], *, at: Pinned | None = None
    ) -> Answers:
        self.calls.append(f"read {at.block.height if at else 'tip'}")
        self.threads.add(threading.get_ident())
        step = self.reads.pop(0) if self.reads else None
        if isinstance(step, Exception):
            raise step
        if isinstance(step, Answers):
            return step
        seen = step if isinstance(step, Block) else self.block
        exchange = Exchange("test", self.name.encode(), b"{}", 0, len(addresses), 1)
        pinned = at or self._pinned(seen)
        return Answers(pinned, words(*self.amounts), dict(self.failures), (exchange,))

    def confirmations(self, txid: str) -> Confirmation:
        self.calls.append("confirmations")
        if isinstance(self.confirmation, Exception):
            raise self.confirmation
        return self.confirmation

    def token_restriction(self, address: str, contract: str) -> Restriction:
        self.calls.append("restriction")
        if isinstance(self.restriction, Exception):
            raise self.restriction
        return self.restriction


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(panels, "SETTLE", 0)
    panels.forget()
    with stamina.set_testing(True, attempts=5, cap=True):
        yield
    panels.forget()


def seat(source: Scripted, origin: str = "", blamed: list[str] | None = None) -> Seat:
    return Seat(
        provider=source.name,
        origin=origin or source.name,
        open=lambda: source,
        key=source.name,
        blame=lambda: blamed.append(source.name) if blamed is not None else None,
    )


def panel(*sources: Scripted, chain: str = "ethereum", blamed: list[str] | None = None) -> Panel:
    return Panel(CHAINS[chain], [seat(source, blamed=blamed) for source in sources], clock=lambda: NOW)


def codes(faults: Sequence[Fault]) -> list[tuple[str, str]]:
    return [(fault.provider, fault.code) for fault in faults]


# ── One source ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_single_source_is_said_to_be_alone() -> None:
    one = Scripted()
    with panel(one) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.agreement, reading.provider, reading.seconded_by) == ("single", "one", "")
    assert reading.answers.words == words(*AMOUNTS)
    assert reading.faults == ()
    assert one.calls == ["open", "pick", "read 100"]
    assert one.closed == 1


def test_two_urls_of_one_host_are_one_source() -> None:
    one, two = Scripted("one"), Scripted("two")
    seats = [seat(one, "same"), seat(two, "same")]
    with Panel(CHAINS["ethereum"], seats, clock=lambda: NOW) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.agreement, reading.provider) == ("single", "one")
    assert two.calls == []


def test_the_second_url_of_a_host_still_stands_in() -> None:
    one, two = Scripted("one", picks=[SourceUnavailable("down")]), Scripted("two")
    with Panel(CHAINS["ethereum"], [seat(one, "same"), seat(two, "same")], clock=lambda: NOW) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.agreement, reading.provider) == ("single", "two")
    assert codes(reading.faults) == [("one", "unavailable")]


# ── Failover ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SourceUnavailable("down"), "unavailable"),
        (Resting("held back"), "resting"),
        (WrongChain("chain id 5 instead of 1"), "wrong_chain"),
        (BadAnswer("nonsense"), "bad_answer"),
        (ValueError("a reader stumbled"), "bad_answer"),
    ],
)
def test_a_source_that_does_not_help_is_passed_over_and_named(error: Exception, code: str) -> None:
    blamed: list[str] = []
    one, two = Scripted("one", picks=[error]), Scripted("two")
    with panel(one, two, blamed=blamed) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.provider, reading.agreement) == ("two", "unconfirmed")
    assert codes(reading.faults) == [("one", code)]
    assert "read 100" not in one.calls
    assert blamed == (["one"] if code == "bad_answer" else [])


def test_a_source_that_fails_while_it_is_read_is_passed_over() -> None:
    one, two, three = Scripted("one", reads=[SourceUnavailable("down")]), Scripted("two"), Scripted("three")
    with panel(one, two, three) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.provider, reading.agreement, reading.seconded_by) == ("two", "agreed", "three")
    assert codes(reading.faults) == [("one", "unavailable")]


def test_where_no_source_helps_the_first_real_reason_is_raised_and_all_are_named() -> None:
    one = Scripted("one", picks=[Resting("held", retry_after=3)])
    two = Scripted("two", picks=[SourceUnavailable("down", retry_after=7)])
    with panel(one, two) as asked:
        with pytest.raises(SourceUnavailable) as raised:
            asked.read(ADDRESSES, CONTRACTS)
        assert codes(asked.faults) == [("one", "resting"), ("two", "unavailable")]
    # Somebody may be asked again after three seconds.
    assert raised.value.retry_after == 3


def test_where_all_rest_the_panel_rests() -> None:
    one, two = Scripted("one", picks=[Resting("held")]), Scripted("two", picks=[Resting("held")])
    with panel(one, two) as asked, pytest.raises(Resting):
        asked.read(ADDRESSES, CONTRACTS)


def test_faults_of_one_question_are_not_told_at_the_next() -> None:
    one, two = Scripted("one", picks=[SourceUnavailable("down")]), Scripted("two")
    with panel(one, two) as asked:
        assert len(asked.read(ADDRESSES, CONTRACTS).faults) == 1
        assert asked.read(ADDRESSES, CONTRACTS).faults == ()
        assert asked.faults == ()


def test_a_source_that_cannot_be_opened_is_passed_over() -> None:
    def refuse() -> Scripted:
        raise SourceRefused("the source's URL is not valid")

    two = Scripted("two")
    seats = [Seat("?", "?", refuse, "?"), seat(two)]
    with Panel(CHAINS["ethereum"], seats, clock=lambda: NOW) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.provider, codes(reading.faults)) == ("two", [("?", "refused")])


def test_a_source_of_which_nothing_came_is_passed_over() -> None:
    dead = {index: Failure("unavailable", "HTTP 500") for index in range(4)}
    one, two, three = Scripted("one", failures=dead), Scripted("two"), Scripted("three")
    with panel(one, two, three) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.provider, reading.seconded_by) == ("two", "three")
    assert codes(reading.faults) == [("one", "unavailable")]
    assert reading.answers.failures == {}


def test_where_nothing_comes_from_anyone_the_first_answer_stands() -> None:
    dead = {index: Failure("reverted", "") for index in range(4)}
    one, two = Scripted("one", failures=dead), Scripted("two", picks=[SourceUnavailable("down")] * 2)
    with panel(one, two) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert {failure.code for failure in reading.answers.failures.values()} == {"reverted"}
    assert reading.provider == "one"


def test_a_block_that_leaves_the_chain_is_picked_anew() -> None:
    one = Scripted(picks=[block(1), block(2), block(3)], reads=[BlockGone("1"), BlockGone("2")])
    with panel(one) as asked:
        assert asked.read(ADDRESSES, CONTRACTS).answers.pinned.block == block(3)
    one = Scripted(reads=[BlockGone("1"), BlockGone("2"), BlockGone("3")])
    with panel(one) as asked, pytest.raises(BlockGone):
        asked.read(ADDRESSES, CONTRACTS)


# ── Lies that every family could tell ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (replace(block(), time=NOW + timedelta(hours=2, seconds=1)), "future_block"),
        (replace(block(), height=2**63), "bad_answer"),
        (replace(block(), height=-1), "bad_answer"),
        (replace(block(), hash="0x" + "a" * 200), "bad_answer"),
        (replace(block(), hash="0x\0"), "bad_answer"),
        (replace(block(), hash="0x\ud800"), "bad_answer"),
    ],
)
@pytest.mark.parametrize("can_pin", [True, False])
def test_a_block_that_cannot_be_is_refused(lie: Block, code: str, can_pin: bool) -> None:
    with panel(Scripted(block=lie, can_pin=can_pin)) as asked:
        with pytest.raises(ChainError) as raised:
            asked.read(ADDRESSES, CONTRACTS)
        assert raised.value.code == code
        assert codes(asked.faults) == [("one", code)]


def test_a_development_chain_may_run_ahead() -> None:
    ahead = replace(block(), time=NOW + timedelta(days=300))
    with panel(Scripted(block=ahead), chain="localdev") as asked:
        assert asked.read(ADDRESSES, CONTRACTS).answers.pinned.block == ahead


@pytest.mark.parametrize(
    "answers",
    [
        Answers(Pinned(block(), "hash", "finalized"), words(*AMOUNTS[:3])),
        Answers(Pinned(block(), "hash", "finalized"), words(*AMOUNTS, 9)),
        Answers(Pinned(block(), "hash", "finalized"), words(*AMOUNTS), {4: Failure("failed", "")}),
        Answers(Pinned(block(), "hash", "finalized"), words(*AMOUNTS), {-1: Failure("failed", "")}),
        Answers(Pinned(block(101), "hash", "finalized"), words(*AMOUNTS)),
        Answers(Pinned(block(100, "f"), "hash", "finalized"), words(*AMOUNTS)),
    ],
)
def test_answers_of_another_size_or_block_are_refused(answers: Answers) -> None:
    with panel(Scripted(reads=[answers])) as asked, pytest.raises(BadAnswer):
        asked.read(ADDRESSES, CONTRACTS)


def test_what_a_provider_words_can_be_stored_and_shown() -> None:
    words_of_a_liar = "no\0thing \ud800 \u202egpj.exe" + "x" * 500
    one = Scripted(failures={0: Failure("failed", words_of_a_liar)})
    two = Scripted("two", picks=[SourceUnavailable(words_of_a_liar)])
    with panel(one, two) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    for detail in (reading.answers.failures[0].detail, reading.faults[0].detail):
        assert detail.startswith("no�thing � �gpj.exexx")
        assert len(detail) <= 300
        detail.encode()
    assert printable("plain ü 人") == "plain ü 人"


# ── Two against each other ────────────────────────────────────────────────────────────────────────────────


def test_two_sources_that_agree() -> None:
    one, two, three = Scripted("one"), Scripted("two", block=block(107)), Scripted("three")
    with panel(one, two, three) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.agreement, reading.provider, reading.seconded_by) == ("agreed", "one", "two")
    assert reading.answers.pinned.block == block(100)
    assert [exchange.question for exchange in reading.answers.exchanges] == [b"one"]
    assert [exchange.question for exchange in reading.second_exchanges] == [b"two"]
    assert (reading.disagreements, reading.answers.failures, reading.faults) == ({}, {}, ())
    # The second shows its chain once, and is asked at the first one's block.
    assert two.calls == ["open", "pick", "read 100"]
    assert three.calls == []
    assert one.threads.isdisjoint(two.threads)


def test_a_source_shows_its_chain_once_in_a_while() -> None:
    one, two = Scripted("one"), Scripted("two")
    for _look in range(3):
        with panel(one, two) as asked:
            assert asked.read(ADDRESSES, CONTRACTS).agreement == "agreed"
    assert two.calls.count("pick") == 1
    assert one.calls.count("pick") == 3


def test_a_second_source_of_another_chain_confirms_nothing() -> None:
    one, two, three = Scripted("one"), Scripted("two", picks=[WrongChain("5")]), Scripted("three")
    with panel(one, two, three) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.agreement, reading.seconded_by) == ("agreed", "three")
    assert codes(reading.faults) == [("two", "wrong_chain")]
    assert "read 100" not in two.calls


def test_sources_that_disagree_are_both_kept_and_neither_is_used() -> None:
    one, two = Scripted("one"), Scripted("two", amounts=(1, 7, 3, 0))
    with panel(one, two) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert reading.agreement == "agreed"
    assert reading.disagreements == {1: 7, 3: 0}
    assert reading.answers.failures == {1: Failure("disagrees", "two"), 3: Failure("disagrees", "two")}
    assert reading.answers.words == words(*AMOUNTS)


def test_a_failure_at_either_source_is_a_failure() -> None:
    one = Scripted("one", failures={0: Failure("reverted", "first")})
    two = Scripted("two", amounts=(9, 9, 3, 2**256 - 1))
    two.failures = {0: Failure("failed", "second"), 2: Failure("no_contract", "there", "unsupported")}
    with panel(one, two) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert reading.answers.failures == {
        0: Failure("reverted", "first"),
        1: Failure("disagrees", "two"),
        2: Failure("no_contract", "there", "unsupported"),
    }
    assert reading.disagreements == {1: 9}


def test_a_second_source_that_lags_is_given_a_moment() -> None:
    one = Scripted("one")
    two = Scripted("two", reads=[BlockGone("not yet"), CannotPin("not yet")])
    with panel(one, two) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.agreement, reading.faults) == ("agreed", ())
    assert two.calls.count("read 100") == 3


def test_a_second_source_that_never_catches_up_leaves_it_unconfirmed() -> None:
    two = Scripted("two", reads=[BlockGone("unknown")] * 3)
    with panel(Scripted("one"), two) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.agreement, reading.seconded_by) == ("unconfirmed", "")
    assert codes(reading.faults) == [("two", "block_gone")]


def test_a_second_source_that_is_down_is_not_asked_again_and_again() -> None:
    two = Scripted("two", reads=[SourceUnavailable("down")])
    with panel(Scripted("one"), two) as asked:
        assert asked.read(ADDRESSES, CONTRACTS).agreement == "unconfirmed"
    assert two.calls.count("read 100") == 1


def test_a_second_source_of_which_nothing_came_confirms_nothing() -> None:
    two = Scripted("two", failures={index: Failure("unavailable", "") for index in range(4)})
    with panel(Scripted("one"), two, Scripted("three")) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.agreement, reading.seconded_by) == ("agreed", "three")
    assert reading.answers.failures == {}
    assert codes(reading.faults) == [("two", "unavailable")]


def test_the_second_reads_while_the_first_does() -> None:
    meeting = threading.Barrier(2, timeout=10)

    class Meets(Scripted):
        def read(self, *args: Any, **options: Any) -> Answers:
            meeting.wait()
            return super().read(*args, **options)

    with panel(Meets("one"), Meets("two")) as asked:
        assert asked.read(ADDRESSES, CONTRACTS).agreement == "agreed"


@pytest.mark.parametrize("quick", [True, False])
def test_a_thread_is_only_spent_where_the_first_takes_its_time(
    quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "WORTH_A_THREAD", 3600 if quick else 0)
    one, two = Scripted("one"), Scripted("two")
    for _look in range(2):
        one.threads.clear()
        two.threads.clear()
        with panel(one, two) as asked:
            assert asked.read(ADDRESSES, CONTRACTS).agreement == "agreed"
    assert (one.threads == two.threads) is quick


def test_a_quick_first_source_that_fails_does_not_let_the_second_be_read_for_nothing() -> None:
    one, two, three = Scripted("one"), Scripted("two"), Scripted("three")
    with panel(one, two, three) as asked:
        asked.read(ADDRESSES, CONTRACTS)
        one.reads, two.calls = [SourceUnavailable("down")], []
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.provider, reading.seconded_by) == ("two", "three")
    assert two.calls == ["pick", "read 100"]


def test_equal_answers_are_compared_at_once() -> None:
    class Counted(bytes):
        slices = 0

        def __getitem__(self, key: Any) -> Any:
            Counted.slices += 1
            return super().__getitem__(key)

    pinned = Pinned(block(), "hash", "finalized")
    first, second = (Answers(pinned, Counted(words(*AMOUNTS))) for _ in range(2))
    assert compared(first, second, "two") == ({}, {})
    assert Counted.slices == 0


# ── Chains that cannot be asked at a block ────────────────────────────────────────────────────────────────


def bitcoin(name: str, *seen: Block | Exception, **options: Any) -> Scripted:
    return Scripted(name, can_pin=False, info=CHAINS["bitcoin"], reads=list(seen), **options)


def bitcoin_panel(*sources: Scripted) -> Panel:
    return panel(*sources, chain="bitcoin")


def test_brackets_around_the_same_tip_are_compared() -> None:
    one, two = bitcoin("one", block(5)), bitcoin("two", block(5), amounts=(1, 2, 3, 4))
    with bitcoin_panel(one, two) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.agreement, reading.disagreements) == ("agreed", {3: 4})


def test_brackets_around_different_tips_are_looked_at_again() -> None:
    one, two = bitcoin("one", block(5), block(6)), bitcoin("two", block(6), block(6))
    with bitcoin_panel(one, two) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.agreement, reading.answers.pinned.block) == ("agreed", block(6))


def test_brackets_that_never_meet_are_not_compared() -> None:
    one = bitcoin("one", block(5), block(6), block(7))
    two = bitcoin("two", block(4), block(6, "f"), replace(block(7), time=NOW), amounts=(9, 9, 9, 9))
    with bitcoin_panel(one, two) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.agreement, reading.answers.failures) == ("unconfirmed", {})
    assert codes(reading.faults) == [("two", "cannot_pin")]
    assert one.calls.count("read tip") == two.calls.count("read tip") == 3


def test_what_the_second_read_while_the_first_rested_is_not_read_again() -> None:
    one = bitcoin("one", Resting("held back"))
    two, three = bitcoin("two", block(5)), bitcoin("three", block(5))
    with bitcoin_panel(one, two, three) as asked:
        reading = asked.read(ADDRESSES, CONTRACTS)
    assert (reading.provider, reading.agreement, reading.seconded_by) == ("two", "agreed", "three")
    assert codes(reading.faults) == [("one", "resting")]
    assert two.calls.count("read tip") == 1


# ── At the block of an old reading ────────────────────────────────────────────────────────────────────────

OLD = Pinned(block(42), "hash", "finalized")


def test_an_old_block_is_read_again() -> None:
    one, two = Scripted("one"), Scripted("two")
    with panel(one, two) as asked:
        reading = asked.read_at(ADDRESSES, CONTRACTS, OLD)
    assert reading.answers.pinned == OLD
    assert reading.agreement == "agreed"
    # Both have shown their chain first.
    assert one.calls == two.calls == ["open", "pick", "read 42"]


def test_an_archive_may_stand_in_second_place() -> None:
    one, two = Scripted("one", reads=[CannotPin("pruned")]), Scripted("two")
    with panel(one, two) as asked:
        reading = asked.read_at(ADDRESSES, CONTRACTS, OLD)
    assert (reading.provider, reading.agreement) == ("two", "unconfirmed")
    assert codes(reading.faults) == [("one", "cannot_pin")]


def test_without_an_archive_it_cannot_be_read_again() -> None:
    one, two = (
        Scripted("one", reads=[CannotPin("pruned")]),
        bitcoin("two", CannotPin("never"), CannotPin("never")),
    )
    with panel(one, two) as asked, pytest.raises(CannotPin):
        asked.read_at(ADDRESSES, CONTRACTS, OLD)


# ── The other questions ───────────────────────────────────────────────────────────────────────────────────


def test_a_transaction_that_one_source_does_not_know_may_be_known_to_the_next() -> None:
    deep = Confirmation("confirmed", 3, block())
    one, two = Scripted("one"), Scripted("two", confirmation=deep)
    with panel(one, two) as asked:
        assert asked.confirmations("0x1") == deep
    with panel(Scripted("one", confirmation=SourceUnavailable("down")), Scripted("two")) as asked:
        assert asked.confirmations("0x1").state == "unknown"
        assert codes(asked.faults) == [("one", "unavailable")]
    with (
        panel(Scripted("one", confirmation=SourceUnavailable("down"))) as asked,
        pytest.raises(SourceUnavailable),
    ):
        asked.confirmations("0x1")


def test_a_transaction_in_a_block_from_the_future_is_not_believed() -> None:
    ahead = Confirmation("confirmed", 3, replace(block(), time=NOW + timedelta(days=1)))
    with panel(Scripted("one", confirmation=ahead), Scripted("two")) as asked:
        assert asked.confirmations("0x1").state == "unknown"
        assert codes(asked.faults) == [("one", "future_block")]


def test_a_restriction_is_asked_of_the_first_that_answers() -> None:
    listed = Restriction("restricted", Pinned(block(), "hash", "finalized"))
    one, two = Scripted("one", restriction=Resting("held")), Scripted("two", restriction=listed)
    with panel(one, two) as asked:
        assert asked.token_restriction("0xA", "0xT") == listed
        assert codes(asked.faults) == [("one", "resting")]
    with panel(Scripted("one", restriction=Resting("held"))) as asked, pytest.raises(Resting):
        asked.token_restriction("0xA", "0xT")


# ── What is configured ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("chain", "error"),
    [
        ("monero", NotObservable),
        ("zcashshielded", NotObservable),
        ("dogecoin", NotConfigured),
        ("", NotConfigured),
        ("ethereum", PublicProviderRefused),
    ],
)
def test_no_panel_without_a_source(chain: str, error: type[ChainError], settings: Any) -> None:
    settings.ALLOW_PUBLIC_PROVIDERS = False
    settings.WALLET_CHAIN_URLS = {
        "ethereum": ["https://mainnet.infura.io/v3/key"],
        "monero": ["http://127.0.0.1:18081"],
    }
    with pytest.raises(error):
        panel_for(chain)


ASKS: list[Callable[[Panel], object]] = [
    lambda asked: asked.read(ADDRESSES, CONTRACTS),
    lambda asked: asked.read_at(ADDRESSES, CONTRACTS, OLD),
    lambda asked: asked.confirmations("0x1"),
    lambda asked: asked.token_restriction("0xA", "0xT"),
]


@pytest.mark.parametrize("ask", ASKS)
def test_an_empty_panel_says_so(ask: Callable[[Panel], object]) -> None:
    with Panel(CHAINS["ethereum"], []) as asked, pytest.raises(NotConfigured):
        ask(asked)
