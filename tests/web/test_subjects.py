"""Subjects by the front door."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from cases.audit.models import Event
from cases.models import Subject
from cases.people.models import User
from tests.support.casework import Casework
from tests.web.pages import costs_the_same, errors_beside, text_of

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
KIM = {
    "kind": "person",
    "name": "Kim Sang Man",
    "aliases": "KIM, Sang Man\n\n  김상만 \n",
    "role": "designated",
    "list_reference": "OFAC SDN 43377",
    "attribution_source": "OFAC press release of 23 May 2023",
    "attribution_confidence": "high",
    "remarks": "",
}


def at(name: str, casework: Casework, *more: int) -> str:
    return reverse(name, args=[casework.case.reference, *more])


def test_a_subject_is_added_shown_and_changed(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.lead)
    response = client.post(at("subject-create", casework), KIM)
    assert response.status_code == 303
    subject = Subject.objects.get()
    assert response["Location"] == at("subject-detail", casework, 1)
    assert subject.aliases == ["KIM, Sang Man", "김상만"]
    page = text_of(client_of(casework.reader).get(at("subject-detail", casework, 1)))
    for words in ("Kim Sang Man", "김상만", "OFAC SDN 43377", "High confidence", "OFAC press release"):
        assert words in page, words
    form = client.get(at("subject-edit", casework, 1)).content.decode()
    assert "KIM, Sang Man\n김상만" in form
    response = client.post(
        at("subject-edit", casework, 1), KIM | {"attribution_confidence": "medium", "aliases": ""}
    )
    assert response.status_code == 303
    subject.refresh_from_db()
    assert (subject.attribution_confidence, subject.aliases) == ("medium", [])
    assert Event.objects.filter(action="subject.edited").count() == 1


def test_a_subject_without_source_is_refused_and_kept(casework: Casework, client_of: ClientOf) -> None:
    response = client_of(casework.lead).post(
        at("subject-create", casework), KIM | {"attribution_source": " ", "role": "criminal", "kind": ""}
    )
    assert response.status_code == 422
    for field in ("attribution_source", "role"):
        assert errors_beside(response, field), field
    assert "Kim Sang Man" in response.content.decode()
    assert "김상만" in response.content.decode()
    assert not Subject.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 301),
        ("aliases", "y" * 301),
        ("aliases", "a\n" * 101),
        ("remarks", "z" * 5001),
        ("name", "a\x00b"),
    ],
)
def test_what_is_too_long_is_refused_beside_its_field(
    casework: Casework, client_of: ClientOf, field: str, value: str
) -> None:
    response = client_of(casework.lead).post(at("subject-create", casework), KIM | {field: value})
    assert response.status_code == 422
    assert errors_beside(response, field)


def test_a_number_that_is_not_there_is_not_found(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.lead)
    for number in (1, 2**31, 2**63, 10**40):
        for name in ("subject-detail", "subject-edit"):
            assert client.get(at(name, casework, number)).status_code == 404


def test_what_is_attributed_stands_on_the_subjects_page(casework: Casework, client_of: ClientOf) -> None:
    subject = casework.subject()
    casework.wallet(subject_number=subject.number, label="First wallet")
    casework.account("EX-55", subject_number=subject.number)
    page = text_of(client_of(casework.auditor).get(at("subject-detail", casework, 1)))
    assert "First wallet" in page
    assert "EX-55" in page
    row = client_of(casework.lead).get(at("subject-list", casework)).context["page"].rows[0]
    assert (row.wallet_count, row.account_count) == (1, 1)


def test_the_list_costs_the_same_however_long(casework: Casework, client_of: ClientOf) -> None:
    def fill(count: int) -> None:
        for index in range(count):
            casework.subject(name=f"Person {index}")

    fill(3)
    costs_the_same(client_of(casework.lead), at("subject-list", casework), lambda: fill(27))
