"""What a printed page is made of: runs of text, lines, cells, tables, facts. The template knows these and no word.

A run is `[style, direction, piece, …]`; a line is a list of runs; a value (a paragraph, a cell) is a list of lines.
Styles: `b` body, `s` strong, `u` muted, `m` monospace, `x` small monospace, `t` small muted, `g` a badge.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cases.exports.legible import LONGEST_ADDRESS, LONGEST_WORD, direction, legible, pieces

Run = list[str]
Line = list[Run]
Value = list[Line]
Block = dict[str, Any]
Width = int | float | str
MONOSPACE = frozenset("mx")
MOST_KEPT, MOST_ROWS_KEPT = 1200, 16


def _run(shown: str, style: str) -> Run:
    longest = LONGEST_ADDRESS if style in MONOSPACE else LONGEST_WORD
    return [style, direction(shown), *pieces(shown, longest_word=longest)]


def run(text: str, style: str = "b") -> Run:
    """One line of text as it is printed."""
    return _run(legible(text).replace("\n", " "), style)


def value(text: object, style: str = "b") -> Value:
    """Text of any number of lines; nothing becomes a dash."""
    if text is None or text == "":
        return [[["u", "ltr", "–"]]]
    return [[_run(line, style)] if line else [] for line in legible(str(text)).split("\n")]


def optional(text: str | None, style: str = "b") -> Value | None:
    """Text that is left out where there is none."""
    return value(text, style) if text else None


def lines(*parts: Value | None) -> Value:
    """Several values under each other; None is left out."""
    return [line for part in parts if part is not None for line in part]


def line(*runs: Run) -> Value:
    """One line of several runs, a space apart."""
    joined: Line = []
    for index, each in enumerate(runs):
        if index:
            joined.append(["b", "ltr", " "])
        joined.append(each)
    return [joined]


def paragraphs(text: str, style: str = "b") -> list[Block]:
    """Free text: one block per paragraph, so that a long note breaks over pages."""
    return [
        {"block": "text", "value": value(part.strip("\n"), style)}
        for part in text.split("\n\n")
        if part.strip()
    ]


def _letters(content: Value) -> int:
    # Each run's pieces follow its style and direction.
    return sum(len(part) for line in content for run in line for part in run[2:])


def facts(rows: Iterable[tuple[str, Value | None]]) -> Block:
    """Labels and values; a row without value is left out. Few and short ones are kept on one page."""
    shown = [[value(label), content] for label, content in rows if content is not None]
    # Each run's pieces follow its style and direction.
    letters = sum(
        len(part) for _label, content in shown for line in content for run in line for part in run[2:]
    )
    return {"block": "facts", "rows": shown, "keep": letters < MOST_KEPT and len(shown) <= MOST_ROWS_KEPT}


@dataclass(frozen=True)
class Column:
    """A column: its heading, its width in millimetres (or `2fr`), and whether figures stand to the right."""

    head: str
    width: Width
    right: bool = False


def table(columns: Sequence[Column], rows: Sequence[Sequence[Value]]) -> Block:
    """A table whose head is repeated on each page that it runs over. Only a row of much text breaks over pages."""
    return {
        "block": "table",
        "columns": [
            {"fr": float(str(c.width)[:-2])} if str(c.width).endswith("fr") else {"mm": float(c.width)}
            for c in columns
        ],
        "align": ["right" if c.right else "left" for c in columns],
        "head": [value(c.head) for c in columns],
        "rows": [{"cells": list(row), "keep": sum(map(_letters, row)) < MOST_KEPT} for row in rows],
    }


def notice(title: str, text: str, tone: str = "warn") -> Block:
    """A box that must be seen."""
    return {"block": "notice", "title": value(title), "value": value(text), "tone": tone}


def item(title: Run, blocks: Sequence[Block], *, badge: str = "", marks: Sequence[str] = ()) -> Block:
    """One thing of a section: a heading with its status, and what is known of it."""
    return {
        "block": "item",
        "title": title,
        "badge": value(badge) if badge else None,
        "marks": [value(mark) for mark in marks if mark],
        "blocks": list(blocks),
    }


def heading(text: str) -> Block:
    """A heading inside an item."""
    return {"block": "heading", "title": run(text)}


def code(text: str, caption: str = "") -> Block:
    """An address or a digest on a line of its own, unbroken, so that it copies whole."""
    return {"block": "code", "value": value(text), "caption": value(caption) if caption else None}


def nothing(text: str) -> Block:
    """Said where a section holds nothing."""
    return {"block": "text", "value": value(text, "u")}
