"""XRP Ledger: a strict double of rippled and Clio, and the answers that the documentation shows; never seen live.

Documented answers are from XRPLF/xrpl-dev-portal: _api-examples and docs/references/http-websocket-apis.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.wallets.doubles import Exchange, Provider, serve
from tests.wallets.xrp_double import RIPPLE_EPOCH, Ledger, Rippled, ledger_hash, line
from wallets.chains.base import (
    BadAnswer,
    Block,
    BlockGone,
    CannotPin,
    ChainError,
    Failure,
    Pinned,
    RateLimited,
    SourceRefused,
    SourceUnavailable,
    WrongChain,
)
from wallets.chains.catalogue import CHAINS
from wallets.chains.http import ChainClient, Limits
from wallets.chains.xrp import XrpSource
from wallets.chains.xrp_tokens import ISSUED_DECIMALS, Issued, held, issued

HOLDER = "rG1QQv2nh2gr7RCZ1P8YYcBUKCCN633jCn"
OTHER = "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59"
ISSUER = "rvYAfWj5gh67oV6fW32ZzP3Aw4Eubs59B"
STRANGER = "rhhh49pFH96roGyuC4E5P4CHaNjS1k8gzM"
USD = f"USD.{ISSUER}"
WHOLE = 10**ISSUED_DECIMALS


@pytest.fixture
def node() -> Rippled:
    accounts = {name: {"Balance": "20000000"} for name in (HOLDER, OTHER, ISSUER)}
    return Rippled([Ledger(100_972_465, 819_429_360, accounts)])


@pytest.fixture
def server(node: Rippled) -> Iterator[Provider]:
    with serve(node) as provider:
        yield provider


@pytest.fixture
def source(server: Provider) -> Iterator[XrpSource]:
    with by_the_book(server.url) as opened:
        yield opened


def by_the_book(url: str) -> XrpSource:
    return XrpSource(CHAINS["xrp"], url, ChainClient(allowed=[url], limits=Limits(tries=1)))


def one(source: XrpSource, address: str, contract: str = "") -> int | Failure:
    answers = source.read([address], [contract])
    return answers.failures.get(0, int.from_bytes(answers.words, "big"))


# ── Names and amounts of tokens ───────────────────────────────────────────────────────────────────────────


def test_a_token_is_named_by_currency_and_issuer() -> None:
    assert issued(USD) == Issued("USD", ISSUER)
    code = "015841551A748AD2C1F76FF6ECB0CCCD00000000"
    assert issued(f"{code}.{ISSUER}") == Issued(code, ISSUER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "USD",
        ISSUER,
        f"USD/{ISSUER}",
        f"XRP.{ISSUER}",
        f"USDT.{ISSUER}",
        f"US.{ISSUER}",
        f"USD.{ISSUER}\n",
        f"015841551a748ad2c1f76ff6ecb0cccd00000000.{ISSUER}",
        "USD.X7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61cqZ",
        "U\u0405D." + ISSUER,
    ],
)
def test_what_is_no_token_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a token is named"):
        issued(text)


@given(st.integers(0, 10**16 - 1), st.integers(-ISSUED_DECIMALS, 20))
@example(9_999_999_999_999_999, 20)
@example(1, -ISSUED_DECIMALS)
def test_every_amount_that_fits_is_exact(mantissa: int, exponent: int) -> None:
    """An amount is up to 16 digits and a power of ten, in any of the spellings of a number."""
    expected = mantissa * 10 ** (exponent + ISSUED_DECIMALS)
    amount = Decimal(mantissa).scaleb(exponent)
    for spelling in (f"{mantissa}e{exponent}", f"{mantissa}E{exponent:+d}", format(amount, "f")):
        assert held({"balance": spelling}) == expected


@pytest.mark.parametrize("balance", ["1e-33", "0.1234567890123456e-17", "1.5e-32"])
def test_an_amount_with_more_decimals_is_refused_and_not_rounded(balance: str) -> None:
    with pytest.raises(BadAnswer, match="decimals"):
        held({"balance": balance})


@pytest.mark.parametrize(
    "balance", ["", " 1", "1 ", "+1", "1,5", "NaN", "Infinity", "0x10", "1_000", "١", 5, None, True]
)
def test_what_is_no_number_is_refused(balance: Any) -> None:
    with pytest.raises(BadAnswer):
        held({"balance": balance})


def test_an_amount_larger_than_any_word_is_a_failure(source: XrpSource, node: Rippled) -> None:
    node.ledgers[-1].lines[HOLDER] = [line(ISSUER, "USD", "9999999999999999e80")]
    found = one(source, HOLDER, USD)
    assert isinstance(found, Failure) and found.code == "bad_answer"


# ── Balances ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("is_clio", [False, True])
def test_an_account_that_the_ledger_does_not_have_holds_nothing(
    source: XrpSource, node: Rippled, is_clio: bool
) -> None:
    node.is_clio = is_clio
    answers = source.read([STRANGER, HOLDER], ["", USD])
    assert not answers.failures
    assert answers.words[:64] == bytes(64)
    assert int.from_bytes(answers.words[64:96], "big") == 20_000_000


@pytest.mark.parametrize("lie", [{"Account": OTHER}, {"LedgerEntryType": "Offer"}], ids=str)
def test_an_answer_for_another_account_is_a_failure(
    source: XrpSource, node: Rippled, lie: dict[str, Any]
) -> None:
    node.ledgers[-1].accounts[HOLDER] |= lie
    found = one(source, HOLDER)
    assert isinstance(found, Failure) and found.code == "bad_answer"


def test_lines_of_another_account_are_a_failure(source: XrpSource, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Rippled._account_lines
    monkeypatch.setattr(
        Rippled, "_account_lines", lambda self, params: {**original(self, params), "account": OTHER}
    )
    found = one(source, HOLDER, USD)
    assert isinstance(found, Failure) and found.code == "bad_answer"


def test_other_lines_of_the_account_are_not_counted(source: XrpSource, node: Rippled) -> None:
    node.ledgers[-1].lines[HOLDER] = [
        line(OTHER, "USD", "1"),
        line(ISSUER, "EUR", "2"),
        line(ISSUER, "USD", "3.25"),
    ]
    assert one(source, HOLDER, USD) == 325 * WHOLE // 100
    assert one(source, HOLDER, f"EUR.{ISSUER}") == 2 * WHOLE
    assert one(source, HOLDER, f"USD.{OTHER}") == WHOLE
    assert one(source, HOLDER, f"EUR.{OTHER}") == 0


def test_what_the_account_owes_is_not_what_it_holds(source: XrpSource, node: Rippled) -> None:
    node.ledgers[-1].lines[HOLDER] = [line(ISSUER, "USD", "-12.5")]
    assert one(source, HOLDER, USD) == 0


@pytest.mark.parametrize("page", [1, 2, 3, 10])
def test_lines_are_read_to_the_last_page(source: XrpSource, node: Rippled, page: int) -> None:
    # The server filters by issuer after it has cut the page: pages may be empty although more follow.
    node.page = page
    node.ledgers[-1].lines[HOLDER] = [
        *(line(OTHER, f"A{n}A", "1") for n in range(7)),
        line(ISSUER, "USD", "8"),
    ]
    assert one(source, HOLDER, USD) == 8 * WHOLE


@pytest.mark.parametrize(
    ("markers", "code"),
    [(["again"] * 200, "bad_answer"), (range(200), "too_large"), ([1.5, 2.5], "bad_answer")],
)
def test_pages_without_an_end_are_left(
    source: XrpSource, monkeypatch: pytest.MonkeyPatch, markers: Any, code: str
) -> None:
    original, following = Rippled._account_lines, iter(markers)

    def page(self: Rippled, params: dict[str, Any]) -> dict[str, Any]:
        params.pop("marker", None)
        return {**original(self, params), "marker": next(following)}

    monkeypatch.setattr(Rippled, "_account_lines", page)
    found = one(source, HOLDER, USD)
    assert isinstance(found, Failure) and found.code == code


def test_a_line_that_is_there_twice_is_a_failure(source: XrpSource, node: Rippled) -> None:
    node.ledgers[-1].lines[HOLDER] = [line(ISSUER, "USD", "1"), line(ISSUER, "USD", "2")]
    found = one(source, HOLDER, USD)
    assert isinstance(found, Failure) and found.code == "bad_answer"


def test_a_line_to_somebody_else_is_a_failure(
    source: XrpSource, node: Rippled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that does not filter by issuer would otherwise give another issuer's token for this one's."""
    node.ledgers[-1].lines[HOLDER] = [line(OTHER, "USD", "7")]
    original = Rippled._account_lines

    def unfiltered(self: Rippled, params: dict[str, Any]) -> dict[str, Any]:
        return original(self, {name: value for name, value in params.items() if name != "peer"})

    monkeypatch.setattr(Rippled, "_account_lines", unfiltered)
    found = one(source, HOLDER, USD)
    assert isinstance(found, Failure) and found.code == "bad_answer"


@pytest.mark.parametrize("is_clio", [False, True])
def test_a_mistyped_issuer_is_a_failure_and_no_zero(source: XrpSource, node: Rippled, is_clio: bool) -> None:
    node.is_clio = is_clio
    found = one(source, HOLDER, f"USD.{STRANGER}")
    assert isinstance(found, Failure) and (found.code, found.state) == ("no_contract", "unsupported")


# ── One ledger ────────────────────────────────────────────────────────────────────────────────────────────


def test_every_question_names_the_ledger_by_its_hash(source: XrpSource, node: Rippled) -> None:
    node.before = lambda method: method == "account_info" and node.close() and None
    node.ledgers[-1].lines[HOLDER] = [line(ISSUER, "USD", "1")]
    first = node.ledgers[-1]
    answers = source.read([HOLDER, OTHER], ["", USD])
    assert answers.pinned == Pinned(
        Block(first.index, first.hash, datetime(2025, 12, 19, 3, 16, tzinfo=UTC)), "hash", "finalized"
    )
    asked = [call for call in node.asked if call["method"].startswith("account_")]
    assert len(node.ledgers) > 2
    assert {call["ledger_hash"] for call in asked} == {first.hash}


def test_an_old_ledger_can_be_asked_for(source: XrpSource, node: Rippled) -> None:
    old = source.pick()
    node.close().accounts[HOLDER]["Balance"] = "1"
    assert one(source, HOLDER) == 1
    answers = source.read([HOLDER], [""], at=old)
    assert (answers.pinned, int.from_bytes(answers.words, "big")) == (old, 20_000_000)


def test_a_ledger_that_the_server_does_not_keep_cannot_be_asked_for(source: XrpSource, node: Rippled) -> None:
    old = source.pick()
    node.close()
    del node.ledgers[0]
    with pytest.raises(CannotPin):
        source.read([HOLDER], [""], at=old)
    node.ledgers[-1].validated = False
    node.ledgers.insert(0, Ledger(1, 0))
    block = Block(node.ledgers[-1].index, node.ledgers[-1].hash, old.block.time)
    with pytest.raises(CannotPin):
        source.read([HOLDER], [""], at=Pinned(block, "hash", "finalized"))


def test_a_ledger_of_another_number_or_time_is_not_the_one(source: XrpSource) -> None:
    pinned = source.pick()
    for block in (
        replace(pinned.block, height=5),
        replace(pinned.block, time=datetime(2020, 1, 1, tzinfo=UTC)),
    ):
        with pytest.raises(BadAnswer):
            source.read([HOLDER], [""], at=replace(pinned, block=block))


def test_a_ledger_that_is_gone_in_the_middle_is_picked_anew(source: XrpSource, node: Rippled) -> None:
    gone: list[str] = []

    def forget(method: str) -> None:
        if method == "account_info" and not gone:
            gone.append(node.ledgers[-1].hash)
            node.close()
            del node.ledgers[0]

    node.before = forget
    answers = source.read([HOLDER], [""])
    assert answers.pinned.block.hash == node.ledgers[-1].hash != gone[0]
    node.before = lambda method: (
        (method == "account_info" and node.close() and node.ledgers.__delitem__(slice(-1))) or None
    )
    with pytest.raises(BlockGone):
        source.read([HOLDER], [""])
    # One that somebody else picked is not replaced by another.
    node.before = lambda method: None
    pinned = source.pick()
    gone.clear()
    node.before = forget
    with pytest.raises(CannotPin):
        source.read([HOLDER], [""], at=pinned)


@pytest.mark.parametrize(
    "lie",
    [
        {"validated": False},
        {"validated": None},
        {"ledger_hash": ledger_hash(1)},
        {"ledger_hash": None},
        {"ledger_index": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["_account_info", "_account_lines"])
def test_an_answer_from_another_ledger_is_a_failure(
    source: XrpSource, node: Rippled, monkeypatch: pytest.MonkeyPatch, method: str, lie: dict[str, Any]
) -> None:
    node.ledgers[-1].lines[HOLDER] = [line(ISSUER, "USD", "1")]
    original = getattr(Rippled, method)
    monkeypatch.setattr(Rippled, method, lambda self, params: {**original(self, params), **lie})
    answers = source.read([HOLDER], ["", USD])
    expected = {0, 1} if method == "_account_info" else {1}
    assert set(answers.failures) == expected
    assert {failure.code for failure in answers.failures.values()} == {"bad_answer"}


@pytest.mark.parametrize(
    "lie",
    [
        {"ledger_hash": ledger_hash(1)},
        {"account": OTHER},
        {"validated": False},
    ],
    ids=str,
)
def test_not_found_elsewhere_is_no_zero(
    source: XrpSource, monkeypatch: pytest.MonkeyPatch, lie: dict[str, Any]
) -> None:
    original = Rippled._no_account
    monkeypatch.setattr(
        Rippled, "_no_account", lambda self, found, params: {**original(self, found, params), **lie}
    )
    found = one(source, STRANGER)
    assert isinstance(found, Failure) and found.code == "bad_answer"


def canned(**results: Any) -> Callable[[Exchange], None]:
    def answer(exchange: Exchange) -> None:
        method = json.loads(exchange.body())["method"]
        exchange.reply(200, json.dumps({"result": results[method]}).encode())

    return answer


LEDGER = {
    "ledger_hash": "9DAAAE85FC0D64E95506608FDB48E8B77706EF64FF144F18EEBC2FC4366D9B20",
    "ledger_index": 100972465,
    "validated": True,
    "ledger": {
        "account_hash": "6FD2916DDD574886EBCBAA1CE0048D94E5A57E13EA5DD7B0283A7AB63EBF0131",
        "close_flags": 0,
        "close_time": 819429360,
        "close_time_human": "2025-Dec-19 03:16:00.000000000 UTC",
        "close_time_resolution": 10,
        "close_time_iso": "2025-12-19T03:16:00Z",
        "ledger_hash": "9DAAAE85FC0D64E95506608FDB48E8B77706EF64FF144F18EEBC2FC4366D9B20",
        "parent_close_time": 819429352,
        "parent_hash": "1FB3618846E1201E38FED328BD13A9D62012469193C0B5BA4ECE6C8BDAA2BFC9",
        "total_coins": "99985738467416092",
        "transaction_hash": "B61C7B94F583DBFEEDA58DE348518D6FC2F397053EA0E3AC4B8F2BD440629F19",
        "ledger_index": 100972465,
        "closed": True,
    },
    "status": "success",
}
SERVER = {"info": {"build_version": "1.12.0", "network_id": 0, "server_state": "full"}, "status": "success"}


def test_not_found_without_a_name_is_no_zero() -> None:
    """Neither the ledger nor the request is named: this may be about anything."""
    error = {
        "error": "actNotFound",
        "error_code": 19,
        "error_message": "Account not found.",
        "status": "error",
    }
    answer = canned(server_info=SERVER, ledger=LEDGER, account_info=error)
    with serve(answer) as server, by_the_book(server.url) as source:
        found = one(source, HOLDER)
    assert isinstance(found, Failure) and found.code == "bad_answer"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("slowDown", RateLimited),
        ("tooBusy", SourceUnavailable),
        ("noNetwork", SourceUnavailable),
        ("unknownCmd", SourceRefused),
        ("invalidParams", SourceRefused),
    ],
)
def test_errors_are_told_apart(code: str, error: type[ChainError]) -> None:
    said = {"error": code, "error_message": "…", "status": "error"}
    with serve(canned(server_info=said)) as server, by_the_book(server.url) as source, pytest.raises(error):
        source.pick()


@pytest.mark.parametrize(
    ("balance", "right"),
    [
        ("0", True),
        ("100000000000000000", True),
        ("100000000000000001", False),
        ("-1", False),
        ("1.5", False),
        ("1e6", False),
        (5, False),
        (None, False),
        ("", False),
    ],
)
def test_drops_are_a_text_of_digits(source: XrpSource, node: Rippled, balance: Any, right: bool) -> None:
    node.ledgers[-1].accounts[HOLDER]["Balance"] = balance
    found = one(source, HOLDER)
    assert found == int(balance) if right else isinstance(found, Failure) and found.code == "bad_answer"


# ── The network, transactions, freezes ────────────────────────────────────────────────────────────────────


def test_the_main_net_is_network_nought_or_not_named(
    source: XrpSource, node: Rippled, server: Provider
) -> None:
    node.network_id = None
    assert source.pick().block.height == node.ledgers[-1].index
    node.network_id = 21338
    with by_the_book(server.url) as fresh, pytest.raises(WrongChain):
        fresh.read([HOLDER], [""])


def test_where_transactions_stand(source: XrpSource, node: Rippled) -> None:
    first = node.ledgers[-1]
    node.close()
    node.close()
    names = [f"{n:064X}" for n in range(3)]
    for name, outcome, validated in zip(
        names, ("tesSUCCESS", "tecUNFUNDED_PAYMENT", "tesSUCCESS"), (True, True, False), strict=True
    ):
        node.transactions[name] = {
            "validated": validated,
            "ledger_index": first.index,
            "meta": {"TransactionResult": outcome},
        }
    found = source.confirmations(names[0].lower())
    assert (found.state, found.count) == ("confirmed", 3)
    assert found.block is not None and (found.block.height, found.block.hash) == (first.index, first.hash)
    assert source.confirmations(names[1]).state == "failed"
    pending = source.confirmations(names[2])
    assert (pending.state, pending.block) == ("pending", None)
    assert source.confirmations("F" * 64).state == "unknown"


def test_another_transaction_than_the_one_asked_for_is_refused(source: XrpSource, node: Rippled) -> None:
    node.transactions["0" * 64] = {
        "hash": "1" * 64,
        "validated": True,
        "ledger_index": node.ledgers[-1].index,
        "meta": {"TransactionResult": "tesSUCCESS"},
    }
    with pytest.raises(BadAnswer):
        source.confirmations("0" * 64)


@pytest.mark.parametrize(
    ("more", "flags", "state"),
    [
        ({}, 0, "not_restricted"),
        ({"freeze_peer": False}, 0x0020_0000, "not_restricted"),
        # The holder's own freeze is not the issuer's.
        ({"freeze": True}, 0, "not_restricted"),
        ({"freeze_peer": True}, 0, "restricted"),
        ({"deep_freeze_peer": True}, 0, "restricted"),
        ({}, 0x0040_0000, "restricted"),
    ],
)
def test_an_issuer_freezes_a_line_or_everything(
    source: XrpSource, node: Rippled, more: dict[str, Any], flags: int, state: str
) -> None:
    node.ledgers[-1].lines[HOLDER] = [line(ISSUER, "USD", "1", **more)]
    node.ledgers[-1].accounts[ISSUER]["Flags"] = flags
    found = source.token_restriction(HOLDER, USD)
    assert found.state == state
    assert found.pinned is not None and found.pinned.block.hash == node.ledgers[-1].hash


def test_without_issuer_or_line_nothing_is_frozen(source: XrpSource) -> None:
    assert source.token_restriction(HOLDER, USD).state == "not_restricted"
    assert source.token_restriction(HOLDER, "").state == "no_list"
    assert source.token_restriction(HOLDER, f"USD.{STRANGER}").state == "no_list"


def test_a_freeze_that_is_neither_yes_nor_no_is_refused(source: XrpSource, node: Rippled) -> None:
    node.ledgers[-1].lines[HOLDER] = [line(ISSUER, "USD", "1", freeze_peer="no")]
    with pytest.raises(BadAnswer):
        source.token_restriction(HOLDER, USD)


# ── Documented answers ────────────────────────────────────────────────────────────────────────────────────


def test_the_documented_answers_are_read() -> None:
    """Ledger, account and lines as the documentation has them, put at the ledger of its example: the originals are
    from different ledgers, one of them from one that was still open.
    """
    about = {name: LEDGER[name] for name in ("ledger_hash", "ledger_index", "validated")}
    account = {
        **about,
        "account_data": {
            "Account": OTHER,
            "Balance": "999999999960",
            "Flags": 8388608,
            "LedgerEntryType": "AccountRoot",
            "OwnerCount": 0,
            "PreviousTxnID": "4294BEBE5B569A18C0A2702387C9B1E7146DC3A5850C1E87204951C6FDAA4C42",
            "PreviousTxnLgrSeq": 3,
            "Sequence": 6,
            "index": "92FA6A9FC8EA6018D5D16532D7795C91BFB0831355BDFDA177E86C8BF997985F",
        },
        "status": "success",
    }
    shown = [
        ("CHF", "0.3488146605801446"),
        ("BTC", "0"),
        ("USD", "11.68225001668339"),
        ("JPY", "7.292695098901099"),
    ]
    lines = {
        **about,
        "account": OTHER,
        "lines": [
            line(ISSUER, currency, balance) for currency, balance in [*shown, ("EUR", "12.41688780720394")]
        ],
        "status": "success",
    }

    def answer(exchange: Exchange) -> None:
        asked = json.loads(exchange.body())
        (params,) = asked["params"]
        found: dict[str, Any] = {"server_info": SERVER, "ledger": LEDGER, "account_lines": lines}
        account["account_data"]["Account"] = params.get("account")  # type: ignore[index]
        exchange.reply(200, json.dumps({"result": found.get(asked["method"], account)}).encode())

    contracts = ["", *(f"{currency}.{ISSUER}" for currency, _balance in shown)]
    with serve(answer) as server, by_the_book(server.url) as source:
        answers = source.read([OTHER], contracts)
    assert not answers.failures
    words = [int.from_bytes(answers.words[n * 32 : n * 32 + 32], "big") for n in range(5)]
    assert words == [
        999_999_999_960,
        3_488_146_605_801_446 * 10 ** (ISSUED_DECIMALS - 16),
        0,
        1_168_225_001_668_339 * 10 ** (ISSUED_DECIMALS - 14),
        7_292_695_098_901_099 * 10 ** (ISSUED_DECIMALS - 15),
    ]
    assert answers.pinned.block == Block(
        100_972_465, str(LEDGER["ledger_hash"]), datetime(2025, 12, 19, 3, 16, tzinfo=UTC)
    )


def test_the_documented_transaction_is_read() -> None:
    name = "C53ECF838647FA5A4C780377025FEC7999AB4182590510CA461444B207AB74A9"
    named = "793E56131D8D4ABFB27FA383BFC44F2978B046E023FF46C588D7E0C874C2472A"
    tx = {
        "tx_json": {"Account": STRANGER, "Fee": "12", "TransactionType": "OfferCreate", "date": 648248020},
        "hash": name,
        "meta": {"TransactionIndex": 0, "TransactionResult": "tesSUCCESS"},
        "validated": True,
        "ledger_index": 56865245,
        "ledger_hash": named,
        "close_time_iso": "2020-07-16T20:53:40Z",
        "ctid": "C363B1DD00000000",
        "status": "success",
    }
    older = {
        "ledger_hash": named,
        "ledger_index": 56865245,
        "validated": True,
        # The first version of the interface has the number as a text.
        "ledger": {"ledger_hash": named, "ledger_index": "56865245", "close_time": 648248020},
        "status": "success",
    }

    def answer(exchange: Exchange) -> None:
        asked = json.loads(exchange.body())
        ledger = LEDGER if asked["params"][0].get("ledger_index") == "validated" else older
        results = {"server_info": SERVER, "ledger": ledger, "tx": tx}
        exchange.reply(200, json.dumps({"result": results[asked["method"]]}).encode())

    with serve(answer) as server, by_the_book(server.url) as source:
        found = source.confirmations(name)
    assert (found.state, found.count) == ("confirmed", 100_972_465 - 56_865_245 + 1)
    assert found.block == Block(56_865_245, named, datetime(2020, 7, 16, 20, 53, 40, tzinfo=UTC))
    assert datetime(2020, 7, 16, 20, 53, 40, tzinfo=UTC).timestamp() == RIPPLE_EPOCH + 648_248_020
