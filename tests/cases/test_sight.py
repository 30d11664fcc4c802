"""What a page reads is of one moment: what is sealed while it is read is seen by no part of it."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections
from django.db.utils import InternalError

from cases.models import Case
from cases.queries import due, work
from cases.queries.sight import NAMED, Sight, one_moment
from tests.support.casework import Casework


def meanwhile(act: Callable[[], object]) -> None:
    """Somebody else does this, and it is committed."""

    def work() -> None:
        try:
            act()
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@pytest.mark.django_db(transaction=True)
def test_an_order_that_is_sealed_meanwhile_is_on_no_list_of_the_moment_before() -> None:
    casework = Casework.opened()
    user = casework.approver
    with one_moment():
        sight = Sight.at_once(user)
        assert sight.hidden == frozenset()
        meanwhile(lambda: casework.order(sealed=True))
        assert work.unverified(sight) == []
        assert due.nearest(due.Scope.of(sight)) == []
    with one_moment():
        sight = Sight.at_once(user)
        assert isinstance(sight.hidden, frozenset)
        assert len(sight.hidden) == 1
        assert work.unverified(sight) == []
        assert due.nearest(due.Scope.of(sight)) == []
    with one_moment():
        sight = Sight.at_once(casework.lead)
        assert len(work.unverified(sight)) == 1
        assert due.nearest(due.Scope.of(sight))


@pytest.mark.django_db(transaction=True)
def test_nothing_is_written_while_a_page_is_read() -> None:
    casework = Casework.opened()
    with pytest.raises(InternalError, match="read-only"), one_moment():
        Case.objects.filter(pk=casework.case.pk).update(title="Written")
    assert not connection.in_atomic_block


@pytest.mark.django_db
def test_many_hidden_orders_are_asked_for_in_each_statement(
    casework: Casework, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cases.queries.sight.NAMED", 1)
    assert NAMED > 1
    for number in range(2):
        casework.order(sealed=True, reference=f"DEMO-{number}")
    user = casework.approver
    sight = Sight.at_once(user)
    assert not isinstance(sight.hidden, frozenset)
    assert work.unverified(sight) == []
    assert due.nearest(due.Scope.of(sight)) == []
