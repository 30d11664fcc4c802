"""The record's tables."""

from cases.audit.models.events import Event, Stream
from cases.audit.models.tree import Checkpoint, Leaf, Node, PendingEvent, Publication, SigningKey, Target

__all__ = [
    "Checkpoint",
    "Event",
    "Leaf",
    "Node",
    "PendingEvent",
    "Publication",
    "SigningKey",
    "Stream",
    "Target",
]
