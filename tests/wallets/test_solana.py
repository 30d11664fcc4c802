"""Solana: real accounts and token programs in LiteSVM, and the answers that the documentation shows.

Documented answers are from solana.com/docs/rpc/http; that side was never seen live.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address

from tests.wallets.doubles import Exchange, Provider, serve
from tests.wallets.solana_double import GENESIS, PROGRAM, PROGRAM_2022, START, Validator
from wallets.chains import solana, solana_accounts
from wallets.chains.base import (
    BadAnswer,
    BlockGone,
    CannotPin,
    Failure,
    RateLimited,
    SourceRefused,
    SourceUnavailable,
)
from wallets.chains.catalogue import CHAINS
from wallets.chains.http import ChainClient, Limits
from wallets.chains.solana import SolanaSource
from wallets.chains.solana_accounts import Account, associated_account, program_of, token_account

# Token-2022, InitializeMintCloseAuthority: a mint with an extension has 165 + 1 + 4 + 32 bytes.
CLOSE_AUTHORITY = bytes((25, 1)) + bytes(range(32))
EXTENDED = 202 - 82
OWNER, OTHER = (Keypair.from_seed(bytes([n]) * 32) for n in (1, 2))


@pytest.fixture(autouse=True)
def nothing_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solana, "_programs", {})


@pytest.fixture
def node() -> Validator:
    return Validator()


@pytest.fixture
def server(node: Validator) -> Iterator[Provider]:
    with serve(node) as provider:
        yield provider


@pytest.fixture
def source(server: Provider) -> Iterator[SolanaSource]:
    client = ChainClient(allowed=[server.url], limits=Limits(tries=1))
    with SolanaSource(CHAINS["solana"], server.url, client) as opened:
        yield opened


def one(source: SolanaSource, owner: Pubkey, mint: Pubkey | str = "") -> int | Failure:
    answers = source.read([str(owner)], [str(mint)])
    return answers.failures.get(0, int.from_bytes(answers.words, "big"))


# ── Derived addresses ─────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_the_curve_is_the_one_that_the_runtime_knows(encoded: bytes) -> None:
    assert solana_accounts._is_point(encoded) is Pubkey.from_bytes(encoded).is_on_curve()


@pytest.mark.parametrize("number", [0, 1, 2, 2**255 - 20, 2**255 - 19, 2**255 - 18, 2**255 - 1, 2**256 - 1])
def test_the_edges_of_the_field_are_the_ones_that_the_runtime_knows(number: int) -> None:
    encoded = number.to_bytes(32, "little")
    assert solana_accounts._is_point(encoded) is Pubkey.from_bytes(encoded).is_on_curve()


@settings(max_examples=100, deadline=None)
@given(*[st.binary(min_size=32, max_size=32)] * 2, st.sampled_from([PROGRAM, PROGRAM_2022]))
def test_associated_accounts_are_where_the_library_finds_them(
    owner: bytes, mint: bytes, program: Pubkey
) -> None:
    ours = associated_account(str(Pubkey.from_bytes(owner)), str(Pubkey.from_bytes(mint)), str(program))
    theirs = get_associated_token_address(Pubkey.from_bytes(owner), Pubkey.from_bytes(mint), program)
    assert ours == str(theirs)


# ── What the state is ─────────────────────────────────────────────────────────────────────────────────────


def test_lamports_and_tokens_of_both_programs(source: SolanaSource, node: Validator) -> None:
    mints = [
        node.make_mint(),
        node.make_mint(PROGRAM_2022),
        node.make_mint(PROGRAM_2022, extra=EXTENDED, extensions=[CLOSE_AUTHORITY]),
    ]
    node.fund(OWNER.pubkey(), 1_000_000)
    node.mint_to(OWNER.pubkey(), mints[0], 2**64 - 1)
    node.mint_to(OWNER.pubkey(), mints[1], 2, PROGRAM_2022)
    account = node.mint_to(OWNER.pubkey(), mints[2], 3, PROGRAM_2022)
    # Accounts that Token-2022 makes have an extension themselves: this is no account of 165 bytes.
    made = node.svm.get_account(account)
    assert made is not None and len(made.data) > 165
    answers = source.read([str(OWNER.pubkey())], ["", *map(str, mints)])
    assert not answers.failures
    assert answers.words == b"".join(n.to_bytes(32, "big") for n in (1_000_000, 2**64 - 1, 2, 3))


def test_what_was_never_funded_holds_nothing(source: SolanaSource, node: Validator) -> None:
    assert one(source, OTHER.pubkey()) == 0
    assert one(source, OTHER.pubkey(), node.make_mint()) == 0


def test_lamports_sent_ahead_to_a_token_account_are_no_tokens(source: SolanaSource, node: Validator) -> None:
    mint = node.make_mint()
    node.fund(get_associated_token_address(OWNER.pubkey(), mint), 10_000_000)
    assert one(source, OWNER.pubkey(), mint) == 0
    node.mint_to(OWNER.pubkey(), mint, 5)
    assert one(source, OWNER.pubkey(), mint) == 5


def test_an_account_that_was_given_away_is_a_failure_and_not_the_owners(
    source: SolanaSource, node: Validator
) -> None:
    mint = node.make_mint()
    node.give_away(node.mint_to(OWNER.pubkey(), mint, 5), OWNER, OTHER.pubkey())
    found = one(source, OWNER.pubkey(), mint)
    assert isinstance(found, Failure) and found.code == "bad_answer"
    assert "another owner" in found.detail


@pytest.mark.parametrize("what", ["account", "wallet", "program", "nothing"])
def test_what_is_no_mint_is_no_token(source: SolanaSource, node: Validator, what: str) -> None:
    mint = node.make_mint()
    node.fund(OTHER.pubkey(), 10_000_000)
    wrong = {
        "account": node.mint_to(OWNER.pubkey(), mint, 5),
        "wallet": OTHER.pubkey(),
        "program": PROGRAM,
        "nothing": Pubkey.from_bytes(bytes([9]) * 32),
    }[what]
    found = one(source, OWNER.pubkey(), wrong)
    assert isinstance(found, Failure) and (found.code, found.state) == ("no_contract", "unsupported")


def test_a_wrong_address_spoils_its_own_amounts_only(source: SolanaSource, node: Validator) -> None:
    mint = node.make_mint()
    node.mint_to(OWNER.pubkey(), mint, 5)
    answers = source.read(["O0Il", str(OWNER.pubkey())], ["", str(mint)])
    assert sorted(answers.failures) == [0, 1]
    assert int.from_bytes(answers.words[96:], "big") == 5


# ── One slot ──────────────────────────────────────────────────────────────────────────────────────────────


def test_one_call_reads_a_group_once_the_mints_are_known(source: SolanaSource, node: Validator) -> None:
    mints = [str(node.make_mint()), str(node.make_mint(PROGRAM_2022))]
    owners = [str(Pubkey.from_bytes(bytes([n]) * 32)) for n in range(1, 26)]
    for _look in range(2):
        node.asked.clear()
        source.read(owners, ["", *mints])
    asked = [call for call in node.asked if call["method"] == "getMultipleAccounts"]
    assert [len(call["params"][0]) for call in asked] == [2 + 25 * 3]


def test_many_addresses_are_read_in_several_calls_at_the_same_slot(
    source: SolanaSource, node: Validator
) -> None:
    mint = node.make_mint()
    owners = [Pubkey.from_bytes(n.to_bytes(32, "big")) for n in range(1000, 1120)]
    for n, owner in enumerate(owners):
        node.mint_to(owner, mint, n)
    answers = source.read([str(owner) for owner in owners], ["", str(mint)])
    assert not answers.failures
    units = [int.from_bytes(answers.words[n * 64 + 32 : n * 64 + 64], "big") for n in range(120)]
    assert units == list(range(120))
    sizes = [len(call["params"][0]) for call in node.asked if call["method"] == "getMultipleAccounts"]
    # One call to learn the mint's program, and three for 120 × 2 accounts.
    assert len(sizes) == 4 and max(sizes) <= 100


def test_calls_at_different_slots_are_done_again(source: SolanaSource, node: Validator) -> None:
    owners = [str(Pubkey.from_bytes(n.to_bytes(32, "big"))) for n in range(1000, 1150)]
    node.fund(Pubkey.from_string(owners[0]), 1_000_000)
    moved: list[int] = []

    def move(method: str) -> None:
        asked = sum(call["method"] == "getMultipleAccounts" for call in node.asked)
        if method == "getMultipleAccounts" and asked == 2:
            moved.append(node.advance())

    node.before = move
    answers = source.read(owners, [""])
    assert len(moved) == 1
    assert answers.pinned.block.height == moved[0]
    assert int.from_bytes(answers.words[:32], "big") == 1_000_000

    node.before = lambda method: node.advance() and None if method == "getMultipleAccounts" else None
    with pytest.raises(BlockGone):
        source.read(owners, [""])


def test_the_block_is_the_slots_own_also_after_skipped_ones(source: SolanaSource, node: Validator) -> None:
    slot = node.advance(skipped=3)
    pinned = source.pick()
    assert pinned.block.height == slot
    assert pinned.block.hash == str(node.svm.latest_blockhash())
    assert pinned.block.time.timestamp() == START + 1
    assert (pinned.pin, pinned.depth) == ("slot", "finalized")


@pytest.mark.parametrize("code", [-32001, -32004, -32007, -32009, -32011, -32014])
def test_without_its_block_no_amount_is_given(source: SolanaSource, node: Validator, code: int) -> None:
    node.without_block[node.slot] = code
    with pytest.raises(SourceUnavailable):
        source.read([str(OWNER.pubkey())], [""])


def test_a_block_that_comes_a_moment_later_is_waited_for(source: SolanaSource, node: Validator) -> None:
    node.without_block[node.slot] = -32004

    def come(method: str) -> None:
        if sum(call["method"] == "getBlock" for call in node.asked) == 2:
            node.without_block.clear()

    node.before = come
    assert one(source, OWNER.pubkey()) == 0


@pytest.mark.parametrize("missing", ["blockTime", "blockHeight"])
def test_a_block_without_its_time_is_none(source: SolanaSource, node: Validator, missing: str) -> None:
    node.blocks[node.slot][missing] = None
    with pytest.raises(SourceUnavailable):
        source.pick()


def test_an_old_slot_cannot_be_asked_for(source: SolanaSource, node: Validator) -> None:
    pinned = source.pick()
    assert source.read([str(OWNER.pubkey())], [""], at=pinned).pinned == pinned
    node.advance()
    with pytest.raises(CannotPin):
        source.read([str(OWNER.pubkey())], [""], at=pinned)


def test_the_same_slot_with_another_block_is_another_block(source: SolanaSource, node: Validator) -> None:
    pinned = source.pick()
    node.blocks[node.slot]["blockhash"] = str(Pubkey.from_bytes(bytes([7]) * 32))
    with pytest.raises(CannotPin):
        source.read([str(OWNER.pubkey())], [""], at=pinned)


def test_what_was_learned_of_a_mint_is_looked_at_again(
    source: SolanaSource, node: Validator, monkeypatch: pytest.MonkeyPatch
) -> None:
    mint = node.make_mint(PROGRAM_2022)
    node.mint_to(OWNER.pubkey(), mint, 5, PROGRAM_2022)
    # Read with the other program's address, this would be 0.
    monkeypatch.setattr(solana, "_programs", {str(mint): str(PROGRAM)})
    assert one(source, OWNER.pubkey(), mint) == 5


# ── Freezes and transactions ──────────────────────────────────────────────────────────────────────────────


def test_a_frozen_account_is_restricted(source: SolanaSource, node: Validator) -> None:
    mint, free = node.make_mint(), node.make_mint(can_freeze=False)
    account = node.mint_to(OWNER.pubkey(), mint, 5)
    node.mint_to(OWNER.pubkey(), free, 5)
    owner = str(OWNER.pubkey())
    assert source.token_restriction(owner, str(mint)).state == "not_restricted"
    node.freeze(account, mint)
    found = source.token_restriction(owner, str(mint))
    assert found.state == "restricted"
    assert found.pinned is not None and found.exchanges
    # A frozen account still holds what it holds.
    assert one(source, OWNER.pubkey(), mint) == 5
    assert source.token_restriction(str(OTHER.pubkey()), str(mint)).state == "not_restricted"
    for contract in (str(free), "", str(OTHER.pubkey())):
        assert source.token_restriction(owner, contract).state == "no_list"


def test_where_transactions_stand(source: SolanaSource, node: Validator) -> None:
    mint = node.make_mint()
    account = node.mint_to(OWNER.pubkey(), mint, 5)
    good = node.fund(OTHER.pubkey(), 1_000_000)
    bad = node.overdraw(account, node.open_account(OTHER.pubkey(), mint), OWNER)
    for _block in range(4):
        node.advance(skipped=1)
    found = source.confirmations(good)
    # Five blocks, in nine slots.
    assert (found.state, found.count) == ("confirmed", 5)
    assert found.block is not None and found.block.height == node.slot - 8
    assert source.confirmations(bad).state == "failed"
    node.statuses[good] |= {"confirmationStatus": "confirmed", "confirmations": 12}
    pending = source.confirmations(good)
    assert (pending.state, pending.block) == ("pending", None)


# ── Lies and errors ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("place", "value"),
    [(0, 99), (32, 99), (108, 0), (108, 3)],
    ids=["mint", "owner", "uninitialized", "no state"],
)
def test_a_token_account_that_is_not_the_one_asked_for_is_a_failure(
    source: SolanaSource, node: Validator, server: Provider, place: int, value: int
) -> None:
    mint = node.make_mint()
    account = str(node.mint_to(OWNER.pubkey(), mint, 5))

    def change(shown: dict[str, Any]) -> None:
        data = bytearray(base64.b64decode(shown["data"][0]))
        data[place] ^= value if place < 108 else data[place] ^ value
        shown["data"][0] = base64.b64encode(data).decode()

    tamper(node, account, change)
    found = one(source, OWNER.pubkey(), mint)
    assert isinstance(found, Failure) and found.code == "bad_answer"


@pytest.mark.parametrize(
    "lie",
    [
        {"owner": str(PROGRAM_2022)},
        {"owner": "11111111111111111111111111111111"},
        {"space": 164},
        {"space": 166},
        {"data": ["", "base64"]},
        {"data": ["AA", "base64"]},
        {"data": ["!!!!", "base64"]},
        {"data": ["", "base58"]},
        {"data": ""},
        {"lamports": 0},
        {"lamports": -1},
        {"lamports": 2**64},
        {"lamports": True},
        {"lamports": "5"},
    ],
    ids=str,
)
def test_an_account_that_cannot_be_spoils_its_own_amount(
    source: SolanaSource, node: Validator, lie: Mapping[str, Any]
) -> None:
    mint = node.make_mint()
    account = str(node.mint_to(OWNER.pubkey(), mint, 5))
    node.fund(OTHER.pubkey(), 1_000_000)
    tamper(node, account, lambda shown: shown.update(lie))
    answers = source.read([str(OWNER.pubkey()), str(OTHER.pubkey())], ["", str(mint)])
    assert {index: failure.code for index, failure in answers.failures.items()} == {1: "bad_answer"}
    assert int.from_bytes(answers.words[64:96], "big") == 1_000_000


MINT = str(Pubkey.from_bytes(bytes([5]) * 32))


def shaped(program: Pubkey, space: int, *, kind: int = 0, initialized: int = 1, state: int = 1) -> Account:
    """An account of a token program that would be a mint and a token account at once, but for its length and kind."""
    data = bytearray(bytes([5]) * 32 + bytes(OWNER.pubkey()) + (7).to_bytes(8, "little") + bytes(93))
    data[108] = state
    data[45] = initialized
    return Account(1, str(program), bytes((*data, kind))[: min(space, 166)], space)


@pytest.mark.parametrize(
    ("account", "is_mint"),
    [
        (shaped(PROGRAM, 82), True),
        (shaped(PROGRAM_2022, 82), True),
        (shaped(PROGRAM_2022, 202, kind=1), True),
        (shaped(PROGRAM, 82, initialized=0), False),
        (shaped(PROGRAM, 165), False),
        (shaped(PROGRAM, 202, kind=1), False),
        (shaped(PROGRAM_2022, 165), False),
        (shaped(PROGRAM_2022, 202, kind=2), False),
        (shaped(PROGRAM_2022, 202, kind=1, initialized=0), False),
        (shaped(OTHER.pubkey(), 82), False),
        (None, False),
    ],
)
def test_a_mint_is_known_by_program_length_and_kind(account: Account | None, is_mint: bool) -> None:
    assert program_of(account) == (account.program if account and is_mint else None)


@pytest.mark.parametrize(
    ("account", "program", "is_token_account"),
    [
        (shaped(PROGRAM, 165), PROGRAM, True),
        (shaped(PROGRAM_2022, 165), PROGRAM_2022, True),
        (shaped(PROGRAM_2022, 170, kind=2), PROGRAM_2022, True),
        (shaped(PROGRAM, 164), PROGRAM, False),
        (shaped(PROGRAM, 170, kind=2), PROGRAM, False),
        (shaped(PROGRAM_2022, 170, kind=1), PROGRAM_2022, False),
        (shaped(PROGRAM, 165), PROGRAM_2022, False),
        (shaped(PROGRAM, 165, state=0), PROGRAM, False),
        (shaped(PROGRAM, 165, state=3), PROGRAM, False),
    ],
)
def test_a_token_account_is_known_by_program_length_and_kind(
    account: Account, program: Pubkey, is_token_account: bool
) -> None:
    # Owner and mint are right throughout (byte 45 is the owner's and left as it is for accounts).
    data = account.data[:32] + bytes(OWNER.pubkey()) + account.data[64:]
    account = replace(account, data=data)
    if is_token_account:
        held = token_account(account, str(OWNER.pubkey()), MINT, str(program))
        assert held is not None and held.amount == 7
    else:
        with pytest.raises(BadAnswer):
            token_account(account, str(OWNER.pubkey()), MINT, str(program))


def tamper(node: Validator, key: str, change: Any) -> None:
    original = node._account

    def account(wanted: Pubkey, piece: dict[str, int]) -> dict[str, Any] | None:
        shown = original(wanted, piece)
        if shown is not None and str(wanted) == key:
            change(shown)
        return shown

    node._account = account  # type: ignore[method-assign]


def canned(**results: Any) -> Any:
    def answer(exchange: Exchange) -> None:
        call = json.loads(exchange.body())
        result = results[call["method"]]
        exchange.reply(200, json.dumps({"jsonrpc": "2.0", "id": call["id"], **result}).encode())

    return answer


def by_the_book(url: str) -> SolanaSource:
    return SolanaSource(CHAINS["solana"], url, ChainClient(allowed=[url], limits=Limits(tries=1)))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (429, RateLimited),
        (-32429, RateLimited),
        (-32005, SourceUnavailable),
        (-32016, SourceUnavailable),
        (-32602, SourceRefused),
        (-32601, SourceRefused),
    ],
)
def test_errors_are_told_apart(code: int, error: type[Exception]) -> None:
    said = {"error": {"code": code, "message": "see https://inside/?api-key=secret"}}
    answer = canned(getGenesisHash={"result": GENESIS}, getMultipleAccounts=said)
    with serve(answer) as server, by_the_book(server.url) as source, pytest.raises(error) as caught:
        source.read([str(OWNER.pubkey())], [""])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("answer_id", [2, None, True, "1"])
def test_an_answer_to_another_question_is_refused(answer_id: Any) -> None:
    answer = canned(getGenesisHash={"result": GENESIS, "id": answer_id})
    with serve(answer) as server, by_the_book(server.url) as source, pytest.raises(BadAnswer):
        source.pick()


def test_the_documented_answers_are_read() -> None:
    """getMultipleAccounts and getSignatureStatuses with the values of their examples (`space` as it is without a
    slice of nothing), getBlock with its fields and values made up to fit.
    """
    accounts = {
        "result": {
            "context": {"apiVersion": "2.1.21", "slot": 335501794},
            "value": [
                None,
                {
                    "data": ["", "base64"],
                    "executable": False,
                    "lamports": 2000000,
                    "owner": "11111111111111111111111111111111",
                    "rentEpoch": 18446744073709552000,
                    "space": 0,
                },
            ],
        }
    }
    block = {
        "result": {
            "blockHeight": 313678024,
            "blockTime": 1745971200,
            "blockhash": "DqAxjtaZkXSuUYsTuPTTAPBr7KvaKdKcwPKWbPFVFYgQ",
            "parentSlot": 335501793,
            "previousBlockhash": "9PNjHQ6W8sUUVnDiVFiCjVvBGSVe5wCU9Q5RMPE6yTZG",
        }
    }
    status = {
        "result": {
            "context": {"slot": 335501862},
            "value": [
                {
                    "confirmationStatus": "finalized",
                    "confirmations": None,
                    "err": None,
                    "slot": 335501794,
                    "status": {"Ok": None},
                }
            ],
        }
    }
    answer = canned(
        getGenesisHash={"result": GENESIS},
        getMultipleAccounts=accounts,
        getBlock=block,
        getSignatureStatuses=status,
        getBlockHeight={"result": 313678025},
    )
    with serve(answer) as server, by_the_book(server.url) as source:
        wallets = [
            "vines1vzrYbzLMRdu58ou5XTby4qAqVRLmqo36NKPTg",
            "4fYNw3dojWmQ4dXtSGE9epjRGy9pFSx62YypT7avPYvA",
        ]
        answers = source.read(wallets, [""])
        found = source.confirmations(
            "4cdd1oX7cfVALfr26tP52BZ6cSzrgnNGtYD7BFhm6FFeZV5sPTnRvg6NRn8yC6DbEikXcrNChBM5vVJnTgKhGhVu"
        )
    assert not answers.failures
    assert answers.words == (0).to_bytes(32, "big") + (2_000_000).to_bytes(32, "big")
    assert answers.pinned.block.height == 335_501_794
    assert (found.state, found.count) == ("confirmed", 2)
