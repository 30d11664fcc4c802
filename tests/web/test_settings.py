"""The settings page: what is set, what is asked, how the parts are; never a secret."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from cases import outbox
from cases.actions.readings import tell_untold_looks
from cases.people.models import User
from cases.queries import health
from tests.support.casework import Casework, moment
from tests.support.looks import looked
from wallets.chains import CHAINS

ClientOf = Callable[[User], Client]
WARNING = "Each look-up tells the source's operator whom you investigate"


@pytest.fixture
def admin(person: Callable[..., User], client_of: ClientOf) -> Client:
    return client_of(person("administrator"))


def page(client: Client) -> str:
    answer = client.get(reverse("settings"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_who_enters(casework: Casework, client_of: ClientOf) -> None:
    path = reverse("settings")
    assert client_of(casework.administrator).get(path).status_code == 200
    assert client_of(casework.auditor).get(path).status_code == 200
    for other in (casework.lead, casework.approver, casework.counsel, casework.liaison):
        assert client_of(other).get(path).status_code == 403
    assert Client().get(path).status_code == 302
    assert client_of(casework.administrator).post(path).status_code == 405


def test_sources_are_named_by_host_and_never_by_their_keys(admin: Client, settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {
        "ethereum": ["https://user:hush-hush@node.intern.test:8545/v3/secret-key?token=secret-token"],
        "bitcoin": ["https://mempool.space/api"],
    }
    settings.ALLOW_PUBLIC_PROVIDERS = False
    text = page(admin)
    assert WARNING in text
    assert "node.intern.test:8545" in text
    assert "public provider, refused" in text
    assert "none: balances are not read" in text
    for secret in ("hush-hush", "secret-key", "secret-token", settings.SECRET_KEY, "user:"):
        assert secret not in text


def rows_of(text: str) -> list[str]:
    """The rows of the table of sources, each as its text."""
    table = text.split('id="sources"')[1].split("<tbody>")[1].split("</tbody>")[0]
    return [" ".join(strip_tags(row).split()) for row in table.split("</tr>") if "<tr" in row]


def test_each_provider_has_a_row_and_its_chain_is_named_once(admin: Client, settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {
        "ethereum": ["http://first.intern.test:8545", "http://second.intern.test:8545"],
        "bitcoin": ["ftp://third.intern.test/secret-path"],
    }
    rows = rows_of(page(admin))
    (first,) = [place for place, row in enumerate(rows) if "first.intern.test:8545" in row]
    assert rows[first].startswith("Ethereum")
    assert rows[first + 1].startswith("second.intern.test:8545")
    (bitcoin,) = [row for row in rows if row.startswith("Bitcoin ") and "Bitcoin Cash" not in row]
    assert "not a URL that this chain can be read from" in bitcoin
    assert "third.intern.test" not in bitcoin
    assert "not a known public provider" not in bitcoin


def test_chains_that_nobody_can_observe_are_said_to_be(admin: Client) -> None:
    hidden = [row for row in rows_of(page(admin)) if "cannot be observed" in row]
    assert len(hidden) == sum(not info.observable for info in CHAINS.values()) > 0
    assert any(row.startswith("Monero") for row in hidden)
    assert not any("balances are not read" in row for row in hidden)


def test_the_prices_are_one_step_away(admin: Client) -> None:
    assert f'href="{reverse("price-list")}"' in page(admin)


def test_an_allowed_public_provider_is_loud(admin: Client, settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {"bitcoin": ["https://mempool.space/api"]}
    settings.ALLOW_PUBLIC_PROVIDERS = True
    text = page(admin)
    assert "public provider, allowed" in text
    assert "Its operator can see whom you investigate." in text


def test_the_development_chain_stands_only_in_a_demonstration(admin: Client, settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {"localdev": ["http://127.0.0.1:8545"]}
    settings.DEMO = True
    assert "Local development chain" in page(admin)
    settings.DEMO = False
    assert "127.0.0.1:8545" not in page(admin)


def test_looks_that_the_record_does_not_tell_of_are_counted(
    admin: Client, casework: Casework, settings: Any
) -> None:
    attached = casework.wallet()
    looked({attached: {"ETH": 5}}, at=moment())
    assert "every look is told of" in page(admin)
    settings.WALLET_RECORDER = ""
    looked({attached: {"ETH": 6}}, at=moment())
    assert "1 look is not told of yet" in page(admin)
    settings.WALLET_RECORDER = "cases.actions.readings.tell_looks"
    tell_untold_looks(now=moment)
    assert "every look is told of" in page(admin)


def test_the_worker_is_silent_until_it_beats(admin: Client) -> None:
    assert "silent" in page(admin)
    cache.set(health.HEARTBEAT_KEY, int(datetime.now(UTC).timestamp()))
    text = page(admin)
    assert "works" in text
    assert "silent" not in text
    cache.set(health.HEARTBEAT_KEY, int((datetime.now(UTC) - timedelta(minutes=5)).timestamp()))
    assert "silent" in page(admin)


def test_a_broker_that_is_away_is_said_to_be(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(health.cache, "get", away)
    text = page(admin)
    assert "does not answer" in text
    assert "Nothing is lost by that" in text


def test_work_that_waits_is_counted(admin: Client) -> None:
    outbox.put(task="wallets.sweep", at=datetime.now(UTC))
    assert "the oldest since" in page(admin)


def test_the_page_costs_a_fixed_number_of_queries(admin: Client) -> None:
    page(admin)
    with CaptureQueriesContext(connection) as seen:
        page(admin)
    before = len(seen)
    for _each in range(5):
        outbox.put(task="wallets.sweep", at=datetime.now(UTC))
    with CaptureQueriesContext(connection) as seen:
        page(admin)
    assert len(seen) == before
