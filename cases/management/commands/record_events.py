"""Write the table in docs/record-events.md from the code, or check that it says what the code says."""

import ast
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from cases.chronology.sentences import SENTENCES, SYSTEM_ACTIONS, Sentence

BEGIN, END = "<!-- made by manage.py record_events -->", "<!-- end -->"
# Written into the stream of what it concerns: a case's, or the installation's own.
EITHER = frozenset({"access.denied"})


def written_actions() -> dict[str, set[str]]:
    """Every action that stands literally behind `action=` in the code, with the names of the values beside it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                for action in _actions(node):
                    found[action] |= set(_values(node))
    return dict(found)


def _sources() -> Iterator[Path]:
    for folder in ("cases", "config"):
        for path in sorted((settings.BASE_DIR / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def _actions(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg == "action":
            for node in ast.walk(keyword.value):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
                    yield node.value


def _values(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg == "details" and isinstance(keyword.value, ast.Dict):
            for key in keyword.value.keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value


def _said(sentence: Sentence) -> set[str]:
    """The names of the values that the sentence says."""
    names = {key for key, _words in sentence.facts} | {
        detail.key for detail in sentence.details if detail.key
    }
    return names | ({"changes"} if sentence.changes else set())


def table() -> str:
    """One line for each action, by name."""
    lines = ["| action | stream | what it tells | values |", "|---|---|---|---|"]
    written = written_actions()
    with translation.override("en"):
        for action, sentence in sorted(SENTENCES.items()):
            stream = "either" if action in EITHER else "system" if action in SYSTEM_ACTIONS else "case"
            title = str(sentence.title).replace("|", "\\|")
            for name, shown in (("number", "n"), *((key, key) for key, _words in sentence.facts)):
                title = title.replace(f"%({name})s", f"‹{shown}›")
            values = ", ".join(f"`{name}`" for name in sorted(_said(sentence) | written.get(action, set())))
            lines.append(f"| `{action}` | {stream} | {title} | {values} |")
    return "\n".join(lines)


def document(text: str) -> str:
    """The page with its table made anew. Raises CommandError where it has no place for one."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise CommandError("docs/record-events.md has no place for the table.")
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n\n{table()}\n\n{END}{rest.split(END)[1]}"


class Command(BaseCommand):
    help = "Write the table of docs/record-events.md from the code; --check compares instead."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "record-events.md"
        text = path.read_text(encoding="utf-8")
        wanted = document(text)
        if not check:
            path.write_text(wanted, encoding="utf-8")
            self.stdout.write(f"Wrote {path.name}.")
        elif text != wanted:
            raise CommandError(
                "docs/record-events.md does not say what is written; run manage.py record_events."
            )
