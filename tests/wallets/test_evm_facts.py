"""Single questions about an EVM chain: where a transaction stands, and whether an issuer blocks an address."""

from collections.abc import Iterator
from typing import Any

import pytest
import stamina

from tests.wallets import evm_contracts
from tests.wallets.doubles import BLOCK, BLOCK_HASH, RpcProblem, evm_node, serve
from tests.wallets.nodes import RICH, Anvil, run_anvil, some_address
from wallets.chains.base import (
    BadAnswer,
    BlockGone,
    ChainError,
    Confirmation,
    Payment,
    RateLimited,
    Restriction,
    SourceUnavailable,
    WrongChain,
)
from wallets.chains.catalogue import CHAINS
from wallets.chains.evm import EvmSource, OwnMemory
from wallets.chains.evm.facts import LISTS, NO_FUNCTION
from wallets.chains.http import ChainClient

TXID = "0x" + "7a" * 32
RECEIPT = {"transactionHash": TXID, "blockHash": BLOCK_HASH, "blockNumber": "0x64", "status": "0x1"}
TRANSACTION = {"hash": TXID, "blockHash": None}
TOKEN, ADDRESS, OTHER = some_address(0), some_address(1), some_address(2)
YES, NO = "0x" + f"{1:064x}", "0x" + f"{0:064x}"


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    OwnMemory.forget()
    with stamina.set_testing(True, attempts=1):
        yield


@pytest.fixture(scope="module")
def node() -> Iterator[Anvil]:
    with run_anvil() as anvil:
        yield anvil


def source(url: str, chain: str) -> EvmSource:
    return EvmSource(CHAINS[chain], url, ChainClient(allowed=[url]), confirmations=0)


# ── Transactions, at a real node ──────────────────────────────────────────────────────────────────────────────


def confirmations(node: Anvil, txid: str) -> Confirmation:
    with source(node.url, "localdev") as evm:
        return evm.confirmations(txid)


def test_a_transaction_is_confirmed_block_by_block(node: Anvil) -> None:
    txid = node.rpc("eth_sendTransaction", {"from": RICH, "to": some_address(1), "value": "0x1"})
    receipt = node._receipt(txid)
    height = int(receipt["blockNumber"], 16)
    first = confirmations(node, txid)
    assert first.block is not None
    assert (first.state, first.count, first.block.height, first.block.hash) == (
        "confirmed",
        int(node.rpc("eth_blockNumber"), 16) - height + 1,
        height,
        receipt["blockHash"],
    )
    node.rpc("anvil_mine", "0x5")
    assert confirmations(node, txid.upper().replace("0X", "0x")).count == first.count + 5
    assert [b"eth_getTransactionReceipt" in proof.question for proof in first.exchanges] == [True, False]


def test_a_transaction_that_failed_has_no_effect_but_a_block(node: Anvil) -> None:
    refuses = node.set_code(some_address(60), evm_contracts.REVERTING)
    txid = node.rpc("eth_sendTransaction", {"from": RICH, "to": refuses, "gas": "0x186a0"})
    while node.rpc("eth_getTransactionReceipt", txid) is None:
        pass
    found = confirmations(node, txid)
    assert (found.state, found.count >= 1, found.block is not None) == ("failed", True, True)


def test_a_transaction_in_no_block_is_pending_and_one_that_nobody_saw_unknown(node: Anvil) -> None:
    node.rpc("evm_setAutomine", False)
    try:
        txid = node.rpc("eth_sendTransaction", {"from": RICH, "to": some_address(1), "value": "0x1"})
        found = confirmations(node, txid)
        assert (found.state, found.count, found.block) == ("pending", 0, None)
    finally:
        node.rpc("evm_setAutomine", True)
        node.rpc("evm_mine")
    assert confirmations(node, txid).state == "confirmed"
    assert confirmations(node, TXID).state == "unknown"


def test_a_transaction_of_a_block_that_left_the_chain_is_not_confirmed(node: Anvil) -> None:
    txid = node.rpc("eth_sendTransaction", {"from": RICH, "to": some_address(1), "value": "0x1"})
    node._receipt(txid)
    assert confirmations(node, txid).state == "confirmed"
    node.rpc("anvil_reorg", 1, [])
    assert confirmations(node, txid).state in {"pending", "unknown"}


# ── What a transaction paid, at a real node ───────────────────────────────────────────────────────────────────


def paid(node: Anvil, txid: str, address: str, contract: str = "") -> Payment:
    with source(node.url, "localdev") as evm:
        return evm.payment(txid, address, contract)


def told(node: Anvil, txid: str, address: str, contract: str = "") -> int:
    found = paid(node, txid, address, contract)
    assert found.state == "told"
    assert len(found.exchanges) == 1
    return found.amount


def sent(node: Anvil, **transaction: str) -> str:
    txid = str(node.rpc("eth_sendTransaction", {"from": RICH, "gas": "0x186a0", **transaction}))
    while node.rpc("eth_getTransactionReceipt", txid) is None:
        pass
    return txid


def test_a_coin_is_paid_to_whom_the_transaction_names(node: Anvil) -> None:
    txid = sent(node, to=ADDRESS, value=hex(10**18 + 7))
    assert told(node, txid, ADDRESS) == told(node, txid, ADDRESS.lower()) == 10**18 + 7
    assert told(node, txid, OTHER) == 0
    assert told(node, txid, ADDRESS, node.deploy_token()) == 0, "a coin is no token"


def test_a_token_is_paid_by_the_events_of_its_own_contract(node: Anvil) -> None:
    token, like_it = node.deploy_token(), node.deploy_token()
    transfer = "0xa9059cbb" + ADDRESS[2:].lower().rjust(64, "0") + f"{41:064x}"
    txid = sent(node, to=token, data=transfer)
    assert told(node, txid, ADDRESS, token) == 41
    assert told(node, txid, OTHER, token) == 0
    assert told(node, txid, ADDRESS, like_it) == 0, "another contract's event is another token's"
    assert paid(node, txid, ADDRESS).state == "cannot_tell", (
        "what a contract hands on in coins stands in no receipt"
    )


def test_a_transaction_that_failed_paid_nothing(node: Anvil) -> None:
    refuses = node.set_code(some_address(61), evm_contracts.REVERTING)
    assert told(node, sent(node, to=refuses, value="0x5"), refuses) == 0


def test_a_transaction_that_is_in_no_block_paid_nothing_yet(node: Anvil) -> None:
    with pytest.raises(BlockGone):
        paid(node, TXID, ADDRESS)


# ── Transactions, by odd answers ──────────────────────────────────────────────────────────────────────────────


def asked(chain_id: int = 1, txid: str = TXID, **results: Any) -> Confirmation:
    given = {"eth_getTransactionReceipt": RECEIPT, "eth_getTransactionByHash": TRANSACTION, **results}
    double = evm_node(chain_id, **given)
    with serve(double) as provider, source(provider.url, "ethereum") as evm:
        found = evm.confirmations(txid)
    assert double.unexpected == []
    return found


def test_a_receipt_at_its_block_is_a_confirmation() -> None:
    assert (asked().state, asked().count) == ("confirmed", 1)
    assert asked(eth_getTransactionReceipt={**RECEIPT, "status": "0x0"}).state == "failed"
    assert asked(eth_getTransactionReceipt=None).state == "pending"
    assert asked(eth_getTransactionReceipt=None, eth_getTransactionByHash=None).state == "unknown"


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"transactionHash": "0x" + "7b" * 32}, BadAnswer),
        ({"transactionHash": None}, BadAnswer),
        ({"blockNumber": 100}, BadAnswer),
        ({"blockNumber": None}, BadAnswer),
        ({"status": None}, BadAnswer),
        ({"status": "0x2"}, BadAnswer),
        ({"status": 1}, BadAnswer),
        ({"blockHash": "0x" + "c1" * 32}, BlockGone),
        ({"blockHash": None}, BlockGone),
        ({"blockNumber": "0x65"}, BadAnswer),
    ],
)
def test_a_receipt_that_does_not_add_up_confirms_nothing(
    changed: dict[str, Any], kind: type[ChainError]
) -> None:
    with pytest.raises(kind):
        asked(eth_getTransactionReceipt={**RECEIPT, **changed})


def test_other_answers_that_confirm_nothing() -> None:
    with pytest.raises(WrongChain):
        asked(chain_id=5)
    assert asked(txid='0x12", "') == Confirmation("unknown")
    with pytest.raises(BadAnswer):
        asked(eth_getTransactionReceipt="yes")
    with pytest.raises(BadAnswer):
        asked(eth_getTransactionReceipt=None, eth_getTransactionByHash={**TRANSACTION, "hash": BLOCK_HASH})
    with pytest.raises(BlockGone):
        asked(eth_getBlockByNumber=None)
    with pytest.raises(BadAnswer):  # the newest block is older than the transaction's
        asked(
            eth_getBlockByNumber=lambda tag, _full: {**BLOCK, "number": "0x60"} if tag == "latest" else BLOCK
        )

    def refuse(*_params: object) -> None:
        raise RpcProblem(-32005, "slow down")

    with pytest.raises(RateLimited):
        asked(eth_getTransactionReceipt=refuse)
    with pytest.raises(RateLimited):
        asked(eth_getBlockByNumber=refuse)


# ── Lists of issuers ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("selector", LISTS)
def test_an_issuer_s_list_is_asked(node: Anvil, selector: str) -> None:
    token = node.set_code(some_address(70), evm_contracts.list_of(selector, ADDRESS))
    with source(node.url, "localdev") as evm:
        blocked, free = evm.token_restriction(ADDRESS, token), evm.token_restriction(OTHER, token)
    assert (blocked.state, free.state) == ("restricted", "not_restricted")
    assert blocked.pinned is not None
    assert blocked.pinned.block.height == int(node.rpc("eth_blockNumber"), 16)
    assert len(blocked.exchanges) == 1


@pytest.mark.parametrize(
    "code",
    [
        "0x",
        evm_contracts.REVERTING,
        evm_contracts.INVALID,
        evm_contracts.SILENT,
        evm_contracts.ONE_BYTE,
        evm_contracts.TWO_WORDS,
        evm_contracts.always(2),
        # It answers whatever it is asked, so it keeps no list.
        evm_contracts.always(1),
        evm_contracts.always(0),
        evm_contracts.list_of(NO_FUNCTION, ADDRESS),
    ],
)
def test_a_token_without_a_list_says_nothing_about_anybody(node: Anvil, code: str) -> None:
    token = node.set_code(some_address(71), code)
    with source(node.url, "localdev") as evm:
        assert evm.token_restriction(ADDRESS, token).state == "no_list"


def test_a_real_token_has_no_list(node: Anvil) -> None:
    token = node.deploy_token()
    with source(node.url, "localdev") as evm:
        assert evm.token_restriction(RICH, token).state == "no_list"


def restricted(chain: str = "localdev", **results: Any) -> Restriction:
    double = evm_node(CHAINS[chain].chain_id or 0, **results)
    with serve(double) as provider, source(provider.url, chain) as evm:
        found = evm.token_restriction(ADDRESS, TOKEN)
    assert double.unexpected == []
    return found


def by_selector(answers: dict[str, str]) -> Any:
    def call(question: dict[str, str], at: Any) -> str:
        assert at == {"blockHash": BLOCK_HASH, "requireCanonical": True}
        assert question["to"] == TOKEN
        assert question["data"][10:] == ADDRESS[2:].lower().rjust(64, "0")
        answer = answers.get(question["data"][2:10])
        if answer is None:
            raise RpcProblem(3, "execution reverted")
        return answer

    return call


def test_either_list_blocks() -> None:
    tether, circle = LISTS
    assert restricted(eth_call=by_selector({tether: YES, circle: NO})).state == "restricted"
    assert restricted(eth_call=by_selector({tether: NO, circle: YES})).state == "restricted"
    assert restricted(eth_call=by_selector({tether: NO, circle: "0x"})).state == "not_restricted"
    assert restricted(eth_call=by_selector({tether: "0x" + "f" * 64})).state == "no_list"


def test_a_source_in_trouble_says_nothing_about_anybody() -> None:
    def trouble(code: int, message: str) -> Any:
        def call(*_params: object) -> str:
            raise RpcProblem(code, message)

        return call

    for code, message, kind in (
        (-32005, "slow down", RateLimited),
        (-32603, "internal error", SourceUnavailable),
        (-32000, "header not found", BlockGone),
    ):
        with pytest.raises(kind):
            restricted(eth_call=trouble(code, message))
    with pytest.raises(BadAnswer):
        restricted(eth_call=7)


def test_a_block_that_is_not_final_must_still_stand() -> None:
    answers = {LISTS[0]: YES}
    asked = 0

    def by_number(_tag: str, _full: bool) -> dict[str, str]:
        nonlocal asked
        asked += 1
        return BLOCK if asked % 2 else {**BLOCK, "hash": "0x" + "c" * 64}

    with pytest.raises(BlockGone):
        restricted(eth_call=by_selector(answers), eth_getBlockByNumber=by_number)
    asked = 0
    # A final block stays.
    final = restricted("ethereum", eth_call=by_selector(answers), eth_getBlockByNumber=by_number)
    assert (final.state, asked) == ("restricted", 1)
