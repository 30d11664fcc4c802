"""`seed_demo`: when it runs and when not, its people, and nothing when it is run again."""

import io
import json
import stat
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import F
from django.test import Client
from django.urls import reverse

from cases.audit.models import Event
from cases.management.demo.people import add_people
from cases.models import CaseWallet
from cases.people.models import Role, User
from tests.support.casework import Casework, moment
from tests.support.demo import FUNDED, follow_up, sample, seeded
from tests.support.digest import digest
from wallets.models import Wallet

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings: Any, tmp_path: Any) -> Callable[..., str]:
    """`demo()` runs the command as `bin/up` does, with a development chain; returns what it printed."""
    settings.DEMO = True
    settings.HOLDFAST_HOME = tmp_path / "home"
    settings.WALLET_CHAIN_URLS = {"localdev": ["http://127.0.0.1:1"]}
    return seeded


# ── When it runs, and when not ────────────────────────────────────────────────────────────────────────────


def test_a_real_installation_gets_no_demo(settings: Any) -> None:
    settings.DEMO = False
    before = digest()
    with pytest.raises(CommandError, match="demo is off") as refused:
        call_command("seed_demo")
    assert str(refused.value).count("\n") == 0
    assert digest() == before


def test_an_installation_with_people_gets_no_demo(demo: Callable[..., str], casework: Casework) -> None:
    before = digest()
    with pytest.raises(CommandError, match="people in this installation"):
        demo()
    assert digest() == before


@pytest.mark.parametrize("wallets", ["no json", "[1]", '[["only a label"]]', "{}x"])
def test_wallets_that_cannot_be_read_load_nothing(
    demo: Callable[..., str], settings: Any, wallets: str
) -> None:
    before = digest()
    with pytest.raises(CommandError, match="--development-wallets"):
        call_command("seed_demo", development_wallets=wallets, stdout=io.StringIO())
    assert digest() == before
    assert not (settings.HOLDFAST_HOME / "demo-logins.json").exists()


def test_running_it_again_changes_nothing(demo: Callable[..., str], settings: Any) -> None:
    demo()
    logins = settings.HOLDFAST_HOME / "demo-logins.json"
    before, written, events = digest(), logins.read_bytes(), Event.objects.count()
    assert "nothing was changed" in demo()
    assert "nothing was changed" in demo([])
    assert digest() == before
    assert Event.objects.count() == events
    assert logins.read_bytes() == written


def test_without_passwords_on_disk_nothing_is_loaded(demo: Callable[..., str], settings: Any) -> None:
    """A database of people whose passwords nobody knows would be a locked door."""
    settings.HOLDFAST_HOME.parent.mkdir(parents=True, exist_ok=True)
    settings.HOLDFAST_HOME.write_text("a file where the folder should be")
    before = digest()
    with pytest.raises(OSError, match="home"):
        demo()
    assert digest() == before


# ── Its people ────────────────────────────────────────────────────────────────────────────────────────────


def test_everybody_can_log_in_with_what_is_printed_and_kept(demo: Callable[..., str], settings: Any) -> None:
    printed = demo()
    path = settings.HOLDFAST_HOME / "demo-logins.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    logins = json.loads(path.read_text(encoding="utf-8"))["logins"]
    assert sorted({login["role"] for login in logins}) == sorted(Role.values)
    assert [login["role"] for login in logins].count("approver") == 2
    assert len({login["password"] for login in logins}) == len(logins) == User.objects.count()
    for login in logins:
        assert login["email"].endswith("@demo.invalid")
        assert login["email"] in printed
        assert login["password"] in printed
        user = User.objects.get(email=login["email"])
        assert user.is_demo
        assert user.role == login["role"]
        assert user.check_password(login["password"])
        response = Client().post(
            reverse("account_login"), {"login": login["email"], "password": login["password"]}
        )
        assert (response.status_code, response["Location"]) == (302, "/")


def test_passwords_differ_on_every_installation(demo: Callable[..., str], settings: Any) -> None:
    _team, first = add_people(at=moment())
    User.objects.update(email=F("public_id"))
    _team, second = add_people(at=moment())
    assert not {login["password"] for login in first} & {login["password"] for login in second}


# ── The development chain ─────────────────────────────────────────────────────────────────────────────────


def test_the_funded_wallets_join_both_cases_and_are_read(demo: Callable[..., str]) -> None:
    demo()
    addresses = {address for _label, address in FUNDED}
    assert set(Wallet.objects.filter(chain="localdev").values_list("address", flat=True)) == addresses
    assert CaseWallet.objects.filter(case=sample(), wallet__chain="localdev").count() == 3
    assert CaseWallet.objects.filter(case=follow_up(), wallet__chain="localdev").count() == 2


def test_without_a_development_chain_there_is_none(demo: Callable[..., str], settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {}
    demo()
    assert not Wallet.objects.filter(chain="localdev").exists()
    assert sample().wallets.count() == 5
