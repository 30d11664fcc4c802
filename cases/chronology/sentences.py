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
            D(_("Requestor's e-mail"), "requestor_email"),
            D(_("Issued"), "issued_at", w.moment, shared=True),
            D(_("Served"), "served_at", w.moment, shared=True),
            D(_("Received"), "received_at", w.moment, shared=True),
            D(_("Due"), "due_at", w.moment, shared=True),
            D(_("Time zone of the paper"), "time_zone", shared=True),
            D(_("Duties"), "obligations", w.duties, shared=True),
            FICTIONAL,
        ),
        facts=(("instrument", w.instrument),),
        shared=True,
    ),
    "order.verified": Sentence(
        _("Order %(number)s verified as authentic"),
        "shield-check",
        "good",
        (
            D(_("Method"), "method", w.verification_method, shared=True),
            D(_("Contact"), "contact"),
            D(_("Remarks"), "remarks"),
        ),
        shared=True,
    ),
    "order.rejected_inauthentic": Sentence(
        _("Order %(number)s rejected as inauthentic"),
        "shield-alert",
        "bad",
        (
            D(_("Method"), "method", w.verification_method),
            D(_("Contact"), "contact"),
            D(_("Remarks"), "remarks"),
            D(_("Duties lifted"), "lifted", w.listed),
        ),
    ),
    "order.moved": Sentence(
        _("Order %(number)s moved to “%(to)s”"),
        "arrow-right",
        "info",
        (*_moved("order"), REASON, D(_("Duties lifted"), "lifted", w.listed, shared=True)),
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
            D(_("Order moved along"), "order", w.order_steps, shared=True),
            REASON,
        ),
        facts=(("to", w.status("obligation")),),
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
    "paper.downloaded": Sentence(
        _("Paper %(number)s downloaded"), "download", details=(D(_("SHA-256"), "sha256"),)
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

_SHARES = {
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

# The installation's own record: people, tokens, prices.
_SYSTEM = {
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

SENTENCES: dict[str, Sentence] = {
    **_CASE,
    **_SUBJECTS,
    **_ALERTS,
    **_ORDERS,
    **_FREEZES,
    **_SHARES,
    **_SYSTEM,
}
SHARED_ACTIONS = frozenset(action for action, sentence in SENTENCES.items() if sentence.shared)
