"""The case file from request to download, and what happens when making it fails."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from cases import access, storage
from cases.access import NotFound
from cases.actions import cases, exports, shares
from cases.actions.base import ActionError
from cases.audit.models import Event
from cases.chronology import entries
from cases.exports import content as content_module
from cases.exports import render
from cases.exports.content import collect
from cases.models import Export, OutboxMessage
from cases.permissions import Permission
from tests.cases.file_scene import Scene, of_case, of_matter, produced, staged
from tests.support.casework import moment

P = Permission


@pytest.fixture
def scene(transactional_db: None, tmp_path: Path) -> Scene:
    return staged(tmp_path)


# ── Asking and taking ─────────────────────────────────────────────────────────────────────────────────────


def events(scene: Scene) -> list[Event]:
    return list(
        Event.objects.filter(stream=scene.case.stream, action__startswith="export.").order_by("sequence")
    )


def test_the_record_tells_of_request_file_and_download(scene: Scene) -> None:
    export = of_case(scene)
    assert OutboxMessage.objects.filter(task="cases.sweep_exports").exists()
    produced(export)
    exports.note_download(grant=scene.casework.grant(P.EXPORT), export=export, at=moment())
    requested, ready, downloaded = events(scene)
    assert [requested.action, ready.action, downloaded.action] == [
        "export.requested",
        "export.ready",
        "export.downloaded",
    ]
    assert (requested.actor, ready.actor, downloaded.actor) == (
        scene.casework.lead,
        None,
        scene.casework.lead,
    )
    details = ready.values
    assert (details["export"], details["sha256"], details["pages"]) == (
        export.reference,
        export.sha256,
        export.pages,
    )
    assert downloaded.values["sha256"] == export.sha256


def test_what_a_liaison_asks_for_stands_in_her_matter(scene: Scene) -> None:
    export = produced(of_matter(scene))
    exports.note_download(grant=scene.matter(P.MATTER_READ), export=export, at=moment())
    said = [entry.title for entry in entries(scene.case, share=scene.share)][:3]
    assert said == [
        f"Case file {export.reference} downloaded",
        f"Case file {export.reference} is ready",
        f"Case file {export.reference} asked for",
    ]


def test_nothing_is_taken_before_it_is_there(scene: Scene) -> None:
    export = of_case(scene)
    with pytest.raises(ActionError):
        exports.note_download(grant=scene.casework.grant(P.EXPORT), export=export, at=moment())
    assert [event.action for event in events(scene)] == ["export.requested"]


def test_a_file_is_taken_only_through_its_own_door(scene: Scene) -> None:
    internal, matter = produced(of_case(scene)), produced(of_matter(scene))
    with pytest.raises(NotFound):
        exports.note_download(grant=scene.matter(), export=internal, at=moment())
    other = cases.open_case(
        by=scene.casework.lead, at=moment(), title="Other", typology="fraud", classification="internal"
    )
    grant = access.case_for(scene.casework.lead, other.reference, P.EXPORT)
    with pytest.raises(NotFound):
        exports.note_download(grant=grant, export=internal, at=moment())
    with pytest.raises(access.Denied):
        exports.note_download(grant=scene.casework.grant(P.NOTE), export=internal, at=moment())
    held = scene.matter()
    shares.end_share(
        grant=scene.casework.grant(P.SHARE), at=moment(), number=scene.share.number, reason="Answered"
    )
    with pytest.raises(NotFound):
        exports.note_download(grant=held, export=matter, at=moment())
    with pytest.raises(NotFound):
        exports.request_matter_export(grant=held, at=moment())


def test_the_door_must_be_opened_for_an_export(scene: Scene) -> None:
    with pytest.raises(access.Denied):
        exports.request_export(grant=scene.casework.grant(P.READ), at=moment())
    with pytest.raises(access.Denied):
        exports.request_matter_export(grant=scene.matter(P.MATTER_READ), at=moment())


def test_impatience_does_not_fill_the_queue(scene: Scene) -> None:
    for _ in range(exports.MOST_WAITING):
        of_case(scene)
    with pytest.raises(ActionError):
        of_case(scene)
    of_matter(scene)


# ── When making it fails ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put other code in the place of the typesetting child."""

    def put(code: str) -> None:
        folder = tmp_path / "child"
        folder.mkdir(exist_ok=True)
        shutil.copyfile(render.HERE / "template.typ", folder / "template.typ")
        (folder / "typeset.py").write_text(code)
        monkeypatch.setattr(render, "HERE", folder)

    return put


def failure_of(scene: Scene) -> str:
    export = produced(of_case(scene))
    assert export.status == "failed"
    assert events(scene)[-1].action == "export.failed"
    assert events(scene)[-1].values["reason"] == export.failure
    assert (export.sha256, export.size, export.pages) == ("", None, None)
    return export.failure


def test_a_killed_child_fails_that_file_alone(scene: Scene, child: Callable[[str], None]) -> None:
    child("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert "ended from outside (signal 9)" in failure_of(scene)


def test_a_child_that_aborts(scene: Scene, child: Callable[[str], None]) -> None:
    child("import os; os.abort()")
    assert failure_of(scene) == "Typesetting needed more memory than it may use."


def test_a_child_that_takes_too_much_memory(scene: Scene, settings: Any) -> None:
    # Loading alone takes 60 to 90 MiB, a small file some 230: the limit lies well between.
    settings.EXPORT_MEMORY_BYTES = 140 * 1024 * 1024
    assert failure_of(scene) == "Typesetting needed more memory than it may use."


def test_a_child_that_never_ends(scene: Scene, child: Callable[[str], None], settings: Any) -> None:
    settings.EXPORT_SECONDS = 1
    child("import time; time.sleep(60)")
    assert failure_of(scene) == "Typesetting took longer than allowed and was ended."


def test_a_child_that_writes_nonsense(scene: Scene, child: Callable[[str], None]) -> None:
    child("open('file.pdf', 'wb').write(b'no pages here')")
    assert failure_of(scene) == "The typeset file has no pages."


def test_the_child_ends_with_its_worker() -> None:
    """A worker that is killed leaves no process behind that holds a case's content."""
    child = (
        f"import sys; sys.path.insert(0, {str(render.HERE)!r}); import typeset; typeset.limit(1 << 32, 60);"
        "print('ready', flush=True); import time; time.sleep(60)"
    )
    worker = (
        "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', sys.argv[1]], stdout=subprocess.PIPE);"
        "child.stdout.readline(); print(child.pid, flush=True); child.wait()"
    )
    with subprocess.Popen([sys.executable, "-c", worker, child], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        parent.kill()
    until = time.monotonic() + 10
    while time.monotonic() < until and is_running(pid):
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    """Whether the process is there and not merely waiting to be collected."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_full_disk(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "store_file", full)
    assert failure_of(scene) == "The file could not be written: No space left on device."


def test_a_slip_in_one_case_does_not_hold_up_the_next(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = of_case(scene), of_matter(scene)

    def slip(*_args: Any, **_kwargs: Any) -> None:
        raise KeyError("slip")

    monkeypatch.setattr(content_module.process, "orders", slip)
    assert exports.produce_waiting(now=moment) == 2
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("failed", "ready")
    assert first.failure == "An error inside the system. The reason is in the worker's log."


def test_the_worker_that_died_is_followed_and_at_last_given_up(scene: Scene) -> None:
    export = of_case(scene)
    at = moment()
    for attempt in (1, 2, 3):
        claim = exports.begin_export(at=at)
        assert claim is not None
        assert claim.attempt == attempt
        assert exports.begin_export(at=at) is None
        at += exports.CLAIM + timedelta(seconds=1)
    assert exports.begin_export(at=at) is None
    export.refresh_from_db()
    assert export.status == "failed"
    assert "3 times" in export.failure
    assert events(scene)[-1].action == "export.failed"


def test_a_late_worker_does_not_overwrite_its_successor(scene: Scene) -> None:
    export = of_case(scene)
    at = moment()
    late = exports.begin_export(at=at)
    assert late is not None
    content = collect(export.pk)
    later = at + exports.CLAIM + timedelta(seconds=1)
    assert exports.begin_export(at=later) is not None
    stored = storage.store([b"late"])
    with pytest.raises(exports.ClaimLost):
        exports.finish_export(claim=late, at=later, content=content, stored=stored, pages=1)
    with pytest.raises(exports.ClaimLost):
        exports.fail_export(claim=late, at=later, reason="late")
    export.refresh_from_db()
    assert export.status == "running"


def test_a_file_is_made_after_the_first_worker_died(scene: Scene) -> None:
    export = of_case(scene)
    assert exports.begin_export(at=moment() - exports.CLAIM - timedelta(seconds=1)) is not None
    assert produced(export).status == "ready"
    assert export.attempts == 2


def test_two_workers_take_different_files(scene: Scene) -> None:
    wanted = {of_case(scene).pk, of_matter(scene).pk}
    taken: list[int] = []
    ready = threading.Barrier(2)

    def work() -> None:
        try:
            ready.wait()
            claim = exports.begin_export(at=moment())
            if claim is not None:
                taken.append(claim.export_id)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(taken) == wanted


def test_progress_can_be_seen(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real = exports._step

    def look(claim: exports.Claim, step: Any) -> None:
        seen.append(Export.objects.get(pk=claim.export_id).step)
        real(claim, step)

    monkeypatch.setattr(exports, "_step", look)
    export = produced(of_case(scene))
    assert [*seen, export.step] == ["collecting", "typesetting", "done"]
