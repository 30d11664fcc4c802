"""The project's own encodings, byte for byte: the reader's program, and Multicall3's questions and answers."""

import hashlib
import itertools
import json
from typing import Any

import pytest
from eth_abi import decode, encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from tests.wallets.doubles import BLOCK, PARENT_HASH
from tests.wallets.nodes import some_address
from wallets.chains.base import BadAnswer
from wallets.chains.catalogue import CHAINS
from wallets.chains.evm import facts, multicall, reader, ways
from wallets.chains.evm.multicall import Multicall, _decoded
from wallets.chains.evm.rpc import Endpoint, Header, Said
from wallets.chains.evm.ways import Ask, Span
from wallets.chains.http import ChainClient

HEADER = Header(100, BLOCK["hash"], PARENT_HASH, 0x68000000)


def selector(signature: str) -> bytes:
    return bytes(keccak(signature.encode())[:4])


def test_selectors_are_the_beginnings_of_their_signatures() -> None:
    assert selector("balanceOf(address)") == ways.BALANCE_OF
    assert f"0x{ways.BALANCE_OF.hex()} 0xe0 SHL" in reader._PROGRAM
    assert selector("aggregate3((address,bool,bytes)[])") == multicall._AGGREGATE3
    assert selector("getEthBalance(address)") == multicall._GET_ETH_BALANCE
    names = ("getBlockNumber()", "getLastBlockHash()", "getCurrentBlockTimestamp()", "getChainId()")
    assert tuple(selector(name) for name in names) == multicall._HEADER
    # Tether's TetherToken and Circle's FiatToken.
    lists = ("isBlackListed(address)", "isBlacklisted(address)")
    assert tuple(selector(name).hex() for name in lists) == facts.LISTS


# ── The reader ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_assembler_writes_what_the_yellow_paper_says() -> None:
    # PUSH1 0, PUSH1 1, PUSH2 256, PUSH2 0x000b, JUMPI, JUMPDEST at 10 … and a PUSH2 of the program's end.
    code = reader.assemble(
        """
        0 1 0x100   ; numbers take as many bytes as they need
        @there JUMPI
    there:
        @end POP
        """
    )
    assert code.hex(" ") == "60 00 60 01 61 01 00 61 00 0b 57 5b 61 00 10 50"
    with pytest.raises(KeyError):
        reader.assemble("SELFDESTRUCT")
    with pytest.raises(KeyError):
        reader.assemble("@nowhere JUMP")


def _instructions(code: bytes) -> list[tuple[int, int, bytes]]:
    """Place, opcode and operand of each instruction."""
    found, place = [], 0
    while place < len(code):
        size = max(0, code[place] - 0x5F) if code[place] <= 0x7F else 0
        found.append((place, code[place], code[place + 1 : place + 1 + size]))
        place += 1 + size
    return found


@pytest.mark.parametrize(("code", "end"), [(reader.READER, 0xF3), (reader.CREATION_READER, 0xFD)])
def test_the_reader_can_change_nothing(code: bytes, end: int) -> None:
    opcodes = [opcode for _, opcode, _ in _instructions(code)]
    # SSTORE, TSTORE, LOG0 … LOG4, CREATE, CALL, CALLCODE, DELEGATECALL, CREATE2, SELFDESTRUCT
    assert not {0x55, 0x5D, *range(0xA0, 0xA5), 0xF0, 0xF1, 0xF2, 0xF4, 0xF5, 0xFF} & set(opcodes)
    # PUSH0 is younger than some chains.
    assert 0x5F not in opcodes
    # One call out, which may change nothing; one way to give the answer, one to give up.
    assert opcodes.count(0xFA) == 1
    assert sorted(opcode for opcode in opcodes if opcode in {0xF3, 0xFD}) == sorted([end, 0xFD])


@pytest.mark.parametrize("code", [reader.READER, reader.CREATION_READER])
def test_every_jump_of_the_reader_lands(code: bytes) -> None:
    instructions = _instructions(code)
    landings = {place for place, opcode, _ in instructions if opcode == 0x5B}
    jumps = [
        int.from_bytes(operand, "big")
        for (_, _, operand), (_, opcode, _) in itertools.pairwise(instructions)
        if opcode in {0x56, 0x57}
    ]
    assert set(jumps) == landings
    assert len(jumps) == sum(opcode in {0x56, 0x57} for _, opcode, _ in instructions)


def test_the_reader_is_the_one_that_was_checked() -> None:
    """Old proofs hold the program that was run. A change of it is a decision, so it shows here."""
    assert hashlib.sha256(reader.READER).hexdigest() == READER_DIGEST
    assert hashlib.sha256(reader.CREATION_READER).hexdigest() == CREATION_DIGEST


READER_DIGEST = "073947399b38d83acb03bccffc012e7ee7606b8955d6416ff9c40361875082d2"
CREATION_DIGEST = "c76ab9bdb0354ce6ef2bc1cda5080c7c0b15ed8b6607eae4d02a74c05bb8f2db"


# ── Multicall3 ────────────────────────────────────────────────────────────────────────────────────────────────

RESULTS = "(bool,bytes)[]"


@given(st.integers(0, 6), st.lists(st.sampled_from(["", "t", "u"]), min_size=1, max_size=4, unique=True))
def test_what_multicall_is_asked_is_what_a_library_writes(count: int, kinds: list[str]) -> None:
    tokens = {"": "", "t": some_address(100), "u": some_address(101)}
    addresses = [some_address(n) for n in range(count + 2)]
    contracts = [tokens[kind] for kind in kinds]
    way = Multicall(Endpoint("http://127.0.0.1:1", ChainClient(allowed=["http://127.0.0.1:1"])))
    ask = Ask(CHAINS["ethereum"], HEADER, addresses, contracts)
    question = json.loads(way.question(ask, Span(1, count), 9))
    call, at = question["params"]
    assert at == {"blockHash": BLOCK["hash"], "requireCanonical": True}
    calls: list[Any] = [
        (multicall.ADDRESS, True, selector(name) + bytes(32))
        for name in ("getBlockNumber()", "getLastBlockHash()", "getCurrentBlockTimestamp()", "getChainId()")
    ]
    for address in addresses[1 : 1 + count]:
        argument = bytes(12) + bytes.fromhex(address[2:])
        for contract in contracts:
            name = "balanceOf(address)" if contract else "getEthBalance(address)"
            calls.append((contract or multicall.ADDRESS, True, selector(name) + argument))
    expected = selector("aggregate3((address,bool,bytes)[])") + encode(["(address,bool,bytes)[]"], [calls])
    assert (call["to"], call["data"]) == (multicall.ADDRESS, "0x" + expected.hex())


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=100) | st.binary(min_size=32, max_size=32))))
def test_what_multicall_answers_is_what_a_library_reads(results: list[tuple[bool, bytes]]) -> None:
    data = encode([RESULTS], [results])
    assert list(decode([RESULTS], data)[0]) == results
    assert _decoded(data, len(results)) == [
        body if success and len(body) == 32 else None for success, body in results
    ]


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=70)), max_size=5), st.data())
def test_a_spoiled_answer_of_multicall_is_refused_or_read_as_it_stands(
    results: list[tuple[bool, bytes]], data: st.DataObject
) -> None:
    """A changed byte changes a word that was returned, or is refused; it never moves one word to another's place."""
    good = encode([RESULTS], [results])
    place = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[place] ^= data.draw(st.integers(1, 255))
    expected = _decoded(good, len(results))
    try:
        found = _decoded(bytes(bad), len(results))
    except BadAnswer:
        return
    different = [(old, new) for old, new in zip(expected, found, strict=True) if old and new and old != new]
    assert len(different) <= 1
    assert all(sum(a != b for a, b in zip(old, new, strict=True)) == 1 for old, new in different)


@pytest.mark.parametrize("results", [[(True, bytes(32))] * 3, [(True, bytes(32)), (False, b"why")]])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda data, count: (data[:-1], count),
        lambda data, count: (data[:-32], count),
        lambda data, count: (data + bytes(32), count),
        lambda data, count: (data, count + 1),
        lambda data, count: (data, count - 1),
        lambda data, count: (b"", count),
        lambda data, count: (data[:64], count),
        lambda data, count: (bytes(31) + b"\x40" + data[32:], count),
        # The first two results change places.
        lambda data, count: (data[:64] + data[96:128] + data[64:96] + data[128:], count),
        # The returned data are said to stand elsewhere.
        lambda data, count: (data[: 64 + 32 * count + 63] + b"\x60" + data[64 + 32 * count + 64 :], count),
        # A success that is neither yes nor no.
        lambda data, count: (data[: 64 + 32 * count + 31] + b"\x02" + data[64 + 32 * count + 32 :], count),
    ],
)
def test_an_answer_of_multicall_that_does_not_add_up_is_refused(results: Any, spoil: Any) -> None:
    data, count = spoil(encode([RESULTS], [results]), len(results))
    with pytest.raises(BadAnswer):
        _decoded(data, count)


class Answering(Endpoint):
    """An endpoint that gives one answer, whatever it is asked."""

    def __init__(self, results: list[tuple[bool, bytes]]) -> None:
        self._results = results

    def say(self, question: bytes) -> Said:
        data = "0x" + encode([RESULTS], [self._results]).hex()
        answer = {"jsonrpc": "2.0", "id": json.loads(question)["id"], "result": data}
        return Said(question, json.dumps(answer).encode(), 1)


def multicall_said(*header: int | None, amount: int = 5) -> list[bytes]:
    """The words of one address and its coin, after the contract has said `header` of its block."""
    results = [(word is not None, (word or 0).to_bytes(32, "big")) for word in (*header, amount)]
    part = Multicall(Answering(results)).read(
        Ask(CHAINS["ethereum"], HEADER, [some_address(1)], [""]), Span(0, 1)
    )
    assert part.doubtful == ()
    return [part.words]


def test_multicall_says_its_block_and_that_is_compared() -> None:
    true = (100, int(PARENT_HASH, 16), 0x68000000, 1)
    assert multicall_said(*true) == [(5).to_bytes(32, "big")]
    for place in range(4):
        for wrong in (true[place] + 1, None):
            with pytest.raises(BadAnswer):
                multicall_said(*true[:place], wrong, *true[place + 1 :])
