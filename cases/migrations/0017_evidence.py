"""Exhibits, their chain of custody, files on their way in, and the regular look at stored files."""

import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
import wallets.models.triggers
from django.conf import settings
from django.db import migrations, models

from cases.audit.gathering import record_rows
from wallets.migrating import GatheredMigration


class Migration(GatheredMigration):

    dependencies = [
        ('cases', '0016_sightings_recorded'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CustodyStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('kind', models.CharField(choices=[('received', 'Received'), ('handed_over', 'Handed over'), ('returned', 'Returned'), ('copied', 'Copy taken'), ('examined', 'Examined')], max_length=11, verbose_name='what happened')),
                ('happened_at', models.DateTimeField(verbose_name='when')),
                ('other_person', models.CharField(blank=True, max_length=200, verbose_name='person')),
                ('other_organisation', models.CharField(blank=True, max_length=200, verbose_name='organisation')),
                ('how', models.CharField(blank=True, max_length=300, verbose_name='how')),
                ('why', models.TextField(blank=True, max_length=2000, verbose_name='why')),
                ('sha256_before', models.CharField(blank=True, max_length=64)),
                ('sha256_after', models.CharField(max_length=64)),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'verbose_name': 'step of custody',
            },
        ),
        migrations.CreateModel(
            name='Exhibit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('description', models.TextField(blank=True, max_length=5000, verbose_name='description')),
                ('received_from', models.CharField(max_length=300, verbose_name='received from')),
                ('received_how', models.CharField(max_length=300, verbose_name='how it was received')),
                ('received_at', models.DateTimeField(verbose_name='received')),
                ('filename', models.CharField(max_length=200, verbose_name='file name')),
                ('media_type', models.CharField(max_length=100)),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('size', models.PositiveBigIntegerField(verbose_name='size in bytes')),
                ('added_at', models.DateTimeField()),
                ('scan', models.CharField(choices=[('unscanned', 'Unscanned'), ('clean', 'Nothing found'), ('infected', 'Malware found'), ('failed', 'Scan failed')], default='unscanned', max_length=9, verbose_name='malware scan')),
                ('scan_said', models.CharField(blank=True, max_length=200)),
                ('scanned_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'exhibit',
                'verbose_name_plural': 'exhibits',
            },
        ),
        migrations.CreateModel(
            name='FileCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64, unique=True)),
                ('state', models.CharField(choices=[('intact', 'Intact'), ('damaged', 'Damaged'), ('missing', 'Missing')], max_length=7)),
                ('checked_at', models.DateTimeField()),
                ('since', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'check of a stored file',
            },
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('filename', models.CharField(max_length=200, verbose_name='file name')),
                ('size', models.PositiveBigIntegerField(verbose_name='size in bytes')),
                ('announced', models.CharField(blank=True, max_length=64)),
                ('begun_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('media_type', models.CharField(blank=True, max_length=100)),
            ],
            options={
                'verbose_name': 'upload',
            },
        ),
        migrations.RemoveConstraint(
            model_name='reminder',
            name='reminder_kind_known',
        ),
        migrations.AlterField(
            model_name='reminder',
            name='kind',
            field=models.CharField(choices=[('obligation', 'A duty is due'), ('term', 'A term ends'), ('order_due', "An order's return date"), ('order_ends', 'An order ends'), ('hold', 'A hold waits for its formal order'), ('freeze_ends', 'The basis of a freeze ends'), ('task', 'A task is due'), ('breach', 'A frozen target holds too little'), ('not_held', "A hold does not stand in the exchange's own system"), ('exhibit_file', 'The file of an exhibit is damaged or lost'), ('paper_file', 'The file of a paper is damaged or lost')], max_length=12),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['breach', 'exhibit_file', 'freeze_ends', 'hold', 'not_held', 'obligation', 'order_due', 'order_ends', 'paper_file', 'task', 'term'])), name='reminder_kind_known'),
        ),
        migrations.AddField(
            model_name='custodystep',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='custodystep',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='custody', to='cases.case'),
        ),
        migrations.AddField(
            model_name='exhibit',
            name='added_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='exhibit',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exhibits', to='cases.case'),
        ),
        migrations.AddField(
            model_name='exhibit',
            name='order',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='exhibits', to='cases.legalorder'),
        ),
        migrations.AddField(
            model_name='custodystep',
            name='exhibit',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='custody', to='cases.exhibit'),
        ),
        migrations.AddIndex(
            model_name='filecheck',
            index=models.Index(condition=models.Q(('state', 'intact'), _negated=True), fields=['since'], name='file_check_not_intact'),
        ),
        migrations.AddConstraint(
            model_name='filecheck',
            constraint=models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='file_check_sha256_form'),
        ),
        migrations.AddConstraint(
            model_name='filecheck',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['damaged', 'intact', 'missing'])), name='file_check_state_known'),
        ),
        migrations.AddField(
            model_name='upload',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='upload',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uploads', to='cases.case'),
        ),
        migrations.AddIndex(
            model_name='exhibit',
            index=models.Index(fields=['sha256'], name='exhibit_by_digest'),
        ),
        migrations.AddConstraint(
            model_name='exhibit',
            constraint=models.UniqueConstraint(fields=('case', 'number'), name='exhibit_number_once'),
        ),
        migrations.AddConstraint(
            model_name='exhibit',
            constraint=models.UniqueConstraint(fields=('case', 'order', 'sha256'), name='exhibit_once_per_order', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='exhibit',
            constraint=models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='exhibit_sha256_form'),
        ),
        migrations.AddConstraint(
            model_name='exhibit',
            constraint=models.CheckConstraint(condition=models.Q(('size__gt', 0)), name='exhibit_not_empty'),
        ),
        migrations.AddConstraint(
            model_name='exhibit',
            constraint=models.CheckConstraint(condition=models.Q(('scan__in', ['clean', 'failed', 'infected', 'unscanned'])), name='exhibit_scan_known'),
        ),
        migrations.AddConstraint(
            model_name='exhibit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('scan', 'unscanned'), ('scan_said', ''), ('scanned_at__isnull', True)), models.Q(models.Q(('scan', 'unscanned'), _negated=True), ('scanned_at__isnull', False)), _connector='OR'), name='exhibit_scan_has_its_time'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='exhibit',
            trigger=pgtrigger.compiler.Trigger(name='exhibit_never_deleted', sql=wallets.models.triggers.FirmTriggerSql(func="RAISE EXCEPTION 'rows of % are never deleted', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';", hash='05e8dadd973b63277cd4c1168f29153dbea0dee3', operation='DELETE', pgid='pgtrigger_exhibit_never_deleted_16634', table='cases_exhibit', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='exhibit',
            trigger=pgtrigger.compiler.Trigger(name='exhibit_never_truncated', sql=wallets.models.triggers.FirmTriggerSql(func="RAISE EXCEPTION 'rows of % are written once', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';", hash='c0c22e74eb095f11497c19f7c97daf985fba96d7', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_exhibit_never_truncated_c219f', table='cases_exhibit', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='exhibit',
            trigger=pgtrigger.compiler.Trigger(name='exhibit_stands', sql=wallets.models.triggers.FirmTriggerSql(func="IF (NEW.case_id, NEW.order_id, NEW.number, NEW.title, NEW.description, NEW.received_from, NEW.received_how, NEW.received_at, NEW.filename, NEW.media_type, NEW.sha256, NEW.size, NEW.added_at, NEW.added_by_id) IS DISTINCT FROM (OLD.case_id, OLD.order_id, OLD.number, OLD.title, OLD.description, OLD.received_from, OLD.received_how, OLD.received_at, OLD.filename, OLD.media_type, OLD.sha256, OLD.size, OLD.added_at, OLD.added_by_id) THEN RAISE EXCEPTION 'an exhibit stands as it was taken in' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='e8e4c26185722314488f65152dc8461ac82fe528', operation='UPDATE', pgid='pgtrigger_exhibit_stands_58c89', table='cases_exhibit', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='exhibit',
            trigger=pgtrigger.compiler.Trigger(name='exhibit_in_its_case', sql=wallets.models.triggers.FirmTriggerSql(func="IF NEW.order_id IS NOT NULL AND NOT EXISTS (SELECT FROM cases_legalorder o WHERE o.id = NEW.order_id AND o.case_id = NEW.case_id) THEN RAISE EXCEPTION 'the order stands in another case' USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='15679b9fa9ddc38c75370ab594c44c40354539fe', operation='INSERT', pgid='pgtrigger_exhibit_in_its_case_68f6a', table='cases_exhibit', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='custodystep',
            constraint=models.UniqueConstraint(fields=('exhibit', 'position'), name='custody_position_once'),
        ),
        migrations.AddConstraint(
            model_name='custodystep',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['copied', 'examined', 'handed_over', 'received', 'returned'])), name='custody_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='custodystep',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('sha256_before', ''), ('sha256_before__regex', '^[0-9a-f]{64}$'), _connector='OR'), ('sha256_after__regex', '^[0-9a-f]{64}$')), name='custody_sha256_form'),
        ),
        migrations.AddConstraint(
            model_name='custodystep',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['handed_over', 'returned']), _negated=True), models.Q(models.Q(('other_person', ''), _negated=True), models.Q(('how', ''), _negated=True)), _connector='OR'), name='custody_names_the_other'),
        ),
        migrations.AddConstraint(
            model_name='custodystep',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['handed_over', 'returned', 'examined']), _negated=True), models.Q(('why', ''), _negated=True), _connector='OR'), name='custody_says_why'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='custodystep',
            trigger=pgtrigger.compiler.Trigger(name='custody_append_only', sql=wallets.models.triggers.FirmTriggerSql(func="RAISE EXCEPTION 'rows of % are written once', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';", hash='758db274cffc53930e8dbbda4aed467857401a46', operation='UPDATE OR DELETE', pgid='pgtrigger_custody_append_only_75773', table='cases_custodystep', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='custodystep',
            trigger=pgtrigger.compiler.Trigger(name='custody_never_truncated', sql=wallets.models.triggers.FirmTriggerSql(func="RAISE EXCEPTION 'rows of % are written once', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';", hash='9711df37967251b93afc23d3c52c9bab10ea2e9b', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_custody_never_truncated_b87b7', table='cases_custodystep', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='custodystep',
            trigger=pgtrigger.compiler.Trigger(name='recorded_at_by_database', sql=wallets.models.triggers.FirmTriggerSql(func='NEW.recorded_at := clock_timestamp(); RETURN NEW;', hash='60ad3864ca1fdefcbcb6a6d5bdc70fa9b78612d3', operation='INSERT', pgid='pgtrigger_recorded_at_by_database_cc9d0', table='cases_custodystep', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='custodystep',
            trigger=pgtrigger.compiler.Trigger(name='custody_in_its_case', sql=wallets.models.triggers.FirmTriggerSql(func="IF NOT EXISTS (SELECT FROM cases_exhibit e WHERE e.id = NEW.exhibit_id AND e.case_id = NEW.case_id) THEN RAISE EXCEPTION 'the exhibit stands in another case' USING ERRCODE = 'check_violation'; END IF; IF NEW.position <> 1 + (SELECT count(*) FROM cases_custodystep s WHERE s.exhibit_id = NEW.exhibit_id AND s.id <> NEW.id) THEN RAISE EXCEPTION 'a chain of custody has no gap' USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='95323849f91507b8e8c2002627883dfc776a3507', operation='INSERT', pgid='pgtrigger_custody_in_its_case_cd4f0', table='cases_custodystep', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='upload',
            index=models.Index(fields=['expires_at'], name='upload_by_end'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('size__gt', 0)), name='upload_not_empty'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('announced', ''), ('announced__regex', '^[0-9a-f]{64}$'), _connector='OR'), models.Q(('sha256', ''), ('sha256__regex', '^[0-9a-f]{64}$'), _connector='OR')), name='upload_sha256_form'),
        ),
        record_rows("cases_exhibit"),
        record_rows("cases_custodystep"),
    ]
