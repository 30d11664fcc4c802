"""Whether the customer may be told: by gag, seal, instrument and doubt."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from cases.actions import customer_notices, orders
from cases.actions.customer_notices import Forbidden
from cases.actions.orders import Duty
from cases.disclosure import Binding, Verdict, may_be_told
from cases.models import CustomerNotice
from cases.models.orders import Instrument
from cases.people.models import User
from cases.permissions import Permission
from cases.queries.customer_notices import answer_for
from tests.cases.actions.support import refusal
from tests.support.casework import Casework, moment

P = Permission
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)


def verdict(*bindings: Binding, more: bool = False) -> str:
    return str(may_be_told(bindings, at=AT, more=more).verdict)


def test_ofac_allows_it_a_gag_forbids_it_until_it_ends() -> None:
    assert verdict(Binding(1, "ofac_blocking")) == "permitted"
    gagged = Binding(2, "seizure_warrant", gagged=True, gagged_until=AT + timedelta(seconds=1))
    assert verdict(gagged) == "prohibited"
    assert verdict(Binding(1, "ofac_blocking"), gagged) == "prohibited"
    assert verdict(Binding(2, "seizure_warrant", gagged=True, gagged_until=AT)) == "permitted"
    assert verdict(Binding(2, "seizure_warrant", gagged=True)) == "prohibited", "a gag without an end"
    assert verdict(Binding(2, "subpoena", ended=True, gagged=True, gagged_until=None)) == "prohibited"


def test_tipping_off_a_seal_and_doubt() -> None:
    assert verdict(Binding(1, "uk_daml")) == "prohibited"
    assert verdict(Binding(1, "seizure_warrant", sealed=True)) == "prohibited"
    assert verdict(Binding(1, "subpoena")) == "ask_counsel"
    assert verdict(Binding(1, "something_new")) == "ask_counsel"
    assert verdict(Binding(1, "subpoena", ended=True)) == "permitted"
    assert verdict() == "ask_counsel"
    assert verdict(Binding(1, "seizure_warrant"), more=True) == "ask_counsel"


def test_one_prohibition_is_enough_in_whatever_order() -> None:
    all_three = [Binding(1, "ofac_blocking"), Binding(2, "subpoena"), Binding(3, "uk_daml")]
    assert {verdict(*order) for order in permutations(all_three)} == {"prohibited"}
    assert {verdict(*order) for order in permutations(all_three[:2])} == {"ask_counsel"}


@pytest.mark.parametrize("instrument", Instrument.values)
def test_every_instrument_has_an_answer_with_a_reason(instrument: str) -> None:
    answer = may_be_told([Binding(1, instrument)], at=AT)
    assert answer.verdict in set(Verdict)
    assert str(answer.words)
    assert all(str(reason.text) for reason in answer.reasons)


def tell(casework: Casework, by: User | None = None, **kwargs: object) -> CustomerNotice:
    values: dict[str, object] = {
        "account_number": casework.case.accounts.get().number,  # type: ignore[attr-defined]
        "told_at": moment(),
        "how": "By letter",
        "words": "Your account is restricted by an order.",
        "no_report": True,
    }
    return customer_notices.record_customer_notice(
        grant=casework.grant(P.NOTE, by),
        at=moment(),
        **(values | kwargs),  # type: ignore[arg-type]
    )


def test_under_a_gag_nobody_is_told_and_when_it_is_over_they_may_be(casework: Casework) -> None:
    casework.account()
    order = casework.accepted_order(
        duties=[
            Duty("freeze", "Hold."),
            Duty("non_disclosure", "Nobody.", due_at=moment() + timedelta(days=300)),
        ]
    )
    assert answer_for(casework.grant(P.READ).case, at=moment()).verdict == "prohibited"
    refusal(lambda: tell(casework), Forbidden)
    refusal(lambda: tell(casework, casework.counsel, counsel="I say so"), Forbidden)
    later = moment() + timedelta(days=301)
    orders.end_terms(now=lambda: later)
    assert order.obligations.get(kind="non_disclosure").status == "met"
    assert answer_for(casework.grant(P.READ).case, at=later).verdict == "permitted"
    assert tell(casework).verdict == "permitted"


def test_a_report_forbids_it_and_doubt_is_counsels(casework: Casework) -> None:
    casework.account()
    assert refusal(lambda: tell(casework, no_report=False), Forbidden).field == "no_report"
    refusal(lambda: tell(casework), Forbidden)
    assert refusal(lambda: tell(casework, casework.counsel)).field == "counsel"
    notice = tell(casework, casework.counsel, counsel="Policy 7 allows it.")
    assert (notice.verdict, notice.counsel) == ("ask_counsel", "Policy 7 allows it.")


def test_what_is_sealed_from_the_reader_never_reads_as_permitted(casework: Casework) -> None:
    casework.account()
    casework.accepted_order(reference="OPEN")
    assert answer_for(casework.grant(P.READ, casework.approver).case, at=moment()).verdict == "permitted"
    hidden = casework.accepted_order(reference="HIDDEN")
    orders.seal_order(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=hidden.number,
        readers=[],
        reason="By the court",
    )
    assert answer_for(casework.grant(P.READ).case, at=moment()).verdict == "prohibited"
    answer = answer_for(casework.grant(P.READ, casework.approver).case, at=moment())
    assert answer.verdict == "ask_counsel"
    assert hidden.number not in {reason.order for reason in answer.reasons}
    refusal(lambda: tell(casework, casework.approver), Forbidden)
