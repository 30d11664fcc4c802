"""The pages for what went wrong."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.urls import reverse

from cases.people.models import User
from cases.views import errors
from tests.support.casework import Casework

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


def test_a_page_that_is_not_there_is_the_same_for_every_address(
    casework: Casework, client_of: ClientOf
) -> None:
    client = client_of(casework.lead)
    answers = {client.get(url).content for url in ("/a/", "/b/?q=x", "/cases/x/", "/search/none/")}
    assert len(answers) == 1
    assert client.get("/a/").status_code == 404


def test_the_server_error_needs_neither_request_nor_database(
    rf: RequestFactory, django_assert_num_queries: Callable[[int], object]
) -> None:
    with django_assert_num_queries(0):  # type: ignore[attr-defined]
        response = errors.server_error(rf.get("/"))
    assert response.status_code == 500
    assert "Something went wrong" in response.content.decode()


def test_a_refusal_outside_the_doors_is_the_same_page(
    casework: Casework, client_of: ClientOf, rf: RequestFactory
) -> None:
    request = rf.get("/")
    request.user = casework.lead
    response = errors.forbidden(request, PermissionDenied())
    assert response.status_code == 403
    assert "You are not allowed" in response.content.decode()


def test_a_form_without_its_token_is_refused(casework: Casework) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(casework.lead, backend="allauth.account.auth_backends.AuthenticationBackend")
    response = client.post(reverse("case-create"), {"title": "x"})
    assert response.status_code == 403
