"""Take from everybody, the owner included, the right to change the record."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "REVOKE UPDATE, DELETE, TRUNCATE ON audit_event FROM PUBLIC, CURRENT_USER;"
            "REVOKE DELETE, TRUNCATE ON audit_stream FROM PUBLIC, CURRENT_USER;",
            reverse_sql="GRANT UPDATE, DELETE, TRUNCATE ON audit_event TO CURRENT_USER;"
            "GRANT DELETE, TRUNCATE ON audit_stream TO CURRENT_USER;",
        )
    ]
