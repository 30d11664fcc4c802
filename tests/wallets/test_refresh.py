"""From "due" to "known", through the tasks that workers run, on a real node and on a double of Esplora."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from tests.wallets.doubles import Exchange, evm_node, serve
from tests.wallets.esplora_double import Esplora
from tests.wallets.nodes import Anvil, run_anvil, some_address
from wallets import blobs, snapshots, tasks
from wallets.chains.base import ERROR_TEXTS
from wallets.models import (
    Asset,
    Balance,
    Disagreement,
    LookGroup,
    Reading,
    ReadingBatch,
    SourceFault,
    Wallet,
    WalletState,
)
from wallets.snapshots import look, schedule
from wallets.snapshots.reread import answers_damaged

pytestmark = pytest.mark.django_db(transaction=True)

MakeWallets = Callable[..., list[Wallet]]
KIM = "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ"


@pytest.fixture(scope="module")
def node() -> Iterator[Anvil]:
    with run_anvil("--no-request-size-limit") as anvil:
        yield anvil


@pytest.fixture(scope="module")
def token(node: Anvil) -> str:
    return node.deploy_token()


@pytest.fixture
def localdev(node: Anvil, token: str, settings: Any) -> Anvil:
    settings.DEMO = True
    settings.WALLET_CHAIN_URLS = {"localdev": [node.url]}
    settings.WALLET_EXTRA_TOKENS = [
        {
            "chain": "localdev",
            "contract": token,
            "symbol": "dUSD",
            "decimals": 6,
            "name": "Demonstration dollar",
        }
    ]
    return node


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What a sweep hands to the broker, instead of a broker."""
    messages: list[tuple[str, ...]] = []

    def apply_async(*, args: tuple[str, ...], queue: str, expires: int) -> None:
        assert expires > 0
        assert queue == "chains.evm"
        messages.append(args)

    monkeypatch.setattr(tasks.refresh_batch, "apply_async", apply_async)
    return messages


def balances(wallet: Wallet) -> dict[str, tuple[str, int | None]]:
    views = snapshots.balances_of([wallet.pk], at=timezone.now())[wallet.pk]
    return {view.asset.symbol: (view.state, view.amount) for view in views}


def test_a_balance_is_what_the_node_says(
    localdev: Anvil, token: str, make_wallets: MakeWallets, sent: list[tuple[str, ...]]
) -> None:
    (wallet,) = make_wallets(1, start=1)
    localdev.send(wallet.address, 123_456_789_000_000_001)
    localdev.set_token_balances(token, {wallet.address: 42_000_001})
    assert balances(wallet) == {"devETH": ("never_read", None), "dUSD": ("never_read", None)}
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=timezone.now())
    assert tasks.sweep() == 1
    assert sent == [("localdev",)]
    assert tasks.refresh_batch("localdev") == 1
    assert balances(wallet) == {
        "devETH": ("ok", localdev.balance(wallet.address)),
        "dUSD": ("ok", localdev.token_balance(token, wallet.address)),
    }
    localdev.send(wallet.address, 5)
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=timezone.now())
    tasks.refresh_batch("localdev")
    assert balances(wallet)["devETH"] == ("ok", 123_456_789_000_000_006)
    assert Reading.objects.filter(wallet=wallet).count() == 4


def test_tasks_may_run_twice(localdev: Anvil, make_wallets: MakeWallets, sent: list[tuple[str, ...]]) -> None:
    make_wallets(3, due=timezone.now())
    assert tasks.sweep() == tasks.sweep() == 1
    assert tasks.refresh_batch("localdev") == 3
    assert tasks.refresh_batch("localdev") == 0
    assert tasks.sweep() == 0
    assert Reading.objects.count() == 6


def test_a_large_number_goes_in_claims(
    localdev: Anvil, make_wallets: MakeWallets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "SINGLES", 4)
    make_wallets(10, due=timezone.now())
    assert tasks.refresh_batch("localdev") == 10
    assert WalletState.objects.filter(last_look_at__isnull=False, failing_since=None).count() == 10
    assert set(WalletState.objects.values_list("attempts", flat=True)) == {0}
    assert ReadingBatch.objects.count() == 3


def test_a_group_is_read_at_one_block_and_stored_where_it_changed(
    localdev: Anvil, token: str, make_wallets: MakeWallets
) -> None:
    wallets = make_wallets(50, start=300)
    ids = [wallet.pk for wallet in wallets]
    snapshots.set_watches(wallet_ids=ids, key="k", cadence_seconds=3600, at=timezone.now())
    assert tasks.refresh_batch("localdev") == 50
    assert Reading.objects.count() == 100
    localdev.send(wallets[7].address, 5)
    localdev.set_token_balances(token, {wallets[9].address: 2**256 - 1})
    localdev.rpc("evm_mine")
    LookGroup.objects.update(due_at=timezone.now())
    assert tasks.refresh_batch("localdev") == 50
    assert Reading.objects.count() == 102
    assert balances(wallets[7])["devETH"] == ("ok", localdev.balance(wallets[7].address))
    assert balances(wallets[9])["dUSD"] == ("ok", 2**256 - 1)
    height = ReadingBatch.objects.latest("taken_at").block_height
    for views in snapshots.balances_of(ids, at=timezone.now()).values():
        assert {view.block_height for view in views} == {height}


def test_the_stored_answer_holds_the_amount(localdev: Anvil, make_wallets: MakeWallets) -> None:
    (wallet,) = make_wallets(1, start=400, due=timezone.now())
    localdev.send(wallet.address, 0xDEADBEEF01)
    tasks.refresh_batch("localdev")
    reading = Reading.objects.filter(wallet=wallet).first()
    assert reading is not None
    kept = [blobs.get(answer.answer_id) for answer in reading.batch.answers.all()]
    assert any(b"deadbeef01" in answer.lower() for answer in kept)
    assert answers_damaged(reading.batch) == []


def test_two_sources_that_agree_and_two_that_do_not(
    localdev: Anvil, node: Anvil, make_wallets: MakeWallets, settings: Any
) -> None:
    settings.WALLET_EXTRA_TOKENS = []
    wallets = make_wallets(3, start=500)
    for wallet in wallets:
        localdev.send(wallet.address, 100)
    localdev.rpc("evm_mine")
    height = int(localdev.rpc("eth_blockNumber"), 16)
    with run_anvil(
        "--fork-url", node.url, "--fork-block-number", str(height), "--no-request-size-limit"
    ) as other:
        settings.WALLET_CHAIN_URLS = {"localdev": [node.url, other.url]}
        ids = [wallet.pk for wallet in wallets]
        snapshots.request_refresh(wallet_ids=ids, at=timezone.now())
        tasks.refresh_batch("localdev")
        before = ReadingBatch.objects.latest("taken_at")
        assert (before.agreement, before.block_height) == ("agreed", height)
        assert before.seconded_by == other.url.removeprefix("http://")
        # The second one now says something else about the very same block.
        other.rpc("anvil_setBalance", wallets[1].address, hex(999))
        snapshots.request_refresh(wallet_ids=ids, at=timezone.now())
        tasks.refresh_batch("localdev")
    assert [balances(wallet)["devETH"] for wallet in wallets] == [("ok", 100), ("failing", 100), ("ok", 100)]
    (stored,) = Disagreement.objects.all()
    assert (stored.wallet, stored.amount, stored.other_amount) == (wallets[1], 100, 999)
    assert Balance.objects.get(wallet=wallets[1]).error_code == "disagrees"
    assert snapshots.claim_news(at=timezone.now()) == [stored.batch_id]


def test_what_was_read_can_be_asked_again(localdev: Anvil, make_wallets: MakeWallets, settings: Any) -> None:
    (wallet,) = make_wallets(1, start=600)
    localdev.send(wallet.address, 100)
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=timezone.now())
    tasks.refresh_batch("localdev")
    localdev.send(wallet.address, 11)
    localdev.rpc("evm_mine")
    out = io.StringIO()
    call_command("reread_readings", "--address", wallet.address, stdout=out)
    assert "2 same, 0 different, 0 cannot be re-read" in out.getvalue()
    # A node that never saw that block cannot say anything about it, and does not.
    with run_anvil() as fresh:
        settings.WALLET_CHAIN_URLS = {"localdev": [fresh.url]}
        out = io.StringIO()
        call_command("reread_readings", "--address", wallet.address, stdout=out)
    assert "0 same, 0 different, 2 cannot be re-read" in out.getvalue()


def test_another_answer_for_an_old_block_is_called_different(
    localdev: Anvil, node: Anvil, make_wallets: MakeWallets, settings: Any
) -> None:
    settings.WALLET_EXTRA_TOKENS = []
    (wallet,) = make_wallets(1, start=700)
    localdev.send(wallet.address, 100)
    localdev.rpc("evm_mine")
    snapshots.request_refresh(wallet_ids=[wallet.pk], at=timezone.now())
    tasks.refresh_batch("localdev")
    height = Reading.objects.get().batch.block_height
    with run_anvil("--fork-url", node.url, "--fork-block-number", str(height)) as liar:
        liar.rpc("anvil_setBalance", wallet.address, hex(5))
        settings.WALLET_CHAIN_URLS = {"localdev": [liar.url]}
        out = io.StringIO()
        with pytest.raises(CommandError, match="not what"):
            call_command("reread_readings", stdout=out)
    assert "different: 5" in out.getvalue()


def test_a_turn_ends_and_leaves_the_rest_to_the_next(
    localdev: Anvil, make_wallets: MakeWallets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "SINGLES", 4)
    monkeypatch.setattr(look, "READ_AHEAD", 1)
    make_wallets(10, due=timezone.now())
    turns = iter([True, False])
    looked_at = snapshots.refresh_chain(chain="localdev", clock=timezone.now, go_on=lambda: next(turns))
    assert looked_at == 8
    # What was claimed was also recorded: nothing waits for a lease to run out.
    assert WalletState.objects.filter(claim__isnull=False).count() == 0
    assert snapshots.refresh_due(chain="localdev", at=timezone.now()) == 2
    assert snapshots.refresh_due(chain="localdev", at=timezone.now()) == 0


def test_the_queries_of_a_look_do_not_grow(
    localdev: Anvil, make_wallets: MakeWallets, django_assert_max_num_queries: Any
) -> None:
    for count in (1, 60):
        make_wallets(count, due=timezone.now(), start=count)
        with django_assert_max_num_queries(33):
            assert tasks.refresh_batch("localdev") == count


def test_a_token_without_contract_is_said_and_not_zero(
    localdev: Anvil, make_wallets: MakeWallets, settings: Any
) -> None:
    settings.WALLET_EXTRA_TOKENS = [
        {"chain": "localdev", "contract": some_address(99), "symbol": "GONE", "decimals": 6, "name": "Gone"}
    ]
    (wallet,) = make_wallets(1, due=timezone.now())
    tasks.refresh_batch("localdev")
    assert balances(wallet)["devETH"][0] == "ok"
    assert balances(wallet)["GONE"] == ("failing", None)
    assert Balance.objects.get(wallet=wallet, asset__symbol="GONE").error_code == "no_contract"
    assert not Reading.objects.filter(asset__symbol="GONE").exists()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda exchange: exchange.reply(500, b""), "unavailable"),
        (lambda exchange: exchange.reply(429, b""), "rate_limited"),
        (lambda exchange: exchange.reply(401, b""), "refused"),
        (lambda exchange: exchange.reply(302, b"", Location="http://127.0.0.1/"), "refused"),
        (lambda exchange: exchange.reply(200, b"<html>"), "bad_answer"),
        (lambda exchange: exchange.reply(200, b"\xff"), "bad_answer"),
        (lambda exchange: exchange.reply(200, b"[]"), "bad_answer"),
        (evm_node(chain_id=1), "wrong_chain"),
    ],
)
def test_a_source_that_fails_is_named_and_the_older_balance_stays(
    localdev: Anvil, make_wallets: MakeWallets, settings: Any, answer: Callable[[Exchange], None], code: str
) -> None:
    (wallet,) = make_wallets(1, start=7, due=timezone.now())
    localdev.send(wallet.address, 10)
    tasks.refresh_batch("localdev")
    known = balances(wallet)["devETH"][1]
    assert known == localdev.balance(wallet.address) > 0
    readings = Reading.objects.count()
    with serve(answer) as provider:
        settings.WALLET_CHAIN_URLS = {"localdev": [provider.url]}
        snapshots.request_refresh(wallet_ids=[wallet.pk], at=timezone.now())
        assert tasks.refresh_batch("localdev") == 1
    assert balances(wallet)["devETH"] == ("failing", known)
    assert WalletState.objects.get(wallet=wallet).error_code == code
    assert code in ERROR_TEXTS
    assert Reading.objects.count() == readings


def test_a_chain_without_source_says_so(make_wallets: MakeWallets, settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {}
    (wallet,) = make_wallets(1, chain="polygon", due=timezone.now())
    assert tasks.refresh_batch("polygon") == 1
    assert set(balances(wallet).values()) == {("failing", None)}
    assert WalletState.objects.get().error_code == "not_configured"


def test_a_public_provider_is_not_asked(make_wallets: MakeWallets, settings: Any) -> None:
    settings.WALLET_CHAIN_URLS = {"polygon": ["https://polygon-rpc.com"]}
    settings.ALLOW_PUBLIC_PROVIDERS = False
    make_wallets(1, chain="polygon", due=timezone.now())
    tasks.refresh_batch("polygon")
    assert WalletState.objects.get().error_code == "public_provider"


def test_a_block_from_the_future_is_not_believed(make_wallets: MakeWallets, settings: Any) -> None:
    ahead = int((timezone.now() + timedelta(hours=3)).timestamp())
    node = evm_node(
        137,
        eth_getBlockByNumber={
            "number": "0x5",
            "hash": "0x" + "1" * 64,
            "parentHash": "0x" + "2" * 64,
            "timestamp": hex(ahead),
        },
    )
    (wallet,) = make_wallets(1, chain="polygon", due=timezone.now())
    with serve(node) as provider:
        settings.WALLET_CHAIN_URLS = {"polygon": [provider.url]}
        tasks.refresh_batch("polygon")
    assert set(balances(wallet).values()) == {("failing", None)}
    assert WalletState.objects.get().error_code == "future_block"


def test_bitcoin_is_read_to_the_satoshi(settings: Any) -> None:
    wallet = snapshots.ensure_wallet(chain="bitcoin", text=KIM)
    snapshots.set_watch(wallet_id=wallet.pk, key="case", cadence_seconds=600, at=timezone.now())
    esplora = Esplora({KIM: (500_000_000, 123_456_789)})
    with serve(esplora) as provider:
        settings.WALLET_CHAIN_URLS = {"bitcoin": [f"{provider.url}/api"]}
        assert tasks.refresh_batch("bitcoin") == 1
    assert esplora.unexpected == []
    assert balances(wallet) == {"BTC": ("ok", 376_543_211)}
    reading = Reading.objects.get()
    assert (reading.batch.pin, reading.batch.block_height) == ("bracket", 900_001)
    group = LookGroup.objects.get()
    assert group.due_at is not None
    assert group.last_look_at is not None
    assert timedelta(seconds=540) <= group.due_at - group.last_look_at <= timedelta(seconds=600)


def test_an_error_of_our_own_is_not_swallowed(
    localdev: Anvil, make_wallets: MakeWallets, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wallets(1, due=timezone.now())

    def broken(*_args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("wallets.snapshots.look._proofs", broken)
    with pytest.raises(ZeroDivisionError):
        tasks.refresh_batch("localdev")
    state = WalletState.objects.get()
    assert state.claimed_until is not None  # the lease runs out, and another worker takes it
    assert state.attempts == 1


def test_a_reader_that_stumbles_is_a_source_that_failed(
    localdev: Anvil, make_wallets: MakeWallets, monkeypatch: pytest.MonkeyPatch
) -> None:
    (wallet,) = make_wallets(1, due=timezone.now())

    def broken(*_args: object, **_named: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("wallets.chains.evm.EvmSource.read", broken)
    assert tasks.refresh_batch("localdev") == 1
    assert balances(wallet)["devETH"] == ("failing", None)
    assert WalletState.objects.get().error_code == "bad_answer"
    assert SourceFault.objects.get().code == "bad_answer"


def test_commands(localdev: Anvil, make_wallets: MakeWallets) -> None:
    make_wallets(3)
    out = io.StringIO()
    call_command("sync_assets", stdout=out)
    assert f"{Asset.objects.count()} assets" in out.getvalue()
    call_command("refresh_wallets", stdout=out)
    assert "looked at" not in out.getvalue()
    call_command("refresh_wallets", "--all", "--chain", "localdev", stdout=out)
    assert "localdev: 3 wallets looked at" in out.getvalue()
    call_command("refresh_wallets", "--all", stdout=out)
    assert Reading.objects.count() == 12


KILLED = """
import os, signal, sys
import django
django.setup()
from django.db import connections
from django.utils import timezone
from wallets import snapshots
from wallets.chains.evm import EvmSource

connections["default"].settings_dict["NAME"] = sys.argv[1]
from django.conf import settings
settings.DEMO = True
settings.WALLET_CHAIN_URLS = {"localdev": [sys.argv[2]]}
EvmSource.read = lambda self, *asked, at=None: os.kill(os.getpid(), signal.SIGKILL)
snapshots.refresh_due(chain="localdev", at=timezone.now())
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_costs_nothing_but_time(
    localdev: Anvil, make_wallets: MakeWallets, settings: Any
) -> None:
    settings.WALLET_LEASE_SECONDS = 2
    (wallet,) = make_wallets(1, start=11, due=timezone.now())
    localdev.send(wallet.address, 77)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, connection.settings_dict["NAME"], localdev.url],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    state = WalletState.objects.get(wallet=wallet)
    assert state.claim is not None
    assert not Reading.objects.exists()
    # The killed worker had the default lease of 30 s; shorten what is left of it instead of waiting.
    WalletState.objects.update(claimed_until=timezone.now() + timedelta(seconds=0.3))
    assert tasks.refresh_batch("localdev") == 0
    time.sleep(0.4)
    assert tasks.refresh_batch("localdev") == 1
    assert balances(wallet)["devETH"] == ("ok", 77)
    assert Reading.objects.filter(wallet=wallet, asset__kind="native").count() == 1
    assert tasks.refresh_batch("localdev") == 0
