"""Wallets by the front door: balances, progress of a refresh, history, taking out."""

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
from tests.support.looks import looked
from tests.wallets.looks import assets
from tests.web.pages import costs_the_same, text_of
from wallets import snapshots
from wallets.chains.base import Failure
from wallets.models import WalletState

pytestmark = pytest.mark.django_db
P = Permission
ClientOf = Callable[[User], Client]


def at(name: str, casework: Casework, *more: int) -> str:
    return reverse(name, args=[casework.case.reference, *more])


# ── What is known ─────────────────────────────────────────────────────────────────────────────────────────


def test_unknown_is_never_shown_as_zero(casework: Casework, client_of: ClientOf) -> None:
    attached = casework.wallet()
    client = client_of(casework.reader)
    for name, more in (("wallet-list", ()), ("wallet-detail", (1,)), ("case-detail", ())):
        words = text_of(client.get(at(name, casework, *more)))
        assert "Not read yet" in words, name
        assert "0 ETH" not in words, name
    looked({attached: {"ETH": Failure("unavailable", "no answer")}}, at=moment())
    words = text_of(client.get(at("wallet-list", casework)))
    assert "Source unavailable since" in words
    assert "0 ETH" not in words


def test_a_reading_is_shown_to_the_last_unit_with_its_block(casework: Casework, client_of: ClientOf) -> None:
    attached = casework.wallet()
    now = moment()
    looked({attached: {"ETH": 1_234_567_890_123_456_789_012, "USDT": 0}}, at=now, height=19_000_001)
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
    looked({attached: {"ETH": 5}}, at=now, height=7)
    client, url = client_of(casework.lead), at("wallet-detail", casework, 1)

    def live() -> str:
        response = client.get(url, headers={"HX-Request": "true", "HX-Target": "looks"})
        assert response.status_code == 200
        assert "<html" not in response.content.decode()
        return text_of(response)

    assert "Read at block 7" in live()
    assert client.post(at("wallet-refresh", casework, 1)).status_code == 303
    assert "Waiting for a worker asked at" in live()
    # Without script nothing asks again by itself.
    assert "Load this page again" in live()
    claim = snapshots.claim_due(chain="ethereum", at=moment(), limit=5)
    assert claim is not None
    assert "Being read asked at" in live()
    WalletState.objects.filter(pk=attached.wallet_id).update(claimed_until=moment())
    assert "Waiting for a worker" in live()
    later = moment()
    looked({attached: {"ETH": 9}}, at=later, height=8)
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


def readings(attached: CaseWallet, count: int, *, since: datetime, height: int = 0) -> None:
    for index in range(count):
        when = since + timedelta(milliseconds=index)
        looked({attached: {"ETH": index, "USDT": index}}, at=when, height=height + index)


def native_of(page: Any) -> list[int]:
    """What a page of readings says of the native coin."""
    return [row.amount for row in page.context["page"].rows if row.asset.symbol == "ETH"]


def test_a_case_sees_only_what_was_read_while_it_held_the_wallet(
    casework: Casework, client_of: ClientOf
) -> None:
    """Readings from before would tell that another case looks at the same wallet."""
    attached = casework.wallet()
    looked({attached: {"ETH": 11}}, at=moment(), height=1)
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
    looked({attached: {"ETH": 12}}, at=moment(), height=2)
    assert native_of(client_of(casework.outsider).get(url)) == [12]
    actions.detach_wallet(grant=grant, at=moment(), number=theirs.number, reason="Wrong one")
    looked({attached: {"ETH": 13}}, at=moment(), height=3)
    page = client_of(casework.outsider).get(url)
    assert native_of(page) == [12]
    assert "Taken out of the case" in text_of(page)
    mine = client_of(casework.lead).get(at("wallet-detail", casework, 1))
    assert native_of(mine) == [13, 12, 11]


def test_history_is_walked_without_loss_where_assets_share_a_moment(
    casework: Casework, client_of: ClientOf
) -> None:
    attached = casework.wallet()
    readings(attached, 60, since=attached.attached_at + timedelta(milliseconds=1))
    client, url, query = client_of(casework.lead), at("wallet-detail", casework, 1), {}
    seen: list[tuple[int, str]] = []
    while True:
        page = client.get(url, query).context["page"]
        seen += [(row.batch.block_height, row.asset.symbol) for row in page.rows]
        if page.next_cursor is None:
            break
        query = {"after": page.next_cursor}
    symbols = [asset.symbol for asset in sorted(assets("ethereum"), key=lambda asset: asset.pk)]
    # All assets were new to the case at its first look; afterwards two of them moved.
    changed = [
        (height, symbol) for height in range(59, 0, -1) for symbol in symbols if symbol in {"ETH", "USDT"}
    ]
    assert seen == changed + [(0, symbol) for symbol in symbols]


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
    assert costs_the_same(client, at("wallet-list", casework), lambda: wallets(3, 30)) <= 14
    first = CaseWallet.objects.select_related("wallet").get(number=1)
    readings(first, 3, since=first.attached_at + timedelta(milliseconds=1))
    costs_the_same(
        client,
        at("wallet-detail", casework, 1),
        lambda: readings(first, 30, since=first.attached_at + timedelta(milliseconds=100), height=3),
    )
