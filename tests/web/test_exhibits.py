"""Exhibits by the pages: taken in with and without a script, handed over, handed out; and hostile files."""

import hashlib
import re
import time
from datetime import timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cases import receiving, storage
from cases.actions import exhibits as actions
from cases.audit.models import Event
from cases.models import CustodyStep, Exhibit, Upload
from cases.permissions import Permission
from tests.support import evidence
from tests.support.casework import Casework, moment
from tests.support.clamd import clamd

P = Permission


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.FILES_ROOT = tmp_path / "files"


@pytest.fixture
def lead(casework: Casework) -> Client:
    client = Client()
    client.force_login(casework.lead)
    return client


def stated(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Chat log",
        "description": "",
        "received_from": "Agent Lee, FBI",
        "received_how": "Encrypted mail",
        "received_at": "2023-05-24T10:04",
        "order": "",
        **changes,
    }


def url(name: str, casework: Casework, *arguments: Any) -> str:
    return reverse(name, args=[casework.case.reference, *arguments])


def test_a_small_file_comes_with_the_form(lead: Client, casework: Casework) -> None:
    file = SimpleUploadedFile("chat.txt", evidence.CHAT, content_type="text/html")
    answer = lead.post(url("exhibit-create", casework), stated(file=file))
    assert (answer.status_code, answer["Location"]) == (303, url("exhibit-detail", casework, 1))
    page = lead.get(answer["Location"]).content.decode()
    assert hashlib.sha256(evidence.CHAT).hexdigest() in page
    assert "Unscanned" in page
    assert "Agent Lee, FBI" in page


def test_a_form_that_comes_back_keeps_its_file_and_what_was_typed(lead: Client, casework: Casework) -> None:
    file = SimpleUploadedFile("chat.txt", evidence.CHAT)
    answer = lead.post(url("exhibit-create", casework), stated(file=file, title="", received_from="Zoë"))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Zoë" in page
    [token] = re.findall(r'name="upload" value="([0-9a-f-]{36})"', page)
    assert "chat.txt" in page
    answer = lead.post(url("exhibit-create", casework), stated(upload=token))
    assert answer.status_code == 303
    assert Exhibit.objects.get().sha256 == hashlib.sha256(evidence.CHAT).hexdigest()
    # Sent twice, as by a double click: it is one exhibit, and the reason stands beside the field.
    again = lead.post(url("exhibit-create", casework), stated(upload=token))
    assert again.status_code == 422
    assert "There is no such upload" in again.content.decode()
    assert Exhibit.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Choose a file."),
        ({"received_at": "2999-01-01T00:00"}, "Give a year"),
        ({"received_at": "2190-01-01T00:00", "upload": "whole"}, "This lies in the future."),
        ({"order": "99"}, "Select a valid choice"),
        ({"upload": "00000000-0000-4000-8000-000000000009"}, "There is no such upload"),
        ({"upload": "not a token"}, "valid UUID"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    lead: Client, casework: Casework, changes: dict[str, str], words: str
) -> None:
    if changes.get("upload") == "whole":
        changes = {**changes, "upload": str(evidence.upload_whole(casework).token)}
    answer = lead.post(url("exhibit-create", casework), stated(**changes))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Exhibit.objects.exists()


def test_an_empty_file_is_refused(lead: Client, casework: Casework) -> None:
    answer = lead.post(url("exhibit-create", casework), stated(file=SimpleUploadedFile("a", b"")))
    assert answer.status_code == 422
    assert "empty" in answer.content.decode()


def test_a_file_comes_part_by_part(lead: Client, casework: Casework) -> None:
    content = bytes(range(256)) * 40
    begun = lead.post(url("upload-begin", casework), {"filename": "../x/disk.img", "size": len(content)})
    assert begun.status_code == 201
    place, token = begun.json()["to"], begun.json()["token"]
    half = len(content) // 2

    def put(offset: int, part: bytes) -> Any:
        return lead.put(
            place, part, content_type="application/octet-stream", headers={"Upload-Offset": str(offset)}
        )

    assert put(0, content[:half]).json() == {"received": half}
    # The same part once more, as after a lost answer: nothing is appended, the sender learns where to go on.
    again = put(0, content[:half])
    assert (again.status_code, again.json()) == (409, {"received": half})
    assert lead.get(place).json() == {"received": half, "size": len(content)}
    early = lead.post(url("exhibit-create", casework), stated(upload=token))
    assert (early.status_code, "Send the rest first" in early.content.decode()) == (422, True)
    assert put(half, content[half:] + b"!").status_code == 422
    there = lead.get(place).json()["received"]
    assert put(there, content[there:]).json() == {"received": len(content)}
    answer = lead.post(url("exhibit-create", casework), stated(upload=token))
    assert answer.status_code == 303
    found = Exhibit.objects.get()
    assert (found.filename, storage.read(found.sha256)) == ("disk.img", content)
    assert lead.get(place).status_code == 404


def test_a_part_that_does_not_say_where_it_begins_is_refused(lead: Client, casework: Casework) -> None:
    place = url("upload-part", casework, evidence.upload_begun(casework))
    for headers, status in (({}, 400), ({"Upload-Offset": "-1"}, 400), ({"Upload-Offset": "x"}, 400)):
        assert lead.put(place, b"x", headers=headers).status_code == status
    assert lead.put(place, b"x" * ((16 << 20) + 1), headers={"Upload-Offset": "0"}).status_code == 413
    assert receiving.received(Upload.objects.get().token) == 0


def test_a_full_disk_is_said_in_words(
    lead: Client, casework: Casework, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> int:
        raise OSError(28, "No space left on device")

    place = url("upload-part", casework, evidence.upload_begun(casework))
    monkeypatch.setattr(receiving, "append", full)
    answer = lead.put(place, b"x", headers={"Upload-Offset": "0"})
    assert answer.status_code == 507
    assert "no room" in answer.json()["reason"]
    answer = lead.post(url("exhibit-create", casework), stated(file=SimpleUploadedFile("a", b"abc")))
    assert answer.status_code == 422
    assert "there may be no room left" in answer.content.decode()
    assert Upload.objects.count() == 1
    assert not Exhibit.objects.exists()


def test_an_unfinished_upload_is_listed_and_given_up(lead: Client, casework: Casework) -> None:
    token = evidence.upload_begun(casework)
    assert "image.dd" in lead.get(url("exhibit-list", casework)).content.decode()
    assert lead.post(url("upload-abandon", casework, token)).status_code == 303
    assert "image.dd" not in lead.get(url("exhibit-list", casework)).content.decode()
    assert lead.post(url("upload-abandon", casework, token)).status_code == 404
    token = evidence.upload_begun(casework)
    assert lead.delete(url("upload-part", casework, token)).status_code == 204
    assert not Upload.objects.exists()


def test_a_hand_over_is_recorded_with_what_the_store_holds(lead: Client, casework: Casework) -> None:
    shown = evidence.exhibit(casework)
    place = url("custody-create", casework, 1)
    said = {"kind": "handed_over", "other_person": "Agent Lee", "how": "By hand", "why": "Trial"}
    wrong = lead.post(place, {**said, "how": "", "happened_at": "2190-01-01T00:00"})
    assert wrong.status_code == 422
    assert "Agent Lee" in wrong.content.decode()
    # As the form has it, without fractions of a second: as late as the receipt at the earliest.
    now = (shown.received_at + timedelta(seconds=1)).replace(microsecond=0)
    while timezone.now() < now:
        time.sleep(0.05)
    when = f"{now:%Y-%m-%dT%H:%M:%S}"
    assert lead.post(place, {**said, "happened_at": when}).status_code == 303
    step = CustodyStep.objects.latest("pk")
    assert (step.kind, step.other_person, step.sha256_after) == ("handed_over", "Agent Lee", shown.sha256)
    path = storage.path_of(shown.sha256)
    path.chmod(0o600)
    path.write_bytes(b"changed")
    refused = lead.post(place, {**said, "happened_at": when})
    assert refused.status_code == 422
    assert "no longer has the digest" in refused.content.decode()


# ── Handing out ───────────────────────────────────────────────────────────────────────────────────────────
def safe(answer: Any) -> None:
    """Nothing that is served can be shown inline, guessed at, or run."""
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer["Cache-Control"] == "no-store"


def test_a_file_leaves_as_it_came_and_that_is_told_first(lead: Client, casework: Casework) -> None:
    shown = evidence.exhibit(casework, b"x" * 3_000_000)
    answer = lead.get(url("exhibit-download", casework, 1))
    assert Event.objects.filter(stream=casework.case.stream).latest("sequence").action == "exhibit.downloaded"
    assert CustodyStep.objects.latest("pk").kind == "copied"
    safe(answer)
    assert answer["Content-Length"] == "3000000"
    assert hashlib.sha256(answer.content).hexdigest() == shown.sha256


def test_a_damaged_file_is_not_handed_out(lead: Client, casework: Casework) -> None:
    shown = evidence.exhibit(casework)
    path = storage.path_of(shown.sha256)
    path.chmod(0o600)
    path.write_bytes(b"changed")
    for words in ("no longer has the digest", "is missing"):
        answer = lead.get(url("exhibit-download", casework, 1))
        assert answer.status_code == 409
        assert words in answer.content.decode()
        path.unlink(missing_ok=True)
    assert CustodyStep.objects.count() == 1
    actions.check_files(now=moment)
    assert "It is not handed out" in lead.get(url("exhibit-detail", casework, 1)).content.decode()


def test_malware_is_handed_out_for_a_reason(
    lead: Client, casework: Casework, settings: Any, tmp_path: Path
) -> None:
    evidence.exhibit(casework, b"EICAR")
    with clamd(tmp_path) as (settings.CLAMD, _server):
        actions.scan_waiting(now=moment)
    place = url("exhibit-download", casework, 1)
    asked = lead.get(place)
    assert (asked.status_code, asked["Content-Type"].split(";")[0]) == (200, "text/html")
    assert lead.post(place, {"why": " "}).status_code == 422
    assert CustodyStep.objects.count() == 1
    safe(lead.post(place, {"why": "For the laboratory"}))
    assert "Malware found" in lead.get(url("exhibit-list", casework)).content.decode()


# ── Hostile files ─────────────────────────────────────────────────────────────────────────────────────────
NAMES = [
    *("../" * depth + "etc/passwd" for depth in range(1, 9)),
    *("..\\" * depth + "windows\\win.ini" for depth in range(1, 6)),
    *(f"{mark}tmp{mark}holdfast" for mark in ("/", "//", "\\", "\\\\", "C:\\", "file:///", "\\\\?\\")),
    *(f"a{mark}b.txt" for mark in ("\x00", "\r\n", "\n", "\t", "\x7f", "\x1b[31m", '"', "'", ";", "%00", "%2e%2e%2f")),
    *(f"a{mark}gpj.exe" for mark in "\u202e\u202d\u2066\u2069\u200f\u200b\ufeff\u061c"),
    *(name + ".txt" for name in ("CON", "NUL", "aux", "com1", "LPT9")),
    *("." * count for count in range(1, 6)),
    *("a" * length + ".pdf" for length in (196, 200, 255, 256, 1000, 5000)),
    *(f"x.{'a' * length}" for length in (20, 200, 300)),
    "~", "~root", "-rf", "$(id)", "`id`", "|id", "&id", "<script>alert(1)</script>.html", "=cmd|'/c calc'!A1.csv",
    "name*.txt", "filename*=UTF-8''x.html", "x.html;filename=y.txt", 'x"; filename="evil.html',
    "e\u0301.txt", "Ａ.txt", "文件.txt", "ملف.txt", "קובץ.txt", "🔥.svg", "\ud7ff.txt", " ", "  x  ", "x.", "x ",
    ".htaccess",
    ".git/config", "web.config", "index.php", "x.php.jpg", "x.jpg.php", "shell.jsp%00.png", "a/b/c/d", "a\\b/c\\d",
]  # fmt: skip
CONTENTS = {
    "html": b"<!doctype html><script>alert(document.cookie)</script>",
    "html after blanks": b" \n\t" * 400 + b"<html><body onload=alert(1)>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "svg with a prologue": b'<?xml version="1.0"?><!DOCTYPE svg><svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
    "xml entities": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
    "external entity": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    "javascript": b"alert(document.domain)//",
    "json with a call": b"/*JSONP*/alert(1)",
    "gif and script": b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)",
    "jpeg and html": b"\xff\xd8\xff\xe0\0\x10JFIF\0<html><script>alert(1)</script>",
    "png and html": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR<script>alert(1)</script>",
    "pdf with script": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj",
    "pdf and zip": b"%PDF-1.4\n" + b"PK\x03\x04" + b"\0" * 30,
    "zip bomb's head": b"PK\x03\x04\x14\0\0\0\x08\0" + b"\0" * 16 + b"\x01\0\0\0x" + b"\0" * 100,
    "zip with a way out": b"PK\x03\x04" + b"\0" * 22 + b"\x0e\0\0\0../../etc/cron",
    "gzip": b"\x1f\x8b\x08\0" + b"\0" * 60,
    "tar with a link": b"../../etc/passwd".ljust(257, b"\0") + b"ustar\x0000" + b"\0" * 248,
    "elf": b"\x7fELF\x02\x01\x01" + b"\0" * 57,
    "windows program": b"MZ\x90\0" + b"\0" * 60 + b"PE\0\0",
    "shell": b"#!/bin/sh\nrm -rf /\n",
    "php": b"<?php system($_GET['c']); ?>",
    "office macro": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504,
    "flash": b"FWS\x06" + b"\0" * 60,
    "mhtml": b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n<script>1</script>",
    "link file": b"L\0\0\0\x01\x14\x02\0" + b"\0" * 68,
    "formula": b'=HYPERLINK("http://evil.example.test","x")',
    "utf-7": b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "utf-16 html": "<script>alert(1)</script>".encode("utf-16"),
    "utf-32 html": "<script>alert(1)</script>".encode("utf-32"),
    "one byte": b"\0",
    "only nulls": b"\0" * 10_000,
    "form feed": b"\x0c" * 100,
    "multipart edge": b'--boundary\r\nContent-Disposition: form-data; name="title"\r\n\r\nx',
    "template": b"{{ settings.SECRET_KEY }}{% debug %}",
    "sql": b"'; DROP TABLE cases_exhibit; --",
    "pickle": b"cos\nsystem\n(S'id'\ntR.",
    "yaml": b"!!python/object/apply:os.system ['id']",
    "url file": b"[InternetShortcut]\nURL=javascript:alert(1)",
}
TYPES = [
    "text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/javascript", "text/javascript",
    "application/x-shockwave-flash", "multipart/x-mixed-replace", "text/html; charset=utf-7", "x" * 300, "../../x", "",
]  # fmt: skip
HOSTILE = [
    *(("name", index, name, b"%PDF-1.7 ", "application/pdf") for index, name in enumerate(NAMES)),
    *(("content", index, "x.txt", content, "text/plain") for index, content in enumerate(CONTENTS.values())),
    *(("type", index, "x.bin", b"x", kind) for index, kind in enumerate(TYPES)),
    *(
        ("both", index, name, content, "text/html")
        for index, (name, content) in enumerate(
            (name, content)
            for name in ("x.html", "x.svg", "../x.php", "x.js")
            for content in list(CONTENTS.values())[:8]
        )
    ),
]


def test_there_are_hostile_files_enough() -> None:
    assert len(HOSTILE) >= 150


def test_no_hostile_file_gets_out_of_its_place_or_is_shown(
    lead: Client, casework: Casework, settings: Any
) -> None:
    """Each goes in by the parts and by the form, and comes out by page; all lie in the store under their digests."""
    root = Path(settings.FILES_ROOT)
    before = {path for path in root.parent.rglob("*") if root not in path.parents and path != root}
    served = 0
    for turn, (what, index, name, content, kind) in enumerate(HOSTILE):
        # Each once, so that none is refused as one that is here already.
        sent = content + b"\n%d" % turn
        # A form's parser takes a name of dots for none, and refuses one of thousands of letters; the parts take both.
        if turn % 2 or not name.strip(" .") or len(name) > 255:
            begun = lead.post(url("upload-begin", casework), {"filename": name, "size": len(sent)})
            assert begun.status_code == 201, (what, index)
            put = lead.put(begun.json()["to"], sent, content_type=kind, headers={"Upload-Offset": "0"})
            assert put.json() == {"received": len(sent)}, (what, index)
            answer = lead.post(url("exhibit-create", casework), stated(upload=begun.json()["token"]))
        else:
            file = SimpleUploadedFile("x", sent, content_type=kind)
            file._name = name
            answer = lead.post(url("exhibit-create", casework), stated(file=file))
        assert answer.status_code == 303, (what, index)
        number = Exhibit.objects.latest("number").number
        taken = lead.get(url("exhibit-download", casework, number))
        safe(taken)
        assert taken.content == sent, (what, index)
        header = taken["Content-Disposition"]
        assert "\r" not in header and "\n" not in header and "\0" not in header
        message = Message()
        message["Content-Disposition"] = header
        given = message.get_filename() or ""
        assert "/" not in given and "\\" not in given and given not in {".", ".."}, (what, index, given)
        page = lead.get(url("exhibit-detail", casework, number)).content.decode()
        assert "<script>alert(1)</script>" not in page
        served += 1
    assert served == len(HOSTILE)
    after = {path for path in root.parent.rglob("*") if root not in path.parents and path != root}
    assert after == before
    kept = [path for path in root.rglob("*") if path.is_file()]
    assert all(re.fullmatch(r"[0-9a-f]{64}", path.name) for path in kept)
    assert {path.name for path in kept} == set(Exhibit.objects.values_list("sha256", flat=True))
