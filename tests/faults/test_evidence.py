"""Uploads to the real web server: on a full disk nothing that was acknowledged is lost; hostile files cost no memory."""

import hashlib
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cases.receiving import SPARE
from tests.faults.conftest import Ground, descendants, disk_of
from tests.runtime.support import PROJECT, free_port
from tests.web.test_exhibits import HOSTILE

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
MEMORY_LIMIT = 64 << 20
PROGRAM = """
import django
django.setup()
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from cases.actions import cases, people
user = people.add_person(by=None, at=datetime.now(UTC), email=f"{uuid4()}@example.test", name="Lead", role="investigator",
                         password=None)
now = datetime.now(UTC)
_token, secret = people.create_token(by=user, at=now, label="test", expires_at=now + timedelta(days=1))
case = cases.open_case(by=user, at=datetime.now(UTC), title="Case", typology="fraud", classification="internal")
print(case.reference, secret)
"""


@dataclass
class Web:
    """A running web server, and a program with a token and a case."""

    process: "subprocess.Popen[bytes]"
    base: str
    secret: str

    def send(self, method: str, path: str, body: bytes | dict[str, Any], **headers: str) -> tuple[int, Any]:
        """Status and answer, also where it refuses."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.base}/{path}",
            raw,
            {
                "Authorization": f"Bearer {self.secret}",
                "Content-Type": "application/json",
                "Idempotency-Key": str(uuid.uuid4()),
                **headers,
            },
            method=method,
        )
        try:
            with DIRECT.open(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def begin(self, name: str, size: int) -> str:
        status, begun = self.send("POST", "uploads", {"filename": name, "size": size})
        assert status == 201, begun
        return str(begun["token"])

    def put(self, token: str, offset: int, part: bytes) -> tuple[int, Any]:
        return self.send("PUT", f"uploads/{token}", part, **{"Upload-Offset": str(offset)})

    def exhibit(self, token: str) -> tuple[int, Any]:
        stated = {
            "upload": token,
            "title": "Disk image",
            "received_from": "Agent Lee",
            "received_how": "USB drive",
            "received_at": "2023-05-24T10:04:00Z",
        }
        return self.send("POST", "exhibits", stated)

    @property
    def memory(self) -> int:
        """Bytes that the server and its workers hold for themselves (`Pss` of /proc)."""
        found = 0
        for pid in [self.process.pid, *descendants(self.process.pid)]:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    found += int(line.split()[1]) << 10
        return found


@contextmanager
def serving(ground: Ground, files: Path) -> Iterator[Web]:
    port = free_port()
    with (ground.folder / "web.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}",
             "--workers", "2", "--threads", "4", "--no-control-socket"],
            env={**ground.environment, "HOLDFAST_FILES": str(files)}, cwd=PROJECT, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while True:
            try:
                DIRECT.open(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
                break
            except urllib.error.HTTPError:
                # It answers; that no worker runs beside it is said there.
                break
            except OSError:
                assert time.monotonic() < until, "the web server does not come up"
                time.sleep(0.2)
        reference, secret = ground.run("-c", PROGRAM).split()
        yield Web(process, f"http://127.0.0.1:{port}/api/v1/cases/{reference}", secret)
    finally:
        process.terminate()
        process.wait(timeout=60)


def test_what_would_not_fit_is_refused_before_a_byte_of_it_is_sent(ground: Ground, small_disk: Path) -> None:
    with serving(ground, small_disk / "files") as web:
        status, said = web.send("POST", "uploads", {"filename": "disk.img", "size": 6 << 20})
        assert (status, said["detail"]) == (422, "There is no room for this file. Nothing was recorded.")


@pytest.fixture
def roomy_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with 16 MiB more than what is kept free whatever is announced."""
    with disk_of(tmp_path / "roomy", (SPARE >> 20) + 16) as place:
        yield place


def test_a_full_disk_refuses_a_part_and_goes_on_when_there_is_room(ground: Ground, roomy_disk: Path) -> None:
    content = b"".join(hashlib.sha256(b"%d" % place).digest() * 32 for place in range(6 << 10))
    part, size = 1 << 20, 6 << 20
    assert len(content) == size
    with serving(ground, roomy_disk / "files") as web:
        # One that is here before stays.
        early = web.begin("early.bin", 5)
        assert web.put(early, 0, b"early")[0] == 200
        assert web.exhibit(early)[0] == 201
        token = web.begin("disk.img", size)
        filler = roomy_disk / "filler"
        acknowledged, refused = 0, ""
        with filler.open("wb") as out:
            for _mebibyte in range((SPARE >> 20) + 12):
                out.write(bytes(1 << 20))
        while acknowledged < size:
            status, said = web.put(token, acknowledged, content[acknowledged : acknowledged + part])
            if status == 507:
                refused = said.get("detail") or said.get("reason")
                break
            assert status == 200, said
            acknowledged = said["received"]
        assert 0 < acknowledged < size
        assert refused == "There is no room for this part. What arrived before it is kept."
        # Whatever is tried meanwhile is refused in words, and the server lives.
        assert web.exhibit(token)[0] == 422
        status, said = web.send("POST", "notes", {"text": "The database has room of its own."})
        assert status == 201, said
        filler.unlink()
        # It goes on where it was; a part of which some bytes came is not lost either.
        status, said = web.put(token, acknowledged, content[acknowledged : acknowledged + part])
        if status == 409 or status == 200:
            acknowledged = said["received"]
        while acknowledged < size:
            status, said = web.put(token, acknowledged, content[acknowledged : acknowledged + part])
            assert status == 200, said
            acknowledged = said["received"]
        status, made = web.exhibit(token)
        assert (status, made["sha256"]) == (201, hashlib.sha256(content).hexdigest())
        assert (roomy_disk / "files" / made["sha256"][:2] / made["sha256"]).stat().st_size == size


def test_hostile_uploads_cost_the_web_server_no_memory(
    ground: Ground, tmp_path: Path, capsys: "pytest.CaptureFixture[str]"
) -> None:
    """Each of the hostile files, padded to 3 MiB, through two workers of the real server."""
    padding = bytes(3 << 20)
    with serving(ground, tmp_path / "files") as web:

        def take(turn: int, name: str, content: bytes) -> None:
            sent = content + b"\n%d" % turn + padding
            status, begun = web.send("POST", "uploads", {"filename": name, "size": len(sent)})
            if status == 422:
                # A name that is refused costs its bytes no less.
                status, begun = web.send("POST", "uploads", {"filename": "x.bin", "size": len(sent)})
            assert status == 201, begun
            token = str(begun["token"])
            assert web.put(token, 0, sent)[0] == 200
            status, made = web.exhibit(token)
            assert (status, made["sha256"]) == (201, hashlib.sha256(sent).hexdigest())

        # Until both workers have loaded what they need.
        for turn in range(24):
            take(-1 - turn, "x.txt", b"x")
        before = web.memory
        highest = 0
        for turn, (_what, _index, name, content, _kind) in enumerate(HOSTILE):
            take(turn, name, content)
            highest = max(highest, web.memory)
        grown = highest - before
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{len(HOSTILE)} hostile uploads of 3 MiB: {before >> 20} MiB before, "
            f"grown by {grown / (1 << 20):.1f} MiB at most"
        )
    assert grown <= MEMORY_LIMIT
