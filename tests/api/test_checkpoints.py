"""The state of the record by the API: what the page shows, for a program that watches."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cases.actions.checkpoints import checkpoint_now
from cases.actions.keys import begin_signing
from cases.audit.tree import notes
from cases.audit.tree.keys import verifier_key
from cases.people.models import User
from tests.api.conftest import Program
from tests.support.casework import Casework

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def keys(settings: Any, tmp_path: Path) -> None:
    settings.SIGNING_KEYS = tmp_path / "signing"
    settings.CHECKPOINT_FILES = str(tmp_path / "out")


def test_the_state_of_the_record(casework: Casework, program: Callable[[User], Program]) -> None:
    auditor = program(casework.auditor)
    empty = auditor.get("checkpoints").data
    assert (empty["newest"], empty["keys"], empty["root"]) == (None, [], "")
    assert "no signing key" in empty["no_key"]
    key = begin_signing(at=datetime.now(UTC))
    made = checkpoint_now(at=datetime.now(UTC))
    assert made is not None
    found = auditor.get("checkpoints").data
    note = notes.read(found["newest"]["note"])
    assert note.is_signed(key.name, bytes(key.public))
    assert (found["newest"]["size"], found["root"]) == (made.size, note.root.hex())
    assert (found["behind"], found["no_key"], found["pending"]) == (False, "", 0)
    assert [one["verifier"] for one in found["keys"]] == [verifier_key(key)]
    assert {way["target"]: way["state"] for way in found["ways"]} == {
        "file": "waiting",
        "mail": "off",
        "witness": "off",
        "timestamp": "off",
    }


def test_whose_it_is(casework: Casework, program: Callable[[User], Program]) -> None:
    assert program(casework.administrator).get("checkpoints").status == 200
    for other in (casework.lead, casework.approver, casework.counsel, casework.liaison):
        assert program(other).get("checkpoints").status == 403
