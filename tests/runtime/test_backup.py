"""bin/backup and bin/restore on real servers: to a clean folder, everything verified; what was changed is refused."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest

from config.local_services import LocalServices
from tests.runtime.support import PROJECT, clean_environment

FILL = """
import sys
from datetime import UTC, datetime
import django
django.setup()
from django.db import transaction
from cases import storage
from cases.actions.cases import open_case, write_note
from cases.access import case_for
from cases.actions.checkpoints import checkpoint_now
from cases.people.models import User
from cases.permissions import Permission
at = datetime.now(UTC)
with transaction.atomic():
    lead = User(email="lead@example.org", name="Lead Person", role="investigator")
    lead.save()
    case = open_case(by=lead, at=at, title="A case to keep", typology="fraud", classification="internal")
for number in range(int(sys.argv[1])):
    write_note(grant=case_for(lead, case.reference, Permission.NOTE), at=at, text=f"Note {number}")
storage.store([b"a stored file"])
checkpoint_now(at=at)
"""


@dataclass(frozen=True)
class Home:
    place: Path
    backup: Path


def run(command: str, *arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROJECT / "bin" / command), *map(str, arguments)],
        env=clean_environment(home),
        capture_output=True,
        text=True,
        timeout=280,
        cwd="/",
        check=False,
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with a case in it, and its backup, taken while the servers run."""
    folder = tmp_path_factory.mktemp("backups")
    home = folder / "home"
    with LocalServices(home) as services:
        environment = {
            **clean_environment(home),
            **services.environment(),
            "SECRET_KEY": "x" * 60,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(PROJECT),
        }
        subprocess.run(
            [sys.executable, "-I", str(PROJECT / "bin" / "lib" / "set_up.py")],
            env=environment, cwd=PROJECT, check=True, capture_output=True, timeout=200,
        )  # fmt: skip
        subprocess.run(
            [sys.executable, "-c", FILL, "30"], env=environment, cwd=PROJECT, check=True, timeout=100
        )
        done = run("backup", folder / "kept", home=home)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "1 files" in done.stdout
        assert "Keep them safe" in done.stdout
    yield Home(home, folder / "kept")


def test_a_backup_is_for_its_owner_alone_and_overwrites_nothing(kept: Home) -> None:
    assert kept.backup.stat().st_mode & 0o777 == 0o700
    again = run("backup", kept.backup, home=kept.place)
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert not kept.backup.with_name("kept.part").exists()


def test_it_is_restored_to_a_clean_folder_and_verified(kept: Home, tmp_path: Path) -> None:
    target = tmp_path / "again"
    done = run("restore", kept.backup, "--home", target, home=tmp_path / "unused")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "streams hold" in done.stdout
    assert "The tree and its checkpoints hold" in done.stdout
    stored = hashlib.sha256(b"a stored file").hexdigest()
    assert (target / "files" / stored[:2] / stored).read_bytes() == b"a stored file"
    for name in ("sealing", "signing"):
        assert {path.name: path.read_bytes() for path in (target / "keys" / name).iterdir()} == {
            path.name: path.read_bytes() for path in (kept.place / "keys" / name).iterdir()
        }
    with LocalServices(target) as services:
        connection = psycopg2.connect(services.postgres.url)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM cases_note")
                assert cursor.fetchone() == (30,)
                # The application's role is refused what it was refused before.
                with pytest.raises(psycopg2.Error, match="permission denied"):
                    cursor.execute("UPDATE audit_event SET action = action")
        finally:
            connection.close()


@pytest.mark.parametrize("what", ["a part changed", "a part gone", "a part added", "no manifest", "no keys"])
def test_what_is_no_whole_backup_is_refused_and_leaves_nothing(kept: Home, tmp_path: Path, what: str) -> None:
    copy, target = tmp_path / "copy", tmp_path / "again"
    shutil.copytree(kept.backup, copy)
    part = next(path for path in sorted((copy / "database").iterdir()) if path.suffix == ".gz")
    if what == "a part changed":
        raw = part.read_bytes()
        part.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    elif what == "a part gone":
        part.unlink()
    elif what == "a part added":
        (copy / "more").write_text("x")
    elif what == "no manifest":
        (copy / "manifest.json").unlink()
    else:
        shutil.rmtree(copy / "keys")
        manifest = json.loads((copy / "manifest.json").read_text())
        manifest["parts"] = {
            name: fact for name, fact in manifest["parts"].items() if not name.startswith("keys/")
        }
        (copy / "manifest.json").write_text(json.dumps(manifest))
    done = run("restore", copy, "--home", target, home=tmp_path / "unused")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not target.exists()


def test_a_record_that_does_not_hold_is_not_handed_over(kept: Home, tmp_path: Path) -> None:
    """A backup of what somebody had changed before: the manifest fits, the record does not."""
    home = tmp_path / "home"
    assert run("restore", kept.backup, "--home", home, home=tmp_path / "unused").returncode == 0
    with LocalServices(home) as services:
        connection = psycopg2.connect(services.postgres.admin_url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
                cursor.execute("UPDATE cases_note SET text = 'Something else' WHERE number = 3")
        finally:
            connection.close()
    assert run("backup", tmp_path / "changed", home=home).returncode == 0
    done = run("restore", tmp_path / "changed", "--home", tmp_path / "again", home=tmp_path / "unused")
    assert done.returncode == 1
    assert "rows are not as the record last told them" in done.stderr
    assert not (tmp_path / "again").exists()


def test_keys_can_be_kept_apart(kept: Home, tmp_path: Path) -> None:
    done = run("backup", tmp_path / "data", "--keys-to", tmp_path / "only_keys", home=kept.place)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "data" / "keys").exists()
    assert list((tmp_path / "only_keys" / "keys" / "sealing").iterdir())
    target = tmp_path / "again"
    done = run(
        "restore",
        tmp_path / "data",
        "--home",
        target,
        "--keys",
        tmp_path / "only_keys",
        home=tmp_path / "unused",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert os.listdir(target / "keys" / "signing") == ["1.pem"]
