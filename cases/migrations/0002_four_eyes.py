"""An approval carries its freeze's true proposer, so that a plain check can compare the two persons."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE cases_freezeapproval ADD CONSTRAINT freezeapproval_true_proposer "
            "FOREIGN KEY (freeze_id, proposer_id) REFERENCES cases_freezeorder (id, proposed_by_id);",
            reverse_sql="ALTER TABLE cases_freezeapproval DROP CONSTRAINT freezeapproval_true_proposer;",
        )
    ]
