"""The installation's own commands: the first person, the status diagrams, the check of the record."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from cases import status
from cases.audit.models import Event, Stream
from cases.management.commands.status_diagrams import TITLES, document
from cases.people.models import Role, User
from tests.support.casework import Casework

GOOD = "a long and quiet sentence"


def add(
    monkeypatch: pytest.MonkeyPatch,
    password: str,
    email: str = "first@example.test",
    name: str = "First Person",
) -> str:
    """Run the command with the password as a line on standard input, as a script hands it over."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(password + "\n"))
    out = io.StringIO()
    call_command("create_administrator", email, name, stdout=out)
    return out.getvalue()


# ── The first person ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_the_first_person_is_an_administrator_who_can_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = add(monkeypatch, GOOD)
    assert "first@example.test" in printed
    assert GOOD not in printed
    user = User.objects.get()
    assert (user.role, user.is_demo) == (Role.ADMINISTRATOR, False)
    event = Event.objects.get()
    assert (event.action, event.stream.kind, event.actor_id) == ("person.added", "system", None)
    assert GOOD not in str(event.values)
    response = Client().post(reverse("account_login"), {"login": "First@example.test", "password": GOOD})
    assert (response.status_code, response["Location"]) == (302, "/")


@pytest.mark.django_db
@pytest.mark.parametrize("password", ["", "short", "123456789012345", "1q2w3e4r5t6y", "first@example.test"])
def test_a_weak_password_adds_nobody(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    with pytest.raises(CommandError):
        add(monkeypatch, password)
    assert not User.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("no address", "A"),
        ("FIRST@example.test", "Again"),
        ("second@example.test", ""),
        ("s@example.test", "x" * 121),
    ],
)
def test_a_wrong_address_or_name_adds_nobody(monkeypatch: pytest.MonkeyPatch, email: str, name: str) -> None:
    add(monkeypatch, GOOD)
    before = Event.objects.count()
    with pytest.raises(CommandError) as refused:
        add(monkeypatch, GOOD, email, name)
    assert str(refused.value)
    assert (User.objects.count(), Event.objects.count()) == (1, before)


# ── The diagrams ──────────────────────────────────────────────────────────────────────────────────────────


def test_docs_say_what_the_tables_say() -> None:
    """What CI compares; the command says how to mend it."""
    call_command("status_diagrams", check=True)


def test_the_diagrams_hold_every_move_and_no_other() -> None:
    for name, moves in status.MOVES.items():
        part = document().split(f"## {TITLES[name]}\n")[1].split("\n## ")[0]
        drawn = {
            tuple(line.strip().split(" --> "))
            for line in part.splitlines()
            if " --> " in line and "[*]" not in line
        }
        assert drawn == set(status.pairs(moves)), name
        assert f"[*] --> {status.CHOICES[name].values[0]}\n" in part
        for value in status.CHOICES[name].values:
            assert (f"    {value} --> [*]" in part) == (not moves.get(value)), value


def test_a_page_that_says_something_else_is_found(settings: Any, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs").mkdir()
    with pytest.raises(CommandError, match="status_diagrams"):
        call_command("status_diagrams", check=True)
    call_command("status_diagrams", stdout=io.StringIO())
    call_command("status_diagrams", check=True)
    page = tmp_path / "docs/status.md"
    page.write_text(page.read_text().replace("proposed --> approved", "proposed --> applied"))
    with pytest.raises(CommandError, match="status_diagrams"):
        call_command("status_diagrams", check=True)


# ── The record ────────────────────────────────────────────────────────────────────────────────────────────


def checked(*arguments: str) -> str:
    out = io.StringIO()
    call_command("verify_record", *arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.django_db
def test_a_whole_record_holds(casework: Casework) -> None:
    assert f"{Stream.objects.count()} streams hold" in checked()
    assert "1 streams hold" in checked(casework.case.reference)
    with pytest.raises(CommandError, match="no case"):
        checked("0000-0000-0")


@pytest.mark.django_db(transaction=True)
def test_a_tampered_case_is_named_and_the_command_fails() -> None:
    from tests.cases.record.test_chain import superuser_executes

    casework, other = Casework.opened(), Casework.opened()
    superuser_executes(
        "UPDATE audit_event SET sealed_values = '\\x7b7d' WHERE sequence = 2 "
        f"AND stream_id = {casework.case.stream_id}"
    )
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 of"):
        call_command("verify_record", stdout=out, stderr=out)
    assert f"{casework.case.reference}: event 2: " in out.getvalue()
    assert other.case.reference not in out.getvalue()
    assert "streams hold" in checked(other.case.reference)


def test_a_missing_setting_is_one_sentence() -> None:
    """`manage.py` without its settings says which one is missing."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "manage.py", "verify_record"],
        cwd=root,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "SECRET_KEY (or SECRET_KEY_FILE) is not set" in done.stderr
