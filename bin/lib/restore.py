"""bin/restore BACKUP --home FOLDER: a backup into a new home, and everything in it verified.

The manifest is compared first, then the database, the files and the keys are put in place, then `verify_record` reads the
whole record back and every file is hashed again. Exit code 0: all of it holds. The home must not be there yet; where a
step fails nothing is left of it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import prepare
from backup import FORMAT, KEYS, digest_of, flush, program, run, without_password
from prepare import PROJECT, Trouble, say


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bin/restore", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("backup", type=Path)
    parser.add_argument(
        "--home", type=Path, required=True, help="the new HOLDFAST_HOME; must not be there yet"
    )
    parser.add_argument("--keys", type=Path, help="where the keys are, if they were kept apart")
    options = parser.parse_args()
    with prepare.sentences("bin/restore"):
        prepare.enter_venv(__file__, (*prepare.RUN, *prepare.LOCAL))
        sys.path.insert(0, str(PROJECT))
        restore(
            options.backup.absolute(), options.home.absolute(), (options.keys or options.backup).absolute()
        )
        return 0
    raise AssertionError("unreachable")


def restore(backup: Path, home: Path, keys: Path) -> None:
    """The whole restore. Raises Trouble, after which the home is gone again."""
    # A database that is given in the environment is not the one that is made here.
    for name in (
        "DATABASE_URL",
        "DATABASE_URL_FILE",
        "HOLDFAST_FILES",
        "HOLDFAST_SEALING_KEYS",
        "HOLDFAST_SIGNING_KEYS",
    ):
        os.environ.pop(name, None)
    if home.exists():
        raise Trouble(f"{home} is there already; a restore goes to a new folder.")
    begun = time.monotonic()
    for folder in {backup, keys}:
        check(folder)
    if not (keys / "keys").is_dir():
        raise Trouble(f"There are no keys in {keys}; say where they are with --keys.")
    say(f"The backup is as it was made ({time.monotonic() - begun:.1f} s).")
    home.mkdir(parents=True, mode=0o700)
    try:
        for name in KEYS:
            if (keys / name).is_dir():
                shutil.copytree(keys / name, home / name)
                (home / name).chmod(0o700)
        _files(backup / "files", home / "files")
        _database(backup, home)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    flush(home)
    say(
        f"Restored to {home} and verified in {time.monotonic() - begun:.1f} s. Start it with HOLDFAST_HOME={home} bin/up."
    )


def check(folder: Path) -> None:
    """Every part against the manifest: nothing changed, missing or added."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        parts = manifest["parts"]
        if manifest["format"] != FORMAT:
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Trouble(f"{folder} is no complete backup: its manifest cannot be read.") from error
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {
        "manifest.json"
    }
    for name in sorted(found ^ set(parts)):
        raise Trouble(f"{folder}: {name} is {'not in its manifest' if name in found else 'missing'}.")
    for name, fact in parts.items():
        if digest_of(folder / name) != fact["sha256"]:
            raise Trouble(f"{folder}: {name} was changed.")


def _files(source: Path, target: Path) -> None:
    target.mkdir(mode=0o700)
    for path in sorted(source.glob("??/*")):
        goal = target / path.parent.name / path.name
        goal.parent.mkdir(exist_ok=True, mode=0o700)
        shutil.copyfile(path, goal)
        goal.chmod(0o400)
        if digest_of(goal) != path.name:
            raise Trouble(f"The stored file {path.name} does not have the digest under which it was stored.")


def _database(backup: Path, home: Path) -> None:
    from config.local_services import LocalServices

    services = LocalServices(home)
    services.start()
    try:
        begun = time.monotonic()
        url = without_password(services.postgres.admin_url)
        run(
            [
                program("pg_restore"),
                "--exit-on-error",
                "--no-owner",
                "--role=holdfast",
                "--jobs=2",
                f"--dbname={url}",
                str(backup / "database"),
            ],
            "The database could not be restored",
        )
        say(f"The database is in place ({time.monotonic() - begun:.1f} s).")
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "manage.py", "verify_record"],
            cwd=PROJECT,
            env=_settings(home, services.environment()),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Trouble(f"The restored record does not hold: {last}")
        for line in done.stdout.strip().splitlines():
            say(line)
        say(f"The record is verified ({time.monotonic() - begun:.1f} s).")
    finally:
        services.stop()


def _secret_key(home: Path) -> Path:
    from config.processes import kept_secret, private_folder

    key = private_folder(home / "secrets") / "secret-key"
    kept_secret(key, length=48)
    return key


def _settings(home: Path, services: dict[str, str]) -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        **services,
        "HOLDFAST_HOME": str(home),
        # The same place as bin/up's; made here where the backup was of a database with a key of its own elsewhere.
        "SECRET_KEY_FILE": str(_secret_key(home)),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


if __name__ == "__main__":
    sys.exit(main())
