"""What the tests of the rules share."""

from collections.abc import Callable
from typing import Any

import pytest

from cases.actions.base import ActionError
from cases.audit.models import Event, Stream
from cases.models import Case


def refusal(act: Callable[[], Any], kind: type[ActionError] = ActionError) -> ActionError:
    """The error with which the action refuses; nothing may have been recorded."""
    before = Event.objects.count()
    with pytest.raises(kind) as refused:
        act()
    assert Event.objects.count() == before
    assert str(refused.value.message)
    return refused.value


def last_event(case: Case) -> Event:
    return Event.objects.filter(stream=case.stream_id).latest("sequence")


def system_event() -> Event:
    return Event.objects.filter(stream=Stream.objects.get(kind="system")).latest("sequence")


def details_of(event: Event) -> dict[str, Any]:

    found: dict[str, Any] = event.values
    return found
