"""What stands around every page: private caching, the log-in gate, and the doors' two answers."""

from collections.abc import Callable
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from cases.access import Denied, Disposed, NotFound, record_denial
from cases.audit.record import Source, acting_from
from cases.entrance import session_digest
from cases.people.models import User
from cases.reads import tell_reading
from cases.refusals import UNWRITTEN
from cases.storage import Unreachable
from cases.views.disposal import disposed
from cases.views.errors import unavailable

Handler = Callable[[HttpRequest], HttpResponse]

# Without a log-in: the log-in pages themselves, health, and what they are drawn with.
OPEN_PREFIXES = (
    "/accounts/login/",
    "/accounts/password/reset/",
    "/accounts/2fa/authenticate/",
    "/accounts/2fa/webauthn/login/",
    # A person's calendar address: what opens it is the secret in it.
    "/calendar/",
)
OPEN_PATHS = {"/healthz", "/metrics"}
# Pages of allauth by which a person would change past the actions who she is here: nobody signs up, and the
# administrator alone keeps the addresses by which people log in.
CLOSED_PREFIXES = ("/accounts/signup/", "/accounts/email/", "/accounts/confirm-email/", "/accounts/inactive/")
# The API logs in by token and answers with problem documents of its own.
API_PREFIX = "/api/"


class BodyLimit:
    """413 for a body that no form takes, before anything of it is read or spooled to disk.

    A form's own limit (`PAPER_MAX_BYTES`) answers beside the field; this one stands a mebibyte above it.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.limit = settings.PAPER_MAX_BYTES + 1024 * 1024

    def __call__(self, request: HttpRequest) -> HttpResponse:
        announced = request.META.get("CONTENT_LENGTH") or "0"
        if not announced.isdigit() or int(announced) <= self.limit:
            return self.get_response(request)
        if request.path_info.startswith(API_PREFIX):
            problem = {
                "type": "urn:holdfast:problem:too-large",
                "title": _("The request is too large."),
                "status": 413,
                "detail": _("Send less at once."),
            }
            return JsonResponse(problem, status=413, content_type="application/problem+json")
        return HttpResponse(
            _("The file is too large. Go back and choose a smaller one.") + "\n",
            status=413,
            content_type="text/plain; charset=utf-8",
        )


class PrivatePages:
    """No page of a case is kept by a cache or by the browser's own history store."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        response["Cross-Origin-Opener-Policy"] = "same-origin"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response["Permissions-Policy"] = (
            "camera=(), geolocation=(), microphone=(), payment=(), usb=(), "
            "publickey-credentials-get=(self), publickey-credentials-create=(self)"
        )
        return response


class LoginRequired:
    """Every page needs a log-in, whatever its view says: a new page cannot be forgotten."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        is_open = path in OPEN_PATHS or path.startswith((*OPEN_PREFIXES, API_PREFIX))
        if not request.user.is_authenticated and not is_open:
            if request.headers.get("HX-Request"):
                response = HttpResponse(status=204)
                response["HX-Redirect"] = redirect_to_login("/").url
                return response
            # The same answer for what exists and what does not: the log-in page.
            return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
        if path.startswith(CLOSED_PREFIXES):
            return render(request, "404.html", status=404)
        return self.get_response(request)


class Doors:
    """NotFound becomes one and the same 404, Denied a recorded 403. Names the source of what is recorded."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting_from(source_of(request)):
            response = self.get_response(request)
            match = request.resolver_match
            # The API tells its own readings, by the token that they came by.
            if response.status_code != 200 or match is None or request.path_info.startswith(API_PREFIX):
                return response
            if isinstance(request.user, User):
                try:
                    tell_reading(
                        by=request.user,
                        at=datetime.now(UTC),
                        method=request.method or "",
                        name=match.view_name,
                        path=request.path_info,
                        arguments=match.kwargs,
                        refresh=bool(request.headers.get("HX-Request")),
                    )
                except UNWRITTEN:
                    return unavailable(request)
            return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, NotFound):
            return render(request, "404.html", status=404)
        if isinstance(exception, Disposed):
            return disposed(request, exception.case.reference)
        if isinstance(exception, Denied):
            try:
                record_denial(exception, at=datetime.now(UTC), what=f"{request.method} {_view_name(request)}")
            except UNWRITTEN:
                return unavailable(request)
            return render(request, "403.html", status=403)
        if isinstance(exception, (*UNWRITTEN, Unreachable)):
            return unavailable(request)
        return None


def _view_name(request: HttpRequest) -> str:
    match = request.resolver_match
    return (match.view_name if match else "") or ""


def source_of(request: HttpRequest) -> Source:
    """From where a request came; the session only as a digest, since the record outlives it."""
    key = request.session.session_key if hasattr(request, "session") else None
    return Source(
        kind="web",
        address=str(request.META.get("REMOTE_ADDR", "")),
        session=session_digest(key),
    )
