"""A person's own page: her colours and her tokens."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cases.actions.people import create_token
from cases.audit.models import Event
from cases.people.models import ApiToken, User, digest_of_token
from tests.support.casework import Casework, moment
from tests.web.pages import errors_beside, text_of

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.mark.parametrize("role", ["lead", "approver", "counsel", "auditor", "liaison", "administrator"])
def test_everybody_has_a_profile(casework: Casework, client_of: ClientOf, role: str) -> None:
    user = getattr(casework, role)
    words = text_of(client_of(user).get(reverse("profile")))
    assert user.name in words
    assert user.email in words
    assert user.get_role_display() in words


def test_colours_are_kept_and_the_way_back_is_our_own(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.lead)
    url = reverse("theme")
    response = client.post(url, {"theme": "dark", "next": "/cases/?status=open"})
    assert (response.status_code, response["Location"]) == (303, "/cases/?status=open")
    assert 'data-theme="dark"' in client.get(reverse("case-list")).content.decode()
    for elsewhere in (
        "https://evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "\\\\evil.example",
        "",
    ):
        assert client.post(url, {"theme": "", "next": elsewhere})["Location"] == reverse("profile")
    assert 'data-theme="dark"' not in client.get(reverse("case-list")).content.decode()
    assert client.post(url, {"theme": "purple"}).status_code == 422
    assert client.get(url).status_code == 405


def test_a_token_is_shown_once(casework: Casework, client_of: ClientOf) -> None:
    client = client_of(casework.lead)
    response = client.post(reverse("token-create"), {"label": " Nightly report ", "lifetime": "30"})
    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store"
    token = ApiToken.objects.get()
    (secret,) = [word for word in text_of(response).split() if word.startswith("hfst_")]
    assert digest_of_token(secret) == token.digest
    assert token.label == "Nightly report"
    assert abs(token.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    page = client.get(reverse("profile"))
    assert "Nightly report" in text_of(page)
    assert secret not in page.content.decode()
    told = Event.objects.get(action="token.created")
    assert secret not in str(told.told) + str(bytes(told.body))


@pytest.mark.parametrize(
    ("field", "value"), [("label", " "), ("label", "x" * 81), ("lifetime", "3650"), ("lifetime", "")]
)
def test_a_wrong_token_is_refused(casework: Casework, client_of: ClientOf, field: str, value: str) -> None:
    response = client_of(casework.lead).post(
        reverse("token-create"), {"label": "Report", "lifetime": "30"} | {field: value}
    )
    assert response.status_code == 422
    assert errors_beside(response, field)
    assert not ApiToken.objects.exists()


def test_a_token_is_revoked_by_its_owner_alone(casework: Casework, client_of: ClientOf) -> None:
    token, _secret = create_token(
        by=casework.lead, at=moment(), label="Mine", expires_at=moment() + timedelta(days=9)
    )
    url = reverse("token-revoke", args=[token.public_id])
    assert client_of(casework.approver).post(url).status_code == 404
    client = client_of(casework.lead)
    assert client.get(url).status_code == 405
    for _ in range(2):
        assert client.post(url).status_code == 303
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert Event.objects.filter(action="token.revoked").count() == 1
    assert "Revoked" in text_of(client.get(reverse("profile")))
