"""Search: what is found, by whom, and that what was searched for stands in no address."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from cases.actions.search import KEPT
from cases.models import Case, SavedSearch, Subject
from cases.people.models import User
from cases.queries import search as queries
from tests.support.casework import ETHEREUM, Casework, moment
from tests.web.pages import costs_the_same, errors_beside, text_of

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
BITCOIN = "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ"


def searched(client: Client, text: str) -> Any:
    response = client.post(reverse("search"), {"q": text})
    assert response.status_code == 303, text
    found = client.get(response["Location"])
    assert found.status_code == 200
    return found


@pytest.fixture
def filled(casework: Casework) -> Casework:
    casework.subject(name="Kim Sang Man", aliases=["KIM, Sang-man", "Straße", "김상만"])
    casework.wallet(label="Kim, ETH")
    casework.wallet(BITCOIN, chain="bitcoin")
    casework.account("EX-DEMO-100045")
    casework.order(reference="1:23-sz-00017")
    return casework


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("remote work", {"cases"}),
        ("WORKERS remote", {"cases"}),
        ("remote nowhere", set()),
        ("sang", {"subjects"}),
        ("sang-man", {"subjects"}),
        ("man kim", {"subjects"}),
        ("김상만", {"subjects"}),
        ("straße", {"subjects"}),
        ("demo-1000", {"accounts"}),
        ("23-SZ-0001", {"orders"}),
        (ETHEREUM, {"wallets"}),
        (ETHEREUM.upper().replace("0X", "0x"), {"wallets"}),
        (BITCOIN, {"wallets"}),
        (BITCOIN.lower(), set()),
        ("%%%", set()),
        ("___", set()),
        ("'; DROP TABLE", set()),
    ],
)
def test_what_is_found(filled: Casework, client_of: ClientOf, text: str, kinds: set[str]) -> None:
    found = searched(client_of(filled.reader), text).context["found"]
    assert {
        kind for kind in ("cases", "subjects", "accounts", "orders", "wallets") if getattr(found, kind)
    } == kinds


@pytest.mark.parametrize("spelled", ["{}", " {} ", "lower", "plain", "typo"])
def test_a_reference_is_found_however_it_is_typed(
    filled: Casework, client_of: ClientOf, spelled: str
) -> None:
    reference = filled.case.reference
    typed = {"lower": reference.lower(), "plain": reference.replace("-", "")}.get(
        spelled, spelled.format(reference)
    )
    if spelled == "typo":
        typed = reference[:-1] + ("0" if reference[-1] != "0" else "1")
    found = searched(client_of(filled.lead), typed).context["found"]
    assert [case.reference for case in found.cases] == ([] if spelled == "typo" else [reference])


def test_nobody_finds_what_she_may_not_see(filled: Casework, client_of: ClientOf) -> None:
    texts = ("Kim Sang", "remote", filled.case.reference, ETHEREUM, "EX-DEMO", "1:23-sz-00017", "Straße")
    for text in texts:
        assert searched(client_of(filled.outsider), text).context["found"].total == 0, text
        assert searched(client_of(filled.auditor), text).context["found"].total > 0, text
    for user in (filled.liaison, filled.administrator):
        assert client_of(user).post(reverse("search"), {"q": "kim"}).status_code == 403


def test_an_address_with_a_slip_is_called_one(filled: Casework, client_of: ClientOf) -> None:
    page = searched(client_of(filled.lead), "0x97b1043abd9e6Fc31681635166d430a458d14f9c")
    assert "This looks like an address, but is none" in text_of(page)
    assert page.context["found"].total == 0


def test_two_letters_are_too_few(filled: Casework, client_of: ClientOf) -> None:
    assert "at least three characters" in text_of(searched(client_of(filled.lead), "ki ma"))
    # Beside a longer word they narrow.
    assert len(searched(client_of(filled.lead), "sang ma").context["found"].subjects) == 1
    assert len(searched(client_of(filled.lead), "sang xy").context["found"].subjects) == 0


def test_what_was_searched_stands_in_no_address_and_opens_for_its_owner_alone(
    filled: Casework, client_of: ClientOf
) -> None:
    response = client_of(filled.lead).post(reverse("search"), {"q": "Kim Sang Man"})
    url = response["Location"]
    assert "kim" not in url.lower().replace("/search/", "")
    for other in (filled.approver, filled.auditor):
        assert client_of(other).get(url).status_code == 404
    assert client_of(filled.lead).get(reverse("search-results", args=["x" * 16])).status_code == 404


@pytest.mark.parametrize("text", ["", "   ", "x" * 513, "a\x00b"])
def test_a_search_for_nothing_is_refused(casework: Casework, client_of: ClientOf, text: str) -> None:
    response = client_of(casework.lead).post(reverse("search"), {"q": text})
    assert response.status_code == 422
    assert errors_beside(response, "q")
    assert not SavedSearch.objects.exists()


def test_old_searches_go_when_a_new_one_comes(casework: Casework, client_of: ClientOf) -> None:
    for user, age in (
        (casework.lead, KEPT * 2),
        (casework.lead, timedelta(days=1)),
        (casework.reader, KEPT * 2),
    ):
        SavedSearch.keep(user=user, text="old", at=moment() - age)
    searched(client_of(casework.lead), "remote")
    assert SavedSearch.objects.filter(user=casework.lead).count() == 2
    assert SavedSearch.objects.filter(user=casework.reader).count() == 1


def test_each_kind_stops_at_its_limit_and_says_so(casework: Casework, client_of: ClientOf) -> None:
    for index in range(queries.LIMIT + 1):
        casework.subject(name=f"Person {index}")
    page = searched(client_of(casework.lead), "person")
    assert len(page.context["found"].subjects) == queries.LIMIT
    assert f"Only the first {queries.LIMIT} are shown" in text_of(page)


def test_it_costs_the_same_with_three_finds_and_with_thirty(casework: Casework, client_of: ClientOf) -> None:
    def fill(count: int) -> None:
        for index in range(count):
            casework.subject(name=f"Common {index}", aliases=["common name"])

    fill(3)
    client = client_of(casework.lead)
    url = client.post(reverse("search"), {"q": "common"})["Location"]
    assert costs_the_same(client, url, lambda: fill(27)) <= 11


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (lambda: Case.objects.filter(queries.all_terms("title", ["zebra"])), "case_title_trgm"),
        (lambda: Subject.objects.filter(queries.all_terms("name", ["zebra"])), "subject_name_trgm"),
        (
            lambda: Subject.objects.alias(aliases_folded=queries.ALIASES_FOLDED).filter(
                aliases_folded__contains="ZEBRA"
            ),
            "subject_aliases_trgm",
        ),
    ],
)
def test_the_indexes_are_those_of_the_searches(db: None, rows: Callable[[], Any], index: str) -> None:
    """The expression in the query is the expression of the index; otherwise each search reads the whole table."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert index in rows().order_by().explain()
