"""Every status and the moves between them. `move()` is the only writer of a status.

Sources: no published standard exists; the tables are the product's own (docs/status.md is generated from them).
Re-opening is a new event, never an edit of an old one.
"""

from typing import Protocol

from django.db import models
from django.utils.translation import gettext_lazy as _


class CaseStatus(models.TextChoices):
    OPEN = "open", _("Open")
    UNDER_INVESTIGATION = "under_investigation", _("Under investigation")
    ON_HOLD = "on_hold", _("On hold")
    CLOSING = "closing", _("Closing asked")
    CLOSED = "closed", _("Closed")


class Disposition(models.TextChoices):
    SUBSTANTIATED = "substantiated", _("Substantiated")
    UNSUBSTANTIATED = "unsubstantiated", _("Unsubstantiated")
    REFERRED = "referred", _("Referred")
    DUPLICATE = "duplicate", _("Duplicate")


class OrderStatus(models.TextChoices):
    RECEIVED = "received", _("Received")
    VERIFYING = "verifying", _("Verifying")
    VERIFIED = "verified", _("Verified")
    REJECTED_INAUTHENTIC = "rejected_inauthentic", _("Rejected as inauthentic")
    IN_REVIEW = "in_review", _("In review")
    ON_HOLD = "on_hold", _("On hold")
    ACCEPTED = "accepted", _("Accepted")
    NARROWED = "narrowed", _("Narrowed")
    OBJECTED = "objected", _("Objected")
    REJECTED = "rejected", _("Rejected")
    EXECUTING = "executing", _("Executing")
    PARTLY_COMPLIED = "partly_complied", _("Partly complied")
    COMPLIED = "complied", _("Complied")
    CLOSED = "closed", _("Closed")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    QUASHED = "quashed", _("Quashed")
    SUPERSEDED = "superseded", _("Superseded")
    EXPIRED = "expired", _("Expired")


class ObligationStatus(models.TextChoices):
    OPEN = "open", _("Open")
    IN_PROGRESS = "in_progress", _("In progress")
    MET = "met", _("Met")
    PARTLY_MET = "partly_met", _("Partly met")
    OBJECTED = "objected", _("Objected")
    NOT_OURS = "not_ours", _("Not ours")
    OUT_OF_SCOPE = "out_of_scope", _("Addressee not in scope")
    OVERDUE = "overdue", _("Overdue")
    LIFTED = "lifted", _("Lifted")


class EmergencyStatus(models.TextChoices):
    """Of an answer that was let out before the paper was verified."""

    WAITING = "waiting", _("Waiting for the second person")
    UPHELD = "upheld", _("Upheld")
    DISPUTED = "disputed", _("Should not have been given")


class FreezeStatus(models.TextChoices):
    PROPOSED = "proposed", _("Proposed")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    CANCELLED = "cancelled", _("Cancelled")
    APPLYING = "applying", _("Applying")
    APPLIED = "applied", _("Applied")
    APPLY_FAILED = "apply_failed", _("Apply failed")
    CONFIRMED = "confirmed", _("Confirmed")
    WRONG_TARGET_REVERSED = "wrong_target_reversed", _("Wrong target, reversed")
    RELEASE_PROPOSED = "release_proposed", _("Release proposed")
    RELEASED = "released", _("Released")
    TRANSFER_PROPOSED = "transfer_proposed", _("Transfer proposed")
    TRANSFER_APPROVED = "transfer_approved", _("Transfer approved")
    TRANSFERRING = "transferring", _("Transferring")
    TRANSFERRED = "transferred", _("Transferred")
    SETTLED = "settled", _("Settled")


class ChangeStatus(models.TextChoices):
    """Of an extension or a partial release of a freeze."""

    PROPOSED = "proposed", _("Proposed")
    AGREED = "agreed", _("Agreed")
    REFUSED = "refused", _("Refused")


class TransferStatus(models.TextChoices):
    PROPOSED = "proposed", _("Proposed")
    REFUSED = "refused", _("Refused")
    APPROVED = "approved", _("Approved")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    SETTLED = "settled", _("Settled")
    FAILED = "failed", _("Failed")


class CreditStatus(models.TextChoices):
    """Of what came in after a freeze: held by default."""

    HELD = "held", _("Held, not decided")
    KEPT = "kept", _("Kept held")
    RELEASE_PROPOSED = "release_proposed", _("Release proposed")
    RELEASED = "released", _("Released")


class IssuerFreezeStatus(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    REFUSED = "refused", _("Refused")
    SUBMITTED = "submitted", _("Submitted")
    CONFIRMED = "confirmed", _("Confirmed")
    LIFTED = "lifted", _("Lifted")


class TaskStatus(models.TextChoices):
    """Of a piece of work that somebody in a case has to do."""

    OPEN = "open", _("To be done")
    DONE = "done", _("Done")
    DROPPED = "dropped", _("Dropped")


class CallStatus(models.TextChoices):
    """Of what the exchange's own system was asked to do."""

    QUEUED = "queued", _("Waiting to be sent")
    SENT = "sent", _("Sent, not answered")
    ACCEPTED = "accepted", _("Accepted, not done yet")
    CONFIRMED = "confirmed", _("Done")
    FAILED = "failed", _("Refused or failed")
    GIVEN_UP = "given_up", _("Given up")


class ExportStatus(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


Moves = dict[str, frozenset[str]]


def _moves(table: dict[models.TextChoices, set[models.TextChoices]]) -> Moves:
    return {str(source): frozenset(str(target) for target in targets) for source, targets in table.items()}


_C, _O, _B, _F, _E = CaseStatus, OrderStatus, ObligationStatus, FreezeStatus, ExportStatus

CASE_MOVES = _moves(
    {
        _C.OPEN: {_C.UNDER_INVESTIGATION},
        _C.UNDER_INVESTIGATION: {_C.ON_HOLD, _C.CLOSING},
        _C.ON_HOLD: {_C.UNDER_INVESTIGATION},
        _C.CLOSING: {_C.CLOSED, _C.UNDER_INVESTIGATION},
        _C.CLOSED: {_C.UNDER_INVESTIGATION},
    }
)

ORDER_FINAL = frozenset(
    str(status)
    for status in (
        _O.REJECTED_INAUTHENTIC,
        _O.REJECTED,
        _O.CLOSED,
        _O.WITHDRAWN,
        _O.QUASHED,
        _O.SUPERSEDED,
        _O.EXPIRED,
    )
)
# Orders that still wait for something to be done under them, in the order of their way.
ORDER_UNANSWERED = tuple(
    str(status) for status in _O if str(status) not in ORDER_FINAL and status != _O.COMPLIED
)
_ENDS = {_O.WITHDRAWN, _O.QUASHED, _O.SUPERSEDED, _O.EXPIRED}
ORDER_MOVES = _moves(
    {
        _O.RECEIVED: {_O.VERIFYING} | _ENDS,
        _O.VERIFYING: {_O.VERIFIED, _O.REJECTED_INAUTHENTIC, _O.ON_HOLD} | _ENDS,
        _O.VERIFIED: {_O.IN_REVIEW} | _ENDS,
        _O.IN_REVIEW: {_O.ACCEPTED, _O.NARROWED, _O.OBJECTED, _O.REJECTED, _O.ON_HOLD} | _ENDS,
        # Back to where it was before the hold; the row remembers which.
        _O.ON_HOLD: {_O.VERIFYING, _O.IN_REVIEW} | _ENDS,
        _O.OBJECTED: {_O.NARROWED, _O.ACCEPTED, _O.REJECTED} | _ENDS,
        _O.ACCEPTED: {_O.EXECUTING} | _ENDS,
        _O.NARROWED: {_O.EXECUTING} | _ENDS,
        _O.EXECUTING: {_O.PARTLY_COMPLIED, _O.COMPLIED} | _ENDS,
        _O.PARTLY_COMPLIED: {_O.COMPLIED} | _ENDS,
        _O.COMPLIED: {_O.CLOSED} | _ENDS,
    }
)
# Once accepted, the duties move the order; a person moves it up to there, closes it, or records its end.
ORDER_MOVES_BY_DUTIES = frozenset({str(_O.EXECUTING), str(_O.PARTLY_COMPLIED), str(_O.COMPLIED)})
# A freeze or another duty may be executed only under an order in one of these.
ORDER_EXECUTABLE = frozenset({str(_O.ACCEPTED), str(_O.NARROWED), str(_O.EXECUTING), str(_O.PARTLY_COMPLIED)})

_OUTCOMES = {_B.MET, _B.PARTLY_MET, _B.OBJECTED, _B.NOT_OURS, _B.OUT_OF_SCOPE}
OBLIGATION_MOVES = _moves(
    {
        _B.OPEN: {_B.IN_PROGRESS, _B.OVERDUE, _B.LIFTED},
        _B.IN_PROGRESS: _OUTCOMES | {_B.OVERDUE, _B.LIFTED},
        _B.OVERDUE: {_B.MET, _B.LIFTED},
    }
)
OBLIGATION_FINAL = frozenset(
    str(status) for status in (_B.MET, _B.PARTLY_MET, _B.OBJECTED, _B.NOT_OURS, _B.OUT_OF_SCOPE, _B.LIFTED)
)

_EM = EmergencyStatus
EMERGENCY_MOVES = _moves({_EM.WAITING: {_EM.UPHELD, _EM.DISPUTED}})

FREEZE_MOVES = _moves(
    {
        _F.PROPOSED: {_F.APPROVED, _F.REJECTED, _F.CANCELLED},
        _F.APPROVED: {_F.APPLYING, _F.CANCELLED},
        _F.APPLYING: {_F.APPLIED, _F.APPLY_FAILED},
        _F.APPLY_FAILED: {_F.APPLYING, _F.CANCELLED},
        _F.APPLIED: {_F.CONFIRMED, _F.WRONG_TARGET_REVERSED},
        _F.CONFIRMED: {_F.RELEASE_PROPOSED, _F.TRANSFER_PROPOSED},
        _F.RELEASE_PROPOSED: {_F.RELEASED, _F.CONFIRMED},
        _F.TRANSFER_PROPOSED: {_F.TRANSFER_APPROVED, _F.CONFIRMED},
        _F.TRANSFER_APPROVED: {_F.TRANSFERRING, _F.CONFIRMED},
        _F.TRANSFERRING: {_F.TRANSFERRED, _F.CONFIRMED},
        _F.TRANSFERRED: {_F.SETTLED},
    }
)
FREEZE_FINAL = frozenset(
    str(status) for status in (_F.REJECTED, _F.CANCELLED, _F.WRONG_TARGET_REVERSED, _F.RELEASED, _F.SETTLED)
)
# In these the target is held in the exchange's system.
FREEZE_STANDING = frozenset(
    str(s)
    for s in (
        _F.APPLIED,
        _F.CONFIRMED,
        _F.RELEASE_PROPOSED,
        _F.TRANSFER_PROPOSED,
        _F.TRANSFER_APPROVED,
        _F.TRANSFERRING,
    )
)

_CH, _T, _CR, _IF = ChangeStatus, TransferStatus, CreditStatus, IssuerFreezeStatus

# An extension or a partial release is an event with amounts: the freeze keeps its own status.
CHANGE_MOVES = _moves({_CH.PROPOSED: {_CH.AGREED, _CH.REFUSED}})

# The freeze follows: proposed ↔ transfer_proposed, approved ↔ transfer_approved, sending and sent ↔ transferring. Once
# every transaction stands in a block, a transfer that takes all makes it transferred, and settled when they are deep
# enough; one that takes a part gives it back to confirmed with what remains, as does one that was refused or failed.
TRANSFER_MOVES = _moves(
    {
        _T.PROPOSED: {_T.APPROVED, _T.REFUSED},
        _T.APPROVED: {_T.SENDING, _T.REFUSED},
        _T.SENDING: {_T.SENT, _T.FAILED},
        _T.SENT: {_T.SETTLED, _T.FAILED},
    }
)
# In these nothing of a transfer is under way any more.
TRANSFER_OVER = frozenset(str(status) for status in (_T.REFUSED, _T.SETTLED, _T.FAILED))

CREDIT_MOVES = _moves(
    {
        _CR.HELD: {_CR.KEPT, _CR.RELEASE_PROPOSED},
        _CR.KEPT: {_CR.RELEASE_PROPOSED},
        _CR.RELEASE_PROPOSED: {_CR.RELEASED, _CR.KEPT},
    }
)

# The issuer of a token blocks an address in its contract: submitted and confirmed are two transactions, and only the
# confirmed one counts as applied.
ISSUER_FREEZE_MOVES = _moves(
    {
        _IF.REQUESTED: {_IF.SUBMITTED, _IF.REFUSED},
        _IF.SUBMITTED: {_IF.CONFIRMED, _IF.REFUSED},
        _IF.CONFIRMED: {_IF.LIFTED},
    }
)

TASK_MOVES = _moves({TaskStatus.OPEN: {TaskStatus.DONE, TaskStatus.DROPPED}})

# A refusal is an answer: what failed is asked anew by a call of its own. Silence is none: what was given up, or accepted
# and never heard of again, is asked once more under the same key. A report may come at any time before the end.
CALL_MOVES = _moves(
    {
        CallStatus.QUEUED: {CallStatus.SENT, CallStatus.CONFIRMED, CallStatus.FAILED, CallStatus.GIVEN_UP},
        CallStatus.SENT: {
            CallStatus.QUEUED,
            CallStatus.ACCEPTED,
            CallStatus.CONFIRMED,
            CallStatus.FAILED,
            CallStatus.GIVEN_UP,
        },
        CallStatus.ACCEPTED: {CallStatus.QUEUED, CallStatus.CONFIRMED, CallStatus.FAILED},
        CallStatus.GIVEN_UP: {CallStatus.QUEUED, CallStatus.CONFIRMED, CallStatus.FAILED},
    }
)

EXPORT_MOVES = _moves(
    {
        _E.QUEUED: {_E.RUNNING},
        _E.RUNNING: {_E.READY, _E.FAILED, _E.QUEUED},
    }
)

MOVES: dict[str, Moves] = {
    "case": CASE_MOVES,
    "order": ORDER_MOVES,
    "obligation": OBLIGATION_MOVES,
    "emergency": EMERGENCY_MOVES,
    "freeze": FREEZE_MOVES,
    "change": CHANGE_MOVES,
    "transfer": TRANSFER_MOVES,
    "credit": CREDIT_MOVES,
    "issuer_freeze": ISSUER_FREEZE_MOVES,
    "task": TASK_MOVES,
    "call": CALL_MOVES,
    "export": EXPORT_MOVES,
}
CHOICES: dict[str, type[models.TextChoices]] = {
    "case": CaseStatus,
    "order": OrderStatus,
    "obligation": ObligationStatus,
    "emergency": EmergencyStatus,
    "freeze": FreezeStatus,
    "change": ChangeStatus,
    "transfer": TransferStatus,
    "credit": CreditStatus,
    "issuer_freeze": IssuerFreezeStatus,
    "task": TaskStatus,
    "call": CallStatus,
    "export": ExportStatus,
}


def pairs(table: Moves) -> list[tuple[str, str]]:
    """Each move as (from, to), sorted, for the database's own guard."""
    return sorted((source, target) for source, targets in table.items() for target in targets)


class HasStatus(Protocol):
    """A row with a status and the name of the table that governs it."""

    status: str
    STATUS_TABLE: str


class IllegalMove(Exception):
    """The table has no move from the one status to the other."""

    def __init__(self, table: str, source: str, target: str) -> None:
        super().__init__(f"{table}: {source} → {target}")
        self.table, self.source, self.target = table, source, target


def can_move(row: HasStatus, target: str) -> bool:
    """Whether the table allows the move; asks nothing of rights or of other rules."""
    return target in MOVES[row.STATUS_TABLE].get(row.status, frozenset())


def move(row: HasStatus, target: str) -> tuple[str, str]:
    """Set the status of a locked row, not saved yet; returns (from, to). Raises IllegalMove."""
    source = str(row.status)
    if not can_move(row, str(target)):
        raise IllegalMove(row.STATUS_TABLE, source, str(target))
    row.status = str(target)
    return source, str(target)
