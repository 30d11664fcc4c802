"""The whole database in a few words, to say that something changed nothing."""

from django.apps import apps
from django.db import connection


def digest(*, without: frozenset[str] = frozenset({"sessions.Session"})) -> dict[str, str]:
    """MD5 of each table's rows, whatever their order; `without` names models that are left out."""
    tables = sorted(
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and model._meta.label not in without
    )
    found: dict[str, str] = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(
                f"SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM {table} AS t"
            )
            found[table] = cursor.fetchone()[0]
    return found
