"""What stands beside a freeze after it was applied: what is held, what changes it, what left it, what came in."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

from django.db.models import Model, Prefetch, QuerySet
from django.db.models.functions import Upper

from cases.access import NotFound
from cases.models import (
    AccountHolding,
    Case,
    FreezeChange,
    FreezeChangeAmount,
    FreezeCredit,
    FreezeOrder,
    IssuerFreeze,
    IssuerReading,
    Transfer,
    TransferApproval,
    TransferLeg,
)
from cases.people.models import User
from cases.queries.freezes import latest_holdings
from cases.queries.held import HeldRow, held_of, held_rows
from cases.queries.named import NamedByOrder, named_by_order
from cases.queries.other_freezes import OtherFreezes, other_freezes_on
from cases.queries.wallets import known_to
from cases.status import CreditStatus
from wallets.chains import CHAINS
from wallets.models import Asset
from wallets.snapshots import BalanceView

# A figure of the exchange's books older than this is shown as an old one.
BOOKS_STALE: Final = timedelta(hours=24)

Row = TypeVar("Row", bound=Model)


def changes_of(case: Case) -> "QuerySet[FreezeChange]":
    """Extensions and partial releases with all that is shown of them."""
    return (
        FreezeChange.objects.of(case)
        .select_related("freeze", "proposed_by", "decided_by")
        .prefetch_related(
            Prefetch("amounts", FreezeChangeAmount.objects.select_related("held").order_by("held__asset"))
        )
    )


def transfers_of(case: Case) -> "QuerySet[Transfer]":
    """Transfers with their transactions and signatures."""
    return (
        Transfer.objects.of(case)
        .select_related("freeze", "obligation__order", "proposed_by", "begun_by")
        .prefetch_related(
            Prefetch(
                "legs", TransferLeg.objects.select_related("held", "sent_by").order_by("-is_test", "id")
            ),
            Prefetch(
                "approvals", TransferApproval.objects.select_related("approver").order_by("given_at", "id")
            ),
        )
    )


def credits_of(case: Case) -> "QuerySet[FreezeCredit]":
    """Credits after freezes with their proofs."""
    return FreezeCredit.objects.of(case).select_related(
        "freeze", "batch", "holding", "kept_by", "release_proposed_by", "released_by"
    )


def issuer_freezes_of(case: Case) -> "QuerySet[IssuerFreeze]":
    """What was asked of issuers, with what the contracts said."""
    return (
        IssuerFreeze.objects.of(case)
        .select_related(
            "freeze__wallet__wallet", "chain_asset", "requested_by", "submitted_by", "confirmed_by"
        )
        .prefetch_related(Prefetch("readings", IssuerReading.objects.order_by("-id")))
    )


@dataclass(frozen=True, slots=True)
class FreezeLife:
    """The sections of a freeze's page below its proposal."""

    held: list[HeldRow]
    changes: list[FreezeChange]
    transfers: list[Transfer]
    credits: list[FreezeCredit]
    issuer_freezes: list[IssuerFreeze]

    @property
    def waiting_changes(self) -> list[FreezeChange]:
        return [change for change in self.changes if change.status == "proposed"]

    @property
    def undecided(self) -> list[FreezeCredit]:
        return [
            credit
            for credit in self.credits
            if credit.status in {CreditStatus.HELD, CreditStatus.RELEASE_PROPOSED}
        ]


def life_of(freeze: FreezeOrder) -> FreezeLife:
    """All that became of one freeze. A fixed number of queries."""
    case = freeze.case
    return FreezeLife(
        held=held_of(freeze.pk),
        changes=list(changes_of(case).filter(freeze=freeze).order_by("-number")),
        transfers=list(transfers_of(case).filter(freeze=freeze).order_by("-number")),
        credits=list(credits_of(case).filter(freeze=freeze).order_by("-number")),
        issuer_freezes=list(issuer_freezes_of(case).filter(freeze=freeze).order_by("-number")),
    )


def one(rows: "QuerySet[Row]", number: int) -> Row:
    """The row with this number. Raises NotFound."""
    found = rows.filter(number=number).first()
    if found is None:
        raise NotFound
    return found


# ── The approver's diff ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One asset: what is there, what other freezes hold of it, what this one would hold. Base units, None unknown."""

    symbol: str
    decimals: int
    there: int | None
    would_hold: int | None
    others_hold: int | None
    view: BalanceView | None = None
    holding: AccountHolding | None = None
    stale: bool = False

    @property
    def beyond(self) -> int:
        """How much more is ordered held than is there."""
        if self.there is None or self.would_hold is None:
            return 0
        return max(0, self.would_hold - self.there)


@dataclass(frozen=True, slots=True)
class ApprovalDiff:
    """What would change by an approval: per asset now and then, and what else holds the same target."""

    rows: list[DiffRow] = field(default_factory=list)
    others: OtherFreezes = field(default_factory=OtherFreezes)
    named: NamedByOrder = field(default_factory=NamedByOrder)

    @property
    def stale(self) -> bool:
        return any(row.stale for row in self.rows)

    @property
    def unknown(self) -> bool:
        return any(row.there is None for row in self.rows)


def approval_diff(freeze: FreezeOrder, reader: User, *, at: datetime) -> ApprovalDiff:
    """What is held now against what this freeze would hold. A fixed number of queries."""
    others = other_freezes_on(freeze, reader)
    held_elsewhere: dict[str, int | None] = {}
    for rows in held_rows(other.pk for other in others.seen).values():
        for held in rows:
            key, before = held.row.asset.upper(), held_elsewhere.get(held.row.asset.upper(), 0)
            held_elsewhere[key] = None if held.still is None or before is None else before + held.still
    asked = {row.asset.upper(): row for row in freeze.amounts.all()}
    known = _known(freeze, at=at)
    found = []
    for symbol in sorted(set(known) | set(asked)):
        if asked and symbol not in asked:
            continue
        row, there = asked.get(symbol), known.get(symbol)
        amount = None if there is None else there.there
        would = int(row.amount) if row is not None and row.amount is not None else amount
        found.append(
            DiffRow(
                symbol=row.asset if row is not None else there.symbol if there is not None else symbol,
                decimals=row.decimals if row is not None else there.decimals if there is not None else 0,
                there=amount,
                would_hold=would,
                others_hold=held_elsewhere.get(symbol, 0),
                view=None if there is None else there.view,
                holding=None if there is None else there.holding,
                stale=False if there is None else there.stale,
            )
        )
    named = NamedByOrder()
    if freeze.obligation is not None:
        named = named_by_order(freeze.obligation.order_id, wallet=freeze.wallet, account=freeze.account)
    return ApprovalDiff(found, others, named)


def _known(freeze: FreezeOrder, *, at: datetime) -> dict[str, DiffRow]:
    if freeze.wallet is not None:
        return {
            view.asset.symbol.upper(): DiffRow(
                view.asset.symbol,
                view.asset.decimals,
                view.amount,
                None,
                None,
                view=view,
                stale=view.state != "ok",
            )
            for view in known_to([freeze.wallet], at=at).get(freeze.wallet.wallet_id, [])
        }
    if freeze.account is None:
        return {}
    return {
        holding.asset.upper(): DiffRow(
            holding.asset,
            holding.decimals,
            int(holding.amount),
            None,
            None,
            holding=holding,
            stale=holding.observed_at < at - BOOKS_STALE,
        )
        for holding in latest_holdings(freeze.account)
    }


# ── What can be asked for ─────────────────────────────────────────────────────────────────────────────────


def chains_for(freeze: FreezeOrder, symbols: list[str]) -> list[tuple[str, str]]:
    """(slug, name) of the chains on which a transfer of these assets can leave: the wallet's own, or any that has one."""
    if freeze.wallet is not None:
        slug = freeze.wallet.wallet.chain
        return [(slug, str(CHAINS[slug].name))]
    # Books write symbols in capitals, chains as their issuers do.
    wanted = [symbol.upper() for symbol in symbols]
    known = Asset.objects.annotate(capitals=Upper("symbol")).filter(capitals__in=wanted)
    having = set(known.values_list("chain", flat=True))
    return [(slug, str(info.name)) for slug, info in CHAINS.items() if slug in having]


def tokens_for(freeze: FreezeOrder) -> list[Asset]:
    """The tokens of the wallet's chain, which their issuers may be able to block."""
    if freeze.wallet is None:
        return []
    return list(
        Asset.objects.filter(chain=freeze.wallet.wallet.chain, kind=Asset.Kind.TOKEN).order_by("symbol")
    )


@dataclass(frozen=True, slots=True)
class Coin:
    """A chain's native coin, as the unit beside a fee."""

    symbol: str
    decimals: int


def native_of(chain: str) -> Coin:
    """The coin in which the chain takes its fees."""
    info = CHAINS[chain]
    return Coin(info.native_symbol, info.native_decimals)
