"""Wallets by the front door: attach, balances, progress of a refresh, history, taking out."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases import access
from cases.actions import cases as case_actions
from cases.actions import wallets as actions
from cases.models import CaseWallet
from cases.people.models import User
from cases.permissions import Permission
from tests.support.casework import ETHEREUM, Casework, moment
from tests.wallets.test_known import look_at, read
from tests.web.pages import costs_the_same, errors_beside, text_of
from wallets import snapshots
from wallets.chains.base import Failure
from wallets.models import WalletState

pytestmark = pytest.mark.django_db
P = Permission
ClientOf = Callable[[User], Client]
CANONICAL = "0x97B1043ABD9E6FC31681635166d430a458D14F9C"


def at(name: str, casework: Casework, *more: int) -> str:
    return reverse(name, args=[casework.case.reference, *more])


def a_wallet(**changed: str) -> dict[str, str]:
    return {
        "chain": "ethereum",
        "address": ETHEREUM,
        "label": "Kim, ETH",
        "role": "listed",
        "attribution_source": "OFAC SDN list",
        "attribution_confidence": "high",
    } | changed


# ── Attaching ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_wallet_is_attached_and_its_balances_asked_for(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.lead)
    response = client.post(at("wallet-create", casework), a_wallet(address=f"  {ETHEREUM} "))
    assert response.status_code == 303
    assert response["Location"] == at("wallet-detail", casework, 1)
    attached = CaseWallet.objects.select_related("wallet").get()
    assert (attached.wallet.address, attached.typed) == (CANONICAL, ETHEREUM)
    page = client.get(response["Location"])
    words = text_of(page)
    assert f"typed as {ETHEREUM}" in words
    assert "carries no checksum" in words
    assert "Waiting for a worker" in words
    assert "Not read yet" in words
    # While a look is asked for, the page asks for its live part again.
    assert 'hx-trigger="every 2s"' in page.content.decode()


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"address": "0x97b1043abd9e6Fc31681635166d430a458d14f9c"}, "address", "EIP-55"),
        ({"address": "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ"}, "address", "Bitcoin address"),
        ({"address": ETHEREUM[:-1]}, "address", "40 digits"),
        ({"address": "   "}, "address", "Enter an address"),
        ({"address": ""}, "address", "required"),
        ({"address": "0x97b1043abd9e6fc31681635166d430a458d14f\x00"}, "address", "Null"),
        ({"chain": "bitcoin"}, "address", ""),
        ({"chain": "dogecoin"}, "chain", ""),
        ({"chain": ""}, "chain", "required"),
        ({"role": "owner"}, "role", ""),
        ({"attribution_source": " "}, "attribution_source", ""),
        ({"attribution_confidence": ""}, "attribution_confidence", ""),
        ({"subject_number": "9"}, "subject_number", ""),
        ({"label": "x" * 121}, "label", ""),
    ],
)
def test_a_wrong_wallet_is_refused_with_its_reason_and_kept(
    casework: Casework, client_of: ClientOf, changed: dict[str, str], field: str, reason: str
) -> None:
    response = client_of(casework.lead).post(at("wallet-create", casework), a_wallet(**changed))
    assert response.status_code == 422
    assert reason in errors_beside(response, field)
    assert errors_beside(response, field)
    if changed.get("label") is None:
        assert 'value="Kim, ETH"' in response.content.decode()
    if changed.get("address", "").strip() and "\x00" not in changed["address"]:
        assert f'value="{changed["address"]}"' in response.content.decode()
    assert not CaseWallet.objects.exists()


def test_a_wallet_stands_once_in_a_case_however_it_is_typed(casework: Casework, client_of: ClientOf) -> None:
    casework.wallet()
    response = client_of(casework.lead).post(at("wallet-create", casework), a_wallet(address=CANONICAL))
    assert response.status_code == 422
    assert "attached to the case already" in errors_beside(response, "address")


def test_chains_that_can_be_read_stand_first(casework: Casework, client_of: ClientOf, settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {"bitcoin": "http://127.0.0.1:9", "base": "http://127.0.0.1:9"}
    body = client_of(casework.lead).get(at("wallet-create", casework)).content.decode()
    readable, others = body.split('label="No source is set up')
    assert 'value="bitcoin"' in readable
    assert 'value="base"' in readable
    assert 'value="ethereum"' not in readable
    assert 'value="ethereum"' in others
    # The development chain is offered only where it runs.
    assert "localdev" not in body


# ── What is known ─────────────────────────────────────────────────────────────────────────────────────────


def test_unknown_is_never_shown_as_zero(casework: Casework, client_of: ClientOf) -> None:
    attached = casework.wallet()
    client = client_of(casework.reader)
    for name, more in (("wallet-list", ()), ("wallet-detail", (1,)), ("case-detail", ())):
        words = text_of(client.get(at(name, casework, *more)))
        assert "Not read yet" in words, name
        assert "0 ETH" not in words, name
    look_at(attached.wallet, moment(), ETH=Failure("unreachable", "no answer"))
    words = text_of(client.get(at("wallet-list", casework)))
    assert "Source unavailable since" in words
    assert "0 ETH" not in words


def test_a_reading_is_shown_to_the_last_unit_with_its_block(casework: Casework, client_of: ClientOf) -> None:
    attached = casework.wallet()
    now = moment()
    look_at(
        attached.wallet,
        now,
        ETH=read(1_234_567_890_123_456_789_012, now - timedelta(seconds=30), height=19_000_001),
        USDT=read(0, now - timedelta(seconds=30), height=19_000_001),
    )
    page = client_of(casework.reader).get(at("wallet-detail", casework, 1))
    words = text_of(page)
    assert "234 .567890123456789012 ETH" in words
    assert "Read at block 19000001" in words
    assert "0 USDT" in words
    assert "hx-trigger" not in page.content.decode().split("<main")[1]
    (row,) = [row for row in page.context["page"].rows if row.asset.symbol == "ETH"]
    assert row.amount == 1_234_567_890_123_456_789_012
    # In a list, a token that was read and is not there takes no line.
    assert "USDT" not in text_of(client_of(casework.reader).get(at("wallet-list", casework)))


def test_the_progress_of_a_refresh_comes_from_the_database(casework: Casework, client_of: ClientOf) -> None:
    """Asked, taken by a worker, its lease lost with the worker, taken again, read: each step as the rows say."""
    attached = casework.wallet()
    now = moment()
    look_at(attached.wallet, now, ETH=read(5, now, height=7))
    client, url = client_of(casework.lead), at("wallet-detail", casework, 1)

    def live() -> str:
        response = client.get(url, headers={"HX-Request": "true", "HX-Target": "live"})
        assert response.status_code == 200
        assert "<html" not in response.content.decode()
        return text_of(response)

    assert "Read at block 7" in live()
    assert client.post(at("wallet-refresh", casework, 1)).status_code == 303
    assert "Waiting for a worker asked at" in live()
    claim = snapshots.claim_due(chain="ethereum", at=moment(), limit=5)
    assert claim is not None
    assert "Being read asked at" in live()
    WalletState.objects.filter(pk=attached.wallet_id).update(claimed_until=moment())
    assert "Waiting for a worker" in live()
    later = moment()
    look_at(attached.wallet, later, ETH=read(9, later, height=8))
    assert "Read at block 8" in live()


def test_a_whole_case_is_refreshed_with_its_progress(casework: Casework, client_of: ClientOf) -> None:
    for index in range(1, 4):
        casework.wallet(f"0x{index:040x}")
    WalletState.objects.update(requested_at=None, due_at=None)
    client = client_of(casework.lead)
    response = client.post(at("case-refresh", casework), {"wallets": "1"})
    assert response.status_code == 303
    assert response["Location"] == at("wallet-list", casework)
    for name in ("wallet-list", "case-detail"):
        part = client.get(at(name, casework), headers={"HX-Request": "true", "HX-Target": "balances"})
        assert "Reading balances 0 of 3" in text_of(part), name
        assert 'hx-trigger="every 2s"' in part.content.decode()
        assert "<html" not in part.content.decode()
    WalletState.objects.filter(pk=CaseWallet.objects.get(number=1).wallet_id).update(requested_at=None)
    assert "1 of 3" in text_of(client.get(at("wallet-list", casework)))


def test_who_only_reads_asks_for_nothing(casework: Casework, client_of: ClientOf) -> None:
    casework.wallet()
    for user in (casework.reader, casework.counsel, casework.auditor):
        client = client_of(user)
        assert client.post(at("wallet-refresh", casework, 1)).status_code == 403
        assert client.post(at("case-refresh", casework)).status_code == 403
        assert "Refresh now" not in text_of(client.get(at("wallet-detail", casework, 1)))


# ── History ───────────────────────────────────────────────────────────────────────────────────────────────


def readings(attached: CaseWallet, count: int, *, since: datetime) -> None:
    for index in range(count):
        when = since + timedelta(milliseconds=index)
        look_at(
            attached.wallet, when, ETH=read(index, when, height=index), USDT=read(index, when, height=index)
        )


def test_a_case_sees_only_what_was_read_while_it_held_the_wallet(
    casework: Casework, client_of: ClientOf
) -> None:
    """Readings from before would tell that another case looks at the same wallet."""
    attached = casework.wallet()
    look_at(attached.wallet, moment(), ETH=read(11, moment(), height=1))
    other = case_actions.open_case(
        by=casework.outsider, at=moment(), title="Other", typology="fraud", classification="internal"
    )
    grant = access.case_for(casework.outsider, other.reference, P.WALLETS)
    theirs = actions.attach_wallet(
        grant=grant,
        at=moment(),
        chain="ethereum",
        address=ETHEREUM,
        role="listed",
        attribution_source="List",
        attribution_confidence="low",
    )
    url = reverse("wallet-detail", args=[other.reference, theirs.number])
    assert client_of(casework.outsider).get(url).context["page"].rows == []
    look_at(attached.wallet, moment(), ETH=read(12, moment(), height=2))
    assert [row.amount for row in client_of(casework.outsider).get(url).context["page"].rows] == [12]
    actions.detach_wallet(grant=grant, at=moment(), number=theirs.number, reason="Wrong one")
    look_at(attached.wallet, moment(), ETH=read(13, moment(), height=3))
    page = client_of(casework.outsider).get(url)
    assert [row.amount for row in page.context["page"].rows] == [12]
    assert "Taken out of the case" in text_of(page)
    mine = client_of(casework.lead).get(at("wallet-detail", casework, 1))
    assert [row.amount for row in mine.context["page"].rows] == [13, 12, 11]


def test_history_is_walked_without_loss_where_assets_share_a_moment(
    casework: Casework, client_of: ClientOf
) -> None:
    attached = casework.wallet()
    readings(attached, 60, since=attached.attached_at + timedelta(milliseconds=1))
    client, url, query = client_of(casework.lead), at("wallet-detail", casework, 1), {}
    seen: list[tuple[int, str]] = []
    while True:
        page = client.get(url, query).context["page"]
        seen += [(row.block_height, row.asset.symbol) for row in page.rows]
        if page.next_cursor is None:
            break
        query = {"after": page.next_cursor}
    assert seen == [(height, symbol) for height in range(59, -1, -1) for symbol in ("ETH", "USDT")]


# ── Taking out ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_wallet_is_taken_out_with_a_reason(casework: Casework, client_of: ClientOf) -> None:
    casework.wallet()
    client, url = client_of(casework.lead), at("wallet-detach", casework, 1)
    assert client.post(url, {"reason": " "}).status_code == 422
    assert client.post(url, {"reason": "Not theirs"}).status_code == 303
    assert client.post(url, {"reason": "Again"}).status_code == 404
    page = client.get(at("wallet-list", casework))
    assert page.context["page"].rows == []
    assert "Taken out of the case" in text_of(page)
    refused = client.post(at("wallet-refresh", casework, 1))
    assert refused.status_code == 422
    assert "no such wallet" in text_of(refused)


def test_a_wallet_under_a_freeze_stays(casework: Casework, client_of: ClientOf) -> None:
    attached = casework.wallet()
    casework.proposed_freeze(wallet_number=attached.number)
    response = client_of(casework.lead).post(at("wallet-detach", casework, 1), {"reason": "Not theirs"})
    assert response.status_code == 422
    assert "A freeze on this wallet has not ended" in text_of(response)
    assert "Not theirs" in response.content.decode()


def test_the_pages_cost_the_same_however_long(casework: Casework, client_of: ClientOf) -> None:
    def wallets(start: int, stop: int) -> None:
        for index in range(start, stop):
            casework.wallet(f"0x{index + 1:040x}", label=f"W{index}")

    wallets(0, 3)
    client = client_of(casework.lead)
    assert costs_the_same(client, at("wallet-list", casework), lambda: wallets(3, 30)) <= 13
    first = CaseWallet.objects.select_related("wallet").get(number=1)
    readings(first, 3, since=first.attached_at + timedelta(milliseconds=1))
    costs_the_same(
        client,
        at("wallet-detail", casework, 1),
        lambda: readings(first, 30, since=first.attached_at + timedelta(milliseconds=100)),
    )
