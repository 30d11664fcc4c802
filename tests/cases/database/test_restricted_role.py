"""The web process under a role that owns nothing: the product works, and the record is out of its reach."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from cases.actions import cases as case_actions
from cases.actions.people import create_token
from cases.audit.models import Event, Stream
from cases.audit.verify import verify_stream
from cases.models import Note
from cases.permissions import Permission
from tests.support.casework import PASSWORD, Casework, moment
from tests.support.rows import execute

pytestmark = pytest.mark.django_db
ROLE = "holdfast_web_of_tests"


@pytest.fixture(scope="module", autouse=True)
def role() -> Iterator[None]:
    """A role without any right, which the tests' own may put on."""
    superuser = psycopg2.connect(os.environ["HOLDFAST_TEST_SUPERUSER_URL"])
    superuser.autocommit = True
    with superuser.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", [ROLE])
        if cursor.fetchone() == (0,):
            cursor.execute(f"CREATE ROLE {ROLE} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
        cursor.execute(f'GRANT {ROLE} TO "{connection.settings_dict["USER"]}"')
    superuser.close()
    yield


@contextmanager
def restricted() -> Iterator[None]:
    """Everything inside is asked of the database by the restricted role."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {ROLE}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


@pytest.fixture
def granted(casework: Casework) -> Casework:
    call_command("restrict_role", ROLE, verbosity=0)
    return casework


def test_people_work_as_ever(granted: Casework) -> None:
    with restricted():
        browser = Client()
        answer = browser.post("/accounts/login/", {"login": granted.lead.email, "password": PASSWORD})
        assert answer.status_code == 302
        path = reverse("note-create", args=[granted.case.reference])
        assert browser.post(path, {"text": "Called the clerk."}).status_code in (302, 303)
        assert browser.get(reverse("chronology", args=[granted.case.reference])).status_code == 200
        granted.accepted_order()
        at = moment()
        _token, secret = create_token(
            by=granted.lead, at=at, label="loader", expires_at=at + timedelta(days=1)
        )
        program = Client(headers={"Authorization": f"Bearer {secret}"})
        assert program.get(f"/api/v1/cases/{granted.case.reference}").status_code == 200
        assert program.get("/api/v1/people").status_code == 403
        case_actions.write_note(grant=granted.grant(Permission.NOTE), at=moment(), text="Again.")
        assert browser.post("/accounts/logout/").status_code == 302
    assert Note.objects.count() == 2
    assert Event.objects.filter(action="login.ended").count() == 1
    for stream in Stream.objects.all():
        assert verify_stream(stream) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET action = 'x'",
        "UPDATE audit_event SET sealed_values = ''",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "TRUNCATE audit_stream CASCADE",
        "DELETE FROM audit_stream",
        "UPDATE audit_stream SET length = 0",
        "UPDATE audit_stream SET head_hash = ''",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "ALTER TABLE audit_event ADD COLUMN more text",
        "ALTER TABLE cases_note DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_gather_cases_note ON cases_note",
        "DROP TRIGGER audit_must_be_told_cases_note ON cases_note",
        "CREATE TRIGGER quiet BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_gather()",
        "CREATE RULE quiet AS ON INSERT TO audit_event DO INSTEAD NOTHING",
        "DROP FUNCTION audit_gather() CASCADE",
        "CREATE OR REPLACE FUNCTION audit_gather() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "DROP TABLE audit_event CASCADE",
        "ALTER TABLE audit_event OWNER TO CURRENT_USER",
        "GRANT UPDATE ON audit_event TO PUBLIC",
        "SET session_replication_role = replica",
        "COPY audit_event FROM PROGRAM 'true'",
        "ALTER ROLE CURRENT_USER SUPERUSER",
    ],
)
def test_the_record_is_out_of_its_reach(granted: Casework, statement: str) -> None:
    before = list(Event.objects.order_by("pk").values_list("pk", "hash", "action"))
    refused = None
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {ROLE}")
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
        except DatabaseError as error:
            refused = error
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
    if refused is None:
        # A grant of what one has not is only warned of: nobody has the right all the same.
        assert statement.startswith("GRANT")
        with connection.cursor() as cursor:
            cursor.execute("SELECT has_table_privilege(%s, 'audit_event', 'UPDATE')", [ROLE])
            assert cursor.fetchone() == (False,)
    else:
        assert getattr(refused.__cause__, "pgcode", "") in {"42501", "55000", "0A000"}, refused
    assert list(Event.objects.order_by("pk").values_list("pk", "hash", "action")) == before


def test_a_change_of_the_casework_that_nobody_tells_is_refused_to_it_too(granted: Casework) -> None:
    with pytest.raises(DatabaseError, match="no event tells of it"), transaction.atomic(), restricted():
        execute("UPDATE cases_case SET title = 'Another' WHERE id = %s", granted.case.pk)
        execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("wrong", ["nobody_of_this_name", "owner", "superuser"])
def test_a_role_from_which_nothing_can_be_kept_is_refused(db: None, wrong: str) -> None:
    name = wrong
    if wrong == "owner":
        name = str(connection.settings_dict["USER"])
    elif wrong == "superuser":
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolname FROM pg_roles WHERE rolsuper LIMIT 1")
            name = cursor.fetchone()[0]
    with pytest.raises(CommandError):
        call_command("restrict_role", name)
