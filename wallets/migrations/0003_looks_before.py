"""Looks that were written before their digests were kept wait to be told of (`wallets.snapshots.tell_untold`)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("wallets", "0002_look_digests")]

    operations = [
        migrations.RunSQL(
            "INSERT INTO wallets_lookdigest (batch_id) SELECT id FROM wallets_readingbatch ORDER BY id",
            reverse_sql=migrations.RunSQL.noop,
        )
    ]
