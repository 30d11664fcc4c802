"""Each look has its digest, written once."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import wallets.models.triggers
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('wallets', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='LookDigest',
            fields=[
                ('batch', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='fixed', serialize=False, to='wallets.readingbatch')),
                ('digest', models.CharField(max_length=64, null=True, verbose_name='digest')),
                ('readings', models.PositiveIntegerField(null=True, verbose_name='readings')),
                ('told_as', models.BigIntegerField(null=True, verbose_name='told as')),
            ],
            options={
                'verbose_name': 'digest of a look',
                'verbose_name_plural': 'digests of looks',
                'indexes': [models.Index(condition=models.Q(('told_as__isnull', True)), fields=['batch'], name='lookdigest_untold')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('digest__isnull', True), ('readings__isnull', True)), models.Q(('digest__isnull', False), ('digest__regex', '^[0-9a-f]{64}$'), ('readings__isnull', False)), _connector='OR'), name='lookdigest_is_whole'), models.CheckConstraint(condition=models.Q(('told_as__isnull', True), ('digest__isnull', False), _connector='OR'), name='lookdigest_told_is_known')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='lookdigest',
            trigger=pgtrigger.compiler.Trigger(name='written_once', sql=wallets.models.triggers.FirmTriggerSql(func="\n                    IF TG_OP = 'UPDATE' AND OLD.told_as IS NULL AND NEW.told_as IS NOT NULL\n                       AND NEW.batch_id = OLD.batch_id\n                       AND (OLD.digest IS NULL OR (NEW.digest, NEW.readings) = (OLD.digest, OLD.readings)) THEN\n                        RETURN NEW;\n                    END IF;\n                    RAISE EXCEPTION '% of wallets_lookdigest is refused: a digest is written once', TG_OP USING ERRCODE = 'restrict_violation';\n                ", hash='fe55017e9871262d0872a861074f9f6175b8169a', operation='UPDATE OR DELETE', pgid='pgtrigger_written_once_ea2b9', table='wallets_lookdigest', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='lookdigest',
            trigger=pgtrigger.compiler.Trigger(name='never_truncated', sql=wallets.models.triggers.FirmTriggerSql(func="RAISE EXCEPTION '% of wallets_lookdigest is refused: a digest is written once', TG_OP USING ERRCODE = 'restrict_violation';", hash='0b46dc5a02f11c22f05858f2660b95e79a784c1e', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_6e312', table='wallets_lookdigest', when='BEFORE')),
        ),
    ]
