"""Gathered migrations do in the database, statement for statement, what Django does with one operation at a time."""

import pytest
from django.db import connection, migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.loader import MigrationLoader
from django.db.models import CheckConstraint, F, Q

from wallets.migrating import GatheredMigration, _gathered

# One by one, these take most of a minute.
_LARGE = {("cases", "0001_initial"), ("cases", "0010_process")}


def gathered_ones() -> list[object]:
    nodes = MigrationLoader(None).disk_migrations.items()
    return [
        pytest.param(node, id=".".join(node), marks=[pytest.mark.long] if node in _LARGE else [])
        for node, migration in sorted(nodes)
        if isinstance(migration, GatheredMigration)
    ]


def statements(node: tuple[str, str], kind: type[migrations.Migration]) -> list[str]:
    """What this migration would do, applied as `kind` applies one."""
    loader = MigrationLoader(None)
    migration = loader.get_migration(*node)
    state = loader.project_state(node, at_end=False)
    editor: BaseDatabaseSchemaEditor
    with connection.schema_editor(collect_sql=True, atomic=True) as editor:
        kind.apply(migration, state, editor)
    return [str(line) for line in editor.collected_sql]


@pytest.mark.django_db
@pytest.mark.parametrize("node", gathered_ones())
def test_the_statements_are_those_of_django(node: tuple[str, str]) -> None:
    gathered = statements(node, GatheredMigration)
    assert len(gathered) > 10
    assert gathered == statements(node, migrations.Migration)


def test_only_neighbours_of_one_kind_are_gathered() -> None:
    rule = migrations.AddConstraint("a", CheckConstraint(condition=Q(x=F("y")), name="c"))
    new = migrations.CreateModel("a", [])
    gone = migrations.DeleteModel("b")
    free = migrations.RunSQL("SELECT 1")
    operations = [new, new, rule, rule, new, gone, gone, free, rule]
    assert [len(group) for group in _gathered(operations)] == [2, 2, 1, 1, 1, 1, 1]
    assert [operation for group in _gathered(operations) for operation in group] == operations
