"""The page of the checkpoints, its downloads and its API: what is behind or does not get out is said in words."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from cases.actions.checkpoints import checkpoint_now, checkpoint_when_due, publish_due
from cases.actions.keys import begin_signing, rotate_signing_key
from cases.audit.models import Checkpoint, SigningKey
from cases.audit.record import record_system
from cases.audit.tree.keys import verifier_key
from cases.audit.tree.sequencer import lay_leaves
from cases.people.models import User
from cases.queries.checkpoints import record_state
from config.checks import checkpoints_can_be_signed
from tests.support.casework import Casework

ClientOf = Callable[[User], Client]
pytestmark = pytest.mark.django_db
WAYS = ("FILES", "MAIL", "WITNESS_URL", "WITNESS_KEY", "TSA_URL", "TSA_CERTIFICATES")


@pytest.fixture(autouse=True)
def keys(settings: Any, tmp_path: Path) -> Path:
    settings.SIGNING_KEYS = tmp_path / "signing"
    for way in WAYS:
        setattr(settings, f"CHECKPOINT_{way}", "")
    return tmp_path / "signing"


@pytest.fixture
def admin(casework: Casework, client_of: ClientOf) -> Client:
    return client_of(casework.administrator)


def told(count: int = 1) -> None:
    with transaction.atomic():
        for _ in range(count):
            record_system(action="test.told", actor=None, occurred_at=datetime.now(UTC))


def signed() -> Checkpoint:
    made = checkpoint_now(at=datetime.now(UTC))
    assert made is not None
    return made


def page(client: Client, name: str = "checkpoint-list") -> str:
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    return " ".join(strip_tags(answer.content.decode()).split())


def test_who_enters(casework: Casework, client_of: ClientOf) -> None:
    begin_signing(at=datetime.now(UTC))
    signed()
    for name in ("checkpoint-list", "checkpoint-note", "checkpoint-keys"):
        path = reverse(name)
        for entering in (casework.auditor, casework.administrator):
            assert client_of(entering).get(path).status_code == 200
        for other in (casework.lead, casework.approver, casework.counsel, casework.liaison):
            assert client_of(other).get(path).status_code == 403
        assert client_of(casework.administrator).post(path).status_code == 405


def test_before_the_first_checkpoint_nothing_is_claimed(admin: Client) -> None:
    text = page(admin)
    assert "No checkpoint yet" in text and "Nothing is signed" in text and "No key yet" in text
    assert "No checkpoint leaves this system" in text
    assert admin.get(reverse("checkpoint-note")).status_code == 404
    assert admin.get(reverse("checkpoint-keys")).content == b""


def test_the_newest_checkpoint_and_the_keys_are_shown_and_taken_away(admin: Client) -> None:
    old = begin_signing(at=datetime.now(UTC) - timedelta(days=1))
    told(3)
    signed()
    new = rotate_signing_key(at=datetime.now(UTC))
    made = Checkpoint.objects.latest("pk")
    text = page(admin)
    assert bytes(made.root).hex() in text.replace(" ", "") and "none: every event is covered" in text
    assert "Nothing is signed" not in text and "The tree is behind" not in text
    assert text.count("signs now") == 1
    answer = admin.get(reverse("checkpoint-note"))
    assert answer.content.decode() == made.note
    assert answer["Content-Disposition"].startswith('attachment; filename="holdfast-checkpoint-')
    assert answer["X-Content-Type-Options"] == "nosniff" and answer["Content-Type"].startswith("text/plain")
    lines = admin.get(reverse("checkpoint-keys")).content.decode().splitlines()
    assert lines == [verifier_key(new), verifier_key(old)]


def test_a_tree_that_is_behind_says_since_when_and_no_longer_once_it_is_not(admin: Client) -> None:
    begin_signing(at=datetime.now(UTC))
    signed()
    told()
    assert "The tree is behind" not in page(admin)
    later = datetime.now(UTC) + timedelta(minutes=4)
    found = record_state(at=later)
    assert found.behind and found.pending == 1 and found.unsigned_since is not None
    # Laid, but signed by nobody: it is behind all the same.
    lay_leaves()
    found = record_state(at=later)
    assert found.behind and found.pending == 0
    with time_machine.travel(later, tick=False):
        assert "The tree is behind" in page(admin) and "behind" in page(admin, "settings")
    signed()
    assert not record_state(at=later).behind


def test_a_key_that_is_gone_is_said_and_stops_no_page(admin: Client, keys: Path) -> None:
    begin_signing(at=datetime.now(UTC))
    signed()
    assert checkpoints_can_be_signed(None) == []
    (keys / "1.pem").unlink()
    told()
    assert checkpoint_when_due(at=datetime.now(UTC) + timedelta(hours=1)) is None
    text = page(admin)
    assert "Nothing is signed" in text and str(keys / "1.pem") in text
    assert "nothing is signed" in page(admin, "settings")
    [warning] = checkpoints_can_be_signed(None)
    assert warning.id == "holdfast.W001" and not warning.is_serious()


def test_a_key_file_that_is_another_key_is_said(admin: Client, keys: Path) -> None:
    begin_signing(at=datetime.now(UTC))
    (keys / "1.pem").write_text("nonsense")
    assert "holds no Ed25519 key" in page(admin)
    [warning] = checkpoints_can_be_signed(None)
    assert "holds no Ed25519 key" in warning.msg


def test_each_way_says_its_last_success_and_its_last_failure(
    admin: Client, settings: Any, tmp_path: Path
) -> None:
    begin_signing(at=datetime.now(UTC))
    folder = tmp_path / "out"
    settings.CHECKPOINT_FILES = str(folder)
    assert "nothing sent yet" in page(admin)
    first = signed()
    assert "on its way" in page(admin)
    publish_due(now=lambda: datetime.now(UTC))
    text = page(admin)
    assert "gets there" in text and f"{first.size} events" in text
    assert "No checkpoint leaves this system" not in text
    assert "signed and sent" in page(admin, "settings")
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.write_text("a file")
    told()
    signed()
    publish_due(now=lambda: datetime.now(UTC))
    text = page(admin)
    assert "does not get there" in text and "1 try; again" in text and str(folder) in text
    assert f"{first.size} events" in text
    assert "do not leave" in page(admin, "settings")


def test_a_folder_at_home_is_warned_of(admin: Client, settings: Any, tmp_path: Path) -> None:
    settings.HOLDFAST_HOME = tmp_path / "home"
    settings.CHECKPOINT_FILES = str(tmp_path / "home" / "checkpoints")
    assert "The folder lies inside this installation's home" in page(admin).replace("&#x27;", "'")
    settings.CHECKPOINT_FILES = str(tmp_path / "elsewhere")
    assert "lies inside this installation" not in page(admin)


def queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as seen:
        page(client)
    return len(seen)


def test_the_page_asks_no_more_of_a_long_record(admin: Client, settings: Any, tmp_path: Path) -> None:
    settings.CHECKPOINT_FILES = str(tmp_path / "out")
    begin_signing(at=datetime.now(UTC))
    signed()
    page(admin)
    few = queries(admin)
    for _turn in range(5):
        told(3)
        signed()
        publish_due(now=lambda: datetime.now(UTC))
        rotate_signing_key(at=datetime.now(UTC))
    assert queries(admin) == few


def test_the_key_command_makes_one_and_only_one(keys: Path) -> None:
    call_command("make_signing_key", verbosity=0)
    call_command("make_signing_key", verbosity=0)
    assert SigningKey.objects.count() == 1
    assert (keys / "1.pem").stat().st_mode & 0o777 == 0o600
    assert keys.stat().st_mode & 0o777 == 0o700
