"""The verification bundle as a page and by the API."""

import hashlib
import io
import zipfile
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.actions.keys import begin_signing
from cases.audit.models import Event
from tests.api.conftest import program_of
from tests.support.casework import Casework, moment

pytestmark = pytest.mark.django_db


@pytest.fixture
def keys(settings: Any, tmp_path: Path) -> Path:
    settings.SIGNING_KEYS = tmp_path / "signing"
    return tmp_path / "signing"


def test_it_is_handed_out_as_an_attachment_after_its_event(
    casework: Casework, client_of: Callable[..., Client], keys: Path, settings: Any
) -> None:
    begin_signing(at=moment())
    url = reverse("bundle-create", args=[casework.case.reference])
    browser = client_of(casework.lead)
    assert browser.get(url).status_code == 200
    answer = browser.post(url)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == f'attachment; filename="{casework.case.reference}-record.zip"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    body = b"".join(answer.streaming_content)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert {"manifest.json", "record/events.jsonl", "holdfast_verify.py"} <= set(archive.namelist())
    told = Event.objects.get(action="bundle.made")
    assert told.values["size"] == len(body)
    assert told.actor == casework.lead
    # Nothing of it stays behind.
    assert not [path for path in Path(settings.FILES_ROOT).rglob("*") if path.is_file()]


def test_without_a_signing_key_it_says_so(
    casework: Casework, client_of: Callable[..., Client], keys: Path
) -> None:
    answer = client_of(casework.lead).post(reverse("bundle-create", args=[casework.case.reference]))
    assert answer.status_code == 422
    assert "cannot be signed now" in answer.content.decode()
    assert not Event.objects.filter(action="bundle.made").exists()


def test_a_program_gets_the_same(casework: Casework, keys: Path) -> None:
    begin_signing(at=moment())
    program = program_of(casework.lead)
    answer = program.post(f"cases/{casework.case.reference}/bundles")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/zip"
    digest = hashlib.sha256(answer.content)
    assert answer.headers["Repr-Digest"] == f"sha-256=:{b64encode(digest.digest()).decode()}:"
    told = Event.objects.get(action="bundle.made")
    assert (told.values["sha256"], told.values["size"]) == (digest.hexdigest(), len(answer.content))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert "record/events.jsonl" in archive.namelist()
    assert program_of(casework.reader).post(f"cases/{casework.case.reference}/bundles").status == 403
    assert program_of(casework.outsider).post(f"cases/{casework.case.reference}/bundles").status == 404
    assert Event.objects.filter(action="bundle.made").count() == 1
