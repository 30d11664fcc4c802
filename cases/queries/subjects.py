"""The subjects of a case, with what is attributed to each."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from cases.models import Case, ExchangeAccount, Subject
from cases.queries.overview import AccountRow, with_holdings
from cases.queries.paging import PAGE_SIZE, Key, Page, keyset
from cases.queries.wallets import WalletRow, attached_to, rows_for

KEYS = (Key("number", int),)
SHOWN = 25


@dataclass(frozen=True, slots=True)
class Related:
    """Wallets and accounts that are attributed to one subject, at most SHOWN of each."""

    wallets: list[WalletRow]
    accounts: list[AccountRow]


def subject_in(case: Case, number: int) -> Subject | None:
    return Subject.objects.select_related("added_by").filter(case=case, number=number).first()


def subject_list(
    case: Case, *, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[Subject]:
    """The subjects in the order of their numbers, with how many wallets and accounts are said to be theirs."""
    rows = Subject.objects.filter(case=case).annotate(
        wallet_count=Count("wallets", filter=Q(wallets__detached_at__isnull=True), distinct=True),
        account_count=Count("accounts", distinct=True),
    )
    return keyset(rows, keys=KEYS, after=after, before=before, size=size)


def related_to(subject: Subject, *, at: datetime) -> Related:
    """A fixed number of queries."""
    wallets = list(attached_to(subject.case).filter(subject=subject).order_by("number")[:SHOWN])
    accounts = list(
        ExchangeAccount.objects.filter(subject=subject).select_related("subject").order_by("number")[:SHOWN]
    )
    return Related(rows_for(wallets, at=at), with_holdings(accounts, at=at))
