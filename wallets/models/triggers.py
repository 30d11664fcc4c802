"""Triggers that no session can talk itself out of.

pgtrigger's own template asks the session variable `pgtrigger.ignore` first, which any SQL session may set. A
table that a court relies on must not have such a switch, so these are compiled from a template without it.
"""

from typing import Any, cast

import pgtrigger
from pgtrigger import compiler

# pgtrigger carries no types here: the rows that a statement wrote, as a table of that name.
_WRITTEN: Any = cast(Any, pgtrigger.Referencing)(new="written")


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
                # Named only where there is one: the SQL of the others stays as their migrations have it.
                **({"referencing": str(self.referencing)} if self.referencing else {}),
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


def rows_exist() -> FirmTrigger:
    """Every reading of a statement has its wallet, its asset of that wallet's chain, and its looks.

    What foreign keys would do row by row, done once a statement: a partitioned history takes 20,000 rows at a time.
    """
    return FirmTrigger(
        name="rows_exist",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        level=pgtrigger.Statement,
        referencing=_WRITTEN,
        func="""
            IF EXISTS (
                SELECT FROM written
                LEFT JOIN wallets_wallet AS wallet ON wallet.id = written.wallet_id
                LEFT JOIN wallets_asset AS asset ON asset.id = written.asset_id
                WHERE wallet.chain IS DISTINCT FROM asset.chain OR wallet.chain IS NULL
            ) OR EXISTS (
                SELECT FROM (
                    SELECT batch_id, taken_at FROM written GROUP BY batch_id, taken_at
                ) AS look
                LEFT JOIN wallets_readingbatch AS batch ON batch.id = look.batch_id
                WHERE batch.taken_at IS DISTINCT FROM look.taken_at
            ) OR EXISTS (
                SELECT FROM (
                    SELECT DISTINCT before_batch_id FROM written WHERE before_batch_id IS NOT NULL
                ) AS look
                LEFT JOIN wallets_readingbatch AS batch ON batch.id = look.before_batch_id
                WHERE batch.id IS NULL
            ) THEN
                RAISE EXCEPTION 'a reading names a wallet, an asset or a look that is not there'
                    USING ERRCODE = 'foreign_key_violation';
            END IF;
            RETURN NULL;
        """,
    )


def amounts_were_read() -> list[FirmTrigger]:
    """No balance without a reading: an amount that is written stands in the reading that the row names."""
    func = """
        IF EXISTS (
            SELECT FROM written
            LEFT JOIN wallets_reading AS reading
              ON reading.wallet_id = written.wallet_id AND reading.asset_id = written.asset_id
             AND reading.taken_at = written.read_at AND reading.amount = written.amount
            WHERE written.amount IS NOT NULL AND reading.wallet_id IS NULL
        ) THEN
            RAISE EXCEPTION 'a balance holds an amount that was not read'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    """
    return [
        FirmTrigger(
            name=f"amounts_were_read_on_{name}",
            when=pgtrigger.After,
            operation=operation,
            level=pgtrigger.Statement,
            referencing=_WRITTEN,
            func=func,
        )
        for name, operation in (("insert", pgtrigger.Insert), ("update", pgtrigger.Update))
    ]


def sighting_was_read() -> FirmTrigger:
    """A sighting names a reading of just this amount, and a look at this chain that did not come before it."""
    return FirmTrigger(
        name="sighting_was_read",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        func="""
            IF NOT EXISTS (
                SELECT FROM wallets_reading AS reading
                JOIN wallets_readingbatch AS batch ON batch.id = NEW.batch_id
                JOIN wallets_wallet AS wallet ON wallet.id = reading.wallet_id AND wallet.chain = batch.chain
                WHERE reading.wallet_id = NEW.wallet_id AND reading.asset_id = NEW.asset_id
                  AND reading.taken_at = NEW.read_at AND reading.amount = NEW.amount AND batch.taken_at >= reading.taken_at
            ) THEN
                RAISE EXCEPTION 'a sighting names an amount that was not read'
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        """,
    )
