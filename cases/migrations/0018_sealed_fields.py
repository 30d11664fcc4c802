"""Particulars of subjects and searches, sealed; disposal after retention."""

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
        ('audit', '0004_tree'),
        ('cases', '0017_evidence'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # Searches are kept for their results page alone; what was typed in the clear goes.
        migrations.RunSQL("DELETE FROM cases_savedsearch", migrations.RunSQL.noop),
        migrations.CreateModel(
            name='Disposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('words', models.TextField(max_length=2000, verbose_name='why the record may go')),
                ('asked_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('agreed', models.BooleanField(blank=True, null=True)),
                ('reason', models.TextField(blank=True, max_length=2000, verbose_name='reason')),
                ('head_sequence', models.PositiveBigIntegerField(blank=True, null=True)),
                ('head_hash', models.CharField(blank=True, max_length=64)),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'verbose_name': 'disposal',
                'verbose_name_plural': 'disposals',
            },
        ),
        migrations.CreateModel(
            name='Particular',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('passport', 'Passport'), ('national_id', 'National identity number'), ('tax_id', 'Tax number'), ('registration', 'Registration number'), ('other_id', 'Other number'), ('birth_date', 'Date of birth'), ('email', 'E-mail address'), ('phone', 'Telephone number'), ('address', 'Postal address')], max_length=12, verbose_name='kind')),
                ('country', models.CharField(blank=True, max_length=2, verbose_name='issuing country')),
                ('sealed_value', models.BinaryField()),
                ('source', models.CharField(max_length=500, verbose_name='where it is known from')),
                ('added_at', models.DateTimeField()),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_because', models.CharField(blank=True, max_length=500, verbose_name='why it was withdrawn')),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'verbose_name': 'particular',
                'verbose_name_plural': 'particulars',
            },
        ),
        migrations.CreateModel(
            name='ParticularIndex',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.PositiveIntegerField()),
                ('digest', models.BinaryField(max_length=32)),
            ],
        ),
        migrations.RemoveField(
            model_name='savedsearch',
            name='text',
        ),
        migrations.AddField(
            model_name='case',
            name='disposed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='savedsearch',
            name='sealed_text',
            field=models.BinaryField(default=b''),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('disposed_at__isnull', False)), fields=['disposed_at'], name='case_by_disposal'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='case',
            trigger=pgtrigger.compiler.Trigger(name='case_disposed_by_two', sql=wallets.models.triggers.FirmTriggerSql(func="IF OLD.disposed_at IS NOT NULL AND (NEW.disposed_at IS DISTINCT FROM OLD.disposed_at OR NEW.status <> OLD.status) THEN RAISE EXCEPTION 'what was disposed of stays so' USING ERRCODE = 'check_violation'; END IF; IF NEW.disposed_at IS NOT NULL AND OLD.disposed_at IS NULL AND NOT EXISTS (SELECT FROM cases_disposal d WHERE d.case_id = NEW.id AND d.agreed AND d.decided_at = NEW.disposed_at) THEN RAISE EXCEPTION 'two persons dispose of a case' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='a84a944803d1dac9737aed6f04a7a47c325ac480', operation='UPDATE', pgid='pgtrigger_case_disposed_by_two_71728', table='cases_case', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(('disposed_at__isnull', True), ('status', 'closed'), _connector='OR'), name='case_disposed_is_closed'),
        ),
        migrations.AddField(
            model_name='disposal',
            name='asked_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='disposal',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disposals', to='cases.case'),
        ),
        migrations.AddField(
            model_name='disposal',
            name='decided_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='particular',
            name='added_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='particular',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='particulars', to='cases.case'),
        ),
        migrations.AddField(
            model_name='particular',
            name='subject',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='particulars', to='cases.subject'),
        ),
        migrations.AddField(
            model_name='particular',
            name='withdrawn_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='particularindex',
            name='particular',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='index', to='cases.particular'),
        ),
        migrations.AddConstraint(
            model_name='disposal',
            constraint=models.UniqueConstraint(fields=('case', 'number'), name='disposal_number_once'),
        ),
        migrations.AddConstraint(
            model_name='disposal',
            constraint=models.UniqueConstraint(condition=models.Q(('decided_at__isnull', True)), fields=('case',), name='disposal_asked_once'),
        ),
        migrations.AddConstraint(
            model_name='disposal',
            constraint=models.UniqueConstraint(condition=models.Q(('agreed', True)), fields=('case',), name='disposal_agreed_once'),
        ),
        migrations.AddConstraint(
            model_name='disposal',
            constraint=models.CheckConstraint(condition=models.Q(('words', ''), _negated=True), name='disposal_words_given'),
        ),
        migrations.AddConstraint(
            model_name='disposal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True)), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='disposal_decided_pair'),
        ),
        migrations.AddConstraint(
            model_name='disposal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('agreed__isnull', True), ('decided_at__isnull', True)), models.Q(('agreed__isnull', False), ('decided_at__isnull', False)), _connector='OR'), name='disposal_decided_one_way'),
        ),
        migrations.AddConstraint(
            model_name='disposal',
            constraint=models.CheckConstraint(condition=models.Q(('agreed__isnull', True), ('agreed', False), models.Q(('decided_by', models.F('asked_by')), _negated=True), _connector='OR'), name='disposal_agreed_by_another'),
        ),
        migrations.AddConstraint(
            model_name='disposal',
            constraint=models.CheckConstraint(condition=models.Q(('agreed__isnull', True), ('agreed', True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='disposal_refused_with_words'),
        ),
        migrations.AddConstraint(
            model_name='disposal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('agreed', True), ('head_sequence__isnull', False), ('head_hash__regex', '^[0-9a-f]{64}$')), models.Q(models.Q(('agreed__isnull', True), ('agreed', False), _connector='OR'), ('head_hash', ''), ('head_sequence__isnull', True)), _connector='OR'), name='disposal_names_its_head'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='disposal',
            trigger=pgtrigger.compiler.Trigger(name='disposal_never_deleted', sql=wallets.models.triggers.FirmTriggerSql(func="RAISE EXCEPTION 'rows of % are never deleted', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';", hash='114b173f9fe7b96182de909a20b5daaeefab899e', operation='DELETE', pgid='pgtrigger_disposal_never_deleted_3ff12', table='cases_disposal', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='disposal',
            trigger=pgtrigger.compiler.Trigger(name='disposal_never_truncated', sql=wallets.models.triggers.FirmTriggerSql(func="RAISE EXCEPTION 'rows of % are written once', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';", hash='f5bd46f32f66ff5224d9dbb29de70a77918aa8c7', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_disposal_never_truncated_7a39b', table='cases_disposal', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='disposal',
            trigger=pgtrigger.compiler.Trigger(name='recorded_at_by_database', sql=wallets.models.triggers.FirmTriggerSql(func='NEW.recorded_at := clock_timestamp(); RETURN NEW;', hash='c8efa28d14de5dfd54cf2b69c9ec34e5c25b0626', operation='INSERT', pgid='pgtrigger_recorded_at_by_database_b356c', table='cases_disposal', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='disposal',
            trigger=pgtrigger.compiler.Trigger(name='disposal_face_stands', sql=wallets.models.triggers.FirmTriggerSql(func="IF (NEW.case_id, NEW.number, NEW.words, NEW.asked_at, NEW.asked_by_id, NEW.recorded_at) IS DISTINCT FROM (OLD.case_id, OLD.number, OLD.words, OLD.asked_at, OLD.asked_by_id, OLD.recorded_at) THEN RAISE EXCEPTION 'a disposal stands as it was asked for' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='eda5b16d2bd480e2260065835c8ccf9897946653', operation='UPDATE', pgid='pgtrigger_disposal_face_stands_1e56c', table='cases_disposal', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='disposal',
            trigger=pgtrigger.compiler.Trigger(name='disposal_decided_once', sql=wallets.models.triggers.FirmTriggerSql(func="IF OLD.decided_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN RAISE EXCEPTION 'a disposal is decided once' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='2fc7a1cf27c93d77872291d98b01f28f99837793', operation='UPDATE', pgid='pgtrigger_disposal_decided_once_f46f7', table='cases_disposal', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='disposal',
            trigger=pgtrigger.compiler.Trigger(name='disposal_when_due', sql=wallets.models.triggers.FirmTriggerSql(func="IF (TG_OP = 'INSERT' OR NEW.agreed) AND NOT coalesce((SELECT c.status = 'closed' AND c.disposed_at IS NULL AND NOT EXISTS (SELECT FROM cases_legalhold h WHERE h.case_id = c.id AND h.lifted_at IS NULL) AND coalesce((SELECT r.may_go_on FROM cases_caseretention r WHERE r.case_id = c.id ORDER BY r.number DESC LIMIT 1) <= (clock_timestamp() AT TIME ZONE 'UTC')::date, false) FROM cases_case c WHERE c.id = NEW.case_id), false) THEN RAISE EXCEPTION 'the record of the case may not go yet' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='05e360a5ca2224a5e564a1ded5a9cbc12ae3e28e', operation='INSERT OR UPDATE', pgid='pgtrigger_disposal_when_due_f4f82', table='cases_disposal', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='particular',
            constraint=models.UniqueConstraint(fields=('case', 'number'), name='particular_number_once'),
        ),
        migrations.AddConstraint(
            model_name='particular',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['address', 'birth_date', 'email', 'national_id', 'other_id', 'passport', 'phone', 'registration', 'tax_id'])), name='particular_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='particular',
            constraint=models.CheckConstraint(condition=models.Q(('country', ''), ('country__regex', '^[A-Z]{2}$'), _connector='OR'), name='particular_country_form'),
        ),
        migrations.AddConstraint(
            model_name='particular',
            constraint=models.CheckConstraint(condition=models.Q(('source', ''), _negated=True), name='particular_source_given'),
        ),
        migrations.AddConstraint(
            model_name='particular',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('withdrawn_at__isnull', True), ('withdrawn_by__isnull', True)), models.Q(('withdrawn_at__isnull', False), ('withdrawn_by__isnull', False)), _connector='OR'), name='particular_withdrawn_pair'),
        ),
        migrations.AddConstraint(
            model_name='particular',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('withdrawn_at__isnull', True), ('withdrawn_because', '')), models.Q(('withdrawn_at__isnull', False), models.Q(('withdrawn_because', ''), _negated=True)), _connector='OR'), name='particular_withdrawn_with_words'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='particular',
            trigger=pgtrigger.compiler.Trigger(name='particular_never_deleted', sql=wallets.models.triggers.FirmTriggerSql(func="RAISE EXCEPTION 'rows of % are never deleted', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';", hash='b1a62eee5c2bf9c860739f1eb058b548fad461c6', operation='DELETE', pgid='pgtrigger_particular_never_deleted_9fd2a', table='cases_particular', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='particular',
            trigger=pgtrigger.compiler.Trigger(name='particular_never_truncated', sql=wallets.models.triggers.FirmTriggerSql(func="RAISE EXCEPTION 'rows of % are written once', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';", hash='73e437f8b7486b7a3ed60f930b8037098cd0fa6f', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_particular_never_truncated_741e3', table='cases_particular', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='particular',
            trigger=pgtrigger.compiler.Trigger(name='recorded_at_by_database', sql=wallets.models.triggers.FirmTriggerSql(func='NEW.recorded_at := clock_timestamp(); RETURN NEW;', hash='12641618b59342820154528e45686b94fa88388e', operation='INSERT', pgid='pgtrigger_recorded_at_by_database_2a1c7', table='cases_particular', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='particular',
            trigger=pgtrigger.compiler.Trigger(name='particular_face_stands', sql=wallets.models.triggers.FirmTriggerSql(func="IF (NEW.case_id, NEW.subject_id, NEW.number, NEW.uuid, NEW.kind, NEW.country, NEW.sealed_value, NEW.source, NEW.added_at, NEW.added_by_id, NEW.recorded_at) IS DISTINCT FROM (OLD.case_id, OLD.subject_id, OLD.number, OLD.uuid, OLD.kind, OLD.country, OLD.sealed_value, OLD.source, OLD.added_at, OLD.added_by_id, OLD.recorded_at) THEN RAISE EXCEPTION 'a particular stands as it was written' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='3baad91484d4c0a7a3a16f4d214079b702ed05fe', operation='UPDATE', pgid='pgtrigger_particular_face_stands_c1f3f', table='cases_particular', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='particular',
            trigger=pgtrigger.compiler.Trigger(name='particular_withdrawn_once', sql=wallets.models.triggers.FirmTriggerSql(func="IF OLD.withdrawn_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN RAISE EXCEPTION 'a particular is withdrawn once' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='7b3d8e7abcdc769752b7601370804ee51bbdd4da', operation='UPDATE', pgid='pgtrigger_particular_withdrawn_once_3f3f4', table='cases_particular', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='particular',
            trigger=pgtrigger.compiler.Trigger(name='particular_of_its_case', sql=wallets.models.triggers.FirmTriggerSql(func="IF NOT EXISTS (SELECT FROM cases_subject s WHERE s.id = NEW.subject_id AND s.case_id = NEW.case_id) THEN RAISE EXCEPTION 'the subject is of another case' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='e08fae9a15f01e35ca49c04065675fa4ef4bee49', operation='INSERT', pgid='pgtrigger_particular_of_its_case_a414d', table='cases_particular', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='particularindex',
            index=models.Index(fields=['digest'], name='particular_by_digest'),
        ),
        record_rows("cases_particular"),
        record_rows("cases_disposal"),
    ]
