"""What every test stands on: real PostgreSQL and Valkey, a flush that append-only tables allow, people and cases."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg2
import pytest
from django.core.cache import cache
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import Client
from pytest_django import DjangoDbBlocker

from cases.people.models import User
from tests.support.casework import Casework, make_person
from tests.support.rows import taken_back


@pytest.fixture(autouse=True, scope="session")
def _flush_past_append_only() -> Iterator[None]:
    """Empty append-only tables after a test that really commits, as the cluster's superuser.

    The application's own role cannot: triggers refuse it, and it lacks the right where that was revoked.
    """

    def execute_sql_flush(self: Any, sql_list: list[str]) -> None:
        superuser = psycopg2.connect(
            os.environ["HOLDFAST_TEST_SUPERUSER_URL"], dbname=self.connection.settings_dict["NAME"]
        )
        try:
            with superuser, superuser.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
                for sql in sql_list:
                    cursor.execute(sql)
        finally:
            superuser.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", execute_sql_flush)
        yield


@pytest.fixture(autouse=True)
def _files_of_its_own(settings: Any, tmp_path: Any) -> None:
    """No test sees another's files, and passwords are hashed fast: their strength is not what is tried here."""
    settings.FILES_ROOT = tmp_path / "files"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Rate limits and heartbeats of one test do not reach the next."""
    yield
    cache.clear()


@pytest.fixture(scope="module")
def one_transaction(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A transaction for all tests of a module, taken back after the last. None of them may ask for `db`, which ends it.

    What the tests share is made in it once; each keeps what it does to itself in a savepoint.
    """
    # The database is made where some test of the run is marked: these are not, lest each gets a transaction of its own.
    request.node.add_marker(pytest.mark.django_db)
    request.getfixturevalue("django_db_setup")
    request.node.own_markers.pop()
    with django_db_blocker.unblock(), taken_back():
        yield


@pytest.fixture
def now() -> datetime:
    """The moment at which a test's actions happen: the real one, since actions refuse the future."""
    return datetime.now(UTC)


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    """`person("approver")`: a new person with this role."""
    return make_person


@pytest.fixture
def casework(db: None) -> Casework:
    """A case with a lead, an approver, counsel, a reader, an outsider, an auditor, a liaison, an administrator."""
    return Casework.opened()


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """`client_of(user)`: a browser in which this person is logged in."""

    def logged_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return logged_in
