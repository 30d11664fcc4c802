"""What an order says in confidence is kept sealed; what was recorded before keeps its columns, under another name here."""

import pgtrigger.compiler
import pgtrigger.migrations
import wallets.models.triggers
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0018_sealed_fields")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("legalorder", "scope", "clear_scope"),
                migrations.RenameField("legalorder", "sealed_terms", "clear_sealed_terms"),
                migrations.RenameField("legalorder", "non_disclosure_terms", "clear_non_disclosure_terms"),
                migrations.AlterField(
                    "legalorder",
                    "clear_scope",
                    models.TextField(blank=True, db_column="scope", max_length=10000, verbose_name="scope"),
                ),
                migrations.AlterField(
                    "legalorder",
                    "clear_sealed_terms",
                    models.TextField(
                        blank=True,
                        db_column="sealed_terms",
                        help_text="The state of the court's file.",
                        max_length=2000,
                        verbose_name="sealing terms",
                    ),
                ),
                migrations.AlterField(
                    "legalorder",
                    "clear_non_disclosure_terms",
                    models.TextField(
                        blank=True,
                        db_column="non_disclosure_terms",
                        help_text="Who may not be told, in the paper's words.",
                        max_length=2000,
                        verbose_name="non-disclosure terms",
                    ),
                ),
            ]
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='legalorder',
            name='order_face_stands',
        ),
        migrations.AddField(
            model_name='legalorder',
            name='sealed_texts',
            field=models.BinaryField(null=True),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='legalorder',
            trigger=pgtrigger.compiler.Trigger(name='order_face_stands', sql=wallets.models.triggers.FirmTriggerSql(func="IF (NEW.case_id, NEW.number, NEW.instrument, NEW.instrument_type_id, NEW.instrument_label, NEW.issuing_authority, NEW.issuer_id, NEW.validating_authority, NEW.validator_id, NEW.enforcing_authority, NEW.enforcer_id, NEW.agency_reference, NEW.agency_case_number, NEW.entity_served, NEW.jurisdiction, NEW.legal_basis, NEW.requestor, NEW.requestor_title, NEW.requestor_badge, NEW.requestor_email, NEW.requestor_phone, NEW.scope, NEW.sealed_texts, NEW.issued_at, NEW.served_at, NEW.received_at, NEW.due_at, NEW.ends_at, NEW.sealed_terms, NEW.non_disclosure_until, NEW.non_disclosure_terms, NEW.time_zone, NEW.is_fictional, NEW.recorded_at, NEW.recorded_by_id) IS DISTINCT FROM (OLD.case_id, OLD.number, OLD.instrument, OLD.instrument_type_id, OLD.instrument_label, OLD.issuing_authority, OLD.issuer_id, OLD.validating_authority, OLD.validator_id, OLD.enforcing_authority, OLD.enforcer_id, OLD.agency_reference, OLD.agency_case_number, OLD.entity_served, OLD.jurisdiction, OLD.legal_basis, OLD.requestor, OLD.requestor_title, OLD.requestor_badge, OLD.requestor_email, OLD.requestor_phone, OLD.scope, OLD.sealed_texts, OLD.issued_at, OLD.served_at, OLD.received_at, OLD.due_at, OLD.ends_at, OLD.sealed_terms, OLD.non_disclosure_until, OLD.non_disclosure_terms, OLD.time_zone, OLD.is_fictional, OLD.recorded_at, OLD.recorded_by_id) THEN RAISE EXCEPTION 'what an order says on its face is not changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='c27cc48a9b1b85338093cdbc40993abf21be0971', operation='UPDATE', pgid='pgtrigger_order_face_stands_880b0', table='cases_legalorder', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='legalorder',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('clear_non_disclosure_terms', ''), ('clear_scope', ''), ('clear_sealed_terms', ''), ('sealed_texts__isnull', False)), models.Q(('sealed_texts__isnull', True), models.Q(('clear_scope', ''), _negated=True)), _connector='OR'), name='order_texts_sealed'),
        ),
    ]
