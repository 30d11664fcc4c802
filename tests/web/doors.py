"""What it takes to enter each URL: one declaration for every name that the resolver knows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.urls import URLResolver, get_resolver

from cases.permissions import GlobalPermission, Permission

P, G = Permission, GlobalPermission
Kind = Literal["case", "matter", "global", "anyone", "liaison", "own", "fixed"]
Needed = Permission | GlobalPermission | None


@dataclass(frozen=True)
class Door:
    """One URL, or one use of it.

    `needs` maps each method that is served to the permission that opens it (None: any person who is signed in). A
    method that is not in it is 405. `inside` is what a person who may enter can be answered.
    """

    kind: Kind
    needs: Mapping[str, Needed]
    data: Mapping[str, str] = field(default_factory=dict)
    inside: frozenset[int] = frozenset()
    # For `fixed`: method → (answer to nobody, answer to anybody who is signed in).
    fixed: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def _of(kind: Kind) -> Callable[..., Door]:
    def made(*, data: dict[str, str] | None = None, inside: set[int] | None = None, **needs: Needed) -> Door:
        return Door(
            kind=kind,
            needs={method.upper(): needed for method, needed in needs.items()},
            data=data or {},
            inside=frozenset(inside or ()),
        )

    return made


case, matter, overall, anyone = _of("case"), _of("matter"), _of("global"), _of("anyone")
liaison, own = _of("liaison"), _of("own")


def form(permission: Permission, **kwargs: Any) -> Door:
    """A page with a form: GET shows it, POST does it, and both take the same leave."""
    return case(get=permission, post=permission, **kwargs)


def fixed(get: tuple[int, int], post: tuple[int, int] | None = None) -> Door:
    """The log-in's own pages: what they answer to nobody and to somebody, since they stand on no door of ours."""
    return Door(kind="fixed", needs={}, fixed={"GET": get} if post is None else {"GET": get, "POST": post})


READ = case(get=P.READ)
# Taking a file that is not made yet.
NOT_READY = {409}

PAGES: dict[str, list[Door]] = {
    # The person's work, search, profile
    "home": [anyone(get=None, inside={200, 302})],
    "case-list": [overall(get=G.SEARCH)],
    "disposed-case-list": [overall(get=G.SEARCH)],
    "case-create": [overall(get=G.OPEN_CASE, post=G.OPEN_CASE)],
    "search": [overall(get=G.SEARCH, post=G.SEARCH)],
    "search-results": [own(get=G.SEARCH)],
    "profile": [anyone(get=None)],
    "theme": [anyone(post=None)],
    "token-create": [anyone(get=None, post=None)],
    "token-revoke": [own(post=None)],
    # A case
    "case-detail": [READ],
    "case-edit": [form(P.EDIT)],
    "case-tags": [form(P.EDIT)],
    "case-move": [form(P.MOVE)],
    "case-refresh": [case(post=P.WALLETS)],
    "chronology": [READ],
    "member-list": [READ],
    "member-add": [form(P.MEMBERS)],
    "member-end": [form(P.MEMBERS)],
    "lead-change": [form(P.MEMBERS)],
    "note-list": [READ],
    "note-create": [form(P.NOTE)],
    "subject-list": [READ],
    "subject-create": [form(P.EDIT)],
    "subject-detail": [READ],
    "subject-edit": [form(P.EDIT)],
    "particular-create": [form(P.IDENTITY)],
    "particular-view": [form(P.IDENTITY)],
    "particular-withdraw": [form(P.IDENTITY)],
    "account-list": [READ],
    "account-create": [form(P.ACCOUNTS)],
    "account-detail": [READ],
    "account-report": [form(P.ACCOUNTS)],
    "holding-create": [form(P.ACCOUNTS)],
    "wallet-list": [READ],
    "wallet-create": [form(P.WALLETS)],
    "wallet-detail": [READ],
    "wallet-reading": [READ],
    "wallet-refresh": [case(post=P.WALLETS)],
    "wallet-detach": [form(P.WALLETS)],
    "alert-list": [READ],
    "alert-acknowledge": [form(P.WALLETS)],
    "threshold-set": [form(P.WALLETS)],
    "threshold-remove": [case(post=P.WALLETS)],
    # Orders and freezes
    "notice-list": [anyone(get=None)],
    "notices-read": [anyone(post=None)],
    "notice-read": [own(post=None)],
    "calendar": [fixed((404, 404))],
    "calendar-create": [anyone(post=None)],
    "calendar-end": [anyone(post=None, inside={422})],
    "breach-detail": [case(get=P.READ, post=P.FREEZE_APPLY)],
    "customer-notices": [case(get=P.READ, post=P.NOTE)],
    "cover": [READ],
    "ordered-amount": [form(P.ORDERS)],
    "ladder-add": [form(P.ORDERS)],
    "ladder-take-back": [form(P.ORDERS)],
    "task-list": [READ],
    "task-detail": [READ],
    "task-create": [form(P.TASKS)],
    "task-change": [form(P.TASKS)],
    "task-end": [form(P.TASKS)],
    "hand-over": [form(P.MEMBERS)],
    "case-closing": [READ],
    "closing-ask": [form(P.MOVE)],
    "closing-decide": [form(P.CLOSE)],
    "closing-withdraw": [form(P.MOVE)],
    "retention": [READ],
    "retention-set": [form(P.RETENTION)],
    "disposal-ask": [form(P.RETENTION)],
    "disposal-decide": [form(P.RETENTION)],
    "hold-place": [form(P.RETENTION)],
    "hold-lift": [form(P.RETENTION)],
    "retention-class-list": [overall(get=G.RULES_READ)],
    "retention-class-create": [overall(get=G.RULES, post=G.RULES)],
    "retention-class-change": [overall(get=G.RULES, post=G.RULES)],
    "order-list": [READ],
    "order-create": [form(P.ORDERS)],
    "order-detail": [READ],
    "order-verify": [form(P.ORDER_VERIFY)],
    "order-seal": [form(P.ORDERS)],
    "order-readers": [form(P.ORDERS)],
    "order-unseal": [form(P.ORDER_DECIDE)],
    "order-move": [
        form(P.ORDERS, data={"to": "verifying"}),
        form(P.ORDER_DECIDE, data={"to": "accepted"}),
        form(P.ORDER_DECIDE, data={"to": "rejected"}),
        form(P.ORDER_DECIDE, data={"to": "withdrawn"}),
    ],
    "obligation-create": [form(P.ORDERS)],
    "obligation-move": [form(P.ORDERS)],
    "obligation-extend": [form(P.ORDERS)],
    "obligation-clock": [case(get=P.READ, post=P.ORDERS)],
    "obligation-proof": [form(P.ORDERS)],
    "emergency-release": [form(P.EMERGENCY)],
    # Nothing was answered before its verification in this case.
    "emergency-review": [form(P.ORDER_DECIDE, inside={404})],
    "selector-create": [form(P.ORDERS)],
    "selector-finding": [form(P.ORDERS)],
    "check-file": [anyone(get=None, post=None)],
    "exhibit-list": [READ],
    "exhibit-create": [form(P.EVIDENCE)],
    "exhibit-detail": [READ],
    "custody-create": [form(P.EVIDENCE)],
    # By POST with a reason, where malware was found.
    "exhibit-download": [case(get=P.READ, post=P.EVIDENCE, inside={200, 422})],
    "upload-begin": [case(post=P.EVIDENCE)],
    # An upload is its sender's alone: for another member of the case there is none.
    "upload-part": [
        case(get=P.EVIDENCE, put=P.EVIDENCE, delete=P.EVIDENCE, inside={200, 204, 400, 404}),
    ],
    "upload-abandon": [case(post=P.EVIDENCE, inside={303, 404})],
    "paper-attach": [form(P.ORDERS)],
    "paper-download": [READ],
    "freeze-list": [READ],
    "freeze-create": [form(P.FREEZE_PROPOSE)],
    "freeze-detail": [READ],
    "freeze-approve": [form(P.FREEZE_APPROVE)],
    "freeze-reject": [form(P.FREEZE_APPROVE)],
    "freeze-cancel": [form(P.FREEZE_PROPOSE)],
    "freeze-apply": [form(P.FREEZE_APPLY)],
    "freeze-applied": [form(P.FREEZE_APPLY)],
    "freeze-apply-failed": [form(P.FREEZE_APPLY)],
    "freeze-confirm": [form(P.FREEZE_APPLY)],
    "freeze-wrong-target": [form(P.FREEZE_APPLY)],
    "freeze-status": [case(post=P.FREEZE_APPLY)],
    "freeze-tick": [case(post=P.FREEZE_APPLY)],
    "call-list": [READ],
    "call-retry": [form(P.FREEZE_APPLY)],
    "freeze-release": [form(P.FREEZE_PROPOSE)],
    "freeze-release-decide": [form(P.FREEZE_APPROVE)],
    "freeze-extend": [form(P.FREEZE_PROPOSE)],
    "freeze-release-part": [form(P.FREEZE_PROPOSE)],
    "freeze-transfer": [form(P.FREEZE_PROPOSE)],
    "issuer-freeze-request": [form(P.FREEZE_APPLY)],
    "change-decide": [form(P.FREEZE_APPROVE)],
    "credit-keep": [form(P.FREEZE_PROPOSE)],
    "credit-release": [form(P.FREEZE_PROPOSE)],
    "credit-release-decide": [form(P.FREEZE_APPROVE)],
    "transfer-detail": [READ],
    "transfer-decide": [form(P.FREEZE_APPROVE)],
    "transfer-withdraw": [form(P.FREEZE_PROPOSE)],
    "transfer-begin": [form(P.FREEZE_APPLY)],
    "transfer-sent": [form(P.FREEZE_APPLY)],
    "transfer-fail": [form(P.FREEZE_APPLY)],
    "transfer-receipt": [form(P.FREEZE_APPLY)],
    "issuer-freeze-submit": [form(P.FREEZE_APPLY)],
    "issuer-freeze-confirm": [form(P.FREEZE_APPLY)],
    "issuer-freeze-end": [form(P.FREEZE_APPLY)],
    "approval-thresholds": [overall(get=G.SETTINGS)],
    "approval-threshold-set": [overall(get=G.THRESHOLDS, post=G.THRESHOLDS)],
    # Shares and case files
    "share-list": [READ],
    "share-create": [form(P.SHARE)],
    "share-end": [form(P.SHARE)],
    "export-list": [READ],
    "export-create": [form(P.EXPORT)],
    "bundle-create": [form(P.EXPORT)],
    "export-detail": [READ],
    "export-download": [case(get=P.READ, inside=NOT_READY)],
    # A liaison's
    "matter-list": [liaison(get=None)],
    "matter-detail": [matter(get=P.MATTER_READ)],
    "matter-export-create": [matter(get=P.MATTER_EXPORT, post=P.MATTER_EXPORT)],
    "matter-export-detail": [matter(get=P.MATTER_READ)],
    "matter-export-download": [matter(get=P.MATTER_EXPORT, inside=NOT_READY)],
    # People and settings
    "people-list": [overall(get=G.PEOPLE)],
    "person-create": [overall(get=G.PEOPLE, post=G.PEOPLE)],
    "person-edit": [overall(get=G.PEOPLE, post=G.PEOPLE)],
    "system-record": [overall(get=G.RECORD)],
    "settings": [overall(get=G.SETTINGS)],
    "checkpoint-list": [overall(get=G.SETTINGS)],
    # Nothing was signed yet.
    "checkpoint-note": [overall(get=G.SETTINGS, inside={404})],
    "checkpoint-keys": [overall(get=G.SETTINGS)],
    "price-list": [overall(get=G.SETTINGS)],
    # What administrators alone hold: an auditor reads the settings and brings nothing.
    "price-import": [overall(get=G.PRICES, post=G.PRICES)],
    "authority-list": [overall(get=G.AUTHORITIES)],
    "authority-create": [overall(get=G.AUTHORITY_CONTACTS, post=G.AUTHORITY_CONTACTS)],
    "authority-detail": [overall(get=G.AUTHORITIES)],
    "authority-edit": [overall(get=G.AUTHORITY_CONTACTS, post=G.AUTHORITY_CONTACTS)],
    "contact-create": [overall(get=G.AUTHORITY_CONTACTS, post=G.AUTHORITY_CONTACTS)],
    "contact-end": [overall(get=G.AUTHORITY_CONTACTS, post=G.AUTHORITY_CONTACTS)],
    "clock-rule-list": [overall(get=G.RULES_READ)],
    "clock-rule-create": [overall(get=G.RULES, post=G.RULES)],
    "clock-rule-try": [overall(get=G.RULES_READ)],
    "closure-list": [overall(get=G.RULES_READ, post=G.RULES)],
    "closure-remove": [overall(post=G.RULES)],
    "clock-rule-detail": [overall(get=G.RULES_READ)],
    "clock-rule-change": [overall(get=G.RULES, post=G.RULES)],
    "instrument-list": [overall(get=G.RULES_READ)],
    "instrument-create": [overall(get=G.RULES, post=G.RULES)],
    "instrument-detail": [overall(get=G.RULES_READ)],
    "instrument-change": [overall(get=G.RULES, post=G.RULES)],
    # It reads nothing and keeps nothing.
    "style": [anyone(get=None, post=None)],
}

API: dict[str, list[Door]] = {
    "api-me": [anyone(get=None)],
    "api-system-record": [overall(get=G.RECORD)],
    "api-checkpoints": [overall(get=G.SETTINGS)],
    "api-people": [overall(get=G.PEOPLE, post=G.PEOPLE)],
    "api-person": [overall(get=G.PEOPLE, put=G.PEOPLE)],
    "api-file-checks": [anyone(post=None)],
    "api-search": [overall(post=G.SEARCH)],
    "api-search-results": [own(get=G.SEARCH)],
    "api-due": [anyone(get=None)],
    "api-case-due": [READ],
    "api-cases": [anyone(get=None), overall(post=G.OPEN_CASE)],
    "api-case": [case(get=P.READ, patch=P.EDIT)],
    "api-case-move": [case(post=P.MOVE)],
    "api-tags": [case(get=P.READ, put=P.EDIT)],
    "api-lead": [case(put=P.MEMBERS)],
    "api-case-refresh": [case(post=P.WALLETS)],
    "api-chronology": [READ],
    "api-members": [case(get=P.READ, post=P.MEMBERS)],
    "api-candidates": [case(get=P.MEMBERS)],
    "api-member-end": [case(post=P.MEMBERS)],
    "api-notes": [case(get=P.READ, post=P.NOTE)],
    "api-note": [READ],
    "api-subjects": [case(get=P.READ, post=P.EDIT)],
    "api-subject": [case(get=P.READ, patch=P.EDIT)],
    "api-particulars": [case(get=P.READ, post=P.IDENTITY)],
    "api-particular": [READ],
    "api-particular-view": [case(post=P.IDENTITY)],
    "api-particular-withdraw": [case(post=P.IDENTITY)],
    "api-accounts": [case(get=P.READ, post=P.ACCOUNTS)],
    "api-account": [READ],
    "api-account-report": [case(post=P.ACCOUNTS)],
    "api-holdings": [case(get=P.READ, post=P.ACCOUNTS)],
    "api-wallets": [case(get=P.READ, post=P.WALLETS)],
    "api-wallet-detect": [case(post=P.WALLETS)],
    "api-wallet": [READ],
    "api-wallet-detach": [case(post=P.WALLETS)],
    "api-wallet-refresh": [case(post=P.WALLETS)],
    "api-readings": [READ],
    "api-alerts": [READ],
    "api-alert": [READ],
    "api-alert-acknowledge": [case(post=P.WALLETS)],
    "api-thresholds": [case(get=P.READ, post=P.WALLETS)],
    "api-threshold-remove": [case(post=P.WALLETS)],
    "api-notices": [anyone(get=None)],
    "api-notice-read": [own(post=None)],
    "api-breaches": [READ],
    "api-breach": [READ],
    "api-breach-answer": [case(post=P.FREEZE_APPLY)],
    "api-customer-notices": [case(get=P.READ, post=P.NOTE)],
    "api-cover": [READ],
    "api-ordered-amount": [case(post=P.ORDERS)],
    "api-ladder-add": [case(post=P.ORDERS)],
    "api-ladder-take-back": [case(post=P.ORDERS)],
    "api-tasks": [case(get=P.READ, post=P.TASKS)],
    "api-task": [READ],
    "api-task-change": [case(post=P.TASKS)],
    "api-task-end": [case(post=P.TASKS)],
    "api-hand-over": [case(post=P.MEMBERS)],
    "api-closing": [READ],
    "api-closing-ask": [case(post=P.MOVE)],
    "api-closing-decide": [case(post=P.CLOSE)],
    "api-closing-withdraw": [case(post=P.MOVE)],
    "api-retention": [case(get=P.READ, post=P.RETENTION)],
    "api-disposal": [case(get=P.READ, post=P.RETENTION)],
    "api-disposal-decision": [case(post=P.RETENTION)],
    "api-disposed-cases": [overall(get=G.SEARCH)],
    "api-holds": [case(post=P.RETENTION)],
    "api-hold-lift": [case(post=P.RETENTION)],
    "api-retention-classes": [overall(get=G.RULES_READ, post=G.RULES)],
    "api-retention-class-change": [overall(post=G.RULES)],
    "api-orders": [case(get=P.READ, post=P.ORDERS)],
    "api-order": [READ],
    "api-order-verify": [case(post=P.ORDER_VERIFY)],
    "api-order-seal": [case(post=P.ORDERS)],
    "api-order-readers": [case(get=P.READ, post=P.ORDERS)],
    "api-order-unseal": [case(post=P.ORDER_DECIDE)],
    "api-order-move": [
        case(post=P.ORDERS, data={"to": "verifying"}),
        case(post=P.ORDER_DECIDE, data={"to": "accepted"}),
        case(post=P.ORDER_DECIDE, data={"to": "withdrawn"}),
    ],
    "api-order-obligations": [case(post=P.ORDERS)],
    "api-bundles": [case(post=P.EXPORT)],
    "api-exhibits": [case(get=P.READ, post=P.EVIDENCE)],
    "api-exhibit": [READ],
    "api-exhibit-custody": [case(get=P.READ, post=P.EVIDENCE)],
    "api-exhibit-file": [case(get=P.READ, post=P.EVIDENCE)],
    "api-uploads": [case(get=P.EVIDENCE, post=P.EVIDENCE)],
    "api-upload": [case(get=P.EVIDENCE, put=P.EVIDENCE, inside={200, 400, 404})],
    "api-upload-give-up": [case(post=P.EVIDENCE, inside={204, 404})],
    # A file comes as a form; JSON is not read there.
    "api-order-papers": [READ, case(post=P.ORDERS, inside={415})],
    "api-paper": [READ],
    "api-paper-file": [READ],
    "api-obligations": [READ],
    "api-obligation": [READ],
    "api-obligation-move": [case(post=P.ORDERS)],
    "api-obligation-extend": [case(post=P.ORDERS)],
    "api-obligation-proofs": [case(post=P.ORDERS)],
    "api-emergency-release": [case(post=P.EMERGENCY)],
    "api-emergency-review": [case(post=P.ORDER_DECIDE)],
    "api-order-selectors": [case(post=P.ORDERS)],
    "api-selectors": [READ],
    "api-selector": [READ],
    "api-selector-findings": [case(post=P.ORDERS)],
    "api-authorities": [overall(get=G.AUTHORITIES, post=G.AUTHORITY_CONTACTS)],
    "api-authority": [overall(get=G.AUTHORITIES)],
    "api-authority-edit": [overall(post=G.AUTHORITY_CONTACTS)],
    "api-contacts": [overall(post=G.AUTHORITY_CONTACTS)],
    "api-contact-end": [overall(post=G.AUTHORITY_CONTACTS)],
    "api-clock-rules": [overall(get=G.RULES_READ, post=G.RULES)],
    "api-clock-rule": [overall(get=G.RULES_READ)],
    "api-clock-rule-change": [overall(post=G.RULES)],
    "api-clock-rule-try": [overall(post=G.RULES_READ)],
    "api-closures": [overall(get=G.RULES_READ, post=G.RULES)],
    "api-closure-remove": [overall(post=G.RULES)],
    "api-obligation-clock": [case(get=P.READ, post=P.ORDERS)],
    "api-instruments": [overall(get=G.RULES_READ, post=G.RULES)],
    "api-instrument": [overall(get=G.RULES_READ)],
    "api-instrument-change": [overall(post=G.RULES)],
    "api-freezes": [case(get=P.READ, post=P.FREEZE_PROPOSE)],
    "api-freeze": [READ],
    "api-freeze-approve": [case(post=P.FREEZE_APPROVE)],
    "api-freeze-reject": [case(post=P.FREEZE_APPROVE)],
    "api-freeze-cancel": [case(post=P.FREEZE_PROPOSE)],
    "api-freeze-apply": [case(post=P.FREEZE_APPLY)],
    "api-freeze-applied": [case(post=P.FREEZE_APPLY)],
    "api-freeze-apply-failed": [case(post=P.FREEZE_APPLY)],
    "api-freeze-confirm": [case(post=P.FREEZE_APPLY)],
    "api-freeze-wrong-target": [case(post=P.FREEZE_APPLY)],
    "api-freeze-release": [case(post=P.FREEZE_PROPOSE)],
    "api-freeze-release-decide": [case(post=P.FREEZE_APPROVE)],
    "api-freeze-held": [READ],
    "api-freeze-diff": [READ],
    "api-freeze-status": [case(post=P.FREEZE_APPLY)],
    "api-freeze-checklist": [case(get=P.READ, post=P.FREEZE_APPLY)],
    "api-calls": [READ],
    "api-call": [READ],
    "api-call-retry": [case(post=P.FREEZE_APPLY)],
    # By signature alone: no person enters here, signed in or not.
    "api-connector-report": [fixed((405, 405), (401, 401))],
    "api-freeze-extend": [case(post=P.FREEZE_PROPOSE)],
    "api-freeze-release-part": [case(post=P.FREEZE_PROPOSE)],
    "api-freeze-transfer": [case(post=P.FREEZE_PROPOSE)],
    "api-issuer-freeze-request": [case(post=P.FREEZE_APPLY)],
    "api-changes": [READ],
    "api-change": [READ],
    "api-change-decide": [case(post=P.FREEZE_APPROVE)],
    "api-credits": [READ],
    "api-credit": [READ],
    "api-credit-keep": [case(post=P.FREEZE_PROPOSE)],
    "api-credit-release": [case(post=P.FREEZE_PROPOSE)],
    "api-credit-release-decide": [case(post=P.FREEZE_APPROVE)],
    "api-transfers": [READ],
    "api-transfer": [READ],
    "api-transfer-decide": [case(post=P.FREEZE_APPROVE)],
    "api-transfer-withdraw": [case(post=P.FREEZE_PROPOSE)],
    "api-transfer-begin": [case(post=P.FREEZE_APPLY)],
    "api-transfer-sent": [case(post=P.FREEZE_APPLY)],
    "api-transfer-fail": [case(post=P.FREEZE_APPLY)],
    "api-transfer-receipt": [case(post=P.FREEZE_APPLY)],
    "api-issuer-freezes": [READ],
    "api-issuer-freeze": [READ],
    "api-issuer-freeze-submit": [case(post=P.FREEZE_APPLY)],
    "api-issuer-freeze-confirm": [case(post=P.FREEZE_APPLY)],
    "api-issuer-freeze-end": [case(post=P.FREEZE_APPLY)],
    "api-approval-thresholds": [overall(get=G.SETTINGS, post=G.THRESHOLDS)],
    "api-shares": [case(get=P.READ, post=P.SHARE)],
    "api-liaisons": [case(get=P.SHARE)],
    "api-share": [READ],
    "api-share-end": [case(post=P.SHARE)],
    "api-exports": [case(get=P.READ, post=P.EXPORT)],
    "api-export": [READ],
    "api-export-file": [case(get=P.READ, inside=NOT_READY)],
    "api-matters": [liaison(get=None)],
    "api-matter": [matter(get=P.MATTER_READ)],
    "api-matter-chronology": [matter(get=P.MATTER_READ)],
    "api-matter-exports": [matter(get=P.MATTER_READ, post=P.MATTER_EXPORT)],
    "api-matter-export": [matter(get=P.MATTER_READ)],
    "api-matter-export-file": [matter(get=P.MATTER_EXPORT, inside=NOT_READY)],
    "api-schema": [anyone(get=None)],
    "api-no-such-url": [fixed((401, 404), (401, 404))],
}

# What the log-in's own pages answer. 302 to nobody: to the log-in page; to somebody: away from a page that is for
# who is not logged in, or to the page that asks for the password again.
GATE, AGAIN = (302, 200), (302, 302)
# Shut for everybody by config.middleware; and what she has not got yet.
SHUT, NONE_YET = (302, 404), (302, 404)
NOBODYS, ANYBODYS = (200, 302), (200, 200)
LOG_IN: dict[str, list[Door]] = {
    "account_login": [fixed(NOBODYS, NOBODYS)],
    "account_logout": [fixed(GATE, AGAIN)],
    "account_signup": [fixed(SHUT, SHUT)],
    "account_inactive": [fixed(SHUT, SHUT)],
    "account_email": [fixed(SHUT, SHUT)],
    "account_email_verification_sent": [fixed(SHUT, SHUT)],
    "account_confirm_email": [fixed(SHUT, SHUT)],
    "account_reauthenticate": [fixed(GATE, GATE)],
    "account_change_password": [fixed(GATE, GATE)],
    "account_set_password": [fixed(AGAIN, AGAIN)],
    "account_reset_password": [fixed(ANYBODYS, ANYBODYS)],
    "account_reset_password_done": [fixed(ANYBODYS, (405, 405))],
    "account_reset_password_from_key": [fixed(ANYBODYS, ANYBODYS)],
    "account_reset_password_from_key_done": [fixed(ANYBODYS, (405, 405))],
    "account_confirm_login_code": [fixed(AGAIN, AGAIN)],
    "mfa_index": [fixed(GATE, (302, 405))],
    "mfa_authenticate": [fixed(AGAIN, AGAIN)],
    "mfa_reauthenticate": [fixed(AGAIN, AGAIN)],
    "mfa_activate_totp": [fixed(AGAIN, AGAIN)],
    "mfa_deactivate_totp": [fixed(NONE_YET, NONE_YET)],
    "mfa_view_recovery_codes": [fixed(NONE_YET, (302, 405))],
    "mfa_generate_recovery_codes": [fixed(AGAIN, AGAIN)],
    "mfa_download_recovery_codes": [fixed(NONE_YET, NONE_YET)],
    "mfa_list_webauthn": [fixed(GATE, (302, 405))],
    "mfa_add_webauthn": [fixed(AGAIN, AGAIN)],
    "mfa_reauthenticate_webauthn": [fixed(AGAIN, AGAIN)],
    "mfa_remove_webauthn": [fixed(AGAIN, AGAIN)],
    "mfa_edit_webauthn": [fixed(AGAIN, AGAIN)],
    "mfa_login_webauthn": [fixed(AGAIN, AGAIN)],
}

# For the machine's own use; neither asks who one is.
MACHINE: dict[str, list[Door]] = {
    "healthz": [fixed((503, 503), (405, 405))],  # no worker in this test
    "metrics": [fixed((200, 200), (405, 405))],
}

TABLE: dict[str, list[Door]] = {**PAGES, **API, **LOG_IN, **MACHINE}


@dataclass(frozen=True)
class Url:
    """One URL of the resolver: its name, its route, what stands in it."""

    name: str
    route: str
    arguments: frozenset[str]


def walk(
    resolver: URLResolver | None = None, prefix: str = "", outer: frozenset[str] = frozenset()
) -> Iterator[Url]:
    """Every URL below a resolver, the whole tree by default."""
    for entry in (resolver or get_resolver()).url_patterns:
        route, arguments = f"{prefix}{entry.pattern}", outer | set(entry.pattern.regex.groupindex)
        if isinstance(entry, URLResolver):
            yield from walk(entry, route, arguments)
        else:
            yield Url(entry.name or "", route, arguments)
