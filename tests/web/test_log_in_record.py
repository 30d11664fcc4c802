"""What changes how a person logs in stands in the installation's record: a court may ask who signed with whose hand."""

import json
import time
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.urls import reverse
from django.utils.http import int_to_base36

from cases.audit.models import Event, Stream
from cases.audit.verify import verify_stream
from cases.people.adapter import CHANGES, ClosedSignUp
from cases.people.models import User
from tests.support.casework import PASSWORD, make_person

pytestmark = pytest.mark.django_db
NEW = "another long and quiet sentence"


@pytest.fixture
def user() -> User:
    return make_person("approver")


@pytest.fixture
def signed_in(user: User) -> Client:
    """A browser in which she has just typed her password."""
    client = Client()
    assert (
        client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD}).status_code == 302
    )
    return client


def recorded(user: User) -> list[str]:
    """The actions about this person's log-in, oldest first; the record still holds."""
    assert verify_stream(Stream.objects.get(kind="system")) is None
    events = Event.objects.filter(stream__kind="system", actor=user).order_by("sequence")
    for event in events:
        assert event.values["person"]["id"] == str(user.public_id)
        assert json.loads(bytes(event.body))["source"]["kind"] == "web"
    return [event.action for event in events]


def test_a_changed_password_is_recorded_and_never_shown(user: User, signed_in: Client) -> None:
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert signed_in.post(reverse("account_change_password"), fields).status_code == 302
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert recorded(user) == ["login.done", "person.password_changed"]
    for event in Event.objects.all():
        for word in (PASSWORD, NEW, user.password):
            assert word not in str(event.told) + str(bytes(event.body))


def test_a_refused_change_is_none(user: User, signed_in: Client) -> None:
    fields = {"oldpassword": "wrong", "password1": NEW, "password2": NEW}
    assert signed_in.post(reverse("account_change_password"), fields).status_code in (200, 422)
    assert recorded(user) == ["login.done"]


def test_a_reset_password_is_recorded(user: User) -> None:
    from allauth.account.forms import default_token_generator as generator

    assert generator is not default_token_generator
    path = reverse(
        "account_reset_password_from_key", args=[int_to_base36(user.pk), generator.make_token(user)]
    )
    client = Client()
    form = client.get(path, follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert recorded(user) == ["person.password_reset"]


def code_of(secret: str) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))


@pytest.mark.django_db(transaction=True)
def test_a_second_factor_is_recorded_when_it_comes_and_when_it_goes(user: User, signed_in: Client) -> None:
    assert signed_in.post(reverse("account_reauthenticate"), {"password": PASSWORD}).status_code == 302
    path = reverse("mfa_activate_totp")
    assert signed_in.get(path).status_code == 200
    secret = signed_in.session["mfa.totp.secret"]
    assert signed_in.post(path, {"code": code_of(secret)}).status_code == 302
    assert recorded(user) == ["login.done", "person.totp_added"]
    signed_in.post(reverse("mfa_generate_recovery_codes"))
    assert recorded(user)[1:] == ["person.totp_added", "person.recovery_codes_made"]
    assert signed_in.post(reverse("mfa_deactivate_totp")).status_code == 302
    assert recorded(user)[-1] == "person.totp_removed"
    for event in Event.objects.all():
        assert secret not in str(event.told)


@pytest.mark.parametrize("notice", [*CHANGES, "mfa/email/something_new"])
def test_each_notice_is_an_event(user: User, notice: str, rf: Any) -> None:
    request = rf.get("/")
    ClosedSignUp(request).send_notification_mail(notice, user)
    event = Event.objects.filter(stream__kind="system").latest("sequence")
    assert event.action == CHANGES.get(notice, "person.log_in_changed")
    if notice not in CHANGES:
        assert event.values["notice"] == notice
