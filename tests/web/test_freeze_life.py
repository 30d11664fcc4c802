"""What happens to a freeze that stands, by its pages: extensions, parts given free, credits, transfers, issuers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.actions import freezes
from cases.actions.freezes import AmountAsked
from cases.models import FreezeChange, FreezeCredit, FreezeOrder, IssuerFreeze, Transfer
from cases.people.models import User
from cases.permissions import Permission
from tests.support.casework import Casework, moment
from tests.support.freezing import (
    DESTINATION,
    TXID,
    approved_transfer,
    begun_transfer,
    carried_out,
    confirmed_freeze,
    held,
    proposed_transfer,
    sent,
    settled_transfer,
    transfer_duty,
)
from tests.web.pages import errors_beside, queries_of, text_of
from wallets.models import Asset
from wallets.registry import ensure_assets

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
P = Permission
PLAIN = "%Y-%m-%dT%H:%M"
KEPT = "Kept words, typed with care"
OTHER = "0x" + "cd" * 32
TETHER = "0xdac17f958d2ee523a2206206994597c13d831ec7"


def at(name: str, casework: Casework, *more: Any) -> str:
    return reverse(name, args=[casework.case.reference, *more])


def ending(casework: Casework) -> FreezeOrder:
    """A freeze with a term."""
    return confirmed_freeze(casework, ends_at=moment() + timedelta(days=10))


def an_extension(casework: Casework) -> FreezeChange:
    freeze = ending(casework)
    assert freeze.ends_at is not None
    return freezes.propose_extension(
        grant=casework.grant(P.FREEZE_PROPOSE),
        at=moment(),
        number=freeze.number,
        ends_at=freeze.ends_at + timedelta(days=30),
        reason="Prolonged",
    )


def a_part(casework: Casework) -> FreezeChange:
    return freezes.propose_partial_release(
        grant=casework.grant(P.FREEZE_PROPOSE),
        at=moment(),
        number=confirmed_freeze(casework).number,
        amounts=[AmountAsked("USDT", 2_000_000)],
        reason="Narrowed",
    )


def a_credit(casework: Casework) -> FreezeCredit:
    freeze = confirmed_freeze(casework)
    assert freeze.account is not None
    casework.holding(freeze.account, 7_000_000, observed_at=moment())
    return FreezeCredit.objects.get(freeze=freeze)


def a_release_of_a_credit(casework: Casework) -> FreezeCredit:
    return freezes.propose_credit_release(
        grant=casework.grant(P.FREEZE_PROPOSE),
        at=moment(),
        number=a_credit(casework).number,
        reason="Not his",
    )


def a_freeze_to_transfer(casework: Casework) -> FreezeOrder:
    transfer_duty(casework)
    return confirmed_freeze(casework)


def a_transfer(casework: Casework, **kwargs: Any) -> Transfer:
    return proposed_transfer(casework, confirmed_freeze(casework), **kwargs)


def a_signed_transfer(casework: Casework) -> Transfer:
    return approved_transfer(casework, a_transfer(casework))


def a_begun_transfer(casework: Casework) -> Transfer:
    ensure_assets()
    return begun_transfer(casework, a_transfer(casework))


def a_settled_transfer(casework: Casework) -> Transfer:
    return settled_transfer(casework, sent(casework, a_begun_transfer(casework)))


def a_frozen_wallet(casework: Casework) -> FreezeOrder:
    ensure_assets()
    return carried_out(
        casework,
        casework.proposed_freeze(
            wallet_number=casework.wallet().number,
            scope="address",
            amounts=[],
            policy_hold="By telephone",
            formal_order_by=moment() + timedelta(days=9),
        ),
    )


def an_issuer_freeze(casework: Casework) -> IssuerFreeze:
    return freezes.request_issuer_freeze(
        grant=casework.grant(P.FREEZE_APPLY),
        at=moment(),
        number=a_frozen_wallet(casework).number,
        contract=Asset.objects.get(chain="ethereum", symbol="USDT").contract,
        issuer="Tether",
        reference="T-1",
    )


def a_submitted_issuer_freeze(casework: Casework) -> IssuerFreeze:
    row = an_issuer_freeze(casework)
    return freezes.submit_issuer_freeze(
        grant=casework.grant(P.FREEZE_APPLY), at=moment(), number=row.number, txid=TXID
    )


def in_days(days: int) -> str:
    return (moment() + timedelta(days=days)).strftime(PLAIN)


def a_proposal(casework: Casework) -> dict[str, str]:
    """What is typed to send all of it."""
    ensure_assets()
    return {
        "obligation_number": "1",
        "amount-USDT": "5",
        "takes_all": "on",
        "chain": "ethereum",
        "destination": DESTINATION,
        "destination_again": DESTINATION,
        "check_method": "call_back",
        "check_contact": "Marshal's office",
        "test_asset": "",
        "test_amount": "",
        "reason": KEPT,
    }


@dataclass(frozen=True)
class Page:
    """A step: its page, what it is a step of, who takes it, what is typed, and each way to type it wrong."""

    name: str
    made: Callable[[Casework], Any]
    permission: Permission
    typed: Callable[[Casework], dict[str, str]]
    after: str
    wrong: list[tuple[dict[str, str], str]] = field(default_factory=list)

    def doer(self, casework: Casework) -> User:
        return casework.approver if self.permission is P.FREEZE_APPROVE else casework.lead


def words(name: str = "reason") -> Callable[[Casework], dict[str, str]]:
    return lambda casework: {name: KEPT}


NO_REASON: list[tuple[dict[str, str], str]] = [
    ({"reason": " "}, "reason"),
    ({"reason": KEPT + "x" * 5000}, "reason"),
]
NO_DECISION: list[tuple[dict[str, str], str]] = [
    ({"decision": ""}, "decision"),
    ({"decision": "perhaps"}, "decision"),
    ({"decision": "refuse", "comment": " "}, "comment"),
    ({"comment": KEPT + "x" * 2000}, "comment"),
]
NO_TXID: list[tuple[dict[str, str], str]] = [
    ({"txid": ""}, "txid"),
    ({"txid": "0xabc"}, "txid"),
    ({"txid": "Ω" * 64}, "txid"),
    ({"txid": "a" * 131}, "txid"),
]


def agree(casework: Casework) -> dict[str, str]:
    return {"decision": "agree", "comment": KEPT, "others_known": "on"}


PAGES = [
    Page(
        "freeze-extend",
        ending,
        P.FREEZE_PROPOSE,
        lambda c: {"ends_at": in_days(40), "reason": KEPT},
        "confirmed",
        [
            *NO_REASON,
            ({"ends_at": ""}, "ends_at"),
            ({"ends_at": "soon"}, "ends_at"),
            ({"ends_at": "2020-01-01T00:00"}, "ends_at"),
            ({"ends_at": "0001-01-01T00:00"}, "ends_at"),
            ({"ends_at": "2999-01-01T00:00"}, "ends_at"),
        ],
    ),
    Page(
        "freeze-release-part",
        confirmed_freeze,
        P.FREEZE_PROPOSE,
        lambda c: {"amount-USDT": "2.5", "reason": KEPT},
        "confirmed",
        [
            *NO_REASON,
            ({"amount-USDT": "x"}, "amount-USDT"),
            ({"amount-USDT": "0"}, "amount-USDT"),
            ({"amount-USDT": "-1"}, "amount-USDT"),
            ({"amount-USDT": "1.0000001"}, "amount-USDT"),
            ({"amount-USDT": "9" * 119}, "amount-USDT"),
            ({"amount-USDT": "5.000001"}, ""),
            ({"amount-USDT": "5"}, ""),
            ({"amount-USDT": ""}, ""),
        ],
    ),
    Page("change-decide", an_extension, P.FREEZE_APPROVE, agree, "agreed", NO_DECISION),
    Page("change-decide", a_part, P.FREEZE_APPROVE, agree, "agreed", NO_DECISION),
    Page("credit-keep", a_credit, P.FREEZE_PROPOSE, words(), "kept", NO_REASON),
    Page("credit-release", a_credit, P.FREEZE_PROPOSE, words(), "release_proposed", NO_REASON),
    Page("credit-release-decide", a_release_of_a_credit, P.FREEZE_APPROVE, agree, "released", NO_DECISION),
    Page(
        "freeze-transfer",
        a_freeze_to_transfer,
        P.FREEZE_PROPOSE,
        a_proposal,
        "transfer_proposed",
        [
            *NO_REASON,
            ({"obligation_number": ""}, "obligation_number"),
            ({"obligation_number": "99"}, "obligation_number"),
            ({"amount-USDT": "x"}, "amount-USDT"),
            ({"amount-USDT": "5.000001"}, ""),
            ({"amount-USDT": "4"}, "takes_all"),
            ({"chain": "moon"}, "chain"),
            ({"destination": "0x12"}, "destination"),
            ({"destination": DESTINATION[:-1] + "e"}, "destination"),
            ({"destination_again": OTHER[:42]}, "destination_again"),
            (
                {"destination": DESTINATION.lower(), "destination_again": DESTINATION.lower()},
                "no_checksum_accepted",
            ),
            ({"check_method": "dream"}, "check_method"),
            ({"check_contact": " "}, "check_contact"),
            ({"test_amount": "1"}, "test_asset"),
            ({"test_asset": "USDT"}, "test_amount"),
            ({"test_asset": "USDT", "test_amount": "x"}, "test_amount"),
        ],
    ),
    Page("transfer-decide", a_transfer, P.FREEZE_APPROVE, agree, "approved", NO_DECISION),
    Page("transfer-withdraw", a_transfer, P.FREEZE_PROPOSE, words(), "refused", NO_REASON),
    Page("transfer-begin", a_signed_transfer, P.FREEZE_APPLY, lambda c: {}, "sending"),
    Page(
        "transfer-sent",
        a_begun_transfer,
        P.FREEZE_APPLY,
        lambda c: {"leg": "main:USDT", "txid": TXID, "fee": "0.001", "sent_at": ""},
        "sent",
        [
            *NO_TXID,
            ({"leg": "main:BTC"}, "leg"),
            ({"leg": "test:USDT"}, "leg"),
            ({"fee": "x"}, "fee"),
            ({"fee": "-1"}, "fee"),
            ({"sent_at": "2999-01-01T00:00"}, "sent_at"),
            ({"sent_at": "2199-01-01T00:00"}, "sent_at"),
            ({"sent_at": "2020-01-01T00:00"}, "sent_at"),
        ],
    ),
    Page("transfer-fail", a_begun_transfer, P.FREEZE_APPLY, words(), "failed", NO_REASON),
    Page(
        "transfer-receipt",
        a_settled_transfer,
        P.FREEZE_APPLY,
        words("receipt"),
        "settled",
        [({"receipt": " "}, "receipt")],
    ),
    Page(
        "issuer-freeze-request",
        a_frozen_wallet,
        P.FREEZE_APPLY,
        lambda c: {
            "contract": Asset.objects.get(chain="ethereum", symbol="USDT").contract,
            "issuer": "Tether",
            "reference": KEPT,
        },
        "confirmed",
        [
            ({"contract": ""}, "contract"),
            ({"contract": TETHER[:-1] + "0"}, "contract"),
            ({"issuer": " "}, "issuer"),
            ({"reference": " "}, "reference"),
            ({"issuer": "x" * 500}, "issuer"),
        ],
    ),
    Page(
        "issuer-freeze-submit",
        an_issuer_freeze,
        P.FREEZE_APPLY,
        lambda c: {"txid": TXID},
        "submitted",
        NO_TXID,
    ),
    Page(
        "issuer-freeze-confirm",
        a_submitted_issuer_freeze,
        P.FREEZE_APPLY,
        lambda c: {"txid": OTHER},
        "confirmed",
        [*NO_TXID, ({"txid": TXID}, "txid")],
    ),
    Page("issuer-freeze-end", an_issuer_freeze, P.FREEZE_APPLY, words(), "refused", NO_REASON),
]
NAMES = [f"{page.name}-{index}" for index, page in enumerate(PAGES)]
WRONG = [
    pytest.param(page, wrong, beside, id=f"{page.name}-{page.made.__name__}-{index}")
    for page in PAGES
    for index, (wrong, beside) in enumerate(page.wrong)
]


@pytest.mark.parametrize("step", PAGES, ids=NAMES)
def test_the_step_is_done_by_its_page_and_leads_back(
    casework: Casework, client_of: ClientOf, step: Page
) -> None:
    thing = step.made(casework)
    client, url = client_of(step.doer(casework)), at(step.name, casework, thing.number)
    shown = client.get(url)
    assert shown.status_code == 200
    assert "<form" in shown.content.decode()
    answer = client.post(url, step.typed(casework))
    assert answer.status_code == 303, text_of(answer)[:500]
    assert client.get(answer["Location"]).status_code == 200
    thing.refresh_from_db()
    assert thing.status == step.after


@pytest.mark.parametrize(("step", "wrong", "beside"), WRONG)
def test_what_is_typed_wrong_is_refused_beside_its_field_and_nothing_typed_is_lost(
    casework: Casework, client_of: ClientOf, step: Page, wrong: dict[str, str], beside: str
) -> None:
    thing = step.made(casework)
    before = thing.status
    values = step.typed(casework) | wrong
    answer = client_of(step.doer(casework)).post(at(step.name, casework, thing.number), values)
    body = answer.content.decode()
    assert answer.status_code == 422, answer.get("Location")
    if beside:
        assert errors_beside(answer, beside), text_of(answer)[:600]
    assert "errorsummary" in body
    for name, value in values.items():
        if value not in {"", " ", "on"} and name not in wrong:
            shown = value.replace("'", "&#x27;")
            assert shown in body, name
    thing.refresh_from_db()
    assert thing.status == before


@pytest.mark.parametrize("step", PAGES, ids=NAMES)
def test_readers_are_refused_and_outsiders_find_nothing(
    casework: Casework, client_of: ClientOf, step: Page
) -> None:
    thing = step.made(casework)
    before = thing.status
    url, typed = at(step.name, casework, thing.number), step.typed(casework)
    for user in (casework.reader, casework.auditor, casework.counsel):
        assert client_of(user).get(url).status_code == 403
        assert client_of(user).post(url, typed).status_code == 403
    for user in (casework.outsider, casework.liaison, casework.administrator):
        assert client_of(user).get(url).status_code == 404
        assert client_of(user).post(url, typed).status_code == 404
    if step.permission is P.FREEZE_APPROVE:
        assert client_of(casework.lead).post(url, typed).status_code == 403
    assert Client().post(url, typed).status_code == 302
    assert client_of(step.doer(casework)).get(at(step.name, casework, 99)).status_code == 404
    assert client_of(step.doer(casework)).post(at(step.name, casework, 99), typed).status_code == 404
    thing.refresh_from_db()
    assert thing.status == before


@pytest.mark.parametrize("step", PAGES, ids=NAMES)
def test_a_step_that_was_taken_is_not_taken_twice(
    casework: Casework, client_of: ClientOf, step: Page
) -> None:
    thing = step.made(casework)
    client, url, typed = (
        client_of(step.doer(casework)),
        at(step.name, casework, thing.number),
        step.typed(casework),
    )
    assert client.post(url, typed).status_code == 303
    if step.name in {"freeze-release-part"}:
        # Another part of what is left may be asked for.
        return
    again = client.post(url, typed)
    assert again.status_code == 422
    assert "errorsummary" in again.content.decode()
    assert client.get(url).status_code == 200


# ── Four eyes, by the page ────────────────────────────────────────────────────────────────────────────────


def test_nobody_decides_on_what_she_asked_for_herself(casework: Casework, client_of: ClientOf) -> None:
    freeze = confirmed_freeze(casework)
    grant = casework.grant(P.FREEZE_PROPOSE, casework.approver)
    change = freezes.propose_partial_release(
        grant=grant, at=moment(), number=freeze.number, amounts=[AmountAsked("USDT", 1)], reason="Mine"
    )
    url = at("change-decide", casework, change.number)
    own = client_of(casework.approver)
    assert "You asked for this" in text_of(own.get(url))
    assert own.post(url, agree(casework)).status_code == 422
    change.refresh_from_db()
    assert change.status == "proposed"
    assert client_of(casework.second_approver).post(url, agree(casework)).status_code == 303


def test_a_refusal_leaves_what_was_held(casework: Casework, client_of: ClientOf) -> None:
    change, no = a_part(casework), {"decision": "refuse", "comment": "The court said no such thing"}
    assert (
        client_of(casework.approver).post(at("change-decide", casework, change.number), no).status_code == 303
    )
    change.refresh_from_db()
    assert (change.status, held(change.freeze)) == ("refused", {"USDT": 5_000_000})
    page = text_of(client_of(casework.reader).get(at("freeze-detail", casework, change.freeze.number)))
    assert "The court said no such thing" in page


# ── A transfer's own page ─────────────────────────────────────────────────────────────────────────────────


def test_a_transfer_shows_its_way_to_whoever_reads_the_case(casework: Casework, client_of: ClientOf) -> None:
    transfer = a_settled_transfer(casework)
    url = at("transfer-detail", casework, transfer.number)
    for user in (casework.lead, casework.reader, casework.auditor):
        page = text_of(client_of(user).get(url))
        for said in (DESTINATION, TXID, "Marshal's office"):
            assert said in page
    for user in (casework.outsider, casework.liaison, casework.administrator):
        assert client_of(user).get(url).status_code == 404
    assert client_of(casework.lead).post(url).status_code == 405


# ── Cost ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_pages_cost_the_same_with_more_beside_them(casework: Casework, client_of: ClientOf) -> None:
    """More credits, changes and settled transfers in the case, and more changes of the very freeze."""
    client = client_of(casework.approver)
    change, credit, transfer = a_part(casework), a_credit(casework), a_transfer(casework)
    row = an_issuer_freeze(casework)
    pages = [
        at("change-decide", casework, change.number),
        at("credit-release", casework, credit.number),
        at("transfer-detail", casework, transfer.number),
        at("transfer-decide", casework, transfer.number),
        at("issuer-freeze-submit", casework, row.number),
        at("freeze-detail", casework, change.freeze.number),
        at("freeze-release-part", casework, change.freeze.number),
    ]
    before = [queries_of(client, page) for page in pages]
    for each in range(3):
        a_credit(casework)
        a_part(casework)
        freezes.propose_partial_release(
            grant=casework.grant(P.FREEZE_PROPOSE),
            at=moment(),
            number=change.freeze.number,
            amounts=[AmountAsked("USDT", each + 1)],
            reason="More",
        )
    assert [queries_of(client, page) for page in pages] == before
    assert max(before) <= 60
