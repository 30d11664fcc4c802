"""Whom and what a case is about: subjects, wallets with balances, accounts with holdings."""

from collections.abc import Collection
from datetime import datetime

from cases.exports import worth
from cases.exports.values import Facts, act, chain, coded, when
from cases.models import AccountHolding, Case, CaseWallet, Confidence, ExchangeAccount, Subject
from cases.models.accounts import AccountStatus
from cases.models.subjects import SubjectKind, SubjectRole
from cases.models.wallets import WalletRole
from cases.queries.wallets import known_to


def subjects(case: Case) -> list[Facts]:
    """All subjects, each with the source of what is said of her."""
    return [
        {
            "number": row.number,
            "kind": coded(row.kind, SubjectKind),
            "name": row.name,
            "aliases": list(row.aliases),
            "role": coded(row.role, SubjectRole),
            "list_reference": row.list_reference,
            "attribution": _attribution(row),
            "remarks": row.remarks,
            "is_fictional": row.is_fictional,
            "added": act(row.added_at, row.added_by),
        }
        for row in Subject.objects.filter(case=case).select_related("added_by").order_by("number")
    ]


def _attribution(row: Subject | CaseWallet) -> Facts:
    return {
        "source": row.attribution_source,
        "confidence": coded(row.attribution_confidence, Confidence),
    }


def wallets(case: Case, *, at: datetime) -> list[Facts]:
    """All wallets of the case, those taken out included, with what is known of every asset."""
    rows = list(
        CaseWallet.objects.filter(case=case)
        .select_related("wallet", "subject", "attached_by", "detached_by")
        .order_by("number")
    )
    known = worth.balances(known_to(rows, at=at))
    return [
        {
            **_wallet(row, number=row.number),
            "typed": row.typed,
            "label": row.label,
            "role": coded(row.role, WalletRole),
            "subject": None
            if row.subject is None
            else {"number": row.subject.number, "name": row.subject.name},
            "attribution": _attribution(row),
            "attached": act(row.attached_at, row.attached_by),
            "detached": act(row.detached_at, row.detached_by),
            "balances": known.get(row.wallet_id, []) if row.detached_at is None else [],
        }
        for row in rows
    ]


def _wallet(row: CaseWallet, *, number: int) -> Facts:
    return {
        "number": number,
        "chain": chain(row.wallet.chain),
        "address": row.wallet.address,
        "checksum": {"code": row.checksum, "text": row.get_checksum_display()},
        "is_fictional": row.is_fictional,
    }


def target_wallets(rows: Collection[CaseWallet], *, at: datetime) -> list[Facts]:
    """The wallets that freezes of a matter hold: address and balances, nothing of what the case thinks of them."""
    ordered = sorted(rows, key=lambda row: row.number)
    known = worth.balances(known_to(ordered, at=at))
    return [
        {
            **_wallet(row, number=place),
            "balances": known.get(row.wallet_id, []),
        }
        for place, row in enumerate(ordered, start=1)
    ]


def accounts(case: Case) -> list[Facts]:
    """All accounts with every holding on record, newest first per asset."""
    rows = ExchangeAccount.objects.filter(case=case).select_related("subject", "attached_by")
    return [
        {
            **_account(row, number=row.number),
            "subject": None
            if row.subject is None
            else {"number": row.subject.number, "name": row.subject.name},
            "remarks": row.remarks,
            "attached": act(row.attached_at, row.attached_by),
            "holdings": worth.holdings(_holdings(row)),
        }
        for row in rows.order_by("number")
    ]


def _account(row: ExchangeAccount, *, number: int) -> Facts:
    return {
        "number": number,
        "account_number": row.account_number,
        "holder": row.holder,
        "reported": {"status": coded(row.reported_status, AccountStatus), "as_of": when(row.reported_at)},
        "is_fictional": row.is_fictional,
    }


def _holdings(row: ExchangeAccount) -> list[AccountHolding]:
    return list(row.holdings.order_by("asset", "-observed_at", "-id"))


def target_accounts(targets: dict[ExchangeAccount, set[str] | None]) -> list[Facts]:
    """The accounts that freezes of a matter hold, with the newest holding per asset.

    `targets` maps an account to the symbols that its freezes name, or to None where a freeze takes the whole account:
    a freeze of one asset shows an outsider nothing of the others.
    """
    found = []
    for place, row in enumerate(sorted(targets, key=lambda row: row.number), start=1):
        named = targets[row]
        newest: dict[str, AccountHolding] = {}
        for each in _holdings(row):
            if named is None or each.asset.upper() in named:
                newest.setdefault(each.asset, each)
        found.append(
            {
                **_account(row, number=place),
                "holdings": worth.holdings(list(newest.values())),
            }
        )
    return found
