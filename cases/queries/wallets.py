"""The wallets of a case with what is known of them, how far a refresh has come, and the history of readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from cases.models import Case, CaseWallet, FreezeOrder
from cases.queries.paging import PAGE_SIZE, Key, Page, keyset
from wallets.models import Reading
from wallets.snapshots import BalanceView, Progress, balances_of, progress_of

NUMBER_KEYS = (Key("number", int),)
READING_KEYS = (Key("taken_at", datetime, descending=True), Key("asset__contract", str))


@dataclass(frozen=True, slots=True)
class WalletRow:
    """An attached wallet, one balance for each asset of its chain, and its refresh."""

    attached: CaseWallet
    balances: list[BalanceView]
    progress: Progress | None

    @property
    def busy(self) -> bool:
        """Whether a look is asked for or under way, so that the page should look again."""
        return is_busy(self.progress)

    @property
    def held(self) -> list[BalanceView]:
        """What is worth a line in a list: the native coin, the tokens that are there, a token that fails alone."""
        if not self.balances:
            return []
        native, *tokens = self.balances
        return [
            native,
            *(
                view
                for view in tokens
                if view.amount or (view.state == "failing" and native.state != "failing")
            ),
        ]


def is_busy(progress: Progress | None) -> bool:
    return progress is not None and (progress.pending or progress.state == "reading")


def rows_for(attached: Sequence[CaseWallet], *, at: datetime) -> list[WalletRow]:
    """Balances and progress of these wallets: a fixed number of queries."""
    ids = [row.wallet_id for row in attached]
    balances, progress = balances_of(ids, at=at), progress_of(ids, at=at)
    return [WalletRow(row, balances.get(row.wallet_id, []), progress.get(row.wallet_id)) for row in attached]


def attached_to(case: Case) -> "QuerySet[CaseWallet]":
    return CaseWallet.objects.filter(case=case, detached_at__isnull=True).select_related("wallet", "subject")


def wallet_list(
    case: Case, *, at: datetime, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[WalletRow]:
    """The attached wallets in the order of their numbers."""
    page = keyset(attached_to(case), keys=NUMBER_KEYS, after=after, before=before, size=size)
    return Page(rows_for(page.rows, at=at), page.next_cursor, page.previous_cursor)


def detached_from(case: Case, *, limit: int = PAGE_SIZE) -> list[CaseWallet]:
    """The wallets that were taken out of the case, the last one first."""
    return list(
        CaseWallet.objects.filter(case=case, detached_at__isnull=False)
        .select_related("wallet", "detached_by")
        .order_by("-detached_at", "-number")[:limit]
    )


@dataclass(frozen=True, slots=True)
class RefreshState:
    """How far the refresh of a case's wallets has come, from the rows that survive any worker."""

    wallets: int
    pending: int
    reading: int
    failing: int
    asked_at: datetime | None

    @property
    def busy(self) -> bool:
        return bool(self.pending or self.reading)

    @property
    def finished(self) -> int:
        return self.wallets - self.pending


# Asked again every other second while balances are being read, so it is put together once.
_REFRESH_STATE = """
    SELECT count(*),
           count(*) FILTER (WHERE state.requested_at IS NOT NULL),
           count(*) FILTER (WHERE state.claimed_until > %(at)s),
           count(*) FILTER (WHERE state.failing_since IS NOT NULL),
           max(state.requested_at)
    FROM cases_casewallet attached
    JOIN wallets_walletstate state ON state.wallet_id = attached.wallet_id
    WHERE attached.case_id = %(case)s AND attached.detached_at IS NULL
"""


def refresh_state(case: Case, *, at: datetime) -> RefreshState:
    """One query over the schedules of the attached wallets."""
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH_STATE, {"case": case.pk, "at": at})
        row = cursor.fetchone()
    if row is None:
        raise RuntimeError("an aggregate always has a row")
    return RefreshState(*row)


def history(
    attached: CaseWallet, *, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[Reading]:
    """What was read while the wallet hung on this case, newest first, all assets together. One query.

    Earlier readings belong to whoever watched the wallet then, and a case must not learn of another case.
    """
    rows = Reading.objects.filter(
        wallet_id=attached.wallet_id, taken_at__gte=attached.attached_at
    ).select_related("asset")
    if attached.detached_at is not None:
        rows = rows.filter(taken_at__lte=attached.detached_at)
    return keyset(rows, keys=READING_KEYS, after=after, before=before, size=size)


def wallet_in(case: Case, number: int) -> CaseWallet | None:
    """A wallet that is, or was, attached under this number."""
    return (
        CaseWallet.objects.select_related("wallet", "subject", "attached_by", "detached_by")
        .filter(case=case, number=number)
        .first()
    )


def freezes_on(attached: CaseWallet) -> list[FreezeOrder]:
    return list(FreezeOrder.objects.filter(wallet=attached).order_by("-number")[:PAGE_SIZE])
