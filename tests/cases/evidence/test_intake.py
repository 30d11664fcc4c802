"""Files on their way in: appended, cut, resumed, refused; and the exhibit that they become."""

import hashlib
import os
import random
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cases import receiving, storage
from cases.actions import exhibits
from cases.actions.base import ActionError
from cases.actions.exhibits.uploads import AT_ONCE, KEPT
from cases.audit.models import Event
from cases.models import CustodyStep, Exhibit, Upload
from cases.permissions import Permission
from tests.support import evidence
from tests.support.casework import Casework, moment

P = Permission


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.FILES_ROOT = tmp_path / "files"


def lying(root: Path) -> list[Path]:
    """Every file below the file store."""
    return [path for path in root.rglob("*") if path.is_file()]


def test_an_exhibit_holds_what_came_and_whence(casework: Casework) -> None:
    content = b"%PDF-1.7 a statement"
    found = evidence.exhibit(casework, content, filename="../../etc/passwd")
    assert (found.number, found.name, found.media_type, found.size) == (
        1,
        "EX-1",
        "application/pdf",
        len(content),
    )
    assert storage.read(found.sha256) == content
    step = CustodyStep.objects.get(exhibit=found)
    assert (step.kind, step.position, step.sha256_before, step.sha256_after) == (
        "received",
        1,
        "",
        found.sha256,
    )
    event = Event.objects.filter(stream=casework.case.stream).latest("sequence")
    assert event.values["sha256"] == found.sha256
    assert not Upload.objects.exists()
    assert oct(storage.path_of(found.sha256).stat().st_mode & 0o777) == "0o400"


def test_an_upload_that_is_cut_at_twenty_places_goes_on_where_it_stopped(casework: Casework) -> None:
    """At each of 20 places the sender vanishes in the middle of a part, and this process forgets what it hashed."""
    content = random.Random(5).randbytes(300_000)
    token = evidence.upload_begun(casework, size=len(content))
    cuts = sorted(random.Random(6).sample(range(1, len(content)), 20))

    def until(start: int, end: int) -> Iterator[bytes]:
        for place in range(start, end, 7000):
            yield content[place : min(place + 7000, end)]
        raise ConnectionResetError

    for turn, cut in enumerate(cuts):
        there = receiving.received(token)
        with pytest.raises(ConnectionResetError):
            receiving.append(token, offset=there, chunks=until(there, cut), size=len(content))
        assert receiving.received(token) == cut
        if turn % 2:
            receiving._hashed.clear()
        with pytest.raises(receiving.WrongOffset) as refused:
            receiving.append(token, offset=cut - 1, chunks=[b"x"], size=len(content))
        assert refused.value.received == cut
    receiving.append(token, offset=cuts[-1], chunks=[content[cuts[-1] :]], size=len(content))
    upload = exhibits.keep_whole(
        grant=casework.grant(P.EVIDENCE), at=moment(), token=token, media_type="application/octet-stream"
    )
    assert upload.sha256 == hashlib.sha256(content).hexdigest()
    assert storage.read(upload.sha256) == content


def test_an_upload_that_is_given_up_leaves_nothing(casework: Casework, settings: Any) -> None:
    root = Path(settings.FILES_ROOT)
    grant = casework.grant(P.EVIDENCE)
    for received in range(20):
        token = evidence.upload_begun(casework, size=100)
        if received:
            receiving.append(token, offset=0, chunks=[b"x" * received], size=100)
        Upload.objects.filter(token=token).update(expires_at=moment() - timedelta(days=1))
    assert exhibits.purge_uploads(now=moment) == 20
    assert lying(root) == []
    assert not Upload.objects.exists()
    # A file that no row knows, left by a crash between the row's end and the file's.
    receiving.append(evidence.upload_begun(casework), offset=0, chunks=[b"y"], size=10)
    Upload.objects.all().delete()
    exhibits.purge_uploads(now=moment)
    assert lying(root) == []
    with pytest.raises(ActionError, match="no such upload"):
        exhibits.keep_whole(grant=grant, at=moment(), token=token, media_type="x")


def test_no_more_is_taken_than_was_announced(casework: Casework) -> None:
    token = evidence.upload_begun(casework, size=10)
    with pytest.raises(receiving.TooMuch):
        receiving.append(token, offset=0, chunks=[b"x" * 6, b"y" * 6], size=10)
    assert receiving.received(token) == 6
    with pytest.raises(ActionError, match="Only"):
        exhibits.keep_whole(grant=casework.grant(P.EVIDENCE), at=moment(), token=token, media_type="x")


def test_what_was_announced_otherwise_is_refused_and_cleared_away(casework: Casework, settings: Any) -> None:
    grant = casework.grant(P.EVIDENCE)
    upload = exhibits.begin_upload(grant=grant, at=moment(), filename="a", size=3, announced="a" * 64)
    receiving.append(upload.token, offset=0, chunks=[b"abc"], size=3)
    with pytest.raises(ActionError, match=hashlib.sha256(b"abc").hexdigest()):
        exhibits.keep_whole(grant=grant, at=moment(), token=upload.token, media_type="x")
    assert receiving.received(upload.token) == 0
    assert lying(Path(settings.FILES_ROOT)) == []


def test_an_upload_becomes_one_exhibit_once(casework: Casework) -> None:
    upload = evidence.upload_whole(casework)
    grant = casework.grant(P.EVIDENCE)
    source = exhibits.Source("Agent Lee", "By mail", moment())
    exhibits.add_exhibit(grant=grant, at=moment(), upload=upload.token, title="One", source=source)
    with pytest.raises(ActionError, match="no such upload"):
        exhibits.add_exhibit(grant=grant, at=moment(), upload=upload.token, title="Two", source=source)
    again = evidence.upload_whole(casework)
    with pytest.raises(ActionError, match="EX-1"):
        exhibits.add_exhibit(grant=grant, at=moment(), upload=again.token, title="Two", source=source)
    assert Exhibit.objects.count() == 1


def test_somebody_elses_upload_is_none(casework: Casework) -> None:
    upload = evidence.upload_whole(casework)
    with pytest.raises(ActionError, match="no such upload"):
        exhibits.take_in(
            grant=casework.grant(P.EVIDENCE, casework.approver),
            at=moment(),
            upload=upload.token,
            media_type="x",
            title="x",
            source=exhibits.Source("x", "x", moment()),
        )


def test_limits_are_said_beside_the_field(casework: Casework, settings: Any) -> None:
    grant = casework.grant(P.EVIDENCE)
    settings.EXHIBIT_MAX_BYTES = 1000
    for size, words in ((0, "empty"), (1001, "larger")):
        with pytest.raises(ActionError, match=words) as refused:
            exhibits.begin_upload(grant=grant, at=moment(), filename="a", size=size)
        assert refused.value.field == "file"
    settings.EXHIBIT_MAX_BYTES = 1 << 62
    with pytest.raises(ActionError, match="no room"):
        exhibits.begin_upload(grant=grant, at=moment(), filename="a", size=1 << 55)
    for _ in range(AT_ONCE):
        evidence.upload_begun(casework)
    with pytest.raises(ActionError, match="unfinished"):
        evidence.upload_begun(casework)
    assert Upload.objects.latest("pk").expires_at - Upload.objects.latest("pk").begun_at == KEPT


def test_a_full_disk_is_one_clear_message_and_what_came_before_stays(
    casework: Casework, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ENOSPC from the operating system itself: a limit on the size of files stands for a full disk."""
    import resource
    import signal

    token = evidence.upload_begun(casework, size=100_000)
    receiving.append(token, offset=0, chunks=[b"a" * 30_000], size=100_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            receiving.append(token, offset=30_000, chunks=[b"b" * 40_000], size=100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    there = receiving.received(token)
    assert 30_000 <= there <= 50_000
    # Room again: it goes on, and what it becomes is what was sent.
    receiving.append(token, offset=there, chunks=[b"b" * (70_000 - there)], size=100_000)
    receiving.append(token, offset=70_000, chunks=[b"c" * 30_000], size=100_000)
    upload = exhibits.keep_whole(grant=casework.grant(P.EVIDENCE), at=moment(), token=token, media_type="x")
    assert upload.sha256 == hashlib.sha256(b"a" * 30_000 + b"b" * 40_000 + b"c" * 30_000).hexdigest()


SHORT, LONG = 200 << 20, 10 << 30


def _large(casework: Casework, size: int) -> None:
    """A file of this size goes in, is kept, checked, and comes out, with some mebibytes of memory."""
    piece = os.urandom(1 << 20)
    token = evidence.upload_begun(casework, size=size)
    expected = hashlib.sha256()
    tracemalloc.start()
    offset = 0
    while offset < size:
        part = min(8 << 20, size - offset)

        def chunks(length: int = part) -> Iterator[bytes]:
            for _ in range(length >> 20):
                expected.update(piece)
                yield piece

        offset = receiving.append(token, offset=offset, chunks=chunks(), size=size)
    upload = exhibits.keep_whole(grant=casework.grant(P.EVIDENCE), at=moment(), token=token, media_type="x")
    assert upload.sha256 == expected.hexdigest()
    assert storage.check(upload.sha256) == "intact"
    assert sum(len(chunk) for chunk in storage.open_stream(upload.sha256)) == size
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20


def test_a_large_file_takes_little_memory(casework: Casework) -> None:
    _large(casework, SHORT)


@pytest.mark.long
def test_ten_gigabytes_take_little_memory(casework: Casework) -> None:
    _large(casework, LONG)
