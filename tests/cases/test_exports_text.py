"""Text that would like to be more than text: it prints as text, and what cannot be printed is named."""

import io
import json
import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pypdf
import pytest

from cases.exports import render
from cases.exports.content import Content
from cases.exports.legible import direction, legible, pieces
from tests.cases.file_scene import attached, text_of, unbroken

HOSTILE = [
    "#panic[boom] $x$ `code` *bold* _it_ @ref <label> = Heading",
    '#read("/etc/passwd")',
    '"); #panic("out',
    "\\u{41} \\ \\\\ // comment /* block */",
    "- item\n+ item\n/ term: x\n= head",
    "<script>alert(1)</script> &amp; &#65;",
    '=HYPERLINK("http://example.test","x")',
    "--- -- ... ~ ' \" 'quoted'",
    "%(name)s {0} %s ${x} {{ x }} {% x %}",
    "fi fl ffi office",
    "line one\nline two\n\n\nline five",
    "tab\tand  two spaces",
]
NAMED = {
    "\u202eevil": "⟦U+202E⟧evil",
    "a\u2066b\u2069c": "a⟦U+2066⟧b⟦U+2069⟧c",
    "zero\u200bwidth": "zero⟦U+200B⟧width",
    "so\u00adft": "so⟦U+00AD⟧ft",
    "emoji 😀 here": "emoji ⟦U+1F600⟧ here",
    "nul\x00 bell\x07": "nul⟦U+0000⟧ bell⟦U+0007⟧",
    "family 👨\u200d👩": "family ⟦U+1F468⟧⟦U+200D⟧⟦U+1F469⟧",
    "\u0301mark": "⟦U+0301⟧mark",
    "private \ue000 and unassigned \u0378": "private ⟦U+E000⟧ and unassigned ⟦U+0378⟧",
    "feed\u2028here": "feed⟦U+2028⟧here",
    "שלום": "⟦U+05E9⟧⟦U+05DC⟧⟦U+05D5⟧⟦U+05DD⟧",
    "bom \ufeff": "bom ⟦U+FEFF⟧",
}
KEPT = ["김상만", "金相萬", "こんにちは", "Ким Сан Ман", "Łódź", "é", "Việt", "Ω ₿ → € ₩", "x²"]


@pytest.mark.parametrize(("text", "shown"), NAMED.items())
def test_what_cannot_be_printed_is_named(text: str, shown: str) -> None:
    assert legible(text) == shown


@pytest.mark.parametrize("text", KEPT)
def test_what_can_be_printed_stays(text: str) -> None:
    assert legible(text) == text


@pytest.mark.parametrize(
    "text", ["", "a", "word " * 3000, "x" * 100_000, "a" * 24, "b" * 25, " " * 5000, "ab cd" * 7000]
)
def test_pieces_are_the_text_and_short(text: str) -> None:
    found = pieces(text)
    assert "".join(found) == text
    assert max(map(len, found)) <= 6000


def simple_content(texts: list[str]) -> Content:
    """A small file of a case whose notes and names are these texts."""
    person = {"name": texts[-1], "role": "Investigator", "agency": ""}
    at = "2023-05-24T10:04:00.000000Z"
    return Content(
        as_of=datetime(2023, 5, 24, 10, 4, tzinfo=UTC),
        facts={
            "format": "holdfast-case-file",
            "version": 1,
            "file": {
                "export": "AAAA-AAAA-A",
                "profile": {"code": "internal", "text": "Internal"},
                "as_of": at,
                "requested": {"at": at, "by": person},
                "product": "Holdfast",
                "product_version": "0",
                "language": "en",
                "demonstration": False,
            },
            "scope": ["Scope"],
            "case": {
                "reference": "BBBB-BBBB-B",
                "title": texts[-1],
                "classification": {"code": "internal", "text": "Internal"},
                "summary": texts[-1],
                "typology": {"code": "fraud", "text": "Fraud"},
                "status": {"code": "open", "text": "Open"},
                "disposition": None,
                "lead": person,
                "tags": [],
                "opened": {"at": at, "by": person},
                "closed": None,
                "members": [],
            },
            "subjects": [],
            "wallets": [],
            "accounts": [],
            "orders": [],
            "freezes": [],
            "shares": [],
            "notes": [
                {"number": number, "text": text, "written": {"at": at, "by": person}}
                for number, text in enumerate(texts, start=1)
            ],
            "chronology": [
                {
                    "sequence": number,
                    "occurred_at": at,
                    "recorded_at": at,
                    "actor": text,
                    "role": "",
                    "action": "note.written",
                    "title": text,
                    "lines": [["Note", text]],
                    "hash": "0" * 64,
                }
                for number, text in enumerate(texts, start=1)
            ],
            "record": {"intact": True, "stream": "s", "length": len(texts), "head": "0" * 64},
            "manifest": [],
            "system": dict.fromkeys(
                ["balances", "holdings", "values", "freezes", "papers", "record", "file"], "x"
            )
            | {"chains": []},
            "fictional_notice": "",
        },
    )


@pytest.fixture
def typeset(tmp_path: Path) -> Iterator[Callable[[list[str]], bytes]]:
    def make(texts: list[str]) -> bytes:
        with render.rendered(simple_content(texts)) as file:
            return file.path.read_bytes()

    yield make


def test_hostile_texts_print_as_text(typeset: Callable[[list[str]], bytes]) -> None:
    pdf = typeset([*HOSTILE, *NAMED, *KEPT])
    packed = unbroken(text_of(pdf))
    for text in [*HOSTILE, *KEPT]:
        assert unbroken(text) in packed, text
    for shown in NAMED.values():
        assert unbroken(shown) in packed, shown
    notes = [note["text"] for note in json.loads(attached(pdf))["notes"]]
    assert notes == [*HOSTILE, *NAMED, *KEPT]
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert opened.check_pdf_syntax() == []


def test_very_long_texts_break_and_copy_whole(typeset: Callable[[list[str]], bytes]) -> None:
    word, prose = "0123456789abcdef" * 800, "Alleged laundering through accounts. " * 1200
    pdf = typeset([word, prose, "end"])
    text = text_of(pdf)
    assert unbroken(text).count("0123456789abcdef") >= 800
    assert text.count("Alleged") >= 1200
    for page in pypdf.PdfReader(io.BytesIO(pdf)).pages:
        width = float(page.mediabox.width)
        seen: list[float] = []
        page.extract_text(visitor_text=lambda _t, _cm, tm, _fd, _fs, seen=seen: seen.append(float(tm[4])))
        assert max(seen) < width


def test_a_name_from_right_to_left_is_set_so() -> None:
    assert direction("محمد على") == "rtl"
    assert direction("12 محمد") == "rtl"
    assert direction("Kim محمد") == "ltr"
    assert direction("123") == "ltr"


def test_every_word_of_the_file_comes_from_python() -> None:
    """The template sets what it is given: no string in it is for a reader."""
    template = (render.HERE / "template.typ").read_text(encoding="utf-8")
    code = re.sub(r"//[^\n]*", "", template)
    strings = set(re.findall(r'"([^"]*)"', code))
    assert not [text for text in strings if " " in text and not text.startswith(("Noto Sans", "DejaVu Sans"))]
    assert not re.search(r"\]\s*\[?[A-Z][a-z]+ [a-z]+", re.sub(r'"[^"]*"', "", code))


def test_no_text_stops_the_typesetting(typeset: Callable[[list[str]], bytes]) -> None:
    """Letters, marks and controls at random from all of Unicode: a file comes of it each time."""
    chance = random.Random(20230524)
    known = [chr(n) for n in range(0x30000) if not 0xD800 <= n < 0xE000]
    pools = [known, [c for c in known if unicodedata.category(c)[0] == "M"], known[:0x800], list("abc 12 \n")]
    texts = [
        "".join(chance.choice(chance.choice(pools)) for _ in range(chance.randint(1, 60))) for _ in range(150)
    ]
    pdf = typeset([*texts, "end"])
    assert [note["text"] for note in json.loads(attached(pdf))["notes"]][:-1] == texts
