"""The chain of custody, the malware scan, and the regular look whether stored files are still intact."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from cases import scanning, storage
from cases.actions import exhibits, orders
from cases.actions.base import ActionError
from cases.audit.models import Event
from cases.models import CustodyStep, Exhibit, FileCheck, Notice
from cases.permissions import Permission
from tests.support import evidence
from tests.support.casework import Casework, moment
from tests.support.clamd import clamd

P = Permission


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.FILES_ROOT = tmp_path / "files"


def rot(exhibit: Exhibit) -> None:
    """One byte changes on disk."""
    path = storage.path_of(exhibit.sha256)
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(bytes(content))


def actions_of(casework: Casework) -> list[str]:
    return [
        event.action
        for event in Event.objects.filter(stream=casework.case.stream, action__startswith="file.").order_by(
            "sequence"
        )
    ]


def test_each_step_begins_with_the_digest_that_the_step_before_left(casework: Casework) -> None:
    shown = evidence.exhibit(casework)
    grant = casework.grant(P.EVIDENCE)
    exhibits.note_exhibit_taken(grant=casework.grant(P.READ), at=moment(), number=1, found=shown.sha256)
    for kind in ("handed_over", "returned", "examined"):
        happened_at = moment()
        exhibits.hand_over(
            grant=grant,
            at=moment(),
            number=1,
            kind=kind,
            happened_at=happened_at,
            found=shown.sha256,
            other_person="" if kind == "examined" else "Agent Lee",
            how="" if kind == "examined" else "By hand",
            why="For the trial",
        )
    steps = list(CustodyStep.objects.filter(exhibit=shown).order_by("position"))
    assert [step.kind for step in steps] == ["received", "copied", "handed_over", "returned", "examined"]
    assert [step.position for step in steps] == [1, 2, 3, 4, 5]
    for before, after in pairwise(steps):
        assert after.sha256_before == before.sha256_after == shown.sha256


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "copied"}, "kind"),
        ({"kind": "received"}, "kind"),
        ({"other_person": " "}, "other_person"),
        ({"how": ""}, "how"),
        ({"why": " "}, "why"),
        ({"found": ""}, None),
        ({"found": "b" * 64}, None),
    ],
)
def test_a_step_without_its_facts_is_refused(
    casework: Casework, changes: dict[str, str], field: str | None
) -> None:
    shown = evidence.exhibit(casework)
    stated: dict[str, Any] = {
        "kind": "handed_over",
        "found": shown.sha256,
        "other_person": "Agent Lee",
        "how": "By hand",
        "why": "For the trial",
    }
    happened_at = moment()
    with pytest.raises(ActionError) as refused:
        exhibits.hand_over(
            grant=casework.grant(P.EVIDENCE),
            at=moment(),
            number=1,
            happened_at=happened_at,
            **(stated | changes),
        )
    assert refused.value.field == field
    assert CustodyStep.objects.count() == 1


def test_no_step_lies_before_receipt_or_ahead(casework: Casework) -> None:
    shown = evidence.exhibit(casework)
    for when in (shown.received_at - timedelta(seconds=1), moment() + timedelta(days=1)):
        with pytest.raises(ActionError) as refused:
            exhibits.hand_over(
                grant=casework.grant(P.EVIDENCE),
                at=moment(),
                number=1,
                kind="examined",
                happened_at=when,
                found=shown.sha256,
                why="x",
            )
        assert refused.value.field == "happened_at"


def test_an_exhibit_of_a_sealed_order_is_as_hidden_as_the_order(casework: Casework) -> None:
    order = casework.order()
    shown = evidence.exhibit(casework, order=order.number)
    orders.seal_order(
        grant=casework.grant(P.ORDERS), at=moment(), number=order.number, readers=[], reason="By the court"
    )
    for user, known in ((casework.lead, True), (casework.counsel, False), (casework.auditor, False)):
        case = casework.grant(P.READ, user).case
        assert Exhibit.objects.of(case).exists() is known
        assert CustodyStep.objects.of(case).exists() is known
    with pytest.raises(ActionError, match="no such exhibit"):
        exhibits.note_exhibit_taken(
            grant=casework.grant(P.READ, casework.counsel), at=moment(), number=1, found=shown.sha256
        )


# ── Rot and loss ──────────────────────────────────────────────────────────────────────────────────────────
def test_rot_and_loss_are_told_once_and_so_is_their_mending(casework: Casework) -> None:
    shown = evidence.exhibit(casework)
    content = storage.read(shown.sha256)
    every = timedelta(0)
    assert exhibits.check_files(now=moment, every=every)["intact"] == 1
    assert actions_of(casework) == []
    rot(shown)
    for _ in range(3):
        assert exhibits.check_files(now=moment, every=every)["damaged"] == 1
    assert actions_of(casework) == ["file.damaged"]
    told = Notice.objects.filter(reminder__kind="exhibit_file")
    assert {notice.user for notice in told} >= {casework.lead, casework.approver}
    storage.path_of(shown.sha256).unlink()
    assert exhibits.check_files(now=moment, every=every)["missing"] == 1
    storage.store([content])
    assert exhibits.check_files(now=moment, every=every)["intact"] == 1
    assert actions_of(casework) == ["file.damaged", "file.damaged", "file.restored"]
    assert FileCheck.objects.get().state == "intact"


def test_a_file_is_read_again_when_its_time_has_come_and_not_before(casework: Casework) -> None:
    evidence.exhibit(casework)
    evidence.exhibit(casework, b"another")
    assert sum(exhibits.check_files(now=moment).values()) == 2
    assert sum(exhibits.check_files(now=moment).values()) == 0
    assert sum(exhibits.check_files(now=moment, every=timedelta(0)).values()) == 2
    begun = moment()
    assert sum(exhibits.check_files(now=moment, every=timedelta(0), until=begun).values()) == 0


def test_all_files_are_read_by_command(casework: Casework, capsys: pytest.CaptureFixture[str]) -> None:
    shown = evidence.exhibit(casework)
    call_command("check_files")
    assert "1 intact" in capsys.readouterr().out
    rot(shown)
    with pytest.raises(SystemExit):
        call_command("check_files")
    out = capsys.readouterr().out
    assert shown.sha256 in out
    assert "1 damaged" in out


def test_a_damaged_file_is_nobodys_to_hand_over(casework: Casework) -> None:
    shown = evidence.exhibit(casework)
    rot(shown)
    assert storage.check(shown.sha256) == "damaged"
    with pytest.raises(storage.Damaged):
        list(storage.open_stream(shown.sha256))


# ── Malware ───────────────────────────────────────────────────────────────────────────────────────────────
def test_without_a_scanner_a_file_stays_unscanned(casework: Casework, settings: Any) -> None:
    settings.CLAMD = ""
    evidence.exhibit(casework)
    assert exhibits.scan_waiting(now=moment) == 0
    assert Exhibit.objects.get().scan == "unscanned"


@pytest.mark.parametrize(
    ("content", "how", "state", "said"),
    [
        (b"harmless" * 40_000, {}, "clean", ""),
        (b"EICAR", {}, "infected", "Eicar-Signature"),
        (b"x" * 200_000, {"limit": 1000}, "failed", "INSTREAM size limit exceeded. ERROR"),
        (b"x", {"mute": True}, "failed", "broke off"),
        (b"x", {"garbage": True}, "failed", "stream: perhaps"),
    ],
)
def test_what_a_scanner_says_is_kept_and_told(
    casework: Casework, settings: Any, tmp_path: Path, content: bytes, how: Any, state: str, said: str
) -> None:
    evidence.exhibit(casework, content)
    with clamd(tmp_path, **how) as (settings.CLAMD, server):
        assert exhibits.scan_waiting(now=moment) == 1
        assert exhibits.scan_waiting(now=moment) == 0
    assert server.mistakes == []
    found = Exhibit.objects.get()
    assert found.scan == state
    assert said in found.scan_said
    event = Event.objects.filter(stream=casework.case.stream).latest("sequence")
    assert (event.action, event.values["scan"]) == ("exhibit.scanned", state)
    if state in {"clean", "infected"}:
        assert server.read == [content]


def test_a_scanner_that_is_away_is_a_failed_scan(settings: Any, tmp_path: Path) -> None:
    settings.CLAMD = f"unix:{tmp_path}/none.sock"
    assert scanning.scan([b"x"]).state == "failed"
    settings.CLAMD = "tcp:127.0.0.1:9"
    assert scanning.scan([b"x"]).state == "failed"


def test_an_infected_file_is_taken_for_a_reason_alone(
    casework: Casework, settings: Any, tmp_path: Path
) -> None:
    shown = evidence.exhibit(casework, b"EICAR")
    with clamd(tmp_path) as (settings.CLAMD, _server):
        exhibits.scan_waiting(now=moment)
    grant = casework.grant(P.READ)
    with pytest.raises(ActionError) as refused:
        exhibits.note_exhibit_taken(grant=grant, at=moment(), number=1, found=shown.sha256)
    assert refused.value.field == "why"
    exhibits.note_exhibit_taken(
        grant=grant, at=moment(), number=1, found=shown.sha256, why="For the laboratory"
    )
    assert CustodyStep.objects.latest("pk").why == "For the laboratory"
