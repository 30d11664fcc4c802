"""From here on the database refuses a change of the casework that no event tells of."""

from django.db import migrations

from cases.audit.gathering import record_rows

# As `cases.models.recorded` had them when this was written.
RECORDED = {
    "cases_case": ("touched_at",),
    "cases_membership": (),
    "cases_casetag": (),
    "cases_note": (),
    "cases_subject": (),
    "cases_exchangeaccount": (),
    "cases_accountholding": (),
    "cases_casewallet": (),
    "cases_movementthreshold": (),
    "cases_approvalthreshold": (),
    "cases_authority": (),
    "cases_authoritycontact": (),
    "cases_instrumenttype": (),
    "cases_orderreader": (),
    "cases_legalorder": (),
    "cases_obligation": (),
    "cases_freezeorder": (),
    "cases_freezeamount": (),
    "cases_freezeapproval": (),
    "cases_freezebreach": (),
    "cases_casetask": (),
    "cases_clockrule": (),
    "cases_closure": (),
    "cases_clock": (),
    "cases_reportverdict": (),
    "cases_checklisttick": (),
    "cases_orderedamount": (),
    "cases_ladderentry": (),
    "cases_freezecredit": (),
    "cases_customernotice": (),
    "cases_orderpaper": (),
    "cases_mattershare": (),
    "cases_export": ("status", "step", "claimed_until", "attempts"),
    "cases_freezechange": (),
    "cases_freezechangeamount": (),
    "cases_issuerfreeze": ("looked_at", "said", "next_look_at"),
    "cases_issuerreading": (),
    "cases_transfer": (),
    "cases_transferapproval": (),
    "cases_transferleg": ("confirmations", "block_height", "block_hash", "block_time", "provider", "looked_at", "said", "next_look_at", "paid_state", "paid"),
    "cases_obligationproof": (),
    "cases_retentionclass": (),
    "cases_caseretention": (),
    "cases_legalhold": (),
    "cases_selector": (),
    "cases_finding": (),
    "cases_verification": (),
    "cases_emergencyrelease": (),
    "cases_connectorcall": ("status", "attempts", "next_at", "sent_at", "answered_at", "last_error"),
    "cases_connectorreport": (),
    "cases_alert": (),
    "people_user": ("last_login", "password", "theme"),
    "people_apitoken": (),
}


class Migration(migrations.Migration):
    dependencies = [("cases", "0013_checklist_of_each_attempt"), ("people", "0001_initial"), ("audit", "0003_told")]

    operations = [record_rows(table, left_out) for table, left_out in RECORDED.items()]
