"""Putting a table under the record: the triggers that gather its changed rows, as a migration's operation."""

from collections.abc import Collection

from django.db import migrations

FUNCTIONS = """
-- Each line is `CASE|TABLE:ID:DIGEST`; the case is empty where the table's rows belong to none, or only by their parent.
CREATE FUNCTION audit_gather() RETURNS trigger LANGUAGE plpgsql
    SET timezone = 'UTC' SET bytea_output = 'hex' SET extra_float_digits = 1 SET IntervalStyle = 'postgres' AS $$
DECLARE
    said text;
    left_out text[] := coalesce(TG_ARGV, '{}')::text[];
    written jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
BEGIN
    -- An update that leaves everything recorded as it was is no change.
    IF TG_OP = 'UPDATE' AND written - left_out = to_jsonb(OLD) - left_out THEN
        RETURN NULL;
    END IF;
    said := coalesce(written->>'case_id', CASE WHEN TG_TABLE_NAME = 'cases_case' THEN written->>'id' END, '')
        || '|' || TG_TABLE_NAME || ':' || (written->>'id') || ':' || CASE WHEN TG_OP = 'DELETE' THEN '-' ELSE
            encode(sha256(convert_to(jsonb_strip_nulls(written - left_out)::text, 'UTF8')), 'hex') END;
    PERFORM set_config('holdfast.changes',
        coalesce(current_setting('holdfast.changes', true), '') || said || E'\\n', true);
    RETURN NULL;
END;
$$;

CREATE FUNCTION audit_told(salt bytea, stream bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    gathered text := coalesce(current_setting('holdfast.changes', true), '');
    about text;
    told text;
    others text;
BEGIN
    IF gathered = '' THEN
        RETURN '';
    END IF;
    IF length(salt) <> 16 THEN
        RAISE EXCEPTION 'audit: the rows have no salt' USING ERRCODE = 'check_violation';
    END IF;
    -- An event tells of its own case's rows, and of those that belong to none; another case's wait for its own event.
    SELECT id::text INTO about FROM cases_case WHERE stream_id = stream;
    -- A row that changed twice is told as it was left.
    SELECT string_agg(
        named || ':' || CASE digest WHEN '-' THEN '-' ELSE
            encode(sha256(convert_to('holdfast-row-1', 'UTF8') || salt || decode(digest, 'hex')), 'hex') END || E'\\n',
        '' ORDER BY named COLLATE "C") FILTER (WHERE mine)
    , string_agg(whose || '|' || named || ':' || digest || E'\\n', '') FILTER (WHERE NOT mine)
    INTO told, others
    FROM (
        SELECT DISTINCT ON (named) named, digest, whose, whose IN ('', coalesce(about, '')) AS mine FROM (
            SELECT split_part(line, '|', 1) AS whose, substring(line FROM '[|](.*):[^:]*$') AS named,
                   substring(line FROM '[^:]*$') AS digest, place
            FROM string_to_table(rtrim(gathered, E'\\n'), E'\\n') WITH ORDINALITY AS lines(line, place)
        ) AS parts
        ORDER BY named, place DESC
    ) AS last;
    PERFORM set_config('holdfast.changes', coalesce(others, ''), true);
    RETURN coalesce(told, '');
END;
$$;

CREATE FUNCTION audit_must_be_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('holdfast.changes', true), '') <> '' THEN
        RAISE EXCEPTION 'audit: % was changed, and no event tells of it', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation',
                  DETAIL = left(current_setting('holdfast.changes', true), 500);
    END IF;
    RETURN NULL;
END;
$$;
"""

NO_FUNCTIONS = "DROP FUNCTION audit_must_be_told; DROP FUNCTION audit_told; DROP FUNCTION audit_gather;"


def names(table: str) -> tuple[str, str]:
    """The names of the two triggers of a recorded table."""
    return f"audit_gather_{table}", f"audit_must_be_told_{table}"


def record_rows(table: str, left_out: Collection[str] = ()) -> migrations.RunSQL:
    """From here on, every change of a row of this table stands in an event. `left_out`: columns without a fact."""
    gather, must = names(table)
    arguments = ", ".join(f"'{column}'" for column in sorted(left_out))
    return migrations.RunSQL(
        f"DROP TRIGGER IF EXISTS {gather} ON {table}; DROP TRIGGER IF EXISTS {must} ON {table};"
        f"CREATE TRIGGER {gather} AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW "
        f"EXECUTE FUNCTION audit_gather({arguments});"
        f"CREATE CONSTRAINT TRIGGER {must} AFTER INSERT OR UPDATE OR DELETE ON {table} "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_must_be_told();",
        reverse_sql=f"DROP TRIGGER {gather} ON {table}; DROP TRIGGER {must} ON {table};",
    )
