"""The way in for the exchange's own system: no person, no session, no token, but a signature (docs/connector.md)."""

import logging
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from rest_framework.exceptions import ParseError, ValidationError

from cases.actions.connector_reports import (
    Figure,
    Holdings,
    OtherBody,
    Result,
    Sent,
    UnknownCall,
    take_report,
)
from cases.api.base import checked
from cases.api.fields import Amount, Body, Choice, Flag, Id, Moment, Text, Whole
from cases.api.parsers import MAX_BYTES, parse
from cases.audit.record import Source, acting_from
from cases.connectors import ID, SIGNATURE, TIMESTAMP, is_configured, is_genuine

log = logging.getLogger(__name__)


class FigureIn(Body):
    """One asset in base units."""

    asset = Text(max_length=16)
    decimals = Whole(min_value=0, max_value=36)
    amount = Amount(allow_null=True)


class TransactionIn(Body):
    """A transaction that carries out a transfer."""

    asset = Text(max_length=16)
    txid = Text(max_length=128)
    fee = Amount(required=False, allow_null=True, default=None)
    is_test = Flag(default=False)
    sent_at = Moment()


class HoldingsIn(Body):
    """What an account holds; what is not named is not told of."""

    account = Text(max_length=64)
    observed_at = Moment()
    holdings = FigureIn(many=True, max_length=200)  # type: ignore[call-arg]


class HoldingsMessage(HoldingsIn):
    """The same as a message of its own."""

    version = Whole(min_value=1, max_value=1)
    type = Choice([("holdings", "holdings")])


class ResultMessage(Body):
    """What came of a call."""

    version = Whole(min_value=1, max_value=1)
    type = Choice([("result", "result")])
    call = Id()
    result = Choice([("done", "done"), ("failed", "failed")])
    at = Moment()
    reference = Text(max_length=200, required=False, allow_blank=True, default="")
    reason = Text(max_length=400, required=False, allow_blank=True, default="")
    state = Choice(
        [("frozen", "frozen"), ("not_frozen", "not_frozen"), ("unknown", "unknown")],
        required=False,
        default="",
    )
    amounts = FigureIn(many=True, required=False, default=list, max_length=50)  # type: ignore[call-arg]
    transactions = TransactionIn(many=True, required=False, default=list, max_length=50)  # type: ignore[call-arg]
    holdings = HoldingsIn(required=False, allow_null=True, default=None)


@csrf_exempt
@require_POST
def report(request: HttpRequest) -> JsonResponse:
    """Take one signed message. 200 with the verdict; 401, 404, 409, 413 and 422 leave nothing behind."""
    at = timezone.now()
    try:
        body = request.body
    except RequestDataTooBig:
        return _answer(413, error="too_large")
    if len(body) > MAX_BYTES:
        return _answer(413, error="too_large")
    message_id = request.headers.get(ID, "")
    if not is_configured() or not is_genuine(
        request.headers.get(SIGNATURE, ""),
        secrets=settings.CONNECTOR_SECRETS,
        timestamp=request.headers.get(TIMESTAMP, ""),
        message_id=message_id,
        body=body,
        at=at,
    ):
        # The same words whatever is wrong: signature, moment, or no connector at all.
        log.warning("connector_report_not_genuine")
        return _answer(401, error="not_genuine")
    try:
        said = _said(parse(body))
        message = UUID(message_id)
    except ValueError:
        return _answer(422, error="malformed", words=str(_("The ID of a message is a UUID.")))
    except (ParseError, ValidationError) as error:
        return _answer(422, error="malformed", words=error.detail)
    with acting_from(Source(kind="connector", address=str(request.META.get("REMOTE_ADDR", "")))):
        try:
            done = take_report(message_id=message, body=body, said=said, now=at)
        except OtherBody:
            return _answer(409, error="other_body")
        except UnknownCall:
            return _answer(404, error="unknown_call")
    response = _answer(200, verdict=done.verdict, words=done.words)
    if done.replayed:
        response["Idempotent-Replayed"] = "true"
    return response


def _answer(status: int, **content: object) -> JsonResponse:
    return JsonResponse(content, status=status)


def _said(content: Any) -> Result | Holdings:
    """The message as read. Raises ValidationError."""
    if isinstance(content, dict) and content.get("type") == "holdings":
        data = checked(HoldingsMessage, content)
        return _holdings(data)
    data = checked(ResultMessage, content)
    held = data["holdings"]
    return Result(
        call=data["call"],
        done=data["result"] == "done",
        happened_at=data["at"],
        reference=data["reference"],
        reason=data["reason"],
        state=data["state"],
        amounts=[Figure(**each) for each in data["amounts"]],
        transactions=[Sent(**each) for each in data["transactions"]],
        holdings=None if held is None else _holdings(held),
    )


def _holdings(data: dict[str, Any]) -> Holdings:
    return Holdings(data["account"], data["observed_at"], [Figure(**each) for each in data["holdings"]])
