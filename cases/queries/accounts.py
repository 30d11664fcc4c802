"""The exchange accounts of a case, and what their books said over time."""

from datetime import datetime

from cases.models import AccountHolding, Case, ExchangeAccount, FreezeOrder
from cases.queries.overview import AccountRow, Figure, with_holdings
from cases.queries.paging import PAGE_SIZE, Key, Page, keyset

KEYS = (Key("number", int),)
HOLDING_KEYS = (
    Key("observed_at", datetime, descending=True),
    Key("recorded_at", datetime, descending=True),
    Key("asset", str),
)


def account_in(case: Case, number: int) -> ExchangeAccount | None:
    return (
        ExchangeAccount.objects.select_related("subject", "attached_by")
        .filter(case=case, number=number)
        .first()
    )


def account_list(
    case: Case, *, at: datetime, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[AccountRow]:
    """The accounts in the order of their numbers, with the newest figure of each asset. Two queries."""
    rows = ExchangeAccount.objects.filter(case=case).select_related("subject")
    page = keyset(rows, keys=KEYS, after=after, before=before, size=size)
    return Page(with_holdings(page.rows, at=at), page.next_cursor, page.previous_cursor)


def holdings_of(
    account: ExchangeAccount, *, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[Figure]:
    """Every figure that was entered, the newest observation first."""
    rows = AccountHolding.objects.filter(account=account).select_related("entered_by")
    page = keyset(rows, keys=HOLDING_KEYS, after=after, before=before, size=size)
    return Page([Figure(row) for row in page.rows], page.next_cursor, page.previous_cursor)


def freezes_on(case: Case, account: ExchangeAccount) -> list[FreezeOrder]:
    """The freezes of the account in this case that the reader may know."""
    return list(FreezeOrder.objects.of(case).filter(account=account).order_by("-number")[:PAGE_SIZE])
