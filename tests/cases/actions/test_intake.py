"""An order as it came in: its instrument's data, who asks, what it names, its look-alikes, its authority."""

from datetime import timedelta
from typing import Any

import pytest

from cases.access import Denied, NotFound
from cases.actions import authorities, instruments, orders
from cases.actions.base import ActionError, NoSuchItem
from cases.actions.orders import Asked, Duty, Paper
from cases.models import Authority, Finding, InstrumentType, LegalOrder, ObligationKind, Selector
from cases.models.instruments import newest_types, shipped
from cases.models.orders import Instrument
from cases.models.selectors import comparable
from cases.permissions import Permission
from cases.queries import authorities as authority_queries
from cases.queries import instruments as instrument_queries
from cases.queries.lookalikes import alike, mark_of
from cases.storage import Stored
from tests.cases.actions.support import details_of, last_event, refusal
from tests.support.casework import Casework, moment

P = Permission
DAY = timedelta(days=1)


# ── Instruments ───────────────────────────────────────────────────────────────────────────────────────────
def test_every_instrument_is_shipped_with_its_source_and_its_translated_name() -> None:
    assert set(shipped()) == set(Instrument.values)
    for key, facts in shipped().items():
        assert facts["label"] == Instrument(key).label
        assert facts["source"]
        assert set(facts["permits"]) <= set(ObligationKind.values)
        assert set(facts.get("clocks", {})) <= set(facts["permits"])


@pytest.mark.parametrize("key", sorted(shipped()))
def test_an_order_takes_the_duties_that_its_instrument_permits_and_no_other(
    casework: Casework, key: str
) -> None:
    permits = shipped()[key]["permits"]
    order = casework.order(instrument=key, duties=[Duty(kind, "Do it.") for kind in permits])
    assert [duty.kind for duty in order.obligations.order_by("number")] == permits
    for kind in set(ObligationKind.values) - set(permits):
        assert (
            refusal(lambda kind=kind: casework.order(instrument=key, duties=[Duty(kind, "No.")])).field
            == "kind"
        )
        add = lambda kind=kind: orders.add_obligation(  # noqa: E731 - tried below
            grant=casework.grant(P.ORDERS), at=moment(), order_number=order.number, duty=Duty(kind, "No.")
        )
        assert refusal(add).field == "kind"


def changed(casework: Casework, key: str, **changes: Any) -> InstrumentType:
    facts = shipped().get(key, {"label": "A new paper", "permits": ["produce"], "source": "Somewhere"})
    values: dict[str, Any] = {
        "label": facts["label"],
        "permits": facts["permits"],
        "source": facts["source"],
        "confidence": "high",
        "reason": "Read again",
    }
    return instruments.change_instrument(by=casework.counsel, at=moment(), key=key, **(values | changes))


def test_a_change_is_a_further_version_and_an_order_keeps_its_own(casework: Casework) -> None:
    before = casework.order(instrument="subpoena", duties=[Duty("produce", "Records.")])
    version = changed(casework, "subpoena", permits=["produce", "preserve"])
    assert version.version == 2
    assert newest_types()["subpoena"].pk == version.pk
    after = casework.order(instrument="subpoena", reference="DEMO-2", duties=[Duty("preserve", "Keep them.")])
    assert (before.instrument_type.version, after.instrument_type.version) == (1, 2)
    refusal(
        lambda: orders.add_obligation(
            grant=casework.grant(P.ORDERS),
            at=moment(),
            order_number=before.number,
            duty=Duty("preserve", "x"),
        )
    )
    assert refusal(lambda: changed(casework, "subpoena", permits=["produce", "preserve"]))


def test_a_new_instrument_is_used_under_its_own_name(casework: Casework) -> None:
    add: dict[str, Any] = {
        "label": "Letter of the central bank",
        "permits": ["freeze"],
        "source": "Circular 3.978",
        "confidence": "medium",
        "reason": "First one came",
    }
    instruments.add_instrument(by=casework.approver, at=moment(), key="bcb_letter", **add)
    order = casework.order(instrument="bcb_letter")
    assert order.get_instrument_display() == "Letter of the central bank"
    assert details_of(last_event(casework.case))["instrument"] == "Letter of the central bank"
    refusal(lambda: instruments.add_instrument(by=casework.approver, at=moment(), key="bcb_letter", **add))
    changed(casework, "bcb_letter", permits=["freeze"], is_retired=True)
    assert refusal(lambda: casework.order(instrument="bcb_letter")).field == "instrument"
    assert refusal(lambda: casework.order(instrument="unheard_of")).field == "instrument"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"label": " "}, "label"),
        ({"source": ""}, "source"),
        ({"reason": ""}, "reason"),
        ({"permits": []}, "permits"),
        ({"permits": ["seize"]}, "permits"),
        ({"needs": ["shoe_size"]}, "needs"),
        ({"confidence": "sure"}, "confidence"),
        ({"clocks": {"freeze": ["a_rule"]}}, "clocks"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_instrument_that_does_not_make_sense_is_refused(
    casework: Casework, changes: dict[str, Any], field: str
) -> None:
    assert refusal(lambda: changed(casework, "subpoena", **changes)).field == field


def test_who_edits_the_rules(casework: Casework) -> None:
    for nobody in (casework.lead, casework.auditor, casework.liaison):
        with pytest.raises(Denied):
            instruments.change_instrument(
                by=nobody, at=moment(), key="subpoena", label="x", permits=["produce"], source="x",
                confidence="low", reason="x",
            )  # fmt: skip
    for key in ("", "Big", "add", "x", "a-b", "ä" * 4):
        assert refusal(lambda key=key: changed(casework, key)).field == "key"


def test_what_the_instrument_usually_states_and_the_order_does_not(casework: Casework) -> None:
    order = casework.order()
    assert instrument_queries.gaps_of(order, selectors=0) == ["entity_served", "selectors"]
    whole = casework.order(reference="DEMO-2", entity_served="Example Ltd", selectors=[Asked("name", "Kim")])
    assert instrument_queries.gaps_of(whole, selectors=1) == []


# ── The face ──────────────────────────────────────────────────────────────────────────────────────────────
def test_everything_comes_in_at_once_or_not_at_all(casework: Casework) -> None:
    papers = [Paper(f"{n}.pdf", "application/pdf", Stored(n * 64, 3)) for n in "ab"]
    selectors = [Asked("address", " 0xABC "), Asked("email", "Kim@Example.Test")]
    order = casework.order(papers=papers, selectors=selectors, duties=[Duty("freeze", "Hold.")])
    assert (order.papers.count(), order.selectors.count(), order.obligations.count()) == (2, 2, 1)
    assert order.selectors.earliest("number").value == " 0xABC "
    for wrong in (
        {"papers": [Paper("c.pdf", "application/pdf", Stored("c" * 64, 0))]},
        {"selectors": [Asked("phone", "1")]},
        {"selectors": [Asked("email", " ")]},
        {"selectors": [Asked("email", "a", moment(), moment() - DAY)]},
        {"selectors": [Asked("email", "a", time_zone="Mars/Olympus")]},
    ):
        refusal(lambda wrong=wrong: casework.order(reference="DEMO-9", **wrong))
    assert LegalOrder.objects.count() == 1
    assert Selector.objects.count() == 2


@pytest.mark.parametrize("field", ["ends_at", "non_disclosure_until"])
def test_nothing_ends_before_it_was_issued(casework: Casework, field: str) -> None:
    assert refusal(lambda: casework.order(**{field: moment() - 9 * DAY})).field == field


def test_a_gag_that_no_duty_states_becomes_one(casework: Casework) -> None:
    until = moment() + 300 * DAY
    order = casework.order(non_disclosure_until=until, non_disclosure_terms="Tell no customer.")
    gag = order.obligations.get(kind="non_disclosure")
    assert (gag.text, gag.due_at) == ("Tell no customer.", until)
    stated = casework.order(
        reference="DEMO-2",
        non_disclosure_until=until,
        duties=[Duty("non_disclosure", "As paragraph 4 says.", due_at=until)],
    )
    assert stated.obligations.get().text == "As paragraph 4 says."
    # A preservation letter permits none; the term stands on its face all the same.
    letter = casework.order(
        reference="DEMO-3", instrument="preservation_letter", duties=[], non_disclosure_until=until
    )
    assert not letter.obligations.exists()
    assert letter.non_disclosure_until == until


def test_a_clock_rule_that_nobody_wrote_is_refused(casework: Casework) -> None:
    refusal(lambda: casework.order(duties=[Duty("freeze", "Hold.", rule="no_such_rule")]))
    refusal(lambda: casework.order(duties=[Duty("freeze", "Hold.", due_at=moment(), rule="no_such_rule")]))


# ── Look-alikes ───────────────────────────────────────────────────────────────────────────────────────────
def test_what_two_orders_share_is_compared_without_what_means_nothing() -> None:
    same = [
        ("address", "0xAB" + "c" * 38, "0xab" + "C" * 38),
        ("address", " bc1qxyz ", "BC1QXYZ"),
        ("email", "Kim@Example.Test", "kim@example.test"),
        ("name", "KIM,  Sang Man", "kim, sang man"),
    ]
    for kind, one, other in same:
        assert comparable(kind, one) == comparable(kind, other)
    first = "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ"
    assert comparable("address", first) != comparable("address", first.swapcase())


def found(casework: Casework, user: Any, **asked: Any) -> list[str]:
    values: dict[str, Any] = {"authority": "A court", "reference": "NEW-1"} | asked
    return [row.key for row in alike(user, **values)]


def test_look_alikes_are_the_same_paper_or_the_same_selectors(casework: Casework) -> None:
    first = casework.order(selectors=[Asked("email", "kim@example.test")])
    key = f"{casework.case.reference}/{first.number}"
    court = {"authority": "u.s. district court,  d.d.c.", "reference": " demo-1 "}
    assert found(casework, casework.lead, **court) == [key]
    assert found(casework, casework.lead, authority="Another court", reference="DEMO-1") == []
    assert found(casework, casework.lead, selectors=[("email", "KIM@example.test")]) == [key]
    assert found(casework, casework.lead, selectors=[("name", "kim@example.test")]) == []
    assert found(casework, casework.lead, selectors=[("email", "kim@example.test")], without=first) == []
    assert mark_of([]) == ""


def test_a_look_alike_that_one_may_not_know_is_not_told(casework: Casework) -> None:
    hidden = Casework.opened()
    hidden.order(selectors=[Asked("account", "EX-1")])
    court = {"authority": "U.S. District Court, D.D.C.", "reference": "DEMO-1"}
    for person in (casework.lead, casework.counsel, casework.liaison, casework.administrator):
        assert found(casework, person, selectors=[("account", "EX-1")], **court) == []
    assert len(found(casework, hidden.lead, **court)) == 1
    assert len(found(casework, casework.auditor, **court)) == 1


# ── As asked, as found ────────────────────────────────────────────────────────────────────────────────────
def test_every_look_for_a_selector_is_kept(casework: Casework) -> None:
    order = casework.order(selectors=[Asked("account", "EX-1001")])
    number = order.selectors.get().number
    account, other = casework.account(), Casework.opened()
    other.account("EX-2"), other.account("EX-3")

    def look(**values: Any) -> Finding:
        return orders.record_finding(grant=casework.grant(P.ORDERS), at=moment(), number=number, **values)

    look(outcome="not_found", remarks=" Asked the ledger. ")
    look(outcome="found", account_number=account.number)
    assert [row.outcome for row in Finding.objects.order_by("id")] == ["not_found", "found"]
    assert details_of(last_event(casework.case))["account"] == account.number
    for wrong in (
        {"outcome": "found"},
        {"outcome": "perhaps"},
        {"outcome": "found", "account_number": 1, "wallet_number": 1},
        {"outcome": "not_ours", "account_number": 1},
        {"outcome": "found", "account_number": 2},
    ):
        refusal(lambda wrong=wrong: look(**wrong))
    assert Finding.objects.count() == 2
    refusal(
        lambda: orders.record_finding(
            grant=casework.grant(P.ORDERS), at=moment(), number=99, outcome="not_found"
        ),
        NoSuchItem,
    )


# ── Authorities ───────────────────────────────────────────────────────────────────────────────────────────
def test_an_order_brings_its_authority_once_whatever_its_spelling(casework: Casework) -> None:
    first = casework.order(issuing_authority="A  Court", validating_authority="Ministry")
    second = casework.order(reference="DEMO-2", issuing_authority="a court")
    assert first.issuer == second.issuer
    assert (first.issuing_authority, second.issuing_authority) == ("A  Court", "a court")
    assert (first.validator.name, first.enforcer) == ("Ministry", None)
    assert Authority.objects.count() == 2


def kept(casework: Casework, authority: Authority, **values: Any) -> Any:
    facts = {"kind": "phone", "value": "+1 202 555 0100", "source": "The court's own directory"}
    return authorities.add_contact(by=casework.lead, at=moment(), authority=authority, **(facts | values))


def test_a_contact_says_where_it_was_found_and_stays(casework: Casework) -> None:
    authority = casework.order().issuer
    contact = kept(casework, authority)
    domain = kept(casework, authority, kind="domain", value="https://Court.Example.test/contact")
    assert (contact.number, domain.number, domain.value) == (1, 2, "court.example.test")
    for wrong, field in (
        ({"source": " "}, "source"),
        ({"kind": "fax"}, "kind"),
        ({"value": ""}, "value"),
        ({"kind": "email", "value": "nobody"}, "value"),
        ({"kind": "domain", "value": "not a domain"}, "value"),
        ({"value": "none"}, "value"),
        ({}, "value"),
    ):
        assert refusal(lambda wrong=wrong: kept(casework, authority, **wrong)).field == field
    authorities.end_contact(by=casework.counsel, at=moment(), contact=contact, reason="Number given up")
    refusal(lambda: authorities.end_contact(by=casework.counsel, at=moment(), contact=contact, reason="x"))
    assert kept(casework, authority).number == 3
    with pytest.raises(Denied):
        authorities.keep_authority(by=casework.auditor, at=moment(), name="x")


def test_an_authority_and_its_orders_are_shown_so_far_as_one_may_know_them(casework: Casework) -> None:
    other = Casework.opened()
    hidden = other.order(issuing_authority="Secret bureau").issuer
    assert hidden is not None
    assert authority_queries.authority_of(other.lead, hidden.public_id) == hidden
    with pytest.raises(NotFound):
        authority_queries.authority_of(casework.lead, hidden.public_id)
    assert hidden not in [row.authority for row in authority_queries.authority_list(casework.lead).rows]
    shared = casework.order(issuing_authority="Open court").issuer
    assert shared is not None
    other.order(reference="DEMO-5", issuing_authority="Open court")
    content = authority_queries.authority_content(casework.lead, shared)
    assert [order.case for order in content.orders] == [casework.case]
    assert len(authority_queries.authority_content(casework.auditor, shared).orders) == 2
    row = next(row for row in authority_queries.authority_list(casework.lead).rows if row.authority == shared)
    assert (row.orders, row.rejections) == (1, 0)


def test_an_authority_is_kept_before_any_order_of_it(casework: Casework) -> None:
    authority = authorities.keep_authority(
        by=casework.lead, at=moment(), name=" Interpol ", jurisdiction="FR"
    )
    assert authority.name == "Interpol"
    assert authority_queries.authority_of(casework.auditor, authority.public_id) == authority
    assert casework.order(issuing_authority="INTERPOL").issuer == authority
    with pytest.raises(ActionError):
        authorities.keep_authority(by=casework.lead, at=moment(), name="interpol")
    authorities.edit_authority(
        by=casework.counsel, at=moment(), authority=authority, jurisdiction="Lyon", remarks="24 h desk"
    )
    authority.refresh_from_db()
    assert (authority.jurisdiction, authority.remarks) == ("Lyon", "24 h desk")
