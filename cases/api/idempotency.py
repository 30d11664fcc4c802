"""One key, one effect: a POST that is sent again with its `Idempotency-Key` gets the answer of the first time.

The key's row is written first, in the transaction of the action itself, so both stand or neither does. Of two requests
at once one runs; the other waits on the unique index and then replays. What was refused (4xx) leaves no row: the same
key may be used again once the reason is mended.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from rest_framework.request import Request

from cases.api.problems import KeyReused, MissingKey
from cases.models import IdempotentRequest
from cases.people.models import User

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
_FORM: Final = re.compile(r"[\x21-\x7e]{1,128}")
_UNIQUE: Final = "idempotent_key_once"


@dataclass(frozen=True)
class Answer:
    """What a POST answers: status, JSON bytes, and headers beside the content type."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    replayed: bool = False


def key_of(request: Request) -> str:
    """The request's key. Raises MissingKey."""
    key = request.headers.get(HEADER)
    if key is None:
        raise MissingKey(_("Send a fresh key for each thing that you want done, such as a UUID."))
    if not _FORM.fullmatch(key):
        raise MissingKey(_("A key is 1 to 128 visible ASCII characters."))
    return key


def digest_of(*, method: str, path: str, content: object) -> str:
    """HMAC-SHA256 over method, path and the body as read: the order of names in an object makes no other request.

    Under the installation's key, so that a copy of the table does not let anybody try out what a body held.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    said = f"api-request:{method}\n{path}\n{text}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).hexdigest()


def once(
    *,
    user: User,
    key: str,
    digest: str,
    at: datetime,
    act: Callable[[], Answer],
    still_open: Callable[[Answer], object] | None = None,
) -> Answer:
    """Run `act` under this key, or replay its answer. Raises KeyReused, and whatever `act` raises.

    The caller has opened the door again before this, so that nothing is replayed to somebody who may no longer see it;
    `still_open` does so where the door depends on what the first request made.
    """
    with transaction.atomic():
        row = _claim(user=user, key=key, digest=digest, at=at)
        if row is not None:
            answer = act()
            row.status_code, row.body = answer.status, answer.body
            row.headers = dict(answer.headers)
            row.save(update_fields=["status_code", "body", "headers"])
            return answer
    stored = IdempotentRequest.objects.get(user=user, key=key)
    if stored.request_digest != digest:
        raise KeyReused(_("This key was used for another request. Send a fresh one."))
    if stored.status_code is None:
        raise RuntimeError("an idempotent request was committed without its answer")
    answer = Answer(stored.status_code, bytes(stored.body), dict(stored.headers), replayed=True)
    if still_open is not None:
        still_open(answer)
    return answer


def _claim(*, user: User, key: str, digest: str, at: datetime) -> IdempotentRequest | None:
    """The row of a key that is new; None where it stands already. Waits while another transaction holds the key."""
    try:
        with transaction.atomic():
            return IdempotentRequest.objects.create(user=user, key=key, request_digest=digest, created_at=at)
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        if getattr(diagnosis, "constraint_name", None) != _UNIQUE:
            raise
        return None
