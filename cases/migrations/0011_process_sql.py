"""What Django's own migrations cannot say: functions in the database, and keys over two columns."""

from django.db import migrations

# How much of one asset of a freeze is still held, in base units: what stood there when the freeze was applied, or its
# cap where that is less, with the credits that are kept, without what was given free or is on its way out. Null where
# neither a cap nor a balance at the freeze is known: unknown is never zero, and never enough.
STILL_HELD = """
CREATE FUNCTION cases_still_held(row_id bigint) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT LEAST(a.amount, COALESCE(seen.amount, booked.amount))
        + COALESCE((SELECT sum(c.amount) FROM cases_freezecredit c
                    WHERE c.held_id = a.id AND c.status = 'kept'), 0)
        - COALESCE((SELECT sum(p.amount) FROM cases_freezechangeamount p
                    JOIN cases_freezechange c ON c.id = p.change_id
                    WHERE p.held_id = a.id AND c.status IN ('proposed', 'agreed')), 0)
        - COALESCE((SELECT sum(l.amount) FROM cases_transferleg l JOIN cases_transfer t ON t.id = l.transfer_id
                    WHERE l.held_id = a.id AND (l.state IN ('sent', 'confirmed') OR (l.state = 'unsent'
                        AND t.status IN ('proposed', 'approved', 'sending', 'sent')))), 0)
    FROM cases_freezeamount a
    LEFT JOIN wallets_sighting seen ON seen.id = a.sighting_applied_id
    LEFT JOIN cases_accountholding booked ON booked.id = a.holding_applied_id
    WHERE a.id = row_id
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0010_process")]

    operations = [
        # Freezes: what is still held, and the transfer's approval that carries its transfer's true proposer.
        migrations.RunSQL(STILL_HELD, reverse_sql="DROP FUNCTION cases_still_held(bigint);"),
        migrations.RunSQL(
            "ALTER TABLE cases_transferapproval ADD CONSTRAINT transferapproval_true_proposer "
            "FOREIGN KEY (transfer_id, proposer_id) REFERENCES cases_transfer (id, proposed_by_id);",
            reverse_sql="ALTER TABLE cases_transferapproval DROP CONSTRAINT transferapproval_true_proposer;",
        ),
    ]
