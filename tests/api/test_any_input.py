"""Whatever is sent, fitting or not: an answer as the description has it, never a 5xx, and nothing half-saved.

Schemathesis makes the requests from the description. The paths lead into one case that holds one of everything, so that
the requests reach the actions instead of ending at the door.
"""

from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cases.audit.verify import verify_stream
from cases.people.models import User
from config.wsgi import application
from tests.api.conftest import API, Program
from tests.api.test_doors import MATTER, World, built

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def world(db: None) -> World:
    """A case with one of everything."""
    return built()


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """The requests run in the test's own transaction, as those of Django's test client do."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


class _Undo(Exception):
    """Ends the transaction of one example, so that each meets the same world."""


def send_anything(entered: Program, world: World, *, examples: int, seeded: bool) -> int:
    """For each operation that many requests, fitting ones and others; returns how many were answered."""
    schema = schemathesis.openapi.from_wsgi(
        f"{API}/schema/", application, headers={"Authorization": f"Bearer {entered.secret}"}
    )
    chosen = hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=seeded,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    return sum(
        _send(found.ok(), entered=entered, world=world, chosen=chosen)
        for found in schema.get_all_operations()
    )


def _send(operation: Any, *, entered: Program, world: World, chosen: hypothesis.settings) -> int:
    is_matter = operation.path.startswith(API + MATTER)
    known: dict[str, Any] = {
        "ref": world.matter if is_matter else world.casework.case.reference,
        "number": 1,
        "person": str(world.casework.reader.public_id),
        "export": world.matter_export if is_matter else world.export,
        "token": world.upload,
    }
    answered = 0

    @chosen
    @given(
        case=st.one_of(
            *[operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode]
        ),
        key=st.uuids(),
        lost=st.integers(0, 9),
    )
    def run(case: Any, key: Any, lost: int) -> None:
        nonlocal answered
        if lost:
            case.path_parameters = {
                name: known.get(name, value) for name, value in (case.path_parameters or {}).items()
            }
            if case.method.upper() == "POST":
                case.headers["Idempotency-Key"] = str(key)
        case.headers["Authorization"] = f"Bearer {entered.secret}"
        try:
            with transaction.atomic():
                case.validate_response(case.call(), checks=CHECKS)
                answered += 1
                raise _Undo
        except _Undo:
            pass

    run()
    return answered


@pytest.mark.parametrize("who", ["lead", "approver", "liaison"])
def test_a_little_of_anything(program: Callable[[User], Program], world: World, who: str) -> None:
    entered = program(getattr(world.casework, who))
    assert send_anything(entered, world, examples=4, seeded=True) > 200
    world.casework.case.stream.refresh_from_db()
    assert verify_stream(world.casework.case.stream) is None


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("who", ["lead", "approver", "counsel", "auditor", "liaison"])
def test_a_lot_of_anything(program: Callable[[User], Program], world: World, who: str) -> None:
    entered = program(getattr(world.casework, who))
    assert send_anything(entered, world, examples=100, seeded=False) > 5000
