"""Fills a database with casework in bulk.

The rows are the ones the actions write, constraints and triggers included; only the way in is shorter, because ten
thousand cases through the actions would take half an hour. Nothing but a bench does this.
"""

import hashlib
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import rfc8785
from django.contrib.auth.hashers import make_password
from django.db import transaction
from eth_hash.auto import keccak

from cases.audit.models import Event, Stream
from cases.audit.record import BODY_VERSION, utc_text
from cases.models import (
    AccountHolding,
    Case,
    CaseTag,
    CaseWallet,
    ExchangeAccount,
    FreezeAmount,
    FreezeOrder,
    LegalOrder,
    Membership,
    Note,
    Obligation,
    Subject,
    Typology,
)
from cases.models.instruments import ensured_type
from cases.people.models import Role, User
from wallets.models import Asset, Balance, Reading, ReadingBatch, Wallet, WalletState
from wallets.registry import assets_of

WALLETS_A_CASE = 5
SEED = 20230523
WORDS = [
    "remote",
    "contractor",
    "payroll",
    "mixer",
    "hop",
    "exchange",
    "deposit",
    "layering",
    "nested",
    "account",
    "bridge",
    "stablecoin",
    "swap",
    "identity",
    "proxy",
    "laptop",
    "farm",
    "invoice",
    "freelance",
    "node",
    "gateway",
    "settlement",
    "corridor",
]


def person(email: str, role: str, name: str) -> User:
    """A person who can log in with nothing: the bench signs in past the log-in page."""
    found = User.objects.filter(email=email).first()
    return found or User.objects.create(
        email=email, name=name, role=role, password=make_password(None), is_demo=True
    )


def checksummed(raw: bytes) -> str:
    """EIP-55 form of twenty bytes."""
    plain = raw.hex()
    digest = keccak(plain.encode()).hex()
    return "0x" + "".join(
        char.upper() if int(nibble, 16) >= 8 else char for char, nibble in zip(plain, digest, strict=False)
    )


def store_look(amounts: list[tuple[Wallet, Asset, int]], *, at: datetime) -> None:
    """One look at wallets of Ethereum that were never read before: with its readings, and the balances known by them."""
    look = ReadingBatch.objects.create(
        token=uuid.uuid4(),
        chain="ethereum",
        taken_at=at,
        took_ms=5,
        block_height=17_331_000,
        block_hash="0x" + f"{SEED:064x}",
        block_time=at,
        pin=ReadingBatch.Pin.HASH,
        depth=ReadingBatch.Depth.FINALIZED,
        provider="bench.example.test",
        agreement=ReadingBatch.Agreement.SINGLE,
        wallets=len({wallet.pk for wallet, _asset, _amount in amounts}),
        assets=sorted({asset.pk for _wallet, asset, _amount in amounts}),
        members=[],
    )
    Reading.objects.bulk_create(
        [
            Reading(wallet=wallet, asset=asset, amount=amount, batch=look, taken_at=at)
            for wallet, asset, amount in amounts
        ]
    )
    Balance.objects.bulk_create(
        [
            Balance(wallet=wallet, asset=asset, amount=amount, read_at=at, batch=look, seen_at=at)
            for wallet, asset, amount in amounts
        ]
    )


def batches(total: int, size: int) -> Iterator[range]:
    for start in range(0, total, size):
        yield range(start, min(start + size, total))


def fill(total: int, *, already: int = 0) -> User:
    """Bring the database from `already` cases to `total`, all of one officer; returns that officer."""
    officer = person("bench.officer@example.test", Role.INVESTIGATOR, "Bench Officer")
    approver = person("bench.approver@example.test", Role.APPROVER, "Bench Approver")
    assets = assets_of(["ethereum"])
    native = Asset.objects.get(chain="ethereum", kind="native")
    del assets
    for batch in batches(total - already, 500):
        _fill_batch([already + index for index in batch], officer, approver, native)
    return officer


@transaction.atomic
def _fill_batch(numbers: list[int], officer: User, approver: User, native: Asset) -> None:
    chance = random.Random(SEED + numbers[0])
    now = datetime.now(UTC)
    streams = Stream.objects.bulk_create([Stream(kind="case") for _ in numbers])
    cases = Case.objects.bulk_create(
        [
            Case(
                title=f"{' '.join(chance.sample(WORDS, 4)).capitalize()} {number}",
                summary="Alleged laundering through accounts under false identities. " * 4,
                typology=chance.choice(Typology.values),
                lead=officer,
                opened_at=now - timedelta(days=chance.randint(1, 900)),
                opened_by=officer,
                touched_at=now - timedelta(minutes=number),
                stream=stream,
            )
            for number, stream in zip(numbers, streams, strict=True)
        ]
    )
    Membership.objects.bulk_create(
        [
            Membership(case=case, user=user, added_at=now, added_by=officer)
            for case in cases
            for user in (officer, approver)
        ]
    )
    CaseTag.objects.bulk_create([CaseTag(case=case, name=chance.choice(WORDS)) for case in cases])
    subjects = Subject.objects.bulk_create(
        [
            Subject(
                case=case,
                number=1,
                kind="person",
                name=f"{chance.choice(WORDS).title()} {chance.choice(WORDS).title()} {number}",
                role="subject",
                attribution_source="Bench",
                attribution_confidence="low",
                added_at=now,
                added_by=officer,
            )
            for number, case in zip(numbers, cases, strict=True)
        ]
    )
    _fill_wallets(cases, subjects, officer, native, chance, now)
    _fill_process(numbers, cases, subjects, officer, approver, chance, now)
    Note.objects.bulk_create(
        [
            Note(case=case, number=1, text="Looked at the invoices.", written_at=now, written_by=officer)
            for case in cases
        ]
    )
    Event.objects.bulk_create(
        [
            _event(stream, officer, action, now, details)
            for stream in streams
            for action, details in (
                (
                    "case.opened",
                    {"title": "bench", "lead": {"id": str(officer.public_id), "name": officer.name}},
                ),
                ("note.written", {"text": "Looked at the invoices."}),
            )
        ]
    )


def _event(stream: Stream, actor: User, action: str, at: datetime, details: dict[str, object]) -> Event:
    nonce = random.Random(stream.pk).randbytes(16)
    spoken = rfc8785.dumps(details)
    body = {
        "v": BODY_VERSION,
        "stream": str(stream.uuid),
        "nonce": nonce.hex(),
        "action": action,
        "occurred_at": utc_text(at),
        "details_sha256": hashlib.sha256(nonce + spoken).hexdigest(),
        "source": {"kind": "command", "address": "", "session": "", "token": ""},
        "actor": {"id": str(actor.public_id), "role": actor.role},
    }
    return Event(stream=stream, nonce=nonce, body=rfc8785.dumps(body), details=spoken, actor=actor)


def _fill_wallets(
    cases: list[Case],
    subjects: list[Subject],
    officer: User,
    native: Asset,
    chance: random.Random,
    now: datetime,
) -> None:
    wallets = Wallet.objects.bulk_create(
        [
            Wallet(chain="ethereum", address=checksummed(chance.randbytes(20)))
            for _ in range(len(cases) * WALLETS_A_CASE)
        ]
    )
    WalletState.objects.bulk_create([WalletState(wallet=wallet, chain="ethereum") for wallet in wallets])
    store_look([(wallet, native, chance.randint(0, 10**21)) for wallet in wallets], at=now)
    CaseWallet.objects.bulk_create(
        [
            CaseWallet(
                case=case,
                number=position + 1,
                wallet=wallets[index * WALLETS_A_CASE + position],
                typed=wallets[index * WALLETS_A_CASE + position].address,
                checksum="valid",
                role="subject",
                subject=subjects[index],
                attribution_source="Bench",
                attribution_confidence="low",
                attached_at=now,
                attached_by=officer,
            )
            for index, case in enumerate(cases)
            for position in range(WALLETS_A_CASE)
        ]
    )


def _fill_process(
    numbers: list[int],
    cases: list[Case],
    subjects: list[Subject],
    officer: User,
    approver: User,
    chance: random.Random,
    now: datetime,
) -> None:
    accounts = ExchangeAccount.objects.bulk_create(
        [
            ExchangeAccount(
                case=case,
                number=1,
                account_number=f"BENCH-{number:07d}",
                holder=subject.name,
                subject=subject,
                reported_status="active",
                reported_at=now,
                attached_at=now,
                attached_by=officer,
            )
            for number, case, subject in zip(numbers, cases, subjects, strict=True)
        ]
    )
    holdings = AccountHolding.objects.bulk_create(
        [
            AccountHolding(
                account=account,
                asset="USDT",
                decimals=6,
                amount=chance.randint(1, 10**12),
                source="Bench",
                observed_at=now,
                entered_by=officer,
            )
            for account in accounts
        ]
    )
    warrant = ensured_type("seizure_warrant")
    orders = LegalOrder.objects.bulk_create(
        [
            LegalOrder(
                case=case,
                number=1,
                instrument="seizure_warrant",
                instrument_type=warrant,
                issuing_authority="Bench court",
                agency_reference=f"BENCH-ORDER-{number:07d}",
                jurisdiction="US",
                legal_basis="18 USC 981",
                clear_scope="The account and what it holds.",
                issued_at=now - timedelta(days=20),
                served_at=now - timedelta(days=19),
                received_at=now - timedelta(days=19),
                due_at=now + timedelta(days=chance.randint(-5, 60)),
                recorded_by=officer,
            )
            for number, case in zip(numbers, cases, strict=True)
        ]
    )
    duties = Obligation.objects.bulk_create(
        [
            Obligation(
                case=order.case,
                order=order,
                number=1,
                kind="freeze",
                text="Hold what the account holds.",
                due_at=order.due_at,
                recorded_by=officer,
            )
            for order in orders
        ]
    )
    freezes = FreezeOrder.objects.bulk_create(
        [
            FreezeOrder(
                case=duty.case,
                number=1,
                obligation=duty,
                account=account,
                scope="asset",
                reason="Asked for by the order.",
                proposed_at=now,
                proposed_by=approver,
            )
            for duty, account in zip(duties, accounts, strict=True)
        ]
    )
    FreezeAmount.objects.bulk_create(
        [
            FreezeAmount(freeze=freeze, asset="USDT", decimals=6, holding_proposed=holding)
            for freeze, holding in zip(freezes, holdings, strict=True)
        ]
    )
