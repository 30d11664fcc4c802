"""allauth's own pages under the rule of the house: what they change and the event that tells it are one transaction."""

from collections.abc import Callable
from importlib import import_module

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from cases.actions import log_ins
from cases.people.models import User
from cases.refusals import UNWRITTEN
from cases.views.errors import unavailable

Handler = Callable[[HttpRequest], HttpResponse]
OURS = "/accounts/"


class _Undone(Exception):
    """Takes the transaction back; the answer is ready."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__("undone")
        self.response = response


class ToldOrUndone:
    """A log-in, a password or a second factor that cannot be told of in the record does not come about.

    allauth writes its notices, which are our events, once its own transaction was committed. Here a POST to its pages
    runs in one transaction around all of it, and what waits for the commit is done before it: where that fails, the
    change is taken back, and the session stays what it was.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(OURS):
            return self.get_response(request)
        key = request.session.session_key
        try:
            with transaction.atomic():
                response = self.get_response(request)
                if getattr(request, "undone", False):
                    raise _Undone(response)
                _tell_what_was_seen(request, response)
                _finish_before_commit()
                return response
        except _Undone as undone:
            answer = undone.response
        except UNWRITTEN:
            answer = unavailable(request)
        # What the view left in memory (a log-in, say) is not saved: the session is the one that came in.
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
        return answer

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Any fault takes everything back; what it is answered with is for the others to say."""
        if isinstance(exception, UNWRITTEN) and request.path_info.startswith(OURS):
            request.undone = True  # type: ignore[attr-defined]
        return None


def _finish_before_commit() -> None:
    """What waits for the commit of this transaction, now. It may ask for more, which is done as well."""
    while connection.run_on_commit:
        connection.run_on_commit.pop(0)[1]()


def _tell_what_was_seen(request: HttpRequest, response: HttpResponse) -> None:
    """Codes that were shown, and a passkey's new name: for these allauth has no notice."""
    match, user = request.resolver_match, request.user
    if match is None or not isinstance(user, User):
        return
    if match.url_name in {"mfa_view_recovery_codes", "mfa_download_recovery_codes"}:
        if request.method == "GET" and response.status_code == 200:
            saved = match.url_name == "mfa_download_recovery_codes"
            log_ins.tell_codes_viewed(by=user, at=timezone.now(), saved=saved)
    elif match.url_name == "mfa_edit_webauthn" and request.method == "POST" and response.status_code == 302:
        log_ins.tell_passkey_renamed(by=user, at=timezone.now())
