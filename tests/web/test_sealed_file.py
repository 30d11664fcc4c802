"""The files of a case with a sealed order: each holds what who asked for it may know, and is kept from the others."""

import io

import pypdf
import pytest

from cases.actions import exports
from cases.actions.exports import produce_waiting
from cases.models import Export, LegalOrder
from tests.support.casework import moment
from tests.web.test_access_matrix import Guest
from tests.web.test_sealed import OUTSIDE, WORD, P, with_sealed_order
from tests.web.world import World

# Files are made over several transactions, each of which really commits.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.usefixtures("rows_by_hand")
def test_a_file_holds_what_its_requester_may_know_and_is_kept_from_the_others() -> None:
    world = with_sealed_order()
    casework = world.casework
    theirs = exports.request_export(grant=casework.grant(P.EXPORT, casework.approver), at=moment())
    assert produce_waiting(now=moment) >= 2
    ours = Export.objects.filter(requested_by=casework.lead, share=None).latest("pk")
    assert ours.status == "ready"
    assert WORD in text_of(world, "lead", ours)
    theirs = Export.objects.get(pk=theirs.pk)
    assert theirs.status == "ready"
    assert WORD.lower() not in text_of(world, "approver", theirs).lower()
    order = LegalOrder.objects.get(sealed=True)
    assert order.pk in (ours.orders or ())
    assert order.pk not in (theirs.orders or ())
    for name in OUTSIDE:
        assert Guest.of(world, name).browser.get(path_to(world, ours)).status_code == 404
    listed = Guest.of(world, "approver").browser.get(f"/cases/{casework.case.reference}/exports/")
    assert ours.reference.encode() not in listed.content


def path_to(world: World, export: Export) -> str:
    return f"/cases/{world.casework.case.reference}/exports/{export.reference}/download/"


def text_of(world: World, name: str, export: Export) -> str:
    response = Guest.of(world, name).browser.get(path_to(world, export))
    assert response.status_code == 200
    body = b"".join(response) if response.streaming else response.content
    pdf = pypdf.PdfReader(io.BytesIO(body))
    attached = b"".join(content for files in pdf.attachments.values() for content in files)
    return "\n".join(page.extract_text() for page in pdf.pages) + attached.decode("utf-8", "replace")
