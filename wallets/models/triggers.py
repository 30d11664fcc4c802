"""Triggers that no session can talk itself out of.

pgtrigger's own template asks the session variable `pgtrigger.ignore` first, which any SQL session may set. A
table that a court relies on must not have such a switch, so these are compiled from a template without it.
"""

from typing import Any

import pgtrigger
from pgtrigger import compiler


class FirmTriggerSql(compiler.UpsertTriggerSql):
    """The SQL of a trigger that cannot be ignored. Migrations refer to it: never edit the template, add
    another.
    """

    def get_template(self) -> str:
        return """
            CREATE OR REPLACE FUNCTION {pgid}()
            RETURNS TRIGGER AS $$
                {declare}
                BEGIN
                    {func}
                END;
            $$ LANGUAGE plpgsql;

            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE {constraint} TRIGGER {pgid}
                {when} {operation} ON {table}
                {timing}
                {referencing}
                FOR EACH {level} {condition}
                EXECUTE FUNCTION {execute};

            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class FirmTrigger(pgtrigger.Trigger):
    """A trigger that `pgtrigger.ignore` does not reach."""

    def compile(self, model: Any) -> compiler.Trigger:
        return compiler.Trigger(
            name=str(self.name),
            sql=FirmTriggerSql(
                pgid=self.get_pgid(model),
                declare=self.render_declare(model),
                func=self.render_func(model),
                table=model._meta.db_table,
                when=self.when,
                operation=self.operation,
                level=self.level,
                condition=self.render_condition(model),
                execute=self.render_execute(model),
            ),
        )


def append_only(table: str) -> list[FirmTrigger]:
    """Refuse UPDATE and DELETE by row, and TRUNCATE, which fires no row trigger, by statement."""
    refuse = (
        f"RAISE EXCEPTION '% of {table} is refused: the table is append-only', TG_OP "
        "USING ERRCODE = 'restrict_violation';"
    )
    return [
        FirmTrigger(
            name="append_only_rows",
            when=pgtrigger.Before,
            operation=pgtrigger.Update | pgtrigger.Delete,
            func=refuse,
        ),
        FirmTrigger(
            name="append_only_table",
            when=pgtrigger.Before,
            level=pgtrigger.Statement,
            operation=pgtrigger.Truncate,
            func=refuse,
        ),
    ]


def recorded_by_database() -> FirmTrigger:
    """`recorded_at` is the database's clock whatever the statement says: nobody can date a row back."""
    return FirmTrigger(
        name="recorded_at_by_database",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        func="NEW.recorded_at := clock_timestamp(); RETURN NEW;",
    )
