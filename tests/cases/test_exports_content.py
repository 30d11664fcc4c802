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
from cases.actions import cases, exports, freezes, shares, subjects, wallets
from cases.actions.freezes import AmountAsked
from cases.audit.models import Event
from cases.audit.record import utc_text
from cases.chronology.words import moment_text
from cases.exports import content as content_module
from cases.exports import render
from cases.exports.content import collect
from cases.models import Case, CaseWallet, Export
from cases.permissions import Permission
from tests.cases.file_scene import (
    BITCOIN,
    DEVELOPMENT,
    LITECOIN,
    MONERO,
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
from tests.support.casework import Casework, make_person, moment
from tests.support.looks import looked
from tests.support.rows import by_hand
from tests.wallets.looks import DOWN
from wallets.amounts import to_text
from wallets.models import ReadingBatch

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
    look = reading.batch
    assert f"Block {look.block_height}, {moment_text(look.block_time)}" in text
    assert look.block_hash in packed
    assert f"from node.example.test:8545, looked at {moment_text(look.taken_at, short=True)}" in text
    assert "two independent sources agree: second.example.test" in text
    assert "asked at the block's hash; the newest block" in text
    for address in (CANONICAL, CANONICAL.lower(), BITCOIN, DEVELOPMENT, LITECOIN):
        assert address in text, f"{address} does not copy in one piece"
    # Longer than a line.
    assert MONERO in packed
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
        "Cannot be observed",
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
    assert (facts["format"], facts["version"]) == ("holdfast-case-file", 2)
    assert facts["record"]["intact"] is True
    assert facts["record"]["length"] == len(facts["chronology"])
    assert facts["record"]["head"] == facts["chronology"][-1]["hash"]
    assert [event["sequence"] for event in facts["chronology"]] == list(
        range(1, len(facts["chronology"]) + 1)
    )
    balances = {b["asset"]["symbol"]: b for w in facts["wallets"] for b in w["balances"]}
    look = scene.reading.batch
    assert stated(balances["ETH"]) == {
        "amount": str(scene.reading.amount),
        "block": {
            "height": 17_331_000,
            "hash": look.block_hash,
            "time": utc_text(look.block_time),
        },
        "source": "node.example.test:8545",
        "agreement": "agreed",
        "second_source": "second.example.test",
        "pin": "hash",
        "depth": "latest",
        "looked_at": utc_text(look.taken_at),
    }
    assert balances["ETH"]["changed_at"] == utc_text(look.taken_at)
    assert balances["devETH"]["agreement"]["code"] == "single"
    assert balances["devETH"]["second_source"] == ""
    for unknown in ("BTC", "USDT", "LTC", "XMR"):
        assert balances[unknown]["amount"] is None
        assert balances[unknown]["block"] is None
        assert balances[unknown]["source"] is None
    (held,) = [f["amounts"] for f in facts["freezes"] if f["target"]["kind"] == "wallet"]
    coin, token = held
    # Nothing was looked at between the proposal and the hold: the same look proves both.
    assert stated(coin["at_proposal"]) == stated(coin["at_application"]) == stated(balances["ETH"])
    assert coin["at_proposal"]["recorded_at"] == utc_text(look.recorded_at)
    assert (token["asset"], token["at_proposal"], token["at_application"]) == ("USDT", None, None)
    assert facts["manifest"][0]["sha256"] in text_of(pdf)


def stated(known: dict[str, Any]) -> dict[str, Any]:
    """What is said of a balance: the amount, and what proves it."""
    coded = {name: known[name]["code"] for name in ("agreement", "pin", "depth")}
    plain = {name: known[name] for name in ("block", "source", "second_source", "looked_at")}
    return {"amount": known["amount"]["base_units"], **plain, **coded}


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
    states = set()
    for wallet in facts["wallets"]:
        for balance in wallet["balances"]:
            states.add(balance["state"]["code"])
            if balance["state"]["code"] != "ok":
                assert balance["amount"] is None
                assert "0" not in balance["state"]["text"].split("since")[0]
    assert states == {"ok", "never_read", "failing", "hidden"}
    pdf = storage.read(produced(Export.objects.latest("id")).sha256)
    text = text_of(pdf)
    for symbol in ("BTC", "USDT", "USDC", "DAI", "LTC", "XMR"):
        assert not re.search(rf"(?<![\d.\u202f])0(\.0+)? {symbol}\b", text)
    assert "not known at that moment" in text


def balances_in(facts: dict[str, Any], address: str) -> list[dict[str, dict[str, Any]]]:
    """By symbol, what is said of each wallet at this address."""
    return [
        {balance["asset"]["symbol"]: balance for balance in wallet["balances"]}
        for wallet in facts["wallets"]
        if wallet["address"] == address
    ]


def test_what_was_seen_before_the_wallet_was_attached_is_not_told(scene: Scene) -> None:
    """Another case's look is not in the file of the case that attached the wallet later, nor since when it failed."""
    (bitcoin,) = balances_in(collect(of_case(scene).pk).facts, BITCOIN)
    attached = CaseWallet.objects.get(case=scene.case, wallet__address=BITCOIN)
    assert bitcoin["BTC"]["state"]["code"] == "never_read"
    assert bitcoin["BTC"]["since"] is None
    # A look of this case's own fails as well: since then it is known to fail, and not since before.
    with pytest.raises(ReadingBatch.DoesNotExist):  # nothing was read, so no look is stored
        looked({attached: {"BTC": DOWN}}, at=moment())
    export = exports.request_export(grant=scene.casework.grant(P.EXPORT), at=moment())
    (bitcoin,) = balances_in(collect(export.pk).facts, BITCOIN)
    assert bitcoin["BTC"]["state"]["code"] == "failing"
    assert bitcoin["BTC"]["since"] == utc_text(attached.attached_at)
    later = Casework.opened()
    wallet = later.wallet()
    export = exports.request_export(grant=later.grant(P.EXPORT), at=moment())
    (known,) = balances_in(collect(export.pk).facts, CANONICAL)
    assert {(b["amount"], b["block"], b["looked_at"], b["changed_at"]) for b in known.values()} == {
        (None, None, None, None)
    }
    assert known["ETH"]["state"]["code"] == "never_read"
    # A look since then tells the amount, but not since when it is so.
    again = read(wallet, "ETH", int(scene.reading.amount), 17_331_009)
    export = exports.request_export(grant=later.grant(P.EXPORT), at=moment())
    (known,) = balances_in(collect(export.pk).facts, CANONICAL)
    assert stated(known["ETH"])["looked_at"] == utc_text(again.batch.taken_at)
    assert known["ETH"]["amount"]["base_units"] == str(scene.reading.amount)


def test_a_wallet_that_was_taken_out_has_no_balances_any_more(scene: Scene) -> None:
    """Not even where it hangs on the case again: that is another wallet of the case."""
    grant = scene.casework.grant(P.WALLETS)
    gone = CaseWallet.objects.get(case=scene.case, wallet__address=DEVELOPMENT)
    wallets.detach_wallet(grant=grant, at=moment(), number=gone.number, reason="Not his")
    assert balances_in(collect(of_case(scene).pk).facts, DEVELOPMENT) == [{}]
    text = text_of(storage.read(produced(Export.objects.latest("id")).sha256))
    assert "Taken out of the case: its balances are not looked up any more." in text
    assert "No asset of this chain is known" not in text
    read(scene.casework.wallet(DEVELOPMENT, "localdev"), "devETH", 3, 43)
    before, now = balances_in(collect(of_case(scene).pk).facts, DEVELOPMENT)
    assert before == {}
    assert now["devETH"]["amount"]["base_units"] == "3"


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
            "UPDATE audit_event SET sealed_values = '' WHERE stream_id = %s AND sequence = 2",
            [scene.case.stream_id],
        )
    superuser.close()
    pdf = storage.read(produced(export).sha256)
    assert json.loads(attached(pdf))["record"] | {"head": "", "stream": "", "length": 0} == {
        "intact": False,
        "sequence": 2,
        "reason": "the values cannot be read",
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
        f"Block {scene.reading.batch.block_height}, {moment_text(scene.reading.batch.block_time)}",
        f"from node.example.test:8545, looked at {moment_text(scene.reading.batch.taken_at, short=True)}",
        "two independent sources agree: second.example.test",
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
    with by_hand():
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
    with by_hand():
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
    with by_hand():
        scene.casework.liaison.save()
    assert produced(export).status == "failed"
