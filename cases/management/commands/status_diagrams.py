"""Write docs/status.md from the status tables, or check that it says what they say."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cases.status import CHOICES, MOVES

TITLES = {
    "case": "Case",
    "order": "Legal order",
    "obligation": "Obligation",
    "emergency": "Emergency answer before the verification",
    "freeze": "Freeze order",
    "change": "Extension or partial release of a freeze",
    "transfer": "Transfer out of a freeze",
    "credit": "Credit after a freeze",
    "issuer_freeze": "Freeze by a token's issuer",
    "call": "Call to the exchange's own system",
    "task": "Task",
    "export": "Case file (export)",
}


def document() -> str:
    """The whole page: one diagram per table, in the order of the tables."""
    parts = [
        "# Status tables",
        "",
        "Made by `manage.py status_diagrams` from `cases/status.py`; CI compares. The same pairs are triggers in the",
        "database, so no status changes past them. From hold, a legal order returns only to where it was.",
    ]
    for table, moves in MOVES.items():
        choices = CHOICES[table]
        initial = str(choices.values[0])
        final = [value for value in choices.values if not moves.get(value)]
        parts += ["", f"## {TITLES[table]}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {initial}"]
        for source in choices.values:
            parts += [
                f"    {source} --> {target}"
                for target in choices.values
                if target in moves.get(source, frozenset())
            ]
        parts += [f"    {value} --> [*]" for value in final]
        parts += ["```"]
    return "\n".join(parts) + "\n"


class Command(BaseCommand):
    help = "Write docs/status.md from the status tables; --check compares instead."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "status.md"
        wanted = document()
        if not check:
            path.write_text(wanted, encoding="utf-8")
            self.stdout.write(f"Wrote {path.name}.")
        elif not path.exists() or path.read_text(encoding="utf-8") != wanted:
            raise CommandError(
                "docs/status.md does not say what cases/status.py says; run manage.py status_diagrams."
            )
