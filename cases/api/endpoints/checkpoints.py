"""The signed tree over the record, for those who hold this installation to account."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cases import access
from cases.api.base import Endpoint
from cases.api.fields import Choice, Flag, Moment, Shape, Text, Whole
from cases.api.schema import describe
from cases.audit.models import Target
from cases.permissions import GlobalPermission
from cases.queries import checkpoints as queries


class CheckpointOut(Shape):
    """The size and root of the tree at a moment; `note` is the signed text (C2SP signed-note)."""

    size = Whole()
    made_at = Moment()
    note = Text()


class SigningKeyOut(Shape):
    """A public key as C2SP signed-note writes it, and when it signs; `until` null: it signs now."""

    number = Whole()
    verifier = Text()
    since = Moment()
    until = Moment(allow_null=True)


class CheckpointWayOut(Shape):
    """A way by which checkpoints leave: the last that got there, and what waits."""

    target = Choice(Target.choices)
    state = Choice([(word, word) for word in ("off", "new", "waiting", "failing", "good")])
    went_at = Moment(allow_null=True)
    went_size = Whole(allow_null=True)
    error = Text()
    attempts = Whole()
    next_at = Moment(allow_null=True)


class RecordStateOut(Shape):
    """How the tree stands; `unsigned_since` is when the oldest event was recorded that no checkpoint covers."""

    newest = CheckpointOut(allow_null=True)
    root = Text()  # type: ignore[assignment]
    pending = Whole()
    unsigned_since = Moment(allow_null=True)
    behind = Flag()
    no_key = Text()
    keys = serializers.ListField(child=SigningKeyOut())
    ways = serializers.ListField(child=CheckpointWayOut())


class Checkpoints(Endpoint):
    @describe(out=RecordStateOut)
    def get(self, request: Request) -> Response:
        """The newest checkpoint of the record, the keys that sign, and where checkpoints went."""
        access.require_global(self.user, GlobalPermission.SETTINGS)
        self.query()
        return self.show(RecordStateOut, queries.record_state(at=self.at))
