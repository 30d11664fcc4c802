"""Disposal after retention: by two, when the years are over and nobody holds the record; the chain still verifies."""

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from cases import storage
from cases.actions import disposal, retention
from cases.actions.base import ActionError, NoSuchItem, WrongMove
from cases.actions.keys import begin_signing
from cases.audit.models import Event, Stream
from cases.audit.tree.checkpoints import make_checkpoint
from cases.audit.tree.sequencer import lay_leaves
from cases.audit.verify import verify_stream
from cases.models import Case, Disposal, ParticularIndex
from cases.people.models import User
from cases.permissions import Permission
from cases.queries.particulars import of_subject
from cases.sealing.models import DataKey
from tests.api.conftest import program_of
from tests.support import evidence
from tests.support.casework import Casework, moment
from tests.support.disposing import asked_to_dispose, disposed, due_for_disposal

P = Permission


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.FILES_ROOT = tmp_path / "files"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_two_dispose_of_a_case_by_its_pages(casework: Casework) -> None:
    casework.subject()
    casework.particular()
    kept = evidence.exhibit(casework)
    due_for_disposal(casework)
    ref = casework.case.reference
    counsel, approver = browser(casework.counsel), browser(casework.approver)
    page = counsel.get(reverse("retention", args=[ref])).content.decode()
    assert reverse("disposal-ask", args=[ref]) in page
    assert counsel.post(reverse("disposal-ask", args=[ref]), {"words": ""}).status_code == 422
    assert counsel.post(reverse("disposal-ask", args=[ref]), {"words": "Over"}).status_code == 303
    decide = reverse("disposal-decide", args=[ref])
    # Who asked does not agree; who agrees types the reference.
    refused = counsel.post(decide, {"agrees": "yes", "reference": ref})
    assert refused.status_code == 422
    assert "Somebody else must decide" in refused.content.decode()
    wrong = approver.post(decide, {"agrees": "yes", "reference": "HF-WRONG"})
    assert wrong.status_code == 422
    assert "Type the reference" in wrong.content.decode()
    assert "HF-WRONG" in wrong.content.decode()
    head = Stream.objects.get(pk=casework.case.stream_id)
    done = approver.post(decide, {"agrees": "yes", "reference": ref.lower()}, follow=True)
    assert "The record was disposed of" in done.content.decode()
    row = Disposal.objects.get()
    assert (row.head_sequence, row.head_hash) == (head.length, bytes(head.head_hash).hex())
    assert row.head_hash in done.content.decode()
    gone = approver.get(reverse("case-detail", args=[ref]))
    assert gone.status_code == 410
    assert row.head_hash in gone.content.decode()
    for name in ("chronology", "subject-list", "exhibit-list", "retention"):
        for client in (counsel, approver, browser(casework.lead), browser(casework.auditor)):
            answer = client.get(reverse(name, args=[ref]))
            assert answer.status_code == 410, name
            for trace in (casework.case.title, "Kim Example", kept.filename):
                assert trace not in answer.content.decode()
    assert browser(casework.outsider).get(reverse("case-detail", args=[ref])).status_code == 404
    # It is in no list and found by no search.
    assert ref not in approver.get(reverse("case-list")).content.decode()
    found = approver.get(approver.post(reverse("search"), {"q": "M 1234-5678"}).url).content.decode()
    assert "Nothing found" in found
    assert not ParticularIndex.objects.exists()
    assert ref not in browser(casework.outsider).get(reverse("disposed-case-list")).content.decode()


def test_the_api_asks_and_agrees_and_says_gone(casework: Casework) -> None:
    due_for_disposal(casework)
    ref = casework.case.reference
    base = f"/api/v1/cases/{ref}/disposal"
    counsel, approver = program_of(casework.counsel), program_of(casework.approver)
    assert counsel.get(base).data == {"asked": None, "refused": [], "hindrance": ""}
    assert counsel.post(base, {"words": "Over"}).status == 201
    assert counsel.post(base, {"words": "Over"}).status == 409
    answer = approver.post(f"{base}/decision", {"agrees": False, "reason": "Somebody may ask"})
    assert answer.data["agreed"] is False
    assert counsel.post(base, {"words": "Over again"}).status == 201
    agreed = approver.post(f"{base}/decision", {"agrees": True, "reference": ref})
    assert agreed.data["agreed"] is True
    gone = approver.get(f"/api/v1/cases/{ref}")
    assert (gone.status, gone.data["type"]) == (410, "urn:holdfast:problem:disposed")
    (item,) = approver.get("/api/v1/disposed-cases").data["items"]
    assert (item["reference"], item["head"]) == (ref, Disposal.objects.get(agreed=True).head_hash)
    assert program_of(casework.outsider).get("/api/v1/disposed-cases").data["items"] == []


def test_the_key_is_gone_and_the_chain_verifies(casework: Casework, capsys: Any) -> None:
    subject = casework.subject()
    casework.particular()
    disposed(casework)
    key = DataKey.objects.get(scope=casework.case.stream.uuid)
    assert key.wrapped is None
    assert key.destroyed_at is not None
    for event in Event.objects.filter(stream=casework.case.stream).select_related("stream"):
        assert (event.kept, event.values) == (False, {})
    (shown,) = of_subject(subject)
    assert (shown.readable, shown.masked) == (False, "no longer kept")
    assert verify_stream(Stream.objects.get(pk=casework.case.stream_id)) is None
    told = Event.objects.filter(action="case.disposed").latest("id")
    assert told.stream.kind == "system"
    assert told.values["reference"] == casework.case.reference
    assert told.values["head"] == Disposal.objects.get().head_hash


def test_verify_record_finds_nothing_wrong_with_a_disposed_case(
    casework: Casework, settings: Any, tmp_path: Path
) -> None:
    settings.SIGNING_KEYS = tmp_path / "signing"
    begin_signing(at=moment())
    casework.subject()
    casework.particular()
    disposed(casework)
    Casework.opened().subject()
    lay_leaves()
    make_checkpoint(at=moment(), targets=[])
    call_command("verify_record")


@pytest.mark.parametrize("why", ["open", "held", "not over"])
def test_it_may_not_go_before_its_time(casework: Casework, why: str) -> None:
    if why == "not over":
        casework.closed()
    elif why == "held":
        due_for_disposal(casework)
        retention.place_hold(grant=casework.grant(P.RETENTION, casework.counsel), at=moment(), reason="Suit")
    grant = casework.grant(P.RETENTION, casework.counsel)
    # A moment that is handed in from the future brings the day no nearer for the database.
    for at in (moment(), moment() + timedelta(days=40_000)):
        with pytest.raises((WrongMove, DatabaseError)), transaction.atomic():
            disposal.ask_disposal(grant=grant, at=at, words="Over")
    assert not Disposal.objects.exists()


def test_a_hold_that_is_placed_meanwhile_stops_it(casework: Casework) -> None:
    asked_to_dispose(casework)
    retention.place_hold(grant=casework.grant(P.RETENTION, casework.counsel), at=moment(), reason="Suit")
    with pytest.raises(WrongMove, match="hold"):
        disposal.decide_disposal(
            grant=casework.grant(P.RETENTION, casework.approver),
            at=moment(),
            agrees=True,
            reference=casework.case.reference,
        )
    assert Case.objects.get(pk=casework.case.pk).disposed_at is None
    # Or one who asked takes it back.
    disposal.decide_disposal(
        grant=casework.grant(P.RETENTION, casework.counsel), at=moment(), agrees=False, reason="A suit"
    )
    with pytest.raises(NoSuchItem):
        disposal.decide_disposal(
            grant=casework.grant(P.RETENTION, casework.counsel), at=moment(), agrees=False, reason="Again"
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cases_case SET disposed_at = now() WHERE id = %s",
        "UPDATE cases_disposal SET agreed = true, decided_at = now(), decided_by_id = asked_by_id, head_sequence = 1, "
        "head_hash = repeat('a', 64) WHERE case_id = %s",
        "DELETE FROM cases_disposal WHERE case_id = %s",
    ],
)
def test_the_database_takes_no_short_way(casework: Casework, statement: str) -> None:
    asked_to_dispose(casework)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [casework.case.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_what_was_disposed_of_stays_so(casework: Casework) -> None:
    disposed(casework)
    for statement in (
        "UPDATE cases_case SET disposed_at = NULL WHERE id = %s",
        "UPDATE cases_case SET status = 'under_investigation' WHERE id = %s",
        "INSERT INTO cases_disposal (case_id, number, words, asked_at, asked_by_id, reason, head_hash) "
        "SELECT id, 9, 'again', now(), lead_id, '', '' FROM cases_case WHERE id = %s",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [casework.case.pk])


def test_files_go_that_no_other_case_holds(casework: Casework, settings: Any) -> None:
    other = Casework.opened()
    alone = evidence.exhibit(casework).sha256
    shared = evidence.exhibit(casework, content=b"held by two").sha256
    assert evidence.exhibit(other, content=b"held by two").sha256 == shared
    disposed(casework)
    # What was stored just now stays: another case may be about to take it in.
    assert disposal.discard_files(now=moment) == 0
    assert storage.check(alone) == "intact"
    for sha256 in (alone, shared):
        old = (moment() - timedelta(days=2)).timestamp()
        os.utime(storage.path_of(sha256), (old, old))
    assert disposal.discard_files(now=moment) == 1
    assert (storage.check(alone), storage.check(shared)) == ("missing", "intact")
    assert disposal.discard_files(now=moment) == 0
    # What was discarded on purpose is not told as lost.
    from cases.actions.exhibits import check_files

    before = Event.objects.filter(action="file.damaged").count()
    check_files(now=moment)
    assert Event.objects.filter(action="file.damaged").count() == before


def test_words_and_reasons_are_asked_for(casework: Casework) -> None:
    due_for_disposal(casework)
    grant = casework.grant(P.RETENTION, casework.counsel)
    with pytest.raises(ActionError) as refused:
        disposal.ask_disposal(grant=grant, at=moment(), words=" ")
    assert refused.value.field == "words"
    disposal.ask_disposal(grant=grant, at=moment(), words="Over")
    with pytest.raises(ActionError) as refused:
        disposal.decide_disposal(grant=grant, at=moment(), agrees=False, reason=" ")
    assert refused.value.field == "reason"
    assert date(1990, 1, 5) < Case.objects.get(pk=casework.case.pk).opened_at.date()
