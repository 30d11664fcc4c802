"""Freeze orders from proposal to settlement. Two persons, always; the balance at the moment, never overwritten."""

from cases.actions.freezes.approval import approve_freeze, reject_freeze
from cases.actions.freezes.changes import decide_change, propose_extension, propose_partial_release
from cases.actions.freezes.credits import decide_credit_release, keep_credit, propose_credit_release
from cases.actions.freezes.holding import (
    begin_apply,
    confirm_freeze,
    mark_applied,
    mark_apply_failed,
    mark_wrong_target,
)
from cases.actions.freezes.issuers import (
    confirm_issuer_freeze,
    end_issuer_freeze,
    request_issuer_freeze,
    submit_issuer_freeze,
)
from cases.actions.freezes.proposal import cancel_freeze, propose_freeze
from cases.actions.freezes.release import StillHeld, decide_release, propose_release
from cases.actions.freezes.rules import (
    AmountAsked,
    NoLiveBasis,
    OwnApproval,
    freeze_in,
    require_live_basis,
    require_live_hold,
)
from cases.actions.freezes.sending import begin_transfer, fail_transfer, record_receipt, record_sent
from cases.actions.freezes.thresholds import set_approval_threshold
from cases.actions.freezes.transfers import (
    TestTransfer,
    decide_transfer,
    propose_transfer,
    withdraw_transfer,
)

__all__ = [
    "AmountAsked",
    "NoLiveBasis",
    "OwnApproval",
    "StillHeld",
    "TestTransfer",
    "approve_freeze",
    "begin_apply",
    "begin_transfer",
    "cancel_freeze",
    "confirm_freeze",
    "confirm_issuer_freeze",
    "decide_change",
    "decide_credit_release",
    "decide_release",
    "decide_transfer",
    "end_issuer_freeze",
    "fail_transfer",
    "freeze_in",
    "keep_credit",
    "mark_applied",
    "mark_apply_failed",
    "mark_wrong_target",
    "propose_credit_release",
    "propose_extension",
    "propose_freeze",
    "propose_partial_release",
    "propose_release",
    "propose_transfer",
    "record_receipt",
    "record_sent",
    "reject_freeze",
    "request_issuer_freeze",
    "require_live_basis",
    "require_live_hold",
    "set_approval_threshold",
    "submit_issuer_freeze",
    "withdraw_transfer",
]
