"""The ways by which checkpoints leave this system, each on by a setting of its own. What is said here leaves the house.

A checkpoint tells the size of the record, its root, the time and the name of the record: nothing of any case.
"""

import contextlib
import hashlib
import os
import secrets
import ssl
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

import certifi
from cryptography.x509 import Certificate, load_pem_x509_certificates
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _
from rfc3161_client import (
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from cases.audit.models import Checkpoint, Target
from cases.audit.tree import notes
from cases.audit.tree.keys import is_signed_by, key_hash

SECONDS: Final = 15
LONGEST_ANSWER: Final = 65_536


class NotPublished(Exception):
    """It did not get there; to be tried again. The message is for the page, and holds no secret of a URL."""


def configured() -> list[str]:
    """The targets that are set."""
    given = {
        Target.FILE: settings.CHECKPOINT_FILES,
        Target.MAIL: settings.CHECKPOINT_MAIL,
        Target.WITNESS: settings.CHECKPOINT_WITNESS_URL,
        Target.TIMESTAMP: settings.CHECKPOINT_TSA_URL,
    }
    return [str(target) for target, value in given.items() if value]


def publish(target: str, checkpoint: Checkpoint) -> bytes:
    """Send one checkpoint to one target; what came back, if anything does. Raises NotPublished."""
    ways: dict[str, Callable[[Checkpoint], bytes]] = {
        Target.FILE: _to_folder,
        Target.MAIL: _by_mail,
        Target.WITNESS: _to_witness,
        Target.TIMESTAMP: _time_stamped,
    }
    return ways[target](checkpoint)


def file_name(checkpoint: Checkpoint) -> str:
    """Sorts by size; a checkpoint of the same size signed again has another root or time, and another name."""
    return f"{checkpoint.size:015d}-{hashlib.sha256(checkpoint.note.encode()).hexdigest()[:8]}.txt"


def lies_at_home() -> bool:
    """Whether the folder is inside the installation's own home: then it goes where the database goes."""
    if not settings.CHECKPOINT_FILES:
        return False
    return Path(settings.CHECKPOINT_FILES).resolve().is_relative_to(Path(settings.HOLDFAST_HOME).resolve())


def _to_folder(checkpoint: Checkpoint) -> bytes:
    folder = Path(settings.CHECKPOINT_FILES)
    temporary = folder / f".{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as out:
            out.write(checkpoint.note.encode())
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(folder / file_name(checkpoint))
        held = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(held)
        finally:
            os.close(held)
    except OSError as error:
        raise NotPublished(f"{folder}: {error.strerror}") from error
    finally:
        # Where the folder is none, there is nothing to clear away; what is wrong was said above.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return b""


def _by_mail(checkpoint: Checkpoint) -> bytes:
    message = EmailMessage(
        subject=_("Checkpoint of the record: %(size)s events") % {"size": checkpoint.size},
        body=_("Keep this mail: it shows later that nothing which was recorded until now was changed.")
        + "\n\n"
        + checkpoint.note,
        to=[address.strip() for address in settings.CHECKPOINT_MAIL.split(",") if address.strip()],
    )
    try:
        message.send()
    except OSError as error:
        # smtplib's errors are OSErrors; what a server says may hold addresses.
        raise NotPublished(type(error).__name__) from error
    return b""


def _to_witness(checkpoint: Checkpoint) -> bytes:
    """POST of the note. A witness whose key is set must sign it; its lines are kept."""
    answer = _posted(settings.CHECKPOINT_WITNESS_URL, checkpoint.note.encode(), "text/plain; charset=utf-8")
    if settings.CHECKPOINT_WITNESS_KEY and not _witnessed(checkpoint, answer):
        raise NotPublished(_("The witness answered without its signature."))
    return answer


def _witnessed(checkpoint: Checkpoint, answer: bytes) -> bool:
    import base64
    import binascii

    try:
        name, named, encoded = settings.CHECKPOINT_WITNESS_KEY.strip().split("+", 2)
        public = base64.b64decode(encoded, validate=True)[1:]
        note = notes.read(checkpoint.note)
        for line in answer.decode().splitlines():
            dash, signer, signed = line.split(" ")
            raw = base64.b64decode(signed, validate=True)
            if (
                (dash, signer, raw[:4]) == ("—", name, key_hash(name, public))
                and raw[:4].hex() == named
                and is_signed_by(note.text, raw[4:], public)
            ):
                return True
    except (binascii.Error, ValueError):
        return False
    return False


def _time_stamped(checkpoint: Checkpoint) -> bytes:
    """An RFC 3161 time stamp over the note, compared with the request and, where certificates are set, verified."""
    data = checkpoint.note.encode()
    request = TimestampRequestBuilder().data(data).build()
    answer = _posted(settings.CHECKPOINT_TSA_URL, request.as_bytes(), "application/timestamp-query")
    try:
        response = decode_timestamp_response(answer)
        certificates = _certificates()
        if certificates:
            builder = VerifierBuilder.from_request(request)
            for certificate in certificates:
                builder = builder.add_root_certificate(certificate)
            builder.build().verify_message(response, data)
        elif response.tst_info.message_imprint.message != hashlib.sha512(data).digest():
            raise NotPublished(_("The time stamp is of something else."))
    except (ValueError, VerificationError) as error:
        raise NotPublished(_("The time stamp does not hold: %(why)s") % {"why": error}) from error
    return answer


def _certificates() -> list[Certificate]:
    if not settings.CHECKPOINT_TSA_CERTIFICATES:
        return []
    try:
        return load_pem_x509_certificates(Path(settings.CHECKPOINT_TSA_CERTIFICATES).read_bytes())
    except OSError as error:
        raise NotPublished(f"HOLDFAST_TSA_CERTIFICATES: {error.strerror}") from error


def _posted(url: str, body: bytes, media_type: str) -> bytes:
    """POST to the configured URL and to nothing else: no redirect is followed, no proxy taken, the answer bounded."""
    connection, path = _connection(url)
    try:
        connection.request("POST", path, body=body, headers={"Content-Type": media_type})
        response = connection.getresponse()
        answer = _read(response, until=time.monotonic() + SECONDS)
    except (OSError, HTTPException) as error:
        raise NotPublished(_("No answer: %(why)s") % {"why": type(error).__name__}) from error
    finally:
        connection.close()
    if not 200 <= response.status < 300:
        raise NotPublished(f"HTTP {response.status}")
    return answer


def _connection(url: str) -> tuple[HTTPConnection, str]:
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise NotPublished(_("The setting is no URL that can be posted to.")) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.fragment:
        raise NotPublished(_("The setting is no URL that can be posted to."))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=certifi.where())
        return HTTPSConnection(parts.hostname, port, timeout=SECONDS, context=context), path
    return HTTPConnection(parts.hostname, port, timeout=SECONDS), path


def _read(response: HTTPResponse, *, until: float) -> bytes:
    found = b""
    while piece := response.read1(8192):
        found += piece
        if len(found) > LONGEST_ANSWER or time.monotonic() > until:
            raise NotPublished(_("The answer is too long or too slow."))
    return found
