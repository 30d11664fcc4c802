"""Cases whose retention is over."""

from datetime import date

from cases.actions import disposal, retention
from cases.models import Disposal
from cases.permissions import Permission
from tests.support.casework import Casework, moment


def due_for_disposal(casework: Casework) -> None:
    """Close the case; its years began so long ago that they are over."""
    casework.closed()
    retention.set_retention(
        grant=casework.grant(Permission.RETENTION, casework.counsel),
        at=moment(),
        retention="aml_us",
        counted_from=date(1990, 1, 5),
        counted_because="The last transaction",
        reason="Read again",
    )


def asked_to_dispose(casework: Casework) -> Disposal:
    due_for_disposal(casework)
    return disposal.ask_disposal(
        grant=casework.grant(Permission.RETENTION, casework.counsel), at=moment(), words="Its years are over."
    )


def disposed(casework: Casework) -> Disposal:
    """The approver agrees to what counsel asked for."""
    asked_to_dispose(casework)
    return disposal.decide_disposal(
        grant=casework.grant(Permission.RETENTION, casework.approver),
        at=moment(),
        agrees=True,
        reference=casework.case.reference,
    )
