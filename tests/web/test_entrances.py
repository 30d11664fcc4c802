"""Every way in and out is told in the record: what was shown, what failed, what she looked at."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.test import Client
from django.urls import reverse

from cases.audit.models import Event, Stream
from cases.audit.verify import verify_stream
from cases.people.models import User
from tests.support.casework import PASSWORD, make_person
from tests.support.unwritten import nothing_is_recorded

pytestmark = pytest.mark.django_db
NEW = "another long and quiet sentence"
LOGIN = "/accounts/login/"


@pytest.fixture
def user() -> User:
    return make_person("approver")


def since(count: int = 0) -> list[tuple[str, object]]:
    """(action, acting person's key) of the newest events of the installation's stream, oldest first."""
    assert verify_stream(Stream.objects.get(kind="system")) is None
    found = Event.objects.filter(stream__kind="system").exclude(action="person.added").order_by("sequence")
    return [(event.action, event.actor_id) for event in found][count:]


def last() -> Event:
    return Event.objects.filter(stream__kind="system").latest("sequence")


def typed(client: Client, user: User, password: str = PASSWORD) -> int:
    return client.post(LOGIN, {"login": user.email, "password": password}).status_code


def code_of(secret: str) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))


@pytest.fixture
def secret(user: User) -> str:
    """She has an authenticator app."""
    made = totp.generate_totp_secret()
    totp.TOTP.activate(user, made)
    return made


def is_in(client: Client) -> bool:
    return client.get(reverse("profile")).status_code == 200


def test_a_log_in_names_its_way_and_the_session_that_acts_later(user: User) -> None:
    client = Client()
    assert typed(client, user) == 302
    event = last()
    assert since() == [("login.done", user.pk)]
    assert event.values["ways"] == ["password"]
    assert (event.object_kind, event.object_number) == ("person", user.pk)
    client.post(reverse("token-create"), {"label": "loader", "lifetime": "30"})
    token = last()
    assert token.action == "token.created"
    assert token.told.salted()["@source"][1]["session"] == event.values["session"]


def test_a_log_out_is_told(user: User) -> None:
    client = Client()
    typed(client, user)
    assert client.post(reverse("account_logout")).status_code == 302
    assert since(1) == [("login.ended", user.pk)]
    assert not is_in(client)


@pytest.mark.parametrize("email", ["hers", "nobody@example.test"])
def test_a_wrong_password_is_told_without_what_was_typed(user: User, email: str) -> None:
    client = Client()
    answer = client.post(
        LOGIN, {"login": user.email if email == "hers" else email, "password": "secret word"}
    )
    assert answer.status_code in (200, 422)
    event = last()
    assert since() == [("login.failed", None)]
    assert (event.values["way"], event.values["why"]) == ("password", "wrong")
    hers = email == "hers"
    assert event.object_number == (user.pk if hers else None)
    assert (event.values["person"] is None) is not hers
    text = repr(event.values) + bytes(event.body).decode()
    assert "secret word" not in text
    assert "nobody@example.test" not in text


def test_somebody_who_may_not_log_in_any_more_is_told_as_such(user: User) -> None:
    from cases.actions.people import edit_person
    from tests.support.casework import moment

    administrator = make_person("administrator")
    edit_person(
        by=administrator, at=moment(), user=user, name=user.name, role=user.role, agency="", is_active=False
    )
    client = Client()
    typed(client, user)
    assert last().action == "login.failed"
    assert last().values["active"] is False
    assert not is_in(client)


def test_a_code_is_a_second_way(user: User, secret: str) -> None:
    client = Client()
    assert typed(client, user) == 302
    assert since() == [], "she is not in yet"
    path = reverse("mfa_authenticate")
    client.post(path, {"code": "000000"})
    assert since() == [("login.failed", None)]
    assert (last().values["way"], last().values["why"], last().object_number) == ("code", "wrong", user.pk)
    assert client.post(path, {"code": code_of(secret)}).status_code == 302
    assert last().values["ways"] == ["password", "totp"]
    assert is_in(client)


def test_a_recovery_code_is_told_as_one(user: User, secret: str) -> None:
    codes = RecoveryCodes.activate(user).get_unused_codes()
    client = Client()
    typed(client, user)
    client.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert last().values["ways"] == ["password", "recovery_codes"]


def test_codes_that_were_looked_at_or_saved_are_told(user: User, secret: str) -> None:
    codes = RecoveryCodes.activate(user).get_unused_codes()
    client = Client()
    typed(client, user)
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert client.post(reverse("account_reauthenticate"), {"password": PASSWORD}).status_code == 302
    told = len(since())
    page = client.get(reverse("mfa_view_recovery_codes"))
    assert page.status_code == 200
    assert since(told) == [("person.recovery_codes_viewed", user.pk)]
    client.get(reverse("mfa_download_recovery_codes"))
    assert last().values["saved"] is (len(since()) == told + 2)
    assert codes[0] not in repr(last().values)


def test_a_passkey_that_does_not_fit_is_told(user: User) -> None:
    client = Client()
    client.get(reverse("mfa_login_webauthn"), headers={"X-Requested-With": "XMLHttpRequest"})
    client.post(reverse("mfa_login_webauthn"), {"credential": '{"id": "x", "response": {}}'})
    assert since() == [("login.failed", None)]
    assert last().values["way"] == "webauthn"


def test_asking_for_a_new_password_is_told_for_somebody_and_for_nobody(user: User) -> None:
    client = Client()
    client.post(reverse("account_reset_password"), {"email": user.email})
    assert since() == [("person.password_reset_asked", None)]
    assert last().object_number == user.pk
    client.post(reverse("account_reset_password"), {"email": "nobody@example.test"})
    assert [action for action, _who in since()] == ["person.password_reset_asked"] * 2
    assert last().values["person"] is None
    assert len(mail.outbox) == 2


# ── Not told, not done ────────────────────────────────────────────────────────────────────────────────────


def test_a_log_in_that_cannot_be_told_lets_nobody_in(user: User) -> None:
    client = Client()
    with nothing_is_recorded():
        answer = client.post(LOGIN, {"login": user.email, "password": PASSWORD})
        assert answer.status_code == 503
        assert "nothing was changed" in answer.content.decode()
        assert not is_in(client)
    assert not is_in(client)
    assert since() == []
    assert typed(client, user) == 302
    assert is_in(client)


def test_a_failed_log_in_that_cannot_be_told_is_answered_as_such(user: User) -> None:
    with nothing_is_recorded():
        assert typed(Client(), user, "wrong") == 503


def test_a_log_out_that_cannot_be_told_does_not_happen(user: User) -> None:
    client = Client()
    typed(client, user)
    with nothing_is_recorded():
        assert client.post(reverse("account_logout")).status_code == 503
    assert is_in(client)


def test_a_password_that_cannot_be_told_stays_what_it_was(user: User) -> None:
    client = Client()
    typed(client, user)
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    with nothing_is_recorded():
        assert client.post(reverse("account_change_password"), fields).status_code == 503
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert is_in(client), "her session is the one that she had"


def test_a_second_factor_that_cannot_be_told_is_not_added(user: User) -> None:
    client = Client()
    typed(client, user)
    assert client.post(reverse("account_reauthenticate"), {"password": PASSWORD}).status_code == 302
    path = reverse("mfa_activate_totp")
    client.get(path)
    secret = client.session["mfa.totp.secret"]
    with nothing_is_recorded():
        assert client.post(path, {"code": code_of(secret)}).status_code == 503
    assert not Authenticator.objects.filter(user=user).exists()
    assert client.post(path, {"code": code_of(secret)}).status_code == 302
    assert Authenticator.objects.filter(user=user).exists()
    assert "person.totp_added" in [action for action, _who in since()]


def test_codes_that_cannot_be_told_are_not_shown(user: User, secret: str) -> None:
    codes = RecoveryCodes.activate(user).get_unused_codes()
    client = Client()
    typed(client, user)
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    with nothing_is_recorded():
        answer = client.get(reverse("mfa_view_recovery_codes"))
    assert answer.status_code == 503
    assert codes[0] not in answer.content.decode()
