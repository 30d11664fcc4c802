"""What the database refuses is tried in savepoints, many on one set of rows."""

from collections.abc import Iterator

import pytest

from tests.support.everything import Everything, staged
from tests.support.rows import tables_speak_at_once, taken_back


@pytest.fixture(scope="module")
def one_set_of_rows(one_transaction: None) -> Everything:
    """One row of each kind, made once for all tests of a module."""
    return staged()


@pytest.fixture
def everything(one_set_of_rows: Everything, request: pytest.FixtureRequest) -> Iterator[Everything]:
    """The rows, with nothing deferred that would keep a statement from being tried; what a test does is taken back."""
    assert "db" not in request.fixturenames, "the database's own fixture would end the rows' transaction"
    with taken_back():
        tables_speak_at_once()
        yield one_set_of_rows
