"""How single facts stand in a case file's content: moments, codes with their words, people, amounts, proofs."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _

from cases.audit.record import utc_text
from cases.chronology.words import moment_text
from cases.models import AccountHolding
from cases.people.models import User
from wallets.amounts import to_text
from wallets.chains import CHAINS
from wallets.models import Asset, ReadingBatch, Sighting
from wallets.snapshots import BalanceView

Facts = dict[str, Any]


def when(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with microseconds; None for none."""
    return None if moment is None else utc_text(moment)


def when_in(moment: datetime | None, zone: str) -> Facts | None:
    """A moment of an order: in UTC and in the zone in which its paper counts."""
    if moment is None:
        return None
    return {"utc": utc_text(moment), "local": moment.astimezone(ZoneInfo(zone)).isoformat(), "zone": zone}


def coded(value: str, choices: type[models.TextChoices]) -> Facts | None:
    """A code of ours and its word in the file's language; None where nothing is chosen."""
    if not value:
        return None
    return {"code": value, "text": str(choices(value).label) if value in choices.values else value}


def person(user: User | None) -> Facts | None:
    """A person of the record: name, role, and for a liaison her agency. Never an e-mail."""
    if user is None:
        return None
    return {"name": user.name, "role": user.get_role_display(), "agency": user.agency}


def act(at: datetime | None, by: User | None) -> Facts | None:
    """An act: when, and by whom."""
    return None if at is None else {"at": when(at), "by": person(by)}


def amount(base_units: int | None, decimals: int, symbol: str) -> Facts | None:
    """Exact: base units as text of an integer, and the decimal text. None stays None; it is never zero."""
    if base_units is None:
        return None
    return {
        "base_units": str(int(base_units)),
        "decimals": decimals,
        "symbol": symbol,
        "text": to_text(int(base_units), decimals),
    }


def chain(slug: str) -> Facts:
    """A chain: its slug, its name, and whether it is the development chain."""
    info = CHAINS.get(slug)
    if info is None:
        return {"slug": slug, "name": slug, "is_development": False}
    return {"slug": slug, "name": str(info.name), "is_development": info.is_development}


def asset(row: Asset) -> Facts:
    """An asset of a chain; `contract` is empty for the native coin."""
    return {
        "symbol": row.symbol,
        "name": row.name,
        "kind": row.kind,
        "contract": row.contract,
        "decimals": row.decimals,
    }


def sighting(row: Sighting, *, decimals: int, symbol: str) -> Facts:
    """What a chain said: the amount with the look that had confirmed it last, its block, source and times."""
    look = row.batch
    return {
        "kind": "reading",
        "amount": amount(row.amount, decimals, symbol),
        "block": {"height": look.block_height, "hash": look.block_hash, "time": when(look.block_time)},
        "pin": coded(look.pin, ReadingBatch.Pin),
        "depth": coded(look.depth, ReadingBatch.Depth),
        "source": look.provider,
        "agreement": coded(look.agreement, ReadingBatch.Agreement),
        "second_source": look.seconded_by,
        "looked_at": when(look.taken_at),
        "recorded_at": when(look.recorded_at),
    }


def holding(row: AccountHolding) -> Facts:
    """What the exchange's books said: the amount with source and time."""
    return {
        "kind": "holding",
        "amount": amount(int(row.amount), row.decimals, row.asset),
        "source": row.source,
        "observed_at": when(row.observed_at),
        "recorded_at": when(row.recorded_at),
    }


def state_words(view: BalanceView) -> str:
    """How far a balance can be trusted, in words. Unknown is said, never shown as zero."""
    since = "" if view.since is None else moment_text(view.since)
    if view.state == "hidden":
        return _("Cannot be observed")
    if view.state == "never_read":
        return _("Not read yet")
    if view.state == "failing":
        words = _("Source unavailable since %(moment)s") % {"moment": since}
        return words if view.amount is not None else f"{words}; {_('no reading so far')}"
    if view.state == "stale":
        return _("Stale since %(moment)s") % {"moment": since}
    return _("Current when this file was made")


def balance(view: BalanceView) -> Facts:
    """One asset of a wallet as known: the state in words, and the last look that confirmed it."""
    known: Facts = {
        "asset": asset(view.asset),
        "state": {"code": view.state, "text": state_words(view)},
        "since": when(view.since),
        "error": None if view.error is None else str(view.error),
        "amount": amount(view.amount, view.asset.decimals, view.asset.symbol),
        "block": None,
        "source": view.provider,
        "agreement": coded(view.agreement or "", ReadingBatch.Agreement),
        "second_source": view.seconded_by or "",
        "looked_at": when(view.looked_at),
        "changed_at": when(view.changed_at),
        "pin": coded(view.pin or "", ReadingBatch.Pin),
        "depth": coded(view.depth or "", ReadingBatch.Depth),
    }
    if view.amount is not None:
        known["block"] = {
            "height": view.block_height,
            "hash": view.block_hash,
            "time": when(view.block_time),
        }
    return known
