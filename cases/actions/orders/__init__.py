"""Legal orders: recorded as stated, verified before anything is done, decided, carried out duty by duty, ended."""

from cases.actions.orders.decisions import move_order
from cases.actions.orders.duties import (
    add_obligation,
    add_proofs,
    advance_obligation,
    extend_obligation,
    move_obligation,
)
from cases.actions.orders.papers import attach_paper, note_paper_read
from cases.actions.orders.recording import record_order
from cases.actions.orders.rules import (
    DECISIONS,
    DESK,
    NOT_BY_HAND,
    Asked,
    Duty,
    Paper,
    Proof,
    order_in,
    require_executable,
)
from cases.actions.orders.sealing import change_readers, seal_order, unseal_order
from cases.actions.orders.selectors import add_selector, record_finding
from cases.actions.orders.terms import end_term, end_terms
from cases.actions.orders.verification import (
    SamePerson,
    release_emergency,
    review_emergency,
    verify_order,
)

__all__ = [
    "DECISIONS",
    "DESK",
    "NOT_BY_HAND",
    "Asked",
    "Duty",
    "Paper",
    "Proof",
    "SamePerson",
    "add_obligation",
    "add_proofs",
    "add_selector",
    "advance_obligation",
    "attach_paper",
    "change_readers",
    "end_term",
    "end_terms",
    "extend_obligation",
    "move_obligation",
    "move_order",
    "note_paper_read",
    "order_in",
    "record_finding",
    "record_order",
    "release_emergency",
    "require_executable",
    "review_emergency",
    "seal_order",
    "unseal_order",
    "verify_order",
]
