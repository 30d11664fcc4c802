"""Which tables stand under the record: each change of their rows is told, digest by digest, in an event.

Each table of the casework is in one of the two lists; a test holds them against the models and the database's triggers.
A column that is left out holds no fact that a court could ask about, and changes without an event.
"""

from collections.abc import Collection, Mapping

RECORDED: Mapping[str, Collection[str]] = {
    # `touched_at` orders lists of cases.
    "cases_case": ("touched_at",),
    "cases_membership": (),
    "cases_casetag": (),
    "cases_note": (),
    "cases_subject": (),
    # The sealed value itself: who puts another one there is found.
    "cases_particular": (),
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
    "cases_exhibit": (),
    "cases_custodystep": (),
    "cases_mattershare": (),
    # How far its worker is; that it is ready, its digest, size and end, or why it failed, are facts.
    "cases_export": ("status", "step", "claimed_until", "attempts"),
    "cases_freezechange": (),
    "cases_freezechangeamount": (),
    # What the last look said and when the next is due; each reading is a row of its own.
    "cases_issuerfreeze": ("looked_at", "said", "next_look_at"),
    "cases_issuerreading": (),
    "cases_transfer": (),
    "cases_transferapproval": (),
    # What the last look at it said; that it is confirmed or failed is a fact, and its event holds what was seen.
    "cases_transferleg": (
        "confirmations",
        "block_height",
        "block_hash",
        "block_time",
        "provider",
        "looked_at",
        "said",
        "next_look_at",
        "paid_state",
        "paid",
    ),
    "cases_obligationproof": (),
    "cases_retentionclass": (),
    "cases_caseretention": (),
    "cases_legalhold": (),
    "cases_disposal": (),
    "cases_selector": (),
    "cases_finding": (),
    "cases_verification": (),
    "cases_emergencyrelease": (),
    # How far its worker is; what was asked, its end, and every report of the other side are facts.
    "cases_connectorcall": ("status", "attempts", "next_at", "sent_at", "answered_at", "last_error"),
    "cases_connectorreport": (),
    "cases_alert": (),
    # A log-in may write the hash anew under a newer algorithm; that somebody chose a password is an event.
    # What a freeze or a case file rests on; `wallets` keeps it, the event of the freeze tells of it.
    "wallets_sighting": (),
    "people_user": ("last_login", "password", "theme"),
    "people_apitoken": (),
}

# Each with the reason why nothing would be lost, or nobody deceived, if a row of it were changed.
NOT_RECORDED: Mapping[str, str] = {
    "cases_upload": "bytes on their way in; the exhibit that they become is told",
    "cases_particularindex": "made again from the sealed value; a wrong one makes a search miss",
    "cases_filecheck": "when a stored file was last read again; damage and its mending are told",
    "cases_outboxmessage": "work that waits for the relay; what it does is told when it is done",
    "cases_idempotentrequest": "answers kept for clients that ask again",
    "cases_savedsearch": "what a person typed into a search",
    "cases_reminder": "what is due to be reminded of follows from clocks and duties, which are recorded",
    "cases_notice": "a person's own inbox; what it is about is recorded",
    "cases_calendarfeed": "a person's calendar address",
    "cases_refusalcount": "how many refusals were left out, until the event that tells it",
    "cases_tokenplace": "from where a token was used; the first time from each address is an event",
}

# Recorded tables whose rows belong to the installation rather than to one case: no bundle of a case holds them.
OF_THE_INSTALLATION: Collection[str] = frozenset(
    {
        "cases_approvalthreshold",
        "cases_authority",
        "cases_authoritycontact",
        "cases_clockrule",
        "cases_closure",
        "cases_connectorreport",
        "cases_instrumenttype",
        "cases_reportverdict",
        "cases_retentionclass",
        "people_apitoken",
        "people_user",
    }
)
