"""A wallet's page and the proof behind each of its readings: what a case may see of a look, and no more."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases import access
from cases.actions import cases as case_actions
from cases.actions import wallets as actions
from cases.actions.checkpoints import checkpoint_now
from cases.actions.keys import begin_signing
from cases.audit.models import Event
from cases.models import Case, CaseWallet
from cases.people.models import User
from cases.permissions import Permission
from tests.support.casework import ETHEREUM, Casework, moment
from tests.support.looks import looked, swept
from tests.wallets.looks import assets, claimed, look_of
from tests.web.pages import costs_the_same, text_of
from wallets import blobs, snapshots
from wallets.models import Asset, LookDigest, Reading, ReadingBatch
from wallets.snapshots.record import record

pytestmark = pytest.mark.django_db
P = Permission
ClientOf = Callable[[User], Client]
OTHER = "0x00000000000000000000000000000000000000aa"
OWN_UNITS, OTHER_UNITS = 1_234_567_890_123_456_789, 987_654_321_987_654_321


def proof_of(
    attached: CaseWallet, look: ReadingBatch, symbol: str = "ETH", at_wallet: CaseWallet | None = None
) -> str:
    asset = Asset.objects.get(chain=attached.wallet.chain, symbol=symbol)
    where = at_wallet or attached
    return reverse("wallet-reading", args=[where.case.reference, where.number, look.pk, asset.pk])


def page_of(attached: CaseWallet) -> str:
    return reverse("wallet-detail", args=[attached.case.reference, attached.number])


def another_case(casework: Casework) -> Case:
    """A case of somebody who is in no way part of the first."""
    return case_actions.open_case(
        by=casework.outsider,
        at=moment(),
        title="Another matter",
        typology="other",
        classification="confidential",
    )


def attach(case: Case, by: User, address: str = ETHEREUM, chain: str = "ethereum") -> CaseWallet:
    return actions.attach_wallet(
        grant=access.case_for(by, case.reference, P.WALLETS),
        at=moment(),
        chain=chain,
        address=address,
        role="subject",
        attribution_source="A seized notebook",
        attribution_confidence="low",
    )


def word(amount: int) -> str:
    return amount.to_bytes(32, "big").hex()


def packed_look(
    said: Mapping[CaseWallet, Sequence[int]],
    *,
    at: datetime,
    answer: Callable[[str], bytes] = lambda words: json.dumps({"id": 1, "result": f"0x{words}"}).encode(),
    damaged: bool = False,
) -> ReadingBatch:
    """One answer about several wallets, as a node gives it: their words in a row within its JSON."""
    by_id = {attached.wallet_id: list(amounts) for attached, amounts in said.items()}
    snapshots.request_refresh(wallet_ids=sorted(by_id), at=at)
    claim = claimed(at, chain="ethereum")
    assert sorted(claim.wallets) == sorted(by_id)
    words = "".join(word(amount) for pk in claim.wallets for amount in by_id[pk])
    body = answer(words)
    look = look_of(claim, by_id, height=17_331_000, provider="node.example.test", answer=body)
    if damaged:
        (proof,) = look.proofs
        stored = (blobs.digest_of(body), b"something else")
        look = replace(look, proofs=(replace(proof, answer=stored),))
    assert record(look)
    return ReadingBatch.objects.get(token=claim.token)


def amounts(first: int) -> list[int]:
    """An amount of the native coin, and the index for each token, so that no two words are the same."""
    return [first, *range(1, len(assets("ethereum")))]


# ── The proof ─────────────────────────────────────────────────────────────────────────────────────────────


def test_block_sources_and_digests_stand_on_the_page(casework: Casework, client_of: ClientOf) -> None:
    attached = casework.wallet()
    at = moment()
    first = looked({attached: {"ETH": 7}}, at=at, height=17_000_001)
    look = looked(
        {attached: {"ETH": OWN_UNITS}},
        at=at + timedelta(minutes=5),
        height=17_000_002,
        second="quick.example.test",
    )
    page = client_of(casework.reader).get(proof_of(attached, look))
    assert page.status_code == 200
    words, source = text_of(page), page.content.decode()
    assert "1 .234567890123456789 ETH 1234567890123456789 base units" in words
    assert "17 000 002" in " ".join(words.split())
    assert look.block_hash in source
    assert "node.example.test, quick.example.test two independent sources agree" in words
    # Before: the amount and the look of this case that saw it last.
    assert "0 .000000000000000007 ETH" in words
    assert f"{first.block_height:,}".replace(",", " ") in words.replace("\u202f", " ")
    stored = list(look.answers.order_by("position"))
    assert len(stored) == 2
    for answer in stored:
        assert f'data-digest="{answer.answer_id}"' in source
        assert f'data-digest="{answer.question_digest}"' in source
    assert f"--look {look.pk}" in words


def test_where_the_look_stands_in_the_record_is_shown(
    casework: Casework, client_of: ClientOf, settings: Any
) -> None:
    attached = casework.wallet()
    settings.WALLET_RECORDER = ""
    untold = looked({attached: {"ETH": 6}}, at=moment())
    settings.WALLET_RECORDER = "cases.actions.readings.tell_looks"
    look = looked({attached: {"ETH": 7}}, at=moment())
    reader = client_of(casework.reader)
    fixed = LookDigest.objects.get(pk=look.pk)
    number = Event.objects.get(pk=fixed.told_as).sequence
    page = reader.get(proof_of(attached, look))
    assert f'data-digest="{fixed.digest}"' in page.content.decode()
    assert f"told in event {number} of the installation's record; no checkpoint signs it yet" in text_of(page)
    begin_signing(at=moment())
    checkpoint_now(at=moment())
    words = text_of(reader.get(proof_of(attached, look)))
    assert f"told in event {number} of the installation's record; signed with the checkpoint of" in words
    assert "The record does not tell of it yet." in text_of(reader.get(proof_of(attached, untold)))


def test_an_answer_about_this_wallet_alone_is_shown_as_it_came(
    casework: Casework, client_of: ClientOf
) -> None:
    attached = casework.wallet()
    look = packed_look(
        {attached: amounts(OWN_UNITS)},
        at=moment(),
        answer=lambda words: f'{{"id": 4, "result": "0x{words}", "note": "<b>&</b>"}}'.encode(),
    )
    page = client_of(casework.reader).get(proof_of(attached, look))
    assert "The answer as it came" in text_of(page)
    assert page.context["proofs"][0].whole
    # Raw bytes of a stranger are text on our page, never markup.
    assert "&lt;b&gt;&amp;&lt;/b&gt;" in page.content.decode()
    assert "<b>&</b>" not in page.content.decode()


def test_of_an_answer_about_several_wallets_only_the_own_words_are_shown(
    casework: Casework, client_of: ClientOf
) -> None:
    """The other wallet belongs to another case: neither its amount nor its address may be read out of a proof."""
    own, other = casework.wallet(), attach(another_case(casework), casework.outsider, OTHER)
    look = packed_look({own: amounts(OWN_UNITS), other: amounts(OTHER_UNITS)}, at=moment())
    assert look.wallets == 2
    for person, mine, mine_units, theirs, theirs_units in (
        (casework.reader, own, OWN_UNITS, other, OTHER_UNITS),
        (casework.outsider, other, OTHER_UNITS, own, OWN_UNITS),
    ):
        page = client_of(person).get(proof_of(mine, look))
        source = page.content.decode()
        (proof,) = page.context["proofs"]
        assert proof.text == "".join(word(amount) for amount in amounts(mine_units))
        assert proof.text in source
        assert f"The part about this wallet, from byte {proof.start} on" in text_of(page)
        assert word(theirs_units) not in source
        assert str(theirs_units) not in source
        assert theirs.wallet.address.lower() not in source.lower()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda words: b'{"rows": "in another shape"}', id="no words"),
        # As many digits, the wallets in the opposite order: cut by place alone, the page would show the other's.
        pytest.param(
            lambda words: words[len(words) // 2 :].encode() + words[: len(words) // 2].encode(), id="order"
        ),
    ],
)
def test_an_answer_that_cannot_be_taken_apart_is_not_shown(
    casework: Casework, client_of: ClientOf, answer: Callable[[str], bytes]
) -> None:
    own, other = casework.wallet(), attach(another_case(casework), casework.outsider, OTHER)
    look = packed_look({own: amounts(OWN_UNITS), other: amounts(OTHER_UNITS)}, at=moment(), answer=answer)
    page = client_of(casework.reader).get(proof_of(own, look))
    assert "not shown here; its digest is" in text_of(page)
    assert "The part about this wallet" not in text_of(page)
    assert word(OTHER_UNITS) not in page.content.decode()
    (stored,) = look.answers.all()
    assert f'data-digest="{stored.answer_id}"' in page.content.decode()


def test_a_damaged_answer_is_said_and_not_shown(casework: Casework, client_of: ClientOf) -> None:
    attached = casework.wallet()
    look = packed_look({attached: amounts(OWN_UNITS)}, at=moment(), damaged=True)
    page = client_of(casework.reader).get(proof_of(attached, look))
    assert page.status_code == 200
    assert "The stored answer is gone or damaged" in text_of(page)
    assert "1 .234567890123456789 ETH" in text_of(page)
    assert "something else" not in text_of(page)


def test_a_look_that_was_not_at_this_wallet_is_not_found(casework: Casework, client_of: ClientOf) -> None:
    own, other = casework.wallet(), attach(another_case(casework), casework.outsider, OTHER)
    look = looked({other: {"ETH": 5}}, at=moment())
    assert client_of(casework.outsider).get(proof_of(other, look)).status_code == 200
    # Its number in the address of the own wallet, and the other's address itself.
    assert client_of(casework.lead).get(proof_of(own, look, at_wallet=own)).status_code == 404
    assert client_of(casework.lead).get(proof_of(other, look)).status_code == 404


def test_what_was_read_before_the_wallet_was_attached_is_not_found(
    casework: Casework, client_of: ClientOf
) -> None:
    earlier = attach(another_case(casework), casework.outsider)
    at = moment()
    before = looked({earlier: {"ETH": 5}}, at=at)
    own = casework.wallet()
    assert own.wallet_id == earlier.wallet_id
    after = looked({own: {"ETH": 6}}, at=moment() + timedelta(minutes=1))
    client = client_of(casework.lead)
    assert client.get(proof_of(own, before)).status_code == 404
    page = client.get(proof_of(own, after))
    assert page.status_code == 200
    assert "Before not known to this case" in text_of(page)
    assert "0 .000000000000000005 ETH" not in text_of(page)
    theirs = client_of(casework.outsider)
    assert theirs.get(proof_of(earlier, before)).status_code == 200
    assert "0 .000000000000000005 ETH" in text_of(theirs.get(proof_of(earlier, after)))


def test_what_was_read_after_the_wallet_was_taken_out_is_not_found(
    casework: Casework, client_of: ClientOf
) -> None:
    own = casework.wallet()
    keeps = attach(another_case(casework), casework.outsider)
    during = looked({own: {"ETH": 5}}, at=moment())
    actions.detach_wallet(
        grant=casework.grant(P.WALLETS), at=moment(), number=own.number, reason="The wrong person"
    )
    later = looked({keeps: {"ETH": 6}}, at=moment() + timedelta(minutes=1))
    client = client_of(casework.lead)
    assert client.get(proof_of(own, during)).status_code == 200
    assert client.get(proof_of(own, later)).status_code == 404


# ── The wallet's page ─────────────────────────────────────────────────────────────────────────────────────


def points_of(page: Any) -> dict[str, list[dict[str, Any]]]:
    return {curve["series"].asset.symbol: json.loads(curve["points"]) for curve in page.context["curves"]}


def test_every_point_of_the_curve_is_a_line_of_the_table_with_the_same_proof(
    casework: Casework, client_of: ClientOf
) -> None:
    attached = casework.wallet()
    at = moment()
    for minute, units in enumerate((10**18, 3 * 10**18 + 1, 0)):
        looked({attached: {"ETH": units}}, at=at + timedelta(minutes=minute))
    last = at + timedelta(minutes=9)
    swept({attached: {"ETH": 0}}, at=last)
    page = client_of(casework.reader).get(page_of(attached))
    points = points_of(page)
    # What was never there has nothing to draw.
    assert set(points) == {"ETH"}
    *drawn, end = points["ETH"]
    assert [point["amount"] for point in drawn] == ["1", "3.000000000000000001", "0"]
    assert end == {**drawn[-1], "at": int(last.timestamp()), "same": True}
    source = page.content.decode()
    for point in drawn:
        assert f'<a href="{point["to"]}"' in source
        assert client_of(casework.reader).get(point["to"]).status_code == 200
    assert "The curve is drawn by script. The table of readings below says the same." in text_of(page)
    assert "style=" not in source.split("<main")[1]


def test_one_source_and_two_are_told_apart(casework: Casework, client_of: ClientOf) -> None:
    attached = casework.wallet()
    at = moment()
    client = client_of(casework.reader)
    looked({attached: {"ETH": 1}}, at=at)
    assert "agreed by two sources" not in text_of(client.get(page_of(attached)))
    assert "node.example.test one source" in text_of(client.get(page_of(attached)))
    looked({attached: {"ETH": 2}}, at=at + timedelta(minutes=1), second="quick.example.test")
    for url in (page_of(attached), reverse("wallet-list", args=[casework.case.reference])):
        assert "agreed by two sources" in text_of(client.get(url)), url


def test_a_contradiction_is_said_in_plain_words_and_the_older_amount_stands(
    casework: Casework, client_of: ClientOf
) -> None:
    attached = casework.wallet()
    at = moment()
    looked({attached: {"ETH": 10**18}}, at=at, second="quick.example.test")
    looked({attached: {"ETH": (5, 7)}}, at=at + timedelta(minutes=1), second="quick.example.test")
    client = client_of(casework.reader)
    words = text_of(client.get(page_of(attached)))
    assert "Two sources contradict each other: they give different amounts at the same block" in words
    assert "The older amount stands until they agree." in words
    assert "1 ETH" in words
    assert "Source unavailable" not in words
    listed = text_of(client.get(reverse("wallet-list", args=[casework.case.reference])))
    assert "Two sources contradict each other since" in listed
    assert "The older amount stands:" in listed
    # What either of them said is no amount of this wallet.
    assert not Reading.objects.filter(wallet=attached.wallet, amount__in=[5, 7]).exists()


def test_a_contradiction_about_a_balance_never_read_shows_no_amount(
    casework: Casework, client_of: ClientOf
) -> None:
    attached = casework.wallet()
    looked({attached: {"ETH": (5, 7)}}, at=moment(), second="quick.example.test")
    words = text_of(client_of(casework.reader).get(page_of(attached)))
    assert "neither is used, and no older amount is known" in words
    assert "0 ETH" not in words
    assert "The older amount stands" not in words


def test_what_nobody_can_observe_is_said_and_cannot_be_refreshed(
    casework: Casework, client_of: ClientOf
) -> None:
    attached = casework.wallet(
        "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H",
        chain="monero",
    )
    page = client_of(casework.lead).get(page_of(attached))
    assert "This chain shows nobody what an address holds" in text_of(page)
    assert "Refresh now" not in text_of(page)
    assert "0 XMR" not in text_of(page)


def test_the_proof_costs_the_same_however_much_was_read(casework: Casework, client_of: ClientOf) -> None:
    attached = casework.wallet()
    at = moment()
    look = looked({attached: {"ETH": 1}}, at=at)

    def more() -> None:
        for minute in range(1, 6):
            looked({attached: {"ETH": 1 + minute}}, at=at + timedelta(minutes=minute))

    costs_the_same(client_of(casework.reader), proof_of(attached, look), more)
