"""The components of the design system: exact, escaped, named for readers, and worth looking at in a browser."""

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from os import environ
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString
from playwright.sync_api import Browser, sync_playwright

from cases.people.models import Role, User
from cases.status import CHOICES
from cases.templatetags.looks import LOOKS, TONES
from cases.templatetags.moments import distance
from cases.views.style import SampleForm, style

PROJECT = Path(__file__).resolve().parents[2]
TEMPLATES = PROJECT / "templates"
NOW = datetime(2026, 3, 16, 10, 30, tzinfo=UTC)
ETHER = {"symbol": "ETH", "decimals": 18}
NASTY = "<script>alert(1)</script>\"'&"


def draw(source: str, **context: Any) -> str:
    request = context.pop("request", None) or RequestFactory().get("/somewhere/")
    return Template("{% load i18n ui %}" + source).render(Context({"request": request, **context}))


class Page(HTMLParser):
    """What a test asks of a page: ids, labels, texts, and what points where."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        # Only the white space that HTML folds: the narrow space between digits is part of an amount.
        return re.sub(r"[ \t\n]+", " ", "".join(self.words)).strip()

    @property
    def ids(self) -> list[str]:
        return [attrs["id"] for _tag, attrs in self.tags if "id" in attrs]

    def all(self, name: str) -> list[dict[str, str]]:
        return [attrs for tag, attrs in self.tags if tag == name]


def text_of(html: str) -> str:
    return Page(html).text


# ── What is vendored, and what templates may hold ─────────────────────────────────────────────────────────


def test_each_vendored_file_is_the_recorded_one() -> None:
    rows = json.loads((PROJECT / "static/vendor/vendored.json").read_text())
    table = (PROJECT / "static/vendor/VENDORED.md").read_text()
    recorded = {row["file"] for row in rows}
    for row in rows:
        content = (PROJECT / row["file"]).read_bytes()
        assert sha256(content).hexdigest() == row["sha256"], row["file"]
        line = next(line for line in table.splitlines() if f"`{row['file']}`" in line)
        for fact in ("name", "version", "licence", "sha256"):
            assert row[fact] in line
    kept = {"LICENSE", "VENDORED.md", "vendored.json", "icons.txt"}
    present = {
        str(path.relative_to(PROJECT))
        for path in (PROJECT / "static/vendor").rglob("*")
        if path.is_file() and path.name not in kept
    }
    assert present <= recorded


def _sprite() -> set[str]:
    return set(re.findall(r'<symbol id="([^"]+)"', (PROJECT / "static/vendor/lucide/sprite.svg").read_text()))


def test_the_sprite_holds_every_icon_that_is_named() -> None:
    sprite = _sprite()
    assert sorted(sprite) == (PROJECT / "static/vendor/lucide/icons.txt").read_text().split()
    named: dict[str, str] = {}
    for path in TEMPLATES.rglob("*.html"):
        for name in re.findall(r"""\{%\s*icon\s+"([^"]+)"|\b(?:icon|shape)="([^"]+)\"""", path.read_text()):
            named[name[0] or name[1]] = str(path)
    for path in (PROJECT / "cases/templatetags").glob("*.py"):
        for name in re.findall(r"""\b(?:icon|shape_of)\("([^"]+)"\)""", path.read_text()):
            named[name] = str(path)
    missing = {name: where for name, where in named.items() if name not in sprite}
    assert missing == {}


def test_no_template_breaks_the_content_security_policy() -> None:
    """style-src and script-src are 'self': no inline style, no handler, no script but by file or as data."""
    wrong = []
    for path in TEMPLATES.rglob("*.html"):
        source = re.sub(r"\{#.*?#\}|\{%\s*comment.*?endcomment\s*%\}", "", path.read_text(), flags=re.DOTALL)
        for found in re.finditer(
            r"""<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*["']|javascript:|hx-on|<script\b[^>]*>""", source
        ):
            text = found.group()
            if text.startswith("<script") and ("src=" in text or 'type="application/json"' in text):
                continue
            wrong.append((str(path.relative_to(TEMPLATES)), text.strip()))
    assert wrong == []


def test_the_style_sheet_reaches_for_nothing_outside() -> None:
    sheet = (PROJECT / "static/css/holdfast.css").read_text()
    assert "@import" not in sheet
    for target in re.findall(r"url\(\"?([^\")]+)\"?\)", sheet):
        assert ":" not in target
        assert (PROJECT / "static/css" / target).resolve().is_file(), target
    assert sheet.count("@layer reset, tokens, base, layout, components, utilities, print;") == 1


def test_every_class_that_a_template_uses_is_in_the_style_sheet() -> None:
    sheet = (PROJECT / "static/css/holdfast.css").read_text()
    known = set(re.findall(r"\.([a-zA-Z][\w-]*)", sheet)) | {"js", "rowlink"}
    unknown: dict[str, str] = {}
    for path in TEMPLATES.rglob("*.html"):
        # A class put together from a value is left to the eye.
        source = re.sub(r"[^\s\"]*\{\{.*?\}\}[^\s\"]*", " ", re.sub(r"\{%.*?%\}", " ", path.read_text()))
        for value in re.findall(r'class="([^"]*)"', source):
            for name in value.split():
                if name not in known:
                    unknown[name] = str(path.relative_to(TEMPLATES))
    assert unknown == {}


# ── Statuses ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("table", sorted(CHOICES))
def test_every_status_has_a_shape_a_word_and_a_tone(table: str) -> None:
    assert set(LOOKS[table]) == set(CHOICES[table].values)


def test_no_two_statuses_of_a_table_look_the_same_without_colour() -> None:
    sprite = _sprite()
    for table, looks in LOOKS.items():
        words = [str(look.word) for look in looks.values()]
        assert len(set(words)) == len(words), table
        for value, look in looks.items():
            assert look.tone in TONES, (table, value)
            assert look.icon in sprite, (table, value)


def test_a_badge_says_its_word() -> None:
    html = draw('{% status "freeze" "apply_failed" %}')
    assert text_of(html) == "Apply failed"
    assert "badge--bad" in html
    assert "sprite.svg#octagon-alert" in html


# ── Amounts and balances ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("units", "shown"),
    [
        (1, "0.000000000000000001 ETH"),
        (0, "0 ETH"),
        (10**18, "1 ETH"),
        (1_234_567 * 10**18 + 1, "1\u202f234\u202f567.000000000000000001 ETH"),
        (Decimal(10**77), None),
    ],
)
def test_an_amount_is_exact_to_the_last_unit(units: int | Decimal, shown: str | None) -> None:
    text = text_of(draw("{% amount units asset %}", units=units, asset=ETHER))
    if shown is not None:
        assert text == shown
    digits = re.sub(r"[^0-9.]", "", text)
    whole, _point, part = digits.partition(".")
    assert int(whole + part.ljust(18, "0")) == int(units)


def test_an_unknown_amount_is_words() -> None:
    assert text_of(draw("{% amount None asset %}", asset=ETHER)) == "not stated"
    assert text_of(draw('{% amount None asset unknown="no cap" %}', asset=ETHER)) == "no cap"


@pytest.mark.parametrize("units", [1.5, 1.0, True, "1", Decimal("0.5")])
def test_an_amount_that_is_no_integer_is_a_mistake(units: object) -> None:
    with pytest.raises(TypeError):
        draw("{% amount units asset %}", units=units, asset=ETHER)


def _view(state: str, amount: int | None, **more: Any) -> SimpleNamespace:
    facts: dict[str, Any] = {
        "block_height": None, "block_hash": None, "block_time": None, "provider": "", "looked_at": None,
        "since": None, "error": None, "error_code": "", **more,
    }  # fmt: skip
    return SimpleNamespace(asset=ETHER, state=state, amount=amount, **facts)


def test_a_balance_never_read_shows_no_figure() -> None:
    text = text_of(draw("{% balance view detail=True %}", view=_view("never_read", None)))
    assert text == "Not read yet"


def test_a_source_that_fails_without_a_reading_shows_no_zero() -> None:
    since = datetime(2026, 3, 16, 10, 4, tzinfo=UTC)
    text = text_of(draw("{% balance view %}", view=_view("failing", None, since=since)))
    assert text == "Source unavailable since 16 Mar 2026, 10:04 UTC" + "No reading so far"


@pytest.mark.parametrize(
    ("state", "said"), [("stale", "Stale since"), ("failing", "Source unavailable since")]
)
def test_an_old_balance_says_since_when(state: str, said: str) -> None:
    since, taken = NOW - timedelta(hours=1), NOW - timedelta(hours=2)
    text = text_of(draw("{% balance view %}", view=_view(state, 10**17, since=since, looked_at=taken)))
    assert "0.1 ETH" in text
    assert f"{said} 16 Mar 2026, 09:30 UTC" in text
    assert "Last known 16 Mar 2026, 08:30 UTC" in text


def test_a_contradiction_is_no_source_that_is_silent() -> None:
    since, seen = NOW - timedelta(hours=1), NOW - timedelta(hours=2)
    view = _view("failing", 10**17, since=since, looked_at=seen, error_code="disagrees")
    text = text_of(draw("{% balance view %}", view=view))
    assert "Two sources contradict each other since 16 Mar 2026, 09:30 UTC" in text
    assert "The older amount stands: 16 Mar 2026, 08:30 UTC" in text
    assert "unavailable" not in text


def test_a_balance_in_detail_names_block_time_and_source() -> None:
    view = _view("ok", 0, block_height=22_041_337, block_time=NOW, provider="node-1")
    text = text_of(draw("{% balance view detail=True %}", view=view))
    assert text.startswith("0 ETH")
    assert "block 22\u202f041\u202f337 · 16 Mar 2026, 10:30 UTC · from node-1" in text


# ── Identifiers ───────────────────────────────────────────────────────────────────────────────────────────


def test_an_address_is_whole_and_nothing_is_inserted() -> None:
    address = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    html = draw('{% address "localdev" text checksum="valid" typed="0xF39F" label="Pay" %}', text=address)
    assert address in "".join(Page(html).words)
    assert f'data-copy="{address}"' in html
    assert "Local development chain" in html
    assert "checksum valid" in html
    assert "typed as" in html


def test_what_was_typed_is_shown_only_where_it_differs() -> None:
    assert "typed as" not in draw('{% address "bitcoin" "bc1q" typed="bc1q" %}')


def test_a_short_hash_still_copies_whole() -> None:
    digest = sha256(b"x").hexdigest()
    html = draw("{% digest text short=True %}", text=digest)
    assert f'data-copy="{digest}"' in html
    assert f"{digest[:8]}…{digest[-8:]}" in html
    assert text_of(draw('{% digest "" %}')) == "not computed yet"


# ── Times ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_time_is_utc_and_says_so() -> None:
    elsewhere = datetime(2026, 3, 16, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    html = draw("{% time at %}", at=elsewhere)
    assert text_of(html) == "17 Mar 2026, 04:30 UTC"
    assert 'datetime="2026-03-17T04:30:00Z"' in html
    with pytest.raises(ValueError, match="zone"):
        draw("{% time at %}", at=datetime(2026, 3, 16))  # noqa: DTZ001 - the mistake under test


@pytest.mark.parametrize(
    ("due", "tone", "words"),
    [
        (NOW + timedelta(minutes=25), "warn", "in 25 minutes"),
        (NOW + timedelta(hours=5), "warn", "in 5 hours"),
        (NOW + timedelta(hours=26), "warn", "tomorrow"),
        (NOW + timedelta(days=3), "warn", "in 3 days"),
        (NOW + timedelta(days=21), "neutral", "in 21 days"),
        (NOW - timedelta(minutes=1), "bad", "overdue by 1 hour"),
        (NOW - timedelta(hours=23), "bad", "overdue by 23 hours"),
        (NOW - timedelta(days=4, hours=2), "bad", "overdue by 4 days"),
        (date(2026, 3, 16), "warn", "today"),
        (date(2026, 3, 15), "bad", "overdue by 1 day"),
        (date(2026, 3, 17), "warn", "tomorrow"),
    ],
)
def test_a_deadline_says_how_far_it_is(due: date, tone: str, words: str) -> None:
    seen_tone, shape, seen_words = distance(due, NOW)
    assert (seen_tone, seen_words) == (tone, words)
    assert shape in _sprite()


def test_a_deadline_that_was_met_says_so() -> None:
    due = NOW - timedelta(days=1)
    assert "met in time" in draw("{% due at done=done now=now %}", at=due, done=due, now=NOW)
    assert "met 1 day late" in draw("{% due at done=done now=now %}", at=due, done=NOW, now=NOW)
    assert "lifted" in draw('{% due at now=now ended="lifted" %}', at=due, now=NOW)
    assert text_of(draw("{% due None %}")) == "no date set"


# ── Forms ─────────────────────────────────────────────────────────────────────────────────────────────────


def _sample(data: dict[str, str] | None = None) -> Page:
    return Page(draw("{% error_summary form %}{% fields form %}", form=SampleForm(data)))


@pytest.mark.parametrize("data", [None, {"amount": NASTY}])
def test_every_control_has_a_label_and_every_description_exists(data: dict[str, str] | None) -> None:
    page = _sample(data)
    labels = {attrs["for"] for attrs in page.all("label")}
    for kind in ("input", "select", "textarea"):
        for attrs in page.all(kind):
            assert attrs["id"] in labels, attrs
    for _tag, attrs in page.tags:
        for pointed in attrs.get("aria-describedby", "").split():
            assert pointed in page.ids
    assert len(set(page.ids)) == len(page.ids)


def test_a_mistake_is_said_at_the_top_and_beside_its_field() -> None:
    page = _sample({"title": "", "due": "31.02.2026"})
    links = [attrs["href"][1:] for attrs in page.all("a")]
    assert {"id_title", "id_instrument", "id_scope_0", "id_due"} <= set(links)
    assert set(links) <= set(page.ids)
    title = next(attrs for attrs in page.all("input") if attrs["id"] == "id_title")
    assert title["aria-invalid"] == "true"
    assert title["aria-describedby"] == "id_title_helptext id_title_error"
    assert "There is a problem" in page.text


def test_what_was_typed_stays() -> None:
    page = _sample({"title": NASTY})
    title = next(attrs for attrs in page.all("input") if attrs["id"] == "id_title")
    assert title["value"] == NASTY


def test_a_form_that_was_not_sent_has_no_summary() -> None:
    assert draw("{% error_summary form %}", form=SampleForm()) == ""


class PaperForm(forms.Form):
    title = forms.CharField()
    paper = forms.FileField(required=False)


def test_a_file_that_came_with_a_refused_form_is_asked_for_again() -> None:
    """A browser fills no file field: without a word the form would go off a second time without its paper."""
    files = MultiValueDict({"paper": [SimpleUploadedFile("order <1>.pdf", b"%PDF")]})
    page = Page(draw("{% error_summary form %}{% fields form %}", form=PaperForm({"title": ""}, files)))
    said = " ".join("".join(page.words).split())
    assert "Paper: Choose order <1>.pdf again." in said
    # A form that is right, or one that came without a file, has nothing to say of it; a refused file says why.
    assert draw("{% error_summary form %}", form=PaperForm({"title": "A"}, files)) == ""
    assert "again" not in draw("{% error_summary form %}", form=PaperForm({"title": ""}))
    empty = MultiValueDict({"paper": [SimpleUploadedFile("empty.pdf", b"")]})
    refused = draw("{% error_summary form %}", form=PaperForm({"title": ""}, empty))
    assert "is empty" in refused
    assert "Choose empty.pdf again" not in refused


def test_a_field_says_when_it_is_needed_after_all() -> None:
    drawn = draw('{% field form.paper optional="needed for a policy hold" %}', form=PaperForm())
    assert "(needed for a policy hold)" in drawn
    assert "(optional)" not in drawn
    assert "(optional)" in draw("{% field form.paper %}", form=PaperForm())


def test_errors_of_a_formset_and_of_the_whole_form_are_named() -> None:
    class Pair(forms.Form):
        word = forms.CharField()

        def clean(self) -> None:
            raise forms.ValidationError("the whole is wrong")

    several = forms.formset_factory(Pair, min_num=1, validate_min=True, extra=0)
    data = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0", "form-0-word": ""}
    page = Page(draw("{% error_summary several %}", several=several(data)))
    assert "the whole is wrong" in page.text
    assert [attrs["href"] for attrs in page.all("a")] == ["#id_form-0-word"]


def test_a_hidden_field_stays_hidden() -> None:
    class Quiet(forms.Form):
        key = forms.CharField(widget=forms.HiddenInput)

    html = draw("{% fields form %}", form=Quiet())
    assert html.count("<") == 1
    assert 'type="hidden"' in html


def test_a_button_that_posts_carries_the_token() -> None:
    html = draw('{% post_button "/x/" "Refresh" name="a" value="b" %}', csrf_token="tok")
    page = Page(html)
    assert page.all("form")[0] == {"class": "inlineform", "method": "post", "action": "/x/"}
    assert page.all("input")[0]["value"] == "tok"
    assert page.all("button")[0]["name"] == "a"


# ── Lists ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_pager_keeps_the_filter_and_drops_the_old_cursor() -> None:
    request = RequestFactory().get("/cases/?status=open&after=old&before=older")
    page = SimpleNamespace(next_cursor="a b&c", previous_cursor="p")
    drawn = Page(draw('{% pager page target="#results" %}', page=page, request=request))
    before, after = drawn.all("a")
    assert before["href"] == "?status=open&before=p"
    assert after["href"] == "?status=open&after=a+b%26c"
    assert after["hx-target"] == "#results"


def test_one_page_needs_no_pager() -> None:
    page = SimpleNamespace(next_cursor=None, previous_cursor=None)
    assert draw("{% pager page %}", page=page) == ""
    assert text_of(draw("{% pager page shown=3 %}", page=page)) == "3 shown"


def test_an_empty_fact_is_said_in_words() -> None:
    assert text_of(draw('{% facts %}{% fact "Cap" %} {% endfact %}{% endfacts %}')) == "Capnot recorded"


def test_a_late_record_is_shown_as_late() -> None:
    source = '{% timeline_item at=at title="Served" recorded_at=recorded %}{% endtimeline_item %}'
    assert "recorded" in text_of(draw(source, at=NOW, recorded=NOW + timedelta(days=1)))
    assert "recorded" not in text_of(draw(source, at=NOW, recorded=NOW + timedelta(seconds=2)))


# ── Escaping ──────────────────────────────────────────────────────────────────────────────────────────────

HOSTILE = """
{% icon "x" label=t %}{% status "case" t %}{% amount None asset unknown=t %}{% amount 1 hostile %}{% number None unknown=t %}
{% address t t label=t typed="other" href=t %}{% address "bitcoin" "a" typed=t %}{% digest t %}{% digest t short=True %}
{% reference t href=t %}{% chain t %}{% person t %}{% attribution t source=t confidence=t %}{% chip t tone=t href=t %}
{% mark t tone=t %}{% classification t t %}{% copyable t t %}{% progress None label=t %}{% progress 1 2 label=t %}
{% time None unknown=t %}{% day None unknown=t %}{% due None unknown=t %}{% due now ended=t %}
{% page_header t lead=t eyebrow=t back_url=t back_text=t %}{{ t }}{% endpage_header %}
{% panel t id=t tone=t %}{{ t }}{% endpanel %}{% facts %}{% fact t change_url=t %}{{ t }}{% endfact %}{% endfacts %}
{% table t id=t %}{% endtable %}{% timeline label=t %}{% timeline_item at=now title=t by=t tone=t id=t %}{{ t }}
{% endtimeline_item %}{% endtimeline %}{% tasks label=t %}{% task title=t url=t %}{{ t }}{% endtask %}{% endtasks %}
{% stats label=t %}{% stat t t url=t note=t %}{% endstats %}{% notice title=t role=t %}{{ t }}{% endnotice %}
{% empty t %}{{ t }}{% endempty %}{% breadcrumbs %}{% crumb t t %}{% crumb t %}{% endbreadcrumbs %}
{% tabs t %}{% tab t t %}{% endtabs %}{% menu t %}{{ t }}{% endmenu %}{% dialog t t %}{{ t }}{% enddialog %}
{% fieldset t help=t %}{{ t }}{% endfieldset %}{% field form.word label=t help=t prefix=t suffix=t placeholder=t %}
{% error_summary form %}{% filters form target=t clear_url=t label=t %}
{% post_button t t name=t value=t tone=t %}
{% interruption title=t confirm=t cancel_url=t action=t cancel=t tone=t %}{{ t }}{% endinterruption %}
"""


def test_whatever_is_written_stays_text() -> None:
    class Word(forms.Form):
        word = forms.CharField(label=NASTY)

        def clean_word(self) -> str:
            raise forms.ValidationError(NASTY)

    html = draw(
        HOSTILE,
        t=NASTY,
        now=NOW,
        asset=ETHER,
        hostile={"symbol": NASTY, "decimals": 2},
        form=Word({"word": NASTY}),
        csrf_token="tok",
    )
    assert "<script" not in html
    for _tag, attrs in Page(html).tags:
        assert not [name for name in attrs if name.startswith("on") or name in {"alert(1)", "'&"}], attrs


def test_components_are_safe_strings() -> None:
    """Drawn inside one another they are not escaped twice."""
    html = draw('{% notice %}{% status "case" "open" %}{% endnotice %}')
    assert "&lt;" not in html
    assert isinstance(SafeString(html), SafeString)


# ── The style page ────────────────────────────────────────────────────────────────────────────────────────


def _request(user: Any, method: str = "get") -> HttpRequest:
    request = getattr(RequestFactory(), method)("/style/")
    request.user = user
    return request  # type: ignore[no-any-return]


def _officer(theme: str = "") -> User:
    return User(email="ines@example.test", name="Ines Okafor", role=Role.INVESTIGATOR, theme=theme)


def test_the_style_page_shows_every_tag() -> None:
    from cases.templatetags.ui import register

    response = style(_request(_officer()))
    assert response.status_code == 200
    page = Page(response.content.decode())
    assert len(set(page.ids)) == len(page.ids)
    source = "".join(path.read_text() for path in TEMPLATES.rglob("*.html"))
    unused = [name for name in register.tags if not re.search(rf"\{{%\s*{name}\b", source)]
    assert unused == []


def test_the_sample_form_answers_as_a_real_one() -> None:
    response = style(_request(_officer(), "post"))
    assert response.status_code == 422
    assert "There is a problem" in response.content.decode()


def test_the_theme_a_person_chose_is_in_the_page() -> None:
    assert b'data-theme="dark"' in style(_request(_officer("dark"))).content
    assert b"data-theme" not in style(_request(AnonymousUser())).content


# ── In a browser ──────────────────────────────────────────────────────────────────────────────────────────

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--disable-background-networking",
]


class Shelf(BaseHTTPRequestHandler):
    """The style page and the static files, under the product's policy; no database behind it."""

    pages: dict[str, bytes] = {}

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        kinds = {
            ".css": "text/css",
            ".js": "text/javascript",
            ".svg": "image/svg+xml",
            ".woff2": "font/woff2",
        }
        body, kind = self.pages.get(path), "text/html; charset=utf-8"
        if body is None and path.startswith("/static/"):
            found = finders.find(path.removeprefix("/static/"))
            if isinstance(found, str):
                body, kind = (
                    Path(found).read_bytes(),
                    kinds.get(Path(found).suffix, "application/octet-stream"),
                )
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass


@pytest.fixture(scope="module")
def shelf() -> Iterator[str]:
    Shelf.pages = {
        "/style/": style(_request(_officer())).content,
        "/wrong/": style(_request(_officer(), "post")).content,
        "/404/": Template("{% include '404.html' %}").render(Context({})).encode(),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=environ.get("HOLDFAST_CHROMIUM", "/usr/bin/chromium"), args=CHROMIUM_FLAGS
        )
        yield browser
        browser.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1366, 768), (390, 844)], ids=["desk", "phone"])
def test_the_components_hold_in_a_browser(
    chromium: Browser, shelf: str, size: tuple[int, int], scheme: Any
) -> None:
    """No violation of the policy, none that axe-core calls serious, and no page wider than the screen."""
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce"
    )
    said: list[str] = []
    tab = context.new_page()
    tab.on(
        "console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None
    )
    tab.on("pageerror", lambda error: said.append(str(error)))
    for path in Shelf.pages:
        tab.goto(shelf + path)
        tab.wait_for_load_state("networkidle")
        wider = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, path
        tab.evaluate((PROJECT / "tests/vendor/axe.min.js").read_text())
        result = tab.evaluate("axe.run({resultTypes: ['violations']})")
        grave = [
            (found["id"], [node["target"] for node in found["nodes"]])
            for found in result["violations"]
            if found["impact"] in {"serious", "critical"}
        ]
        assert grave == [], path
    assert [line for line in said if "favicon.ico" not in line] == []
    context.close()


@pytest.mark.browser
def test_an_address_is_copied_as_it_is_recorded(chromium: Browser, shelf: str) -> None:
    """By the button and by hand: nothing is inserted, whatever the eye sees between the fours."""
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    tab.goto(shelf + "/style/")
    address = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    tab.locator(f".copy[data-copy='{address}']").first.click()
    tab.wait_for_function("() => document.getElementById('live').textContent !== ''")
    assert tab.evaluate("navigator.clipboard.readText()") == address
    picked = tab.evaluate(
        "(() => { const s = getSelection(); s.selectAllChildren(document.querySelector('.address__text'));"
        " return s.toString(); })()"
    )
    assert picked == address
    context.close()


@pytest.mark.browser
def test_the_page_works_by_keys(chromium: Browser, shelf: str) -> None:
    context = chromium.new_context(viewport={"width": 1366, "height": 768})
    tab = context.new_page()
    tab.goto(shelf + "/wrong/")
    # A refused form takes the reader to what is wrong.
    tab.wait_for_function("() => document.activeElement.classList.contains('errorsummary')")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "id_title"
    tab.goto(shelf + "/style/")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skiplink"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
    tab.locator("details.menu summary").focus()
    tab.keyboard.press("Enter")
    assert tab.locator("details.menu").get_attribute("open") is not None
    tab.keyboard.press("Escape")
    assert tab.locator("details.menu").get_attribute("open") is None
    tab.locator("[data-dialog]").press("Enter")
    assert tab.locator("#sample-dialog").get_attribute("open") is not None
    context.close()


@pytest.mark.browser
def test_everything_is_there_without_script(chromium: Browser, shelf: str) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    tab = context.new_page()
    tab.goto(shelf + "/style/")
    assert tab.get_by_role("button", name="Apply").is_visible()
    tab.get_by_role("button", name="Menu", exact=True).click()
    assert tab.locator("#nav .nav__foot").is_visible()
    assert tab.locator(".copy").first.is_hidden()
    context.close()
