"""The file store in an S3-compatible bucket, by `HOLDFAST_S3_*`. An object's key is its SHA-256 below two of its letters.

Objects are written whole or not at all, by multipart in parts of 16 MiB. The service holds each part against a checksum
(CRC-32) that is sent with it; what counts is that whoever reads hashes again.
"""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from cases.storage.base import CHUNK, Unreachable

PART = 16 << 20
# Two parts at a time: what an upload holds in memory does not grow with the file.
TRANSFER = TransferConfig(
    multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=2, use_threads=True, max_io_queue=4
)
_GONE = frozenset({"NoSuchKey", "404", "NotFound"})


def key_of(sha256: str) -> str:
    """The key of the object. Raises ValueError for what is no SHA-256."""
    if len(sha256) != 64 or not all(sign in "0123456789abcdef" for sign in sha256):
        raise ValueError("not a SHA-256 in hex")
    return f"{sha256[:2]}/{sha256}"


def upload(path: Path, sha256: str, *, size: int) -> None:
    """Put a file into the bucket and remove it here once the service says that it is there. Raises Unreachable."""
    with _answering():
        # Where somebody else stored the same bytes at this moment and cleared them away here, they are there already.
        with contextlib.suppress(FileNotFoundError):
            _client().upload_file(str(path), _bucket(), key_of(sha256), Config=TRANSFER)
        try:
            there = _client().head_object(Bucket=_bucket(), Key=key_of(sha256))["ContentLength"]
        except ClientError as error:
            raise Unreachable(str(error)) from error
    if there != size:
        raise Unreachable(f"the store holds {there} of {size} bytes")
    path.unlink(missing_ok=True)


def open_chunks(sha256: str) -> Iterator[bytes]:
    """The bytes of an object as they come. Raises FileNotFoundError or Unreachable at once, Unreachable later too."""
    try:
        with _answering():
            body = _client().get_object(Bucket=_bucket(), Key=key_of(sha256))["Body"]
    except ClientError as error:
        raise FileNotFoundError(sha256) from error
    return _chunks(body)


def _chunks(body: Any) -> Iterator[bytes]:
    with _answering(), body:
        yield from body.iter_chunks(CHUNK)


@contextmanager
def _answering() -> Iterator[None]:
    """What the service refuses or does not answer is Unreachable; that there is no such object stays what it is."""
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _GONE:
            raise
        raise Unreachable(str(error)) from error
    except (BotoCoreError, S3UploadFailedError) as error:
        raise Unreachable(str(error)) from error


def _bucket() -> str:
    return str(settings.FILES_S3["bucket"])


def _client() -> Any:
    found = settings.FILES_S3
    return _made(found["endpoint"], found["region"], found["access_key_file"], found["secret_key_file"])


@lru_cache(maxsize=4)
def _made(endpoint: str, region: str, access_key_file: str, secret_key_file: str) -> Any:
    """One client for all threads: boto3's clients are safe to share."""
    try:
        access, secret = (Path(name).read_text().strip() for name in (access_key_file, secret_key_file))
    except OSError as error:
        raise Unreachable(f"{error.filename}: {error.strerror}") from error
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name=region or "us-east-1",
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        verify=True,
        config=Config(
            signature_version="s3v4",
            connect_timeout=5,
            read_timeout=60,
            retries={"mode": "standard", "max_attempts": 3},
            s3={"addressing_style": "path"},
            # The environment's own AWS settings and proxies are not this product's.
            proxies={},
        ),
    )
