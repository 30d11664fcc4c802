"""Orders by the front: as a member, a reader, an outsider; each form with something wrong in it."""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases import storage
from cases.actions.orders import Duty
from cases.audit.models import Event
from cases.forms.papers import media_type_of, moment_in, safe_name
from cases.models import Case, LegalOrder, Obligation, OrderPaper
from cases.people.models import User
from cases.references import new_reference
from tests.support.casework import Casework, moment

ClientOf = Callable[[User], Client]
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
PLAIN = "%Y-%m-%dT%H:%M"


@pytest.fixture
def lead(casework: Casework, client_of: ClientOf) -> Client:
    return client_of(casework.lead)


def url(casework: Casework, name: str, *args: object) -> str:
    return reverse(name, args=[casework.case.reference, *args])


def typed(**changes: Any) -> dict[str, Any]:
    """A form filled in as the paper has it."""
    data: dict[str, Any] = {
        "instrument": "seizure_warrant",
        "issuing_authority": "U.S. District Court, D.D.C.",
        "agency_reference": "DEMO-77",
        "jurisdiction": "US",
        "legal_basis": "18 USC 981(b)",
        "requestor": "",
        "requestor_email": "",
        "time_zone": "America/New_York",
        "issued_at": "2026-01-05T09:30",
        "served_at": "2026-01-06T10:00",
        "received_at": "2026-01-06T10:05",
        "due_at": "2026-07-01T17:00",
        "scope": "Account EX-1001.",
        "duties-TOTAL_FORMS": "3",
        "duties-INITIAL_FORMS": "0",
    }
    for row in range(3):
        for field in ("kind", "text", "due_at", "responsible"):
            data[f"duties-{row}-{field}"] = ""
    return data | changes


# ── Who sees what ─────────────────────────────────────────────────────────────────────────────────────────


PAGES = [
    ("order-list", False, "READ"),
    ("order-create", False, "ORDERS"),
    ("order-detail", True, "READ"),
    ("order-verify", True, "ORDER_VERIFY"),
    ("order-move", True, "ORDERS"),
    ("obligation-create", True, "ORDERS"),
    ("obligation-move", True, "ORDERS"),
    ("obligation-extend", True, "ORDERS"),
    ("paper-attach", True, "ORDERS"),
]


@pytest.mark.parametrize(("name", "numbered", "needs"), PAGES)
def test_each_page_as_everybody(
    casework: Casework, client_of: ClientOf, name: str, numbered: bool, needs: str
) -> None:
    casework.order()
    path = url(casework, name, *([1] if numbered else []))
    if name == "order-move":
        path += "?to=verifying"
    assert client_of(casework.lead).get(path).status_code == 200
    reads = 200 if needs == "READ" else 403
    assert client_of(casework.reader).get(path).status_code == reads
    assert client_of(casework.auditor).get(path).status_code == reads
    for nobody in (casework.outsider, casework.liaison, casework.administrator):
        assert client_of(nobody).get(path).status_code == 404
    if needs != "READ":
        assert client_of(casework.reader).post(path, {}).status_code == 403
    assert Client().get(path).status_code == 302


def test_an_invisible_case_and_an_unknown_one_answer_alike(casework: Casework, client_of: ClientOf) -> None:
    outsider = client_of(casework.outsider)
    hidden = outsider.get(url(casework, "order-list")).content
    unknown = outsider.get(reverse("order-list", args=[new_reference()])).content
    assert hidden == unknown


def test_numbers_that_the_case_does_not_have_are_404(lead: Client, casework: Casework) -> None:
    for name in ("order-detail", "order-verify", "obligation-move", "paper-download", "paper-attach"):
        assert lead.get(url(casework, name, 99)).status_code == 404
        assert lead.get(url(casework, name, 10**25)).status_code == 404


def test_an_order_of_another_case_is_not_reached_by_number(casework: Casework, client_of: ClientOf) -> None:
    other = Casework.opened()
    other.order(reference="DEMO-OTHER")
    assert client_of(casework.lead).get(url(casework, "order-detail", 1)).status_code == 404


# ── Recording ─────────────────────────────────────────────────────────────────────────────────────────────


def test_an_order_is_recorded_with_duties_and_paper_in_utc(lead: Client, casework: Casework) -> None:
    data = typed(
        **{
            "duties-0-kind": "freeze",
            "duties-0-text": "Hold all of it.",
            "duties-0-due_at": "2026-01-20T17:00",
            "duties-0-responsible": str(casework.lead.public_id),
            "paper": SimpleUploadedFile("../Warrant 1.pdf", PDF, content_type="text/html"),
        }
    )
    answer = lead.post(url(casework, "order-create"), data)
    assert answer.status_code == 303
    order = LegalOrder.objects.get()
    assert order.issued_at == datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
    assert order.due_at == datetime(2026, 7, 1, 21, 0, tzinfo=UTC)
    duty = order.obligations.get()
    assert duty.due_at == datetime(2026, 1, 20, 22, 0, tzinfo=UTC)
    assert duty.responsible == casework.lead
    paper = order.papers.get()
    assert (paper.filename, paper.media_type, paper.size) == ("Warrant 1.pdf", "application/pdf", len(PDF))
    assert storage.read(paper.sha256) == PDF
    page = lead.get(answer["Location"]).content.decode()
    assert "5 Jan 2026, 14:30" in page
    assert "5 Jan 2026, 09:30 America/New_York" in page
    actions = list(
        Event.objects.filter(stream=casework.case.stream)
        .order_by("sequence")
        .values_list("action", flat=True)
    )
    assert actions[-2:] == ["order.recorded", "paper.attached"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"issuing_authority": " "}, "This field is required."),
        ({"instrument": "love_letter"}, "Select a valid choice."),
        ({"served_at": "2026-01-04T10:00"}, "An order is served after it was issued."),
        ({"received_at": "2026-01-06T09:00"}, "An order is received when, or after, it is served."),
        ({"received_at": "2150-01-06T09:00"}, "This lies in the future."),
        ({"due_at": "2026-01-04T09:00"}, "The due moment lies before the order was issued."),
        ({"issued_at": "yesterday"}, "Write a date and a time"),
        ({"issued_at": "2026-01-05"}, "Write a date and a time"),
        ({"issued_at": "0001-01-01T00:00"}, "too far off"),
        ({"due_at": "2026-03-08T02:30"}, "No clock in this zone shows this time"),
        ({"due_at": "2026-11-01T01:30"}, "show this time twice"),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice."),
        ({"requestor_email": "somebody"}, "Enter a valid email address."),
        ({"scope": ""}, "This field is required."),
        ({"scope": "x\x00y"}, "Null characters are not allowed."),
        ({"duties-0-text": "Hold it."}, "This field is required."),
        ({"duties-0-kind": "freeze"}, "This field is required."),
        (
            {"duties-0-kind": "freeze", "duties-0-text": "Hold it.", "duties-0-due_at": "2026-01-01T00:00"},
            "The due moment lies before the order was issued.",
        ),
        (
            {"duties-0-kind": "freeze", "duties-0-text": "Hold it.", "duties-0-due_at": "2026-03-08T02:30"},
            "No clock in this zone shows this time",
        ),
        (
            {"duties-0-kind": "freeze", "duties-0-text": "Hold it.", "duties-0-responsible": "1"},
            "valid",
        ),
        ({"duties-TOTAL_FORMS": "many"}, "ManagementForm data is missing"),
        ({"duties-TOTAL_FORMS": "1000"}, "at most 30"),
        ({"paper": SimpleUploadedFile("empty.pdf", b"")}, "The submitted file is empty."),
    ],
)
def test_a_wrong_order_is_422_keeps_what_was_typed_and_saves_nothing(
    lead: Client, casework: Casework, changes: dict[str, Any], words: str
) -> None:
    answer = lead.post(url(casework, "order-create"), typed(**changes))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert "DEMO-77" in page
    assert not LegalOrder.objects.exists()
    assert not Obligation.objects.exists()


def test_a_file_past_the_limit_is_refused_beside_its_field(
    lead: Client, casework: Casework, settings: Any
) -> None:
    settings.PAPER_MAX_BYTES = 10
    answer = lead.post(url(casework, "order-create"), typed(paper=SimpleUploadedFile("a.pdf", PDF)))
    assert answer.status_code == 422
    assert "The file is larger than 10" in answer.content.decode().replace("\xa0", " ")
    assert not LegalOrder.objects.exists()


def test_a_store_that_takes_nothing_refuses_the_form_and_records_nothing(
    lead: Client, casework: Casework, settings: Any, tmp_path: Any
) -> None:
    in_the_way = tmp_path / "a-file"
    in_the_way.write_text("no folder")
    settings.FILES_ROOT = in_the_way
    answer = lead.post(url(casework, "order-create"), typed(paper=SimpleUploadedFile("a.pdf", PDF)))
    assert answer.status_code == 422
    assert "The file could not be stored" in answer.content.decode()
    assert not LegalOrder.objects.exists()


def test_more_rows_keep_what_was_typed_judge_nothing_and_save_nothing(
    lead: Client, casework: Casework
) -> None:
    data = typed(
        issued_at="2026-01-05T09:30",
        issuing_authority="",
        more="1",
        **{"duties-2-kind": "produce", "duties-2-text": "The KYC file."},
    )
    answer = lead.post(url(casework, "order-create"), data)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "There is a problem" not in page
    assert "The KYC file." in page
    assert "2026-01-05T09:30" in page
    assert 'name="duties-5-text"' in page
    assert 'name="duties-INITIAL_FORMS" value="0"' in page
    assert not LegalOrder.objects.exists()
    # A carried row may be emptied again.
    again = typed(**{"duties-TOTAL_FORMS": "6"})
    again |= {f"duties-{row}-{field}": "" for row in (3, 4, 5) for field in ("kind", "text", "due_at")}
    assert lead.post(url(casework, "order-create"), again).status_code == 303


def test_chosen_papers_stay_with_the_form_until_it_is_recorded(lead: Client, casework: Casework) -> None:
    """A browser sends no file twice: what was chosen comes back with a wrong form, and with more rows."""
    create = url(casework, "order-create")
    token = ""
    for changes, name in (({"issuing_authority": ""}, "warrant.pdf"), ({"more": "1"}, "annex.pdf")):
        paper = SimpleUploadedFile(name, PDF + name.encode())
        page = lead.post(create, typed(**changes, paper=paper, kept=token)).content.decode()
        assert name in page
        token = re.findall(r'name="kept" value="([^"]+)"', page)[0]
    assert not OrderPaper.objects.exists()
    third = [SimpleUploadedFile(name, PDF + name.encode()) for name in ("c.pdf", "d.pdf")]
    out = hashlib.sha256(PDF + b"annex.pdf").hexdigest()
    assert lead.post(create, typed(paper=third, kept=token, leave_out=out)).status_code == 303
    rows = OrderPaper.objects.order_by("number")
    assert [row.filename for row in rows] == ["warrant.pdf", "c.pdf", "d.pdf"]
    assert storage.read(rows[0].sha256) == PDF + b"warrant.pdf"


def test_nobody_brings_in_a_file_by_a_made_up_or_borrowed_token(
    lead: Client, casework: Casework, client_of: ClientOf
) -> None:
    create = url(casework, "order-create")
    paper = SimpleUploadedFile("warrant.pdf", PDF)
    page = lead.post(create, typed(more="1", paper=paper)).content.decode()
    token = re.findall(r'name="kept" value="([^"]+)"', page)[0]
    approver = client_of(casework.approver)
    assert approver.post(create, typed(kept=token)).status_code == 303
    assert lead.post(create, typed(kept=token + "x", agency_reference="DEMO-78")).status_code == 303
    assert not OrderPaper.objects.exists()


def test_enter_records_and_does_not_ask_for_rows(lead: Client, casework: Casework) -> None:
    """Enter in a field presses a form's first button."""
    page = lead.get(url(casework, "order-create")).content.decode()
    form = page[page.index('enctype="multipart/form-data"') :]
    assert 'name="more"' not in form[form.index("<button") : form.index("</button>")]


@pytest.mark.parametrize("total", ["", "x", "99999", "-4", "٣"])
def test_more_rows_with_a_strange_count_is_a_page(lead: Client, casework: Casework, total: str) -> None:
    data = typed(more="1", **{"duties-TOTAL_FORMS": total})
    assert lead.post(url(casework, "order-create"), data).status_code == 200


def test_a_clock_is_read_in_its_zone_or_refused() -> None:
    new_york = ZoneInfo("America/New_York")
    assert moment_in(new_york, datetime(2026, 7, 1, 12, 0)) == datetime(2026, 7, 1, 16, 0, tzinfo=UTC)  # noqa: DTZ001
    for clock in (datetime(2026, 3, 8, 2, 30), datetime(2026, 11, 1, 1, 30)):  # noqa: DTZ001
        with pytest.raises(ValidationError):
            moment_in(new_york, clock)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\warrant.pdf", "warrant.pdf"),
        ("a\r\nb\x00.pdf", "ab.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("  ", "paper"),
        ("..", "paper"),
        ("압수영장.pdf", "압수영장.pdf"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_file_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_media_type_comes_from_the_bytes() -> None:
    assert media_type_of(PDF) == "application/pdf"
    assert media_type_of(b"just words") == "application/octet-stream"
    assert media_type_of(b"") == "application/octet-stream"


# ── Verifying and moving ──────────────────────────────────────────────────────────────────────────────────


def test_an_order_goes_its_way_by_buttons_and_pages(casework: Casework, client_of: ClientOf) -> None:
    casework.order()
    lead, counsel = client_of(casework.lead), client_of(casework.counsel)
    detail = url(casework, "order-detail", 1)
    assert "Start the verification" in lead.get(detail).content.decode()
    move = url(casework, "order-move", 1)
    assert lead.post(move, {"to": "verifying"}).status_code == 303
    assert "Record the verification" in lead.get(detail).content.decode()
    verify = url(casework, "order-verify", 1)
    good = {
        "outcome": "authentic",
        "method": "call_back",
        "contact": "Clerk",
        "contact_source": "The court's own site",
    }
    assert lead.post(verify, {**good, "contact": ""}).status_code == 422
    assert lead.post(verify, {**good, "contact_source": ""}).status_code == 422
    assert lead.post(verify, {**good, "method": "tarot"}).status_code == 422
    assert lead.post(verify, {**good, "outcome": ""}).status_code == 422
    assert lead.post(verify, {**good, "remarks": "Docket seen"}).status_code == 303
    assert "Docket seen" in lead.get(detail).content.decode()
    assert lead.post(verify, good).status_code == 422  # it is verified already
    assert lead.post(move, {"to": "in_review"}).status_code == 303
    page = lead.get(detail).content.decode()
    assert "Counsel or an approver decides on this order." in page
    assert "?to=accepted" not in page
    assert "?to=accepted" in counsel.get(detail).content.decode()
    assert lead.post(move, {"to": "accepted", "reason": "I say so"}).status_code == 403
    assert counsel.get(move + "?to=accepted").status_code == 200
    refused = counsel.post(move, {"to": "accepted", "reason": ""})
    assert refused.status_code == 422
    assert "Give the reason." in refused.content.decode()
    assert counsel.post(move, {"to": "accepted", "reason": "In order"}).status_code == 303
    assert LegalOrder.objects.get().status == "accepted"


def test_an_inauthentic_order_ends(lead: Client, casework: Casework) -> None:
    casework.order()
    lead.post(url(casework, "order-move", 1), {"to": "verifying"})
    data = {
        "outcome": "inauthentic",
        "method": "court_registry",
        "contact": "Registry",
        "contact_source": "Its own site",
        "remarks": "Unknown there",
    }
    assert lead.post(url(casework, "order-verify", 1), data).status_code == 303
    assert LegalOrder.objects.get().status == "rejected_inauthentic"
    assert "Found not authentic" in lead.get(url(casework, "order-detail", 1)).content.decode()


def test_from_hold_an_order_is_offered_only_the_way_back(casework: Casework, client_of: ClientOf) -> None:
    casework.order()
    lead = client_of(casework.lead)
    move = url(casework, "order-move", 1)
    lead.post(move, {"to": "verifying"})
    assert lead.post(move, {"to": "on_hold"}).status_code == 303
    page = lead.get(url(casework, "order-detail", 1)).content.decode()
    assert "Take off hold" in page
    assert 'value="verifying"' in page
    assert 'value="in_review"' not in page
    assert lead.post(move, {"to": "in_review"}).status_code == 422


def test_moves_that_do_not_exist(casework: Casework, client_of: ClientOf) -> None:
    casework.order()
    lead, counsel = client_of(casework.lead), client_of(casework.counsel)
    move = url(casework, "order-move", 1)
    assert lead.get(move).status_code == 404
    assert lead.get(move + "?to=heaven").status_code == 404
    assert lead.post(move, {"to": "heaven"}).status_code == 422
    assert lead.post(move, {}).status_code == 422
    assert lead.post(move, {"to": "complied"}).status_code == 422
    assert lead.post(move, {"to": "in_review"}).status_code == 422  # not from received
    assert counsel.post(move, {"to": "accepted", "reason": "x"}).status_code == 422
    assert LegalOrder.objects.get().status == "received"


def test_an_order_that_ended_says_that_freezes_stay(casework: Casework, client_of: ClientOf) -> None:
    order = casework.accepted_order()
    casework.proposed_freeze(obligation_number=order.obligations.get().number)
    counsel = client_of(casework.counsel)
    answer = counsel.post(
        url(casework, "order-move", order.number), {"to": "withdrawn", "reason": "Letter of 3 May"}
    )
    assert answer.status_code == 303
    page = counsel.get(answer["Location"]).content.decode()
    assert "Freezes that rest on it are not released by that." in page
    assert "Lifted" in page


# ── Duties ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_duty_is_added_started_extended_and_met(lead: Client, casework: Casework) -> None:
    order = casework.accepted_order(duties=[], time_zone="Europe/Berlin", instrument="mlat_request")
    due = (moment() + timedelta(days=9)).astimezone(ZoneInfo("Europe/Berlin")).strftime(PLAIN)
    add = url(casework, "obligation-create", order.number)
    assert lead.post(add, {"kind": "produce", "text": ""}).status_code == 422
    assert lead.post(add, {"kind": "produce", "text": "Logs.", "due_at": "nonsense"}).status_code == 422
    assert lead.post(add, {"kind": "produce", "text": "Logs.", "due_at": due}).status_code == 303
    duty = Obligation.objects.get()
    assert duty.due_at is not None
    assert duty.due_at.astimezone(ZoneInfo("Europe/Berlin")).strftime(PLAIN) == due
    move, extend = (url(casework, f"obligation-{verb}", duty.number) for verb in ("move", "extend"))
    assert lead.post(move, {"to": "met", "reason": "sent"}).status_code == 422  # not started
    assert lead.post(move, {"to": "in_progress"}).status_code == 303
    earlier = lead.post(extend, {"due_at": "2020-01-01T00:00", "reason": "by phone"})
    assert earlier.status_code == 422
    assert "An extension ends later than before." in earlier.content.decode()
    later = (moment() + timedelta(days=20)).strftime(PLAIN)
    assert lead.post(extend, {"due_at": later, "reason": ""}).status_code == 422
    assert lead.post(extend, {"due_at": later, "reason": "Letter"}).status_code == 303
    assert lead.post(move, {"to": "met", "reason": ""}).status_code == 422
    assert lead.post(move, {"to": "lifted", "reason": "by hand"}).status_code == 422
    assert lead.post(move, {"to": "met", "reason": "Sent by portal, receipt 5"}).status_code == 303
    duty.refresh_from_db()
    order.refresh_from_db()
    assert (duty.status, order.status) == ("met", "complied")
    ended = lead.get(move)
    assert ended.status_code == 200
    assert "This duty has ended" in ended.content.decode()
    assert lead.post(extend, {"due_at": later, "reason": "more"}).status_code == 422


def test_a_duty_waits_for_its_order(lead: Client, casework: Casework) -> None:
    casework.order()
    assert "Waits for the order to be accepted" in lead.get(url(casework, "order-detail", 1)).content.decode()
    answer = lead.post(url(casework, "obligation-move", 1), {"to": "in_progress"})
    assert answer.status_code == 422
    assert "Nothing is executed before." in answer.content.decode()


# ── Papers ────────────────────────────────────────────────────────────────────────────────────────────────


def attach(client: Client, casework: Casework, name: str, content: bytes) -> Any:
    return client.post(
        url(casework, "paper-attach", 1),
        {"paper": SimpleUploadedFile(name, content, content_type="text/html")},
    )


def test_a_paper_is_handed_out_whole_as_an_attachment_and_that_is_recorded(
    casework: Casework, client_of: ClientOf
) -> None:
    casework.order()
    assert attach(client_of(casework.lead), casework, "압수영장 “1”.pdf", PDF).status_code == 303
    reader = client_of(casework.reader)
    path = url(casework, "paper-download", 1)
    answer = reader.get(path)
    assert answer.status_code == 200
    assert answer.content == PDF
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''%EC%95%95")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Cache-Control"] == "no-store"
    event = Event.objects.filter(action="paper.downloaded").get()
    assert event.actor == casework.reader
    assert reader.head(path).status_code == 405
    assert client_of(casework.outsider).get(path).status_code == 404
    assert Event.objects.filter(action="paper.downloaded").count() == 1


def test_a_page_sent_as_a_paper_is_never_served_as_one(lead: Client, casework: Casework) -> None:
    casework.order()
    attach(lead, casework, "x.html", b"<html><script>alert(1)</script></html>")
    answer = lead.get(url(casework, "paper-download", 1))
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")


def test_wrong_papers_are_refused(lead: Client, casework: Casework) -> None:
    casework.order()
    assert lead.post(url(casework, "paper-attach", 1), {}).status_code == 422
    assert attach(lead, casework, "empty.pdf", b"").status_code == 422
    assert attach(lead, casework, "one.pdf", PDF).status_code == 303
    twice = attach(lead, casework, "two.pdf", PDF)
    assert twice.status_code == 422
    assert "This very file is attached already." in twice.content.decode()
    assert OrderPaper.objects.count() == 1


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_a_damaged_paper_is_said_to_be_and_not_handed_out(
    lead: Client, casework: Casework, harm: str
) -> None:
    casework.order()
    attach(lead, casework, "one.pdf", PDF)
    path = storage.path_of(OrderPaper.objects.get().sha256)
    path.chmod(0o600)
    path.write_bytes(PDF + b"!") if harm == "changed" else path.unlink()
    answer = lead.get(url(casework, "paper-download", 1))
    assert answer.status_code == 409
    assert PDF not in answer.content
    assert "not handed out" in answer.content.decode()
    assert not Event.objects.filter(action="paper.downloaded").exists()


# ── Cost ──────────────────────────────────────────────────────────────────────────────────────────────────


def queries_for(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_pages_cost_the_same_with_more_orders_and_duties(lead: Client, casework: Casework) -> None:
    def grow() -> None:
        casework.order(
            duties=[
                Duty("produce", "a", responsible=casework.lead),
                Duty("freeze", "b", responsible=casework.counsel),
            ]
        )

    grow()
    before = [
        queries_for(lead, url(casework, "order-list")),
        queries_for(lead, url(casework, "order-detail", 1)),
    ]
    for _each in range(4):
        grow()
    for _each in range(5):
        lead.post(url(casework, "obligation-create", 1), {"kind": "produce", "text": "more"})
    attach(lead, casework, "one.pdf", PDF)
    after = [
        queries_for(lead, url(casework, "order-list")),
        queries_for(lead, url(casework, "order-detail", 1)),
    ]
    assert before == after


def test_the_list_is_walked_by_its_keys(
    lead: Client, casework: Casework, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "cases.queries.orders.order_list.__kwdefaults__", {"after": None, "before": None, "size": 2}
    )
    for number in range(5):
        casework.order(reference=f"DEMO-P{number}", duties=[])
    first = lead.get(url(casework, "order-list"))
    assert [row.order.number for row in first.context["page"].rows] == [5, 4]
    second = lead.get(url(casework, "order-list"), {"after": first.context["page"].next_cursor})
    assert [row.order.number for row in second.context["page"].rows] == [3, 2]
    back = lead.get(url(casework, "order-list"), {"before": second.context["page"].previous_cursor})
    assert [row.order.number for row in back.context["page"].rows] == [5, 4]
    assert lead.get(url(casework, "order-list"), {"after": "rubbish"}).status_code == 200


def test_what_is_typed_is_escaped(lead: Client, casework: Casework) -> None:
    nasty = '<script>alert("x")</script>'
    lead.post(
        url(casework, "order-create"), typed(issuing_authority=nasty, scope=nasty, agency_reference=nasty)
    )
    assert Case.objects.get().orders.count() == 1
    for path in (url(casework, "order-list"), url(casework, "order-detail", 1)):
        page = lead.get(path).content.decode()
        assert nasty not in page
        assert "&lt;script&gt;" in page
