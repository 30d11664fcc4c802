"""The way to the exchange's own system: how messages are signed, and the one client that sends them.

The contract stands in docs/connector.md. A signature is HMAC-SHA256 (RFC 2104) over direction, moment, ID and body, so
that a message cannot be sent back to where it came from, kept for later, or given another body.
"""

import hashlib
import hmac
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

import certifi
from django.conf import settings

ID: Final = "Holdfast-Id"
TIMESTAMP: Final = "Holdfast-Timestamp"
SIGNATURE: Final = "Holdfast-Signature"
Direction = Literal["to-exchange", "to-holdfast"]

# Answers that ask for patience rather than refuse: RFC 9110 (408), RFC 8470 (425), RFC 6585 (429).
_LATER: Final = frozenset({408, 425, 429})
_LONGEST_ANSWER: Final = 65_536
_LONGEST_WORDS: Final = 300
SHORTEST_SECRET: Final = 32


def signature(secret: str, *, direction: Direction, timestamp: str, message_id: str, body: bytes) -> str:
    """`v1=` and the HMAC in hexadecimal digits."""
    signed = f"v1\n{direction}\n{timestamp}\n{message_id}\n".encode() + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def is_genuine(
    given: str, *, secrets: Sequence[str], timestamp: str, message_id: str, body: bytes, at: datetime
) -> bool:
    """Whether a report was signed with one of our secrets, at a moment that is not too far from now."""
    genuine = False
    for secret in secrets:
        if len(secret) < SHORTEST_SECRET:
            # The start refuses one that can be guessed; where nothing checked the start, it opens nothing either.
            continue
        expected = signature(
            secret, direction="to-holdfast", timestamp=timestamp, message_id=message_id, body=body
        )
        # Every secret is compared, each in constant time.
        genuine |= hmac.compare_digest(expected.encode(), given.encode())
    if not (genuine and timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    window: int = settings.CONNECTOR_WINDOW_SECONDS
    return abs(int(timestamp) - int(at.timestamp())) <= window


def is_configured() -> bool:
    """Whether the exchange's own system is asked at all; else people set holds by hand."""
    secrets: list[str] = settings.CONNECTOR_SECRETS
    return bool(settings.CONNECTOR_URL and secrets) and min(map(len, secrets)) >= SHORTEST_SECRET


@dataclass(frozen=True, slots=True)
class Said:
    """What came of sending once: `accepted`, `refused` (an answer, and final), or `silent` (to be sent again)."""

    outcome: Literal["accepted", "refused", "silent"]
    words: str = ""


def send(*, key: str, body: bytes, at: datetime) -> Said:
    """POST one call to the configured URL, and to nothing else: no redirect is followed, no proxy taken."""
    timestamp = str(int(at.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        ID: key,
        TIMESTAMP: timestamp,
        SIGNATURE: signature(
            settings.CONNECTOR_SECRETS[0],
            direction="to-exchange",
            timestamp=timestamp,
            message_id=key,
            body=body,
        ),
    }
    limit: int = settings.CONNECTOR_TIMEOUT_SECONDS
    try:
        connection, path = _connection(limit)
    except ValueError as error:
        return Said("silent", f"HOLDFAST_CONNECTOR_URL: {error}")
    try:
        connection.request("POST", path, body=body, headers=headers)
        response = connection.getresponse()
        text, status = _read(response, until=time.monotonic_ns() + limit * 10**9), response.status
    except (OSError, HTTPException) as error:
        return Said("silent", f"{type(error).__name__}: no answer")
    finally:
        connection.close()
    if 200 <= status < 300:
        return Said("accepted")
    words = f"HTTP {status}: {text}" if text else f"HTTP {status}"
    return Said("refused" if 400 <= status < 500 and status not in _LATER else "silent", words)


def url_parts(url: str) -> SplitResult:
    """The parts of a URL that calls can go to. Raises ValueError where it is none."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("an http:// or https:// URL without a user name")
    # Reading the port is what finds out that it is none.
    if parts.port == 0:
        raise ValueError("a port above 0")
    return parts


def _connection(limit: int) -> tuple[HTTPConnection, str]:
    """A connection to the configured host, and the path there. Raises ValueError where the URL is none of ours."""
    parts = url_parts(settings.CONNECTOR_URL)
    hostname = parts.hostname or ""
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme == "http":
        return HTTPConnection(hostname, parts.port, timeout=limit), path
    return HTTPSConnection(
        hostname, parts.port, timeout=limit, context=ssl.create_default_context(cafile=certifi.where())
    ), path


def _read(response: HTTPResponse, *, until: int) -> str:
    """The beginning of the answer as text. Raises TimeoutError where it trickles past the limit."""
    found = b""
    while len(found) < _LONGEST_ANSWER and (part := response.read1(8192)):
        found += part
        if time.monotonic_ns() > until:
            raise TimeoutError
    text = found[: _LONGEST_WORDS * 4].decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else " " for sign in text)[:_LONGEST_WORDS].strip()
