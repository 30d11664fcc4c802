"""EVM reading against a real node: to the unit, at one block, and not across a reorganisation."""

from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wallets.nodes import RICH, Anvil, run_anvil, some_address
from wallets.chains.base import BlockGone, Failure, Outcome, Question, Reading, WrongChain
from wallets.chains.catalogue import CHAINS
from wallets.chains.evm import EvmSource
from wallets.chains.http import JSON, ChainClient

amounts = st.one_of(st.integers(0, 2**256 - 1), st.sampled_from([0, 1, 10**18, 2**64, 2**255, 2**256 - 1]))


@pytest.fixture(scope="module")
def node() -> Iterator[Anvil]:
    with run_anvil("--no-request-size-limit") as anvil:
        yield anvil


@pytest.fixture(scope="module")
def token(node: Anvil) -> str:
    return node.deploy_token()


class Meddler(ChainClient):
    """The real client, that lets something happen right before the balances are asked for."""

    def __init__(self, url: str, meddle: Callable[[], object]) -> None:
        super().__init__(allowed=[url])
        self._meddle = meddle

    def post_json(self, url: str, body: str) -> JSON:
        if "blockHash" in body:
            self._meddle()
        return super().post_json(url, body)


def source(node: Anvil, meddle: Callable[[], object] = lambda: None) -> EvmSource:
    return EvmSource(CHAINS["localdev"], node.url, Meddler(node.url, meddle), confirmations=0)


def read(
    node: Anvil, questions: Sequence[Question], meddle: Callable[[], object] = lambda: None
) -> list[Outcome]:
    with source(node, meddle) as evm:
        return evm.read(questions)


def amount_of(outcome: Outcome) -> int:
    assert isinstance(outcome, Reading), outcome
    return outcome.amount


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=40))
def test_balances_come_back_to_the_unit(node: Anvil, token: str, held: list[tuple[int, int]]) -> None:
    addresses = [some_address(n) for n in range(len(held))]
    node.set_balances({address: native for address, (native, _) in zip(addresses, held, strict=True)})
    node.set_token_balances(
        token, {address: units for address, (_, units) in zip(addresses, held, strict=True)}
    )
    outcomes = read(node, [Question(address, contract) for address in addresses for contract in ("", token)])
    assert [amount_of(outcome) for outcome in outcomes] == [amount for pair in held for amount in pair]


def test_thousands_at_one_block(node: Anvil, token: str) -> None:
    addresses = [some_address(n) for n in range(2000)]
    node.set_balances({address: 10**18 + n for n, address in enumerate(addresses)})
    node.set_token_balances(token, {address: 5 * n for n, address in enumerate(addresses)})
    outcomes = read(node, [Question(address, contract) for address in addresses for contract in ("", token)])
    assert [amount_of(outcome) for outcome in outcomes] == [
        amount for n in range(2000) for amount in (10**18 + n, 5 * n)
    ]
    assert len({outcome.block for outcome in outcomes if isinstance(outcome, Reading)}) == 1


def test_the_block_is_the_node_s_own(node: Anvil) -> None:
    (outcome,) = read(node, [Question(RICH)])
    assert isinstance(outcome, Reading)
    block = node.rpc("eth_getBlockByHash", outcome.block.hash, False)
    assert int(block["number"], 16) == outcome.block.height
    assert int(block["timestamp"], 16) == int(outcome.block.time.timestamp())
    assert outcome.pinned_by == "latest"


def test_a_transfer_between_pick_and_read_is_not_mixed_in(node: Anvil) -> None:
    wallet = some_address(50_001)
    node.send(wallet, 1000)
    before = node.balance(wallet)
    (outcome,) = read(node, [Question(wallet)], meddle=lambda: node.send(wallet, 234))
    assert amount_of(outcome) == before == 1000
    assert node.balance(wallet) == 1234
    (outcome,) = read(node, [Question(wallet)])
    assert amount_of(outcome) == 1234


def test_a_reorganised_block_is_not_read(node: Anvil) -> None:
    wallet = some_address(50_002)
    node.send(wallet, 3000)
    done = False

    def reorganise_once() -> None:
        nonlocal done
        if not done:
            done = True
            node.rpc("anvil_reorg", 1, [])

    (outcome,) = read(node, [Question(wallet)], meddle=reorganise_once)
    assert isinstance(outcome, Reading)
    # The block that held the transfer is gone, and with it the coins; the reading is of the new block.
    assert outcome.amount == node.balance(wallet) == 0
    assert node.rpc("eth_getBlockByHash", outcome.block.hash, False) is not None


def test_a_chain_that_is_reorganised_again_and_again_gives_no_reading(node: Anvil) -> None:
    node.send(some_address(50_003), 1)
    with pytest.raises(BlockGone):
        read(node, [Question(RICH)], meddle=lambda: node.rpc("anvil_reorg", 1, []))


def test_a_state_that_was_rolled_back_is_not_read(node: Anvil) -> None:
    snapshot = node.rpc("evm_snapshot")
    wallet = some_address(50_004)
    node.send(wallet, 99)
    reverted = False

    def revert_once() -> None:
        nonlocal reverted
        if not reverted:
            reverted = True
            node.rpc("evm_revert", snapshot)

    (outcome,) = read(node, [Question(wallet)], meddle=revert_once)
    assert amount_of(outcome) == 0


def test_a_contract_that_is_none_is_unsupported(node: Anvil, token: str) -> None:
    nothing = some_address(50_005)
    empty, real = read(node, [Question(RICH, nothing), Question(RICH, token)])
    assert empty == Failure("no_contract", nothing, "unsupported")
    assert amount_of(real) == node.token_balance(token, RICH) > 0


def test_a_contract_that_refuses_is_a_failure(node: Anvil) -> None:
    refuses = some_address(50_006)
    node.rpc("anvil_setCode", refuses, "0x60006000fd")  # PUSH1 0 PUSH1 0 REVERT
    short = some_address(50_007)
    node.rpc("anvil_setCode", short, "0x60016000f3")  # returns a single byte
    node.rpc("evm_mine")
    reverted, too_short = read(node, [Question(RICH, refuses), Question(RICH, short)])
    assert isinstance(reverted, Failure)
    assert reverted.code == "reverted"
    assert isinstance(too_short, Failure)
    assert too_short.code == "bad_answer"


def test_a_node_of_another_chain_is_refused() -> None:
    with run_anvil("--chain-id", "1") as mainnet_like, pytest.raises(WrongChain):
        read(mainnet_like, [Question(RICH)])


def test_the_finalized_block_is_read_where_the_chain_has_one() -> None:
    with run_anvil("--chain-id", "1", "--slots-in-an-epoch", "1") as chain:
        wallet = some_address(50_008)
        chain.send(wallet, 7)
        chain.rpc("anvil_mine", "0x5")
        chain.send(wallet, 1)
        client = ChainClient(allowed=[chain.url])
        with EvmSource(CHAINS["ethereum"], chain.url, client, confirmations=64) as evm:
            (outcome,) = evm.read([Question(wallet)])
        assert isinstance(outcome, Reading)
        assert outcome.pinned_by == "finalized"
        assert outcome.block.height == int(
            chain.rpc("eth_getBlockByNumber", "finalized", False)["number"], 16
        )
        # The last transfer is not final yet, so it is not counted.
        assert (outcome.amount, chain.balance(wallet)) == (7, 8)
