"""How often a provider is asked, how much at once, and when it is left alone: by one process and by all."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from tests.wallets.doubles import serve
from wallets.chains import accounts, manners
from wallets.chains.accounts import (
    BACK_OFF,
    BUCKET,
    ENOUGH,
    IN_A_ROW,
    LEASE,
    SECOND,
    Account,
    OwnAccount,
    Rules,
    SharedAccount,
    Verdict,
    parse_rules,
)
from wallets.chains.base import (
    AnswerTooLarge,
    BadAnswer,
    ChainError,
    RateLimited,
    Resting,
    SourceRefused,
    SourceUnavailable,
)
from wallets.chains.http import ChainClient, Limits
from wallets.chains.manners import Manners, Memory

OPEN_HANDED = Rules(interval=1, burst=1_000_000, at_once=1_000_000, patience=0)
NODE = "node.internal:8545"


class Clock:
    """A clock that both accounts go by, moved by hand. Redis has its own, which a test cannot move: for it the
    scripts are given this one's time instead.
    """

    def __init__(self) -> None:
        self.now = 1_772_000_000 * SECOND

    def __call__(self) -> int:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(accounts, "now", clock)
    return clock


@pytest.fixture
def pool(settings: Any) -> Iterator[redis.ConnectionPool]:
    """A database of its own to write into, emptied before and after."""
    connection = redis.Redis.from_url(settings.REDIS_URL)
    connection.flushdb()
    yield connection.connection_pool
    connection.flushdb()
    connection.close()


@pytest.fixture(params=["own", "shared"])
def account(
    request: pytest.FixtureRequest, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Account]:
    """Both accounts keep the same rules, so that one set of tests holds for both."""
    if request.param == "own":
        yield OwnAccount()
        return
    shared = SharedAccount(request.getfixturevalue("pool"))
    real = accounts._Line.ask, accounts._Line.tell

    def dated(way: Callable[..., Any]) -> Callable[..., Any]:
        def send(line: Any, *command: str | int) -> Any:
            if command[0] != "EVALSHA":
                return way(line, *command)
            text = accounts._ENTER.text if command[1] == accounts._ENTER.digest else accounts._LEAVE.text
            real_time = "local t = redis.call('TIME')"
            assert real_time in text
            whole, part = divmod(clock.now, SECOND)
            return way(line, "EVAL", text.replace(real_time, f"local t = {{{whole}, {part}}}"), *command[2:])

        return send

    monkeypatch.setattr(accounts._Line, "ask", dated(real[0]))
    monkeypatch.setattr(accounts._Line, "tell", dated(real[1]))
    yield shared
    shared.close()


def call(account: Account, outcome: Any = "fine", *, rules: Rules = OPEN_HANDED, hold: int = 0) -> Verdict:
    """One question and what came of it."""
    verdict = account.enter(NODE, "lease", rules)
    if verdict.kind == "go":
        account.leave(NODE, "lease", outcome, hold, 1000)
    return verdict


# ── The bucket ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_burst_is_let_through_and_what_follows_waits_its_turn(account: Account, clock: Clock) -> None:
    rules = Rules(interval=SECOND // 10, burst=3, patience=1)
    waits = [call(account, rules=rules) for _ in range(15)]
    assert [verdict.wait for verdict in waits[:5]] == [0, 0, 0, 100_000, 200_000]
    # The tenth wait is a second; one that is longer is not sat out.
    assert waits[12] == ("go", SECOND)
    assert waits[13] == waits[14] == ("slow", SECOND + 100_000)
    clock.move(0.1)
    assert call(account, rules=rules) == ("go", SECOND)


def test_a_bucket_fills_again_up_to_its_burst(account: Account, clock: Clock) -> None:
    rules = Rules(interval=SECOND, burst=2, patience=0)
    assert [call(account, rules=rules).kind for _ in range(3)] == ["go", "go", "slow"]
    clock.move(3600)
    assert [call(account, rules=rules).kind for _ in range(3)] == ["go", "go", "slow"]


def test_each_provider_has_a_bucket_of_its_own(account: Account) -> None:
    rules = Rules(interval=SECOND, burst=1, patience=0)
    assert [account.enter(name, "x", rules).kind for name in ("a", "b", "a")] == ["go", "go", "slow"]


# ── Slots ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_more_are_under_way_than_may_be(account: Account) -> None:
    rules = Rules(interval=1, burst=100, at_once=2, patience=0)
    assert [account.enter(NODE, lease, rules).kind for lease in "abc"] == ["go", "go", "full"]
    account.leave(NODE, "a", "fine", 0, 1000)
    assert [account.enter(NODE, lease, rules).kind for lease in "cd"] == ["go", "full"]


def test_a_killed_worker_gives_its_slot_back(account: Account, clock: Clock) -> None:
    rules = Rules(interval=1, burst=100, at_once=1, patience=0)
    assert account.enter(NODE, "killed", rules).kind == "go"
    clock.move(LEASE / SECOND - 1)
    assert account.enter(NODE, "next", rules).kind == "full"
    clock.move(2)
    assert account.enter(NODE, "next", rules).kind == "go"


# ── The breaker ───────────────────────────────────────────────────────────────────────────────────────────


def test_five_failures_in_a_row_open_it(account: Account) -> None:
    for _ in range(IN_A_ROW - 1):
        call(account, "failed")
    call(account)
    for _ in range(IN_A_ROW):
        assert call(account, "failed").kind == "go"
    assert call(account) == ("open", BACK_OFF)


def test_more_than_a_fifth_of_twenty_open_it(account: Account) -> None:
    pattern = ["failed", "fine", "fine", "fine"]
    for number in range(ENOUGH - 1):
        assert call(account, pattern[number % 4]).kind == "go"
    assert call(account).kind == "go"
    # Five of twenty had failed by then: more than a fifth.
    assert call(account).kind == "open"


def test_a_fifth_is_not_more_than_a_fifth(account: Account) -> None:
    for number in range(100):
        assert call(account, "failed" if number % 5 == 4 else "fine").kind == "go"
    assert call(account).kind == "go"


def test_old_failures_are_forgotten(account: Account, clock: Clock) -> None:
    for _ in range(4):
        call(account, "failed")
    for _ in range(12):
        call(account)
    clock.move(6 * BUCKET / SECOND)
    for number in range(24):
        assert call(account, "failed" if number % 6 == 5 else "fine").kind == "go"
    assert call(account).kind == "go"


def test_failures_of_the_last_half_minute_are_counted_together(account: Account, clock: Clock) -> None:
    for _ in range(6):
        for outcome in ("failed", "fine", "fine", "fine"):
            if call(account, outcome).kind == "open":
                return
        clock.move(BUCKET / SECOND * 0.9)
    pytest.fail("never opened")


def open_it(account: Account) -> None:
    for _ in range(IN_A_ROW):
        call(account, "failed")


def test_after_the_rest_one_question_tries(account: Account, clock: Clock) -> None:
    open_it(account)
    clock.move(BACK_OFF / SECOND + 1)
    assert account.enter(NODE, "probe", OPEN_HANDED).kind == "go"
    assert account.enter(NODE, "other", OPEN_HANDED).kind == "open"
    account.leave(NODE, "probe", "fine", 0, 1000)
    for _ in range(IN_A_ROW - 1):
        assert call(account, "failed").kind == "go"
    assert call(account).kind == "go"


def test_a_failed_try_doubles_the_rest_up_to_a_bound(account: Account, clock: Clock) -> None:
    open_it(account)
    rests = []
    for _ in range(9):
        rests.append(call(account).wait // SECOND)
        clock.move(rests[-1] + 1)
        assert call(account, "failed").kind == "go"
    assert rests == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_after_a_good_try_the_rests_begin_anew(account: Account, clock: Clock) -> None:
    open_it(account)
    clock.move(6)
    call(account, "failed")
    clock.move(11)
    assert call(account).kind == "go"
    open_it(account)
    assert call(account) == ("open", BACK_OFF)


def test_a_try_whose_worker_died_is_followed_by_another(account: Account, clock: Clock) -> None:
    open_it(account)
    clock.move(6)
    assert account.enter(NODE, "killed", OPEN_HANDED).kind == "go"
    clock.move(LEASE / SECOND + 1)
    assert account.enter(NODE, "next", OPEN_HANDED).kind == "go"


def test_a_try_that_told_nothing_is_followed_by_another(account: Account, clock: Clock) -> None:
    open_it(account)
    clock.move(6)
    assert call(account, "neither").kind == "go"
    assert call(account, "failed").kind == "go"
    assert call(account).kind == "open"


def test_what_was_asked_before_it_opened_changes_nothing(account: Account, clock: Clock) -> None:
    account.enter(NODE, "early", OPEN_HANDED)
    account.enter(NODE, "late", OPEN_HANDED)
    open_it(account)
    account.leave(NODE, "early", "failed", 0, 1000)
    account.leave(NODE, "late", "fine", 0, 1000)
    assert call(account) == ("open", BACK_OFF)


def test_the_rest_has_jitter(account: Account) -> None:
    for _ in range(IN_A_ROW):
        account.enter(NODE, "lease", OPEN_HANDED)
        account.leave(NODE, "lease", "failed", 0, 500)
    assert call(account) == ("open", BACK_OFF // 2)


def test_a_wait_that_the_provider_asks_for_holds_everybody_back(account: Account, clock: Clock) -> None:
    call(account, "failed", hold=7 * SECOND)
    call(account, "failed", hold=3 * SECOND)
    assert call(account) == ("open", 7 * SECOND)
    clock.move(7.1)
    assert call(account).kind == "go"


# ── Between processes ─────────────────────────────────────────────────────────────────────────────────────


def test_the_scripts_take_a_few_words_each(pool: redis.ConnectionPool) -> None:
    """One round trip before and one after; only the first question of all loads the scripts."""
    shared = SharedAccount(pool)
    call(shared)
    client = redis.Redis(connection_pool=pool)
    before = client.info("commandstats")
    for _ in range(10):
        call(shared)
    shared.enter(NODE, "lease", OPEN_HANDED)  # the last farewell is on its way until somebody speaks again
    after = client.info("commandstats")
    assert after["cmdstat_evalsha"]["calls"] - before["cmdstat_evalsha"]["calls"] == 21
    assert after["cmdstat_script|load"]["calls"] == before["cmdstat_script|load"]["calls"]
    shared.close()


def test_redis_keeps_no_key_for_ever(pool: redis.ConnectionPool) -> None:
    shared = SharedAccount(pool)
    open_it(shared)
    shared.enter(NODE, "x", OPEN_HANDED)
    shared.enter("other", "x", OPEN_HANDED)
    client = redis.Redis(connection_pool=pool)
    keys = client.keys("*")
    assert len(keys) >= 3
    assert all(client.ttl(key) > 0 for key in keys)
    shared.close()


def test_an_emptied_redis_is_begun_anew(pool: redis.ConnectionPool) -> None:
    shared = SharedAccount(pool)
    open_it(shared)
    assert call(shared).kind == "open"
    client = redis.Redis(connection_pool=pool)
    client.flushall()
    client.script_flush()
    assert call(shared).kind == "go"
    assert call(shared).kind == "go"
    shared.close()


def test_a_connection_that_broke_is_not_used_again(pool: redis.ConnectionPool) -> None:
    shared = SharedAccount(pool)
    call(shared)
    redis.Redis(connection_pool=pool).client_kill_filter(skipme=True, _type="normal")
    assert call(shared).kind == "go"
    # A farewell on a broken connection is lost with it; the next question finds that out.
    assert shared.enter(NODE, "next", OPEN_HANDED).kind == "go"
    shared.close()


@pytest.mark.parametrize("shared", [True, False])
def test_two_processes_share_the_bucket_only_through_redis(
    shared: bool, settings: Any, pool: redis.ConnectionPool
) -> None:
    if not shared:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
    rules = Rules(interval=3600 * SECOND, burst=2, patience=0)
    manners.forget()

    def granted() -> int:
        count = 0
        for _ in range(4):
            try:
                with Manners("shared.example", rules).turn():
                    count += 1
            except Resting:
                continue
        return count

    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = granted()
        finally:
            os._exit(code)
    counts = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), granted()
    manners.forget()
    assert counts == ((2, 0) if shared else (2, 2))


# ── Turns ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[OwnAccount]:
    """Redis is away: the account of this process alone, new for each test."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    manners.forget()
    yield manners._shelf.own
    manners.forget()


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("error", "rests"),
    [
        (SourceUnavailable("x"), True),
        (RateLimited("x"), True),
        (BadAnswer("x"), True),
        (SourceRefused("-32602"), False),
        (AnswerTooLarge("x"), False),
        (KeyboardInterrupt(), False),
        (ValueError(), False),
    ],
)
def test_what_counts_as_a_failure(error: BaseException, rests: bool) -> None:
    polite = Manners(NODE, OPEN_HANDED)
    for _ in range(IN_A_ROW):
        with pytest.raises(type(error)), polite.turn():
            raise error
    if not rests:
        with polite.turn():
            return
    with pytest.raises(Resting) as held, polite.turn():
        pytest.fail("the question was sent")
    assert held.value.retry_after is not None
    assert 2 < held.value.retry_after <= 5


@pytest.mark.usefixtures("ledger")
def test_retry_after_is_kept_by_everybody_but_not_for_ever() -> None:
    with pytest.raises(RateLimited), Manners(NODE, OPEN_HANDED).turn():
        raise RateLimited("HTTP 429", retry_after=10**12)
    with pytest.raises(Resting) as held, Manners(NODE, OPEN_HANDED).turn():
        pytest.fail("the question was sent")
    assert held.value.retry_after is not None
    assert 290 < held.value.retry_after <= 300


@pytest.mark.usefixtures("ledger")
def test_blame_counts_as_a_failure() -> None:
    polite = Manners(NODE, OPEN_HANDED)
    for _ in range(IN_A_ROW):
        polite.blame()
    with pytest.raises(Resting), polite.turn():
        pytest.fail("the question was sent")


@pytest.mark.usefixtures("ledger")
def test_a_full_provider_is_waited_for_and_then_left_alone() -> None:
    patient = Manners(NODE, Rules(interval=1, burst=100, at_once=1, patience=30))
    hasty = Manners(NODE, Rules(interval=1, burst=100, at_once=1, patience=0))
    inside, leave = threading.Event(), threading.Event()

    def occupy() -> None:
        with patient.turn():
            inside.set()
            leave.wait(30)

    occupant = threading.Thread(target=occupy)
    occupant.start()
    assert inside.wait(30)
    with pytest.raises(Resting), hasty.turn():
        pytest.fail("the question was sent")
    threading.Timer(0.1, leave.set).start()
    with patient.turn():
        pass
    occupant.join()


@pytest.mark.usefixtures("ledger")
def test_a_short_wait_is_sat_out(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    for _ in range(2):
        with Manners(NODE, Rules(interval=SECOND, burst=1, patience=5)).turn():
            pass
    assert len(slept) == 1
    assert 0.9 < slept[0] <= 1


def test_a_client_asks_with_manners(ledger: OwnAccount) -> None:
    """A dead provider is asked five times, and then no more: the sixth question is not sent."""
    limits = Limits(tries=1)
    with serve(lambda exchange: exchange.reply(503, b"")) as provider:
        client = ChainClient(allowed=[provider.url], limits=limits, manners=Manners("dead", Rules()))
        with client:
            found = []
            for _ in range(IN_A_ROW + 2):
                with pytest.raises(ChainError) as raised:
                    client.get(provider.url)
                found.append(raised.value.code)
        assert found == ["unavailable"] * IN_A_ROW + ["resting"] * 2
        assert len(provider.requests) == IN_A_ROW


# ── Without Redis ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:1/0", "unix:///nowhere/valkey.sock", "redis://no.such.host.invalid/0"]
)
def test_without_redis_nothing_fails_and_the_rules_hold(url: str, settings: Any) -> None:
    settings.REDIS_URL = url
    manners.forget()
    rules = Rules(interval=3600 * SECOND, burst=2, patience=0)
    granted = 0
    for _ in range(4):
        try:
            with Manners("alone.example", rules).turn():
                granted += 1
        except Resting:
            continue
    memory = Memory("ethereum:alone.example")
    assert memory.get("unknown") is None
    memory.set("reader", "override")
    assert memory.get("reader") == "override"
    manners.forget()
    assert granted == 2


@pytest.mark.timeout(30)
def test_a_redis_that_is_silent_holds_nothing_up(settings: Any) -> None:
    over = threading.Event()
    with serve(lambda exchange: None) as server:
        # A server that speaks another protocol, or none: it takes the connection and says nothing sensible.
        settings.REDIS_URL = server.url.replace("http://", "redis://") + "/0"
        manners.forget()
        with Manners("any.example").turn():
            pass
        assert manners._shelf.away_until > accounts.now()
    over.set()
    manners.forget()


def test_redis_that_goes_away_in_the_middle_of_a_question_fails_nothing(
    settings: Any, pool: redis.ConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    manners.forget()
    with Manners("gone.example").turn():

        def broken(*_arguments: object) -> None:
            raise redis.ConnectionError("gone")

        monkeypatch.setattr(accounts._Line, "tell", broken)
    assert manners._shelf.away_until > accounts.now()
    manners.forget()


def test_redis_is_asked_again_after_a_while(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(manners, "now", clock)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    manners.forget()
    with Manners("any.example").turn():
        pass
    assert isinstance(manners._shelf.account(), OwnAccount)
    clock.move(manners.LOOK_FOR_REDIS_AGAIN + 1)
    assert isinstance(manners._shelf.account(), SharedAccount)
    manners.forget()


# ── Memory ────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_one_process_found_out_the_next_one_knows(pool: redis.ConnectionPool) -> None:
    manners.forget()
    assert Memory("ethereum:a").get("reader") is None
    Memory("ethereum:a").set("reader", "override ü")
    manners.forget()  # as another process
    assert Memory("ethereum:a").get("reader") == "override ü"
    assert Memory("polygon:a").get("reader") is None
    assert Memory("ethereum:b").get("reader") is None
    (key,) = redis.Redis(connection_pool=pool).keys("holdfast:memory:*")
    assert 0 < redis.Redis(connection_pool=pool).ttl(key) <= manners.REMEMBER
    manners.forget()


def test_memory_asks_redis_once_a_minute(pool: redis.ConnectionPool, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(manners, "now", clock)
    manners.forget()
    memory = Memory("ethereum:a")
    memory.set("reader", "override")
    redis.Redis(connection_pool=pool).flushdb()
    assert memory.get("reader") == "override"
    clock.move(61)
    assert memory.get("reader") is None
    manners.forget()


def test_memory_does_not_grow_without_end(pool: redis.ConnectionPool) -> None:
    manners.forget()
    for number in range(1500):
        Memory("ethereum:a").set(str(number), "x")
    assert len(manners._shelf.remembered) <= 1024
    manners.forget()


# ── What the settings say ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("25", Rules(40_000, 50)),
        ("25/60", Rules(40_000, 60)),
        (" 25/60/8 ", Rules(40_000, 60, 8)),
        ("0.5", Rules(2 * SECOND, 1)),
        ("1e3", Rules(1000, 2000)),
    ],
)
def test_a_rate_is_read(text: str, rules: Rules) -> None:
    assert parse_rules(text) == rules


@pytest.mark.parametrize(
    "text",
    ["", "x", "0", "-1", "25/0", "25/1/0", "25/1/1/1", "NaN", "Infinity", "1e99", "1e-99", "25/x", "1/1.5"],
)
def test_a_rate_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a rate"):
        parse_rules(text)
