"""Who may do what: one table of roles, one of what a reader of a case keeps.

Nothing here looks at the database: `cases.access` joins a person's membership with these tables.
"""

from enum import StrEnum

from cases.people.models import Role


class Permission(StrEnum):
    READ = "read"
    NOTE = "note"
    EDIT = "edit"  # title, summary, tags, subjects
    MEMBERS = "members"
    MOVE = "move"  # the case's own status, asking for its closing
    TASKS = "tasks"  # give, change and end pieces of work
    CLOSE = "close"  # agree to a closing that somebody else asked for, or refuse it
    RETENTION = "retention"  # how long the record is kept, legal holds
    WALLETS = "wallets"  # attach, detach, refresh
    ACCOUNTS = "accounts"
    ORDERS = "orders"  # record an order, its duties and papers
    ORDER_VERIFY = "order_verify"
    ORDER_DECIDE = "order_decide"  # accept, narrow, object, reject, end
    EMERGENCY = "emergency"  # let a disclosure pass before the verification
    FREEZE_PROPOSE = "freeze_propose"
    FREEZE_APPROVE = "freeze_approve"
    FREEZE_APPLY = "freeze_apply"
    SHARE = "share"
    EXPORT = "export"
    IDENTITY = "identity"  # particulars of a subject: write them, see them in full
    EVIDENCE = "evidence"  # take exhibits in, keep their chain of custody
    # A liaison's, on what is shared with her, never on the case:
    MATTER_READ = "matter_read"
    MATTER_EXPORT = "matter_export"


class GlobalPermission(StrEnum):
    OPEN_CASE = "open_case"
    SEARCH = "search"
    PEOPLE = "people"
    PRICES = "prices"
    SETTINGS = "settings"
    THRESHOLDS = "thresholds"  # from which amount two approve
    RULES_READ = "rules_read"  # instruments and clock rules, with their sources
    RULES = "rules"  # change them
    AUTHORITIES = "authorities"
    AUTHORITY_CONTACTS = "authority_contacts"  # keep how they are reached
    READ_ALL_CASES = "read_all_cases"
    RECORD = "record"  # the installation's own record: log-ins, people, keys


P, G = Permission, GlobalPermission

_INVESTIGATOR = frozenset(
    {
        P.READ,
        P.NOTE,
        P.EDIT,
        P.MEMBERS,
        P.MOVE,
        P.TASKS,
        P.WALLETS,
        P.ACCOUNTS,
        P.ORDERS,
        P.ORDER_VERIFY,
        P.FREEZE_PROPOSE,
        P.FREEZE_APPLY,
        P.SHARE,
        P.EXPORT,
        P.EVIDENCE,
        P.IDENTITY,
    }
)

MEMBER_PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.INVESTIGATOR: _INVESTIGATOR,
    Role.APPROVER: _INVESTIGATOR | {P.FREEZE_APPROVE, P.ORDER_DECIDE, P.EMERGENCY, P.CLOSE, P.RETENTION},
    Role.COUNSEL: frozenset(
        {
            P.READ,
            P.NOTE,
            P.ORDERS,
            P.ORDER_VERIFY,
            P.ORDER_DECIDE,
            P.SHARE,
            P.EXPORT,
            P.EVIDENCE,
            P.IDENTITY,
            P.MEMBERS,
            P.TASKS,
            P.RETENTION,
        }
    ),
    Role.AUDITOR: frozenset({P.READ}),
    Role.LIAISON: frozenset(),
    Role.ADMINISTRATOR: frozenset(),
}
READER_PERMISSIONS = frozenset({P.READ})
MATTER_PERMISSIONS = frozenset({P.MATTER_READ, P.MATTER_EXPORT})

_DESK = frozenset({G.SEARCH, G.RULES_READ, G.AUTHORITIES, G.AUTHORITY_CONTACTS})
GLOBAL_PERMISSIONS: dict[str, frozenset[GlobalPermission]] = {
    Role.INVESTIGATOR: _DESK | {G.OPEN_CASE},
    Role.APPROVER: _DESK | {G.OPEN_CASE, G.RULES},
    Role.COUNSEL: _DESK | {G.RULES},
    Role.AUDITOR: frozenset({G.SEARCH, G.READ_ALL_CASES, G.SETTINGS, G.RULES_READ, G.AUTHORITIES, G.RECORD}),
    Role.LIAISON: frozenset(),
    Role.ADMINISTRATOR: frozenset(
        {G.PEOPLE, G.PRICES, G.SETTINGS, G.THRESHOLDS, G.RULES_READ, G.RULES, G.RECORD}
    ),
}

# Roles that may be made a member of a case at all.
CASEWORK_ROLES = frozenset({Role.INVESTIGATOR, Role.APPROVER, Role.COUNSEL})


def of_member(role: str, *, reader: bool) -> frozenset[Permission]:
    """What a member with this role may do; a reader keeps only reading."""
    granted = MEMBER_PERMISSIONS[role]
    return granted & READER_PERMISSIONS if reader else granted


def allows(role: str, permission: GlobalPermission) -> bool:
    """Whether the role holds a permission that belongs to no case."""
    return permission in GLOBAL_PERMISSIONS[role]
