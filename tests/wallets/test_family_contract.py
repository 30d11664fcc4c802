"""What every chain family promises (`wallets.chains.base.ChainSource`), asked of each over a server of the tests.

The families, and why a promise cannot be asked of one of them, stand in `families`.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.wallets.families import FAMILIES, KEY, STAYS, Family, Path
from wallets.chains.base import (
    ERROR_TEXTS,
    WORD,
    Answers,
    BadAnswer,
    Block,
    BlockGone,
    CannotPin,
    ChainError,
    ChainSource,
    Exchange,
    FutureBlock,
    Pinned,
    RateLimited,
    SourceRefused,
    SourceUnavailable,
    WrongChain,
)


@pytest.fixture(params=[make for _name, make in FAMILIES], ids=[name for name, _make in FAMILIES])
def family(request: pytest.FixtureRequest) -> Iterator[Family]:
    with request.param() as made:
        yield made


def questions(family: Family) -> list[Callable[[ChainSource], object]]:
    """Everything that a source can be asked, as far as it asks its provider."""
    asked: list[Callable[[ChainSource], object]] = [
        lambda source: source.pick(),
        lambda source: source.read(family.addresses, family.contracts),
        lambda source: source.confirmations(family.confirmed),
    ]
    if not family.no_tokens:
        asked.append(lambda source: source.token_restriction(family.addresses[0], family.contracts[1]))
    return asked


def amounts(answers: Answers, assets: int) -> list[list[int | None]]:
    """The amounts by address and asset, None where there is a failure."""
    words = [
        None
        if start // WORD in answers.failures
        else int.from_bytes(answers.words[start : start + WORD], "big")
        for start in range(0, len(answers.words), WORD)
    ]
    assert all(0 <= index < len(words) for index in answers.failures)
    return [words[start : start + assets] for start in range(0, len(words), assets)]


def test_every_amount_comes_back_to_the_unit_at_one_block(family: Family) -> None:
    with family.open() as source:
        answers = source.read(family.addresses, family.contracts)
    assert answers.failures == {}
    assert amounts(answers, len(family.contracts)) == family.expected
    assert answers.pinned.pin in family.pins
    assert answers.pinned.block.hash
    assert answers.pinned.block.height > 0
    assert answers.pinned.block.time <= datetime.now(UTC) + timedelta(hours=2)


def test_assets_come_in_the_order_of_the_question(family: Family) -> None:
    with family.open() as source:
        backwards = source.read(family.addresses[::-1], family.contracts[::-1])
        coins = source.read(family.addresses[:1], [""])
        tokens = source.read(family.addresses, family.contracts[1:])
    assert amounts(backwards, len(family.contracts)) == [row[::-1] for row in family.expected[::-1]]
    width = len(family.contracts) - 1
    assert len(tokens.words) == WORD * len(family.addresses) * width
    assert [units for row in amounts(tokens, width or 1) for units in row] == [
        units for row in family.expected for units in row[1:]
    ]
    assert amounts(coins, 1) == [[family.expected[0][0]]]


def test_nobody_to_look_at_is_an_answer_without_words(family: Family) -> None:
    with family.open() as source:
        answers = source.read([], family.contracts)
    assert (answers.words, answers.failures) == (b"", {})


def test_a_token_that_is_not_there_is_a_failure_and_spoils_nothing(family: Family) -> None:
    contracts = [*family.contracts, family.missing]
    with family.open() as source:
        answers = source.read(family.addresses, contracts)
    last = [number * len(contracts) + len(contracts) - 1 for number in range(len(family.addresses))]
    assert sorted(answers.failures) == last
    assert {(failure.code, failure.state) for failure in answers.failures.values()} == {
        ("no_contract", "unsupported")
    }
    assert amounts(answers, len(contracts)) == [[*row, None] for row in family.expected]


def test_what_is_no_token_name_is_a_failure_too(family: Family) -> None:
    with family.open() as source:
        answers = source.read(family.addresses[:1], ["", "nonsense"])
    assert amounts(answers, 2) == [[family.expected[0][0], None]]
    assert answers.failures[1].state == "unsupported"


def check_proof(exchanges: Sequence[Exchange], sent: Sequence[bytes]) -> None:
    assert exchanges
    for exchange in exchanges:
        assert exchange.answer in sent
        assert exchange.took_ms >= 0
        for text in (exchange.question, exchange.answer, exchange.method.encode()):
            assert KEY.encode() not in text
            assert b"127.0.0.1" not in text


def listen(family: Family) -> list[bytes]:
    sent: list[bytes] = []

    def keep(_path: str, _asked: bytes, answer: bytes) -> bytes:
        sent.append(answer)
        return answer

    family.wire.change(keep)
    return sent


def test_the_proof_holds_every_answer_as_it_came_and_no_key(family: Family) -> None:
    sent = listen(family)
    with family.open() as source:
        answers = source.read(family.addresses, family.contracts)
    check_proof(answers.exchanges, sent)
    for number, address in enumerate(family.addresses):
        about = [each for each in answers.exchanges if each.first <= number < each.first + each.count]
        assert any(family.named(address).encode() in each.question for each in about)
    assert all(each.first + each.count <= len(family.addresses) for each in answers.exchanges)


def test_the_provider_is_named_without_path_or_key(family: Family) -> None:
    with family.open() as source:
        assert source.provider == family.wire.host


def test_the_picked_block_is_the_one_that_is_read(family: Family) -> None:
    with family.open() as source:
        pinned = source.pick()
        answers = source.read(family.addresses, family.contracts, at=pinned)
    assert answers.pinned == pinned
    assert amounts(answers, len(family.contracts)) == family.expected


def test_an_older_block_is_honoured_or_refused(family: Family) -> None:
    with family.open() as source:
        pinned = source.pick()
        family.arrives()
        if source.can_pin:
            answers = source.read(family.addresses, family.contracts, at=pinned)
            assert answers.pinned.block == pinned.block
            assert amounts(answers, len(family.contracts)) == family.expected
        else:
            with pytest.raises(CannotPin):
                source.read(family.addresses, family.contracts, at=pinned)


def test_a_block_that_was_never_there_is_refused(family: Family) -> None:
    with family.open() as source:
        pinned = source.pick()
        never = pinned.block.hash[:-4] + "".join(
            "f" if each != "f" else "e" for each in pinned.block.hash[-4:]
        )
        block = Block(pinned.block.height, never, pinned.block.time)
        with pytest.raises((CannotPin, BlockGone)):
            source.read(family.addresses, family.contracts, at=Pinned(block, pinned.pin, pinned.depth))


LEAVING = {name: make for name, make in FAMILIES if name not in STAYS}


@pytest.mark.parametrize("family", LEAVING.values(), ids=LEAVING, indirect=True)
def test_a_block_that_leaves_the_chain_is_not_read(family: Family) -> None:
    assert family.goes is not None
    with family.open() as source:
        pinned = source.pick()
        family.goes()
        with pytest.raises((CannotPin, BlockGone)):
            source.read(family.addresses, family.contracts, at=pinned)


def test_blocks_that_arrive_all_the_time_do_not_mix(family: Family) -> None:
    def arrive(_path: str, _asked: bytes, answer: bytes) -> bytes:
        family.arrives()
        return answer

    with family.open() as source:
        pinned = source.pick()
        family.wire.change(arrive)
        if "bracket" in family.pins:
            with pytest.raises(BlockGone):
                source.read(family.addresses, family.contracts)
        else:
            at = pinned if source.can_pin else None
            answers = source.read(family.addresses, family.contracts, at=at)
            assert amounts(answers, len(family.contracts)) == family.expected


def test_another_chain_is_noticed_before_anything_is_read(family: Family) -> None:
    family.to_another_chain()
    for ask in questions(family):
        with family.open() as source, pytest.raises(WrongChain):
            ask(source)


def test_a_block_from_the_future_is_refused(family: Family) -> None:
    family.to_the_future()
    for ask in questions(family)[:2]:
        with family.open() as source, pytest.raises(FutureBlock):
            ask(source)


def test_a_transaction_is_confirmed_in_a_block_or_not_known(family: Family) -> None:
    sent = listen(family)
    with family.open() as source:
        found = source.confirmations(family.confirmed)
        assert found.state == "confirmed"
        assert found.count >= 1
        assert found.block is not None
        check_proof(found.exchanges, sent)
        nowhere = source.confirmations(family.unknown)
        assert (nowhere.state, nowhere.count, nowhere.block) == ("unknown", 0, None)
        assert source.confirmations("no transaction at all").state == "unknown"


def test_whether_an_issuer_blocks_an_address(family: Family) -> None:
    sent = listen(family)
    with family.open() as source:
        assert source.token_restriction(family.addresses[0], "").state == "no_list"
        found = source.token_restriction(family.addresses[0], family.contracts[-1])
    assert found.state == family.restriction
    if family.no_tokens:
        assert (found.pinned, found.exchanges, sent) == (None, (), [])
        return
    assert found.pinned is not None
    assert found.pinned.pin in family.pins
    check_proof(found.exchanges, sent)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, SourceUnavailable),
        (503, SourceUnavailable),
        (429, RateLimited),
        (403, SourceRefused),
        (302, SourceRefused),
    ],
)
def test_a_server_that_does_not_answer_is_an_error(
    family: Family, status: int, error: type[ChainError]
) -> None:
    family.wire.fail(status)
    for ask in questions(family):
        with family.open() as source, pytest.raises(error) as caught:
            ask(source)
        assert KEY not in f"{caught.value!r} {caught.value.detail}"
        assert "127.0.0.1" not in caught.value.detail


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"true",
        b"0",
        b'""',
        b"\xff\xfe",
        b"{",
        b'{"result":null}',
        b'{"result":{}}',
        b"NaN",
    ],
)
def test_nonsense_is_never_an_amount(family: Family, body: bytes) -> None:
    family.wire.change(lambda _path, _asked, _answer: body)
    for ask in questions(family):
        with family.open() as source, pytest.raises(ChainError) as caught:
            ask(source)
        assert isinstance(caught.value, BadAnswer | SourceUnavailable | WrongChain)


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a JSON value, the whole first."""
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value[:4]):
            yield from places(item, (*path, number))


GONE = object()
LIES: Sequence[object] = (None, True, -1, 1.5, 10**90, "x", "", [], {}, GONE)


def spoilt(value: Any, path: Path, lie: object) -> Any:
    if not path:
        return {} if lie is GONE else lie
    copy = value.copy()
    if len(path) == 1 and lie is GONE:
        del copy[path[0]]
    else:
        copy[path[0]] = spoilt(copy[path[0]], path[1:], lie)
    return copy


def name_of(path: str, body: bytes) -> str:
    """The kind of question: the methods, or the path."""
    asked = json.loads(body or b"{}")
    if isinstance(asked, list):
        # Some batches are balances alone, and there is one for each asset or for all.
        return " ".join(sorted({call["method"] for call in asked}))
    return str(asked.get("method", path))


def value_of(answer: bytes) -> Any:
    """JSON; Esplora's hashes are bare text."""
    return json.loads(answer) if answer[:1] in b"{[" else answer.decode()


def written(value: Any, answer: bytes) -> bytes:
    bare = isinstance(value, str) and answer[:1] not in b"{["
    return value.encode() if bare else json.dumps(value).encode()


def test_an_answer_with_one_lie_in_it_gives_the_truth_or_a_failure(family: Family) -> None:
    """Each place of the answers to one kind of question is replaced by each lie, one place and one lie at a time."""
    spoiling: tuple[str, Path, object] | None = None
    shapes: dict[str, Any] = {}
    known: dict[tuple[str, bytes], bytes] = {}

    def lie(path: str, asked: bytes, answer: bytes) -> bytes:
        # Nothing happens on the chain meanwhile: the same question has the same answer.
        answer = known.setdefault((path, asked), answer)
        name, value = name_of(path, asked), value_of(answer)
        shapes.setdefault(name, value)
        if spoiling is None or name != spoiling[0]:
            return answer
        with contextlib.suppress(KeyError, IndexError, TypeError):
            value = spoilt(value, *spoiling[1:])
        return written(value, answer)

    family.wire.change(lie)
    # One address and one token keep the questions few.
    address, contracts = family.addresses[0], family.contracts[:2]
    with family.open() as source:
        source.read([address], contracts)
    caught, told = 0, 0
    for name, shape in list(shapes.items()):
        for path in places(shape):
            for untruth in LIES:
                spoiling = (name, path, untruth)
                told += 1
                try:
                    with family.open() as source:
                        answers = source.read([address], contracts)
                except ChainError as error:
                    assert error.code in ERROR_TEXTS
                    caught += 1
                    continue
                caught += bool(answers.failures)
                got = amounts(answers, len(contracts))[0]
                for amount, true in zip(got, family.expected[0], strict=False):
                    assert amount in (None, true) or (amount == 0 and family.means_none(path)), spoiling
                assert all(failure.code in ERROR_TEXTS for failure in answers.failures.values())
    # The rest of the lies were in places that nobody reads.
    assert caught > told / 3
