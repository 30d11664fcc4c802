"""What a case file holds, and what the file of a matter never holds."""

import hashlib
import io
import json
import os
import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pikepdf
import psycopg2
import pypdf
import pytest
from django.db import connection

from cases import storage
from cases.actions import cases, freezes, shares, subjects
from cases.actions.freezes import AmountAsked
from cases.audit.models import Event
from cases.exports import content as content_module
from cases.exports import render
from cases.exports.content import collect
from cases.models import Case, Export
from cases.permissions import Permission
from tests.cases.file_scene import (
    BITCOIN,
    DEVELOPMENT,
    Scene,
    attached,
    everything_in,
    of_case,
    of_matter,
    produced,
    read,
    staged,
    text_of,
    unbroken,
)
from tests.support.casework import make_person, moment
from wallets.amounts import to_text

P = Permission
CANONICAL = "0x97B1043ABD9E6FC31681635166d430a458D14F9C"


@pytest.fixture
def scene(transactional_db: None, tmp_path: Path) -> Scene:
    return staged(tmp_path)


# ── What the file of a case holds ─────────────────────────────────────────────────────────────────────────


def test_the_file_of_a_case(scene: Scene) -> None:
    export = produced(of_case(scene))
    assert (export.status, export.step, export.failure) == ("ready", "done", "")
    pdf = storage.read(export.sha256)
    assert len(pdf) == export.size
    text = text_of(pdf)
    assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) == export.pages
    reading, packed = scene.reading, unbroken(text)
    # The balance to the last unit, its block, its source, the full address as it is canonical and as it was typed.
    assert to_text(reading.amount, 18, group=True) + " ETH" in text
    assert f"{reading.amount}baseunits" in packed
    assert f"Block {reading.block_height}" in text
    assert reading.block_hash in packed
    assert "node.example.test:8545" in text
    for address in (CANONICAL, CANONICAL.lower(), BITCOIN, DEVELOPMENT):
        assert address in text, f"{address} does not copy in one piece"
    for name in ("김상만 (Kim Sang Man)", "金相萬", "Ким Сан Ман"):
        assert name in text
    work = scene.casework
    for name in (
        work.lead.name,
        work.approver.name,
        work.second_approver.name,
        work.liaison.name,
        "Other Liaison",
    ):
        assert name in text
    for said in (
        "Source unavailable since",
        "no reading so far",
        "Not read yet",
        "Local development chain",
        "DEMO-SHARED",
        "DEMO-OTHER",
        "America/New_York",
        "warrant.pdf",
        "Called the clerk.",
        "alleged",
        "Ticket 4711",
        export.reference,
        scene.case.reference,
    ):
        assert said in text


def test_every_page_has_its_number_the_export_and_the_mark(scene: Scene) -> None:
    export = produced(of_case(scene))
    pages = pypdf.PdfReader(io.BytesIO(storage.read(export.sha256))).pages
    for number, page in enumerate(pages, start=1):
        text = page.extract_text()
        assert f"Page {number} of {len(pages)}" in text
        assert f"Export {export.reference}" in text
        assert "CONFIDENTIAL" in text
        assert scene.case.reference in text


def test_the_data_go_with_the_file_and_their_digest_stands_in_it(scene: Scene) -> None:
    export = produced(of_case(scene))
    pdf = storage.read(export.sha256)
    data = attached(pdf)
    assert hashlib.sha256(data).hexdigest() in text_of(pdf)
    facts = json.loads(data)
    assert (facts["format"], facts["version"]) == ("holdfast-case-file", 1)
    assert facts["record"]["intact"] is True
    assert facts["record"]["length"] == len(facts["chronology"])
    assert facts["record"]["head"] == facts["chronology"][-1]["hash"]
    assert [event["sequence"] for event in facts["chronology"]] == list(
        range(1, len(facts["chronology"]) + 1)
    )
    balances = {b["asset"]["symbol"]: b for w in facts["wallets"] for b in w["balances"]}
    assert balances["ETH"]["amount"]["base_units"] == str(scene.reading.amount)
    for unknown in ("BTC", "USDT"):
        assert balances[unknown]["amount"] is None
    assert facts["manifest"][0]["sha256"] in text_of(pdf)


def floats_in(value: object) -> list[object]:
    if isinstance(value, dict):
        return [found for each in value.values() for found in floats_in(each)]
    if isinstance(value, list):
        return [found for each in value for found in floats_in(each)]
    return [value] if isinstance(value, float) else []


def test_no_float_anywhere(scene: Scene) -> None:
    assert floats_in(collect(of_case(scene).pk).facts) == []


def test_unknown_is_never_zero(scene: Scene) -> None:
    facts = collect(of_case(scene).pk).facts
    for wallet in facts["wallets"]:
        for balance in wallet["balances"]:
            if balance["state"]["code"] in {"never_read", "failing"}:
                assert balance["amount"] is None
                assert "0" not in balance["state"]["text"].split("since")[0]
    pdf = storage.read(produced(Export.objects.latest("id")).sha256)
    text = text_of(pdf)
    for symbol in ("BTC", "USDT", "USDC", "DAI"):
        assert not re.search(rf"(?<![\d.\u202f])0(\.0+)? {symbol}\b", text)
    assert "not known at that moment" in text


def test_a_balance_of_zero_is_zero(scene: Scene) -> None:
    read(scene.wallet, "DAI", 0, 17_331_000)
    assert "0 DAI" in text_of(storage.read(produced(of_case(scene)).sha256))


def test_it_is_a_sound_tagged_archive_file(scene: Scene) -> None:
    pdf = storage.read(produced(of_case(scene)).sha256)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert opened.check_pdf_syntax() == []
        assert str(opened.Root.Lang) == "en"
        assert opened.Root.MarkInfo.Marked == True  # noqa: E712
        assert "/StructTreeRoot" in opened.Root
        assert "/Outlines" in opened.Root
        with opened.open_metadata() as meta:
            assert (meta["pdfaid:part"], meta["pdfaid:conformance"]) == ("3", "A")
            assert meta["pdfuaid:part"] == "1"
            assert scene.case.reference in meta["dc:title"]
        for font in (thing for thing in opened.objects if isinstance(thing, pikepdf.Dictionary)):
            if font.get("/Type") == "/FontDescriptor":
                assert {"/FontFile2", "/FontFile3"} & set(font.keys())


def test_the_same_content_is_the_same_file(scene: Scene) -> None:
    content = collect(of_case(scene).pk)
    digests = set()
    for _round in range(2):
        with render.rendered(content) as file:
            digests.add(hashlib.sha256(file.path.read_bytes()).hexdigest())
    assert len(digests) == 1
    assert not list((Path(render.settings.FILES_ROOT) / "typesetting").iterdir())


def test_a_second_file_has_its_own_id_and_leaves_the_first(scene: Scene) -> None:
    first = produced(of_case(scene))
    second = produced(of_case(scene))
    assert first.reference != second.reference
    assert first.sha256 != second.sha256
    assert storage.read(first.sha256)


def test_the_content_is_of_one_instant(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another session commits while the content is collected is not in it, in no part of it."""
    export = of_case(scene)
    before = Event.objects.filter(stream=scene.case.stream).count()
    real = content_module.process.orders

    def meanwhile(*args: Any, **kwargs: Any) -> Any:
        def write() -> None:
            try:
                cases.write_note(grant=scene.casework.grant(P.NOTE), at=moment(), text="CANARY of later")
            finally:
                connection.close()

        other = threading.Thread(target=write)
        other.start()
        other.join()
        return real(*args, **kwargs)

    monkeypatch.setattr(content_module.process, "orders", meanwhile)
    content = collect(export.pk)
    assert Event.objects.filter(stream=scene.case.stream).count() == before + 1
    assert "CANARY" not in content.as_json().decode()
    assert content.facts["record"]["length"] == before
    assert all(e["recorded_at"] <= content.facts["file"]["as_of"] for e in content.facts["chronology"])


def test_an_altered_record_is_said_on_the_cover(scene: Scene) -> None:
    export = of_case(scene)
    superuser = psycopg2.connect(
        os.environ["HOLDFAST_TEST_SUPERUSER_URL"], dbname=connection.settings_dict["NAME"]
    )
    with superuser, superuser.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE audit_event SET details = '{}' WHERE stream_id = %s AND sequence = 2",
            [scene.case.stream_id],
        )
    superuser.close()
    pdf = storage.read(produced(export).sha256)
    assert json.loads(attached(pdf))["record"] | {"head": "", "stream": "", "length": 0} == {
        "intact": False,
        "sequence": 2,
        "reason": "details differ from their digest",
        "head": "",
        "stream": "",
        "length": 0,
    }
    assert "The record does not hold together" in text_of(pdf)


# ── What the file of a matter holds, and never holds ──────────────────────────────────────────────────────


def test_the_file_of_a_matter(scene: Scene) -> None:
    export = produced(of_matter(scene))
    assert export.failure == ""
    text = text_of(storage.read(export.sha256))
    work = scene.casework
    for said in (
        scene.share.reference,
        "DEMO-SHARED",
        "U.S. District Court, D.D.C.",
        CANONICAL,
        to_text(scene.reading.amount, 18, group=True) + " ETH",
        f"Block {scene.reading.block_height}",
        work.approver.name,
        work.second_approver.name,
        work.lead.name,
        work.liaison.name,
        "warrant.pdf",
        "EXAMPLE BUREAU",
        "Freeze 1",
    ):
        assert said in text, said


def test_a_matter_leaks_nothing_of_its_case(scene: Scene) -> None:
    """A canary stands in everything that the authority may not see; its file holds none, in no layer."""
    work, grant = scene.casework, scene.casework.grant
    Case.objects.filter(pk=scene.case.pk).update(fictional_notice="CANARY notice")
    cases.edit_case(grant=grant(P.EDIT), at=moment(), title="CANARY title", summary="CANARY summary")
    cases.set_tags(grant=grant(P.EDIT), at=moment(), tags=["canary-tag"])
    cases.write_note(grant=grant(P.NOTE), at=moment(), text="CANARY note, SAR filed")
    subject = work.subject(name="CANARY subject", aliases=["CANARY alias"], remarks="CANARY remarks")
    subjects.edit_subject(
        grant=grant(P.EDIT), at=moment(), number=subject.number, attribution_source="CANARY source"
    )
    scene.wallet.label = "CANARY label"
    scene.wallet.attribution_source = "CANARY attribution"
    scene.wallet.save()
    account = work.account("EX-77", holder="Target Holder", remarks="CANARY remarks of the account")
    other = work.account("CANARY-ACCOUNT", holder="CANARY holder")
    work.holding(account, 7_000_001)
    work.holding(account, 999, asset="CANARYCOIN")
    work.holding(other)
    cases.add_member(grant=grant(P.MEMBERS), at=moment(), user=make_person("investigator", "CANARY member"))
    freeze = freezes.propose_freeze(
        grant=grant(P.FREEZE_PROPOSE),
        at=moment(),
        scope="asset",
        reason="CANARY reason",
        amounts=[AmountAsked("USDT")],
        account_number=account.number,
        obligation_number=scene.order.obligations.get().number,
    )
    freezes.approve_freeze(
        grant=grant(P.FREEZE_APPROVE, work.approver),
        at=moment(),
        number=freeze.number,
        comment="CANARY comment",
    )
    freezes.propose_freeze(
        grant=grant(P.FREEZE_PROPOSE),
        at=moment(),
        scope="account",
        reason="CANARY other",
        amounts=[],
        account_number=other.number,
        policy_hold="CANARY hold",
        formal_order_by=moment() + timedelta(days=1),
    )
    work.order(reference="CANARY-ORDER", scope="CANARY scope", requestor="CANARY requestor")
    work.share(scene.other_order, liaison=make_person("liaison", "CANARY liaison", agency="CANARY agency"))
    produced(of_case(scene))
    export = produced(of_matter(scene))
    assert export.failure == ""
    pdf = storage.read(export.sha256)
    everything = everything_in(pdf)
    assert b"canary" not in everything.lower()
    assert scene.case.reference.encode() not in everything
    assert b"DEMO-OTHER" not in everything
    assert b"Other Liaison" not in everything
    assert b"7000001" in everything
    facts = json.loads(attached(pdf))
    assert set(facts) == {
        "format", "version", "file", "scope", "matter", "wallets", "accounts", "orders", "freezes", "chronology",
        "record", "manifest", "system", "fictional_notice",
    }  # fmt: skip
    assert set(facts["record"]) == {"intact", "head"}
    assert [f["number"] for f in facts["freezes"]] == [1, 2]
    # The same canaries do stand in the case's own file: the net is not empty.
    inside = Export.objects.filter(profile="internal").latest("id")
    assert b"CANARY" in everything_in(storage.read(inside.sha256))


def test_a_freeze_of_one_asset_shows_no_other(scene: Scene) -> None:
    work = scene.casework
    account = work.account("EX-88")
    work.holding(account, 5, asset="USDT")
    work.holding(account, 6, asset="TRX")
    basis = scene.order.obligations.get().number
    values: dict[str, Any] = {"reason": "r", "account_number": account.number, "obligation_number": basis}
    grant = work.grant(P.FREEZE_PROPOSE)
    freezes.propose_freeze(grant=grant, at=moment(), scope="asset", amounts=[AmountAsked("USDT")], **values)
    shown = collect(of_matter(scene).pk).facts["accounts"]
    assert [h["amount"]["symbol"] for h in shown[0]["holdings"]] == ["USDT"]
    freezes.propose_freeze(grant=grant, at=moment(), scope="account", amounts=[], **values)
    shown = collect(of_matter(scene).pk).facts["accounts"]
    assert sorted(h["amount"]["symbol"] for h in shown[0]["holdings"]) == ["TRX", "USDT"]


def test_a_share_that_ended_makes_no_file(scene: Scene) -> None:
    export = of_matter(scene)
    shares.end_share(
        grant=scene.casework.grant(P.SHARE), at=moment(), number=scene.share.number, reason="Answered"
    )
    assert produced(export).status == "failed"
    assert export.failure == "The share ended before the file was made."
    assert export.sha256 == ""


def test_a_liaison_who_left_gets_no_file(scene: Scene) -> None:
    export = of_matter(scene)
    scene.casework.liaison.is_active = False
    scene.casework.liaison.save()
    assert produced(export).status == "failed"
