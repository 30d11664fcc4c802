"""What every file store promises, held against the file system and against an S3-compatible service over HTTP."""

import hashlib
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from moto.server import ThreadedMotoServer

from cases import storage
from cases.actions.exhibits import check_files
from cases.models import FileCheck
from cases.storage import s3
from tests.support import evidence
from tests.support.casework import Casework, moment

CONTENT = b"2023-05-12 10:04 kim: send it to the usual address\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """An S3-compatible service on this machine (moto's)."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["file system", "bucket"])
def kind(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> str:
    settings.FILES_ROOT = tmp_path / "files"
    settings.FILES_ROOT.mkdir()
    settings.FILES_S3 = {}
    if request.param == "bucket":
        endpoint = request.getfixturevalue("service")
        bucket = f"evidence-{os.urandom(4).hex()}"
        boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="access",
            aws_secret_access_key="secret",
        ).create_bucket(Bucket=bucket)
        for name in ("access", "secret"):
            (tmp_path / name).write_text(name + "\n")
        settings.FILES_S3 = {
            "endpoint": endpoint,
            "bucket": bucket,
            "region": "",
            "access_key_file": str(tmp_path / "access"),
            "secret_key_file": str(tmp_path / "secret"),
        }
    return str(request.param)


def put_instead(kind: str, sha256: str, content: bytes | None) -> None:
    """Somebody with the store in hand puts other bytes there, or takes them away."""
    if kind == "bucket":
        if content is None:
            s3._client().delete_object(Bucket=s3._bucket(), Key=s3.key_of(sha256))
        else:
            s3._client().put_object(Bucket=s3._bucket(), Key=s3.key_of(sha256), Body=content)
        return
    path = storage.path_of(sha256)
    path.unlink()
    if content is not None:
        path.write_bytes(content)


def test_what_goes_in_comes_out(kind: str, settings: Any) -> None:
    assert storage.store([CONTENT[:10], CONTENT[10:]]) == storage.Stored(SHA256, len(CONTENT))
    assert storage.read(SHA256) == CONTENT
    assert b"".join(storage.open_stream(SHA256)) == CONTENT
    assert b"".join(storage.open_unchecked(SHA256)) == CONTENT
    assert storage.check(SHA256) == "intact"
    # Again, as from another upload: it is there once, and as it was.
    storage.store([CONTENT])
    assert storage.read(SHA256) == CONTENT
    # Of what lies in a bucket nothing stays here.
    here = [path for path in settings.FILES_ROOT.rglob("*") if path.is_file()]
    assert len(here) == (0 if kind == "bucket" else 1)
    empty = storage.store([])
    assert (storage.read(empty.sha256), storage.check(empty.sha256)) == (b"", "intact")


def test_what_is_not_there_is_said_so(kind: str) -> None:
    for ask in (storage.read, storage.open_stream, storage.open_unchecked):
        with pytest.raises(FileNotFoundError):
            ask(SHA256)
    assert storage.check(SHA256) == "missing"
    for wrong in ("", "../../etc/passwd", SHA256.upper(), SHA256 + "0"):
        with pytest.raises(ValueError, match="SHA-256"):
            storage.read(wrong)


def test_other_bytes_are_damage_and_never_a_download(kind: str) -> None:
    storage.store([CONTENT])
    for other in (CONTENT[:-1] + b"x", CONTENT[:-1], CONTENT + b"x", b""):
        put_instead(kind, SHA256, other)
        assert storage.check(SHA256) == "damaged"
        with pytest.raises(storage.Damaged):
            storage.read(SHA256)
        given = b""
        with pytest.raises(storage.Damaged):
            for chunk in storage.open_stream(SHA256):
                given += chunk
        assert given == b""
        assert b"".join(storage.open_unchecked(SHA256)) == other
    put_instead(kind, SHA256, None)
    assert storage.check(SHA256) == "missing"


def test_a_limit_is_kept_and_nothing_of_it_stays(kind: str, settings: Any) -> None:
    with pytest.raises(storage.TooLarge):
        storage.store([b"x" * 10, b"y" * 10], limit=15)
    assert [path for path in settings.FILES_ROOT.rglob("*") if path.is_file()] == []


def test_a_large_file_goes_in_parts_and_takes_little_memory(kind: str, tmp_path: Path) -> None:
    """More than two parts of a multipart upload."""
    piece, digest = os.urandom(1 << 20), hashlib.sha256()
    path = Path(tmp_path / "files" / "incoming-large")
    with path.open("wb") as out:
        for _mebibyte in range(37):
            out.write(piece)
            digest.update(piece)
        out.write(b"tail")
        digest.update(b"tail")
    size, sha256 = path.stat().st_size, digest.hexdigest()
    if kind == "bucket":
        # The service runs in this process and holds its objects in memory: it is not measured with it.
        assert storage.adopt(path, sha256) == storage.Stored(sha256, size)
        assert storage.check(sha256) == "intact"
    else:
        storage.path_of(sha256).parent.mkdir(exist_ok=True)
        tracemalloc.start()
        assert storage.adopt(path, sha256) == storage.Stored(sha256, size)
        assert storage.check(sha256) == "intact"
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 16 << 20
    assert not path.exists()


def test_an_exhibit_lies_in_the_store_and_leaves_it(kind: str, casework: Casework) -> None:
    found = evidence.exhibit(casework)
    assert storage.check(found.sha256) == "intact"
    assert check_files(now=moment) == {"intact": 1, "damaged": 0, "missing": 0}
    put_instead(kind, found.sha256, b"other")
    FileCheck.objects.update(checked_at=moment().replace(year=2020))
    assert check_files(now=moment)["damaged"] == 1


def test_a_bucket_that_does_not_answer_says_nothing_of_a_file(
    casework: Casework, service: str, settings: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings.FILES_ROOT = tmp_path / "files"
    (tmp_path / "key").write_text("x")
    settings.FILES_S3 = {}
    found = evidence.exhibit(casework)
    settings.FILES_S3 = {
        "endpoint": service,
        "bucket": "there-is-none",
        "region": "",
        "access_key_file": str(tmp_path / "key"),
        "secret_key_file": str(tmp_path / "key"),
    }
    for ask in (storage.read, storage.check, storage.open_stream):
        with pytest.raises(storage.Unreachable):
            ask(found.sha256)
    # The regular look stops, tells nobody of a loss, and comes back.
    assert check_files(now=moment) == {"intact": 0, "damaged": 0, "missing": 0}
    assert not FileCheck.objects.exists()
    with pytest.raises(storage.Unreachable):
        storage.store([CONTENT])


@pytest.mark.parametrize(
    ("said", "id_"),
    [
        ({"endpoint": "https://s3.example.test"}, "E013"),
        ({"bucket": "evidence"}, "E013"),
        (
            {
                "endpoint": "http://s3.example.test",
                "bucket": "b",
                "access_key_file": "a",
                "secret_key_file": "s",
            },
            "E014",
        ),
        (
            {"endpoint": "s3.example.test", "bucket": "b", "access_key_file": "a", "secret_key_file": "s"},
            "E014",
        ),
    ],
)
def test_half_a_bucket_starts_nothing(settings: Any, said: dict[str, str], id_: str) -> None:
    names = ("endpoint", "bucket", "region", "access_key_file", "secret_key_file")
    settings.FILES_S3 = dict.fromkeys(names, "") | said
    with pytest.raises(SystemCheckError, match=f"holdfast.{id_}"):
        call_command("check")
