"""Migrations whose models are rendered once for many operations instead of once for each."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from pgtrigger.migrations import AddTrigger

_RULES = (migrations.AddConstraint, migrations.AddIndex, AddTrigger)


class GatheredMigration(migrations.Migration):
    """A migration that applies neighbouring operations of one kind on one state.

    Django renders the historical models around a changed one after each operation: with a hundred models and several
    hundred operations that takes far longer than PostgreSQL needs for all the work. Gathered are only operations
    that add something and that no other of the same kind can see: new models, new fields, and new constraints,
    indexes and triggers. Each does in the database what it does alone; whatever else a migration holds is applied
    one by one, as by Django. So are the way back and `sqlmigrate`.
    """

    def apply(
        self, project_state: ProjectState, schema_editor: BaseDatabaseSchemaEditor, collect_sql: bool = False
    ) -> ProjectState:
        if collect_sql or not schema_editor.atomic_migration:
            return super().apply(project_state, schema_editor, collect_sql)
        for operations in _gathered(self.operations):
            before = project_state.clone()
            if len(operations) > 1:
                # Without rendered models a state only notes what changes; the next who asks for them has them rendered.
                project_state.is_delayed = True
                project_state.clear_delayed_apps_cache()
            for operation in operations:
                operation.state_forwards(self.app_label, project_state)
            for operation in operations:
                operation.database_forwards(self.app_label, schema_editor, before, project_state)
        return project_state


def _gathered(operations: Any) -> Iterator[list[Operation]]:
    """The operations in their order, in groups that may share a state."""
    for kind, group in groupby(operations, _kind):
        if kind is None:
            yield from ([operation] for operation in group)
        else:
            yield list(group)


def _kind(operation: Operation) -> str | None:
    # The exact classes: what a subclass reads from the state is not known.
    if type(operation) in _RULES:
        return "rules"
    return (
        type(operation).__name__ if type(operation) in (migrations.CreateModel, migrations.AddField) else None
    )
