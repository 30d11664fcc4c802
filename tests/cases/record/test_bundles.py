"""Bundles: made from a rich case, checked by the verifier alone on a bare machine; every tampering is found."""

import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from cases import storage
from cases.access import Denied, case_for
from cases.actions.base import ActionError
from cases.actions.bundles import make_bundle
from cases.actions.cases import write_note
from cases.actions.checkpoints import checkpoint_now
from cases.actions.keys import begin_signing
from cases.audit.models import Event, Leaf, Node
from cases.audit.tree import merkle
from cases.audit.tree.keys import verifier_key
from cases.audit.tree.merkle import grown, leaf_hash
from cases.exports.bundle import NotInTheTree
from cases.models import Case
from cases.permissions import Permission
from cases.sealing.envelope import CannotUnseal, forget
from cases.sealing.models import DataKey
from tests.cases.record.test_tree import LEAVES, PATHS, ROOTS
from tests.support.casework import Casework, moment
from tests.support.everything import PAPER, staged
from tests.support.rows import all_at_once, arranged
from tests.support.tampering import KINDS, facts_of, superuser

VERIFIER = Path(__file__).resolve().parents[3] / "docs" / "verify" / "holdfast_verify.py"
TABLES = {
    "cases_case": "id = {case}",
    "cases_legalorder": "case_id = {case}",
    "cases_obligation": "case_id = {case}",
    "cases_freezeorder": "case_id = {case}",
    "cases_freezeapproval": "freeze_id IN (SELECT id FROM cases_freezeorder WHERE case_id = {case})",
    "cases_note": "case_id = {case}",
    "cases_orderpaper": "case_id = {case}",
    "cases_exhibit": "case_id = {case}",
    "cases_custodystep": "case_id = {case}",
    "cases_subject": "case_id = {case}",
    "cases_exchangeaccount": "case_id = {case}",
    "cases_casewallet": "case_id = {case}",
}


def verified(bundle: Path, *arguments: object) -> tuple[int, str]:
    """The verifier's exit code and its words: another Python without our code, and no environment."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(VERIFIER), str(bundle), *map(str, arguments)],
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout


@dataclass
class Scene:
    casework: Casework
    keys: Path
    kept: Path
    folder: Path

    def bundle(self, name: str = "bundle.zip") -> Path:
        grant = case_for(self.casework.lead, self.casework.case.reference, Permission.EXPORT)
        target = self.folder / name
        with make_bundle(grant=grant, at=moment()) as (path, _made):
            shutil.copyfile(path, target)
        return target


def rich_scene(folder: Path, settings: Any) -> Scene:
    """A case with a row of each kind, signed; the keys that were published, and the checkpoint that a reader kept."""
    settings.SIGNING_KEYS, settings.CHECKPOINT_FILES = folder / "signing", ""
    with all_at_once():
        casework = staged().casework
        arranged()
    storage.store([PAPER])
    key = begin_signing(at=moment())
    for number in range(3):
        write_note(grant=casework.grant(Permission.NOTE), at=moment(), text=f"Called the clerk, {number}.")
    keys, kept = folder / "keys.txt", folder / "kept.txt"
    keys.write_text(verifier_key(key) + "\n")
    kept.write_text(checkpoint_now(at=moment()).note)  # type: ignore[union-attr]
    return Scene(casework, keys, kept, folder)


@pytest.fixture
def scene(transactional_db: None, settings: Any, tmp_path: Path) -> Scene:
    return rich_scene(tmp_path, settings)


def test_a_rich_case_is_whole_on_a_bare_machine(scene: Scene) -> None:
    bundle = scene.bundle()
    code, words = verified(bundle, "--key", scene.keys, "--checkpoint", scene.kept)
    assert (code, words.splitlines()[-1]) == (0, "VERDICT: WHOLE.")
    assert "the record was only added to" in words
    assert "NOT SHOWN" not in words
    # Without a key from elsewhere it says so, and is no proof.
    code, words = verified(bundle)
    assert code == 1
    assert "ITS SIGNER IS NOT KNOWN" in words
    assert "NOT SHOWN: whose signature it is" in words
    assert len(VERIFIER.read_text().splitlines()) <= 300
    told = Event.objects.latest("id")
    assert told.action == "bundle.made"
    assert told.values["whole"] is True


def test_the_verifier_stands_alone(scene: Scene) -> None:
    source = VERIFIER.read_text()
    imported = {
        name.strip()
        for line in source.splitlines()
        if line.startswith("import ")
        for name in line[7:].split(",")
    }
    assert imported <= set(sys.stdlib_module_names)
    assert "from " not in {
        line.split(" ")[0] + " " for line in source.splitlines() if line.startswith("from")
    }
    bundle = scene.bundle()
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(bundle), "--key", str(scene.keys)],
        env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, "without openssl nothing is said to be signed"


def test_its_tree_is_that_of_rfc_6962() -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("holdfast_verify", VERIFIER)
    assert spec is not None and spec.loader is not None
    verifier = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(verifier)
    for index, size, path in PATHS:
        leaf = merkle.leaf_hash(LEAVES[index])
        assert (
            verifier.root_of_path(index, size, leaf, [bytes.fromhex(step) for step in path]).hex()
            == ROOTS[size]
        )


def test_the_same_record_gives_the_same_bytes(scene: Scene) -> None:
    from cases.exports.bundle import make

    checkpoint = checkpoint_now(at=moment())
    assert checkpoint is not None
    at, digests = moment(), set()
    for name in ("first", "second"):
        case = Case.objects.select_related("stream").get(pk=scene.casework.case.pk)
        digests.add(make(case, checkpoint=checkpoint, at=at, hidden=(), out=scene.folder / name).sha256)
    assert len(digests) == 1
    write_note(grant=scene.casework.grant(Permission.NOTE), at=moment(), text="Later.")
    with pytest.raises(NotInTheTree):
        make(case, checkpoint=checkpoint, at=at, hidden=(), out=scene.folder / "third")


def test_who_may_not_know_an_order_gets_hashes_alone(scene: Scene) -> None:
    from cases.exports.bundle import make

    case = Case.objects.select_related("stream").get(pk=scene.casework.case.pk)
    case.hidden_orders = frozenset(case.orders.values_list("pk", flat=True)[:1])
    from cases.chronology.entries import hidden_events

    hidden = hidden_events(case)
    assert hidden
    checkpoint = checkpoint_now(at=moment())
    assert checkpoint is not None
    made = make(case, checkpoint=checkpoint, at=moment(), hidden=hidden, out=scene.folder / "part.zip")
    assert not made.is_whole
    with zipfile.ZipFile(scene.folder / "part.zip") as archive:
        assert "record/rows.jsonl" not in archive.namelist()
        events = [json.loads(line) for line in archive.read("record/events.jsonl").splitlines()]
    assert sum("body" not in event for event in events) == len(hidden)
    assert not any("rows" in event or "row_salt" in event for event in events)
    code, words = verified(scene.folder / "part.zip", "--key", scene.keys)
    assert code == 0
    assert f"the content of {len(hidden)} events" in words


def test_only_who_may_export_the_case_gets_one(scene: Scene) -> None:
    with pytest.raises(Denied), make_bundle(grant=scene.casework.grant(Permission.NOTE), at=moment()):
        pass
    out = scene.folder / "by_command.zip"
    call_command("make_bundle", scene.casework.case.reference, str(out), "--as", scene.casework.lead.email)
    assert verified(out, "--key", scene.keys, "--checkpoint", scene.kept)[0] == 0


def test_after_disposal_of_the_key_the_chain_still_verifies(scene: Scene) -> None:
    DataKey.objects.filter(scope=scene.casework.case.stream.uuid).update(wrapped=None, destroyed_at=moment())
    forget()
    from cases.exports.bundle import make

    case = Case.objects.select_related("stream").get(pk=scene.casework.case.pk)
    checkpoint = checkpoint_now(at=moment())
    assert checkpoint is not None
    make(case, checkpoint=checkpoint, at=moment(), hidden=(), out=scene.folder / "after.zip")
    code, words = verified(scene.folder / "after.zip", "--key", scene.keys, "--checkpoint", scene.kept)
    # Entries that nothing holds to the record any more could be anything: that is no proof, and is said.
    assert code == 1
    assert "Each event is as it was recorded; none is missing" in words
    assert "whose key is gone" in words
    assert words.splitlines()[-1] == (
        "VERDICT: THE CHAIN IS WHOLE, BUT ENTRIES ARE NOT SHOWN TO BE AS RECORDED."
    )


def test_a_key_thrown_away_to_hide_a_changed_row_is_no_proof(scene: Scene) -> None:
    with superuser() as cursor:
        cursor.execute(
            "UPDATE cases_note SET text = text || '.' WHERE case_id = %s", [scene.casework.case.pk]
        )
        cursor.execute(
            "UPDATE sealing_datakey SET wrapped = NULL, destroyed_at = now() WHERE scope = %s",
            [str(scene.casework.case.stream.uuid)],
        )
    forget()
    from cases.exports.bundle import make

    case = Case.objects.select_related("stream").get(pk=scene.casework.case.pk)
    checkpoint = checkpoint_now(at=moment())
    assert checkpoint is not None
    make(case, checkpoint=checkpoint, at=moment(), hidden=(), out=scene.folder / "hidden.zip")
    assert verified(scene.folder / "hidden.zip", "--key", scene.keys, "--checkpoint", scene.kept)[0] == 1


def test_the_checkpoint_of_an_old_bundle_can_be_compared_years_later(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many checkpoints were signed since: who got a bundle holds its checkpoint, and the next one fits it."""
    from cases.exports import bundle

    monkeypatch.setattr(bundle, "MOST_CONSISTENT", 2)
    monkeypatch.setattr(bundle, "MOST_STREAMS", 2)
    first = scene.bundle("first.zip")
    held = scene.folder / "held.txt"
    with zipfile.ZipFile(first) as archive:
        held.write_bytes(archive.read("record/checkpoint.txt"))
    for number in range(4):
        write_note(grant=scene.casework.grant(Permission.NOTE), at=moment(), text=f"Later, {number}.")
        checkpoint_now(at=moment())
    code, words = verified(scene.bundle("second.zip"), "--key", scene.keys, "--checkpoint", held)
    assert (code, words.splitlines()[-1]) == (0, "VERDICT: WHOLE.")


def test_a_link_in_the_archive_is_refused(scene: Scene) -> None:
    honest = scene.bundle()
    target = scene.folder / "linked.zip"
    with zipfile.ZipFile(honest) as source, zipfile.ZipFile(target, "w") as archive:
        for entry in source.infolist():
            if entry.filename == "HOW-TO-VERIFY.md":
                entry.external_attr = 0o120777 << 16
            archive.writestr(entry, source.read(entry.filename))
    code, words = verified(target, "--key", scene.keys)
    assert code == 1
    assert "holds a link" in words


# ── Tampering ─────────────────────────────────────────────────────────────────────────────────────────────
SNAPSHOT = [
    "audit_event",
    "audit_stream",
    "audit_leaf",
    "audit_node",
    "audit_laidstream",
    "audit_checkpoint",
    "audit_signingkey",
    "audit_pendingevent",
    "audit_publication",
]


def renoded() -> None:
    """Somebody who recomputes everything recomputes the inner nodes too."""
    if Node.objects.exists():
        return
    leaves = [
        leaf_hash(bytes(digest)) for digest in Leaf.objects.order_by("index").values_list("hash", flat=True)
    ]
    nodes = list(grown([], 0, leaves))
    with superuser() as cursor:
        for level, index, digest in nodes:
            cursor.execute(
                "INSERT INTO audit_node (level, index, hash) VALUES (%s, %s, %s)", [level, index, digest]
            )


@pytest.mark.parametrize("seed", range(int(os.environ.get("HOLDFAST_TAMPERINGS", "1"))))
def test_every_kind_of_tampering_is_found(scene: Scene, seed: int) -> None:
    dice, found = random.Random(seed), Counter[str]()
    case = scene.casework.case
    tables = [*SNAPSHOT, *TABLES]
    with superuser() as cursor:
        facts = facts_of(cursor, case.pk, {name: text.format(case=case.pk) for name, text in TABLES.items()})
        for table in tables:
            cursor.execute(
                f"DROP TABLE IF EXISTS kept_{table}; CREATE TABLE kept_{table} AS SELECT * FROM {table}"
            )
    try:
        for kind, change in KINDS.items():
            statement = change(dice, facts)
            with superuser() as cursor:
                cursor.execute(statement)
                assert cursor.statusmessage
            renoded()
            by = found_by(scene)
            assert by, (kind, statement)
            found[by] += 1
            with superuser() as cursor:
                for table in tables:
                    cursor.execute(f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}")
        print(  # noqa: T201
            f"FIGURE record.tampering {found.total()} of {len(KINDS)} found, "
            f"{found['verifier']} by the verifier, {found['exporter']} by the exporter, seed {seed}"
        )
        # What was put back is whole: none of the trials was found for another's sake.
        assert verified(scene.bundle(), "--key", scene.keys, "--checkpoint", scene.kept)[0] == 0
    finally:
        with superuser() as cursor:
            for table in tables:
                cursor.execute(f"DROP TABLE IF EXISTS kept_{table}")


def test_honest_logs_raise_no_alarm(scene: Scene) -> None:
    """Cases with as many events as the dice say, each checked against the checkpoint before and the one after."""
    dice, count = random.Random(7), int(os.environ.get("HOLDFAST_HONEST_LOGS", "8"))
    alarms = 0
    for number in range(count):
        casework = Casework.opened()
        for turn in range(dice.randint(0, 6)):
            write_note(
                grant=casework.grant(Permission.NOTE), at=moment(), text=f"{number}/{turn} é ⟦“”⟧ \U0001f600"
            )
            if dice.random() < 0.4:
                checkpoint = checkpoint_now(at=moment())
                assert checkpoint is not None
                scene.kept.write_text(checkpoint.note)
        honest = Scene(casework, scene.keys, scene.kept, scene.folder)
        held = Path(scene.kept)
        arguments: list[object] = ["--key", scene.keys]
        # A checkpoint from before this case says nothing of how long it was.
        if dice.random() < 0.5:
            held.write_text(checkpoint_now(at=moment()).note)  # type: ignore[union-attr]
            arguments += ["--checkpoint", held]
        bundle = honest.bundle(f"honest-{number}.zip")
        code, words = verified(bundle, *arguments)
        alarms += code != 0 or not words.endswith("VERDICT: WHOLE.\n")
        bundle.unlink()
    print(f"FIGURE record.false_alarms {alarms} of {count}")  # noqa: T201
    assert alarms == 0


def found_by(scene: Scene) -> str:
    """Who tells an outsider that not all is whole: the `verifier`, the `exporter` that can make no bundle, or nobody."""
    try:
        bundle = scene.bundle()
    except (ActionError, CannotUnseal, LookupError, ValueError, KeyError, TypeError, AssertionError):
        return "exporter"
    return "verifier" if verified(bundle, "--key", scene.keys, "--checkpoint", scene.kept)[0] == 1 else ""


@pytest.fixture
def honest(scene: Scene) -> Iterator[Path]:
    yield scene.bundle()


def test_a_bundle_that_was_changed_on_its_way_is_not_whole(scene: Scene, honest: Path) -> None:
    arguments = ("--key", scene.keys, "--checkpoint", scene.kept)
    with zipfile.ZipFile(honest) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}

    def remade(changed: dict[str, bytes | None]) -> tuple[int, str]:
        target = scene.folder / "changed.zip"
        with zipfile.ZipFile(target, "w") as archive:
            for name, content in {**files, **changed}.items():
                if content is not None:
                    archive.writestr(name, content)
        return verified(target, *arguments)

    assert remade({})[0] == 0
    hostile: list[dict[str, bytes | None]] = [
        {"manifest.json": None},
        {"manifest.json": b"{}"},
        {"manifest.json": b"[" * 100_000},
        {"record/rows.jsonl": None},
        {"extra.txt": b"x"},
        {"../up.txt": b"x"},
        {"record/checkpoint.txt": b"\x00"},
        {"record/events.jsonl": b"{}\n"},
        *({name: content + b" "} for name, content in files.items() if name != "manifest.json"),
    ]
    for changed in hostile:
        assert remade(changed)[0] == 1, list(changed)
    raw = honest.read_bytes()
    dice = random.Random(1)
    for _turn in range(40):
        place = dice.randrange(len(raw))
        target = scene.folder / "flipped.zip"
        target.write_bytes(raw[:place] + bytes([raw[place] ^ (1 << dice.randrange(8))]) + raw[place + 1 :])
        code, words = verified(target, *arguments)
        # A bit of the ZIP's own bookkeeping (a time, a comment's length) may change nothing that is read.
        assert code == 1 or words.endswith("VERDICT: WHOLE.\n")
    assert verified(Path("/dev/zero"), *arguments)[0] == 1
    assert verified(scene.folder / "none.zip", *arguments)[0] == 1


def test_words_from_the_bundle_do_not_steer_the_readers_terminal(scene: Scene, honest: Path) -> None:
    with zipfile.ZipFile(honest) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files["manifest.json"])
    manifest["case"] = "\x1b[2JVERDICT: WHOLE.\u202e"
    files["manifest.json"] = json.dumps(manifest).encode()
    target = scene.folder / "steered.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    _code, words = verified(target, "--key", scene.keys)
    assert "\x1b" not in words and "\u202e" not in words


def test_nothing_is_made_while_a_file_is_missing(scene: Scene) -> None:
    """A paper's bytes that are gone are no reason to hand out a bundle without them."""
    with transaction.atomic():
        papers = list(scene.casework.case.papers.all())
    assert papers
    path = storage.path_of(papers[0].sha256)
    if path.exists():
        path.unlink()
    with pytest.raises(ActionError, match="missing"):
        scene.bundle()
