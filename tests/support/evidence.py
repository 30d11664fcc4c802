"""Exhibits for tests, taken in by the way that every file takes."""

import hashlib
from uuid import UUID

from cases import receiving
from cases.actions import exhibits
from cases.forms.papers import media_type_of
from cases.models import Exhibit, Upload
from cases.permissions import Permission
from tests.support.casework import Casework, moment

CHAT = b"2023-05-12 10:04 kim: send it to the usual address\n"


def upload_whole(casework: Casework, content: bytes = CHAT, *, filename: str = "chat.txt") -> Upload:
    """A file that lies in the store and is no exhibit yet."""
    grant = casework.grant(Permission.EVIDENCE)
    upload = exhibits.begin_upload(grant=grant, at=moment(), filename=filename, size=len(content))
    receiving.append(upload.token, offset=0, chunks=[content], size=len(content))
    return exhibits.keep_whole(
        grant=grant, at=moment(), token=upload.token, media_type=media_type_of(content)
    )


def upload_begun(casework: Casework, *, size: int = 10) -> UUID:
    """An upload of which nothing has come."""
    grant = casework.grant(Permission.EVIDENCE)
    return exhibits.begin_upload(grant=grant, at=moment(), filename="image.dd", size=size).token


def exhibit(
    casework: Casework, content: bytes = CHAT, *, order: int | None = None, filename: str = "chat.txt"
) -> Exhibit:
    """An exhibit that the lead took in."""
    received_at = moment()
    upload = upload_whole(casework, content, filename=filename)
    found = exhibits.add_exhibit(
        grant=casework.grant(Permission.EVIDENCE),
        at=moment(),
        upload=upload.token,
        title="Chat log",
        description="From the suspect's telephone.",
        source=exhibits.Source("Agent Lee, FBI", "Encrypted mail", received_at),
        order_number=order,
    )
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    return found
