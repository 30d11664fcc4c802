"""The one client that leaves the house: whom it may ask, how long it waits, how much it takes."""

import base64
import gzip
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import stamina

from tests.wallets.doubles import Exchange, serve
from wallets.chains import http
from wallets.chains.accounts import Rules
from wallets.chains.base import (
    AnswerTooLarge,
    BadAnswer,
    ChainError,
    RateLimited,
    SourceRefused,
    SourceUnavailable,
)
from wallets.chains.http import ChainClient, Limits, parse_json, provider_name, retrying, shared_client
from wallets.chains.manners import Manners

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
            return parse_json(client.get(f"{provider.url}/x")), provider.requests
        except ChainError as error:
            return error, provider.requests


def void(_value: object) -> None:
    """For a lambda that is to return nothing."""


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
                client.get(url)
        assert stranger.requests == []
        assert client.get(friend.url) == b"1"


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
    for said, wait in (("600", 600), ("999999999", 3600)):
        error, requests = ask(lambda exchange, said=said: exchange.reply(429, b"", Retry_After=said))
        assert isinstance(error, RateLimited)
        assert error.retry_after == wait
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
    # An hour is the longest wait that is taken in earnest.
    assert error.retry_after == 3600


def test_silence_ends() -> None:
    enough = threading.Event()
    error, requests = ask(lambda exchange: void(enough.wait(60)), Limits(silence=0.2, total=0.5, tries=2))
    enough.set()
    assert type(error) is SourceUnavailable
    assert len(requests) == 2


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"],
    ids=["status line", "headers", "body"],
)
def test_an_answer_that_trickles_ends(start: bytes) -> None:
    """No pause is long enough to be a silence: only the limit on the whole ends it, wherever it trickles."""
    over = threading.Event()

    def trickle(exchange: Exchange) -> None:
        exchange.wfile.write(start)
        while not over.wait(0.05):
            exchange.wfile.write(b"H")

    error, _requests = ask(trickle, Limits(silence=20, total=0.5, tries=1))
    over.set()
    assert type(error) is SourceUnavailable


@pytest.mark.timeout(30)
def test_a_silence_ends_with_the_whole_at_the_latest() -> None:
    enough = threading.Event()
    error, _requests = ask(lambda exchange: void(enough.wait(60)), Limits(silence=60, total=0.3, tries=1))
    enough.set()
    assert type(error) is SourceUnavailable


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "GZIP", "identity, gzip"])
def test_whatever_is_announced_as_compressed_is_not_read(encoding: str) -> None:
    with (
        serve(lambda exchange: exchange.reply(200, b"1", Content_Encoding=encoding)) as provider,
        ChainClient(allowed=[provider.url], limits=QUICK) as client,
        pytest.raises(BadAnswer),
    ):
        client.get(provider.url)


@pytest.mark.timeout(30)
def test_a_server_that_does_not_listen_ends() -> None:
    """A question larger than what the sockets between hold: sending it must end too."""
    over = threading.Event()
    with (
        serve(lambda exchange: void(over.wait(60))) as provider,
        ChainClient(allowed=[provider.url], limits=Limits(silence=0.2, total=0.5, tries=1)) as client,
    ):
        with pytest.raises(SourceUnavailable):
            client.post(provider.url, b" " * 50_000_000)
        over.set()


@pytest.mark.timeout(60)
def test_an_answer_in_a_million_pieces_ends() -> None:

    def crumbs(exchange: Exchange) -> None:
        exchange.send_response(200)
        exchange.send_header("Transfer-Encoding", "chunked")
        exchange.end_headers()
        while True:
            exchange.wfile.write(b"1\r\n \r\n" * 10_000)

    error, _requests = ask(crumbs, Limits(silence=1, total=0.5, tries=1, body=10**9))
    assert type(error) is SourceUnavailable


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
        b'{"result":"0x1","result":"0x2"}',
        b'[{"a":{"b":1,"c":2,"b":1}}]',
        b'{"a":1e101}',
        b"0." + b"1" * 200,
        b"1E-999999999999999999999",
        b'"\\ud800"',
        b'{"\\udc00":1}',
        b'"\\u0000"',
        b'["\\ud800\\ud800"]',
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
        client.get(url)


def test_no_error_tells_the_url() -> None:
    secret = "s3cret-key"
    for answer in (
        lambda exchange: exchange.reply(404, b""),
        lambda exchange: exchange.reply(500, b""),
        lambda exchange: exchange.reply(200, b"nonsense"),
    ):
        with serve(answer) as provider, ChainClient(allowed=[provider.url], limits=QUICK) as client:
            with pytest.raises(ChainError) as error:
                parse_json(client.get(f"{provider.url}/v2/{secret}"))
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


def test_text_that_json_escapes_is_read() -> None:
    assert parse_json(b'{"message":"\\ud83d\\ude80 \\u00fc"}') == {"message": "🚀 ü"}


def test_user_and_password_of_a_url_go_into_a_header() -> None:
    seen: list[str | None] = []

    def answer(exchange: Exchange) -> None:
        seen.append(exchange.headers["Authorization"])
        seen.append(exchange.headers["Host"])
        exchange.reply(200, b"1")

    with serve(answer) as provider:
        host = provider.url.removeprefix("http://")
        with ChainClient(allowed=[provider.url], limits=QUICK) as client:
            client.get(f"http://user:p%40ss@{host}/")
            client.get(provider.url)
    assert seen == ["Basic " + base64.b64encode(b"user:p@ss").decode(), host, None, host]


@pytest.mark.parametrize("path", ["/a b", "/\r\nX-Evil: 1", "/\x00", "/ü"])
def test_a_path_that_cannot_be_asked_is_refused(path: str) -> None:
    with (
        serve(lambda exchange: exchange.reply(200, b"1")) as provider,
        ChainClient(allowed=[provider.url], limits=QUICK) as client,
    ):
        with pytest.raises(SourceRefused):
            client.get(provider.url + path)
        assert provider.requests == []


# ── Trying again ──────────────────────────────────────────────────────────────────────────────────────────


def test_at_most_five_tries() -> None:
    with stamina.set_testing(True, attempts=100, cap=True):
        _error, requests = ask(lambda exchange: exchange.reply(500, b""), Limits())
    assert len(requests) == 5


def test_waits_have_full_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: list[tuple[float, float]] = []

    class Dice:
        def uniform(self, low: float, high: float) -> float:
            bounds.append((low, high))
            return 0.0

    def fail() -> None:
        raise SourceUnavailable("down")

    monkeypatch.setattr(http, "_random", Dice())
    with stamina.set_testing(False), pytest.raises(SourceUnavailable):
        retrying(fail, tries=8)
    assert bounds[:7] == [(0.001, high) for high in (0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0)]


def test_what_took_too_long_is_not_tried_again() -> None:
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise SourceUnavailable("down")

    with pytest.raises(SourceUnavailable):
        retrying(fail, tries=5, whole=-1)
    assert len(calls) == 1


@pytest.mark.parametrize("error", [BadAnswer("x"), SourceRefused("JSON-RPC -32602"), AnswerTooLarge("x")])
def test_what_will_be_refused_again_is_not_tried_again(error: ChainError) -> None:
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise error

    with pytest.raises(type(error)):
        retrying(fail, tries=5)
    assert len(calls) == 1


# ── Connections ───────────────────────────────────────────────────────────────────────────────────────────


def manners() -> Manners:
    return Manners("test", Rules())


@pytest.fixture
def _closed_clients() -> Iterator[None]:
    http.close_clients()
    yield
    http.close_clients()


@pytest.mark.usefixtures("_closed_clients")
def test_looks_that_follow_each_other_share_a_connection() -> None:
    ports: list[int] = []

    def answer(exchange: Exchange) -> None:
        ports.append(exchange.client_address[1])
        exchange.body()
        exchange.reply(200, b"1")

    with serve(answer) as provider:
        for _look in range(3):
            with shared_client(f"{provider.url}/key", QUICK, manners()) as client:
                client.post(f"{provider.url}/key", b"{}")
        assert len(ports) == 3
        assert len(set(ports)) == 1
        http.close_clients()
        with shared_client(provider.url, QUICK, manners()) as client:
            client.get(provider.url)
        assert len(set(ports)) == 2


@pytest.mark.usefixtures("_closed_clients")
def test_a_shared_client_asks_its_own_host_alone() -> None:
    with (
        serve(lambda exchange: exchange.reply(200, b"1")) as friend,
        serve(lambda exchange: exchange.reply(200, b"1")) as stranger,
    ):
        shared_client(stranger.url, QUICK, manners())
        with pytest.raises(SourceRefused):
            shared_client(friend.url, QUICK, manners()).get(stranger.url)
        assert stranger.requests == []


@pytest.mark.usefixtures("_closed_clients")
def test_threads_share_a_client() -> None:
    with serve(lambda exchange: exchange.reply(200, exchange.body())) as provider:
        client = shared_client(provider.url, QUICK, manners())
        answers: dict[int, bytes] = {}

        def ask_many(number: int) -> None:
            for _time in range(20):
                answers[number] = client.post(provider.url, b"%d" % number)
                assert answers[number] == b"%d" % number

        threads = [threading.Thread(target=ask_many, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {number: b"%d" % number for number in range(8)}


@pytest.mark.usefixtures("_closed_clients")
def test_a_forked_process_opens_connections_of_its_own() -> None:
    """Celery copies its workers: two processes that speak on one connection would take each other's answers."""
    ports: list[int] = []

    def answer(exchange: Exchange) -> None:
        ports.append(exchange.client_address[1])
        exchange.reply(200, b"1")

    with serve(answer) as provider:
        shared_client(provider.url, QUICK, manners()).get(provider.url)
        child = os.fork()
        if child == 0:
            try:
                fine = not http._clients
                fine &= shared_client(provider.url, QUICK, manners()).get(provider.url) == b"1"
                os._exit(0 if fine else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        shared_client(provider.url, QUICK, manners()).get(provider.url)
    first, childs, third = ports
    assert first == third != childs


@pytest.mark.usefixtures("_closed_clients")
def test_clients_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_CLIENTS", 3)
    for port in range(1, 20):
        shared_client(f"http://127.0.0.1:{port}", QUICK, manners())
    assert len(http._clients) <= 3
