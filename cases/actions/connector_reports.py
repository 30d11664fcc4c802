"""What the exchange's own system reports, signed: each message once, with what it did here.

Nobody acts in these: the events name the connector and no person. What does not fit is recorded as what it is, and
moves nothing.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from cases.actions import watchdog
from cases.actions.accounts import write_holding
from cases.actions.base import ActionError, move_or_refuse
from cases.actions.connectors import locked_call, set_failed, write_call
from cases.actions.freezes import steps
from cases.actions.freezes.actor import Actor, lock_for_system
from cases.actions.freezes.sending import set_sent
from cases.audit.record import record_system
from cases.models import (
    AccountHolding,
    CallKind,
    ConnectorCall,
    ConnectorReport,
    ExchangeAccount,
    ReportKind,
    ReportVerdict,
    Transfer,
    Verdict,
)
from cases.status import CallStatus, CaseStatus, FreezeStatus, TransferStatus

SOURCE = "Connector"


class OtherBody(Exception):
    """The ID of the message was used for another body."""


class UnknownCall(Exception):
    """The report answers a call that was never made."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One asset in base units; `amount` None in a hold: whatever is there."""

    asset: str
    decimals: int
    amount: int | None


@dataclass(frozen=True, slots=True)
class Holdings:
    """What an account holds at one moment. An asset that is not named is not told of; it is never taken for zero."""

    account: str
    observed_at: datetime
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction that carries out a transfer; `fee` in base units of the chain's native coin."""

    asset: str
    txid: str
    fee: int | None
    is_test: bool
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one call."""

    call: UUID
    done: bool
    happened_at: datetime
    reference: str = ""
    reason: str = ""
    state: str = ""
    amounts: Sequence[Figure] = ()
    transactions: Sequence[Sent] = ()
    holdings: Holdings | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the exchange's own system is told; the same each time the same message comes."""

    verdict: str
    words: str
    replayed: bool = False


@transaction.atomic
def take_report(*, message_id: UUID, body: bytes, said: Result | Holdings, now: datetime) -> Answer:
    """Take over one genuine report. Raises OtherBody, UnknownCall."""
    with connection.cursor() as cursor:
        # Of two deliveries at once the second waits, and is then a replay.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 4))", [str(message_id)])
    digest = hashlib.sha256(body).hexdigest()
    earlier = ConnectorReport.objects.select_related("outcome").filter(message_id=message_id).first()
    if earlier is not None:
        if earlier.body_digest != digest:
            raise OtherBody
        return Answer(earlier.outcome.verdict, earlier.outcome.words, replayed=True)
    kept = {
        "message_id": message_id,
        "body": body.decode(),
        "body_digest": digest,
        "received_at": now,
    }
    if isinstance(said, Holdings):
        report = ConnectorReport.objects.create(kind=ReportKind.HOLDINGS, **kept)
        verdict, words = _take_holdings(report, said, at=now)
    else:
        found = ConnectorCall.objects.filter(key=said.call).values_list("pk", "case_id").first()
        if found is None:
            raise UnknownCall
        case = lock_for_system(found[1], at=now)
        call = locked_call(found[0])
        report = ConnectorReport.objects.create(kind=ReportKind.RESULT, call=call, **kept)
        verdict, words = _take_result(Actor(case), call, report, said, at=now)
    ReportVerdict.objects.create(report=report, verdict=verdict, words=words[:500])
    record_system(
        action="connector.reported",
        actor=None,
        occurred_at=now,
        details={
            "message": str(message_id),
            "kind": report.kind,
            "body_sha256": digest,
            "verdict": str(verdict),
            "words": str(words)[:500],
        },
    )
    return Answer(verdict, words[:500])


Taken = tuple[Verdict, str]


def _take_result(
    actor: Actor, call: ConnectorCall, report: ConnectorReport, said: Result, *, at: datetime
) -> Taken:
    if call.status in {CallStatus.CONFIRMED, CallStatus.FAILED}:
        if (call.status == CallStatus.CONFIRMED) == said.done:
            return Verdict.NOTED, _("This was reported already.")
        words = _("The call ended the other way before.")
        write_call(actor, call, action="connector.contradicted", at=at, reason=words, done=said.done)
        return Verdict.REFUSED, words
    if call.attempts == 0:
        return Verdict.REFUSED, _("This was not sent yet.")
    call.reference = said.reference
    if not said.done:
        set_failed(actor, call, at=at, words=said.reason)
        return Verdict.APPLIED, ""
    try:
        with transaction.atomic():
            verdict, words = _carry_out(actor, call, report, said, at=at)
            if verdict == Verdict.MISMATCH:
                set_failed(actor, call, at=at, words=words)
                return verdict, words
            if _more_to_come(call):
                call.save(update_fields=["reference"])
                return verdict, _("More transactions are waited for.")
            move_or_refuse(call, CallStatus.CONFIRMED)
            call.ended_at, call.next_at, call.last_error = at, None, ""
            call.state_there = said.state
            call.save(
                update_fields=["status", "ended_at", "next_at", "last_error", "reference", "state_there"]
            )
            write_call(
                actor,
                call,
                action="connector.confirmed",
                at=at,
                reference=said.reference,
                verdict=str(verdict),
                reason=words,
                state=said.state,
            )
            return verdict, words
    except ActionError as error:
        words = str(error.message)
    call.refresh_from_db(fields=["status", "reference"])
    write_call(actor, call, action="connector.refused", at=at, reason=words)
    return Verdict.REFUSED, words


def _carry_out(
    actor: Actor, call: ConnectorCall, report: ConnectorReport, said: Result, *, at: datetime
) -> Taken:
    if said.happened_at > at:
        raise ActionError(_("This lies in the future."))
    if said.holdings is not None:
        # Before the hold is set: its snapshot takes the figure that came with it.
        account = call.freeze.account
        if account is None or account.account_number != said.holdings.account:
            raise ActionError(_("These are not the holdings of the account that was named."))
        _write_figures(actor, account, said.holdings, report, at=at)
    if call.kind == CallKind.FREEZE:
        return _set_hold(actor, call, said, at=at)
    if call.kind == CallKind.TRANSFER:
        return _note_transactions(actor, call, said, at=at)
    if call.kind == CallKind.PARTIAL_RELEASE:
        words = _difference(_asked(call), said.amounts)
        return (Verdict.MISMATCH, words) if words else (Verdict.APPLIED, "")
    if call.kind == CallKind.STATUS:
        return _note_state(actor, call, said, at=at)
    return Verdict.APPLIED, ""


def _set_hold(actor: Actor, call: ConnectorCall, said: Result, *, at: datetime) -> Taken:
    words = _difference(_asked(call), said.amounts)
    if words:
        return Verdict.MISMATCH, words
    freeze = call.freeze
    if freeze.status == FreezeStatus.APPLY_FAILED:
        # Somebody took the silence for a no; the hold was set after all.
        steps.begin(actor, freeze, at=at)
    if freeze.status != FreezeStatus.APPLYING:
        return Verdict.NOTED, _("The freeze is “%(status)s” here.") % {"status": freeze.get_status_display()}
    steps.set_applied(actor, freeze, at=at, applied_at=said.happened_at)
    steps.set_confirmed(
        actor, freeze, at=at, confirmation=said.reference or _("Connector call %(key)s") % {"key": call.key}
    )
    return Verdict.APPLIED, ""


def _note_state(actor: Actor, call: ConnectorCall, said: Result, *, at: datetime) -> Taken:
    """A hold that counts as set here and does not stand there is told at once. It ends nothing here."""
    freeze = call.freeze
    if said.state != "not_frozen":
        return Verdict.APPLIED, ""
    if not watchdog.missed_there(actor.case, freeze, seen_at=said.happened_at, at=at):
        return Verdict.APPLIED, ""
    actor.write(
        action="freeze.not_held_there",
        at=at,
        number=freeze.number,
        details={
            "call": call.number,
            "seen_at": said.happened_at.isoformat(),
            "status": freeze.status,
            "reference": said.reference,
        },
    )
    return Verdict.APPLIED, _("The hold does not stand there.")


def _note_transactions(actor: Actor, call: ConnectorCall, said: Result, *, at: datetime) -> Taken:
    transfer = Transfer.objects.select_for_update(of=("self",)).get(case=actor.case, number=call.about)
    transfer.freeze = call.freeze
    if transfer.status != TransferStatus.SENDING:
        return Verdict.NOTED, _("The transfer is “%(status)s” here.") % {
            "status": transfer.get_status_display()
        }
    if not said.transactions:
        raise ActionError(_("A transfer is done by transactions: none is named."))
    for sent in said.transactions:
        set_sent(
            actor,
            transfer,
            at=at,
            asset=sent.asset,
            txid=sent.txid,
            fee=sent.fee,
            sent_at=sent.sent_at,
            is_test=sent.is_test,
        )
    return Verdict.APPLIED, ""


def _more_to_come(call: ConnectorCall) -> bool:
    """A transfer with a test is reported in two messages: it is done when every transaction of it is named."""
    return (
        call.kind == CallKind.TRANSFER
        and Transfer.objects.filter(
            case_id=call.case_id, number=call.about, status=TransferStatus.SENDING
        ).exists()
    )


def _asked(call: ConnectorCall) -> list[Figure]:
    return [
        Figure(each["asset"], each["decimals"], None if each["amount"] is None else int(each["amount"]))
        for each in json.loads(call.body).get("amounts", [])
    ]


def _difference(asked: Sequence[Figure], told: Sequence[Figure]) -> str:
    """How what was done differs from what was asked, in words; empty: not at all. More is as wrong as less."""
    done = _by_asset(told)
    for each in asked:
        found = done.pop(each.asset.upper(), None)
        if found is None or (found.decimals, found.amount) != (each.decimals, each.amount):
            return _("Asked for %(asked)s of %(asset)s, done: %(done)s.") % {
                "asked": _words(each),
                "asset": each.asset,
                "done": _("nothing") if found is None else _words(found),
            }
    # Where no asset was named the whole target is held, and naming what that comprises is no difference.
    if asked and done:
        return _("Done for an asset that was not asked for: %(asset)s.") % {"asset": sorted(done)[0]}
    return ""


def _by_asset(figures: Sequence[Figure]) -> dict[str, Figure]:
    found = {figure.asset.upper(): figure for figure in figures}
    if len(found) != len(figures):
        raise ActionError(_("Each asset stands once."))
    return found


def _words(figure: Figure) -> str:
    if figure.amount is None:
        return _("whatever is there")
    return _("%(amount)s base units (%(decimals)s decimals)") % {
        "amount": figure.amount,
        "decimals": figure.decimals,
    }


# ── Holdings ──────────────────────────────────────────────────────────────────────────────────────────────


def _take_holdings(report: ConnectorReport, said: Holdings, *, at: datetime) -> Taken:
    if said.observed_at > at:
        return Verdict.REFUSED, _("The figure cannot be of the future.")
    rows = ExchangeAccount.objects.filter(account_number=said.account).exclude(case__status=CaseStatus.CLOSED)
    # The answer is the same whether a case holds the account or not: the other side is not told whom one looks at.
    for case_id, account_id in list(rows.order_by("case_id").values_list("case_id", "pk")):
        actor = Actor(lock_for_system(case_id, at=at))
        try:
            with transaction.atomic():
                _write_figures(actor, ExchangeAccount.objects.get(pk=account_id), said, report, at=at)
        except ActionError as error:
            actor.write(
                action="connector.holdings_refused",
                at=at,
                kind="account",
                number=ExchangeAccount.objects.values_list("number", flat=True).get(pk=account_id),
                details={"reason": str(error.message), "message": str(report.message_id)},
            )
    return Verdict.APPLIED, ""


def _write_figures(
    actor: Actor, account: ExchangeAccount, said: Holdings, report: ConnectorReport, *, at: datetime
) -> list[AccountHolding]:
    if said.observed_at > at:
        raise ActionError(_("The figure cannot be of the future."))
    figures: Mapping[str, Figure] = _by_asset(said.figures)
    written = []
    for asset in sorted(figures):
        figure = figures[asset]
        if figure.amount is None:
            raise ActionError(_("A holding is a figure."))
        written.append(
            write_holding(
                actor,
                account,
                at=at,
                asset=asset,
                decimals=figure.decimals,
                amount=figure.amount,
                source=SOURCE,
                observed_at=said.observed_at,
                report=report,
            )
        )
    return written
