"""What the database refuses is tried in savepoints, many on one set of rows."""

import pytest

from tests.support.everything import Everything, staged
from tests.support.rows import execute


@pytest.fixture
def everything(db: None) -> Everything:
    """One row of each kind, with nothing deferred that would keep a statement from being tried."""
    rows = staged()
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    return rows
