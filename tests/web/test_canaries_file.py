"""The word that stands in every text of a case is looked for in the file that a liaison is given of it."""

import io

import pypdf
import pytest

from cases.actions.exports import produce_waiting
from cases.models import Export
from tests.support.casework import moment
from tests.web.test_access_matrix import Guest
from tests.web.test_canaries import SHARED, secrets_of, with_canaries

# Files are made over several transactions, each of which really commits.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.usefixtures("rows_by_hand")
def test_the_liaisons_file_holds_no_word_of_the_case() -> None:
    """The finished PDF too, as text and as the data that go with it."""
    world = with_canaries()
    assert produce_waiting(now=moment) >= 2
    export = Export.objects.get(reference=world.matter_export)
    assert export.status == "ready"
    guest = Guest.of(world, "liaison")
    response = guest.browser.get(f"/matters/{world.matter}/exports/{world.matter_export}/download/")
    assert response.status_code == 200
    pdf = pypdf.PdfReader(io.BytesIO(response.content))
    text = "\n".join(page.extract_text() for page in pdf.pages)
    attached = b"".join(content for files in pdf.attachments.values() for content in files)
    for word in secrets_of(world):
        assert word not in text.lower().encode()
        assert word not in attached.lower()
    assert SHARED in text
