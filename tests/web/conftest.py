"""What the pages' tests share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files lie of a world that a whole module shares."""
    return tmp_path_factory.mktemp("files")
