"""People, by their administrator's pages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.audit.models import Event
from cases.people.models import User
from cases.queries.people import PeopleFilter, people_list
from tests.support.casework import Casework, make_person

ClientOf = Callable[[User], Client]
PASSWORD = "a long enough secret 7"


@pytest.fixture
def admin(person: Callable[..., User], client_of: ClientOf) -> Client:
    return client_of(person("administrator"))


def typed(**changes: Any) -> dict[str, Any]:
    return {
        "email": "New.Person@example.test",
        "name": "New Person",
        "role": "investigator",
        "agency": "",
        "password": PASSWORD,
        "again": PASSWORD,
        **changes,
    }


def test_only_the_administrator_enters(casework: Casework, client_of: ClientOf) -> None:
    somebody = reverse("person-edit", args=[casework.lead.public_id])
    for path in (reverse("people-list"), reverse("person-create"), somebody):
        assert client_of(casework.administrator).get(path).status_code == 200
        for other in (casework.lead, casework.approver, casework.counsel, casework.auditor, casework.liaison):
            assert client_of(other).get(path).status_code == 403
        assert Client().get(path).status_code == 302
    assert client_of(casework.auditor).post(reverse("person-create"), typed()).status_code == 403
    assert not User.objects.filter(email="new.person@example.test").exists()
    assert Event.objects.filter(action="access.denied").exists()


def test_a_person_is_added_and_can_log_in(admin: Client, client: Client) -> None:
    assert admin.post(reverse("person-create"), typed()).status_code == 303
    added = User.objects.get(email="new.person@example.test")
    assert added.check_password(PASSWORD)
    assert "New Person can log in now." in admin.get(reverse("people-list")).content.decode()
    answer = client.post(reverse("account_login"), {"login": "new.person@example.test", "password": PASSWORD})
    assert answer.status_code == 302
    event = Event.objects.filter(action="person.added").order_by("-sequence").first()
    assert event is not None
    assert PASSWORD not in str(event.values) + str(bytes(event.body))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"email": "nobody"}, "Enter a valid email address."),
        ({"email": ""}, "This field is required."),
        ({"name": " "}, "This field is required."),
        ({"role": "king"}, "Select a valid choice."),
        ({"role": ""}, "This field is required."),
        ({"role": "liaison"}, "Name the agency that the liaison works for."),
        ({"password": "short", "again": "short"}, "at least 12 characters"),
        ({"password": "123456789012", "again": "123456789012"}, "entirely numeric"),
        ({"password": "password1234", "again": "password1234"}, "too common"),
        ({"again": PASSWORD + "x"}, "The two passwords differ."),
        ({"again": ""}, "This field is required."),
    ],
)
def test_a_wrong_person_is_422_and_saves_nothing(admin: Client, changes: dict[str, Any], words: str) -> None:
    answer = admin.post(reverse("person-create"), typed(**changes))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert PASSWORD not in page
    if "email" not in changes:
        assert "New.Person@example.test" in page
    assert User.objects.count() == 1


def test_an_e_mail_stands_once_whatever_its_case(admin: Client) -> None:
    admin.post(reverse("person-create"), typed())
    answer = admin.post(reverse("person-create"), typed(email="NEW.person@EXAMPLE.test"))
    assert answer.status_code == 422
    assert "Somebody has this e-mail already." in answer.content.decode()


def test_a_person_is_changed_and_let_out(
    admin: Client, person: Callable[..., User], client_of: ClientOf
) -> None:
    somebody = person("investigator", "Ines")
    hers = client_of(somebody)
    path = reverse("person-edit", args=[somebody.public_id])
    assert 'value="Ines"' in admin.get(path).content.decode()
    changed = {"name": "Ines Okafor", "role": "approver", "agency": "", "is_active": "on"}
    assert admin.post(path, changed).status_code == 303
    somebody.refresh_from_db()
    assert (somebody.name, somebody.role, somebody.is_active) == ("Ines Okafor", "approver", True)
    assert admin.post(path, {**changed, "is_active": ""}).status_code == 303
    assert hers.get(reverse("case-list")).status_code == 302
    assert "Deactivated" in admin.get(reverse("people-list")).content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"role": "king"}, "Select a valid choice."),
        ({"role": "liaison"}, "Name the agency"),
        ({"is_active": ""}, "leads cases that are not closed"),
        ({"role": "auditor"}, "leads cases that are not closed"),
    ],
)
def test_a_wrong_change_is_422_and_saves_nothing(
    casework: Casework, client_of: ClientOf, changes: dict[str, Any], words: str
) -> None:
    data = {"name": "Other Name", "role": "investigator", "agency": "", "is_active": "on", **changes}
    answer = client_of(casework.administrator).post(
        reverse("person-edit", args=[casework.lead.public_id]), data
    )
    assert answer.status_code == 422
    assert words in answer.content.decode()
    casework.lead.refresh_from_db()
    assert (casework.lead.role, casework.lead.is_active) == ("investigator", True)
    assert casework.lead.name != "Other Name"


def test_nobody_changes_her_own_role(casework: Casework, client_of: ClientOf) -> None:
    admin = client_of(casework.administrator)
    path = reverse("person-edit", args=[casework.administrator.public_id])
    assert "This is you." in admin.get(path).content.decode()
    for data in ({"role": "approver", "is_active": "on"}, {"role": "administrator", "is_active": ""}):
        answer = admin.post(path, {"name": "Root", "agency": "", **data})
        assert answer.status_code == 422
        assert "You cannot change your own role" in answer.content.decode()


def test_nobody_by_an_unknown_identifier(admin: Client) -> None:
    path = reverse("person-edit", args=["00000000-0000-4000-8000-000000000000"])
    assert admin.get(path).status_code == 404
    assert admin.get("/people/1/edit/").status_code == 404


def test_the_list_is_narrowed_and_walked(admin: Client, person: Callable[..., User]) -> None:
    for name in ("Delta", "alpha", "Charlie", "bravo"):
        person("counsel", name)
    page = admin.get(reverse("people-list"), {"role": "counsel"}).content.decode()
    assert page.index("alpha") < page.index("bravo") < page.index("Charlie") < page.index("Delta")
    # In the list: her own name stands at the head of every page.
    assert "Administrator" not in page[page.index("<tbody") : page.index("</tbody")]
    assert (
        "Nobody fits the filter"
        in admin.get(reverse("people-list"), {"role": "counsel", "state": "inactive"}).content.decode()
    )
    assert admin.get(reverse("people-list"), {"role": "king", "after": "rubbish"}).status_code == 200
    narrowed = PeopleFilter(role="counsel")
    first = people_list(narrowed, size=2)
    assert [one.name for one in first.rows] == ["alpha", "bravo"]
    second = people_list(narrowed, after=first.next_cursor, size=2)
    assert [one.name for one in second.rows] == ["Charlie", "Delta"]
    assert second.next_cursor is None
    back = people_list(narrowed, before=second.previous_cursor, size=2)
    assert [one.name for one in back.rows] == ["alpha", "bravo"]
    assert back.previous_cursor is None
    assert first.next_cursor is not None
    assert "bravo" not in first.next_cursor


def test_the_list_costs_the_same_with_more_people(admin: Client) -> None:
    def cost() -> int:
        admin.get(reverse("people-list"))
        with CaptureQueriesContext(connection) as seen:
            admin.get(reverse("people-list"))
        return len(seen)

    before = cost()
    for _each in range(5):
        make_person("investigator")
    assert cost() == before
