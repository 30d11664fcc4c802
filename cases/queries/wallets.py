"""The wallets of a case with what is known of them, how far a refresh has come, and the history of readings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from cases.audit.models import Checkpoint, Event
from cases.models import Case, CaseWallet, FreezeOrder
from cases.queries.paging import PAGE_SIZE, Key, Page, keyset
from cases.queries.worth import worth_of
from wallets.models import Asset, LookDigest, Reading
from wallets.prices import Values
from wallets.snapshots import BalanceView, Progress, balances_of, progress_of

NUMBER_KEYS = (Key("number", int),)
READING_KEYS = (Key("taken_at", datetime, descending=True), Key("asset_id", int))


@dataclass(frozen=True, slots=True)
class WalletRow:
    """An attached wallet, one balance for each asset of its chain, and its refresh."""

    attached: CaseWallet
    balances: list[BalanceView]
    progress: Progress | None
    # What the known balances were worth, by the id of the asset.
    worth: Mapping[int, Values] = field(default_factory=dict)

    @property
    def busy(self) -> bool:
        """Whether a look is asked for or under way, so that the page should look again."""
        return is_busy(self.progress)

    @property
    def contradicted(self) -> bool:
        """Whether sources answer, and say different things of one of the balances."""
        return any(view.error_code == "disagrees" for view in self.balances)

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


def _since(attached: Iterable[CaseWallet]) -> dict[int, datetime]:
    """From which moment on a case may know of each wallet: what was seen before, or is seen after it was taken out, is
    another case's interest.
    """
    return {row.wallet_id: row.attached_at for row in attached if row.detached_at is None}


# The wishes of the case itself: that another one looks more often is not its to know.
_CADENCES = """
    SELECT attached.wallet_id, min(watch.cadence_seconds)
    FROM cases_casewallet AS attached
    JOIN cases_case AS file ON file.id = attached.case_id
    JOIN audit_stream AS stream ON stream.id = file.stream_id
    JOIN wallets_watch AS watch ON watch.wallet_id = attached.wallet_id
     AND (watch.key = 'case:' || stream.uuid OR starts_with(watch.key, 'freeze:' || stream.uuid || ':'))
    WHERE attached.id = ANY(%s)
    GROUP BY attached.wallet_id
"""


def _cadences(attached: Iterable[CaseWallet]) -> dict[int, int]:
    """How often the case of these rows wants each wallet looked at, in seconds. One query."""
    ids = [row.pk for row in attached if row.detached_at is None]
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_CADENCES, [ids])
        return dict(cursor.fetchall())


def known_to(attached: Iterable[CaseWallet], *, at: datetime) -> dict[int, list[BalanceView]]:
    """What the case of these rows may know of their balances, by wallet. The one way to a balance of a case."""
    rows = list(attached)
    since = _since(rows)
    return balances_of(since, at=at, since=since, cadences=_cadences(rows))


def rows_for(attached: Sequence[CaseWallet], *, at: datetime) -> list[WalletRow]:
    """Balances and progress of these wallets: a fixed number of queries."""
    ids, cadences = _since(attached), _cadences(attached)
    asked = {row.wallet_id: row.asked_at for row in attached}
    balances = balances_of(ids, at=at, since=ids, cadences=cadences)
    progress = progress_of(ids, at=at, since=ids, cadences=cadences, asked=asked)
    worth = worth_of(balances)
    return [
        WalletRow(
            row,
            balances.get(row.wallet_id, []),
            progress.get(row.wallet_id),
            worth.get(row.wallet_id, {}),
        )
        for row in attached
    ]


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
           count(*) FILTER (WHERE state.requested_at IS NOT NULL AND attached.asked_at IS NOT NULL
               AND (state.last_look_at IS NULL OR state.last_look_at <= attached.asked_at)
               AND (look_group.last_look_at IS NULL OR look_group.last_look_at <= attached.asked_at)),
           count(*) FILTER (WHERE state.claimed_until > %(at)s),
           count(*) FILTER (WHERE state.failing_since IS NOT NULL OR look_group.failing_since IS NOT NULL),
           max(attached.asked_at) FILTER (WHERE state.requested_at IS NOT NULL)
    FROM cases_casewallet attached
    JOIN wallets_walletstate state ON state.wallet_id = attached.wallet_id
    LEFT JOIN wallets_lookgroup look_group ON look_group.id = state.group_id
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


def _told(attached: CaseWallet) -> "QuerySet[Reading]":
    """The readings in which something changed, as far as the case knows: a look that another case asked for, and that
    found the same, leaves no line.
    """
    earlier = Reading.objects.filter(
        wallet_id=OuterRef("wallet_id"),
        asset_id=OuterRef("asset_id"),
        taken_at__gte=attached.attached_at,
        taken_at__lt=OuterRef("taken_at"),
    )
    return _readings(attached).filter(Q(before__isnull=True) | ~Q(before=F("amount")) | ~Exists(earlier))


def _readings(attached: CaseWallet) -> "QuerySet[Reading]":
    rows = Reading.objects.filter(
        wallet_id=attached.wallet_id, taken_at__gte=attached.attached_at
    ).select_related("asset", "batch")
    if attached.detached_at is not None:
        rows = rows.filter(taken_at__lte=attached.detached_at)
    return rows


def history(
    attached: CaseWallet, *, after: str | None = None, before: str | None = None, size: int = PAGE_SIZE
) -> Page[Reading]:
    """What was read while the wallet hung on this case, newest first, all assets together. One query.

    Earlier readings belong to whoever watched the wallet then, and a case must not learn of another case.
    """
    return keyset(_told(attached), keys=READING_KEYS, after=after, before=before, size=size)


class Point(NamedTuple):
    """One reading, as far as a curve shows it: amount in base units."""

    taken_at: datetime
    amount: int
    batch_id: int


@dataclass(frozen=True, slots=True)
class Series:
    """How much of one asset a wallet held, as this case knows it: readings in the order of time, at most `LONGEST`.

    `until` is the last look that found the last amount unchanged; `cut` says that older readings are left out.
    """

    asset: Asset
    readings: list["Point"]
    until: datetime | None
    cut: bool


LONGEST_SERIES = 500


def series_of(attached: CaseWallet, row: WalletRow) -> list[Series]:
    """A curve for each asset that was ever there. One query an asset."""
    found = []
    for view in row.balances:
        rows = _told(attached).filter(asset=view.asset).order_by("-taken_at")[: LONGEST_SERIES + 1]
        readings = [
            Point(taken_at, int(amount), batch)
            for taken_at, amount, batch in rows.values_list("taken_at", "amount", "batch_id")
        ]
        if not any(reading.amount for reading in readings):
            continue
        cut = len(readings) > LONGEST_SERIES
        found.append(Series(view.asset, readings[:LONGEST_SERIES][::-1], view.looked_at, cut))
    return found


def reading_of(attached: CaseWallet, look: int, asset: int) -> Reading | None:
    """The reading of one asset in one look, if this case may know of it."""
    return (
        _readings(attached)
        .select_related("wallet", "before_batch")
        .filter(batch_id=look, asset_id=asset)
        .first()
    )


@dataclass(frozen=True, slots=True)
class LookTold:
    """Where a look stands in the record: its digest, and the number of the event that tells of it.

    `event` is None while nobody told of it; `signed_at` is when the first checkpoint over that event was made, None
    while there is none.
    """

    digest: str
    event: int | None
    signed_at: datetime | None


def told_of_look(batch_id: int) -> LookTold | None:
    """How the record holds a look; None where its digest was not made yet. Two queries."""
    fixed = LookDigest.objects.filter(pk=batch_id, digest__isnull=False).first()
    if fixed is None or fixed.digest is None:
        return None
    if fixed.told_as is None:
        return LookTold(fixed.digest, None, None)
    covering = Checkpoint.objects.filter(size__gt=OuterRef("leaf__index")).order_by("size", "pk")
    event = (
        Event.objects.filter(pk=fixed.told_as, stream__kind="system")
        .values_list("sequence", Subquery(covering.values("made_at")[:1]))
        .first()
    )
    return LookTold(fixed.digest, *(event or (None, None)))


def wallet_in(case: Case, number: int) -> CaseWallet | None:
    """A wallet that is, or was, attached under this number."""
    return (
        CaseWallet.objects.select_related("wallet", "subject", "attached_by", "detached_by")
        .filter(case=case, number=number)
        .first()
    )


def freezes_on(case: Case, attached: CaseWallet) -> list[FreezeOrder]:
    """The freezes of the wallet in this case that the reader may know."""
    return list(FreezeOrder.objects.of(case).filter(wallet=attached).order_by("-number")[:PAGE_SIZE])
