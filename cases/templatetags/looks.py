"""How each status looks: a shape, a tone, and the word. Never the colour alone.

A shape is the name of an icon in static/vendor/lucide/sprite.svg; a tone is one of TONES and names a colour in the
style sheet. The words of the casework's own statuses come from `cases.status`, so that they are said in one place.
"""

from typing import NamedTuple

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.models.accounts import AccountStatus
from cases.status import CHOICES

TONES = frozenset({"neutral", "info", "active", "wait", "good", "warn", "bad", "ended"})


class Look(NamedTuple):
    """What a status looks like: tone (see TONES), icon, and its word."""

    tone: str
    icon: str
    word: str | Promise


_SHAPES: dict[str, dict[str, tuple[str, str]]] = {
    "case": {
        "open": ("info", "circle"),
        "under_investigation": ("active", "circle-dot"),
        "on_hold": ("wait", "circle-pause"),
        "closing": ("wait", "hourglass"),
        "closed": ("ended", "square-check"),
    },
    "order": {
        "received": ("info", "inbox"),
        "verifying": ("active", "fingerprint"),
        "verified": ("good", "shield-check"),
        "rejected_inauthentic": ("bad", "shield-alert"),
        "in_review": ("active", "eye"),
        "on_hold": ("wait", "circle-pause"),
        "accepted": ("good", "circle-check"),
        "narrowed": ("good", "circle-minus"),
        "objected": ("warn", "scale"),
        "rejected": ("bad", "circle-x"),
        "executing": ("active", "circle-play"),
        "partly_complied": ("active", "contrast"),
        "complied": ("good", "list-checks"),
        "closed": ("ended", "square-check"),
        "withdrawn": ("ended", "undo-2"),
        "quashed": ("ended", "circle-slash"),
        "superseded": ("ended", "layers"),
        "expired": ("ended", "clock"),
    },
    "obligation": {
        "open": ("info", "circle"),
        "in_progress": ("active", "circle-dot"),
        "met": ("good", "circle-check"),
        "partly_met": ("warn", "contrast"),
        "objected": ("warn", "scale"),
        "not_ours": ("ended", "circle-slash"),
        "out_of_scope": ("ended", "circle-minus"),
        "overdue": ("bad", "alarm-clock"),
        "lifted": ("ended", "undo-2"),
    },
    "emergency": {
        "waiting": ("wait", "hourglass"),
        "upheld": ("good", "circle-check"),
        "disputed": ("bad", "octagon-alert"),
    },
    "freeze": {
        "proposed": ("wait", "circle-dashed"),
        "approved": ("info", "circle-check"),
        "rejected": ("bad", "circle-x"),
        "cancelled": ("ended", "circle-slash"),
        "applying": ("active", "circle-play"),
        "applied": ("active", "snowflake"),
        "apply_failed": ("bad", "octagon-alert"),
        "confirmed": ("good", "snowflake"),
        "wrong_target_reversed": ("warn", "rotate-ccw"),
        "release_proposed": ("wait", "lock-open"),
        "released": ("ended", "lock-open"),
        "transfer_proposed": ("wait", "send"),
        "transfer_approved": ("info", "send"),
        "transferring": ("active", "send"),
        "transferred": ("good", "send"),
        "settled": ("ended", "square-check"),
    },
    "task": {
        "open": ("info", "circle"),
        "done": ("good", "circle-check"),
        "dropped": ("ended", "circle-slash"),
    },
    "call": {
        "queued": ("wait", "hourglass"),
        "sent": ("active", "send"),
        "accepted": ("active", "circle-play"),
        "confirmed": ("good", "circle-check"),
        "failed": ("bad", "octagon-alert"),
        "given_up": ("bad", "circle-x"),
    },
    "export": {
        "queued": ("wait", "hourglass"),
        "running": ("active", "circle-play"),
        "ready": ("good", "circle-check"),
        "failed": ("bad", "octagon-alert"),
    },
    "change": {
        "proposed": ("wait", "hourglass"),
        "agreed": ("good", "circle-check"),
        "refused": ("ended", "circle-x"),
    },
    "transfer": {
        "proposed": ("wait", "hourglass"),
        "refused": ("ended", "circle-x"),
        "approved": ("info", "circle-check"),
        "sending": ("active", "circle-play"),
        "sent": ("active", "send"),
        "settled": ("good", "square-check"),
        "failed": ("bad", "octagon-alert"),
    },
    "credit": {
        "held": ("wait", "hourglass"),
        "kept": ("active", "lock"),
        "release_proposed": ("wait", "lock-open"),
        "released": ("ended", "lock-open"),
    },
    "issuer_freeze": {
        "requested": ("wait", "hourglass"),
        "refused": ("ended", "circle-x"),
        "submitted": ("info", "send"),
        "confirmed": ("good", "snowflake"),
        "lifted": ("ended", "lock-open"),
    },
    "account": {
        "active": ("good", "circle-check"),
        "restricted": ("warn", "lock"),
        "frozen": ("active", "snowflake"),
        "closed": ("ended", "square-check"),
        "unknown": ("neutral", "circle-dashed"),
    },
}


def _with_words() -> dict[str, dict[str, Look]]:
    words: dict[str, type[models.TextChoices]] = {**CHOICES, "account": AccountStatus}
    return {
        table: {value: Look(tone, icon, words[table](value).label) for value, (tone, icon) in shapes.items()}
        for table, shapes in _SHAPES.items()
    }


LOOKS: dict[str, dict[str, Look]] = {
    **_with_words(),
    # The state of a balance's reading; the words of `wallets.snapshots.BalanceView.state`.
    "reading": {
        "ok": Look("good", "circle-check", _("Current")),
        "never_read": Look("neutral", "circle-dashed", _("Not read yet")),
        "stale": Look("warn", "hourglass", _("Stale")),
        "failing": Look("bad", "wifi-off", _("Source unavailable")),
        "hidden": Look("neutral", "circle-slash", _("Cannot be observed")),
        # A failing one of its own: the sources answer, and say different things.
        "disagrees": Look("bad", "scale", _("Contradicted")),
    },
    "person": {
        "active": Look("good", "circle-check", _("Active")),
        "inactive": Look("ended", "circle-slash", _("Deactivated")),
    },
    "membership": {
        "member": Look("good", "user", _("Member")),
        "reader": Look("neutral", "eye", _("May only read")),
        "ended": Look("ended", "circle-slash", _("Ended")),
    },
    "share": {
        "active": Look("active", "share-2", _("Shared")),
        "ended": Look("ended", "circle-slash", _("Sharing ended")),
    },
    "token": {
        "live": Look("good", "key-round", _("Live")),
        "expired": Look("ended", "clock", _("Expired")),
        "revoked": Look("bad", "ban", _("Revoked")),
    },
}

CONFIDENCE: dict[str, Look] = {
    "high": Look("good", "circle-check", _("High confidence")),
    "medium": Look("info", "contrast", _("Medium confidence")),
    "low": Look("neutral", "circle-dashed", _("Low confidence")),
    "": Look("neutral", "circle", _("Confidence not stated")),
}


def look_of(table: str, value: str) -> Look:
    """The look of a status. An unknown table is a template's mistake (KeyError); an unknown value shows as itself."""
    return LOOKS[table].get(value) or Look("neutral", "circle", value)
