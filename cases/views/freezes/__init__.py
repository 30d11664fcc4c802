"""The pages of freezes, one file for each part of their life."""

from cases.views.freezes.pages import create, detail, freeze_list
from cases.views.freezes.steps import (
    applied,
    apply,
    apply_failed,
    approve,
    cancel,
    confirm,
    decide_release,
    propose_release,
    reject,
    wrong_target,
)

__all__ = [
    "applied",
    "apply",
    "apply_failed",
    "approve",
    "cancel",
    "confirm",
    "create",
    "decide_release",
    "detail",
    "freeze_list",
    "propose_release",
    "reject",
    "wrong_target",
]
