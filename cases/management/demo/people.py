"""The demo's people. All are fictional; each gets a random password on each installation."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from cases.actions.people import add_person
from cases.people.models import Role, User


@dataclass(frozen=True)
class Team:
    """Who works in the demo."""

    investigator: User
    second_investigator: User
    approver: User
    second_approver: User
    counsel: User
    auditor: User
    liaison: User
    administrator: User


PEOPLE = (
    ("investigator", Role.INVESTIGATOR, "Ana Ribeiro", "ana.ribeiro@demo.invalid", ""),
    ("approver", Role.APPROVER, "Tomasz Zieliński", "tomasz.zielinski@demo.invalid", ""),
    ("counsel", Role.COUNSEL, "Helen Marsh", "helen.marsh@demo.invalid", ""),
    (
        "liaison",
        Role.LIAISON,
        "Dana Whitfield",
        "dana.whitfield@demo.invalid",
        "Example Federal Agency (fictional)",
    ),
    ("auditor", Role.AUDITOR, "Jonas Lindqvist", "jonas.lindqvist@demo.invalid", ""),
    ("administrator", Role.ADMINISTRATOR, "Priya Nair", "priya.nair@demo.invalid", ""),
    ("second_approver", Role.APPROVER, "Grace Okafor", "grace.okafor@demo.invalid", ""),
    ("second_investigator", Role.INVESTIGATOR, "김민서 (Kim Min-seo)", "minseo.kim@demo.invalid", ""),
)


def add_people(*, at: datetime) -> tuple[Team, list[dict[str, str]]]:
    """Add everybody; returns the team and the log-ins with their passwords, which are kept nowhere else."""
    team: dict[str, User] = {}
    logins = []
    for place, role, name, email, agency in PEOPLE:
        password = "-".join(secrets.token_hex(2) for _ in range(4))
        team[place] = add_person(
            by=None, at=at, email=email, name=name, role=role, password=password, agency=agency, is_demo=True
        )
        logins.append({"role": str(role), "name": name, "email": email, "password": password})
    return Team(**team), logins
