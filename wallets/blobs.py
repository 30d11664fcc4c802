"""Bytes under their own SHA-256: answers of providers, and the lists of addresses that were asked about.

The same bytes are stored once. They are packed by zlib at its fastest level, since most of an answer is zeros.
"""

import hashlib
import zlib
from collections.abc import Iterable

from django.db import connection

from wallets.models import Blob

_PUT = """
    INSERT INTO wallets_blob (digest, size, body)
    SELECT digest, size, body FROM unnest(%s::text[], %s::integer[], %s::bytea[]) AS row (digest, size, body)
    ORDER BY digest
    ON CONFLICT (digest) DO NOTHING
"""
_LEVEL = 1


class BlobDamaged(Exception):
    """What is stored under a digest does not have that digest any more."""


def digest_of(body: bytes) -> str:
    """SHA-256 in lower-case hex."""
    return hashlib.sha256(body).hexdigest()


def pack(body: bytes) -> bytes:
    return zlib.compress(body, _LEVEL)


def put_many(named: Iterable[tuple[str, bytes]]) -> None:
    """Store (digest, body) pairs. What is there already is left as it is, and not packed again."""
    bodies = dict(named)
    if not bodies:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT digest FROM wallets_blob WHERE digest = ANY(%s)", [list(bodies)])
        for (known,) in cursor.fetchall():
            del bodies[known]
        if bodies:
            cursor.execute(
                _PUT,
                (
                    list(bodies),
                    [len(body) for body in bodies.values()],
                    [pack(body) for body in bodies.values()],
                ),
            )


def get(digest: str) -> bytes:
    """The bytes, checked against their digest. Raises `Blob.DoesNotExist` or `BlobDamaged`."""
    blob = Blob.objects.get(pk=digest)
    try:
        body = zlib.decompress(bytes(blob.body))
    except zlib.error as error:
        raise BlobDamaged(digest) from error
    if len(body) != blob.size or digest_of(body) != digest:
        raise BlobDamaged(digest)
    return body
