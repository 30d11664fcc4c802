"""A record that takes nothing: the insert of every event fails, as a full or broken disk would make it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from django.db import connection

NO_EVENTS = """
CREATE FUNCTION pg_temp_no_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER aaa_no_event BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION pg_temp_no_event();
"""
EVENTS = "DROP TRIGGER aaa_no_event ON audit_event; DROP FUNCTION pg_temp_no_event();"


@contextmanager
def nothing_is_recorded() -> Iterator[None]:
    """Inside, no event can be written. In a test's own transaction, so that no other test notices."""
    with connection.cursor() as cursor:
        cursor.execute(NO_EVENTS)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(EVENTS)


@contextmanager
def nothing_is_recorded_anywhere() -> Iterator[None]:
    """The same for every connection, by the cluster's superuser: for tests that really commit."""
    superuser = psycopg2.connect(
        os.environ["HOLDFAST_TEST_SUPERUSER_URL"], dbname=connection.settings_dict["NAME"]
    )
    superuser.autocommit = True
    try:
        with superuser.cursor() as cursor:
            cursor.execute(NO_EVENTS)
            try:
                yield
            finally:
                cursor.execute(EVENTS)
    finally:
        superuser.close()
