"""From content to a PDF file: Typst in a child process of its own, with limits, in a private folder."""

import hashlib
import json
import logging
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.exports import fonts, layout
from cases.exports.content import Content

logger = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent
# About 3.3 MB a page were measured, and 1 GB at 300 pages; address space runs ahead of that.
MEMORY_BYTES = 4 << 30
SECONDS = 240
_PAGES = re.compile(rb"/Type\s*/Pages\b[^>]*?/Count (\d+)|/Count (\d+)[^>]*?/Type\s*/Pages\b")


class RenderFailed(Exception):
    """No file came of it. `reason` is a sentence for people."""

    def __init__(self, reason: str | Promise) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True)
class Rendered:
    """A typeset file, there as long as the block that asked for it: where it lies, and how many pages it has."""

    path: Path
    pages: int


@contextmanager
def rendered(content: Content) -> Iterator[Rendered]:
    """Typeset the content. The same content gives the same bytes. Raises RenderFailed, or OSError when the disk is full."""
    data = content.as_json()
    with translation.override(settings.LANGUAGE_CODE):
        page = layout.laid_out(content.facts, data_sha256=hashlib.sha256(data).hexdigest())
    with _private_folder() as folder:
        (folder / layout.DATA_FILE).write_bytes(data)
        (folder / "page.json").write_text(json.dumps(page, ensure_ascii=False), encoding="utf-8")
        shutil.copyfile(HERE / "template.typ", folder / "template.typ")
        _typeset(folder)
        path = folder / "file.pdf"
        yield Rendered(path=path, pages=count_pages(path.read_bytes()))


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder that only this user may enter; it goes when the block ends."""
    parent = Path(settings.FILES_ROOT) / "typesetting"
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _sweep(parent)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)


def _sweep(parent: Path) -> None:
    """What a killed worker left behind holds case content: it goes once no process can still be at work on it."""
    oldest = time.time() - 10 * SECONDS
    for folder in parent.iterdir():
        if folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def _typeset(folder: Path) -> None:
    seconds: int = getattr(settings, "EXPORT_SECONDS", SECONDS)
    memory: int = getattr(settings, "EXPORT_MEMORY_BYTES", MEMORY_BYTES)
    command = [sys.executable, "-I", str(HERE / "typeset.py"), str(memory), str(seconds)]
    command += [str(path) for path in fonts.folders()]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={"HOME": str(folder), "TZ": "UTC", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=seconds,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RenderFailed(_("Typesetting took longer than allowed and was ended.")) from error
    complaint = done.stderr[-2000:].decode("utf-8", "replace").strip()
    if complaint:
        logger.warning("typesetting ended with %s: %s", done.returncode, complaint)
    if done.returncode != 0:
        raise RenderFailed(_reason(done.returncode, complaint))


def _reason(returncode: int, complaint: str) -> str | Promise:
    if returncode == -signal.SIGXCPU:
        return _("Typesetting took longer than allowed and was ended.")
    if returncode == -signal.SIGABRT or "MemoryError" in complaint or "memory allocation" in complaint:
        return _("Typesetting needed more memory than it may use.")
    if returncode < 0:
        return _(
            "The typesetting process was ended from outside (signal %(signal)s), perhaps because the machine ran out "
            "of memory."
        ) % {"signal": -returncode}
    return _("Typesetting failed. The reason is in the worker's log.")


def count_pages(pdf: bytes) -> int:
    """How many pages the file has, by its page tree. Raises RenderFailed where there is none to be read."""
    counts = [int(first or second) for first, second in _PAGES.findall(pdf)]
    if not counts or max(counts) < 1:
        raise RenderFailed(_("The typeset file has no pages."))
    return max(counts)
