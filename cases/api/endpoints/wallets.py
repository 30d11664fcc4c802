"""Wallets of a case: what is known of their balances, and the history of readings. Unknown is never zero."""

from datetime import datetime

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from cases.actions import wallets as actions
from cases.api.base import Endpoint, Paging, checked_cursor
from cases.api.fields import Amount, Body, Choice, Flag, Moment, Nothing, Person, Shape, Text, Whole, number
from cases.api.idempotency import Answer
from cases.api.schema import describe
from cases.models import Case, CaseWallet, Confidence, WalletRole
from cases.permissions import Permission
from cases.queries.paging import Page, keyset
from cases.queries.wallets import NUMBER_KEYS, READING_KEYS, WalletRow, history, rows_for
from wallets.chains import CHAINS
from wallets.models import Reading

BALANCE_STATES = [
    ("ok", _("Read as often as is asked")),
    ("never_read", _("Not read yet")),
    ("stale", _("Last read longer ago than is asked")),
    ("failing", _("The source is unavailable")),
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
    pinned_by = Choice(Reading.Pin.choices, allow_null=True)
    provider = Text(allow_null=True)
    taken_at = Moment(allow_null=True, help_text=_("When the stored reading was taken."))
    took_ms = Whole(allow_null=True)
    looked_at = Moment(allow_null=True, help_text=_("When a look last confirmed it."))
    since = Moment(allow_null=True, help_text=_("Since when it is stale or failing."))
    error = Text(allow_null=True)


class RefreshProgressOut(Shape):
    """How far the looks at a wallet have come."""

    state = Choice(REFRESH_STATES)
    pending = Flag(help_text=_("A look that somebody asked for has not ended."))
    requested_at = Moment(allow_null=True)
    due_at = Moment(allow_null=True)
    last_look_at = Moment(allow_null=True)
    last_ok_at = Moment(allow_null=True)
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


class WalletIn(Body):
    """A wallet to attach. The address is kept as typed beside its canonical form."""

    chain = Choice([(slug, info.name) for slug, info in CHAINS.items()])
    address = Text(max_length=200)
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
    """What was read at one block, written once."""

    asset = Text(source="asset.symbol")
    contract = Text(source="asset.contract")
    decimals = Whole(source="asset.decimals")
    amount = Amount()
    block_height = Whole()
    block_hash = Text()
    block_time = Moment()
    pinned_by = Choice(Reading.Pin.choices)
    provider = Text()
    taken_at = Moment()
    took_ms = Whole()
    recorded_at = Moment()


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

    @describe(out=WalletOut, body=WalletIn, status=201)
    def post(self, request: Request, ref: str) -> HttpResponse:
        """Attach a wallet and have its balances read."""
        grant = self.door(Permission.WALLETS)
        data = self.body(WalletIn)
        data["subject_number"] = data.pop("subject")

        def act() -> Answer:
            attached = actions.attach_wallet(grant=grant, at=self.at, **data)
            return self.answer(
                WalletOut,
                row_of(grant.case, attached.number, at=self.at),
                status=201,
                location=reverse("api-wallet", args=[ref, attached.number]),
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
