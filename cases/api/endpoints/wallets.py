"""Wallets of a case: what is known of their balances, and the history of readings. Unknown is never zero."""

from dataclasses import dataclass, field, fields
from datetime import datetime

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import wallets as actions
from cases.api.base import Endpoint, Paging, checked_cursor, invalid
from cases.api.endpoints.addresses import CHAIN_CHOICES
from cases.api.fields import Amount, Body, Choice, Flag, Moment, Nothing, Person, Shape, Text, Whole, number
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import Case, CaseWallet, Confidence, WalletRole
from cases.permissions import Permission
from cases.queries.paging import Page, keyset
from cases.queries.wallets import NUMBER_KEYS, READING_KEYS, WalletRow, history, rows_for
from wallets.addresses import LONGEST
from wallets.models import ReadingBatch

BALANCE_STATES = [
    ("ok", _("Read as often as is asked")),
    ("never_read", _("Not read yet")),
    ("stale", _("Last read longer ago than is asked")),
    ("failing", _("The source is unavailable")),
    ("hidden", _("Nobody can observe it")),
]
REFRESH_STATES = [("idle", _("Idle")), ("waiting", _("Waiting for a worker")), ("reading", _("Being read"))]


class BalanceOut(Shape):
    """One asset of a wallet. `amount` is null until a reading stands behind it, and never zero for unknown."""

    asset = Text(source="asset.symbol")
    name = Text(source="asset.name")
    contract = Text(source="asset.contract", help_text=_("Empty for the chain's own coin."))
    decimals = Whole(source="asset.decimals")
    state = Choice(BALANCE_STATES)
    amount = Amount(allow_null=True)
    block_height = Whole(allow_null=True)
    block_hash = Text(allow_null=True)
    block_time = Moment(allow_null=True)
    pin = Choice(ReadingBatch.Pin.choices, allow_null=True)
    depth = Choice(ReadingBatch.Depth.choices, allow_null=True)
    provider = Text(allow_null=True)
    agreement = Choice(ReadingBatch.Agreement.choices, allow_null=True)
    seconded_by = Text(allow_null=True, help_text=_("The second source that gave the same amount."))
    took_ms = Whole(allow_null=True)
    looked_at = Moment(allow_null=True, help_text=_("When a look last confirmed it."))
    changed_at = Moment(allow_null=True, help_text=_("When the look was that found this amount first."))
    since = Moment(allow_null=True, help_text=_("Since when it is stale or failing."))
    error = Text(allow_null=True)


class RefreshProgressOut(Shape):
    """How far the looks at a wallet have come."""

    state = Choice(REFRESH_STATES)
    pending = Flag(help_text=_("A look that somebody asked for has not ended."))
    requested_at = Moment(allow_null=True)
    due_at = Moment(allow_null=True)
    last_look_at = Moment(allow_null=True)
    failing_since = Moment(allow_null=True)
    error = Text(allow_null=True)


class WalletOut(Shape):
    """A wallet as the case knows it, with what is known of its balances."""

    number = Whole(source="attached.number")
    chain = Text(source="attached.wallet.chain")
    address = Text(source="attached.wallet.address", help_text=_("In its canonical form."))
    typed = Text(source="attached.typed", help_text=_("As it was typed."))
    checksum = Choice([("valid", _("Valid")), ("none", _("None"))], source="attached.checksum")
    label = Text(source="attached.label")  # type: ignore[assignment]
    role = Choice(WalletRole.choices, source="attached.role")
    subject = Whole(source="attached.subject.number", allow_null=True, default=None)
    attribution_source = Text(source="attached.attribution_source")
    attribution_confidence = Choice(Confidence.choices, source="attached.attribution_confidence")
    is_fictional = Flag(source="attached.is_fictional")
    attached_at = Moment(source="attached.attached_at")
    attached_by = Person(source="attached.attached_by")
    detached_at = Moment(source="attached.detached_at", allow_null=True)
    detached_by = Person(source="attached.detached_by", allow_null=True)
    balances = BalanceOut(many=True)
    refresh = RefreshProgressOut(source="progress", allow_null=True)


class AttachedOut(WalletOut):
    """The wallet that was attached, the first of several, and those of the other chains."""

    others = WalletOut(many=True)


@dataclass(frozen=True, slots=True)
class Attached(WalletRow):
    others: list[WalletRow] = field(default_factory=list)


class WalletIn(Body):
    """A wallet to attach. The address is kept as typed beside its canonical form.

    `chain` names one chain, `chains` several, for each of which a wallet is attached, all or none. Without either the
    address is attached on every chain of the EVM that is read here, else on the likeliest chain that it fits.
    """

    chain = Choice(CHAIN_CHOICES, required=False)
    chains = serializers.ListField(
        child=Choice(CHAIN_CHOICES), required=False, allow_empty=False, max_length=len(CHAIN_CHOICES)
    )
    address = Text(max_length=LONGEST)
    role = Choice(WalletRole.choices)
    label = Text(max_length=120, allow_blank=True, default="")  # type: ignore[assignment]
    subject = number(required=False, allow_null=True, default=None, help_text=_("The subject's number."))
    attribution_source = Text(max_length=500)
    attribution_confidence = Choice(Confidence.choices)


class DetachIn(Body):
    """Why it is taken out."""

    reason = Text(max_length=2000)


class WalletsQuery(Paging):
    """Which wallets."""

    which = Choice([("current", _("Current")), ("all", _("All"))], default="current", required=False)


class ReadingOut(Shape):
    """What a look found, written once: where the amount changed, or where somebody asked for the look."""

    asset = Text(source="asset.symbol")
    contract = Text(source="asset.contract")
    decimals = Whole(source="asset.decimals")
    amount = Amount()
    block_height = Whole(source="batch.block_height")
    block_hash = Text(source="batch.block_hash")
    block_time = Moment(source="batch.block_time")
    pin = Choice(ReadingBatch.Pin.choices, source="batch.pin")
    depth = Choice(ReadingBatch.Depth.choices, source="batch.depth")
    provider = Text(source="batch.provider")
    agreement = Choice(ReadingBatch.Agreement.choices, source="batch.agreement")
    seconded_by = Text(source="batch.seconded_by")
    taken_at = Moment()
    took_ms = Whole(source="batch.took_ms")
    recorded_at = Moment(source="batch.recorded_at")


def wallets_of(case: Case) -> QuerySet[CaseWallet]:
    return CaseWallet.objects.filter(case=case).select_related(
        "wallet", "subject", "attached_by", "detached_by"
    )


def row_of(case: Case, number: int, *, at: datetime) -> WalletRow:
    """One wallet with its balances, read afresh after an action."""
    return rows_for([wallets_of(case).get(number=number)], at=at)[0]


class Wallets(Endpoint):
    @describe(out=WalletOut, paged=True, query=WalletsQuery)
    def get(self, request: Request, ref: str) -> Response:
        """The wallets of the case with their balances."""
        grant = self.door(Permission.READ)
        asked = self.query(WalletsQuery)
        rows = wallets_of(grant.case)
        if asked["which"] == "current":
            rows = rows.filter(detached_at__isnull=True)
        cursor = checked_cursor(asked, NUMBER_KEYS)
        page: Page[CaseWallet] = keyset(rows, keys=NUMBER_KEYS, after=cursor, size=asked["limit"])
        return self.page(WalletOut, Page(rows_for(page.rows, at=self.at), page.next_cursor, None))

    @describe(out=AttachedOut, body=WalletIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Attach a wallet, or one on each of several chains, and have the balances read."""
        grant = self.door(Permission.WALLETS)
        data = self.body(WalletIn)
        data["subject_number"] = data.pop("subject")
        if "chain" in data:
            if "chains" in data:
                raise invalid({"chains": str(_("Give either one chain or several."))})
            data["chains"] = [data.pop("chain")]

        def act() -> Answer:
            attached = actions.attach_wallets(grant=grant, at=self.at, **data)
            numbers = [row.number for row in attached]
            rows = rows_for(
                list(wallets_of(grant.case).filter(number__in=numbers).order_by("number")), at=self.at
            )
            first = {item.name: getattr(rows[0], item.name) for item in fields(rows[0])}
            return self.answer(
                AttachedOut,
                Attached(**first, others=rows[1:]),
                status=201,
                location=reverse("api-wallet", args=[ref, numbers[0]]),
            )

        return self.once(act)


class OneWallet(Endpoint):
    @describe(out=WalletOut)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """One wallet, also one that was taken out."""
        grant = self.door(Permission.READ)
        self.query()
        return self.show(WalletOut, rows_for([self.numbered(wallets_of(grant.case))], at=self.at)[0])


class DetachWallet(Endpoint):
    @describe(out=WalletOut, body=DetachIn)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Take a wallet out of the case; it stays on record."""
        grant = self.door(Permission.WALLETS)
        self.numbered(wallets_of(grant.case))
        data = self.body(DetachIn)

        def act() -> Answer:
            actions.detach_wallet(grant=grant, at=self.at, number=number, **data)
            return self.answer(WalletOut, row_of(grant.case, number, at=self.at))

        return self.once(act)


class RefreshWallet(Endpoint):
    @describe(out=WalletOut, body=Nothing, status=202)
    def post(self, request: Request, ref: str, number: int) -> HttpResponse:
        """Have the wallet's balances read now; `refresh.pending` turns false when that has ended."""
        grant = self.door(Permission.WALLETS)
        self.numbered(wallets_of(grant.case))
        self.body(Nothing)

        def act() -> Answer:
            actions.refresh_wallet(grant=grant, at=self.at, number=number)
            return self.answer(WalletOut, row_of(grant.case, number, at=self.at), status=202)

        return self.once(act)


class Readings(Endpoint):
    @describe(out=ReadingOut, paged=True, query=Paging)
    def get(self, request: Request, ref: str, number: int) -> Response:
        """What was read of the wallet while it hung on this case, the newest first."""
        grant = self.door(Permission.READ)
        attached = self.numbered(wallets_of(grant.case))
        asked = self.query(Paging)
        cursor = checked_cursor(asked, READING_KEYS)
        return self.page(ReadingOut, history(attached, after=cursor, size=asked["limit"]))
