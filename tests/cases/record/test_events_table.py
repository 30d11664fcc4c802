"""The list of all events in docs/record-events.md is what the code writes and what the chronology says of it."""

import ast
import re

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from cases.chronology.sentences import SENTENCES, SYSTEM_ACTIONS
from cases.management.commands.record_events import BEGIN, EITHER, END, _sources, document, written_actions
from cases.models import Told
from cases.people.adapter import CHANGES
from cases.refusals import LIMITS

PAGE = settings.BASE_DIR / "docs" / "record-events.md"
SENTENCES_FILE = settings.BASE_DIR / "cases" / "chronology" / "sentences.py"


def test_the_page_says_what_is_written() -> None:
    call_command("record_events", "--check")


def test_a_page_that_says_something_else_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(SENTENCES, "login.done")
    with pytest.raises(CommandError, match="record_events"):
        call_command("record_events", "--check")


def test_what_is_written_has_a_sentence() -> None:
    written = set(written_actions()) | set(CHANGES.values())
    assert written - set(SENTENCES) == set()
    assert len(written) > 100


def test_what_has_a_sentence_is_written_somewhere() -> None:
    """The action's whole name stands in the code: none is put together from pieces, and none is only a sentence."""
    literals: set[str] = set()
    for path in _sources():
        if path != SENTENCES_FILE:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    literals.add(node.value)
    assert set(SENTENCES) - literals == set()


def test_the_streams_are_those_that_the_code_writes_to() -> None:
    """`record_system` writes what belongs to no case, and nothing else does."""
    system, others = set(), set()
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                for keyword in node.keywords:
                    if keyword.arg == "action":
                        found = {
                            part.value
                            for part in ast.walk(keyword.value)
                            if isinstance(part, ast.Constant) and part.value in SENTENCES
                        }
                        if name == "record_system":
                            system |= found
                        elif name in {"record", "write_event"}:
                            others |= found
    assert system - SYSTEM_ACTIONS == EITHER
    assert others & SYSTEM_ACTIONS == set()


def test_every_limit_stands_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)`: [^|]+\| (\d+) in ", text, flags=re.M))
    assert {kind: int(number) for kind, number in rows.items()} == {
        str(kind): limit.each for kind, limit in LIMITS.items()
    }
    assert set(LIMITS) == set(Told)


def test_a_page_without_a_place_for_the_table_is_refused() -> None:
    with pytest.raises(CommandError):
        document("Nothing")
    assert document(f"a{BEGIN}b{END}c").startswith("a")
