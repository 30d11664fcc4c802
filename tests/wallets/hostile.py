"""A provider that lies: a real server on the loopback interface, and the ways in which it may answer.

It stands before a truthful one. Where its lie applies it spoils the truthful answer, or gives something else in its
place, down to what HTTP does not allow; everything else it passes on.
"""

import contextlib
import gzip
import json
import select
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.wallets.doubles import Exchange, Handler

METADATA: Final = "http://169.254.169.254/latest/meta-data/"
"""Where clouds keep a machine's credentials."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the truthful answer to it."""

    exchange: Exchange
    question: bytes
    truth: bytes

    def send(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.exchange.reply(status, body, **headers)

    def raw(self, *parts: bytes) -> None:
        """Bytes on the wire; the connection is closed behind them."""
        self.exchange.close_connection = True
        for part in parts:
            self.exchange.wfile.write(part)

    def for_ever(self, part: bytes, pause: float = 0) -> None:
        """The same bytes again and again, until the other side has had enough."""
        self.exchange.close_connection = True
        while not self.gone(pause):
            self.exchange.wfile.write(part)

    def gone(self, wait: float) -> bool:
        """Whether the other side hangs up within `wait` seconds."""
        readable, _, _ = select.select([self.exchange.connection], [], [], wait)
        return bool(readable) and not self.exchange.connection.recv(65536)


@dataclass(frozen=True, slots=True)
class Lie:
    """One way to lie. `codes`: what a look may make of it, keys of `ERROR_TEXTS`."""

    name: str
    tell: Callable[[Asked], None]
    codes: frozenset[str]
    takes_time: bool = False

    def __str__(self) -> str:
        return self.name


class _Truth:
    """Stands in for an exchange, to hear what the truthful server would say."""

    def __init__(self, exchange: Exchange, question: bytes) -> None:
        self.path = exchange.path
        self.command = exchange.command
        self.headers = exchange.headers
        self._question = question
        self.said = b""

    def body(self) -> bytes:
        return self._question

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.said = body


class Hostile:
    """Answers as `truth` does, and by `lie` where the question (path and body) holds one of `where`; everywhere if
    there are none.
    """

    def __init__(self, truth: Handler | None, lie: Lie, *where: bytes) -> None:
        self._truth = truth
        self._lie = lie
        self._where = where
        self.told = 0

    def __call__(self, exchange: Exchange) -> None:
        question = exchange.body()
        heard = _Truth(exchange, question)
        if self._truth is not None:
            self._truth(heard)  # type: ignore[arg-type]
        about = exchange.path.encode() + question
        if self._where and not any(part in about for part in self._where):
            exchange.reply(200, heard.said)
            return
        self.told += 1
        with contextlib.suppress(OSError):
            self._lie.tell(Asked(exchange, question, heard.said))


_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def _with_length(body: bytes, length: object) -> bytes:
    return _OK + f"Content-Length: {length}\r\n\r\n".encode() + body


def _reset(asked: Asked) -> None:
    """Hang up in the middle with a reset instead of a farewell."""
    asked.raw(_with_length(asked.truth[:5], 1000))
    asked.exchange.wfile.flush()
    asked.exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    asked.exchange.connection.close()


def _deep(body: bytes, depth: int = 20_000) -> bytes:
    return b"[" * depth + body + b"]" * depth


def _twice(truth: bytes) -> bytes:
    """The truth with every name of every object given twice, another value first."""

    class Twice(dict):  # type: ignore[type-arg]
        def items(self) -> Any:
            return [pair for name, value in super().items() for pair in ((name, "0x1"), (name, value))]

    return json.dumps(
        json.loads(truth, object_pairs_hook=lambda pairs: Twice(pairs) if pairs else {})
    ).encode()


_BOMB: Final = gzip.compress(b"[" * 50_000_000)

# What HTTP itself allows to lie about: whoever asks, and whatever the interface.
_WIRE: Final[dict[str, tuple[Callable[[Asked], None], str]]] = {
    "silence": (lambda asked: asked.for_ever(b"", 30), "unavailable"),
    "hangs up": (lambda asked: asked.raw(), "unavailable"),
    "reset in the middle": (_reset, "unavailable"),
    "slow loris: status line": (lambda asked: asked.for_ever(b"H", 0.05), "unavailable"),
    "slow loris: headers": (
        lambda asked: (asked.raw(_OK + b"X-A: "), asked.for_ever(b"a", 0.05))[0],
        "unavailable",
    ),
    "trickling body": (
        lambda asked: (asked.raw(_with_length(b"", 10_000)), asked.for_ever(b" ", 0.05))[0],
        "unavailable",
    ),
    "endless body": (lambda asked: (asked.raw(_OK + b"\r\n"), asked.for_ever(b"[" * 65536))[0], "too_large"),
    "endless chunks": (
        lambda asked: (
            asked.raw(_OK + b"Transfer-Encoding: chunked\r\n\r\n"),
            asked.for_ever(b"10000\r\n" + b"[" * 65536 + b"\r\n"),
        )[0],
        "too_large",
    ),
    "endless crumbs": (
        lambda asked: (
            asked.raw(_OK + b"Transfer-Encoding: chunked\r\n\r\n"),
            asked.for_ever(b"1\r\n[\r\n" * 5000),
        )[0],
        "unavailable too_large",
    ),
    "endless continues": (
        lambda asked: asked.for_ever(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        "unavailable",
    ),
    "header bomb": (
        lambda asked: (asked.raw(_OK + b"X-A: "), asked.for_ever(b"a" * 65536))[0],
        "unavailable",
    ),
    "a million headers": (
        lambda asked: (asked.raw(_OK), asked.for_ever(b"X-A: b\r\n" * 5000))[0],
        "unavailable",
    ),
    "announces a huge body": (lambda asked: asked.raw(_with_length(asked.truth, 10**15)), "too_large"),
    "a length of thirty digits": (
        lambda asked: asked.raw(_with_length(asked.truth, "9" * 30)),
        "unavailable",
    ),
    "a length of ten thousand digits": (
        lambda asked: asked.raw(_with_length(asked.truth, "9" * 10_000)),
        "unavailable",
    ),
    "a negative length": (lambda asked: asked.raw(_with_length(asked.truth, -1)), "unavailable"),
    "a length in words": (lambda asked: asked.raw(_with_length(asked.truth, "many")), "unavailable"),
    "two lengths": (
        lambda asked: asked.raw(
            _OK + b"Content-Length: 2\r\nContent-Length: %d\r\n\r\n" % len(asked.truth), asked.truth
        ),
        "unavailable",
    ),
    "less than announced": (
        lambda asked: asked.raw(_with_length(asked.truth, len(asked.truth) + 1)),
        "unavailable",
    ),
    "another protocol": (lambda asked: asked.raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "unavailable"),
    "no headers at all": (lambda asked: asked.raw(asked.truth), "unavailable"),
    "switches protocols": (
        lambda asked: asked.raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + asked.truth),
        "refused unavailable",
    ),
    "gzip bomb": (lambda asked: asked.send(_BOMB, Content_Encoding="gzip"), "bad_answer too_large"),
    "gzip": (lambda asked: asked.send(gzip.compress(asked.truth), Content_Encoding="gzip"), "bad_answer"),
    "gzip unannounced": (lambda asked: asked.send(gzip.compress(asked.truth)), "bad_answer"),
    "brotli announced": (lambda asked: asked.send(asked.truth, Content_Encoding="br"), "bad_answer"),
    "redirect to the metadata": (lambda asked: asked.send(b"", 302, Location=METADATA), "refused"),
    "redirect to another host": (
        lambda asked: asked.send(b"", 307, Location="http://localhost:1/" + "x" * 5000),
        "refused",
    ),
    "redirect to a file": (lambda asked: asked.send(b"", 301, Location="file:///etc/passwd"), "refused"),
    "redirect to itself": (lambda asked: asked.send(b"", 308, Location=asked.exchange.path), "refused"),
    "429, wait a thousand years": (
        lambda asked: asked.send(b"", 429, Retry_After="99999999999999"),
        "rate_limited resting",
    ),
    "429, wait until the year 9999": (
        lambda asked: asked.send(b"", 429, Retry_After="Fri, 31 Dec 9999 23:59:59 GMT"),
        "rate_limited resting",
    ),
    "429, wait a negative time": (
        lambda asked: asked.send(b"", 429, Retry_After="-99999"),
        "rate_limited resting",
    ),
    "429, wait NaN": (lambda asked: asked.send(b"", 429, Retry_After="nan"), "rate_limited resting"),
    "500": (lambda asked: asked.send(asked.truth, 500), "unavailable"),
    "503 and a date that is none": (
        lambda asked: asked.send(b"", 503, Retry_After="Wed, 99 Foo 20255 00:00:00 GMT"),
        "unavailable",
    ),
    "403": (lambda asked: asked.send(asked.truth, 403), "refused"),
    "404": (lambda asked: asked.send(b"not found", 404), "refused"),
    "204": (lambda asked: asked.send(b"", 204), "refused"),
    "206": (lambda asked: asked.send(asked.truth, 206), "refused"),
    "999": (lambda asked: asked.raw(b"HTTP/1.1 999 Never\r\nContent-Length: 0\r\n\r\n"), "unavailable"),
    "no body": (lambda asked: asked.send(b""), "bad_answer"),
    "a page": (lambda asked: asked.send(b"<html><body>Please log in</body></html>"), "bad_answer"),
    "invalid UTF-8": (lambda asked: asked.send(b"\xff\xfe" + asked.truth), "bad_answer"),
    "a surrogate in UTF-8": (lambda asked: asked.send(b'"\xed\xa0\x80"'), "bad_answer"),
    "UTF-16": (lambda asked: asked.send((asked.truth or b"{}").decode().encode("utf-16")), "bad_answer"),
    "a byte order mark": (lambda asked: asked.send(b"\xef\xbb\xbf" + asked.truth), "bad_answer"),
    "only blanks": (lambda asked: asked.send(b" " * 10_000), "bad_answer"),
    "zeros": (lambda asked: asked.send(bytes(10_000)), "bad_answer"),
    "larger than allowed": (
        lambda asked: asked.send(b'"' + b"x" * 17 * 1024 * 1024 + b'"'),
        "too_large",
    ),
}

# Bodies that no interface here promises: JSON of another shape, or nearly JSON.
_BODIES: Final[dict[str, bytes]] = {
    "null": b"null",
    "true": b"true",
    "a number": b"0",
    "a negative number": b"-5",
    "a fraction": b"0.5",
    "a text": b'"0x5"',
    "an empty list": b"[]",
    "an empty object": b"{}",
    "a list of nothing": b"[null,null,null]",
    "a list in a list": b"[[]]",
    "a list of empty objects": b"[{},{},{},{}]",
    "NaN": b"NaN",
    "NaN inside": b'{"jsonrpc":"2.0","id":1,"result":NaN}',
    "infinity": b'[{"id":0,"result":Infinity}]',
    "nested deeply": _deep(b"", 45_000),
    "objects nested deeply": b'{"a":' * 15_000 + b"1" + b"}" * 15_000,
    "a number of 100,000 digits": b"9" * 100_000,
    "a number of 4,000 digits": b'{"result":' + b"9" * 4000 + b"}",
    "a fraction of 100,000 digits": b"0." + b"3" * 100_000,
    "an exponent beyond reason": b'{"result":1e999999999}',
    "an exponent that fits no machine": b"1e99999999999999999999999",
    "half of a surrogate pair": b'{"error":{"code":1,"message":"\\ud800"}}',
    "NUL": b'{"error":{"code":1,"message":"a\\u0000b"}}',
    "single quotes": b"{'result':1}",
    "a comma too many": b'{"result":1,}',
    "two documents": b"{}{}",
    "a result of everything": b'{"result":{"result":{"result":[]}},"error":{"error":[]},"id":[]}',
    "an error of an error": b'{"error":{"error":{"error":1}}}',
    "an error that is a number": b'{"error":-1}',
    "an error without words": b'{"error":{"code":-32000}}',
    "an error with a code in words": b'{"error":{"code":"busy","message":"wait"}}',
    "an error of a megabyte": b'{"error":{"code":-32000,"message":"' + b"x" * 150_000 + b'"}}',
}


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


# An error's words may be taken for any of these.
_ERRORS: Final = "bad_answer unavailable refused rate_limited block_gone failed too_large reverted cannot_pin"

# What ends by a limit on time alone.
_TAKES_TIME: Final = ("silence", "slow loris", "trickling", "endless crumbs", "endless continues")

WIRE_LIES: Final = [
    Lie(name, tell, _codes(codes), name.startswith(_TAKES_TIME)) for name, (tell, codes) in _WIRE.items()
]
BODY_LIES: Final = [
    Lie(f"answers {name}", lambda asked, body=body: asked.send(body), _codes(_ERRORS))
    for name, body in _BODIES.items()
] + [
    Lie("truncated JSON", lambda asked: asked.send(asked.truth[:-1]), _codes("bad_answer")),
    Lie("every name twice", lambda asked: asked.send(_twice(asked.truth)), _codes("bad_answer")),
    Lie("the truth, deeply nested", lambda asked: asked.send(_deep(asked.truth)), _codes("bad_answer")),
    Lie("the truth, and more", lambda asked: asked.send(asked.truth + b"]"), _codes("bad_answer")),
]


# ── JSON-RPC ──────────────────────────────────────────────────────────────────────────────────────────────

Answer = dict[str, Any]


def _each(change: Callable[[Answer], object]) -> Callable[[Asked], None]:
    """Spoil every answer object, alone or in a batch."""

    def tell(asked: Asked) -> None:
        truth = json.loads(asked.truth)
        for answer in truth if isinstance(truth, list) else [truth]:
            change(answer)
        asked.send(json.dumps(truth).encode())

    return tell


def _list(change: Callable[[list[Answer]], object]) -> Callable[[Asked], None]:
    """Spoil the list of answers; a single answer is taken for a list of one, and comes back as what it becomes."""

    def tell(asked: Asked) -> None:
        truth = json.loads(asked.truth)
        asked.send(json.dumps(change(truth if isinstance(truth, list) else [truth])).encode())

    return tell


def _result(value: Any) -> Callable[[Asked], None]:
    def change(answer: Answer) -> None:
        # The packed reader may answer by a revert, which is an error with data.
        truth = answer.pop("error", {}).get("data") or answer.get("result")
        answer.update(result=value(truth) if callable(value) else value)

    return _each(change)


def _text(change: Callable[[str], str]) -> Callable[[Asked], None]:
    """Spoil every result that is a text."""
    return _result(lambda result: change(result) if isinstance(result, str) else change("0x5"))


_RPC: Final[dict[str, Callable[[Asked], None]]] = {
    "wrong id": _each(lambda answer: answer.update(id=answer["id"] + 1000)),
    "negative id": _each(lambda answer: answer.update(id=-1)),
    "id as text": _each(lambda answer: answer.update(id=str(answer["id"]))),
    "id as fraction": _each(lambda answer: answer.update(id=float(answer["id"]))),
    "id true": _each(lambda answer: answer.update(id=True)),
    "id null": _each(lambda answer: answer.update(id=None)),
    "id a list": _each(lambda answer: answer.update(id=[answer["id"]])),
    "no id": _each(lambda answer: answer.pop("id")),
    "ids exchanged for one": _list(lambda answers: [{**answer, "id": 0} for answer in answers] * 2),
    "an answer too many": _list(lambda answers: [*answers, {**answers[0], "id": 10**6}]),
    "an answer twice": _list(lambda answers: [*answers, answers[0]]),
    "an answer too few": _list(lambda answers: answers[:-1]),
    "result and error both": _each(lambda answer: answer.update(error={"code": 1, "message": "x"})),
    "neither result nor error": _each(lambda answer: answer.pop("result")),
    "error null and no result": _each(lambda answer: (answer.pop("result"), answer.update(error=None))),
    "null result": _result(None),
    "false result": _result(False),
    "true result": _result(True),
    "result zero": _result(0),
    "result a number": _result(5),
    "result a fraction": _result(5.0),
    "result a list": _result([]),
    "result an object": _result({}),
    "result in a list": _result(lambda result: [result]),
    "result empty": _result(""),
    "result 0x": _result("0x"),
    "result 0x0": _result("0x0"),
    "odd hexadecimal digits": _text(lambda text: text + "f"),
    "without 0x": _text(lambda text: text[2:]),
    "0X": _text(lambda text: "0X" + text[2:].upper()),
    "junk in capitals": _text(lambda text: "0xZZTOP" + text[7:].upper()),
    "decimal": _text(lambda text: str(int(text[:66], 16))),
    "negative": _text(lambda text: "-" + text),
    "a blank before": _text(lambda text: " " + text),
    "a line end behind": _text(lambda text: text + "\n"),
    "an underscore": _text(lambda text: text[:-1] + "_" + text[-1:]),
    "Arabic digits": _text(lambda text: text[:-1] + "١"),
    "full-width digits": _text(lambda text: text[:-1] + "１"),
    "more than 2^256": _text(lambda text: "0x1" + "0" * 64),
    "a byte too many": _text(lambda text: text + "00"),
    "a byte too few": _text(lambda text: text[:-2]),
    "a word too many": _text(lambda text: text + "0" * 64),
    "a word too few": _text(lambda text: text[:-64]),
    "a megabyte of zeros": _text(lambda text: "0x" + "0" * 150_000),
}

# Where the packed reader tells its block and chain: word by word.
_HEADER: Final = {"another block": 0, "another parent": 1, "another time": 2, "another chain inside": 3}


def _word(number: int, change: Callable[[int], int]) -> Callable[[str], str]:
    def spoil(text: str) -> str:
        start = 2 + 64 * number
        value = change(int(text[start : start + 64] or "0", 16)) % 2**256
        return text[:start] + f"{value:064x}" + text[start + 64 :]

    return spoil


_PACKED: Final = {
    **{name: _text(_word(number, lambda value: value + 1)) for name, number in _HEADER.items()},
    "a failure that is not told of which": _text(_word(4, lambda value: 1)),
    "more failures than addresses": _text(_word(4, lambda value: 2**255)),
}


def _block(**changes: Any) -> Callable[[Asked], None]:
    """Spoil every block that is told."""

    def change(answer: Answer) -> None:
        block = answer.get("result")
        if isinstance(block, dict):
            block.update(
                {name: value(block[name]) if callable(value) else value for name, value in changes.items()}
            )

    return _each(change)


_BLOCKS: Final[dict[str, Callable[[Asked], None]]] = {
    "wrong chain id": _text(lambda text: "0x5"),
    "chain id a number": _each(
        lambda answer: answer.update(result=1) if isinstance(answer["result"], str) else None
    ),
    "block from the future": _block(timestamp=hex(4_000_000_000)),
    "block of the year 300,000": _block(timestamp=hex(2**43)),
    "block time beyond all": _block(timestamp="0x" + "f" * 64),
    "block time negative": _block(timestamp="-0x1"),
    "block time a number": _block(timestamp=1_750_000_000),
    "block height absurd": _block(number="0x" + "f" * 64),
    "block height 2^63": _block(number=hex(2**63)),
    "block height a number": _block(number=100),
    "block height null": _block(number=None),
    "block without height": _each(
        lambda answer: isinstance(answer["result"], dict) and answer["result"].pop("number")
    ),
    "block hash short": _block(hash=lambda value: value[:-2]),
    "block hash long": _block(hash=lambda value: value + "00"),
    "block hash null": _block(hash=None),
    "block hash a path": _block(hash='0x"}],"id":1},{"x":"'),
    "block a list": _each(lambda answer: isinstance(answer["result"], dict) and answer.update(result=[])),
    "block a text": _each(lambda answer: isinstance(answer["result"], dict) and answer.update(result="0x64")),
}

_EVM: Final = _codes(f"{_ERRORS} wrong_chain future_block no_contract")
# A balance in a batch of single answers may be any number: these are well-formed, and only false.
_PLAUSIBLE: Final = frozenset({"result 0x0", "odd hexadecimal digits", "a byte too many"})
RPC_LIES: Final = [Lie(name, tell, _EVM) for name, tell in _RPC.items() if name not in _PLAUSIBLE]
PLAUSIBLE_LIES: Final = [Lie(name, tell, _EVM) for name, tell in _RPC.items() if name in _PLAUSIBLE]
PACKED_LIES: Final = [Lie(name, tell, _EVM) for name, tell in _PACKED.items()]
BLOCK_LIES: Final = [Lie(name, tell, _EVM) for name, tell in _BLOCKS.items()]


@contextlib.contextmanager
def anything(body: Callable[[], bytes]) -> Iterator[Lie]:
    """A lie that is made anew for every question."""
    yield Lie("anything", lambda asked: asked.send(body()), _EVM)
