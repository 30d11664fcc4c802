"""Tron: java-tron's habits over a real anvil, and the answers that its documentation shows.

Documented answers are from tronprotocol/documentation-en, docs/api/http, with addresses in the spelling that `visible`
asks for; never seen live.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from eth_hash.auto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wallets.doubles import Exchange, Provider, serve
from tests.wallets.nodes import RICH, Anvil, run_anvil, some_address
from tests.wallets.tron_shim import LIST_CODE, SILENT_CODE, JavaTron, tron
from wallets.chains.base import (
    BadAnswer,
    Block,
    BlockGone,
    CannotPin,
    Failure,
    Pinned,
    RateLimited,
    SourceRefused,
    SourceUnavailable,
    WrongChain,
)
from wallets.chains.catalogue import CHAINS
from wallets.chains.http import ChainClient, Limits
from wallets.chains.tron import _BALANCE, _LISTS, TronSource, account_of

HOLDER, OTHER = some_address(1), some_address(2)


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    with run_anvil() as node:
        yield node


@pytest.fixture
def node(anvil: Anvil) -> JavaTron:
    return JavaTron(anvil)


@pytest.fixture
def server(node: JavaTron) -> Iterator[Provider]:
    with serve(node) as provider:
        yield provider


@pytest.fixture
def source(node: JavaTron, server: Provider) -> Iterator[TronSource]:
    client = ChainClient(allowed=[server.url], limits=Limits(tries=1))
    with TronSource(replace(CHAINS["tron"], genesis=node.genesis), server.url, client) as opened:
        yield opened


@pytest.fixture(scope="module")
def token(anvil: Anvil) -> str:
    return anvil.deploy_token()


def one(source: TronSource, address: str, contract: str = "") -> int | Failure:
    answers = source.read([tron(address)], [contract and tron(contract)])
    return answers.failures.get(0, int.from_bytes(answers.words, "big"))


# ── What the state is ─────────────────────────────────────────────────────────────────────────────────────


def test_an_account_that_was_never_activated_has_no_trx_and_may_hold_tokens(
    source: TronSource, anvil: Anvil, token: str
) -> None:
    stranger = some_address(404)
    anvil.set_token_balances(token, {stranger: 5})
    assert one(source, stranger) == 0
    assert one(source, stranger, token) == 5


def test_an_account_whose_balance_is_left_out_has_none(source: TronSource, token: str) -> None:
    # The token's contract exists and has no TRX: java-tron leaves `balance` out.
    assert one(source, token) == 0


def test_only_trx_that_can_be_sent_is_counted(source: TronSource, anvil: Anvil) -> None:
    anvil.set_balances({HOLDER: 1_234_567})
    # The shim adds staked TRX and unclaimed rewards to every account.
    assert one(source, HOLDER) == 1_234_567


def test_what_is_not_solidified_is_not_counted(source: TronSource, node: JavaTron, anvil: Anvil) -> None:
    anvil.set_balances({HOLDER: 10})
    node.lag = 2
    anvil.rpc("anvil_mine", hex(3))
    anvil.send(HOLDER, 1)
    assert one(source, HOLDER) == 10
    anvil.rpc("anvil_mine", hex(2))
    assert one(source, HOLDER) == 11


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trx=st.integers(0, 2**63 - 1), units=st.integers(0, 2**256 - 1))
def test_any_amount_comes_back_to_the_unit(
    source: TronSource, anvil: Anvil, token: str, trx: int, units: int
) -> None:
    anvil.set_balances({HOLDER: trx})
    anvil.set_token_balances(token, {HOLDER: units})
    answers = source.read([tron(HOLDER)], ["", tron(token)])
    assert answers.words == trx.to_bytes(32, "big") + units.to_bytes(32, "big")
    assert not answers.failures


def test_the_parameter_is_padded(source: TronSource, server: Provider, anvil: Anvil, token: str) -> None:
    """The trap itself: the same question without padding is answered with true and 0."""
    anvil.set_token_balances(token, {HOLDER: 9})
    assert one(source, HOLDER, token) == 9
    asked = {
        "owner_address": tron(HOLDER),
        "contract_address": tron(token),
        "function_selector": "balanceOf(address)",
        "parameter": HOLDER[2:].lower(),
        "visible": True,
    }
    url = f"{server.url}/walletsolidity/triggerconstantcontract"
    answer = httpx.post(url, json=asked, trust_env=False).json()
    assert answer["result"] == {"result": True}
    assert int(answer["constant_result"][0], 16) == 0


def test_selectors_are_the_hashes_of_the_functions() -> None:
    for name, selector in (_BALANCE, *_LISTS):
        assert keccak(name.encode())[:4].hex() == selector


# ── One block ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_block_in_the_middle_makes_the_look_begin_again(
    source: TronSource, node: JavaTron, anvil: Anvil
) -> None:
    anvil.set_balances({HOLDER: 100, OTHER: 0})
    moved = []

    def move(name: str) -> None:
        # Between the two accounts everything is moved from the one to the other.
        if name == "getaccount" and not moved:
            moved.append(name)
            anvil.set_balances({HOLDER: 0, OTHER: 100})

    node.before = move
    answers = source.read([tron(HOLDER), tron(OTHER)], [""])
    assert moved
    assert answers.words == (0).to_bytes(32, "big") + (100).to_bytes(32, "big")
    assert answers.pinned.block.height == int(anvil.rpc("eth_blockNumber"), 16)


def test_a_chain_that_never_rests_gives_nothing(source: TronSource, node: JavaTron, anvil: Anvil) -> None:
    node.before = lambda name: anvil.rpc("evm_mine") if name == "getaccount" else None
    with pytest.raises(BlockGone):
        source.read([tron(HOLDER)], [""])


def test_an_old_block_cannot_be_asked_for(source: TronSource, anvil: Anvil) -> None:
    pinned = source.pick()
    anvil.rpc("evm_mine")
    with pytest.raises(CannotPin):
        source.read([tron(HOLDER)], [""], at=pinned)


def test_a_block_of_the_same_number_and_another_hash_is_another_block(source: TronSource) -> None:
    pinned = source.pick()
    block = Block(pinned.block.height, "00" * 32, pinned.block.time)
    with pytest.raises(CannotPin):
        source.read([tron(HOLDER)], [""], at=Pinned(block, "bracket", "finalized"))


def test_an_older_node_gives_whole_blocks(
    source: TronSource, node: JavaTron, server: Provider, anvil: Anvil
) -> None:
    anvil.set_balances({HOLDER: 3})
    newer = source.pick()
    assert not any("getnowblock" in request for request in server.requests)
    node.old = True
    assert source.pick() == newer
    assert one(source, HOLDER) == 3
    # That there is no `getblock` is asked once.
    assert sum(request.endswith("getblock") for request in server.requests) == 2


def test_a_proxy_that_loses_the_question_is_not_believed(source: TronSource, node: JavaTron) -> None:
    """To a question without an address java-tron answers `{}`, as to one with an account that does not exist."""
    node.drops_bodies = True
    with pytest.raises(WrongChain):
        source.read([tron(HOLDER)], [""])


# ── What contracts say ────────────────────────────────────────────────────────────────────────────────────


def put(anvil: Anvil, address: str, code: str) -> str:
    anvil.rpc("anvil_setCode", address, code)
    anvil.rpc("evm_mine")
    return address


def test_a_contract_that_refuses_or_says_nothing_is_a_failure(source: TronSource, anvil: Anvil) -> None:
    refusing = put(anvil, some_address(50), LIST_CODE)
    silent = put(anvil, some_address(51), SILENT_CODE)
    refused, nothing = one(source, HOLDER, refusing), one(source, HOLDER, silent)
    assert isinstance(refused, Failure) and refused.code == "reverted"
    assert "REVERT" in refused.detail
    assert isinstance(nothing, Failure) and (nothing.code, nothing.state) == ("no_contract", "unsupported")


def test_the_issuers_list_is_asked(source: TronSource, anvil: Anvil, token: str) -> None:
    blocking = put(anvil, some_address(60), LIST_CODE)
    anvil.rpc("anvil_setStorageAt", blocking, f"0x{int(HOLDER, 16):064x}", f"0x{1:064x}")
    anvil.rpc("evm_mine")
    listed = source.token_restriction(tron(HOLDER), tron(blocking))
    assert listed.state == "restricted"
    assert listed.pinned is not None and listed.exchanges
    assert source.token_restriction(tron(OTHER), tron(blocking)).state == "not_restricted"
    # The demonstration token has no list, nothing stands at the third address, and TRX has no issuer.
    for contract in (tron(token), tron(some_address(61)), ""):
        assert source.token_restriction(tron(HOLDER), contract).state == "no_list"


def test_a_list_that_says_neither_yes_nor_no_is_not_believed(source: TronSource, anvil: Anvil) -> None:
    strange = put(anvil, some_address(62), LIST_CODE)
    anvil.rpc("anvil_setStorageAt", strange, f"0x{int(HOLDER, 16):064x}", f"0x{2:064x}")
    anvil.rpc("evm_mine")
    with pytest.raises(BadAnswer, match="neither yes nor no"):
        source.token_restriction(tron(HOLDER), tron(strange))


def test_a_wrong_address_spoils_its_own_amounts_only(source: TronSource, anvil: Anvil, token: str) -> None:
    anvil.set_balances({HOLDER: 8})
    anvil.set_token_balances(token, {HOLDER: 9})
    slipped = tron(HOLDER)[:-1] + ("1" if tron(HOLDER)[-1] != "1" else "2")
    answers = source.read([slipped, tron(HOLDER)], ["", tron(token)])
    assert {index: failure.code for index, failure in answers.failures.items()} == {
        0: "refused",
        1: "refused",
    }
    assert answers.words[64:] == (8).to_bytes(32, "big") + (9).to_bytes(32, "big")


@pytest.mark.parametrize("text", ["", "T", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", RICH, tron(HOLDER).lower()])
def test_what_is_no_address_has_no_bytes(text: str) -> None:
    with pytest.raises(SourceRefused):
        account_of(text)


def test_an_address_stands_for_the_bytes_that_contracts_know() -> None:
    # Tether's contract, in both spellings.
    assert (
        account_of("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t").hex() == "a614f803b6fd780986a42c78ec9c7f77e6ded13c"
    )


# ── Transactions ──────────────────────────────────────────────────────────────────────────────────────────


def sent(anvil: Anvil, **call: str) -> str:
    name = anvil.rpc("eth_sendTransaction", {"from": RICH, "gas": hex(100_000), **call})
    while anvil.rpc("eth_getTransactionReceipt", name) is None:
        pass
    return str(name).removeprefix("0x")


def test_a_transaction_is_pending_until_its_block_is_solidified(
    source: TronSource, node: JavaTron, anvil: Anvil
) -> None:
    name = sent(anvil, to=HOLDER, value="0x1")
    node.lag = 2
    assert source.confirmations(name).state == "pending"
    anvil.rpc("anvil_mine", hex(4))
    found = source.confirmations(name.upper())
    assert (found.state, found.count) == ("confirmed", 3)
    assert found.block is not None and found.block.hash[:16] == f"{found.block.height:016x}"
    node.solidity_only = True
    later = sent(anvil, to=HOLDER, value="0x1")
    assert source.confirmations(later).state == "unknown"


def test_a_transaction_that_waits_is_pending(source: TronSource, anvil: Anvil) -> None:
    anvil.rpc("evm_setAutomine", False)
    try:
        name = anvil.rpc("eth_sendTransaction", {"from": RICH, "to": HOLDER, "value": "0x1"})
        assert source.confirmations(name.removeprefix("0x")).state == "pending"
    finally:
        anvil.rpc("evm_setAutomine", True)
        anvil.rpc("evm_mine")


def test_a_transaction_without_effect_has_failed(source: TronSource, anvil: Anvil) -> None:
    refusing = put(anvil, some_address(70), LIST_CODE)
    found = source.confirmations(sent(anvil, to=refusing, data="0xdeadbeef"))
    assert found.state == "failed"
    assert found.count == 1


# ── Documented answers ────────────────────────────────────────────────────────────────────────────────────

GENESIS = "00000000000000001ebf88508a03865c71d452e25f4d51194196a1d22b6653dc"
# 41dd79… and 41eca9… of the examples.
ACCOUNT = tron("0xdd791d6b49e190062d650e6a23c575510d35f2f9")
CONTRACT = tron("0xeca9bc828a3005b9a3b909f2cc5c2a54794de05f")
BLOCK: dict[str, Any] = {
    "blockID": "0000000003fe262d52bfa4b2814f816fd2e57af5b98a33d60d8630a03a908e0e",
    "block_header": {
        "raw_data": {
            "number": 66987565,
            "txTrieRoot": "faf8fe3858339ead25cc892461c82a59b84dca4a51c45b026676bf3f45a352a2",
            "witness_address": "41b2f713d57dbcec679d93a8849fa0cd0e4db594ba",
            "parentHash": "0000000003fe262c85cd6b02033f4c3e5c1efa35de256a17bd906dc61fb1aeed",
            "version": 34,
            "timestamp": 1777445121000,
        },
        "witness_signature": "5b3cf6cb15d52947989f7726f4907a144b39ccd667a1a0f98707b40cdfe65b96173ddf34",
    },
}
DOCUMENTED: dict[str, dict[str, Any]] = {
    # The main net's first block has neither number nor time: both are 0.
    "getblockbyid": {"blockID": GENESIS, "block_header": {"raw_data": {"witness_address": "41"}}},
    "getblock": BLOCK,
    "getaccount": {
        "address": ACCOUNT,
        "balance": 1793227200,
        "create_time": 1776933207000,
        "latest_opration_time": 1777444809000,
        "free_net_usage": 441,
        "net_window_size": 28800000,
        "net_window_optimized": True,
        "account_resource": {"energy_window_size": 28800000, "energy_window_optimized": True},
        "owner_permission": {
            "permission_name": "owner",
            "threshold": 1,
            "keys": [{"address": ACCOUNT, "weight": 1}],
        },
        "frozenV2": [{}, {"type": "ENERGY"}, {"type": "TRON_POWER"}],
        "assetV2": [{"key": "1005416", "value": 100000000}],
        "asset_optimized": True,
    },
    "triggerconstantcontract": {
        "result": {"result": True},
        "energy_used": 935,
        "constant_result": ["0000000000000000000000000000000000000000000000000000000040cfcc00"],
        "transaction": {
            "ret": [{}],
            "visible": True,
            "txID": "cff6488e738ce77f7325572fe0aa2470f87dbf1c95eeeb2c25feec59d5afa35c",
            "raw_data": {
                "contract": [
                    {
                        "parameter": {
                            "value": {
                                "data": "70a08231000000000000000000000000"
                                "dd791d6b49e190062d650e6a23c575510d35f2f9",
                                "owner_address": ACCOUNT,
                                "contract_address": CONTRACT,
                            },
                            "type_url": "type.googleapis.com/protocol.TriggerSmartContract",
                        },
                        "type": "TriggerSmartContract",
                    }
                ],
                "ref_block_bytes": "28c0",
                "ref_block_hash": "9eabbe133123b34c",
                "expiration": 1777447218000,
                "timestamp": 1777447160779,
            },
        },
    },
    "gettransactioninfobyid": {
        "id": "01b4cde4197b9d1a1ff09ef5d2b1d939d3ec2401b3f002ebd0802c0f30a6e4ca",
        "fee": 5254500,
        "blockNumber": 66987565,
        "blockTimeStamp": 1777445121000,
        "contractResult": [""],
        "contract_address": "419ff8fc48fb114ccd5bbdc24a86f0c73082f08825",
        "receipt": {
            "energy_fee": 4458500,
            "energy_usage_total": 44585,
            "net_fee": 796000,
            "result": "SUCCESS",
        },
    },
}


def documented(**changed: Any) -> Callable[[Exchange], None]:
    def answer(exchange: Exchange) -> None:
        exchange.body()
        found = {**DOCUMENTED, **changed}.get(exchange.path.rpartition("/")[2])
        exchange.reply(404 if found is None else 200, json.dumps(found).encode())

    return answer


def by_the_book(url: str) -> TronSource:
    client = ChainClient(allowed=[url], limits=Limits(tries=1))
    return TronSource(replace(CHAINS["tron"], genesis=GENESIS), url, client)


def test_the_documented_answers_are_read() -> None:
    with serve(documented()) as server, by_the_book(server.url) as source:
        answers = source.read([ACCOUNT], ["", CONTRACT])
        found = source.confirmations("01b4cde4197b9d1a1ff09ef5d2b1d939d3ec2401b3f002ebd0802c0f30a6e4ca")
    assert not answers.failures
    assert answers.words == (1_793_227_200).to_bytes(32, "big") + (0x40CFCC00).to_bytes(32, "big")
    assert answers.pinned.block == Block(
        66_987_565, BLOCK["blockID"], datetime(2026, 4, 29, 6, 45, 21, tzinfo=UTC)
    )
    assert (found.state, found.count, found.block) == ("confirmed", 1, answers.pinned.block)


def test_another_block_is_not_the_first_one() -> None:
    with (
        serve(documented(getblockbyid=BLOCK)) as server,
        by_the_book(server.url) as source,
        pytest.raises(WrongChain),
    ):
        source.pick()


def failed(said: dict[str, Any]) -> dict[str, Any]:
    call = DOCUMENTED["triggerconstantcontract"]
    return {**call, **said, "transaction": {**call["transaction"], "ret": [{"ret": "FAILED"}]}}


@pytest.mark.parametrize(
    ("said", "code", "state"),
    [
        # The table "Error responses" of triggerconstantcontract.
        (
            {"result": {"code": "CONTRACT_VALIDATE_ERROR", "message": "Smart contract is not exist."}},
            "no_contract",
            "unsupported",
        ),
        (
            {"result": {"code": "CONTRACT_VALIDATE_ERROR", "message": "this node does not support constant"}},
            "failed",
            "failed",
        ),
        (failed({"result": {"result": True, "message": "REVERT opcode executed"}}), "reverted", "failed"),
        (
            failed(
                {"result": {"result": True, "message": "Not enough energy for 'SLOAD' operation executing"}}
            ),
            "reverted",
            "failed",
        ),
        # Either of the two signs is enough.
        (
            {
                **DOCUMENTED["triggerconstantcontract"],
                "result": {"result": True, "message": "REVERT opcode executed"},
            },
            "reverted",
            "failed",
        ),
        # Without the message the transaction that the node made of the call still says it.
        (failed({}), "reverted", "failed"),
        (
            {
                "result": {
                    "code": "OTHER_ERROR",
                    "message": "class …OutOfTimeException : CPU timeout for 'PUSH1'",
                }
            },
            "failed",
            "failed",
        ),
        ({"result": {}}, "bad_answer", "failed"),
        ({**DOCUMENTED["triggerconstantcontract"], "result": {}}, "bad_answer", "failed"),
        ({**DOCUMENTED["triggerconstantcontract"], "result": {"result": False}}, "bad_answer", "failed"),
        ({**DOCUMENTED["triggerconstantcontract"], "result": {"result": 1}}, "bad_answer", "failed"),
        ({**DOCUMENTED["triggerconstantcontract"], "constant_result": []}, "bad_answer", "failed"),
        ({**DOCUMENTED["triggerconstantcontract"], "constant_result": ["00"]}, "bad_answer", "failed"),
        ({**DOCUMENTED["triggerconstantcontract"], "constant_result": ["0" * 128]}, "bad_answer", "failed"),
        (
            {**DOCUMENTED["triggerconstantcontract"], "constant_result": ["0" * 64] * 2},
            "bad_answer",
            "failed",
        ),
        ({"Error": "class java.lang.Exception : see http://inside/?key=secret"}, "refused", "failed"),
    ],
)
def test_a_call_that_did_not_run_is_a_failure(said: dict[str, Any], code: str, state: str) -> None:
    with serve(documented(triggerconstantcontract=said)) as server, by_the_book(server.url) as source:
        answers = source.read([ACCOUNT], ["", CONTRACT])
    assert list(answers.failures) == [1]
    assert (answers.failures[1].code, answers.failures[1].state) == (code, state)
    assert "secret" not in answers.failures[1].detail
    assert answers.words[:32] == (1_793_227_200).to_bytes(32, "big")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"Error": "class java.lang.IllegalAccessException : lack of computing resources"}, RateLimited),
        ({"result": {"code": "SERVER_BUSY", "message": ""}}, SourceUnavailable),
    ],
)
def test_a_busy_node_is_left_alone(said: dict[str, Any], error: type[Exception]) -> None:
    """Both come with status 200; the first from the rate limiter in front of the interface."""
    with (
        serve(documented(triggerconstantcontract=said)) as server,
        by_the_book(server.url) as source,
        pytest.raises(error),
    ):
        source.read([ACCOUNT], ["", CONTRACT])


@pytest.mark.parametrize(
    ("balance", "code"),
    [
        (-1, "bad_answer"),
        (2**63, "bad_answer"),
        (True, "bad_answer"),
        ("5", "bad_answer"),
        (5.0, "bad_answer"),
    ],
)
def test_a_balance_that_cannot_be_is_a_failure(balance: Any, code: str) -> None:
    said = {**DOCUMENTED["getaccount"], "balance": balance}
    with serve(documented(getaccount=said)) as server, by_the_book(server.url) as source:
        answers = source.read([ACCOUNT], [""])
    assert answers.failures[0].code == code


def test_an_answer_for_another_account_or_contract_is_a_failure() -> None:
    other = {**DOCUMENTED["getaccount"], "address": CONTRACT}
    with serve(documented(getaccount=other)) as server, by_the_book(server.url) as source:
        assert source.read([ACCOUNT], [""]).failures[0].code == "bad_answer"
        assert source.read([ACCOUNT], [ACCOUNT]).failures[0].code == "bad_answer"


def test_a_hash_that_does_not_begin_with_the_number_is_not_believed() -> None:
    changed = {**BLOCK, "blockID": "0000000003fe262e" + BLOCK["blockID"][16:]}
    with (
        serve(documented(getblock=changed)) as server,
        by_the_book(server.url) as source,
        pytest.raises(BadAnswer, match="contradict"),
    ):
        source.pick()
