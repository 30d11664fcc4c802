"""What every test stands on: real PostgreSQL and Valkey, a flush that append-only tables allow, people and cases."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg2
import pytest
from django.core.cache import cache
from django.core.management.commands import flush
from django.db.backends.postgresql.operations import DatabaseOperations
from django.http import StreamingHttpResponse
from django.test import Client, override_settings
from psycopg2 import sql
from pytest_django import DjangoDbBlocker

from cases.people.models import User
from cases.sealing import blind, masters
from tests.support.casework import Casework, make_person
from tests.support.rows import arranged, taken_back

# What takes minutes, before what takes seconds: started last it would run beside an idle core.
LONG_FIRST = ("tests/journeys/test_dprk", "tests/runtime/", "tests/web/", "tests/api/")
# Their installation stays up until the session ends, with workers that take from whatever runs beside them.
LAST = "tests/journeys/test_"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first, an installation that stays up last; within them the random order stays."""

    def place(item: pytest.Item) -> int:
        rest = len(LONG_FIRST) + item.nodeid.startswith(LAST)
        return next((place for place, path in enumerate(LONG_FIRST) if item.nodeid.startswith(path)), rest)

    items.sort(key=place)


@pytest.fixture(autouse=True, scope="session")
def _flush_past_append_only() -> Iterator[None]:
    """Empty append-only tables after a test that really commits, as the cluster's superuser.

    The application's own role cannot: triggers refuse it, and it lacks the right where that was revoked. Only what
    holds rows is emptied, row by row: to truncate takes new files for each of a hundred tables and their indexes.
    What Django itself writes after migrations stays, and so need not be written anew.
    """
    kept = {"django_content_type", "auth_permission"}

    def execute_sql_flush(self: Any, sql_list: list[str]) -> None:
        names = self.connection.introspection.django_table_names(only_existing=True, include_views=False)
        superuser = psycopg2.connect(
            os.environ["HOLDFAST_TEST_SUPERUSER_URL"], dbname=self.connection.settings_dict["NAME"]
        )
        try:
            with superuser, superuser.cursor() as cursor:
                # Neither triggers nor foreign keys: every table that Django knows is emptied.
                cursor.execute("SET LOCAL session_replication_role = replica")
                cursor.execute(
                    sql.SQL(" UNION ALL ").join(
                        sql.SQL("(SELECT {} FROM {} LIMIT 1)").format(
                            sql.Literal(table), sql.Identifier(table)
                        )
                        for table in sorted(set(names) - kept)
                    )
                )
                for (table,) in cursor.fetchall():
                    cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        finally:
            superuser.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", execute_sql_flush)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *arguments: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def _passwords_hashed_fast() -> Iterator[None]:
    """For people that a whole module shares, too: the strength of a password is not what is tried here."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True, scope="session")
def _sealing_keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A master key for the run, and for the processes that tests start beside it."""
    folder = tmp_path_factory.mktemp("sealing")
    with override_settings(SEALING_KEYS=folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDFAST_SEALING_KEYS", str(folder))
        masters.make()
        blind.make()
        yield


@pytest.fixture(autouse=True)
def _files_of_its_own(settings: Any, tmp_path: Any) -> None:
    """No test sees another's files."""
    settings.FILES_ROOT = tmp_path / "files"


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
def rows_by_hand(db: None) -> Iterator[None]:
    """For a test that writes rows past the actions and does nothing afterwards that would tell of them."""
    yield
    arranged()


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """`client_of(user)`: a browser in which this person is logged in."""

    def logged_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return logged_in


def _whole(self: StreamingHttpResponse) -> bytes:
    """All of a streamed answer, read once; tests look at it as at any other."""
    if not hasattr(self, "_held"):
        self._held = b"".join(self.streaming_content)  # type: ignore[attr-defined, arg-type]
    held: bytes = self._held
    return held


StreamingHttpResponse.content = property(_whole)  # type: ignore[attr-defined, assignment]
