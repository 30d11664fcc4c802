"""Telling a customer: refused under a gag, a seal or a report; by counsel alone where the rules leave it open."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.access import Grant
from cases.actions.base import ActionError, event_value, lock_open_case, next_number, write_event
from cases.disclosure import Verdict
from cases.models import CustomerNotice, ExchangeAccount, hidden_from
from cases.people.models import Role
from cases.permissions import Permission
from cases.queries.customer_notices import answer_for, silent_elsewhere


class Forbidden(ActionError):
    """Something binds the case to silence."""


@transaction.atomic
def record_customer_notice(
    *,
    grant: Grant,
    at: datetime,
    account_number: int,
    told_at: datetime,
    how: str,
    words: str,
    no_report: bool,
    counsel: str = "",
) -> CustomerNotice:
    """Record that a customer was, or is now, told. What binds the case is asked at the moment of the telling.

    `no_report`: the person says that no suspicious activity report stands behind the case (31 USC 5318(g)(2)).
    """
    grant.require(Permission.NOTE)
    case = lock_open_case(grant, at=at)
    account = ExchangeAccount.objects.filter(case=case, number=account_number).first()
    if account is None:
        raise ActionError(_("The case has no such account."), field="account_number")
    if told_at > at:
        raise ActionError(_("This lies in the future."), field="told_at")
    for field, value in (("how", how), ("words", words)):
        if not value.strip():
            raise ActionError(_("This is needed."), field=field)
    if not no_report:
        raise Forbidden(
            _("Nobody is told where a suspicious activity report was made or is being considered."),
            field="no_report",
        )
    # What another case of the same customer is silent about is told in none of them, and not even that it is so.
    if hidden_from(grant.user).filter(case=case).exists() or silent_elsewhere(
        case, at=told_at, account=account
    ):
        raise Forbidden(_("Something here you may not see: ask this desk before anything is said."))
    answer = answer_for(case, at=told_at)
    if answer.verdict == Verdict.PROHIBITED:
        raise Forbidden(_("The customer must not be told: %(why)s") % {"why": answer.reasons[0].text})
    if answer.verdict == Verdict.ASK_COUNSEL:
        if grant.user.role != Role.COUNSEL:
            raise Forbidden(_("Counsel decides whether the customer may be told, and records it."))
        if not counsel.strip():
            raise ActionError(_("Say why it is allowed."), field="counsel")
    notice = CustomerNotice.objects.create(
        case=case,
        account=account,
        number=next_number(CustomerNotice, case),
        told_at=told_at,
        how=how.strip(),
        words=words.strip(),
        verdict=str(answer.verdict),
        counsel=counsel.strip(),
        written_at=at,
        written_by=grant.user,
    )
    write_event(
        grant,
        action="customer.told",
        at=at,
        kind="account",
        number=account.number,
        details={
            "account_number": account.account_number,
            "told_at": event_value(told_at),
            "how": notice.how,
            "words": notice.words,
            "verdict": notice.verdict,
            "counsel": notice.counsel,
        },
    )
    return notice
