"""Who asks: a person's token in `Authorization: Bearer hfst_…` (RFC 6750). Sessions are not accepted here."""

from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from cases.actions import people
from cases.audit.record import Source, acting_from
from cases.models import TokenPlace
from cases.people.models import ApiToken, User, digest_of_token
from cases.refusals import network_of

LONGEST: Final = 200
REALM: Final = "holdfast"


class TokenAuthentication(BaseAuthentication):
    """Finds a live token by its HMAC. `request.auth` is the ApiToken, `request.user` its owner."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """None where no token was sent. Raises AuthenticationFailed, in the same words whatever is wrong with it."""
        header = get_authorization_header(request)
        if not header:
            return None
        text = secret_in(header)
        now, address = timezone.now(), str(request.META.get("REMOTE_ADDR", ""))
        place = TokenPlace.objects.filter(token=OuterRef("pk"), address=network_of(address))
        token = (
            ApiToken.objects.select_related("user")
            .annotate(used_from_here=Exists(place))
            .filter(digest=digest_of_token(text))
            .first()
            if text
            else None
        )
        why = why_not(token, now)
        with acting_from(Source("api", address=address, token="" if token is None else str(token.public_id))):
            if token is None or why:
                people.tell_token_refused(by=None, at=now, address=address, token=token, why=why)
                raise refused()
            if not token.used_from_here:
                people.note_token_place(by=token.user, at=now, token=token, address=address)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return f'Bearer realm="{REALM}"'


def secret_in(header: bytes) -> str:
    """The token in `Bearer …`; empty where there is none of a form that a token has."""
    scheme, _space, secret = header.partition(b" ")
    if scheme.lower() != b"bearer" or len(secret) > LONGEST:
        return ""
    try:
        return secret.strip().decode("ascii")
    except UnicodeDecodeError:
        return ""


def why_not(token: ApiToken | None, at: datetime) -> str:
    """Why the token opens nothing; empty where it does."""
    if token is None:
        return "unknown"
    if token.revoked_at is not None:
        return "revoked"
    if not token.is_live(at):
        return "ended"
    return "" if token.user.is_active else "locked_out"


def refused() -> AuthenticationFailed:
    """One answer for unknown, expired and revoked tokens and for people who were locked out."""
    return AuthenticationFailed(_("The token is not valid, has ended, or was revoked."))
