"""A case with something in every part, for the tests of chronology and case file."""

import io
import re
import secrets
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
from wallets.models import Asset, Balance, Reading
from wallets.registry import ensure_assets

P = Permission
DEVELOPMENT = "0xb6f5ec1A0a9cd1526536D3F0426c429529471F40"
BITCOIN = "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ"


def read(wallet: CaseWallet, symbol: str, amount: int, height: int) -> Reading:
    """A reading as the workers store it, and the pointer to it."""
    asset = Asset.objects.get(chain=wallet.wallet.chain, symbol=symbol)
    at = moment()
    reading = Reading.objects.create(
        wallet=wallet.wallet,
        asset=asset,
        amount=amount,
        block_height=height,
        block_hash="0x" + secrets.token_hex(32),
        block_time=at - timedelta(minutes=3),
        pinned_by="finalized",
        provider="node.example.test:8545",
        taken_at=at,
        took_ms=12,
    )
    Balance.objects.update_or_create(
        wallet=wallet.wallet, asset=asset, defaults={"reading": reading, "looked_at": at}
    )
    return reading


def fail(wallet: CaseWallet, symbol: str) -> None:
    """The source of one asset of a wallet has not answered for an hour, and never did before."""
    Balance.objects.update_or_create(
        wallet=wallet.wallet,
        asset=Asset.objects.get(chain=wallet.wallet.chain, symbol=symbol),
        defaults={"failing_since": moment() - timedelta(hours=1), "error_code": "unavailable"},
    )


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
    """Everything once: subjects, three wallets (read, failing, development chain), accounts, orders, freezes, shares."""
    ensure_assets()
    casework = Casework.opened()
    g = casework.grant
    subject = casework.subject(name="김상만 (Kim Sang Man)", aliases=["金相萬", "Ким Сан Ман"])
    other_order = casework.accepted_order(reference="DEMO-OTHER")
    order = casework.accepted_order(reference="DEMO-SHARED", time_zone="America/New_York")
    bitcoin = casework.wallet(BITCOIN, "bitcoin", label="Cold wallet", subject_number=subject.number)
    wallet = casework.wallet(label="Salary wallet", subject_number=subject.number)
    development = casework.wallet(DEVELOPMENT, "localdev", is_fictional=True)
    reading = read(wallet, "ETH", 1_234_567_890_123_456_789_012, 17_331_000)
    fail(bitcoin, "BTC")
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
