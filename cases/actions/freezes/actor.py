"""Who takes a step: a person through the door, or the exchange's own system and the chain, for whom nobody acts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import models

from cases.access import Grant
from cases.audit.models import Event
from cases.audit.record import record
from cases.models import Case, Through
from cases.people.models import User


@dataclass(frozen=True, slots=True)
class Actor:
    """A locked case and who acts in it; `user` None where nobody does."""

    case: Case
    user: User | None = None

    @classmethod
    def of(cls, grant: Grant) -> "Actor":
        """The person whom the door let in."""
        return cls(grant.case, grant.user)

    @property
    def through(self) -> Through:
        return Through.CONNECTOR if self.user is None else Through.PERSON

    def write(
        self,
        *,
        action: str,
        at: datetime,
        kind: str = "freeze",
        number: int | None = None,
        details: Mapping[str, object] | None = None,
    ) -> Event:
        """The event of a step, written last."""
        return record(
            stream_id=self.case.stream_id,
            stream_uuid=self.case.stream.uuid,
            action=action,
            actor=self.user,
            occurred_at=at,
            object_kind=kind,
            object_number=number,
            details=details,
        )


def lock_for_system(case_id: int, *, at: datetime) -> Case:
    """The lock on a case for a step that no person takes; the case is marked touched."""
    case = Case.objects.select_for_update(no_key=True, of=("self",)).select_related("stream").get(pk=case_id)
    Case.objects.filter(pk=case_id).update(
        touched_at=models.functions.Greatest("touched_at", models.Value(at))
    )
    return case
