"""An index for search by part of an alias: the aliases of a subject as one upper-case text, one to a line."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_recorded_by_database")]

    operations = [
        migrations.RunSQL(
            "CREATE FUNCTION cases_folded(text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE "
            "AS $$ SELECT upper(array_to_string($1, E'\\n')) $$;"
            "CREATE INDEX subject_aliases_trgm ON cases_subject "
            "USING gin (cases_folded(aliases::text[]) gin_trgm_ops);",
            reverse_sql="DROP INDEX subject_aliases_trgm; DROP FUNCTION cases_folded(text[]);",
        )
    ]
