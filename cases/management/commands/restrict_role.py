"""Give a database role what the web process needs and no more: it writes the record, and can neither change nor ignore it.

The tables' owner may take triggers off; whoever serves requests from outside need not be their owner. Run as the owner
after each migration; the role then stands in the web process's `DATABASE_URL`.
"""

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from psycopg2 import sql

# Written once and never changed: a row comes in, and nothing else happens to it.
ONLY_ADDED: Final = ("audit_event",)
# The head of a stream moves by the event's own trigger, which runs with the rights of who writes the event.
MOVED_BY_TRIGGERS: Final = ("audit_stream",)


class Command(BaseCommand):
    help = "Grant a database role what the web process needs: it can add to the record, not change it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", help="An existing role that is no superuser and owns nothing here.")

    @transaction.atomic
    def handle(self, *args: Any, role: str, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper, rolname = current_user FROM pg_roles WHERE rolname = %s", [role])
            found = cursor.fetchone()
            if found is None:
                raise CommandError(f"There is no role {role}.")
            if found[0] or found[1]:
                raise CommandError(
                    f"{role} is a superuser, or the tables' owner: no right can be kept from it."
                )
            name = sql.Identifier(role)
            for statement in (
                "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
                "GRANT USAGE ON SCHEMA public TO {role}",
                "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
                "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
            ):
                cursor.execute(sql.SQL(statement).format(role=name))
            for table in ONLY_ADDED:
                cursor.execute(
                    sql.SQL("REVOKE UPDATE, DELETE ON {} FROM {}").format(sql.Identifier(table), name)
                )
            for table in MOVED_BY_TRIGGERS:
                cursor.execute(sql.SQL("REVOKE DELETE ON {} FROM {}").format(sql.Identifier(table), name))
        self.stdout.write(f"{role} can add to the record and change nothing of it.")
