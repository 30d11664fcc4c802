"""allauth's seams: each log-in, log-out and failure is told in the record, in the transaction of what it tells of."""

from hashlib import sha256
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context as allauth_context
from allauth.mfa.base import forms as codes
from allauth.mfa.webauthn import forms as passkeys
from allauth.mfa.webauthn.internal import auth as webauthn
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.actions import log_ins
from cases.people.adapter import ClosedSignUp
from cases.people.models import User

TOO_MANY = "too_many_login_attempts"


def session_digest(key: str | None) -> str:
    """A session as the record names it: the record outlives it, and its key would open it."""
    return sha256(key.encode()).hexdigest()[:16] if key else ""


def address_of(request: HttpRequest | None) -> str:
    return "" if request is None else str(request.META.get("REMOTE_ADDR", ""))


def signed_in(request: HttpRequest | None) -> User | None:
    user = getattr(request, "user", None)
    return user if isinstance(user, User) and user.is_authenticated else None


def why(error: ValidationError) -> str:
    """`too_many` where the rate limit did not even look."""
    return "too_many" if getattr(error, "code", None) == TOO_MANY else "wrong"


class Entrance(ClosedSignUp):
    """Passwords, sessions and what is asked for by mail."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        by = signed_in(request)
        person = by or log_ins.person_named(str(credentials.get("email") or ""))
        refused: ValidationError | None = None
        found: User | None = None
        try:
            found = super().authenticate(request, **credentials)
        except ValidationError as error:
            refused = error
        if found is None:
            log_ins.tell_failed_log_in(
                by=by,
                at=timezone.now(),
                address=address_of(request),
                person=person,
                way="password",
                why="wrong" if refused is None else why(refused),
            )
        if refused is not None:
            raise refused
        return found

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        records = get_authentication_records(request, user)
        ways = [str(record.get("type") or record.get("method")) for record in records]
        log_ins.tell_log_in(
            by=user, at=timezone.now(), ways=ways, session=session_digest(request.session.session_key)
        )

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Her password or passkey fits, and she may not log in any more."""
        log_ins.tell_failed_log_in(
            by=None,
            at=timezone.now(),
            address=address_of(request),
            person=user,
            way="password",
            why="locked_out",
        )
        answer: HttpResponse = super().respond_user_inactive(request, user)
        return answer

    def logout(self, request: HttpRequest) -> None:
        user = signed_in(request)
        if user is not None:
            log_ins.tell_log_out(by=user, at=timezone.now())
        super().logout(request)

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        self._asked(user)
        super().send_password_reset_mail(user, email, context)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        if template_prefix == "account/email/unknown_account":
            self._asked(None)
        super().send_mail(template_prefix, email, context)

    def _asked(self, person: User | None) -> None:
        request = allauth_context.request
        log_ins.tell_reset_asked(
            by=signed_in(request), at=timezone.now(), address=address_of(request), person=person
        )


def _failed(person: User | None, way: str, error: ValidationError) -> None:
    request = allauth_context.request
    log_ins.tell_failed_log_in(
        by=signed_in(request),
        at=timezone.now(),
        address=address_of(request),
        person=person,
        way=way,
        why=why(error),
    )


class _Codes(forms.Form):
    """A code of an authenticator app or a recovery code."""

    user: User

    def clean_code(self) -> str:
        try:
            return str(super().clean_code())  # type: ignore[misc]
        except ValidationError as error:
            _failed(self.user, "code", error)
            raise


class AuthenticateForm(_Codes, codes.AuthenticateForm):  # type: ignore[misc]
    pass


class ReauthenticateForm(_Codes, codes.ReauthenticateForm):  # type: ignore[misc]
    pass


class _Passkeys(forms.Form):
    """A passkey's answer to the challenge."""

    user: User | None

    def clean_credential(self) -> object:
        try:
            return self._judged()
        except ValidationError as error:
            _failed(self.user or self._named(), "webauthn", error)
            raise

    def _judged(self) -> object:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except (KeyError, TypeError, ValueError) as error:
            # What is no passkey's answer at all breaks the library that reads it.
            raise ValidationError(_("This is no answer of a passkey."), code="incorrect_code") from error

    def _named(self) -> User | None:
        """Whose passkey it says it is, where nobody gave a name before."""
        try:
            found = webauthn.extract_user_from_response(self.cleaned_data["credential"])
        except (ValidationError, KeyError, TypeError, ValueError):
            return None
        return found if isinstance(found, User) else None


class AuthenticateWebAuthnForm(_Passkeys, passkeys.AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class LoginWebAuthnForm(_Passkeys, passkeys.LoginWebAuthnForm):  # type: ignore[misc]
    pass


class ReauthenticateWebAuthnForm(_Passkeys, passkeys.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass
