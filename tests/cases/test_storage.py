"""The file store: bytes under their digest, whole or not at all."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cases import storage
from cases.storage import Damaged, TooLarge, filesystem


@pytest.fixture
def root(settings: Any, tmp_path: Path) -> Path:
    settings.FILES_ROOT = tmp_path / "home" / "files"
    return Path(settings.FILES_ROOT)


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_bytes_are_known_by_their_digest_alone(root: Path) -> None:
    stored = storage.store([b"one ", b"", b"two"])
    assert stored.sha256 == hashlib.sha256(b"one two").hexdigest()
    assert stored.size == 7
    assert storage.read(stored.sha256) == b"one two"
    assert storage.path_of(stored.sha256) == root / stored.sha256[:2] / stored.sha256


def test_nobody_else_on_the_machine_reads_or_lists_them(root: Path) -> None:
    before = os.umask(0)
    try:
        path = storage.path_of(storage.store([b"x"]).sha256)
    finally:
        os.umask(before)
    assert mode(path) == 0o400
    assert {mode(folder) for folder in (root, root / "incoming", path.parent)} == {0o700}


def test_the_same_bytes_again_are_the_same_file(root: Path) -> None:
    first = storage.store([b"x"])
    assert storage.store([b"x"]) == first
    assert len(files(root)) == 1
    assert storage.read(first.sha256) == b"x"


@pytest.mark.parametrize("damage", [b"", b"y", b"xx"], ids=["emptied", "another byte", "longer"])
def test_a_damaged_file_is_never_handed_out(root: Path, damage: bytes) -> None:
    stored = storage.store([b"x"])
    path = storage.path_of(stored.sha256)
    path.chmod(0o600)
    path.write_bytes(damage)
    with pytest.raises(Damaged):
        storage.read(stored.sha256)


def test_a_file_that_is_gone_says_so(root: Path) -> None:
    stored = storage.store([b"x"])
    storage.path_of(stored.sha256).unlink()
    with pytest.raises(FileNotFoundError):
        storage.read(stored.sha256)


def test_too_much_leaves_nothing_behind(root: Path) -> None:
    taken: list[int] = []

    def endless() -> Iterator[bytes]:
        for number in range(1000):
            taken.append(number)
            yield b"x" * 10

    with pytest.raises(TooLarge):
        storage.store(endless(), limit=25)
    assert len(taken) == 3
    assert files(root) == []
    assert storage.store([b"x" * 25], limit=25).size == 25


def test_a_source_that_breaks_leaves_nothing_behind(root: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"half"
        raise OSError(errno.EIO, "the upload ended")

    with pytest.raises(OSError, match="the upload ended"):
        storage.store(breaking())
    assert files(root) == []


def test_a_full_disk_leaves_nothing_behind(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(filesystem.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        storage.store([b"x"])
    assert files(root) == []


def test_everything_is_flushed_before_the_name_appears(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes, then the name, then the folders that hold it: a digest in the record always finds its file."""
    flushed: list[tuple[str, bool]] = []
    target = storage.path_of(hashlib.sha256(b"x").hexdigest())
    real = os.fsync

    def fsync(descriptor: int) -> None:
        name = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        kind = "bytes" if name.parent.name == "incoming" else "root" if name == root else "folder"
        flushed.append((kind, target.exists()))
        real(descriptor)

    monkeypatch.setattr(filesystem.os, "fsync", fsync)
    storage.store([b"x"])
    assert flushed == [("bytes", False), ("folder", True), ("root", True)]


@pytest.mark.parametrize("name", ["", "a" * 63, "A" * 64, "../" + "a" * 61, "g" * 64, "a" * 64 + "\n"])
def test_nothing_but_a_digest_names_a_file(root: Path, name: str) -> None:
    for call in (storage.path_of, storage.read):
        with pytest.raises(ValueError, match="SHA-256"):
            call(name)


def test_a_childs_file_is_stored_whole(root: Path, tmp_path: Path) -> None:
    source = tmp_path / "made"
    source.write_bytes(os.urandom(3 << 20))
    stored = storage.store_file(source)
    assert storage.read(stored.sha256) == source.read_bytes()
