"""How the tree over all events stands: its newest checkpoint, its keys, where checkpoints went, and what is behind."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import Min

from cases.audit.models import Checkpoint, Leaf, PendingEvent, Publication, SigningKey, Target
from cases.audit.tree.checkpoints import newest
from cases.audit.tree.keys import NoSigningKey, current, verifier_key
from cases.publishing import configured, lies_at_home

# A checkpoint is due each minute; an event that is under none after three has been forgotten by somebody.
BEHIND = timedelta(minutes=3)

WayState = Literal["off", "new", "waiting", "failing", "good"]


@dataclass(frozen=True, slots=True)
class Way:
    """One way by which checkpoints leave.

    `state`: off (no setting), new (set; nothing went yet), waiting, failing (the last try did not get there), or good.
    `went_at` and `went_size` are the last that got there; `error`, `attempts` and `next_at` are of what waits now.
    """

    target: str
    name: str
    state: WayState
    went_at: datetime | None
    went_size: int | None
    error: str
    attempts: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A public key with the time in which it signs; `until` is None for the one that signs now."""

    number: int
    verifier: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class RecordState:
    """The tree as it is. `unsigned_since` is when the oldest event was recorded that no checkpoint covers."""

    newest: Checkpoint | None
    pending: int
    unsigned_since: datetime | None
    behind: bool
    no_key: str
    keys: list[KeyRow]
    ways: list[Way]
    at_home: bool

    @property
    def root(self) -> str:
        """The newest root in hexadecimal; empty before the first checkpoint."""
        return "" if self.newest is None else bytes(self.newest.root).hex()

    @property
    def failing(self) -> list[Way]:
        """The ways by which nothing gets out at the moment."""
        return [way for way in self.ways if way.state == "failing"]

    @property
    def leaves_nowhere(self) -> bool:
        """Whether no way is set at all: then whoever holds the machine holds every checkpoint."""
        return all(way.state == "off" for way in self.ways)


def record_state(*, at: datetime) -> RecordState:
    """A handful of queries and a look at one key file; the same number however long the record is."""
    last = newest()
    since = _unsigned_since(0 if last is None else last.size)
    return RecordState(
        newest=last,
        pending=PendingEvent.objects.count(),
        unsigned_since=since,
        behind=since is not None and at - since > BEHIND,
        no_key=_no_key(),
        keys=public_keys(),
        ways=_ways(),
        at_home=lies_at_home(),
    )


def public_keys() -> list[KeyRow]:
    """Every key that ever signed, the newest first."""
    rows: list[KeyRow] = []
    until: datetime | None = None
    for key in SigningKey.objects.order_by("-number"):
        rows.append(KeyRow(key.number, verifier_key(key), key.made_at, until))
        until = key.made_at
    return rows


def keys_text() -> str:
    """The public keys as C2SP signed-note writes them, a line each, the newest first."""
    return "".join(f"{key.verifier}\n" for key in public_keys())


def _no_key() -> str:
    """Why nothing can be signed; empty where it can."""
    try:
        current()
    except NoSigningKey as error:
        return str(error)
    return ""


def _unsigned_since(size: int) -> datetime | None:
    laid = Leaf.objects.filter(index=size).values_list("event__recorded_at", flat=True).first()
    waiting: datetime | None = PendingEvent.objects.aggregate(oldest=Min("event__recorded_at"))["oldest"]
    return min((moment for moment in (laid, waiting) if moment is not None), default=None)


def _ways() -> list[Way]:
    on = configured()
    return [_way(target, on=str(target) in on) for target in Target]


def _way(target: Target, *, on: bool) -> Way:
    rows = Publication.objects.filter(target=target).select_related("checkpoint")
    went = rows.filter(done_at__isnull=False).order_by("-done_at").first()
    open_row = rows.filter(next_at__isnull=False).order_by("-checkpoint__size", "-pk").first() if on else None
    state: WayState = "off" if not on else "new" if went is None else "good"
    if open_row is not None:
        state = "failing" if open_row.last_error else "waiting"
    return Way(
        target=str(target),
        name=str(target.label),
        state=state,
        went_at=None if went is None else went.done_at,
        went_size=None if went is None else went.checkpoint.size,
        error="" if open_row is None else open_row.last_error,
        attempts=0 if open_row is None else open_row.attempts,
        next_at=None if open_row is None else open_row.next_at,
    )
