"""Who asks: a person's token in `Authorization: Bearer hfst_…` (RFC 6750). Sessions are not accepted here."""

from typing import Final

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from cases.people.models import ApiToken, User, digest_of_token

LONGEST: Final = 200
REALM: Final = "holdfast"


class TokenAuthentication(BaseAuthentication):
    """Finds a live token by its HMAC. `request.auth` is the ApiToken, `request.user` its owner."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """None where no token was sent. Raises AuthenticationFailed, in the same words whatever is wrong with it."""
        header = get_authorization_header(request)
        if not header:
            return None
        scheme, _space, secret = header.partition(b" ")
        if scheme.lower() != b"bearer" or not secret or len(secret) > LONGEST:
            raise refused()
        try:
            text = secret.strip().decode("ascii")
        except UnicodeDecodeError as error:
            raise refused() from error
        token = ApiToken.objects.select_related("user").filter(digest=digest_of_token(text)).first()
        if token is None or not token.is_live(timezone.now()) or not token.user.is_active:
            raise refused()
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return f'Bearer realm="{REALM}"'


def refused() -> AuthenticationFailed:
    """One answer for unknown, expired and revoked tokens and for people who were locked out."""
    return AuthenticationFailed(_("The token is not valid, has ended, or was revoked."))
