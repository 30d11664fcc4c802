"""Case files by the front: asked for, watched, taken, damaged."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases import storage
from cases.actions import exports as actions
from cases.audit.models import Event
from cases.models import Case, Export
from cases.models.exports import ExportStep
from cases.people.models import User
from cases.permissions import Permission
from cases.references import new_reference
from cases.status import move
from tests.support.casework import Casework, moment

ClientOf = Callable[[User], Client]
PDF = b"%PDF-1.7 the file as it was stored"


@pytest.fixture
def lead(casework: Casework, client_of: ClientOf) -> Client:
    return client_of(casework.lead)


def url(casework: Casework, name: str, *args: object) -> str:
    return reverse(name, args=[casework.case.reference, *args])


def running(export: Export, step: str) -> Export:
    """As a worker leaves the row while it works."""
    move(export, "running")
    export.step = step
    export.save(update_fields=["status", "step"])
    return export


def ready(export: Export, content: bytes = PDF) -> Export:
    """As the worker leaves the row: the making itself is tried in tests/cases/test_exports.py."""
    stored = storage.store([content])
    running(export, ExportStep.STORING)
    move(export, "ready")
    export.step = ExportStep.DONE
    export.as_of = export.finished_at = moment()
    export.sha256, export.size, export.pages = stored.sha256, stored.size, 3
    export.save()
    return export


def asked(casework: Casework) -> Export:
    return actions.request_export(grant=casework.grant(Permission.EXPORT), at=moment())


@pytest.mark.parametrize("name", ["export-list", "export-create", "export-detail", "export-download"])
@pytest.mark.usefixtures("rows_by_hand")
def test_each_page_as_everybody(casework: Casework, client_of: ClientOf, name: str) -> None:
    export = ready(asked(casework))
    path = url(casework, name, *([export.reference] if name in {"export-detail", "export-download"} else []))
    assert client_of(casework.lead).get(path).status_code == 200
    assert client_of(casework.counsel).get(path).status_code == 200
    reads = 403 if name == "export-create" else 200
    assert client_of(casework.reader).get(path).status_code == reads
    assert client_of(casework.auditor).get(path).status_code == reads
    for nobody in (casework.outsider, casework.liaison, casework.administrator):
        assert client_of(nobody).get(path).status_code == 404


def test_a_file_is_asked_for_after_being_told_who_gets_what(lead: Client, casework: Casework) -> None:
    create = url(casework, "export-create")
    page = lead.get(create).content.decode()
    assert "A liaison gets nothing of it" in page
    assert not Export.objects.exists()
    answer = lead.post(create)
    export = Export.objects.get()
    assert answer.status_code == 303
    assert answer["Location"] == url(casework, "export-detail", export.reference)
    page = lead.get(answer["Location"]).content.decode()
    assert "The file is being made" in page
    assert 'hx-trigger="every 2s"' in page
    assert "Waiting for a worker" in page


def test_impatience_is_answered_beside_the_button(lead: Client, casework: Casework) -> None:
    create = url(casework, "export-create")
    for _each in range(actions.MOST_WAITING):
        assert lead.post(create).status_code == 303
    answer = lead.post(create)
    assert answer.status_code == 422
    assert "Wait for those first." in answer.content.decode()
    assert Export.objects.count() == actions.MOST_WAITING


@pytest.mark.usefixtures("rows_by_hand")
def test_progress_comes_as_a_part_and_ends_with_the_receipt(lead: Client, casework: Casework) -> None:
    export = asked(casework)
    path = url(casework, "export-detail", export.reference)
    htmx = {"HX-Request": "true", "HX-Target": "export"}
    running(export, ExportStep.TYPESETTING)
    part = lead.get(path, headers=htmx)
    text = part.content.decode()
    assert "<html" not in text
    assert "Typesetting" in text
    assert 'value="2" max="4"' in text
    assert "HX-Trigger" not in part
    stored = storage.store([PDF])
    move(export, "ready")
    export.step, export.pages, export.size, export.sha256 = "done", 3, stored.size, stored.sha256
    export.as_of = export.finished_at = moment()
    export.save()
    part = lead.get(path, headers=htmx)
    text = part.content.decode()
    assert "every 2s" not in text
    assert sha256(PDF).hexdigest() in text
    assert url(casework, "export-download", export.reference) in text
    assert "The case file is ready." in part["HX-Trigger"]


@pytest.mark.usefixtures("rows_by_hand")
def test_a_failure_is_said_with_its_reason_and_nothing_is_handed_out(
    lead: Client, casework: Casework
) -> None:
    export = running(asked(casework), ExportStep.TYPESETTING)
    move(export, "failed")
    export.failure, export.finished_at = "No room on the disk.", moment()
    export.save()
    part = lead.get(
        url(casework, "export-detail", export.reference),
        headers={"HX-Request": "true", "HX-Target": "export"},
    )
    assert "No room on the disk." in part.content.decode()
    assert "could not be made" in part["HX-Trigger"]
    assert lead.get(url(casework, "export-download", export.reference)).status_code == 409


@pytest.mark.usefixtures("rows_by_hand")
def test_a_file_is_taken_as_an_attachment_and_the_taking_is_recorded(
    lead: Client, casework: Casework, client_of: ClientOf
) -> None:
    export = ready(asked(casework))
    path = url(casework, "export-download", export.reference)
    answer = client_of(casework.reader).get(path)
    assert answer.content == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="holdfast-{export.reference}.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    page = lead.get(url(casework, "export-detail", export.reference)).content.decode()
    assert "Nobody has taken it yet" not in page
    assert casework.reader.name in page
    assert lead.head(path).status_code == 405
    assert Event.objects.filter(action="export.downloaded").count() == 1
    other = ready(asked(casework), PDF + b"2")
    assert (
        "Nobody has taken it yet"
        in lead.get(url(casework, "export-detail", other.reference)).content.decode()
    )


def test_what_is_not_ready_is_not_handed_out(lead: Client, casework: Casework) -> None:
    export = asked(casework)
    answer = lead.get(url(casework, "export-download", export.reference))
    assert answer.status_code == 409
    assert "This file is not ready." in answer.content.decode()


@pytest.mark.parametrize("harm", ["changed", "gone"])
@pytest.mark.usefixtures("rows_by_hand")
def test_a_damaged_file_is_a_clear_page_and_no_bytes(lead: Client, casework: Casework, harm: str) -> None:
    export = ready(asked(casework))
    path = storage.path_of(export.sha256)
    path.chmod(0o600)
    path.write_bytes(PDF[:-1] + b"x") if harm == "changed" else path.unlink()
    answer = lead.get(url(casework, "export-download", export.reference))
    assert answer.status_code == 409
    assert b"%PDF" not in answer.content
    assert export.sha256 in answer.content.decode()
    assert not Event.objects.filter(action="export.downloaded").exists()


@pytest.mark.usefixtures("rows_by_hand")
def test_a_file_of_another_case_is_404(lead: Client, casework: Casework) -> None:
    other = Casework.opened()
    export = ready(asked(other))
    for name in ("export-detail", "export-download"):
        assert lead.get(url(casework, name, export.reference)).status_code == 404
        assert lead.get(url(casework, name, new_reference())).status_code == 404
    assert Case.objects.count() == 2


@pytest.mark.usefixtures("rows_by_hand")
def test_the_list_costs_the_same_with_more_files(lead: Client, casework: Casework) -> None:
    ready(asked(casework))

    def cost() -> int:
        lead.get(url(casework, "export-list"))
        with CaptureQueriesContext(connection) as seen:
            lead.get(url(casework, "export-list"))
        return len(seen)

    before = cost()
    for number in range(3):
        ready(asked(casework), PDF + str(number).encode())
    assert cost() == before
