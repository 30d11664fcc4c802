"""What a case file holds: the case, or one shared matter, at one instant, as a plain structure.

The structure is documented in docs/exports.md; `VERSION` changes whenever its meaning does. It consists of mappings,
lists, strings, booleans, nulls and small integers, so that its canonical JSON (RFC 8785) is exact: amounts are strings.

Every part is collected in one REPEATABLE READ, READ ONLY transaction; `as_of` is the database's clock at the moment
when that snapshot was taken, so that nothing recorded later can be in the file and nothing committed earlier is left
out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import rfc8785
from django.conf import settings
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from cases.access import live_shares
from cases.audit.models import Stream
from cases.audit.verify import verify_stream
from cases.chronology import entries, matter_numbers
from cases.exports import holdings, process
from cases.exports.values import Facts, coded, person, when
from cases.models import (
    Case,
    CaseWallet,
    Classification,
    ExchangeAccount,
    Export,
    FreezeOrder,
    FreezeScope,
    LegalOrder,
    hidden_in,
)
from cases.models.cases import Membership, Note, Typology
from cases.models.exports import ExportProfile
from cases.status import CaseStatus, Disposition
from wallets.chains import CHAINS
from wallets.registry import ensure_assets

FORMAT = "holdfast-case-file"
VERSION = 2
NAMED_ASSETS = frozenset({FreezeScope.ASSET, FreezeScope.AMOUNT})


class ShareEnded(Exception):
    """The share that the file was asked for under no longer lives."""


@dataclass(frozen=True)
class Content:
    """The facts of a file, and the instant that they are of."""

    as_of: datetime
    facts: Facts
    # The keys of the orders that it holds, by which the file is kept from whoever may not know one of them.
    orders: tuple[int, ...] = ()

    def as_json(self) -> bytes:
        """Canonical JSON: the same facts are the same bytes."""
        return rfc8785.dumps(self.facts)


@contextmanager
def _snapshot() -> Iterator[datetime]:
    """One view of the whole database for everything inside; yields the database's time at which it was taken."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT clock_timestamp()")
            row = cursor.fetchone()
        if row is None or not isinstance(row[0], datetime):
            raise RuntimeError("the database did not say what time it is")
        yield row[0]


def collect(export_id: int) -> Content:
    """The content of this export. Raises ShareEnded where a matter is no longer shared with who asked for it."""
    # Rows of assets are made when they are first asked for, which the read-only snapshot would refuse.
    ensure_assets()
    with translation.override(settings.LANGUAGE_CODE), _snapshot() as as_of:
        export = Export.objects.select_related(
            "case__lead",
            "case__opened_by",
            "case__closed_by",
            "requested_by",
            "share__order",
            "share__liaison",
        ).get(pk=export_id)
        if export.share is not None:
            return Content(as_of, _matter(export, as_of), (export.share.order_id,))
        # What its requester may know at this moment, and nothing more.
        export.case.hidden_orders = hidden_in(export.case, export.requested_by)
        orders = LegalOrder.objects.of(export.case).order_by("pk").values_list("pk", flat=True)
        return Content(as_of, _whole_case(export, as_of), tuple(orders))


def _head(export: Export, as_of: datetime) -> Facts:
    return {
        "format": FORMAT,
        "version": VERSION,
        "file": {
            "export": export.reference,
            "profile": coded(export.profile, ExportProfile),
            "as_of": when(as_of),
            "requested": {"at": when(export.requested_at), "by": person(export.requested_by)},
            "product": "Holdfast",
            "product_version": settings.VERSION,
            "language": translation.get_language() or settings.LANGUAGE_CODE,
            "demonstration": settings.DEMO,
        },
    }


def _whole_case(export: Export, as_of: datetime) -> Facts:
    case = export.case
    stream = Stream.objects.get(pk=case.stream_id)
    orders = process.orders(case, at=as_of)
    wallets = holdings.wallets(case, at=as_of)
    return {
        **_head(export, as_of),
        "scope": [
            _(
                "This file holds case %(reference)s as it was recorded at the instant named on the cover, as far as "
                "the person who asked for it may see it: subjects, wallets with their balances, accounts, legal orders "
                "with their duties and papers, freezes, shares, notes, and the record of everything that was done."
            )
            % {"reference": case.reference},
            _(
                "It is an internal file. What it says of persons and organisations is alleged, and stands with its "
                "source and with the confidence that was put in it."
            ),
        ],
        "case": _case(case),
        "subjects": holdings.subjects(case),
        "wallets": wallets,
        "accounts": holdings.accounts(case),
        "orders": orders,
        "freezes": process.freezes(process.freeze_rows(case)),
        "shares": process.shares(case),
        "notes": [
            {
                "number": note.number,
                "text": note.text,
                "written": {"at": when(note.written_at), "by": person(note.written_by)},
            }
            for note in Note.objects.filter(case=case).select_related("written_by").order_by("number")
        ],
        "chronology": _chronology(export),
        "record": {
            **_verdict(stream, outside=False),
            "stream": str(stream.uuid),
            "length": stream.length,
            "head": bytes(stream.head_hash).hex(),
        },
        "manifest": _manifest(orders),
        "system": _system(wallets),
        "fictional_notice": case.fictional_notice,
    }


def _case(case: Case) -> Facts:
    members = Membership.objects.filter(case=case).select_related("user").order_by("added_at", "id")
    return {
        "reference": case.reference,
        "title": case.title,
        "classification": coded(case.classification, Classification),
        "summary": case.summary,
        "typology": coded(case.typology, Typology),
        "status": coded(case.status, CaseStatus),
        "disposition": coded(case.disposition, Disposition),
        "lead": person(case.lead),
        "tags": sorted(case.tags.values_list("name", flat=True)),
        "opened": {"at": when(case.opened_at), "by": person(case.opened_by)},
        "closed": None
        if case.closed_at is None
        else {"at": when(case.closed_at), "by": person(case.closed_by)},
        "members": [
            {
                "person": person(row.user),
                "reader": row.reader,
                "from": when(row.added_at),
                "until": when(row.ended_at),
            }
            for row in members
        ],
    }


def _matter(export: Export, as_of: datetime) -> Facts:
    share = export.share
    if share is None or not live_shares(export.requested_by, as_of).filter(pk=share.pk).exists():
        raise ShareEnded
    order = share.order
    numbers = matter_numbers(order)
    rows = process.freeze_rows(export.case, order)
    wallets = holdings.target_wallets(_targets(rows), at=as_of)
    register = process.matter_order(order, numbers=numbers, at=as_of)
    stream = Stream.objects.get(pk=export.case.stream_id)
    return {
        **_head(export, as_of),
        "scope": [
            _(
                "This file holds one matter: the legal order named below, its duties and papers, the freezes that "
                "rest on it with the wallets and accounts that they hold, and the record of what was done about them."
            ),
            _(
                "Nothing else is in it. That something does not stand here says nothing about whether it exists. "
                "Orders, duties, papers, freezes, wallets and accounts are numbered within this matter."
            ),
            _("What is said of persons and organisations is alleged."),
        ],
        "matter": {
            "reference": share.reference,
            "purpose": share.purpose,
            "liaison": person(share.liaison),
            "shared_at": when(share.shared_at),
            "ends_at": when(share.ends_at),
        },
        "wallets": wallets,
        "accounts": holdings.target_accounts(_accounts(rows)),
        "orders": [register],
        "freezes": process.matter_freezes(rows, numbers=numbers),
        "chronology": _chronology(export),
        # How long the whole record is would tell how much else stands in the case.
        "record": {**_verdict(stream, outside=True), "head": bytes(stream.head_hash).hex()},
        "manifest": _manifest([register]),
        "system": _system(wallets),
        "fictional_notice": _(
            "Parts of what stands behind this matter are invented for demonstration; items that are say so."
        )
        if export.case.fictional_notice
        else "",
    }


def _targets(rows: list[FreezeOrder]) -> list[CaseWallet]:
    return list({row.wallet.pk: row.wallet for row in rows if row.wallet is not None}.values())


def _accounts(rows: list[FreezeOrder]) -> dict[ExchangeAccount, set[str] | None]:
    """Each target account with the symbols that freezes name; None once a freeze takes the whole account."""
    targets: dict[ExchangeAccount, set[str] | None] = {}
    for row in rows:
        if row.account is None:
            continue
        if row.scope not in NAMED_ASSETS:
            targets[row.account] = None
            continue
        named = targets.setdefault(row.account, set())
        if named is not None:
            named.update(each.asset.upper() for each in row.amounts.all())
    return targets


def _chronology(export: Export) -> list[Facts]:
    """The record in words, oldest first. In a matter the events are counted anew; their hashes stay what they are."""
    found = entries(export.case, share=export.share, oldest_first=True)
    return [
        {
            "sequence": place if export.share is not None else entry.sequence,
            "occurred_at": when(entry.occurred_at),
            "recorded_at": when(entry.recorded_at),
            "actor": entry.actor_name,
            "role": entry.acting_role,
            "action": entry.action,
            "title": entry.title,
            "lines": [list(line) for line in entry.lines],
            "hash": entry.hash,
        }
        for place, entry in enumerate(found, start=1)
    ]


def _verdict(stream: Stream, *, outside: bool) -> Facts:
    """The chain of the record is recomputed for every file, and the file says what came of it."""
    finding = verify_stream(stream)
    if outside or finding is None:
        return {"intact": finding is None}
    return {"intact": False, "sequence": finding.sequence, "reason": finding.reason}


def _manifest(orders: list[Facts]) -> list[Facts]:
    """The papers that the file speaks of, each with its SHA-256."""
    return [
        {
            "order": order["number"],
            **{key: paper[key] for key in ("number", "filename", "media_type", "size", "sha256")},
        }
        for order in orders
        for paper in order["papers"]
    ]


def _system(wallets: list[Facts]) -> Facts:
    """How the system makes and keeps what stands in the file, as far as the file's parts need it."""
    slugs = sorted({wallet["chain"]["slug"] for wallet in wallets})
    return {
        "chains": [
            {"slug": slug, "name": str(CHAINS[slug].name), "finality": str(CHAINS[slug].finality)}
            for slug in slugs
            if slug in CHAINS
        ],
        "balances": _(
            "Balances are read by the system's own workers from the source named beside each balance. A reading holds "
            "the amount in the smallest unit of the asset, the height, hash and time of the block that it is of, the "
            "source, and the time at which it was taken. It is stored once; the database refuses to change or delete "
            "it. Where nothing was read, the file says so; an unknown balance is never shown as zero."
        ),
        "holdings": _(
            "Holdings of accounts are what the exchange's own books said, as an officer entered them with their "
            "source and time. They too are stored once."
        ),
        "values": _(
            "A value in a currency is no part of an amount. It was worked out for this file from the exact amount and the "
            "newest price that the system held for the time of the balance or before it, and is rounded, half to even, to "
            "the smallest unit of the currency. Beside it stand the price, its source and its time, and whether the price "
            "was older than 48 hours at the time of the balance. Of several prices for the same moment the one recorded "
            "last counts. Prices come from files or from a source that the installation names; each is stored once, and "
            "the database refuses to change or delete it. Where there is no price, the file says so."
        ),
        "record": _(
            "Every change is written into the record in the same transaction, by the database itself: in a gapless "
            "sequence, each event with the SHA-256 of the one before it. The time at which something was recorded is "
            "set by the database alone, apart from the time at which it was done. The sequence and the hashes were "
            "recomputed when this file was made."
        ),
        "papers": _(
            "Papers are kept under the SHA-256 of their bytes, and the digest is checked whenever a paper is read."
        ),
        "freezes": _(
            "A freeze is proposed by one person and approved by another; the database refuses an approval by the "
            "proposer. The balance known when a freeze was proposed, and when it was applied, is kept with its proof "
            "and is not overwritten by later balances."
        ),
        "file": _(
            "The file is typeset from the attached data by Typst in the profiles PDF/A-3a and PDF/UA-1. An independent "
            "validator was not part of its making, so conformance is aimed at, not certified. The same data give the "
            "same bytes."
        ),
    }
