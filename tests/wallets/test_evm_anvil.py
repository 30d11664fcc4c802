"""EVM reading against a real node: to the unit, at one block, in every way, and not across a reorganisation."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wallets import evm_contracts
from tests.wallets.nodes import RICH, Anvil, run_anvil, some_address
from wallets.chains.base import Answers, BlockGone, CannotPin, Failure, Pinned, WrongChain
from wallets.chains.catalogue import CHAINS
from wallets.chains.evm import EvmSource, OwnMemory, multicall
from wallets.chains.http import ChainClient

amounts = st.one_of(st.integers(0, 2**256 - 1), st.sampled_from([0, 1, 10**18, 2**64, 2**255, 2**256 - 1]))
METHODS = {
    "override": "packed eth_call (state override)",
    "creation": "packed eth_call (creation code)",
    "multicall": "Multicall3 eth_call",
    "batch": "JSON-RPC batch",
}
every_way = pytest.mark.parametrize("way", METHODS)


@pytest.fixture(scope="module")
def node() -> Iterator[Anvil]:
    with run_anvil("--no-request-size-limit") as anvil:
        anvil.set_code(multicall.ADDRESS, evm_contracts.MANY_CALLS)
        yield anvil


@pytest.fixture(scope="module")
def token(node: Anvil) -> str:
    return node.deploy_token()


@pytest.fixture(autouse=True)
def _nothing_learned() -> None:
    OwnMemory.forget()


class Meddler(ChainClient):
    """The real client, that lets something happen right before the balances are asked for."""

    def __init__(self, url: str, meddle: Callable[[], object]) -> None:
        super().__init__(allowed=[url])
        self._meddle = meddle

    def post(self, url: str, body: bytes) -> bytes:
        if b"blockHash" in body:
            self._meddle()
        return super().post(url, body)


def source(node: Anvil, way: str = "", meddle: Callable[[], object] = lambda: None) -> EvmSource:
    memory = OwnMemory(f"{node.url} {way}")
    memory.set("way", way)
    return EvmSource(CHAINS["localdev"], node.url, Meddler(node.url, meddle), confirmations=0, memory=memory)


def read(
    node: Anvil,
    addresses: Sequence[str],
    contracts: Sequence[str] = ("",),
    *,
    way: str = "override",
    meddle: Callable[[], object] = lambda: None,
    at: Pinned | None = None,
) -> Answers:
    with source(node, way, meddle) as evm:
        answers = evm.read(addresses, contracts, at=at)
    assert len(answers.words) == 32 * len(addresses) * len(contracts)
    # It was read in this way; the reasons of failures are found out in single questions.
    assert {proof.method for proof in answers.exchanges} - {METHODS["batch"]} == (
        {METHODS[way]} - {METHODS["batch"]} if addresses else set()
    )
    return answers


def values(answers: Answers) -> list[int | Failure]:
    return [
        answers.failures[index]
        if index in answers.failures
        else int.from_bytes(answers.words[32 * index : 32 * index + 32], "big")
        for index in range(len(answers.words) // 32)
    ]


def codes(answers: Answers) -> list[int | str]:
    return [value.code if isinstance(value, Failure) else value for value in values(answers)]


# ── To the unit, in every way ─────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(amounts, amounts), max_size=40))
def test_balances_come_back_to_the_unit_in_every_way(
    node: Anvil, token: str, held: list[tuple[int, int]]
) -> None:
    addresses = [some_address(n) for n in range(len(held))]
    node.set_balances({address: native for address, (native, _) in zip(addresses, held, strict=True)})
    node.set_token_balances(
        token, {address: units for address, (_, units) in zip(addresses, held, strict=True)}
    )
    for way in METHODS:
        assert values(read(node, addresses, ["", token], way=way)) == [
            amount for pair in held for amount in pair
        ]
        assert values(read(node, addresses, [token], way=way)) == [units for _, units in held]


@every_way
def test_more_than_fit_into_one_question_stay_in_order(node: Anvil, token: str, way: str) -> None:
    count = {"override": 2001, "creation": 2001, "multicall": 1001, "batch": 251}[way]
    addresses = [some_address(n) for n in range(count)]
    node.set_balances({address: 10**18 + n for n, address in enumerate(addresses)})
    node.set_token_balances(token, {address: 5 * n for n, address in enumerate(addresses)})
    for size in (count - 1, count):
        answers = read(node, addresses[:size], ["", token], way=way)
        assert values(answers) == [amount for n in range(size) for amount in (10**18 + n, 5 * n)]
        assert [(proof.first, proof.count) for proof in answers.exchanges] == [
            (0, count - 1),
            *[(count - 1, 1)] * (size == count),
        ]


def test_the_block_is_the_node_s_own(node: Anvil) -> None:
    pinned = read(node, [RICH]).pinned
    block = node.rpc("eth_getBlockByHash", pinned.block.hash, False)
    assert int(block["number"], 16) == pinned.block.height
    assert int(block["timestamp"], 16) == int(pinned.block.time.timestamp())
    assert (pinned.pin, pinned.depth) == ("hash", "latest")


def test_the_proof_is_what_went_over_the_wire(node: Anvil) -> None:
    answers = read(node, [RICH, some_address(1)])
    (proof,) = answers.exchanges
    asked, said = json.loads(proof.question), json.loads(proof.answer)
    assert asked["id"] == said["id"]
    assert asked["params"][1] == {"blockHash": answers.pinned.block.hash, "requireCanonical": True}
    assert said["result"].endswith(answers.words.hex())
    again = node.rpc(asked["method"], *asked["params"])
    assert again == said["result"]


def test_a_node_without_multicall_is_asked_in_the_fastest_way_by_itself() -> None:
    with run_anvil() as plain:
        plain.rpc("evm_mine")
        with source(plain) as evm:
            answers = evm.read([RICH], [""])
        assert [proof.method for proof in answers.exchanges] == [METHODS["override"]]
        # Where only the last way is left, it is found.
        memory = OwnMemory("only batches")
        for way in ("override", "creation"):
            memory.set(f"breakdowns:{way}", "2")
        with EvmSource(
            CHAINS["localdev"], plain.url, ChainClient(allowed=[plain.url]), confirmations=0, memory=memory
        ) as slow:
            again = slow.read([RICH], [""])
    assert [proof.method for proof in again.exchanges] == [METHODS["batch"]]
    assert (again.words, memory.get("way")) == (answers.words, "batch")


def test_what_is_found_out_at_the_first_block_of_all_is_not_remembered() -> None:
    """Anvil runs a call at block 0 with another time than the block's."""
    with run_anvil() as new:
        memory = OwnMemory("new")
        client = ChainClient(allowed=[new.url])
        for expected in ("batch", "override"):
            with EvmSource(CHAINS["localdev"], new.url, client, confirmations=0, memory=memory) as evm:
                answers = evm.read([RICH], [""])
            assert [proof.method for proof in answers.exchanges] == [METHODS[expected]]
            assert values(answers) == [new.balance(RICH)]
            new.rpc("evm_mine")


# ── Tokens that misbehave ─────────────────────────────────────────────────────────────────────────────────────


@every_way
def test_a_token_without_an_answer_is_a_failure_with_its_reason(node: Anvil, token: str, way: str) -> None:
    nothing = some_address(50_005)
    odd = {
        node.set_code(some_address(50_010 + number), code): expected
        for number, (code, expected) in enumerate(
            [
                (evm_contracts.REVERTING, "reverted"),
                (evm_contracts.REVERTING_WITH_A_WORD, "reverted"),
                (evm_contracts.SILENT, "no_contract"),
                (evm_contracts.ONE_BYTE, "bad_answer"),
                (evm_contracts.TWO_WORDS, "bad_answer"),
            ]
        )
    }
    precompile = "0x0000000000000000000000000000000000000002"
    addresses = [RICH, some_address(1), some_address(2)]
    contracts = [nothing, *odd, token, precompile, ""]
    held = [(node.token_balance(token, address), node.balance(address)) for address in addresses]
    answers = read(node, addresses, contracts, way=way)
    assert codes(answers) == [
        code
        for units, native in held
        for code in ("no_contract", *odd.values(), units, "no_contract", native)
    ]
    assert answers.failures[0] == Failure("no_contract", nothing, "unsupported")
    assert answers.failures[1].state == "failed"


def test_a_token_that_burns_all_gas_sends_multicall_s_questions_another_way(node: Anvil) -> None:
    invalid = node.set_code(some_address(50_030), evm_contracts.INVALID)
    addresses = [some_address(n) for n in range(20)]
    memory = OwnMemory("multicall")
    memory.set("way", "multicall")
    client = ChainClient(allowed=[node.url])
    with EvmSource(CHAINS["localdev"], node.url, client, confirmations=0, memory=memory) as evm:
        answers = evm.read(addresses, [invalid, ""])
    assert codes(answers) == [code for address in addresses for code in ("reverted", node.balance(address))]
    assert {proof.method for proof in answers.exchanges} == {METHODS["batch"]}
    # Another look may have other tokens.
    assert memory.get("way") == "multicall"


@pytest.mark.parametrize("code", [evm_contracts.ENDLESS, evm_contracts.INVALID])
@pytest.mark.parametrize("way", ["override", "creation"])
def test_a_token_that_burns_gas_does_not_eat_the_batch(node: Anvil, token: str, way: str, code: str) -> None:
    endless = node.set_code(some_address(50_020), code)
    addresses = [some_address(n) for n in range(40)]
    answers = read(node, addresses, [endless, "", token], way=way)
    assert codes(answers) == [
        code
        for address in addresses
        for code in ("reverted", node.balance(address), node.token_balance(token, address))
    ]
    # One question sufficed for the others.
    assert sum(proof.method == METHODS[way] for proof in answers.exchanges) == 1


@pytest.mark.parametrize("way", ["override", "creation"])
def test_a_token_that_needs_more_gas_than_allowed_is_asked_on_its_own(node: Anvil, way: str) -> None:
    hungry = node.set_code(some_address(50_021), evm_contracts.hungry(12_000))
    answers = read(node, [RICH, some_address(1)], ["", hungry], way=way)
    assert values(answers)[1::2] == [7, 7]
    assert [proof.method for proof in answers.exchanges] == [METHODS[way], METHODS["batch"]]


@pytest.mark.parametrize("way", ["override", "creation", "multicall"])
def test_where_the_gas_of_a_whole_question_runs_out_half_is_asked(node: Anvil, way: str) -> None:
    # 104,000 gas for each address: 50 million do for some 480 of them.
    slow = node.set_code(some_address(50_022), evm_contracts.hungry(4_000))
    addresses = [some_address(n) for n in range(700)]
    answers = read(node, addresses, [slow], way=way)
    assert values(answers) == [7] * 700
    assert [(proof.first, proof.count) for proof in answers.exchanges] == [(0, 350), (350, 350)]


@pytest.mark.parametrize("way", ["override", "creation"])
def test_a_token_is_not_taken_for_broken_where_only_the_gas_ran_short(node: Anvil, way: str) -> None:
    # 182,000 gas for each address: somewhere here the last token call of all would get too little to end.
    slow = node.set_code(some_address(50_023), evm_contracts.hungry(7_000))
    addresses = [some_address(n) for n in range(280)]
    for size in range(268, 278):
        OwnMemory.forget()
        answers = read(node, addresses[:size], [slow], way=way)
        assert values(answers) == [7] * size
        assert {proof.method for proof in answers.exchanges} == {METHODS[way]}


# ── At one block ──────────────────────────────────────────────────────────────────────────────────────────────


@every_way
def test_a_transfer_between_pick_and_read_is_not_mixed_in(node: Anvil, way: str) -> None:
    wallet = some_address(50_100 + list(METHODS).index(way))
    node.send(wallet, 1000)
    assert values(read(node, [wallet], way=way, meddle=lambda: node.send(wallet, 234))) == [1000]
    assert node.balance(wallet) == 1234
    assert values(read(node, [wallet], way=way)) == [1234]


@every_way
def test_an_old_block_is_read_as_it_was(node: Anvil, token: str, way: str) -> None:
    wallet = some_address(50_110 + list(METHODS).index(way))
    node.send(wallet, 1000)
    before = read(node, [wallet], ["", token], way=way)
    node.send(wallet, 1)
    node.set_token_balances(token, {wallet: 99})
    again = read(node, [wallet], ["", token], way=way, at=before.pinned)
    assert (again.pinned, again.words) == (before.pinned, before.words)
    assert values(read(node, [wallet], ["", token], way=way)) == [1001, 99]


@every_way
def test_a_reorganised_block_is_not_read(node: Anvil, way: str) -> None:
    wallet = some_address(50_120 + list(METHODS).index(way))
    node.send(wallet, 3000)
    done = False

    def reorganise_once() -> None:
        nonlocal done
        if not done:
            done = True
            node.rpc("anvil_reorg", 1, [])

    answers = read(node, [wallet], way=way, meddle=reorganise_once)
    # The block that held the transfer is gone, and with it the coins; the reading is of the new block.
    assert values(answers) == [node.balance(wallet)] == [0]
    assert node.rpc("eth_getBlockByHash", answers.pinned.block.hash, False) is not None


@every_way
def test_a_chain_that_is_reorganised_again_and_again_gives_no_reading(node: Anvil, way: str) -> None:
    node.send(some_address(50_003), 1)
    with pytest.raises(BlockGone):
        read(node, [RICH], way=way, meddle=lambda: node.rpc("anvil_reorg", 1, []))


def test_a_block_that_left_the_chain_cannot_be_asked_for(node: Anvil) -> None:
    node.send(some_address(50_003), 1)
    pinned = read(node, [RICH]).pinned
    node.rpc("anvil_reorg", 1, [])
    with pytest.raises(BlockGone):
        read(node, [RICH], at=pinned)
    unknown = replace(pinned, block=replace(pinned.block, hash="0x" + "ab" * 32))
    with pytest.raises(BlockGone):
        read(node, [RICH], at=unknown)


@every_way
def test_a_state_that_was_rolled_back_is_not_read(node: Anvil, way: str) -> None:
    snapshot = node.rpc("evm_snapshot")
    wallet = some_address(50_130 + list(METHODS).index(way))
    node.send(wallet, 99)
    reverted = False

    def revert_once() -> None:
        nonlocal reverted
        if not reverted:
            reverted = True
            node.rpc("evm_revert", snapshot)

    assert values(read(node, [wallet], way=way, meddle=revert_once)) == [0]


def test_a_node_of_another_chain_is_refused() -> None:
    with run_anvil("--chain-id", "1") as mainnet_like, pytest.raises(WrongChain):
        read(mainnet_like, [RICH])


def test_the_finalized_block_is_read_where_the_chain_has_one() -> None:
    with run_anvil("--chain-id", "1", "--slots-in-an-epoch", "1") as chain:
        wallet = some_address(50_008)
        chain.send(wallet, 7)
        chain.rpc("anvil_mine", "0x5")
        chain.send(wallet, 1)
        client = ChainClient(allowed=[chain.url])
        with EvmSource(CHAINS["ethereum"], chain.url, client, confirmations=64) as evm:
            answers = evm.read([wallet], [""])
        final = int(chain.rpc("eth_getBlockByNumber", "finalized", False)["number"], 16)
        assert (answers.pinned.depth, answers.pinned.block.height) == ("finalized", final)
        # The last transfer is not final yet, so it is not counted.
        assert (values(answers), chain.balance(wallet)) == ([7], 8)


def test_a_block_whose_state_is_no_longer_kept_cannot_be_read() -> None:
    with run_anvil("--prune-history", "1") as forgetful:
        forgetful.send(some_address(1), 5)
        pinned = read(forgetful, [some_address(1)]).pinned
        forgetful.rpc("anvil_mine", "0x20")
        for way in METHODS:
            with pytest.raises(CannotPin):
                read(forgetful, [some_address(1)], way=way, at=pinned)
