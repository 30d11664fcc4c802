"""A provider that lies in every way that could be thought of: nothing that it says gets in, and it is named.

Times are bounded by the client's own limits, which are small here; a test that hangs fails by pytest's time-out.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import stamina
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.wallets import hostile
from tests.wallets.doubles import BLOCK_HASH, EvmNode, serve
from tests.wallets.esplora_double import Esplora
from tests.wallets.hostile import Hostile, Lie
from tests.wallets.nodes import some_address
from wallets.chains import http, manners, panel, providers
from wallets.chains.base import ERROR_TEXTS, ChainError
from wallets.chains.evm.packed import READER_ADDRESS
from wallets.chains.http import Limits
from wallets.chains.panel import PanelReading, panel_for

pytestmark = pytest.mark.timeout(120)

TOKEN = some_address(0)
ADDRESSES = [some_address(1), some_address(2)]
CONTRACTS = ["", TOKEN]
AMOUNTS = {
    ("", ADDRESSES[0].lower()): 5,
    ("", ADDRESSES[1].lower()): 0,
    (TOKEN.lower(), ADDRESSES[0].lower()): 2**256 - 1,
    (TOKEN.lower(), ADDRESSES[1].lower()): 7,
}
TRUTH = [AMOUNTS[(contract.lower(), address.lower())] for address in ADDRESSES for contract in CONTRACTS]
SMALL = Limits(connect=5, silence=5, total=10, body=100_000, tries=1, patience=0.1, whole=1)
# For lies that end by a limit on time alone.
HURRIED = replace(SMALL, silence=0.3, total=0.5)


@dataclass
class Look:
    """What came of a look. `amounts` are only those that are no failures."""

    amounts: dict[int, int]
    codes: set[str]
    faults: list[tuple[str, str]]
    reading: PanelReading | None


@pytest.fixture(autouse=True)
def _small_limits(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    monkeypatch.setattr(providers, "_ALONE", SMALL)
    monkeypatch.setattr(providers, "_ONE_OF_SEVERAL", SMALL)
    monkeypatch.setattr(panel, "SETTLE", 0)
    settings.WALLET_RATE = {}
    settings.ALLOW_PUBLIC_PROVIDERS = False
    forget()
    with stamina.set_testing(True, attempts=2, cap=True):
        yield
    forget()


def forget() -> None:
    manners.forget()
    panel.forget()
    http.close_clients()


@pytest.fixture
def look(
    settings: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Look]:
    """`look("ethereum", url, …)`: one look at these sources."""

    def once(
        chain: str,
        *urls: str,
        addresses: list[str] | None = None,
        contracts: list[str] | None = None,
        lie: Lie | None = None,
    ) -> Look:
        if lie is not None and lie.takes_time:
            monkeypatch.setattr(providers, "_ALONE", HURRIED)
            monkeypatch.setattr(providers, "_ONE_OF_SEVERAL", HURRIED)
        settings.WALLET_CHAIN_URLS = {chain: list(urls)}
        addresses, contracts = addresses or ADDRESSES, contracts or CONTRACTS
        with panel_for(chain) as asked:
            try:
                reading = asked.read(addresses, contracts)
            except ChainError as error:
                found = Look({}, {error.code}, [], None)
            else:
                words, failures = reading.answers.words, reading.answers.failures
                amounts = {
                    index: int.from_bytes(words[32 * index : 32 * index + 32], "big")
                    for index in range(len(addresses) * len(contracts))
                    if index not in failures
                }
                found = Look(amounts, {failure.code for failure in failures.values()}, [], reading)
            found.faults = [(fault.provider, fault.code) for fault in asked.faults]
        # A reader that stumbled over an answer was caught by the panel; it should have seen the lie itself.
        assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
        assert found.codes | {code for _provider, code in found.faults} <= set(ERROR_TEXTS)
        return found

    return once


def node(**options: Any) -> EvmNode:
    return EvmNode(dict(AMOUNTS), **options)


def name_of(url: str) -> str:
    return url.removeprefix("http://")


# ── One EVM node that lies ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("overrides", [True, False])
def test_the_truth_gets_in(look: Callable[..., Look], overrides: bool) -> None:
    """Without this, the refusals below would show nothing."""
    truthful = node(overrides=overrides)
    with serve(truthful) as server:
        found = look("ethereum", server.url)
    assert found.amounts == dict(enumerate(TRUTH))
    assert (found.codes, found.faults) == (set(), [])


BALANCES = (b"eth_call", b"eth_getBalance")
EVERYWHERE = hostile.WIRE_LIES + hostile.BODY_LIES + hostile.RPC_LIES
AT_FIRST = [pytest.param(lie, (), id=f"everywhere: {lie}") for lie in EVERYWHERE + hostile.BLOCK_LIES]
LATER = [pytest.param(lie, BALANCES, id=f"balances: {lie}") for lie in EVERYWHERE]
BLOCKS = [pytest.param(lie, (), id=f"blocks: {lie}") for lie in hostile.BLOCK_LIES]
# Where a node refuses the packed reader, the single answers of a batch are what can be lied about.
PLAIN = [pytest.param(lie, BALANCES, id=str(lie)) for lie in hostile.RPC_LIES]


def test_there_are_many_lies() -> None:
    names = {
        lie.name for lie in EVERYWHERE + hostile.BLOCK_LIES + hostile.PACKED_LIES + hostile.PLAUSIBLE_LIES
    }
    assert len(names) >= 130


def check_refused(found: Look, lie: Lie, provider: str) -> None:
    """Nothing that is not the truth got in; the look did not come back as if nothing had been; the liar is named."""
    for index, amount in found.amounts.items():
        assert amount == TRUTH[index]
    assert found.codes, "the lie was not noticed"
    assert found.codes <= lie.codes
    assert {name for name, _code in found.faults} == {provider}
    assert {code for _name, code in found.faults} & lie.codes


@pytest.mark.parametrize(("lie", "where"), AT_FIRST + LATER)
def test_a_lie_does_not_get_in(lie: Lie, where: tuple[bytes, ...], look: Callable[..., Look]) -> None:
    liar = Hostile(node(), lie, *where)
    with serve(liar) as server:
        found = look("ethereum", server.url, lie=lie)
        assert liar.told
        check_refused(found, lie, name_of(server.url))


@pytest.mark.parametrize(("lie", "where"), PLAIN)
def test_a_lie_in_a_batch_does_not_get_in(
    lie: Lie, where: tuple[bytes, ...], look: Callable[..., Look]
) -> None:
    liar = Hostile(node(overrides=False), lie, *where)
    with serve(liar) as server:
        found = look("ethereum", server.url, lie=lie)
        assert liar.told
        check_refused(found, lie, name_of(server.url))


@pytest.mark.parametrize("lie", hostile.PACKED_LIES, ids=str)
def test_a_packed_answer_that_contradicts_its_block_does_not_get_in(
    lie: Lie, look: Callable[..., Look]
) -> None:
    """The reader tells its own block and chain: what does not fit the header is not used, whatever is asked next."""
    liar = Hostile(node(), lie, READER_ADDRESS.encode())
    with serve(liar) as server:
        found = look("ethereum", server.url, lie=lie)
        assert liar.told
        for index, amount in found.amounts.items():
            assert amount == TRUTH[index]


# ── A liar beside a truthful node ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("lie", "where"), LATER + BLOCKS)
def test_a_liar_in_first_place_is_passed_over(
    lie: Lie, where: tuple[bytes, ...], look: Callable[..., Look]
) -> None:
    with serve(Hostile(node(), lie, *where)) as liar, serve(node()) as truthful:
        found = look("ethereum", liar.url, truthful.url, lie=lie)
        assert (name_of(liar.url)) in {name for name, _code in found.faults}
        for index, amount in found.amounts.items():
            assert amount == TRUTH[index]
        if found.codes == set():
            assert found.reading is not None
            assert found.reading.provider == name_of(truthful.url)
            assert found.reading.agreement == "unconfirmed"


@pytest.mark.parametrize(("lie", "where"), LATER + BLOCKS)
def test_a_liar_in_second_place_confirms_nothing(
    lie: Lie, where: tuple[bytes, ...], look: Callable[..., Look]
) -> None:
    with serve(node()) as truthful, serve(Hostile(node(), lie, *where)) as liar:
        found = look("ethereum", truthful.url, liar.url, lie=lie)
        assert found.reading is not None
        assert found.reading.provider == name_of(truthful.url)
        for index, amount in found.amounts.items():
            assert amount == TRUTH[index]
        assert found.reading.agreement == "unconfirmed" or found.codes
        assert {name for name, _code in found.faults} == {name_of(liar.url)}


@pytest.mark.parametrize("lie", hostile.PLAUSIBLE_LIES, ids=str)
@pytest.mark.parametrize("order", [1, -1])
def test_a_plausible_lie_is_found_out_by_the_second_source(
    lie: Lie, order: int, look: Callable[..., Look]
) -> None:
    with serve(node()) as truthful, serve(Hostile(node(), lie, *BALANCES)) as liar:
        found = look("ethereum", *[truthful.url, liar.url][::order], lie=lie)
        assert found.reading is not None
        assert found.codes >= {"disagrees"}
        for index, amount in found.amounts.items():
            assert amount == TRUTH[index]


def test_a_plausible_amount_is_found_out_by_the_second_source(look: Callable[..., Look]) -> None:
    false = {**AMOUNTS, ("", ADDRESSES[0].lower()): 6}
    for order in (1, -1):
        forget()
        with serve(node()) as truthful, serve(EvmNode(false)) as liar:
            found = look("ethereum", *[truthful.url, liar.url][::order])
        assert found.reading is not None
        assert found.amounts == {1: 2**256 - 1, 2: 0, 3: 7}
        assert found.codes == {"disagrees"}
        assert found.reading.disagreements == {0: 6 if order == 1 else 5}


def test_a_node_of_another_chain_confirms_nothing(look: Callable[..., Look]) -> None:
    with serve(node()) as truthful, serve(node(chain_id=56)) as other:
        found = look("ethereum", truthful.url, other.url)
        assert found.reading is not None
        assert found.reading.agreement == "unconfirmed"
        assert found.faults == [(name_of(other.url), "wrong_chain")]
        found = look("ethereum", other.url, truthful.url)
        assert found.reading is not None
        assert found.reading.provider == name_of(truthful.url)
        assert found.faults == [(name_of(other.url), "wrong_chain")]


def test_a_liar_is_given_a_rest(look: Callable[..., Look], settings: Any) -> None:
    liar = Hostile(node(), next(lie for lie in hostile.WIRE_LIES if lie.name == "500"))
    with serve(liar) as server:
        codes = [look("ethereum", server.url).codes for _ in range(8)]
        assert codes[0] == {"unavailable"}
        assert codes[-1] == {"resting"}
        told = liar.told
        assert told <= 5
        look("ethereum", server.url)
        assert liar.told == told


# ── The other families ────────────────────────────────────────────────────────────────────────────────────

FAMILIES = {
    "bitcoin": ("/api", ["1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"]),
    "tron": ("", ["TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TLa2f6VPqDgRE67v1736s7bJ8Ray5wYjU7"]),
    "solana": (
        "",
        ["So11111111111111111111111111111111111111112", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"],
    ),
    "xrp": ("", ["rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", "rvYAfWj5gh67oV6fW32ZzP3Aw4Eubs59B"]),
}


@pytest.mark.parametrize("lie", hostile.WIRE_LIES + hostile.BODY_LIES, ids=str)
@pytest.mark.parametrize("chain", FAMILIES)
def test_no_family_believes_a_liar(chain: str, lie: Lie, look: Callable[..., Look]) -> None:
    path, addresses = FAMILIES[chain]
    with serve(Hostile(None, lie)) as server:
        found = look(chain, server.url + path, addresses=addresses, contracts=[""], lie=lie)
        assert found.amounts == {}
        assert found.codes
        assert {name for name, _code in found.faults} == {name_of(server.url)}


KIM, OTHER = FAMILIES["bitcoin"][1]
_STATS = b"/address/"


def esplora() -> Esplora:
    return Esplora({KIM: (500_000_000, 123_456_789), OTHER: (5, 5)})


def stats(**changes: Any) -> Callable[[hostile.Asked], None]:
    def tell(asked: hostile.Asked) -> None:
        answer = json.loads(asked.truth)
        answer["chain_stats"].update(changes)
        asked.send(json.dumps(answer).encode())

    return tell


ESPLORA_LIES = [
    Lie(name, stats(**changes), frozenset({"bad_answer"}))
    for name, changes in {
        "negative": {"spent_txo_sum": 10**18},
        "more than all coins": {"funded_txo_sum": 21_000_000 * 10**8 + 123_456_790},
        "text": {"funded_txo_sum": "500000000"},
        "fraction": {"funded_txo_sum": 500000000.0},
        "true": {"funded_txo_sum": True},
        "null": {"spent_txo_sum": None},
        "list": {"spent_txo_sum": [1]},
        "huge": {"funded_txo_sum": 10**4000},
    }.items()
]


def test_the_truth_of_esplora_gets_in(look: Callable[..., Look]) -> None:
    with serve(esplora()) as server:
        found = look("bitcoin", f"{server.url}/api", addresses=[KIM, OTHER], contracts=[""])
    assert found.amounts == {0: 376_543_211, 1: 0}


@pytest.mark.parametrize("lie", hostile.WIRE_LIES + hostile.BODY_LIES + ESPLORA_LIES, ids=str)
def test_esplora_lies_about_balances_alone(lie: Lie, look: Callable[..., Look]) -> None:
    liar = Hostile(esplora(), lie, _STATS)
    with serve(liar) as server:
        found = look("bitcoin", f"{server.url}/api", addresses=[KIM, OTHER], contracts=[""], lie=lie)
        assert liar.told
        assert found.amounts == {}
        assert found.codes
        assert {name for name, _code in found.faults} == {name_of(server.url)}


# ── Anything at all ───────────────────────────────────────────────────────────────────────────────────────

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**300), 2**300)
    | st.floats()
    | st.text(max_size=80)
    | st.from_regex(r"0x[0-9a-fA-F]{0,70}", fullmatch=True)
)
NAMES = st.sampled_from(
    [
        "jsonrpc",
        "id",
        "result",
        "error",
        "code",
        "message",
        "data",
        "number",
        "hash",
        "parentHash",
        "timestamp",
    ]
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=20,
)
SLOW = hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("where", [(), BALANCES], ids=["everywhere", "balances"])
@pytest.mark.parametrize("overrides", [True, False], ids=["packed", "plain"])
def test_no_answer_at_all_upsets_the_reader(
    where: tuple[bytes, ...], overrides: bool, look: Callable[..., Look]
) -> None:
    said: list[Any] = []
    lie = Lie("anything", lambda asked: asked.send(json.dumps(said[0]).encode()), frozenset())
    with serve(Hostile(node(overrides=overrides), lie, *where)) as server:

        @SLOW
        @given(ANYTHING)
        @example([{"id": 0, "result": "0x1"}, {"id": 1, "result": {"number": "0x64", "hash": BLOCK_HASH}}])
        def ask(answer: Any) -> None:
            said[:] = [answer]
            forget()
            assert look("ethereum", server.url).amounts == {}

        ask()


@pytest.mark.parametrize("overrides", [True, False], ids=["packed", "plain"])
def test_no_result_upsets_the_reader(overrides: bool, look: Callable[..., Look]) -> None:
    """Envelopes as they should be, around anything: in a batch some of it may be an amount, and then it is that."""
    said: list[Any] = []

    def tell(asked: hostile.Asked) -> None:
        truth = json.loads(asked.truth)
        answers = truth if isinstance(truth, list) else [truth]
        for answer in answers:
            answer["result"] = said[0]
            answer.pop("error", None)
        asked.send(json.dumps(truth).encode())

    lie = Lie("anything", tell, frozenset())
    with serve(Hostile(node(overrides=overrides), lie, *BALANCES)) as server:

        @SLOW
        @given(ANYTHING)
        def ask(answer: Any) -> None:
            said[:] = [answer]
            forget()
            for amount in look("ethereum", server.url).amounts.values():
                assert isinstance(answer, str)
                assert int(answer, 16) == amount < 2**256

        ask()


@pytest.mark.parametrize("chain", FAMILIES)
def test_no_answer_upsets_any_family(chain: str, look: Callable[..., Look]) -> None:
    path, addresses = FAMILIES[chain]
    said: list[Any] = []
    lie = Lie("anything", lambda asked: asked.send(json.dumps(said[0]).encode()), frozenset())
    with serve(Hostile(None, lie)) as server:

        @SLOW
        @given(ANYTHING)
        def ask(answer: Any) -> None:
            said[:] = [answer]
            forget()
            assert look(chain, server.url + path, addresses=addresses, contracts=[""]).amounts == {}

        ask()


@pytest.mark.parametrize("first", [True, False])
def test_no_bytes_upset_the_reader(first: bool, look: Callable[..., Look]) -> None:
    """Not even what is no HTTP."""
    said: list[bytes] = []
    lie = Lie(
        "anything",
        lambda asked: asked.raw(said[0]) if first else asked.send(said[0]),
        frozenset(),
    )
    with serve(Hostile(node(), lie, *BALANCES)) as server:

        @SLOW
        @given(
            st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace"))
        )
        @example(b"HTTP/1.1 200 OK\r\n\r\n" + b"9" * 5000)
        def ask(answer: bytes) -> None:
            said[:] = [answer]
            forget()
            assert look("ethereum", server.url).amounts == {}

        ask()


# ── Memory ────────────────────────────────────────────────────────────────────────────────────────────────

GREEDY = [
    "endless body",
    "endless chunks",
    "endless crumbs",
    "header bomb",
    "a million headers",
    "endless continues",
    "announces a huge body",
    "gzip bomb",
    "larger than allowed",
]
_CHILD = """
import resource, sys
import django
from django.conf import settings
django.setup()
from wallets.chains import panel, providers
from wallets.chains.base import ChainError
from wallets.chains.evm.packed import READER_ADDRESS
from wallets.chains.http import Limits
providers._ALONE = Limits(silence=1, total=3, tries=2, whole=6)
url, address = sys.argv[1:3]
settings.WALLET_CHAIN_URLS = {"ethereum": [url]}
for _warm in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with panel.panel_for("ethereum") as asked:
        try:
            asked.read([address], [""])
            code = "read"
        except ChainError as error:
            code = error.code
    if not _warm:
        settings.WALLET_CHAIN_URLS = {"ethereum": [sys.argv[3]]}
print(code, before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize("name", GREEDY)
def test_memory_stays_bounded(name: str, tmp_path: Path) -> None:
    """With the limits of production: a process that looks at a liar grows by a few times the largest body at most."""
    lie = next(lie for lie in hostile.WIRE_LIES if lie.name == name)
    with serve(node()) as truthful, serve(Hostile(node(), lie)) as liar:
        told = subprocess.run(
            [sys.executable, "-c", _CHILD, truthful.url, ADDRESSES[0], liar.url],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert told.returncode == 0, told.stderr
        code, before, after = told.stdout.split()[-3:]
        assert code in lie.codes
        # Kilobytes (getrusage(2), Linux).
        assert (int(after) - int(before)) * 1024 < 4 * Limits().body
