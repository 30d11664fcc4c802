"""What a page reads is of one moment: what is sealed while it is read is seen by no part of it."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections
from django.db.utils import InternalError

from cases.models import Case
from cases.queries import due, work
from cases.queries.sight import NAMED, Sight, hidden_at_once, one_moment
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
        hidden = hidden_at_once(user)
        assert hidden == frozenset()
        meanwhile(lambda: casework.order(sealed=True))
        assert work.unverified(Sight.of_user(user, hidden=hidden)) == []
        assert due.nearest(due.Scope.visible_to(user, hidden=hidden)) == []
    with one_moment():
        hidden = hidden_at_once(user)
        assert isinstance(hidden, frozenset)
        assert len(hidden) == 1
        assert work.unverified(Sight.of_user(user, hidden=hidden)) == []
        assert due.nearest(due.Scope.visible_to(user, hidden=hidden)) == []
    with one_moment():
        hidden = hidden_at_once(casework.lead)
        assert len(work.unverified(Sight.of_user(casework.lead, hidden=hidden))) == 1
        assert due.nearest(due.Scope.visible_to(casework.lead, hidden=hidden))


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
    hidden = hidden_at_once(user)
    assert not isinstance(hidden, frozenset)
    assert work.unverified(Sight.of_user(user, hidden=hidden)) == []
    assert due.nearest(due.Scope.visible_to(user, hidden=hidden)) == []
