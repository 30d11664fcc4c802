"""What a page offers to do with an order or a freeze now: from the tables of moves, for the person who looks.

This only draws buttons. The actions refuse what is not allowed, whatever stands here.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.orders import DECISIONS
from cases.models import FreezeOrder, LegalOrder, Transfer
from cases.permissions import Permission
from cases.queries.freezes import FreezeContent
from cases.status import (
    FREEZE_STANDING,
    MOVES,
    ORDER_MOVES_BY_DUTIES,
    FreezeStatus,
    OrderStatus,
    TransferStatus,
)

Text = str | Promise


# ── Orders ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OrderStep:
    """A move of an order as a page offers it. `asks`: by a page of its own, which asks for the reason."""

    to: str
    word: Text
    title: Text
    icon: str
    tone: str = ""
    asks: bool = True


ORDER_STEPS: dict[str, OrderStep] = {
    step.to: step
    for step in (
        OrderStep(
            "verifying",
            _("Start the verification"),
            _("Start the verification?"),
            "fingerprint",
            "primary",
            False,
        ),
        OrderStep(
            "in_review", _("Take into review"), _("Take this order into review?"), "eye", "primary", False
        ),
        OrderStep("accepted", _("Accept"), _("Accept this order?"), "circle-check", "primary"),
        OrderStep(
            "narrowed", _("Accept narrowed"), _("Accept this order in a narrowed form?"), "circle-minus"
        ),
        OrderStep("objected", _("Object"), _("Object to this order?"), "scale"),
        OrderStep("rejected", _("Reject"), _("Reject this order?"), "circle-x", "danger"),
        OrderStep("on_hold", _("Put on hold"), _("Put this order on hold?"), "circle-pause"),
        OrderStep("closed", _("Close"), _("Close this order?"), "square-check", "primary"),
        OrderStep(
            "withdrawn", _("Record its withdrawal"), _("Was this order withdrawn?"), "undo-2", "danger"
        ),
        OrderStep(
            "quashed", _("Record that it was quashed"), _("Was this order quashed?"), "circle-slash", "danger"
        ),
        OrderStep(
            "superseded",
            _("Record that it was superseded"),
            _("Was this order superseded?"),
            "layers",
            "danger",
        ),
        OrderStep("expired", _("Record that it expired"), _("Has this order expired?"), "clock", "danger"),
    )
}
ORDER_ENDS = frozenset({"withdrawn", "quashed", "superseded", "expired"})


def steps_of_order(order: LegalOrder, grant: Grant) -> tuple[list[OrderStep], list[OrderStep], bool]:
    """(steps in its work, ways it may end, whether somebody else has to decide) for this person, from the table."""
    work: list[OrderStep] = []
    ends: list[OrderStep] = []
    others_decide = False
    for step in ORDER_STEPS.values():
        if step.to not in MOVES["order"].get(order.status, frozenset()) - ORDER_MOVES_BY_DUTIES:
            continue
        if order.status == OrderStatus.ON_HOLD and step.to in {"verifying", "in_review"}:
            if step.to != order.status_before_hold:
                continue
            step = OrderStep(
                step.to, _("Take off hold"), _("Take this order off hold?"), "circle-play", "primary", False
            )
        needed = Permission.ORDER_DECIDE if step.to in DECISIONS else Permission.ORDERS
        if not grant.may(needed):
            others_decide = others_decide or (needed is Permission.ORDER_DECIDE and step.to not in ORDER_ENDS)
            continue
        (ends if step.to in ORDER_ENDS else work).append(step)
    return work, ends, others_decide


# ── Freezes ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class FreezeStep:
    """Something that can be done with a freeze now: the name of its page, its word, what stands in its way."""

    url_name: str
    word: Text
    icon: str
    tone: str = ""
    hindrance: Text = ""


_OWN = _("You proposed this freeze. Somebody else must decide on it.")
_SIGNED = _("You have given your word on this freeze already.")
_OWN_RELEASE = _("You proposed this release. Somebody else must decide on it.")
_ENDED = _("The order that this rests on has ended.")
_NOT_EXECUTABLE = _("The order is not verified and accepted. Nothing is executed under it now.")

# Per status: the page, the leave it needs, how its button looks.
_FREEZE_STEPS: dict[str, list[tuple[str, Permission, Text, str, str]]] = {
    FreezeStatus.PROPOSED: [
        ("freeze-approve", Permission.FREEZE_APPROVE, _("Approve"), "circle-check", "primary"),
        ("freeze-reject", Permission.FREEZE_APPROVE, _("Reject"), "circle-x", ""),
        ("freeze-cancel", Permission.FREEZE_PROPOSE, _("Cancel the proposal"), "circle-slash", "quiet"),
    ],
    FreezeStatus.APPROVED: [
        ("freeze-apply", Permission.FREEZE_APPLY, _("Begin to apply it"), "circle-play", "primary"),
        ("freeze-cancel", Permission.FREEZE_PROPOSE, _("Cancel the freeze"), "circle-slash", "quiet"),
    ],
    FreezeStatus.APPLYING: [
        ("freeze-applied", Permission.FREEZE_APPLY, _("The hold is set"), "snowflake", "primary"),
        ("freeze-apply-failed", Permission.FREEZE_APPLY, _("It could not be set"), "octagon-alert", ""),
    ],
    FreezeStatus.APPLY_FAILED: [
        ("freeze-apply", Permission.FREEZE_APPLY, _("Try again"), "rotate-ccw", "primary"),
        ("freeze-cancel", Permission.FREEZE_PROPOSE, _("Cancel the freeze"), "circle-slash", "quiet"),
    ],
    FreezeStatus.APPLIED: [
        ("freeze-confirm", Permission.FREEZE_APPLY, _("Confirm with proof"), "file-check", "primary"),
        ("freeze-wrong-target", Permission.FREEZE_APPLY, _("It hit the wrong target"), "rotate-ccw", ""),
    ],
    FreezeStatus.CONFIRMED: [
        ("freeze-transfer", Permission.FREEZE_PROPOSE, _("Propose a transfer"), "send", ""),
        ("freeze-release-part", Permission.FREEZE_PROPOSE, _("Release a part"), "circle-minus", ""),
        ("freeze-release", Permission.FREEZE_PROPOSE, _("Propose its release"), "lock-open", ""),
    ],
    FreezeStatus.RELEASE_PROPOSED: [
        (
            "freeze-release-decide",
            Permission.FREEZE_APPROVE,
            _("Decide on the release"),
            "lock-open",
            "primary",
        ),
    ],
}


# Steps that stand beside the status: an extension while it stands, a request to an issuer from the approval on.
_EXTENDS = FREEZE_STANDING
_ASKS_ISSUER = FREEZE_STANDING | {str(FreezeStatus.APPROVED), str(FreezeStatus.APPLYING)}


def _beside(freeze: FreezeOrder) -> list[tuple[str, Permission, Text, str, str]]:
    found: list[tuple[str, Permission, Text, str, str]] = []
    if freeze.status in _EXTENDS and freeze.ends_at is not None:
        found.append(
            ("freeze-extend", Permission.FREEZE_PROPOSE, _("Propose an extension"), "calendar", "quiet")
        )
    if freeze.status in _ASKS_ISSUER and freeze.wallet_id is not None:
        found.append(
            (
                "issuer-freeze-request",
                Permission.FREEZE_APPLY,
                _("Ask the token's issuer"),
                "landmark",
                "quiet",
            )
        )
    return found


_TRANSFER_STEPS: dict[str, list[tuple[str, Permission, Text, str, str]]] = {
    TransferStatus.PROPOSED: [
        (
            "transfer-decide",
            Permission.FREEZE_APPROVE,
            _("Decide on the transfer"),
            "circle-check",
            "primary",
        ),
        ("transfer-withdraw", Permission.FREEZE_PROPOSE, _("Withdraw it"), "circle-slash", "quiet"),
    ],
    TransferStatus.APPROVED: [
        ("transfer-begin", Permission.FREEZE_APPLY, _("Begin to send it"), "circle-play", "primary"),
        ("transfer-withdraw", Permission.FREEZE_PROPOSE, _("Withdraw it"), "circle-slash", "quiet"),
    ],
    TransferStatus.SENDING: [
        ("transfer-sent", Permission.FREEZE_APPLY, _("Record a transaction"), "send", "primary"),
        ("transfer-fail", Permission.FREEZE_APPLY, _("It failed"), "octagon-alert", ""),
    ],
    TransferStatus.SENT: [
        ("transfer-fail", Permission.FREEZE_APPLY, _("It failed"), "octagon-alert", ""),
    ],
}
_OWN_TRANSFER = _("You proposed this transfer. Somebody else must decide on it.")


def steps_of_transfer(transfer: Transfer, grant: Grant) -> list[FreezeStep]:
    """What this person can do with the transfer now; what a rule keeps from her is said, not hidden."""
    offered = list(_TRANSFER_STEPS.get(transfer.status, []))
    if transfer.status == TransferStatus.SETTLED and not transfer.receipt:
        offered.append(
            ("transfer-receipt", Permission.FREEZE_APPLY, _("Record the receipt"), "file-check", "")
        )
    return [
        FreezeStep(url_name, word, icon, tone, transfer_hindrance(url_name, transfer, grant))
        for url_name, needed, word, icon, tone in offered
        if grant.may(needed)
    ]


def transfer_hindrance(url_name: str, transfer: Transfer, grant: Grant) -> Text:
    """Why the action would refuse this person now; the action itself is what refuses."""
    if url_name == "transfer-decide":
        if transfer.proposed_by_id == grant.user.pk:
            return _OWN_TRANSFER
        if any(given.approver_id == grant.user.pk for given in transfer.approvals.all()):
            return _("You have given your word on this transfer already.")
    return ""


def steps_of_freeze(content: FreezeContent, grant: Grant) -> list[FreezeStep]:
    """What this person can do with the freeze now, and what would be hers but for a rule, with the rule's words."""
    freeze = content.freeze
    return [
        FreezeStep(url_name, word, icon, tone, hindrance_of(url_name, content, grant))
        for url_name, needed, word, icon, tone in [*_FREEZE_STEPS.get(freeze.status, []), *_beside(freeze)]
        if grant.may(needed)
    ]


def hindrance_of(url_name: str, content: FreezeContent, grant: Grant) -> Text:
    """Why the action would refuse this person now; the action itself is what refuses."""
    freeze, me = content.freeze, grant.user.pk
    if url_name in {"freeze-approve", "freeze-reject"}:
        if freeze.proposed_by_id == me:
            return _OWN
        if content.signed_by(me):
            return _SIGNED
    if url_name in {"freeze-approve", "freeze-apply"} and content.basis.ended:
        return _ENDED
    if url_name == "freeze-apply" and not content.basis.executable:
        return _NOT_EXECUTABLE
    if url_name == "freeze-release-decide" and freeze.release_proposed_by_id == me:
        return _OWN_RELEASE
    return ""


def is_possible(url_name: str, row: FreezeOrder | Transfer) -> bool:
    """Whether the page's step leads on from where the freeze, or the transfer, stands."""
    if isinstance(row, Transfer):
        if url_name == "transfer-receipt":
            return row.status == TransferStatus.SETTLED and not row.receipt
        return any(name == url_name for name, *_rest in _TRANSFER_STEPS.get(row.status, []))
    offered = [*_FREEZE_STEPS.get(row.status, []), *_beside(row)]
    return any(name == url_name for name, *_rest in offered)
