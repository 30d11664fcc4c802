"""Checkpoints leave: into a folder, by mail, to a witness that signs, and to a real RFC 3161 time-stamp service."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import transaction

from cases.actions.checkpoints import checkpoint_now, checkpoint_when_due, publish_due
from cases.actions.keys import begin_signing
from cases.audit.models import Checkpoint, Publication
from cases.audit.record import record_system
from cases.publishing import NotPublished, file_name, publish
from tests.cases.record.publishing_doubles import TimeStamps, Witness, time_stamps, witness

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def signing(settings: Any, tmp_path: Path) -> None:
    settings.SIGNING_KEYS = tmp_path / "signing"
    begin_signing(at=START)


@pytest.fixture
def listening() -> Iterator[Witness]:
    with witness() as one:
        yield one


@pytest.fixture
def stamping(tmp_path: Path) -> Iterator[TimeStamps]:
    with time_stamps(tmp_path / "tsa") as one:
        yield one


def told() -> None:
    with transaction.atomic():
        record_system(action="test.told", actor=None, occurred_at=START)


def made(at: datetime = START) -> Checkpoint:
    told()
    checkpoint = checkpoint_now(at=at)
    assert checkpoint is not None
    return checkpoint


def state(checkpoint: Checkpoint) -> Publication:
    return Publication.objects.get(checkpoint=checkpoint)


def test_without_a_setting_nothing_leaves() -> None:
    made()
    assert Publication.objects.count() == 0
    assert publish_due(now=lambda: START) == 0


def test_a_folder_receives_each_checkpoint_once_and_whole(settings: Any, tmp_path: Path) -> None:
    settings.CHECKPOINT_FILES = str(tmp_path / "out")
    first = made()
    assert publish_due(now=lambda: START) == 1
    second = made(START + timedelta(minutes=1))
    assert publish_due(now=lambda: START + timedelta(minutes=1)) == 1
    assert publish_due(now=lambda: START + timedelta(hours=3)) == 0
    found = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in found] == [file_name(first), file_name(second)]
    assert [path.read_text() for path in found] == [first.note, second.note]


def test_a_folder_that_is_away_is_tried_again_later_and_later(settings: Any, tmp_path: Path) -> None:
    shut = tmp_path / "out"
    shut.write_text("a file where the folder should be")
    settings.CHECKPOINT_FILES = str(shut)
    checkpoint = made()
    waits = []
    at = START
    for _turn in range(12):
        assert publish_due(now=lambda at=at: at) == 0  # type: ignore[misc]
        row = state(checkpoint)
        assert row.next_at is not None and row.done_at is None and str(shut) in row.last_error
        waits.append(row.next_at - at)
        at = row.next_at
    assert waits == sorted(waits) and waits[0] == timedelta(seconds=10) and waits[-1] == timedelta(hours=1)
    shut.unlink()
    assert publish_due(now=lambda: at) == 1
    row = state(checkpoint)
    assert (row.next_at, row.done_at, row.last_error, row.attempts) == (None, at, "", 13)


def test_what_is_under_way_is_not_sent_twice(settings: Any, listening: Witness) -> None:
    settings.CHECKPOINT_WITNESS_URL = listening.url
    checkpoint = made()
    # A worker that took it and died: nobody takes it until its lease is over.
    Publication.objects.filter(checkpoint=checkpoint).update(attempts=1, next_at=START + timedelta(minutes=2))
    assert publish_due(now=lambda: START + timedelta(minutes=1)) == 0
    assert publish_due(now=lambda: START + timedelta(minutes=2)) == 1
    assert len(listening.asked) == 1


def test_one_mail_a_day_and_one_with_each_export(settings: Any) -> None:
    settings.CHECKPOINT_MAIL = "auditor@bank.test, notary@law.test"
    told()
    assert checkpoint_when_due(at=START) is not None
    assert publish_due(now=lambda: START) == 1
    told()
    assert checkpoint_when_due(at=START + timedelta(hours=1)) is not None
    assert publish_due(now=lambda: START + timedelta(hours=1)) == 0
    asked = made(START + timedelta(hours=2))
    assert publish_due(now=lambda: START + timedelta(hours=2)) == 1
    assert len(mail.outbox) == 2
    assert mail.outbox[1].to == ["auditor@bank.test", "notary@law.test"]
    assert asked.note in mail.outbox[1].body


def test_a_witness_signs_and_its_line_is_kept(settings: Any, listening: Witness) -> None:
    settings.CHECKPOINT_WITNESS_URL, settings.CHECKPOINT_WITNESS_KEY = listening.url, listening.verifier
    checkpoint = made()
    assert publish_due(now=lambda: START) == 1
    assert bytes(state(checkpoint).answer).decode().startswith("— witness.test ")
    [(path, media_type, body)] = listening.asked
    assert path == "/add?key=hush-hush" and media_type.startswith("text/plain")
    assert body.decode() == checkpoint.note


def test_a_witness_that_signs_something_else_has_not_witnessed(settings: Any, listening: Witness) -> None:
    settings.CHECKPOINT_WITNESS_URL, settings.CHECKPOINT_WITNESS_KEY = listening.url, listening.verifier
    listening.signs_other = True
    checkpoint = made()
    assert publish_due(now=lambda: START) == 0
    assert state(checkpoint).last_error == "The witness answered without its signature."


def test_another_witness_than_the_one_that_is_set_has_not_witnessed(
    settings: Any, listening: Witness
) -> None:
    settings.CHECKPOINT_WITNESS_URL, settings.CHECKPOINT_WITNESS_KEY = listening.url, Witness().verifier
    checkpoint = made()
    assert publish_due(now=lambda: START) == 0
    assert state(checkpoint).done_at is None


@pytest.mark.parametrize("status", [302, 404, 500])
def test_no_redirect_is_followed_and_no_secret_is_told(
    settings: Any, listening: Witness, status: int
) -> None:
    settings.CHECKPOINT_WITNESS_URL = listening.url
    listening.status = status
    checkpoint = made()
    assert publish_due(now=lambda: START) == 0
    assert state(checkpoint).last_error == f"HTTP {status}"
    assert len(listening.asked) == 1


def test_a_witness_that_is_away_is_said_to_be_without_its_key(settings: Any) -> None:
    with witness() as gone:
        settings.CHECKPOINT_WITNESS_URL = gone.url
    checkpoint = made()
    assert publish_due(now=lambda: START) == 0
    error = state(checkpoint).last_error
    assert error.startswith("No answer") and "hush" not in error


@pytest.mark.parametrize(
    "url",
    ["ftp://a.test/", "http://", "http://user@a.test/", "nonsense", "http://a.test:port/", "http://[a/"],
)
def test_what_cannot_be_posted_to_is_refused(settings: Any, url: str) -> None:
    settings.CHECKPOINT_WITNESS_URL = url
    with pytest.raises(NotPublished, match="no URL"):
        publish("witness", made())


def test_a_time_stamp_is_verified_and_openssl_agrees(
    settings: Any, stamping: TimeStamps, tmp_path: Path
) -> None:
    settings.CHECKPOINT_TSA_URL = stamping.url
    settings.CHECKPOINT_TSA_CERTIFICATES = str(stamping.certificate)
    checkpoint = made()
    publish_due(now=lambda: START)
    row = state(checkpoint)
    assert (row.last_error, row.done_at) == ("", START)
    (tmp_path / "note").write_text(checkpoint.note)
    (tmp_path / "answer").write_bytes(bytes(row.answer))
    subprocess.run(
        [
            *("openssl", "ts", "-verify", "-data", str(tmp_path / "note"), "-in", str(tmp_path / "answer")),
            *("-CAfile", str(stamping.certificate), "-untrusted", str(stamping.folder / "tsa.pem")),
        ],
        check=True,
        capture_output=True,
    )


def test_a_time_stamp_of_another_root_is_refused(settings: Any, stamping: TimeStamps, tmp_path: Path) -> None:
    with time_stamps(tmp_path / "other") as other:
        settings.CHECKPOINT_TSA_URL = stamping.url
        settings.CHECKPOINT_TSA_CERTIFICATES = str(other.certificate)
        checkpoint = made()
        assert publish_due(now=lambda: START) == 0
    assert state(checkpoint).last_error.startswith("The time stamp does not hold")


@pytest.mark.parametrize("with_certificates", [True, False])
def test_the_time_stamp_of_another_checkpoint_is_refused(
    settings: Any, stamping: TimeStamps, with_certificates: bool
) -> None:
    settings.CHECKPOINT_TSA_URL = stamping.url
    if with_certificates:
        settings.CHECKPOINT_TSA_CERTIFICATES = str(stamping.certificate)
    first = made()
    assert publish_due(now=lambda: START) == 1
    stamping.replay = bytes(state(first).answer)
    second = made(START + timedelta(minutes=1))
    assert publish_due(now=lambda: START + timedelta(minutes=1)) == 0
    assert state(second).last_error.startswith("The time stamp")


def test_an_answer_that_is_no_time_stamp_is_refused(settings: Any, stamping: TimeStamps) -> None:
    settings.CHECKPOINT_TSA_URL = stamping.url
    stamping.replay = b"<html>welcome</html>"
    checkpoint = made()
    assert publish_due(now=lambda: START) == 0
    assert state(checkpoint).last_error.startswith("The time stamp does not hold")


def test_a_newer_checkpoint_that_went_leaves_no_older_one_waiting(settings: Any, listening: Witness) -> None:
    settings.CHECKPOINT_WITNESS_URL = listening.url
    listening.status = 503
    old = made()
    assert publish_due(now=lambda: START) == 0
    listening.status = 200
    new = made(START + timedelta(minutes=5))
    assert publish_due(now=lambda: START + timedelta(minutes=5)) == 1
    assert state(new).done_at is not None
    assert (state(old).done_at, state(old).next_at) == (None, None)
    assert len(listening.asked) == 2
