"""Exhibits by the API: a file in parts, the exhibit, its chain of custody, its bytes; and whether a file is one of them."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from cases.models import CustodyStep
from tests.api.test_json import Programs
from tests.support.casework import Casework

CONTENT = bytes(range(256)) * 100


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.FILES_ROOT = tmp_path / "files"


def test_a_file_goes_in_by_parts_and_comes_out_as_it_was(program: Programs, casework: Casework) -> None:
    lead = program(casework.lead)
    root = f"cases/{casework.case.reference}"
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    begun = lead.post(f"{root}/uploads", {"filename": "disk.img", "size": len(CONTENT), "sha256": sha256})
    assert begun.status == 201
    token = begun.data["token"]

    def put(offset: int, part: bytes) -> Any:
        return lead.send("PUT", f"{root}/uploads/{token}", part, **{"Upload-Offset": str(offset)})

    assert put(0, CONTENT[:9000]).data["received"] == 9000
    wrong = put(0, CONTENT[:9000])
    assert (wrong.status, wrong.data["received"]) == (409, 9000)
    stated = {
        "upload": token,
        "title": "Disk image",
        "received_from": "Agent Lee",
        "received_how": "USB drive",
        "received_at": "2023-05-24T10:04:00Z",
    }
    early = lead.post(f"{root}/exhibits", stated)
    assert early.status == 422
    assert put(9000, CONTENT[9000:]).data["received"] == len(CONTENT)
    made = lead.post(f"{root}/exhibits", stated)
    assert (made.status, made.data["sha256"], made.data["name"]) == (201, sha256, "EX-1")
    step = lead.post(
        f"{root}/exhibits/1/custody",
        {
            "kind": "handed_over",
            "happened_at": "2023-05-24T10:04:00Z",
            "other_person": "Agent Lee",
            "how": "By hand",
            "why": "For the trial",
        },
    )
    assert (step.status, step.data["sha256_before"]) == (201, sha256)
    assert [row["kind"] for row in lead.get(f"{root}/exhibits/1/custody").data["items"]] == [
        "received",
        "handed_over",
    ]
    found = lead.post("file-checks", {"sha256": sha256})
    assert [(row["kind"], row["reference"]) for row in found.data["found"]] == [
        ("exhibit", casework.case.reference)
    ]
    outside = program(casework.outsider)
    assert outside.post("file-checks", {"sha256": sha256}).data == {"found": []}
    assert CustodyStep.objects.count() == 2
