"""What a freeze or a case file rests on is told by the event that kept it."""

from django.db import migrations

from cases.audit.gathering import record_rows


class Migration(migrations.Migration):
    dependencies = [("cases", "0015_bounded_refusals"), ("wallets", "0003_looks_before")]

    operations = [record_rows("wallets_sighting")]
