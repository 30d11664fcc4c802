"""A token's issuer blocks the address of a freeze: asked for, submitted, confirmed; and what the contract says itself.

Submitted and confirmed are two events with a transaction each, and only the confirmed one counts as applied. What a
worker reads from the contract stands beside it, with its block, and contradicts it openly where it does.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import (
    ActionError,
    NoSuchItem,
    event_value,
    lock_open_case,
    move_or_refuse,
    next_number,
    write_event,
)
from cases.actions.freezes.actor import Actor, lock_for_system
from cases.actions.freezes.rules import freeze_in, require_live_hold
from cases.actions.freezes.sending import clean_txid
from cases.models import Case, IssuerFreeze, IssuerReading
from cases.permissions import Permission
from cases.status import FREEZE_FINAL, FreezeStatus, IssuerFreezeStatus
from wallets.chains import panel_for
from wallets.chains.base import ChainError, Restriction
from wallets.models import Asset

logger = logging.getLogger(__name__)

ROUND: Final = timedelta(seconds=30)
LEASE: Final = timedelta(seconds=90)
# A state that did not change is written down once in this time all the same: a reading grows stale.
AGAIN: Final = timedelta(hours=24)

Clock = Callable[[], datetime]


def issuer_freeze_in(case: Case, number: int, *, lock: bool = False) -> IssuerFreeze:
    """The issuer freeze with this number in the case. Raises NoSuchItem."""
    rows = IssuerFreeze.objects.of(case)
    found = (
        (rows.select_for_update(of=("self",)) if lock else rows)
        .select_related("freeze__wallet__wallet", "chain_asset")
        .filter(number=number)
        .first()
    )
    if found is None:
        raise NoSuchItem(_("The case has no such request to an issuer."))
    return found


@transaction.atomic
def request_issuer_freeze(
    *, grant: Grant, at: datetime, number: int, contract: str, issuer: str, reference: str
) -> IssuerFreeze:
    """Ask the issuer of a token to block the wallet of freeze `number`, which was approved and has not ended."""
    grant.require(Permission.FREEZE_APPLY)
    case = lock_open_case(grant, at=at)
    freeze = freeze_in(case, number, lock=True)
    if freeze.wallet is None:
        raise ActionError(_("An issuer blocks an address: this freeze is of an account."))
    if freeze.status in FREEZE_FINAL or freeze.status == FreezeStatus.PROPOSED:
        raise ActionError(_("The freeze is not approved, or has ended."))
    require_live_hold(freeze, at=at)
    asset = Asset.objects.filter(chain=freeze.wallet.wallet.chain, contract=contract.strip()).first()
    if asset is None or not asset.contract:
        raise ActionError(_("Choose a token of this chain."), field="contract")
    if not issuer.strip():
        raise ActionError(_("Name the issuer."), field="issuer")
    if not reference.strip():
        raise ActionError(_("Name the issuer's ticket or contact."), field="reference")
    if (
        IssuerFreeze.objects.filter(freeze=freeze, chain_asset=asset)
        .exclude(status__in=[IssuerFreezeStatus.REFUSED, IssuerFreezeStatus.LIFTED])
        .exists()
    ):
        raise ActionError(_("The issuer of this token was asked already."), field="contract")
    row = IssuerFreeze.objects.create(
        case=case,
        freeze=freeze,
        number=next_number(IssuerFreeze, case),
        chain_asset=asset,
        issuer=issuer.strip(),
        reference=reference.strip(),
        requested_at=at,
        requested_by=grant.user,
    )
    _write(grant, row, "issuer_freeze.requested", at=at, issuer=row.issuer, reference=row.reference)
    return row


@transaction.atomic
def submit_issuer_freeze(*, grant: Grant, at: datetime, number: int, txid: str) -> IssuerFreeze:
    """The issuer submitted it to the contract: a first transaction, which blocks nothing yet."""
    row = _opened(grant, number, at=at)
    submitted = clean_txid(row.chain_asset.chain, txid)
    move_or_refuse(row, IssuerFreezeStatus.SUBMITTED)
    row.submitted_at, row.submitted_by, row.submitted_txid, row.next_look_at = at, grant.user, submitted, at
    row.save(update_fields=["status", "submitted_at", "submitted_by", "submitted_txid", "next_look_at"])
    _write(grant, row, "issuer_freeze.submitted", at=at, txid=submitted)
    return row


@transaction.atomic
def confirm_issuer_freeze(*, grant: Grant, at: datetime, number: int, txid: str) -> IssuerFreeze:
    """The issuer confirmed it: the second transaction, from which on the address is blocked."""
    row = _opened(grant, number, at=at)
    confirmed = clean_txid(row.chain_asset.chain, txid)
    if confirmed == row.submitted_txid:
        raise ActionError(
            _("This is the transaction that submits it. Confirming is another one."), field="txid"
        )
    move_or_refuse(row, IssuerFreezeStatus.CONFIRMED)
    row.confirmed_at, row.confirmed_by, row.confirmed_txid, row.next_look_at = at, grant.user, confirmed, at
    row.save(update_fields=["status", "confirmed_at", "confirmed_by", "confirmed_txid", "next_look_at"])
    _write(grant, row, "issuer_freeze.confirmed", at=at, txid=confirmed)
    return row


@transaction.atomic
def end_issuer_freeze(*, grant: Grant, at: datetime, number: int, reason: str) -> IssuerFreeze:
    """The issuer refused, or it was given up; or, where it was confirmed, the issuer lifted it."""
    row = _opened(grant, number, at=at)
    if not reason.strip():
        raise ActionError(_("Give the reason."), field="reason")
    lifted = row.status == IssuerFreezeStatus.CONFIRMED
    move_or_refuse(row, IssuerFreezeStatus.LIFTED if lifted else IssuerFreezeStatus.REFUSED)
    row.end_reason, row.next_look_at = reason.strip(), None
    row.save(update_fields=["status", "end_reason", "next_look_at"])
    action = "issuer_freeze.lifted" if lifted else "issuer_freeze.refused"
    _write(grant, row, action, at=at, reason=row.end_reason)
    return row


def _opened(grant: Grant, number: int, *, at: datetime) -> IssuerFreeze:
    grant.require(Permission.FREEZE_APPLY)
    return issuer_freeze_in(lock_open_case(grant, at=at), number, lock=True)


def _details(row: IssuerFreeze) -> dict[str, object]:
    wallet = row.freeze.wallet
    return {
        "freeze": row.freeze.number,
        "asset": row.chain_asset.symbol,
        "contract": row.chain_asset.contract,
        "chain": row.chain_asset.chain,
        "address": None if wallet is None else wallet.wallet.address,
    }


def _write(grant: Grant, row: IssuerFreeze, action: str, *, at: datetime, **details: object) -> None:
    write_event(
        grant,
        action=action,
        at=at,
        kind="issuer_freeze",
        number=row.number,
        details={**_details(row), **details},
    )


# ── What the contract says ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Asked:
    """An address to ask a token's contract about."""

    row_id: int
    chain: str
    address: str
    contract: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What the contract said, or the code of the error, and who said it."""

    found: Restriction | None
    provider: str
    error: str = ""


def watch_issuers(*, now: Clock) -> int:
    """Ask the contracts that are due a look; returns how many were asked."""
    count, until = 0, now() + ROUND
    while (at := now()) < until and (asked := claim_issuer(at=at)) is not None:
        heard = listen(asked)
        try:
            finish_issuer(asked.row_id, heard, at=now())
        except (DatabaseError, LookupError, RuntimeError, TypeError, ValueError):
            logger.exception(
                "what the contract said for issuer freeze %s could not be recorded", asked.row_id
            )
        count += 1
    return count


@transaction.atomic
def claim_issuer(*, at: datetime) -> Asked | None:
    """What has been due a look the longest, for this worker alone until the lease ends."""
    row = (
        IssuerFreeze.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("freeze__wallet__wallet", "chain_asset")
        .filter(next_look_at__lte=at)
        .order_by("next_look_at", "id")
        .first()
    )
    if row is None or row.freeze.wallet is None:
        return None
    row.next_look_at = at + LEASE
    row.save(update_fields=["next_look_at"])
    return Asked(row.pk, row.chain_asset.chain, row.freeze.wallet.wallet.address, row.chain_asset.contract)


def listen(asked: Asked) -> Heard:
    """Ask the contract. Takes as long as its source takes; no transaction is open meanwhile."""
    try:
        with panel_for(asked.chain) as panel:
            found = panel.token_restriction(asked.address, asked.contract)
            return Heard(found, panel.answered_by)
    except ChainError as error:
        return Heard(None, "", error.code)


@transaction.atomic
def finish_issuer(row_id: int, heard: Heard, *, at: datetime) -> IssuerFreeze:
    """Write what was heard; where it is news, or a day old, as a reading with its event."""
    case_id = IssuerFreeze.objects.values_list("case_id", flat=True).get(pk=row_id)
    actor = Actor(lock_for_system(case_id, at=at))
    row = (
        IssuerFreeze.objects.select_for_update(of=("self",))
        .select_related("freeze__wallet__wallet", "chain_asset")
        .get(pk=row_id)
    )
    if row.next_look_at is None:
        return row
    found = heard.found
    row.looked_at, row.next_look_at = at, at + timedelta(seconds=settings.ISSUER_LOOK_SECONDS)
    row.said = heard.error if found is None else found.state
    row.save(update_fields=["looked_at", "said", "next_look_at"])
    if found is None:
        return row
    last = row.readings.order_by("-id").first()
    if last is not None and last.state == found.state and last.looked_at > at - AGAIN:
        return row
    block = None if found.pinned is None else found.pinned.block
    reading = IssuerReading.objects.create(
        issuer_freeze=row,
        state=found.state,
        block_height=None if block is None else block.height,
        block_hash="" if block is None else block.hash,
        block_time=None if block is None else block.time,
        provider=heard.provider,
        looked_at=at,
    )
    actor.write(
        action="issuer_freeze.seen",
        at=at,
        kind="issuer_freeze",
        number=row.number,
        details={
            **_details(row),
            "state": reading.state,
            "block_height": reading.block_height,
            "block_hash": reading.block_hash,
            "block_time": event_value(reading.block_time),
            "provider": reading.provider,
        },
    )
    return row
