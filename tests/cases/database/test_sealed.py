"""Somebody always knows a sealed order, and whoever has a duty in it: tried by SQL past the ORM."""

from datetime import timedelta

from django.db import connection

from cases.actions import orders
from cases.actions.orders import Duty
from cases.models import LegalOrder, OrderReader
from cases.permissions import Permission
from tests.cases.database.test_before_verification import refused
from tests.support.casework import Casework, moment
from tests.support.rows import changed, undone

P = Permission


def sealed(casework: Casework) -> LegalOrder:
    due = moment() + timedelta(days=2)
    order = casework.accepted_order(duties=[Duty("freeze", "Hold.", due_at=due, responsible=casework.lead)])
    return orders.seal_order(
        grant=casework.grant(P.ORDERS),
        at=moment(),
        number=order.number,
        readers=[casework.counsel],
        reason="By the court",
    )


def run(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def test_an_order_is_not_sealed_for_nobody(casework: Casework) -> None:
    order = casework.order()
    refused(lambda: changed(order, order.pk, {"sealed": True}), match="somebody must know")


def test_the_last_reader_stays_and_so_does_whoever_has_a_duty(casework: Casework) -> None:
    order = sealed(casework)
    end = "UPDATE cases_orderreader SET ended_at = now(), ended_by_id = user_id WHERE order_id = %s AND user_id = %s"
    refused(lambda: run(end, order.pk, casework.lead.pk), match="somebody must know")
    with undone():
        run(end, order.pk, casework.counsel.pk)
        run(
            "UPDATE cases_obligation SET responsible_id = NULL WHERE order_id = %s",
            order.pk,
        )
        refused(lambda: run(end, order.pk, casework.lead.pk), match="somebody must know")


def test_a_duty_in_it_is_given_to_nobody_else(casework: Casework) -> None:
    order = sealed(casework)
    give = "UPDATE cases_obligation SET responsible_id = %s WHERE order_id = %s"
    refused(lambda: run(give, casework.approver.pk, order.pk), match="sealed from the responsible")
    with undone():
        run(give, casework.counsel.pk, order.pk)


def test_a_reader_is_in_the_case_and_is_never_rewritten(casework: Casework) -> None:
    order = sealed(casework)
    named = {"case": casework.case, "order": order, "named_at": moment(), "named_by": casework.lead}
    refused(lambda: OrderReader.objects.create(user=casework.outsider, **named), match="is in its case")
    refused(lambda: OrderReader.objects.create(user=casework.lead, **named), match="order_reader_once")
    row = "UPDATE cases_orderreader SET user_id = %s WHERE order_id = %s AND user_id = %s"
    refused(lambda: run(row, casework.approver.pk, order.pk, casework.counsel.pk), match="is not changed")
    refused(lambda: run("DELETE FROM cases_orderreader"), match="cases_orderreader")
    half = "UPDATE cases_orderreader SET ended_at = now() WHERE order_id = %s AND user_id = %s"
    refused(lambda: run(half, order.pk, casework.counsel.pk), match="order_reader_ended_pair")


def test_a_membership_does_not_end_while_it_knows_something_sealed(casework: Casework) -> None:
    sealed(casework)
    refused(
        lambda: run(
            "UPDATE cases_membership SET ended_at = now(), ended_by_id = user_id WHERE user_id = %s",
            casework.counsel.pk,
        ),
        match="handed over first",
    )
