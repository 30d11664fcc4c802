"""The one client that leaves the house: whom it may ask, how long it waits, how much it takes."""

import gzip
import socket
import time
from collections.abc import Callable, Iterator

import pytest
import stamina

from tests.wallets.doubles import Exchange, serve
from wallets.chains.base import (
    AnswerTooLarge,
    BadAnswer,
    ChainError,
    RateLimited,
    SourceRefused,
    SourceUnavailable,
)
from wallets.chains.http import ChainClient, Limits, provider_name

QUICK = Limits(connect=1, silence=0.3, total=1.0, body=100_000, tries=3, patience=2.0)


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Retries happen as often as set, but without the waits in between."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


def ask(answer: Callable[[Exchange], None], limits: Limits = QUICK) -> tuple[object, list[str]]:
    """What the client makes of an answer: the JSON or the error, and the requests that it took."""
    with serve(answer) as provider, ChainClient(allowed=[provider.url], limits=limits) as client:
        try:
            return client.get_json(f"{provider.url}/x"), provider.requests
        except ChainError as error:
            return error, provider.requests


def test_an_answer_is_parsed_without_floats() -> None:
    from decimal import Decimal

    value, requests = ask(lambda exchange: exchange.reply(200, b'{"a": 0.1, "b": [1]}'))
    assert value == {"a": Decimal("0.1"), "b": [1]}
    assert requests == ["GET /x"]


@pytest.mark.parametrize(
    ("status", "kind", "tries"),
    [
        (500, SourceUnavailable, 3),
        (503, SourceUnavailable, 3),
        (408, SourceUnavailable, 3),
        (429, RateLimited, 3),
        (400, SourceRefused, 1),
        (401, SourceRefused, 1),
        (403, SourceRefused, 1),
        (404, SourceRefused, 1),
        (204, SourceRefused, 1),
        (413, AnswerTooLarge, 1),
    ],
)
def test_a_status_is_tried_again_only_where_that_can_help(
    status: int, kind: type[ChainError], tries: int
) -> None:
    error, requests = ask(lambda exchange: exchange.reply(status, b"" if status == 204 else b"[]"))
    assert type(error) is kind
    assert len(requests) == tries


def test_a_server_that_recovers_is_believed() -> None:
    answers = iter([500, 429, 200])
    value, requests = ask(lambda exchange: exchange.reply(next(answers), b'"fine"'))
    assert value == "fine"
    assert len(requests) == 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with serve(lambda exchange: exchange.reply(200, b'"elsewhere"')) as elsewhere:
        error, requests = ask(lambda exchange: exchange.reply(status, b"", Location=elsewhere.url))
        assert type(error) is SourceRefused
        assert len(requests) == 1
        assert elsewhere.requests == []


def test_a_host_that_is_not_configured_is_never_asked() -> None:
    with (
        serve(lambda exchange: exchange.reply(200, b"1")) as stranger,
        serve(lambda exchange: exchange.reply(200, b"1")) as friend,
        ChainClient(allowed=[friend.url], limits=QUICK) as client,
    ):
        for url in (
            stranger.url,
            friend.url.replace("127.0.0.1", "localhost"),
            "ftp://127.0.0.1/",
            "file:///x",
        ):
            with pytest.raises(SourceRefused):
                client.get_json(url)
        assert stranger.requests == []
        assert client.get_json(friend.url) == 1


def test_retry_after_is_honoured() -> None:
    times: list[float] = []

    def answer(exchange: Exchange) -> None:
        times.append(time.monotonic())
        if len(times) == 1:
            exchange.reply(429, b"", Retry_After="1")
        else:
            exchange.reply(200, b"1")

    with stamina.set_testing(False):
        value, _requests = ask(answer)
    assert value == 1
    assert times[1] - times[0] >= 1.0


def test_a_long_retry_after_is_left_to_the_schedule() -> None:
    error, requests = ask(lambda exchange: exchange.reply(429, b"", Retry_After="600"))
    assert isinstance(error, RateLimited)
    assert error.retry_after == 600
    assert len(requests) == 1


@pytest.mark.parametrize("value", ["", "soon", "-5", "9" * 40, "Wed, 99 Foo 2025 00:00:00 GMT"])
def test_a_senseless_retry_after_is_ignored(value: str) -> None:
    error, requests = ask(lambda exchange: exchange.reply(429, b"", Retry_After=value))
    assert isinstance(error, RateLimited)
    assert error.retry_after is None
    assert len(requests) == 3


def test_a_retry_after_date_is_understood() -> None:
    error, _requests = ask(
        lambda exchange: exchange.reply(503, b"", Retry_After="Wed, 01 Jan 2200 00:00:00 GMT")
    )
    assert isinstance(error, SourceUnavailable)
    assert error.retry_after is not None
    assert error.retry_after > 10**6


def test_silence_ends() -> None:
    started = time.monotonic()
    error, requests = ask(lambda exchange: time.sleep(2), Limits(silence=0.2, total=0.5, tries=2))
    assert type(error) is SourceUnavailable
    assert len(requests) == 2
    assert time.monotonic() - started < 2


def test_an_answer_that_trickles_ends() -> None:
    def trickle(exchange: Exchange) -> None:
        exchange.send_response(200)
        exchange.send_header("Content-Length", "100000")
        exchange.end_headers()
        for _ in range(50):
            exchange.wfile.write(b"1")
            exchange.wfile.flush()
            time.sleep(0.1)

    started = time.monotonic()
    error, _requests = ask(trickle, Limits(silence=1, total=0.5, tries=1))
    assert type(error) is SourceUnavailable
    assert time.monotonic() - started < 3


def test_an_endless_answer_is_cut_off() -> None:
    def endless(exchange: Exchange) -> None:
        exchange.send_response(200)
        exchange.end_headers()
        while True:
            exchange.wfile.write(b"[" * 65536)

    error, requests = ask(endless)
    assert type(error) is AnswerTooLarge
    assert len(requests) == 1


def test_a_body_over_the_limit_is_refused_and_one_at_the_limit_is_read() -> None:
    at_limit = b'"' + b"x" * (QUICK.body - 2) + b'"'
    value, _requests = ask(lambda exchange: exchange.reply(200, at_limit))
    assert isinstance(value, str)
    error, _requests = ask(lambda exchange: exchange.reply(200, b" " + at_limit))
    assert type(error) is AnswerTooLarge


def test_a_compressed_answer_is_not_unpacked() -> None:
    bomb = gzip.compress(b"[" * 50_000_000)
    error, _requests = ask(lambda exchange: exchange.reply(200, bomb, Content_Encoding="gzip"))
    assert type(error) is BadAnswer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe\xfa",
        b'"\xed\xa0\x80"',
        b"NaN",
        b"[Infinity]",
        b"[" * 90_000,
        b"9" * 5000,
        b'{"a":1',
        b"<html></html>",
        b"\x00",
    ],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    error, requests = ask(lambda exchange: exchange.reply(200, body))
    assert type(error) is BadAnswer
    assert len(requests) == 1


def test_a_connection_that_breaks_off_is_unavailable() -> None:
    def half(exchange: Exchange) -> None:
        exchange.send_response(200)
        exchange.send_header("Content-Length", "50")
        exchange.end_headers()
        exchange.wfile.write(b"[1")
        exchange.close_connection = True

    error, requests = ask(half)
    assert type(error) is SourceUnavailable
    assert len(requests) == 3


def test_nobody_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with ChainClient(allowed=[url], limits=QUICK) as client, pytest.raises(SourceUnavailable):
        client.get_json(url)


def test_no_error_tells_the_url() -> None:
    secret = "s3cret-key"
    for answer in (
        lambda exchange: exchange.reply(404, b""),
        lambda exchange: exchange.reply(500, b""),
        lambda exchange: exchange.reply(200, b"nonsense"),
    ):
        with serve(answer) as provider, ChainClient(allowed=[provider.url], limits=QUICK) as client:
            with pytest.raises(ChainError) as error:
                client.get_json(f"{provider.url}/v2/{secret}")
            assert secret not in str(error.value)
            assert secret not in error.value.detail


def test_the_environment_does_not_redirect_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda exchange: exchange.reply(200, b'"proxy"')) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        value, _requests = ask(lambda exchange: exchange.reply(200, b'"source"'))
        assert value == "source"
        assert proxy.requests == []


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://127.0.0.1:8545", "127.0.0.1:8545"),
        ("https://user:key@node.example/v3/secret", "node.example"),
        ("https://node.example:443/x", "node.example"),
        ("http://[::1]:3000/api", "[::1]:3000"),
    ],
)
def test_a_provider_is_named_without_secrets(url: str, name: str) -> None:
    assert provider_name(url) == name


@pytest.mark.parametrize("url", ["", "node:8545", "ws://node", "http://", "http://node:port", "http://[::1"])
def test_a_source_needs_an_http_url(url: str) -> None:
    with pytest.raises(SourceRefused):
        provider_name(url)
