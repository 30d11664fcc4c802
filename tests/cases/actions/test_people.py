"""People, what they may become, and the tokens of their programs."""

from datetime import timedelta
from typing import Any

import pytest

from cases.access import Denied
from cases.actions import cases, people
from cases.models import Case
from cases.people.models import ApiToken, Role, User, digest_of_token
from cases.permissions import Permission
from tests.cases.actions.support import details_of, refusal, system_event
from tests.support.casework import Casework, make_person, moment

pytestmark = pytest.mark.django_db


def add(by: User | None, **values: Any) -> User:
    person: dict[str, Any] = {
        "email": "new@example.test",
        "name": "New Person",
        "role": "investigator",
        "password": None,
    }
    return people.add_person(by=by, at=moment(), **person | values)


def edit(by: User, user: User, **values: Any) -> User:
    now = {"name": user.name, "role": user.role, "agency": user.agency, "is_active": user.is_active}
    return people.edit_person(by=by, at=moment(), user=user, **now | values)


@pytest.mark.parametrize("role", [role for role in Role.values if role != "administrator"])
def test_only_an_administrator_adds_and_changes_people(role: str) -> None:
    by = make_person(role)
    with pytest.raises(Denied):
        add(by)
    with pytest.raises(Denied):
        edit(by, by, name="Another")


def test_an_administrator_who_was_locked_out_adds_nobody(casework: Casework) -> None:
    casework.administrator.is_active = False
    with pytest.raises(Denied):
        add(casework.administrator)


def test_an_email_is_one_persons_however_it_is_written(casework: Casework) -> None:
    by = casework.administrator
    assert add(by, email=" New@Example.TEST ").email == "new@example.test"
    assert refusal(lambda: add(by, email="NEW@example.test")).field == "email"
    assert refusal(lambda: add(by, email="no address")).field == "email"
    assert refusal(lambda: add(by, email="a@example.test", name=" ")).field == "name"
    assert refusal(lambda: add(by, email="a@example.test", role="superuser")).field == "role"
    assert refusal(lambda: add(by, email="a@example.test", role="liaison")).field == "agency"


def test_without_a_password_nobody_logs_in_with_one(casework: Casework) -> None:
    assert not add(casework.administrator).has_usable_password()


def test_passwords_are_not_in_the_record(casework: Casework) -> None:
    add(casework.administrator, password="correct horse battery staple")
    event = system_event()
    assert event.action == "person.added"
    assert "horse" not in str(event.values) + bytes(event.body).decode()


def test_an_administrator_neither_locks_herself_out_nor_changes_her_own_role(casework: Casework) -> None:
    by = casework.administrator
    assert refusal(lambda: edit(by, by, is_active=False)).field == "role"
    assert refusal(lambda: edit(by, by, role="auditor")).field == "role"
    assert edit(by, by, name="Another Name").name == "Another Name"


def test_who_leads_an_open_case_hands_it_over_before_leaving(casework: Casework) -> None:
    by = casework.administrator
    for change in ({"is_active": False}, {"role": "auditor"}, {"role": "administrator"}):
        assert refusal(lambda change=change: edit(by, casework.lead, **change)).field == "role"
    assert edit(by, casework.lead, role="approver").role == "approver"
    cases.change_lead(grant=casework.grant(Permission.MEMBERS), at=moment(), user=casework.approver)
    casework.lead.refresh_from_db()
    assert edit(by, casework.lead, is_active=False).is_active is False
    assert details_of(system_event())["changes"] == {"is_active": [True, False]}


def test_a_person_who_was_locked_out_sees_no_case(casework: Casework) -> None:
    casework.approver.is_active = False
    assert not Case.objects.visible_to(casework.approver).exists()


def test_a_change_of_nothing_is_no_event(casework: Casework) -> None:
    add(casework.administrator)
    event = system_event()
    edit(casework.administrator, casework.lead)
    assert system_event() == event


@pytest.mark.parametrize(
    ("values", "field"),
    [({"name": ""}, "name"), ({"role": "root"}, "role"), ({"role": "liaison", "agency": " "}, "agency")],
)
def test_a_change_that_does_not_make_sense_is_refused(
    casework: Casework, values: dict[str, Any], field: str
) -> None:
    assert refusal(lambda: edit(casework.administrator, casework.outsider, **values)).field == field


# ── Tokens ────────────────────────────────────────────────────────────────────────────────────────────────
def create(by: User, **values: Any) -> tuple[ApiToken, str]:
    at = moment()
    return people.create_token(
        by=by, at=at, **{"label": "script", "expires_at": at + timedelta(days=30)} | values
    )


def test_a_token_is_kept_only_as_its_digest(casework: Casework) -> None:
    token, secret = create(casework.lead)
    assert secret.startswith("hfst_")
    assert len(secret) >= 40
    assert token.digest == digest_of_token(secret) != secret
    event = system_event()
    assert secret not in str(event.values) + bytes(event.body).decode()
    assert not any(secret in str(value) for value in ApiToken.objects.values().get().values())
    assert create(casework.lead)[1] != secret


def test_a_digest_depends_on_the_installations_key(settings: Any) -> None:
    before = digest_of_token("hfst_x")
    settings.SECRET_KEY = "another"
    assert digest_of_token("hfst_x") != before


def test_a_token_ends_within_a_year(casework: Casework) -> None:
    at = moment()
    for expires_at in (at, at - timedelta(days=1), at + timedelta(days=366)):
        assert (
            refusal(
                lambda expires_at=expires_at: people.create_token(
                    by=casework.lead, at=at, label="x", expires_at=expires_at
                )
            ).field
            == "expires_at"
        )
    assert refusal(lambda: create(casework.lead, label=" ")).field == "label"
    longest = at + people.LONGEST_TOKEN
    token, _secret = people.create_token(by=casework.lead, at=at, label="x", expires_at=longest)
    assert token.is_live(at)
    assert token.is_live(longest - timedelta(microseconds=1))
    assert not token.is_live(longest)
    assert not token.is_live(at - timedelta(microseconds=1))


def test_a_token_is_revoked_by_its_owner_and_once(casework: Casework) -> None:
    token, _secret = create(casework.lead)
    refusal(lambda: people.revoke_token(by=casework.administrator, at=moment(), token=token))
    at = moment()
    revoked = people.revoke_token(by=casework.lead, at=at, token=token)
    assert revoked.revoked_at == at
    assert not revoked.is_live(at)
    event = system_event()
    assert people.revoke_token(by=casework.lead, at=moment(), token=token).revoked_at == at
    assert system_event() == event
