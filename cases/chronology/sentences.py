"""Each action's sentence and its lines of detail.

`shared` marks what may stand in a matter that is shown outside the house. It is off unless said: a new action, or a
new line, stays inside until somebody decides otherwise. Reasons, comments and remarks are deliberation and stay inside.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cases.chronology import words as w
from cases.chronology.words import Text, Words


@dataclass(frozen=True)
class Detail:
    """One line: its label, the key in the details, how its value is said."""

    label: Text
    key: str
    words: Words = w.text
    shared: bool = False


@dataclass(frozen=True)
class Sentence:
    """What an action is called. `title` may name %(number)s, and in `facts` what else it takes from the details."""

    title: Text
    icon: str
    tone: str = "neutral"
    details: tuple[Detail, ...] = ()
    facts: tuple[tuple[str, Words], ...] = ()
    # For `changes` in the details: whose fields they are.
    changes: str = ""
    shared: bool = False


D = Detail
REASON = D(_("Reason"), "reason")
COMMENT = D(_("Comment"), "comment")
FICTIONAL = D(_("Fictional"), "is_fictional", w.yes, shared=True)
SOURCE = D(_("Source of the attribution"), "attribution_source")
CONFIDENCE = D(_("Confidence"), "attribution_confidence", w.confidence)
FOLLOWED = D(_("Moved along"), "followed", w.followed, shared=True)

CONTACT_SOURCE = D(_("Where the contact was found"), "contact_source")
KEPT_CONTACT = D(_("Kept on the authority's page"), "kept_contact")
PROOFS = D(_("What shows it"), "proofs", w.proofs)


def _moved(table: str) -> tuple[Detail, ...]:
    return (
        D(_("From"), "from", w.status(table), shared=True),
        D(_("To"), "to", w.status(table), shared=True),
    )


_CASE = {
    "case.opened": Sentence(
        _("Case opened"),
        "folder-open",
        "info",
        (
            D(_("Reference"), "reference"),
            D(_("Title"), "title"),
            D(_("Typology"), "typology", w.typology),
            D(_("Classification"), "classification", w.classification),
            D(_("Lead"), "lead", w.person),
            D(_("Tags"), "tags", w.listed),
        ),
    ),
    "case.edited": Sentence(_("Case changed"), "pencil", changes="case"),
    "case.tagged": Sentence(_("Tags changed"), "tag", changes="case"),
    "case.lead_changed": Sentence(_("Lead handed over"), "users", changes="case"),
    "case.moved": Sentence(
        _("Case moved to “%(to)s”"),
        "arrow-right",
        "info",
        (*_moved("case"), D(_("Disposition"), "disposition", w.disposition), REASON),
        facts=(("to", w.status("case")),),
    ),
    "case.refresh_asked": Sentence(
        _("Fresh balances of all wallets asked for"),
        "refresh-cw",
        details=(D(_("Wallets"), "wallets", w.number),),
    ),
    "member.added": Sentence(
        _("Member added: %(person)s"),
        "user-plus",
        details=(
            D(_("Role"), "role", w.role),
            D(_("May only read"), "reader", w.yes),
        ),
        facts=(("person", w.person),),
    ),
    "member.ended": Sentence(
        _("Membership ended: %(person)s"), "circle-minus", facts=(("person", w.person),)
    ),
    "note.written": Sentence(_("Note %(number)s written"), "message-square", details=(D(_("Note"), "text"),)),
    "access.denied": Sentence(
        _("Access denied"),
        "shield-alert",
        "warn",
        (D(_("Asked for"), "permission"), D(_("Where"), "what")),
    ),
}

_SUBJECTS = {
    "subject.added": Sentence(
        _("Subject %(number)s added: %(name)s"),
        "user-plus",
        details=(
            D(_("Kind"), "kind", w.subject_kind),
            D(_("Aliases"), "aliases", w.listed),
            D(_("Role"), "role", w.subject_role),
            D(_("List reference"), "list_reference"),
            SOURCE,
            CONFIDENCE,
            D(_("Remarks"), "remarks"),
            FICTIONAL,
        ),
        facts=(("name", w.text),),
    ),
    "subject.edited": Sentence(_("Subject %(number)s changed"), "pencil", changes="subject"),
    "particular.added": Sentence(
        _("%(kind)s of a subject recorded"),
        "user",
        details=(
            D(_("Subject"), "subject", w.named),
            D(_("Issuing country"), "country"),
            D(_("Where it is known from"), "source"),
        ),
        facts=(("kind", w.particular_kind),),
    ),
    "particular.withdrawn": Sentence(
        _("%(kind)s of a subject withdrawn"),
        "circle-minus",
        details=(REASON,),
        facts=(("kind", w.particular_kind),),
    ),
    "particular.viewed": Sentence(
        _("%(kind)s of a subject seen in full"),
        "eye",
        details=(D(_("Subject"), "subject", w.named),),
        facts=(("kind", w.particular_kind),),
    ),
    "account.attached": Sentence(
        _("Account %(number)s attached: %(account_number)s"),
        "landmark",
        details=(
            D(_("Holder"), "holder"),
            D(_("Subject"), "subject", w.number),
            D(_("Status at the exchange"), "reported_status", w.account_status),
            D(_("Status as of"), "reported_at", w.moment),
            FICTIONAL,
        ),
        facts=(("account_number", w.text),),
    ),
    "account.reported": Sentence(
        _("Status of account %(number)s at the exchange recorded"), "landmark", changes="account"
    ),
    "holding.recorded": Sentence(
        _("Holding of account %(number)s recorded"),
        "layers",
        details=(
            D(_("Account number"), "account_number"),
            D(_("Holding"), "", w.holding),
            D(_("Source"), "source"),
            D(_("Observed"), "observed_at", w.moment),
        ),
    ),
    "wallet.attached": Sentence(
        _("Wallet %(number)s attached"),
        "wallet",
        details=(
            D(_("Chain"), "chain", w.chain),
            D(_("Address"), "address"),
            D(_("As typed"), "typed"),
            D(_("Checksum"), "checksum", w.checksum),
            D(_("Label"), "label"),
            D(_("Role"), "role", w.wallet_role),
            D(_("Subject"), "subject", w.number),
            SOURCE,
            CONFIDENCE,
            FICTIONAL,
        ),
    ),
    "wallet.detached": Sentence(_("Wallet %(number)s taken out of the case"), "undo-2", details=(REASON,)),
    "wallet.refresh_asked": Sentence(_("Fresh balances of wallet %(number)s asked for"), "refresh-cw"),
}

_ON_CHAIN = (D(_("Chain"), "chain", w.chain), D(_("Address"), "address"))
_ALERTS = {
    "wallet.balance_changed": Sentence(
        _("Alert %(number)s, %(kind)s: the balance of wallet %(wallet)s changed"),
        "bell",
        "warn",
        (
            *_ON_CHAIN,
            D(_("Movement"), "", w.movement),
            D(_("Before"), "", w.balance_before),
            D(_("After"), "", w.balance_after),
        ),
        facts=(("kind", w.alert_kind), ("wallet", w.number)),
    ),
    "wallet.sources_disagree": Sentence(
        _("Alert %(number)s: two sources contradict each other about wallet %(wallet)s"),
        "octagon-alert",
        "bad",
        (*_ON_CHAIN, D(_("The sources say"), "", w.contradiction)),
        facts=(("wallet", w.number),),
    ),
    "alert.acknowledged": Sentence(
        _("Alert %(number)s was taken note of"),
        "check",
        details=(D(_("Kind"), "kind", w.alert_kind), D(_("Note"), "note")),
    ),
    "threshold.set": Sentence(
        _("Threshold of movements of %(asset)s set"),
        "settings",
        details=(
            D(_("Chain"), "chain", w.chain),
            D(_("Smallest movement that is told"), "", w.threshold),
            D(_("Until then"), "", w.old_threshold),
        ),
        facts=(("asset", w.text),),
    ),
    "threshold.removed": Sentence(
        _("Threshold of movements of %(asset)s removed"),
        "settings",
        details=(D(_("Chain"), "chain", w.chain), D(_("Until then"), "", w.old_threshold)),
        facts=(("asset", w.text),),
    ),
}

_ORDERS = {
    "order.recorded": Sentence(
        _("Order %(number)s recorded: %(instrument)s"),
        "scroll-text",
        "info",
        (
            D(_("Issuing authority"), "issuing_authority", shared=True),
            D(_("Agency reference"), "agency_reference", shared=True),
            D(_("Jurisdiction"), "jurisdiction", shared=True),
            D(_("Legal basis"), "legal_basis", shared=True),
            D(_("Scope"), "scope", shared=True),
            D(_("Requestor"), "requestor", shared=True),
            D(_("Requestor's title"), "requestor_title", shared=True),
            D(_("Badge or officer ID"), "requestor_badge"),
            D(_("Requestor's e-mail"), "requestor_email"),
            D(_("Requestor's telephone"), "requestor_phone"),
            D(_("Agency case number"), "agency_case_number", shared=True),
            D(_("Validating authority"), "validating_authority", shared=True),
            D(_("Enforcing authority"), "enforcing_authority", shared=True),
            D(_("Legal entity served"), "entity_served", shared=True),
            D(_("Issued"), "issued_at", w.moment, shared=True),
            D(_("Served"), "served_at", w.moment, shared=True),
            D(_("Received"), "received_at", w.moment, shared=True),
            D(_("Due"), "due_at", w.moment, shared=True),
            D(_("Ends"), "ends_at", w.moment, shared=True),
            D(_("Sealed"), "sealed", w.yes),
            D(_("Sealing terms"), "sealed_terms"),
            D(_("Nobody is told until"), "non_disclosure_until", w.moment, shared=True),
            D(_("Non-disclosure terms"), "non_disclosure_terms", shared=True),
            D(_("Time zone of the paper"), "time_zone", shared=True),
            D(_("Version of the instrument's data"), "instrument_version", w.number),
            D(_("Duties"), "obligations", w.duties, shared=True),
            D(_("What it names"), "selectors", w.selectors),
            D(_("Look-alikes that were shown before"), "alike_seen", w.count),
            FICTIONAL,
        ),
        facts=(("instrument", w.instrument),),
        shared=True,
    ),
    "freeze.breached": Sentence(
        _("Breach of freeze %(number)s: less is there than is frozen"),
        "octagon-alert",
        "bad",
        (
            D(_("Asset"), "asset"),
            D(_("Frozen"), "", w.base_units("required")),
            D(_("There before"), "", w.base_units("before")),
            D(_("There now"), "", w.base_units("after")),
            D(_("Block"), "block", w.number),
        ),
    ),
    "freeze.not_held_there": Sentence(
        _("Freeze %(number)s does not stand in the exchange's own system, by its own word"),
        "octagon-alert",
        "bad",
        (
            D(_("Said of"), "seen_at", w.moment),
            D(_("Call"), "call", w.number),
            D(_("Reference"), "reference"),
        ),
    ),
    "freeze.breach_answered": Sentence(
        _("Breach of freeze %(number)s answered"),
        "message-square",
        details=(D(_("What came of it"), "note"),),
    ),
    "customer.told": Sentence(
        _("Customer told: account %(account_number)s"),
        "mail",
        "warn",
        (
            D(_("Told"), "told_at", w.moment),
            D(_("How"), "how"),
            D(_("What was said"), "words"),
            D(_("Counsel's word"), "counsel"),
        ),
        facts=(("account_number", w.text),),
    ),
    "obligation.amount_stated": Sentence(
        _("What duty %(number)s asks for was stated"),
        "scale",
        details=(D(_("Asset"), "asset"), D(_("Amount"), "", w.base_units("amount"))),
    ),
    "ladder.entered": Sentence(
        _("Duty %(number)s: %(rung)s"),
        "layers",
        details=(
            D(_("Entry"), "entry", w.number),
            D(_("Amount"), "", w.base_units("amount")),
            D(_("When"), "happened_at", w.moment),
            D(_("By which paper"), "basis"),
        ),
        facts=(("rung", w.rung),),
    ),
    "ladder.taken_back": Sentence(
        _("Entry %(entry)s of the ladder taken back"),
        "undo-2",
        details=(REASON,),
        facts=(("entry", w.number),),
    ),
    "obligation.overdue": Sentence(
        _("Duty %(number)s is overdue"),
        "alarm-clock",
        "bad",
        (D(_("Kind"), "kind", w.duty_kind), D(_("Due"), "due_at", w.moment)),
    ),
    "reminder.sent": Sentence(
        _("Reminder sent: %(about)s, %(step)s"),
        "bell",
        details=(
            D(_("Its moment"), "due_at", w.moment),
            D(_("Told"), "told", w.people),
            D(_("Late"), "late", w.yes),
        ),
        facts=(("about", w.reminder_kind), ("step", w.reminder_step)),
    ),
    "order.sealed": Sentence(
        _("Order %(number)s sealed"),
        "lock",
        "warn",
        (REASON, D(_("Who may know it"), "readers", w.people)),
    ),
    "order.readers_changed": Sentence(
        _("Who may know order %(number)s changed"),
        "lock",
        details=(
            REASON,
            D(_("May know it now"), "added", w.people),
            D(_("May know it no longer"), "ended", w.people),
        ),
    ),
    "order.unsealed": Sentence(_("Order %(number)s unsealed"), "lock-open", details=(REASON,)),
    "order.verified": Sentence(
        _("Order %(number)s verified as authentic"),
        "shield-check",
        "good",
        (
            D(_("Method"), "method", w.verification_method, shared=True),
            D(_("Contact"), "contact"),
            CONTACT_SOURCE,
            KEPT_CONTACT,
            D(_("Remarks"), "remarks"),
        ),
        shared=True,
    ),
    "order.verification_tried": Sentence(
        _("Verification of order %(number)s tried: nothing came of it"),
        "fingerprint",
        "wait",
        (
            D(_("Method"), "method", w.verification_method),
            D(_("Contact"), "contact"),
            CONTACT_SOURCE,
            KEPT_CONTACT,
            D(_("Remarks"), "remarks"),
        ),
    ),
    "order.rejected_inauthentic": Sentence(
        _("Order %(number)s rejected as inauthentic"),
        "shield-alert",
        "bad",
        (
            D(_("Method"), "method", w.verification_method),
            D(_("Contact"), "contact"),
            CONTACT_SOURCE,
            KEPT_CONTACT,
            D(_("Remarks"), "remarks"),
            D(_("Duties lifted"), "lifted", w.listed),
        ),
    ),
    "order.moved": Sentence(
        _("Order %(number)s moved to “%(to)s”"),
        "arrow-right",
        "info",
        (
            *_moved("order"),
            REASON,
            D(_("Duties lifted"), "lifted", w.listed, shared=True),
            D(_("Terms put in force"), "started", w.listed, shared=True),
            D(_("Order moved along"), "order", w.order_steps, shared=True),
        ),
        facts=(("to", w.status("order")),),
        shared=True,
    ),
    "obligation.added": Sentence(
        _("Duty %(number)s added to order %(order)s"),
        "plus",
        details=(
            D(_("Duty"), "kind", w.duty_kind, shared=True),
            D(_("What it asks"), "text", shared=True),
            D(_("Due"), "due_at", w.moment, shared=True),
            D(_("Responsible"), "responsible", w.person),
        ),
        facts=(("order", w.number),),
        shared=True,
    ),
    "obligation.moved": Sentence(
        _("Duty %(number)s moved to “%(to)s”"),
        "arrow-right",
        "info",
        (
            *_moved("obligation"),
            D(_("Late"), "late", w.yes, shared=True),
            D(_("Order moved along"), "order", w.order_steps, shared=True),
            REASON,
            PROOFS,
        ),
        facts=(("to", w.status("obligation")),),
        shared=True,
    ),
    "obligation.proof_added": Sentence(_("Proof added to duty %(number)s"), "file-check", details=(PROOFS,)),
    "obligation.term_ended": Sentence(
        _("The term of duty %(number)s is over: %(kind)s"),
        "clock",
        "ended",
        (
            D(_("Ended"), "due_at", w.moment, shared=True),
            D(_("Order moved along"), "order", w.order_steps, shared=True),
        ),
        facts=(("kind", w.duty_kind),),
        shared=True,
    ),
    "emergency.released": Sentence(
        _("Duty %(number)s may be answered before the verification"),
        "octagon-alert",
        "warn",
        (D(_("Order"), "order", w.number), REASON),
    ),
    "emergency.reviewed": Sentence(
        _("Answer to duty %(number)s before the verification looked at: %(to)s"),
        "eye",
        "info",
        (D(_("Order"), "order", w.number), D(_("What the review says"), "review")),
        facts=(("to", w.status("emergency")),),
    ),
    "selector.added": Sentence(
        _("Selector %(number)s added to order %(order)s"),
        "search",
        details=(D(_("What it names"), "", w.selector),),
        facts=(("order", w.number),),
    ),
    "selector.looked_for": Sentence(
        _("Selector %(number)s looked for: %(outcome)s"),
        "search",
        details=(
            D(_("What the order names"), "", w.selector),
            D(_("Wallet"), "wallet", w.number),
            D(_("Account"), "account", w.number),
            D(_("Remarks"), "remarks"),
        ),
        facts=(("outcome", w.finding),),
    ),
    "obligation.clock_set": Sentence(
        _("Due moment of duty %(number)s computed"),
        "clock",
        details=(
            D(_("Rule"), "rule", shared=True),
            D(_("Version of the rule"), "rule_version", w.number, shared=True),
            D(_("Calendar"), "calendar", shared=True),
            D(_("Counted from"), "trigger_at", w.moment, shared=True),
            REASON,
        ),
        changes="obligation",
        shared=True,
    ),
    "obligation.extended": Sentence(
        _("Clock of duty %(number)s extended"),
        "clock",
        details=(REASON,),
        changes="obligation",
        shared=True,
    ),
    "paper.attached": Sentence(
        _("Paper %(number)s attached to order %(order)s"),
        "paperclip",
        details=(
            D(_("File"), "filename", shared=True),
            D(_("SHA-256"), "sha256", shared=True),
            D(_("Size"), "size", w.size, shared=True),
        ),
        facts=(("order", w.number),),
        shared=True,
    ),
    "order.viewed": Sentence(_("Sealed order %(number)s looked at"), "eye", details=(D(_("What"), "what"),)),
    "paper.downloaded": Sentence(
        _("Paper %(number)s downloaded"), "download", details=(D(_("SHA-256"), "sha256"),)
    ),
}

_DISPOSALS = {
    "disposal.asked": Sentence(_("Disposal of the record asked for"), "archive", "warn", (REASON,)),
    "disposal.refused": Sentence(_("Disposal of the record refused"), "circle-minus", details=(REASON,)),
    "disposal.agreed": Sentence(_("The record of the case disposed of"), "archive", "warn", (REASON,)),
}

_EXHIBITS = {
    "exhibit.added": Sentence(
        _("Exhibit EX-%(number)s taken in: %(title)s"),
        "archive",
        "info",
        (
            D(_("Description"), "description"),
            D(_("Order"), "order", w.number),
            D(_("Received from"), "received_from"),
            D(_("How it was received"), "received_how"),
            D(_("Received"), "received_at", w.moment),
            D(_("File"), "filename"),
            D(_("Type by its content"), "media_type"),
            D(_("SHA-256 that the sender announced"), "announced_sha256"),
            D(_("SHA-256"), "sha256"),
            D(_("Size"), "size", w.size),
        ),
        facts=(("title", w.text),),
    ),
    "exhibit.custody_recorded": Sentence(
        _("Exhibit EX-%(number)s: %(kind)s"),
        "arrow-right",
        details=(
            D(_("Person"), "other_person"),
            D(_("Organisation"), "other_organisation"),
            D(_("How"), "how"),
            D(_("Why"), "why"),
            D(_("When"), "happened_at", w.moment),
            D(_("SHA-256 before"), "sha256_before"),
            D(_("SHA-256 after"), "sha256_after"),
        ),
        facts=(("kind", w.custody),),
    ),
    "exhibit.downloaded": Sentence(
        _("Copy of exhibit EX-%(number)s taken"),
        "download",
        details=(D(_("SHA-256"), "sha256"), D(_("Why"), "why")),
    ),
    "exhibit.scanned": Sentence(
        _("Exhibit EX-%(number)s scanned for malware: %(scan)s"),
        "shield-alert",
        details=(D(_("What the scanner said"), "said"), D(_("SHA-256"), "sha256")),
        facts=(("scan", w.scan),),
    ),
    "file.damaged": Sentence(
        _("Stored file %(name)s: %(state)s"),
        "shield-alert",
        "bad",
        details=(D(_("SHA-256"), "sha256"), D(_("Seen"), "seen_at", w.moment)),
        facts=(("name", w.text), ("state", w.file_state)),
    ),
    "file.restored": Sentence(
        _("Stored file %(name)s is intact again"),
        "check",
        "good",
        details=(D(_("SHA-256"), "sha256"), D(_("Seen"), "seen_at", w.moment)),
        facts=(("name", w.text),),
    ),
}

_FREEZES = {
    "freeze.proposed": Sentence(
        _("Freeze %(number)s proposed"),
        "snowflake",
        "wait",
        (
            D(_("Order"), "order", w.number, shared=True),
            D(_("Duty"), "obligation", w.number, shared=True),
            D(_("Policy hold"), "policy_hold"),
            D(_("Formal order by"), "formal_order_by", w.moment),
            D(_("Wallet"), "wallet", w.target_wallet, shared=True),
            D(_("Account"), "account", w.target_account, shared=True),
            D(_("Scope"), "scope", w.freeze_scope, shared=True),
            REASON,
            D(_("Approvals asked for"), "approvals_required", w.number, shared=True),
            D(_("Amounts"), "amounts", w.amounts("proposed"), shared=True),
            FICTIONAL,
        ),
        shared=True,
    ),
    "freeze.approved": Sentence(
        _("Freeze %(number)s approved (%(given)s of %(required)s)"),
        "circle-check",
        "good",
        (COMMENT, D(_("Status"), "status", w.status("freeze"), shared=True)),
        facts=(("given", w.number), ("required", w.number)),
        shared=True,
    ),
    "freeze.rejected": Sentence(_("Freeze %(number)s rejected"), "circle-x", "bad", (COMMENT,), shared=True),
    "freeze.cancelled": Sentence(
        _("Freeze %(number)s cancelled"), "circle-slash", "ended", (*_moved("freeze"), REASON), shared=True
    ),
    "freeze.applying": Sentence(
        _("Freeze %(number)s is being applied"),
        "circle-play",
        "active",
        (*_moved("freeze"), FOLLOWED),
        shared=True,
    ),
    "freeze.applied": Sentence(
        _("Freeze %(number)s applied"),
        "snowflake",
        "good",
        (
            D(_("Applied at"), "applied_at", w.moment, shared=True),
            D(_("Amounts"), "amounts", w.amounts("applied"), shared=True),
        ),
        shared=True,
    ),
    "freeze.apply_failed": Sentence(
        _("Freeze %(number)s could not be applied"),
        "octagon-alert",
        "bad",
        (*_moved("freeze"), REASON),
        shared=True,
    ),
    "freeze.confirmed": Sentence(
        _("Freeze %(number)s confirmed"),
        "snowflake",
        "good",
        (D(_("Proof of the hold"), "confirmation"), FOLLOWED),
        shared=True,
    ),
    "freeze.wrong_target_reversed": Sentence(
        _("Freeze %(number)s had the wrong target and was reversed"),
        "rotate-ccw",
        "warn",
        (*_moved("freeze"), REASON),
        shared=True,
    ),
    "freeze.release_proposed": Sentence(
        _("Release of freeze %(number)s proposed"), "lock-open", "wait", (REASON,), shared=True
    ),
    "freeze.released": Sentence(
        _("Freeze %(number)s released"), "lock-open", "ended", (*_moved("freeze"), COMMENT), shared=True
    ),
    "freeze.release_refused": Sentence(
        _("Release of freeze %(number)s refused"),
        "lock",
        "info",
        (*_moved("freeze"), COMMENT),
        shared=True,
    ),
}

_ASSET = D(_("Amount"), "", w.holding)
_LEGS = D(_("Transactions"), "legs", w.legs)
_DESTINATION = D(_("Destination"), "destination")

_FREEZE_LIFE = {
    "freeze.extension_proposed": Sentence(
        _("Extension of freeze %(number)s proposed"),
        "calendar",
        "wait",
        (D(_("End so far"), "old_ends_at", w.moment), D(_("New end"), "ends_at", w.moment), REASON),
    ),
    "freeze.extended": Sentence(
        _("Freeze %(number)s extended"),
        "calendar",
        "info",
        (
            D(_("End so far"), "old_ends_at", w.moment, shared=True),
            D(_("New end"), "ends_at", w.moment, shared=True),
            COMMENT,
        ),
        shared=True,
    ),
    "freeze.extension_refused": Sentence(
        _("Extension of freeze %(number)s refused"), "circle-x", "ended", (COMMENT,)
    ),
    "freeze.partial_release_proposed": Sentence(
        _("Partial release of freeze %(number)s proposed"),
        "circle-minus",
        "wait",
        (D(_("Would be released"), "released", w.parts), REASON),
    ),
    "freeze.partly_released": Sentence(
        _("Freeze %(number)s released in part"),
        "circle-minus",
        "warn",
        (D(_("Released"), "released", w.parts, shared=True), COMMENT),
        shared=True,
    ),
    "freeze.partial_release_refused": Sentence(
        _("Partial release of freeze %(number)s refused"),
        "circle-x",
        "ended",
        (D(_("Asked for"), "released", w.parts), COMMENT),
    ),
    "freeze.credited": Sentence(
        _("Credit %(number)s after freeze %(freeze)s: held"),
        "download",
        "warn",
        (
            _ASSET,
            D(_("Seen"), "seen_at", w.moment),
            D(_("Block"), "block_height", w.number),
            D(_("Source"), "source"),
        ),
        facts=(("freeze", w.number),),
    ),
    "credit.kept": Sentence(
        _("Credit %(number)s after freeze %(freeze)s kept held"),
        "lock",
        "info",
        (_ASSET, REASON),
        facts=(("freeze", w.number),),
    ),
    "credit.release_proposed": Sentence(
        _("Release of credit %(number)s after freeze %(freeze)s proposed"),
        "lock-open",
        "wait",
        (_ASSET, REASON),
        facts=(("freeze", w.number),),
    ),
    "credit.released": Sentence(
        _("Credit %(number)s after freeze %(freeze)s released"),
        "lock-open",
        "ended",
        (_ASSET, COMMENT),
        facts=(("freeze", w.number),),
    ),
    "credit.release_refused": Sentence(
        _("Release of credit %(number)s after freeze %(freeze)s refused"),
        "lock",
        "info",
        (_ASSET, COMMENT),
        facts=(("freeze", w.number),),
    ),
    "transfer.proposed": Sentence(
        _("Transfer %(number)s out of freeze %(freeze)s proposed"),
        "send",
        "wait",
        (
            D(_("Duty"), "obligation", w.number),
            _DESTINATION,
            D(_("Checksum"), "checksum", w.checksum),
            D(_("Confirmed with"), "check_contact"),
            D(_("Nothing remains held"), "takes_all", w.yes),
            _LEGS,
            REASON,
        ),
        facts=(("freeze", w.number),),
    ),
    "transfer.approved": Sentence(
        _("Transfer %(number)s out of freeze %(freeze)s approved"),
        "circle-check",
        "good",
        (D(_("Approvals given"), "given", w.number), D(_("Asked for"), "required", w.number), COMMENT),
        facts=(("freeze", w.number),),
    ),
    "transfer.refused": Sentence(
        _("Transfer %(number)s out of freeze %(freeze)s refused"),
        "circle-x",
        "bad",
        (COMMENT,),
        facts=(("freeze", w.number),),
    ),
    "transfer.withdrawn": Sentence(
        _("Transfer %(number)s out of freeze %(freeze)s withdrawn"),
        "circle-slash",
        "ended",
        (REASON,),
        facts=(("freeze", w.number),),
    ),
    "transfer.begun": Sentence(
        _("Transfer %(number)s out of freeze %(freeze)s is being sent"),
        "circle-play",
        "info",
        (*_moved("freeze"), FOLLOWED),
        facts=(("freeze", w.number),),
        shared=True,
    ),
    "transfer.sent": Sentence(
        _("Transaction of transfer %(number)s recorded"),
        "send",
        "info",
        (
            D(_("Amount"), "", w.holding, shared=True),
            D(_("Transaction"), "txid", shared=True),
            D(_("Test"), "test", w.yes),
            D(_("Sent"), "sent_at", w.moment, shared=True),
            D(_("Fee"), "", w.fee),
        ),
        shared=True,
    ),
    "transfer.test_confirmed": Sentence(
        _("Test of transfer %(number)s confirmed on the chain"), "circle-check", "good", (_LEGS,)
    ),
    "transfer.leg_ended": Sentence(
        _("A transaction of transfer %(number)s came to its end on the chain"), "layers", "info", (_LEGS,)
    ),
    "transfer.in_blocks": Sentence(
        _("Transfer %(number)s stands in the chain"),
        "layers",
        "info",
        (*_moved("freeze"), _LEGS),
    ),
    "transfer.settled": Sentence(
        _("Transfer %(number)s out of freeze %(freeze)s settled on the chain"),
        "square-check",
        "good",
        (
            *_moved("freeze"),
            D(_("Destination"), "destination", shared=True),
            D(_("Transactions"), "legs", w.legs, shared=True),
            D(_("Still held"), "remains", w.parts, shared=True),
            FOLLOWED,
        ),
        facts=(("freeze", w.number),),
        shared=True,
    ),
    "transfer.failed": Sentence(
        _("Transfer %(number)s out of freeze %(freeze)s failed"),
        "octagon-alert",
        "bad",
        (*_moved("freeze"), REASON, _LEGS),
        facts=(("freeze", w.number),),
    ),
    "transfer.failed_on_chain": Sentence(
        _("Transfer %(number)s out of freeze %(freeze)s failed on the chain"),
        "octagon-alert",
        "bad",
        (*_moved("freeze"), _LEGS),
        facts=(("freeze", w.number),),
    ),
    "transfer.receipted": Sentence(
        _("Receipt for transfer %(number)s recorded"),
        "file-check",
        "good",
        (D(_("Receipt"), "receipt", shared=True),),
        shared=True,
    ),
    "issuer_freeze.requested": Sentence(
        _("Issuer of %(asset)s asked to block the wallet of freeze %(freeze)s"),
        "landmark",
        "wait",
        (
            D(_("Issuer"), "issuer"),
            D(_("Ticket or contact"), "reference"),
            D(_("Contract"), "contract"),
            D(_("Address"), "address"),
        ),
        facts=(("asset", w.text), ("freeze", w.number)),
    ),
    "issuer_freeze.submitted": Sentence(
        _("Block of %(asset)s for freeze %(freeze)s submitted by its issuer"),
        "send",
        "info",
        (D(_("Transaction"), "txid"),),
        facts=(("asset", w.text), ("freeze", w.number)),
    ),
    "issuer_freeze.confirmed": Sentence(
        _("Block of %(asset)s for freeze %(freeze)s confirmed by its issuer"),
        "snowflake",
        "good",
        (D(_("Transaction"), "txid"),),
        facts=(("asset", w.text), ("freeze", w.number)),
    ),
    "issuer_freeze.refused": Sentence(
        _("Request to the issuer of %(asset)s for freeze %(freeze)s ended without a block"),
        "circle-x",
        "ended",
        (REASON,),
        facts=(("asset", w.text), ("freeze", w.number)),
    ),
    "issuer_freeze.lifted": Sentence(
        _("Block of %(asset)s for freeze %(freeze)s lifted by its issuer"),
        "lock-open",
        "warn",
        (REASON,),
        facts=(("asset", w.text), ("freeze", w.number)),
    ),
    "issuer_freeze.seen": Sentence(
        _("Contract of %(asset)s read for freeze %(freeze)s: %(state)s"),
        "eye",
        "info",
        (
            D(_("Block"), "block_height", w.number),
            D(_("Block time"), "block_time", w.moment),
            D(_("Source"), "provider"),
        ),
        facts=(("asset", w.text), ("freeze", w.number), ("state", w.restriction)),
    ),
}

_THRESHOLDS = {
    "approval_threshold.set": Sentence(
        _("Threshold for a second approval set"),
        "users",
        "info",
        (D(_("From"), "", w.approval_threshold), D(_("Before"), "old", w.approval_threshold), REASON),
    ),
    "approval_threshold.removed": Sentence(
        _("Threshold for a second approval taken back"),
        "users",
        "warn",
        (D(_("Before"), "old", w.approval_threshold), REASON),
    ),
}

_SHARES = {
    "bundle.made": Sentence(
        _("Verification bundle made"),
        "archive",
        details=(D(_("SHA-256"), "sha256", w.text),),
    ),
    "matter.shared": Sentence(
        _("Matter of order %(order)s shared with %(liaison)s"),
        "share-2",
        "info",
        (
            D(_("Agency"), "agency", shared=True),
            D(_("Purpose"), "purpose", shared=True),
            D(_("Ends"), "ends_at", w.moment, shared=True),
        ),
        facts=(("order", w.number), ("liaison", w.person)),
        shared=True,
    ),
    "matter.share_ended": Sentence(_("Share %(number)s ended"), "undo-2", "ended", (REASON,)),
    "export.requested": Sentence(
        _("Case file %(export)s asked for"),
        "file-text",
        details=(D(_("Profile"), "profile", w.export_profile, shared=True),),
        facts=(("export", w.text),),
        shared=True,
    ),
    "export.ready": Sentence(
        _("Case file %(export)s is ready"),
        "file-check",
        "good",
        (
            D(_("As of"), "as_of", w.moment, shared=True),
            D(_("SHA-256"), "sha256", shared=True),
            D(_("Size"), "size", w.size, shared=True),
            D(_("Pages"), "pages", w.number, shared=True),
        ),
        facts=(("export", w.text),),
        shared=True,
    ),
    "export.failed": Sentence(
        _("Case file %(export)s could not be made"),
        "octagon-alert",
        "bad",
        (REASON,),
        facts=(("export", w.text),),
    ),
    "export.downloaded": Sentence(
        _("Case file %(export)s downloaded"),
        "download",
        details=(D(_("SHA-256"), "sha256", shared=True),),
        facts=(("export", w.text),),
        shared=True,
    ),
}

# The installation's own record: people, tokens, prices, instruments, authorities.
_SYSTEM = {
    "case.disposed": Sentence(
        _("Case %(reference)s disposed of: its key is destroyed"),
        "archive",
        "warn",
        (
            D(_("Last event of its own record"), "events", w.number),
            D(_("SHA-256 of it"), "head"),
            D(_("Asked for by"), "asked_by", w.person),
            REASON,
        ),
        facts=(("reference", w.text),),
    ),
    "instrument.changed": Sentence(
        _("Instrument changed: %(label)s"),
        "gavel",
        details=(D(_("Key"), "key"), D(_("Version"), "version", w.number), REASON),
        facts=(("label", w.text),),
        changes="instrument",
    ),
    "clock_rule.changed": Sentence(
        _("Clock rule changed: %(label)s"),
        "alarm-clock",
        details=(D(_("Key"), "key"), D(_("Version"), "version", w.number), REASON),
        facts=(("label", w.text),),
        changes="clock_rule",
    ),
    "closure.added": Sentence(
        _("Calendar %(calendar)s closed on %(day)s"),
        "calendar",
        details=(D(_("Why"), "why"),),
        facts=(("calendar", w.text), ("day", w.text)),
    ),
    "closure.removed": Sentence(
        _("Calendar %(calendar)s no longer closed on %(day)s"),
        "calendar",
        details=(D(_("Why"), "why"),),
        facts=(("calendar", w.text), ("day", w.text)),
    ),
    "authority.kept": Sentence(
        _("Authority kept: %(authority)s"),
        "landmark",
        details=(D(_("Jurisdiction"), "jurisdiction"), D(_("Remarks"), "remarks")),
        facts=(("authority", w.text),),
    ),
    "authority.edited": Sentence(
        _("Authority changed: %(authority)s"),
        "pencil",
        facts=(("authority", w.text),),
        changes="authority",
    ),
    "authority.contact_added": Sentence(
        _("Contact of %(authority)s kept"),
        "plus",
        details=(
            D(_("Kind"), "kind", w.contact_kind),
            D(_("Contact"), "value"),
            D(_("Whom to ask for"), "person"),
            D(_("Where it was found"), "source"),
        ),
        facts=(("authority", w.text),),
    ),
    "authority.contact_ended": Sentence(
        _("Contact of %(authority)s no longer counts"),
        "circle-minus",
        details=(D(_("Contact"), "value"), REASON),
        facts=(("authority", w.text),),
    ),
    "person.added": Sentence(
        _("Person added: %(person)s"),
        "user-plus",
        details=(
            D(_("E-mail"), "email"),
            D(_("Role"), "role", w.role),
            D(_("Agency"), "agency"),
        ),
        facts=(("person", w.person),),
    ),
    "person.edited": Sentence(
        _("Person changed: %(person)s"), "pencil", facts=(("person", w.person),), changes="person"
    ),
    "keys.signing_began": Sentence(
        _("First key that signs checkpoints"), "key-round", details=(D(_("Key"), "key", w.text),)
    ),
    "keys.signing_rotated": Sentence(
        _("New key that signs checkpoints"),
        "key-round",
        details=(D(_("Key"), "key", w.text), D(_("The one before"), "before", w.text)),
    ),
    "keys.sealing_rotated": Sentence(
        _("New master key; %(keys)s keys wrapped under it"), "key-round", facts=(("keys", w.text),)
    ),
    "looks.recorded": Sentence(
        _("Looks at wallets fixed by their digests: %(count)s"), "activity", facts=(("count", w.text),)
    ),
    "calendar.created": Sentence(_("Calendar address made"), "calendar"),
    "calendar.ended": Sentence(_("Calendar address ended"), "calendar"),
    "token.created": Sentence(
        _("Token created: %(label)s"),
        "key-round",
        details=(D(_("Expires"), "expires_at", w.moment),),
        facts=(("label", w.text),),
    ),
    "token.revoked": Sentence(_("Token revoked: %(label)s"), "key-round", facts=(("label", w.text),)),
    "prices.imported": Sentence(
        _("Prices imported from %(filename)s"),
        "upload",
        details=(
            D(_("SHA-256"), "sha256"),
            D(_("Size"), "size", w.size),
            D(_("Prices added"), "added", w.number),
            D(_("Prices corrected"), "corrected", w.number),
            D(_("For"), "keys", w.listed),
            D(_("Sources"), "sources", w.listed),
        ),
        facts=(("filename", w.text),),
    ),
}

# How people come in, and what was counted instead of told.
_LOG_INS = {
    "login.done": Sentence(
        _("%(person)s logged in"),
        "user",
        details=(D(_("By"), "ways", w.ways), D(_("Session"), "session")),
        facts=(("person", w.person),),
    ),
    "login.ended": Sentence(_("%(person)s logged out"), "undo-2", facts=(("person", w.person),)),
    "login.failed": Sentence(
        _("A log-in failed: %(person)s"),
        "triangle-alert",
        "warn",
        (D(_("By"), "way", w.way), D(_("Why"), "why", w.why_not), D(_("May log in"), "active", w.yes)),
        facts=(("person", w.somebody),),
    ),
    "person.password_changed": Sentence(
        _("Password changed: %(person)s"), "key-round", facts=(("person", w.person),)
    ),
    "person.password_reset_asked": Sentence(
        _("A new password was asked for by mail: %(person)s"), "key-round", facts=(("person", w.somebody),)
    ),
    "person.password_reset": Sentence(
        _("Password set anew by mail: %(person)s"), "key-round", "info", facts=(("person", w.person),)
    ),
    "person.totp_added": Sentence(
        _("Authenticator app added: %(person)s"), "shield-check", facts=(("person", w.person),)
    ),
    "person.totp_removed": Sentence(
        _("Authenticator app removed: %(person)s"), "circle-minus", "warn", facts=(("person", w.person),)
    ),
    "person.passkey_added": Sentence(
        _("Passkey added: %(person)s"), "shield-check", facts=(("person", w.person),)
    ),
    "person.passkey_renamed": Sentence(
        _("Passkey renamed: %(person)s"), "pencil", facts=(("person", w.person),)
    ),
    "person.passkey_removed": Sentence(
        _("Passkey removed: %(person)s"), "circle-minus", "warn", facts=(("person", w.person),)
    ),
    "person.recovery_codes_made": Sentence(
        _("Recovery codes made: %(person)s"), "key-round", facts=(("person", w.person),)
    ),
    "person.recovery_codes_viewed": Sentence(
        _("Recovery codes looked at: %(person)s"),
        "eye",
        details=(D(_("Saved as a file"), "saved", w.yes),),
        facts=(("person", w.person),),
    ),
    "person.log_in_changed": Sentence(
        _("The way in was changed: %(person)s"),
        "key-round",
        details=(D(_("Notice"), "notice"),),
        facts=(("person", w.person),),
    ),
    "token.used": Sentence(
        _("Token used from a new address: %(label)s"),
        "key-round",
        details=(D(_("Address"), "address"),),
        facts=(("label", w.text),),
    ),
    "token.refused": Sentence(
        _("A token was refused"),
        "triangle-alert",
        "warn",
        (D(_("Why"), "why", w.why_not), D(_("Token"), "label"), D(_("Whose"), "person", w.person)),
    ),
    "calendar.read": Sentence(
        _("Calendar of %(person)s read by its address"),
        "calendar",
        details=(D(_("From"), "address"),),
        facts=(("person", w.person),),
    ),
    "search.made": Sentence(_("Searched everything that is kept"), "search"),
    "denials.counted": Sentence(
        _("%(count)s more were not told one by one: %(kind)s"),
        "octagon-alert",
        "warn",
        (D(_("From"), "from", w.moment), D(_("To"), "to", w.moment), D(_("Of whom"), "whose")),
        facts=(("count", w.number), ("kind", w.told)),
    ),
    "reads.counted": Sentence(
        _("%(count)s more were not told one by one: %(kind)s"),
        "eye",
        details=(D(_("From"), "from", w.moment), D(_("To"), "to", w.moment), D(_("Of whom"), "whose")),
        facts=(("count", w.number), ("kind", w.told)),
    ),
}

_WORK = {
    "case.closing_asked": Sentence(
        _("Closing asked for"),
        "hourglass",
        "info",
        (*_moved("case"), D(_("Disposition"), "disposition", w.disposition), REASON),
    ),
    "case.closing_withdrawn": Sentence(
        _("Closing no longer asked for"), "undo-2", details=(*_moved("case"), REASON)
    ),
    "case.closing_refused": Sentence(_("Closing refused"), "circle-x", "warn", (*_moved("case"), REASON)),
    "case.closed": Sentence(
        _("Case closed"),
        "square-check",
        "good",
        (
            *_moved("case"),
            D(_("Disposition"), "disposition", w.disposition),
            D(_("Record kept"), "retention", w.retention),
            REASON,
        ),
    ),
    "case.handed_over": Sentence(
        _("Handed over from %(leaving)s to %(to)s"),
        "users",
        "info",
        (
            D(_("The lead"), "lead", w.yes),
            D(_("Tasks"), "tasks", w.numbers),
            D(_("Duties"), "duties", w.numbers),
            D(_("Membership ended"), "ends_membership", w.yes),
            REASON,
        ),
        facts=(("leaving", w.person), ("to", w.person)),
    ),
    "task.given": Sentence(
        _("Task %(number)s given to %(assignee)s: %(title)s"),
        "list-checks",
        details=(
            D(_("Due"), "due_at", w.moment),
            D(_("Time zone"), "time_zone"),
            D(_("About"), "about", w.about),
            D(_("More about it"), "text"),
        ),
        facts=(("assignee", w.person), ("title", w.text)),
    ),
    "task.changed": Sentence(
        _("Task %(number)s changed: %(title)s"),
        "pencil",
        details=(REASON,),
        facts=(("title", w.text),),
        changes="task",
    ),
    "task.ended": Sentence(
        _("Task %(number)s: %(to)s: %(title)s"),
        "check",
        "good",
        (D(_("Words"), "reason"),),
        facts=(("to", w.status("task")), ("title", w.text)),
    ),
    "retention.set": Sentence(
        _("How long the record is kept was set"),
        "archive",
        "info",
        (D(_("Record kept"), "retention", w.retention), REASON),
    ),
    "hold.placed": Sentence(_("Legal hold %(number)s placed"), "lock", "warn", (REASON,)),
    "hold.lifted": Sentence(
        _("Legal hold %(number)s lifted"), "lock-open", details=(D(_("Held for"), "held_for"), REASON)
    ),
    "retention_class.changed": Sentence(
        _("Retention class %(label)s changed"),
        "archive",
        details=(D(_("Key"), "key"), D(_("Version"), "version", w.number), REASON),
        facts=(("label", w.text),),
        changes="retention_class",
    ),
}

_CALL = (D(_("What"), "what", w.call_kind), D(_("Call"), "call", w.number), D(_("Key"), "key"))

_CONNECTOR = {
    "connector.sent": Sentence(
        _("Freeze %(number)s: asked of the exchange's own system"), "send", details=_CALL
    ),
    "connector.accepted": Sentence(
        _("Freeze %(number)s: accepted by the exchange's own system"), "send", details=_CALL
    ),
    "connector.confirmed": Sentence(
        _("Freeze %(number)s: done, by the exchange's own system"),
        "circle-check",
        "good",
        (*_CALL, D(_("Reference there"), "reference"), D(_("State there"), "state"), REASON),
    ),
    "connector.failed": Sentence(
        _("Freeze %(number)s: refused by the exchange's own system"), "octagon-alert", "bad", (*_CALL, REASON)
    ),
    "connector.given_up": Sentence(
        _("Freeze %(number)s: no longer asked of the exchange's own system"),
        "circle-x",
        "bad",
        (*_CALL, REASON),
    ),
    "connector.reported": Sentence(
        _("The exchange's own system reported"),
        "inbox",
        details=(D(_("What came of it"), "verdict", w.text), D(_("In words"), "words", w.text)),
    ),
    "connector.contradicted": Sentence(
        _("Freeze %(number)s: the exchange's own system contradicts its earlier report"),
        "octagon-alert",
        "bad",
        (*_CALL, REASON),
    ),
    "connector.refused": Sentence(
        _("Freeze %(number)s: a report was not taken over"), "triangle-alert", "warn", (*_CALL, REASON)
    ),
    "connector.holdings_refused": Sentence(
        _("Account %(number)s: reported holdings were not taken over"),
        "triangle-alert",
        "warn",
        (REASON, D(_("Message"), "message")),
    ),
    "connector.retried": Sentence(
        _("Freeze %(number)s: asked again of the exchange's own system"),
        "refresh-cw",
        details=(*_CALL, REASON),
    ),
    "connector.status_asked": Sentence(
        _("Freeze %(number)s: asked how it stands there"),
        "refresh-cw",
        details=(D(_("Call"), "call", w.number), D(_("Key"), "key")),
    ),
    "freeze.item_ticked": Sentence(
        _("Freeze %(number)s: %(item)s"),
        "check",
        details=(D(_("Remark"), "note"),),
        facts=(("item", w.checklist_item),),
    ),
}

SENTENCES: dict[str, Sentence] = {
    **_CASE,
    **_SUBJECTS,
    **_ALERTS,
    **_ORDERS,
    **_EXHIBITS,
    **_DISPOSALS,
    **_FREEZES,
    **_FREEZE_LIFE,
    **_CONNECTOR,
    **_THRESHOLDS,
    **_SHARES,
    **_SYSTEM,
    **_LOG_INS,
    **_WORK,
}
# Those of the installation's own stream, which belongs to no case.
SYSTEM_ACTIONS = frozenset(
    {*_SYSTEM, *_LOG_INS, *_THRESHOLDS, "retention_class.changed", "connector.reported"}
)
SHARED_ACTIONS = frozenset(action for action, sentence in SENTENCES.items() if sentence.shared)
