"""Freeze orders from proposal to release. Two persons, always; the balance at the moment, never overwritten."""

from cases.actions.freezes.approval import approve_freeze, reject_freeze
from cases.actions.freezes.holding import (
    begin_apply,
    confirm_freeze,
    mark_applied,
    mark_apply_failed,
    mark_wrong_target,
)
from cases.actions.freezes.proposal import cancel_freeze, propose_freeze
from cases.actions.freezes.release import decide_release, propose_release
from cases.actions.freezes.rules import (
    AmountAsked,
    NoLiveBasis,
    OwnApproval,
    freeze_in,
    require_live_basis,
    require_live_hold,
)

__all__ = [
    "AmountAsked",
    "NoLiveBasis",
    "OwnApproval",
    "approve_freeze",
    "begin_apply",
    "cancel_freeze",
    "confirm_freeze",
    "decide_release",
    "freeze_in",
    "mark_applied",
    "mark_apply_failed",
    "mark_wrong_target",
    "propose_freeze",
    "propose_release",
    "reject_freeze",
    "require_live_basis",
    "require_live_hold",
]
