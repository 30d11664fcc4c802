"""Asking the exchange's own system: a call is a row, written in the transaction of the signature that asks for it.

Nothing is written where no connector is configured: people set the hold by hand then.
"""

import hashlib
import json
import uuid
from datetime import datetime

from cases import outbox
from cases.actions.base import event_value, next_number
from cases.connectors import is_configured
from cases.models import CallKind, ConnectorCall, FreezeChange, FreezeOrder, Transfer
from cases.people.models import User
from cases.status import CallStatus

CALL = "cases.call_connector"
VERSION = 1


def ask_freeze(freeze: FreezeOrder, *, at: datetime) -> ConnectorCall | None:
    """Have the hold set."""
    return _ask(freeze, CallKind.FREEZE, _freeze_words(freeze), at=at)


def ask_release(freeze: FreezeOrder, *, at: datetime) -> ConnectorCall | None:
    """Have the hold taken off."""
    return _ask(freeze, CallKind.RELEASE, {}, at=at)


def ask_partial_release(change: FreezeChange, *, at: datetime) -> ConnectorCall | None:
    """Have a part of the hold given free."""
    amounts = [
        {"asset": part.held.asset, "decimals": part.held.decimals, "amount": str(int(part.amount))}
        for part in change.amounts.select_related("held").order_by("held__asset")
    ]
    return _ask(change.freeze, CallKind.PARTIAL_RELEASE, {"amounts": amounts}, at=at, about=change.number)


def ask_transfer(transfer: Transfer, *, at: datetime) -> ConnectorCall | None:
    """Have a transfer sent that was signed and begun."""
    legs = [
        {
            "asset": leg.held.asset,
            "decimals": leg.held.decimals,
            "amount": str(int(leg.amount)),
            "is_test": leg.is_test,
        }
        for leg in transfer.legs.select_related("held").order_by("-is_test", "id")
    ]
    words: dict[str, object] = {
        "chain": transfer.chain,
        "destination": transfer.destination,
        "transactions": legs,
    }
    return _ask(transfer.freeze, CallKind.TRANSFER, words, at=at, about=transfer.number)


def ask_status(freeze: FreezeOrder, *, at: datetime, by: User) -> ConnectorCall | None:
    """Have it said how the hold stands, and what the account holds."""
    asked = ConnectorCall.objects.filter(freeze=freeze, kind=CallKind.STATUS).count()
    return _ask(freeze, CallKind.STATUS, {}, at=at, about=asked + 1, by=by)


def ask_again(call: ConnectorCall, *, at: datetime, by: User) -> ConnectorCall:
    """The same thing anew, under a key of its own: the answer to the earlier one was no."""
    words = json.loads(call.body)
    for name in ("version", "type", "call", "freeze", "target"):
        words.pop(name)
    found = _ask(call.freeze, CallKind(call.kind), words, at=at, about=call.about, by=by, retries=call)
    if found is None:
        raise RuntimeError("no connector is configured")
    return found


def freeze_name(freeze: FreezeOrder) -> str:
    """What the freeze is called in messages: case reference and number."""
    return f"{freeze.case.reference}/{freeze.number}"


def _freeze_words(freeze: FreezeOrder) -> dict[str, object]:
    return {
        "scope": str(freeze.scope),
        "ends_at": event_value(freeze.ends_at),
        "amounts": [
            {
                "asset": row.asset,
                "decimals": row.decimals,
                "amount": None if row.amount is None else str(int(row.amount)),
            }
            for row in freeze.amounts.order_by("asset")
        ],
    }


def _target(freeze: FreezeOrder) -> dict[str, object]:
    if freeze.account is not None:
        return {"kind": "account", "account": freeze.account.account_number}
    if freeze.wallet is None:
        raise RuntimeError("a freeze has a target")
    return {
        "kind": "address",
        "chain": freeze.wallet.wallet.chain,
        "address": freeze.wallet.wallet.address,
    }


def _ask(
    freeze: FreezeOrder,
    kind: CallKind,
    words: dict[str, object],
    *,
    at: datetime,
    about: int = 0,
    by: User | None = None,
    retries: ConnectorCall | None = None,
) -> ConnectorCall | None:
    if not is_configured():
        return None
    standing = (
        ConnectorCall.objects.filter(freeze=freeze, kind=kind, about=about)
        .exclude(status=CallStatus.FAILED)
        .first()
    )
    if standing is not None:
        return standing
    key = uuid.uuid4()
    body = json.dumps(
        {
            "version": VERSION,
            "type": str(kind),
            "call": str(key),
            "freeze": freeze_name(freeze),
            "target": _target(freeze),
            **words,
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
    )
    call = ConnectorCall.objects.create(
        case=freeze.case,
        freeze=freeze,
        number=next_number(ConnectorCall, freeze.case),
        kind=kind,
        about=about,
        key=key,
        body=body,
        body_digest=hashlib.sha256(body.encode()).hexdigest(),
        asked_at=at,
        asked_by=by,
        retries=retries,
        next_at=at,
    )
    outbox.put(task=CALL, at=at)
    return call
