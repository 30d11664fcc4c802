"""The head of a stream moves once with an event, and in place; an index that another one made needless goes."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import wallets.models.triggers
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0004_tree'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='event',
            name='chain',
        ),
        migrations.AlterField(
            model_name='event',
            name='stream',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='audit.stream'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='event',
            trigger=pgtrigger.compiler.Trigger(name='chain', sql=wallets.models.triggers.FirmTriggerSql(declare='DECLARE spoken jsonb; head record;', func="\n        spoken := convert_from(NEW.body, 'UTF8')::jsonb;\n        -- The lock on the stream is taken here, in the insert, which an action does last: it is held for\n        -- the shortest time that still makes the sequence gapless.\n        SELECT uuid, length, head_hash INTO head FROM audit_stream WHERE id = NEW.stream_id FOR NO KEY UPDATE;\n        IF NOT FOUND THEN\n            RAISE EXCEPTION 'audit: no such stream' USING ERRCODE = 'foreign_key_violation';\n        END IF;\n        IF spoken->>'stream' IS DISTINCT FROM head.uuid::text THEN\n            RAISE EXCEPTION 'audit: the body names another stream' USING ERRCODE = 'check_violation';\n        END IF;\n        IF decode(spoken->>'nonce', 'hex') IS DISTINCT FROM NEW.nonce OR length(NEW.nonce) <> 16 THEN\n            RAISE EXCEPTION 'audit: the body holds another nonce' USING ERRCODE = 'check_violation';\n        END IF;\n        IF jsonb_typeof(spoken->'values') IS DISTINCT FROM 'object' OR spoken->>'v' IS DISTINCT FROM '2' THEN\n            RAISE EXCEPTION 'audit: the body is of another version' USING ERRCODE = 'check_violation';\n        END IF;\n        -- Drawn under the lock as well: in a stream the numbers of the rows ascend as the sequence does, and of two\n        -- events that name one row the later has the higher number, since its transaction waited for the other's row.\n        NEW.id := nextval('audit_event_id_seq');\n        NEW.sequence := head.length + 1;\n        NEW.previous_hash := head.head_hash;\n        NEW.recorded_at := clock_timestamp();\n        NEW.action := spoken->>'action';\n        NEW.occurred_at := (spoken->>'occurred_at')::timestamptz;\n        NEW.object_kind := coalesce(spoken->'object'->>'kind', '');\n        NEW.object_number := (spoken->'object'->>'number')::bigint;\n        NEW.acting_role := coalesce(spoken->'actor'->>'role', '');\n        IF (spoken->'actor'->>'id')::uuid IS DISTINCT FROM\n           (SELECT public_id FROM people_user WHERE id = NEW.actor_id) THEN\n            RAISE EXCEPTION 'audit: the body names another actor' USING ERRCODE = 'check_violation';\n        END IF;\n        NEW.rows := audit_told(NEW.row_salt, NEW.stream_id);\n        NEW.row_salt := ''::bytea;\n        NEW.hash := sha256(\n            convert_to('holdfast-event-2', 'UTF8')\n            || uuid_send(head.uuid)\n            || int8send(NEW.sequence)\n            || int8send((extract(epoch FROM NEW.recorded_at) * 1000000)::bigint)\n            || NEW.previous_hash\n            || sha256(NEW.body)\n            || sha256(convert_to(NEW.rows, 'UTF8'))\n        );\n        UPDATE audit_stream SET length = NEW.sequence, head_hash = NEW.hash WHERE id = NEW.stream_id;\n        RETURN NEW;\n", hash='24dd5825c1408b215592c2aef24b24767a2f7495', operation='INSERT', pgid='pgtrigger_chain_19689', table='audit_event', when='BEFORE')),
        ),
        # Room in each page: the head of a stream changes with each event, and stays in its page without a new index entry.
        migrations.RunSQL(
            "ALTER TABLE audit_stream SET (fillfactor = 50)", "ALTER TABLE audit_stream RESET (fillfactor)"
        ),
    ]
