"""What an order says in confidence lies sealed in the database, and is read by who may know the order."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from cases.models import LegalOrder
from tests.api.conftest import program_of
from tests.support.casework import Casework
from tests.web.test_particulars import everything_stored

SCOPE, TERMS, TOLD = "QZ-CANARY-SCOPE", "QZ-CANARY-TERMS", "QZ-CANARY-TOLD"


def order_of(casework: Casework, **values: Any) -> LegalOrder:
    return casework.order(scope=SCOPE, sealed_terms=TERMS, non_disclosure_terms=TOLD, **values)


def test_it_is_nowhere_in_the_clear_and_shown_where_it_belongs(casework: Casework) -> None:
    order = order_of(casework)
    stored = everything_stored()
    for canary in (SCOPE, TERMS, TOLD):
        assert canary not in stored, canary
    row = LegalOrder.objects.select_related("case__stream").get(pk=order.pk)
    assert (row.scope, row.sealed_terms, row.non_disclosure_terms) == (SCOPE, TERMS, TOLD)
    client = Client()
    client.force_login(casework.lead)
    url = reverse("order-detail", args=[casework.case.reference, order.number])
    page = client.get(url).content.decode()
    for canary in (SCOPE, TERMS, TOLD):
        assert canary in page
    found = program_of(casework.lead).get(f"cases/{casework.case.reference}/orders/{order.number}").data
    assert (found["scope"], found["sealed_terms"], found["non_disclosure_terms"]) == (SCOPE, TERMS, TOLD)


def test_it_belongs_to_its_case_and_number(casework: Casework) -> None:
    first, second = order_of(casework), casework.order(reference="Another")
    second.sealed_texts = first.sealed_texts
    second.__dict__.pop("_texts", None)
    assert "cannot be read" in second.scope


@pytest.mark.parametrize("change", ["sealed_texts = NULL", "scope = 'x'", "sealed_texts = '\\x01'::bytea"])
def test_it_stands_as_it_was_recorded(casework: Casework, change: str) -> None:
    order = order_of(casework)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE cases_legalorder SET {change} WHERE id = %s", [order.pk])
