"""The case's part of the record as a ZIP that an outsider checks offline with `holdfast_verify.py`.

    manifest.json            what the bundle is of, and the SHA-256 and size of every other file
    record/events.jsonl      every event of the case in its sequence, with its place in the tree and its audit path
    record/rows.jsonl        the rows that the events tell of, as they stand now
    record/checkpoint.txt    the newest checkpoint
    record/streams.jsonl     how many events the case had at the newest and at earlier checkpoints, with audit paths
    record/consistency.jsonl earlier checkpoints, each with the proof that the newest tree begins with it
    record/keys.txt          the public keys, to be compared with those that the exchange published
    files/<sha256>           the papers and exhibits that the rows name
    holdfast_verify.py, HOW-TO-VERIFY.md

Whoever may not know all of the case's orders gets the events that concern the others as hashes alone, and no rows: that
something is withheld is said. Written in constant memory; the same record gives the same bytes.
"""

import hashlib
import json
import zipfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection

from cases import storage
from cases.audit.models import Checkpoint, Event, SigningKey
from cases.audit.record import utc_text
from cases.audit.rows import row_texts, told_in
from cases.audit.tree import merkle, notes
from cases.audit.tree.checkpoints import TreeBroken
from cases.audit.tree.keys import verifier_key
from cases.audit.tree.sequencer import fetcher
from cases.audit.tree.streams import laid_at, proof_of
from cases.models import Case
from cases.models.recorded import OF_THE_INSTALLATION, RECORDED
from cases.queries.sight import one_moment

FORMAT = "holdfast-case-bundle-1"
PIECE = 500
# Earlier checkpoints that a reader may hold: so many of the newest are proven to be the beginning of this tree,
MOST_CONSISTENT = 2_000
# and of so many it is shown how long the case was then, which reads the whole tree each time.
MOST_STREAMS = 10
# Beyond these, the checkpoints of so many of the case's own newest bundles: their readers hold those, however old.
MOST_HANDED_OUT = 20
WHEN = (1980, 1, 1, 0, 0, 0)
# Tables whose rows name a file of the store by its SHA-256.
WITH_FILES = ("cases_orderpaper", "cases_exhibit")


class NotInTheTree(Exception):
    """The record has no checkpoint that holds the case's events."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was made: SHA-256 and size of the ZIP, and the size of the tree that it was proven against."""

    sha256: str
    size: int
    tree_size: int
    events: int
    is_whole: bool


def make(case: Case, *, checkpoint: Checkpoint, at: datetime, hidden: Collection[int], out: Path) -> Bundle:
    """Write the bundle to `out`. `hidden` are the numbers (ids) of events that its reader may not know.

    Raises TreeBroken, BadNote; NotInTheTree where the case has events that the checkpoint does not hold: sign a newer
    one and try again.
    """
    with one_moment(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        writer = _Writer(archive)
        size = checkpoint.size
        whole = not case.hidden_orders
        note = notes.read(checkpoint.note)
        if (note.size, note.root) != (size, bytes(checkpoint.root)):
            raise TreeBroken("a checkpoint's row is not what its signed text says")
        if not any(note.is_signed(key.name, bytes(key.public)) for key in SigningKey.objects.all()):
            raise TreeBroken("the checkpoint is signed by none of the known keys")
        # What was told since is not signed yet, and the rows may be as that left them.
        if Event.objects.filter(stream_id=case.stream_id).exclude(leaf__index__lt=size).exists():
            raise NotInTheTree
        laid = laid_at(size)
        found = proof_of(laid, case.stream.uuid)
        if found is None:
            raise NotInTheTree
        writer.add("record/checkpoint.txt", [checkpoint.note.encode()])
        keys = "".join(verifier_key(key) + "\n" for key in SigningKey.objects.order_by("number"))
        writer.add("record/keys.txt", [keys.encode()])
        told: dict[tuple[str, int], str] = {}
        writer.add("record/events.jsonl", _events(case, size, hidden, told, rows=whole))
        files: set[str] = set()
        if whole:
            writer.add("record/rows.jsonl", _rows(case, told, files))
        before = Checkpoint.objects.filter(size__lt=size).order_by("-size", "-pk")
        newest, handed = list(before[:MOST_CONSISTENT]), list(before.filter(size__in=_handed_out(case, size)))
        earlier = newest + [each for each in handed if each not in newest]
        writer.add("record/consistency.jsonl", _consistency(earlier, size))
        lengths = newest[: MOST_STREAMS - 1]
        lengths += [each for each in handed if each not in lengths]
        writer.add("record/streams.jsonl", _streams(case, [checkpoint, *lengths]))
        for sha256 in sorted(files):
            writer.add(f"files/{sha256}", storage.open_unchecked(sha256))
        guide = Path(settings.BASE_DIR) / "docs" / "verify"
        writer.add("holdfast_verify.py", _pieces(guide / "holdfast_verify.py"))
        writer.add("HOW-TO-VERIFY.md", _pieces(guide / "README.md"))
        manifest = {
            "format": FORMAT,
            "case": case.reference,
            "stream": str(case.stream.uuid),
            "made_at": utc_text(at),
            "tree_size": size,
            "whole": whole,
            "files": writer.files,
        }
        text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        archive.writestr(_info("manifest.json"), text.encode())
        events = found[0].length
    digest = hashlib.sha256()
    for piece in _pieces(out):
        digest.update(piece)
    return Bundle(digest.hexdigest(), out.stat().st_size, size, events, whole)


class _Writer:
    """Adds files piece by piece and remembers their digests."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.files: dict[str, dict[str, object]] = {}

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        digest, size = hashlib.sha256(), 0
        with self.archive.open(_info(name), "w", force_zip64=True) as target:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                target.write(piece)
        self.files[name] = {"sha256": digest.hexdigest(), "size": size}


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date_time=WHEN)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o100644 << 16
    return info


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while piece := source.read(1 << 20):
            yield piece


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _handed_out(case: Case, size: int) -> list[int]:
    """The sizes of the tree in this case's newest bundles; none once the values' key was destroyed."""
    made = Event.objects.filter(stream_id=case.stream_id, action="bundle.made", leaf__index__lt=size)
    found = []
    for event in made.order_by("-sequence")[:MOST_HANDED_OUT]:
        event.stream = case.stream
        if event.kept:
            found.append(int(str(event.values["tree_size"])))
    return found


def _path_nodes(indexes: Collection[int], size: int) -> set[tuple[int, int]]:
    """The nodes that the audit paths of these leaves are made of."""
    wanted: set[tuple[int, int]] = set()

    def note(level: int, index: int) -> bytes:
        wanted.add((level, index))
        return bytes(32)

    for index in indexes:
        merkle.inclusion(index, size, note)
    return wanted


def _events(
    case: Case, size: int, hidden: Collection[int], told: dict[tuple[str, int], str], *, rows: bool
) -> Iterator[bytes]:
    """The case's events among the first `size` leaves; fills `told` with the last word on each row."""
    last = 0
    while True:
        events = list(
            Event.objects.filter(stream_id=case.stream_id, sequence__gt=last, leaf__index__lt=size)
            .select_related("leaf")
            .order_by("sequence")[:PIECE]
        )
        if not events:
            return
        microseconds = _recorded([event.pk for event in events])
        fetch = fetcher(_path_nodes([event.leaf.index for event in events], size))
        for event in events:
            event.stream = case.stream
            for table, number, digest in told_in(event.rows):
                told[table, number] = digest
            yield _line(
                {
                    "sequence": event.sequence,
                    "recorded_us": microseconds[event.pk],
                    "previous": bytes(event.previous_hash).hex(),
                    "hash": bytes(event.hash).hex(),
                    "leaf": event.leaf.index,
                    "path": [step.hex() for step in merkle.inclusion(event.leaf.index, size, fetch)],
                    **(_withheld(event) if event.pk in hidden else _shown(event, rows=rows)),
                }
            )
        last = events[-1].sequence


def _recorded(numbers: list[int]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, (extract(epoch FROM recorded_at) * 1000000)::bigint FROM audit_event WHERE id = ANY(%s)",
            [numbers],
        )
        return dict(cursor.fetchall())


def _withheld(event: Event) -> dict[str, Any]:
    return {
        "body_sha256": hashlib.sha256(bytes(event.body)).hexdigest(),
        "rows_sha256": hashlib.sha256(event.rows.encode()).hexdigest(),
    }


def _shown(event: Event, *, rows: bool) -> dict[str, Any]:
    told = event.told
    shown: dict[str, Any] = {"body": bytes(event.body).decode()}
    if rows:
        shown["rows"] = event.rows
    else:
        shown["rows_sha256"] = hashlib.sha256(event.rows.encode()).hexdigest()
    if told.kept:
        shown["values"] = {name: [salt.hex(), text.decode()] for name, (salt, text) in told.texts.items()}
        if rows:
            shown["row_salt"] = told.row_salt.hex()
    return shown


def _present(case: Case) -> Iterator[tuple[str, int]]:
    """Every row that names the case, told of or not: one that was put in past the actions is seen by the verifier."""
    yield Case._meta.db_table, case.pk
    for model in apps.get_models():
        table = model._meta.db_table
        if table not in RECORDED or table in OF_THE_INSTALLATION:
            continue
        if any(column.attname == "case_id" for column in model._meta.concrete_fields):
            for number in model._base_manager.filter(case_id=case.pk).values_list("pk", flat=True):
                yield table, number


def _rows(case: Case, told: dict[tuple[str, int], str], files: set[str]) -> Iterator[bytes]:
    """The rows as they stand, but of the tables that belong to the installation rather than to a case."""
    tables: dict[str, list[int]] = {}
    # Those that were recorded as deleted too: one that is there again is no longer what the record says.
    for table, number in sorted({*told, *_present(case)}):
        if table in RECORDED and table not in OF_THE_INSTALLATION:
            tables.setdefault(table, []).append(number)
    for table, numbers in tables.items():
        for start in range(0, len(numbers), PIECE):
            texts = row_texts(table, RECORDED[table], numbers[start : start + PIECE])
            for number, text in sorted(texts.items()):
                if table in WITH_FILES:
                    sha256 = json.loads(text)["sha256"]
                    files.add(sha256)
                yield _line({"table": table, "row": number, "text": text})


def _consistency(earlier: Iterable[Checkpoint], size: int) -> Iterator[bytes]:
    fetch = fetcher(())
    for checkpoint in earlier:
        path = merkle.consistency(checkpoint.size, size, fetch)
        yield _line({"size": checkpoint.size, "note": checkpoint.note, "path": [step.hex() for step in path]})


def _streams(case: Case, checkpoints: Iterable[Checkpoint]) -> Iterator[bytes]:
    for checkpoint in checkpoints:
        laid = laid_at(checkpoint.size)
        found = proof_of(laid, case.stream.uuid)
        if found is None:
            continue
        stream, place, path = found
        yield _line(
            {
                "size": checkpoint.size,
                "streams": len(laid),
                "length": stream.length,
                "head": stream.head.hex(),
                "place": place,
                "path": [step.hex() for step in path],
            }
        )
