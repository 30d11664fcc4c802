"""The API's description is complete, and the committed copy is the current one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

from cases.people.models import User
from tests.api.conftest import Program
from tests.support.casework import Casework

COMMITTED = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


def test_it_is_valid_and_the_committed_copy_is_current(tmp_path: Path) -> None:
    fresh = tmp_path / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(fresh))
    assert COMMITTED.read_text(encoding="utf-8") == fresh.read_text(encoding="utf-8"), (
        "run: manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml"
    )


def test_every_operation_says_what_can_go_wrong(described: dict[str, Any]) -> None:
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["security"] == [{"token": []}], where
            assert operation["description"], where
            refused = {code for code in operation["responses"] if code.startswith("4")}
            assert {"400", "401", "403", "404", "422"} <= refused, where
            keys = [
                parameter["name"]
                for parameter in operation.get("parameters", [])
                if parameter["in"] == "header"
            ]
            assert keys == (["Idempotency-Key"] if method == "post" else []), where


def test_no_number_stands_for_an_amount(described: dict[str, Any]) -> None:
    def floats(value: object) -> bool:
        if isinstance(value, dict):
            return value.get("type") == "number" or any(floats(item) for item in value.values())
        return isinstance(value, list) and any(floats(item) for item in value)

    assert not floats(described)
    for name, shape in described["components"]["schemas"].items():
        amount = shape.get("properties", {}).get("amount")
        if amount is not None:
            assert amount["type"] == "string", name


@pytest.mark.django_db
def test_it_is_served_to_who_has_a_token(program: Callable[[User], Program], casework: Casework) -> None:
    answer = program(casework.liaison).get("schema/")
    assert answer.status == 200
    assert answer.content.startswith(b'{"openapi"') or b'"openapi"' in answer.content
    assert yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))["info"]["title"] == "Holdfast"
