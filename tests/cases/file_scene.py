"""A case with something in every part, for the tests of chronology and case file."""

import io
import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pikepdf
import pypdf

from cases import access, storage
from cases.access import MatterGrant
from cases.actions import cases, exports, freezes, orders
from cases.actions.freezes import AmountAsked
from cases.models import Case, CaseWallet, Export, FreezeOrder, LegalOrder, MatterShare
from cases.permissions import Permission
from tests.support.casework import Casework, make_person, moment
from tests.support.looks import looked
from tests.wallets.looks import DOWN, assets, look_of
from wallets.models import Balance, Reading, WalletState
from wallets.registry import ensure_assets
from wallets.snapshots.record import record
from wallets.snapshots.schedule import Claim

P = Permission
DEVELOPMENT = "0xb6f5ec1A0a9cd1526536D3F0426c429529471F40"
LITECOIN = "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"
MONERO = "49HqitRzdnhYjgTEAhgGpCfsjdTeMbUTU6cyR4JV1R7k2Eej9rGT8JpFiYDa4tZM6RZiFrHmMzgSrhHEqpDYKBe5B2ufNsL"
BITCOIN = "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ"


def read(wallet: CaseWallet, symbol: str, amount: int, height: int, *, second: str = "") -> Reading:
    """A look at one wallet as the workers record it, three minutes after its block; the reading of the asset.

    Of the wallet's other assets what is known stays, and what is not known could not be read this time either.
    """
    at = moment()
    known = Balance.objects.filter(wallet=wallet.wallet, amount__isnull=False)
    unread = {asset.symbol for asset in assets(wallet.wallet.chain)} - set(
        known.values_list("asset__symbol", flat=True)
    )
    look = looked(
        {wallet: {**dict.fromkeys(unread, DOWN), symbol: amount}},
        at=at,
        height=height,
        block_time=at - timedelta(minutes=3),
        provider="node.example.test:8545",
        second=second,
    )
    return look.readings.select_related("batch").get(asset__symbol=symbol)


def fail(wallet: CaseWallet) -> None:
    """The wallet's source has not answered for an hour, and never did before: it began before the case had the wallet."""
    at = moment() - timedelta(hours=1)
    claim = Claim(uuid.uuid4(), wallet.wallet.chain, at, (), (wallet.wallet_id,))
    WalletState.objects.filter(wallet=wallet.wallet).update(
        claim=claim.token, claimed_at=at, claimed_until=at + timedelta(seconds=30)
    )
    assert record(look_of(claim, {}, height=0, error=DOWN))


@dataclass
class Scene:
    """The case, its two orders, the freeze that went the whole way under the first, the share of the first."""

    casework: Casework
    order: LegalOrder
    other_order: LegalOrder
    freeze: FreezeOrder
    wallet: CaseWallet
    share: MatterShare
    reading: Reading

    @property
    def case(self) -> Case:
        return Case.objects.get(pk=self.casework.case.pk)

    def matter(self, permission: Permission = P.MATTER_EXPORT) -> MatterGrant:
        return access.matter_for(self.casework.liaison, self.share.reference, permission, at=moment())


def staged(papers: Path) -> Scene:
    """Everything once: subjects, wallets (read, failing, never read, hidden, development chain), accounts, freezes …"""
    ensure_assets()
    casework = Casework.opened()
    g = casework.grant
    subject = casework.subject(name="김상만 (Kim Sang Man)", aliases=["金相萬", "Ким Сан Ман"])
    other_order = casework.accepted_order(reference="DEMO-OTHER")
    order = casework.accepted_order(reference="DEMO-SHARED", time_zone="America/New_York")
    bitcoin = casework.wallet(BITCOIN, "bitcoin", label="Cold wallet", subject_number=subject.number)
    wallet = casework.wallet(label="Salary wallet", subject_number=subject.number)
    development = casework.wallet(DEVELOPMENT, "localdev", is_fictional=True)
    casework.wallet(LITECOIN, "litecoin")
    casework.wallet(MONERO, "monero")
    reading = read(wallet, "ETH", 1_234_567_890_123_456_789_012, 17_331_000, second="second.example.test")
    fail(bitcoin)
    read(development, "devETH", 10**22 + 1, 42)
    casework.proposed_freeze(obligation_number=other_order.obligations.get().number)
    freeze = casework.proposed_freeze(
        by=casework.approver,
        wallet_number=wallet.number,
        obligation_number=order.obligations.get().number,
        amounts=[AmountAsked("ETH", 10**18), AmountAsked("USDT")],
    )
    number = freeze.number
    freezes.approve_freeze(
        grant=g(P.FREEZE_APPROVE, casework.second_approver), at=moment(), number=number, comment="Agreed"
    )
    freezes.begin_apply(grant=g(P.FREEZE_APPLY), at=moment(), number=number)
    at = moment()
    freezes.mark_applied(grant=g(P.FREEZE_APPLY), at=at, number=number, applied_at=at)
    freezes.confirm_freeze(grant=g(P.FREEZE_APPLY), at=moment(), number=number, confirmation="Ticket 4711")
    stored = storage.store([papers.name.encode(), secrets.token_bytes(8)])
    orders.attach_paper(
        grant=g(P.ORDERS),
        at=moment(),
        number=order.number,
        filename="warrant.pdf",
        media_type="application/pdf",
        stored=stored,
    )
    cases.write_note(grant=g(P.NOTE), at=moment(), text="Called the clerk.")
    share = casework.share(order)
    casework.share(other_order, liaison=make_person("liaison", "Other Liaison", agency="Other Bureau"))
    return Scene(casework, order, other_order, freeze, wallet, share, reading)


# ── The file and what is in it ────────────────────────────────────────────────────────────────────────────


def produced(export: Export) -> Export:
    exports.produce_waiting(now=moment)
    export.refresh_from_db()
    return export


def of_case(scene: Scene) -> Export:
    return exports.request_export(grant=scene.casework.grant(P.EXPORT), at=moment())


def of_matter(scene: Scene) -> Export:
    return exports.request_matter_export(grant=scene.matter(), at=moment())


def text_of(pdf: bytes) -> str:
    """The text of all pages, line ends as spaces."""
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    return " ".join(re.sub(r"[ \n]+", " ", page.extract_text()) for page in reader.pages)


def unbroken(text: str) -> str:
    return re.sub(r"\s+", "", text)


def attached(pdf: bytes) -> bytes:
    return pypdf.PdfReader(io.BytesIO(pdf)).attachments["case-file.json"][0]


def everything_in(pdf: bytes) -> bytes:
    """Text, metadata, attachments and every stream of the file, decompressed."""
    found = [pdf, text_of(pdf).encode()]
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for thing in opened.objects:
            if isinstance(thing, pikepdf.Stream):
                found.append(thing.read_bytes())
            found.append(repr(thing).encode())
    return b"\n".join(found)
