"""The record's tables."""

from cases.audit.models.events import Event, Stream
from cases.audit.models.tree import (
    Checkpoint,
    LaidStream,
    Leaf,
    Node,
    PendingEvent,
    Publication,
    SigningKey,
    Target,
)

__all__ = [
    "Checkpoint",
    "Event",
    "LaidStream",
    "Leaf",
    "Node",
    "PendingEvent",
    "Publication",
    "SigningKey",
    "Stream",
    "Target",
]
