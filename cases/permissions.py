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
    MOVE = "move"  # the case's own status and disposition
    WALLETS = "wallets"  # attach, detach, refresh
    ACCOUNTS = "accounts"
    ORDERS = "orders"  # record an order, its duties and papers
    ORDER_VERIFY = "order_verify"
    ORDER_DECIDE = "order_decide"  # accept, narrow, object, reject, end
    FREEZE_PROPOSE = "freeze_propose"
    FREEZE_APPROVE = "freeze_approve"
    FREEZE_APPLY = "freeze_apply"
    SHARE = "share"
    EXPORT = "export"
    # A liaison's, on what is shared with her, never on the case:
    MATTER_READ = "matter_read"
    MATTER_EXPORT = "matter_export"


class GlobalPermission(StrEnum):
    OPEN_CASE = "open_case"
    SEARCH = "search"
    PEOPLE = "people"
    PRICES = "prices"
    SETTINGS = "settings"
    READ_ALL_CASES = "read_all_cases"


P, G = Permission, GlobalPermission

_INVESTIGATOR = frozenset(
    {
        P.READ,
        P.NOTE,
        P.EDIT,
        P.MEMBERS,
        P.MOVE,
        P.WALLETS,
        P.ACCOUNTS,
        P.ORDERS,
        P.ORDER_VERIFY,
        P.FREEZE_PROPOSE,
        P.FREEZE_APPLY,
        P.SHARE,
        P.EXPORT,
    }
)

MEMBER_PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.INVESTIGATOR: _INVESTIGATOR,
    Role.APPROVER: _INVESTIGATOR | {P.FREEZE_APPROVE, P.ORDER_DECIDE},
    Role.COUNSEL: frozenset(
        {P.READ, P.NOTE, P.ORDERS, P.ORDER_VERIFY, P.ORDER_DECIDE, P.SHARE, P.EXPORT, P.MEMBERS}
    ),
    Role.AUDITOR: frozenset({P.READ}),
    Role.LIAISON: frozenset(),
    Role.ADMINISTRATOR: frozenset(),
}
READER_PERMISSIONS = frozenset({P.READ})
MATTER_PERMISSIONS = frozenset({P.MATTER_READ, P.MATTER_EXPORT})

GLOBAL_PERMISSIONS: dict[str, frozenset[GlobalPermission]] = {
    Role.INVESTIGATOR: frozenset({G.OPEN_CASE, G.SEARCH}),
    Role.APPROVER: frozenset({G.OPEN_CASE, G.SEARCH}),
    Role.COUNSEL: frozenset({G.SEARCH}),
    Role.AUDITOR: frozenset({G.SEARCH, G.READ_ALL_CASES, G.SETTINGS}),
    Role.LIAISON: frozenset(),
    Role.ADMINISTRATOR: frozenset({G.PEOPLE, G.PRICES, G.SETTINGS}),
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
