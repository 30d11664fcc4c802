"""What the house's rules say of the code itself, where a test of behaviour would not notice that one was broken.

The layers of imports are held by import-linter (pyproject.toml); here stands what it cannot say.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.template.base import Lexer, TokenType
from django.urls import URLResolver, get_resolver

ROOT = Path(settings.BASE_DIR)
# Time is handed in here, HTTP and the broker are unknown here, and a float has no place.
DOMAIN = (
    "cases/actions",
    "cases/models",
    "cases/audit",
    "cases/queries",
    "cases/exports",
    "cases/chronology",
)
DOMAIN_FILES = (
    "cases/access.py",
    "cases/status.py",
    "cases/permissions.py",
    "cases/references.py",
    "cases/outbox.py",
    "cases/storage.py",
    "cases/people/models.py",
    "wallets/addresses",
    "wallets/amounts.py",
)
CHAIN_FACTS = (
    "wallets/snapshots",
    "wallets/models",
    "wallets/registry.py",
    "wallets/prices",
    "wallets/blobs.py",
)


@cache
def tracked(*patterns: str) -> tuple[Path, ...]:
    """The files of the project by git, relative to its root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(Path(line) for line in listed.splitlines() if (ROOT / line).is_file())


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def sources(*folders: str) -> Iterator[Path]:
    """The Python files below these folders, without migrations."""
    for path in tracked("*.py"):
        if path.as_posix().startswith(folders) and "migrations" not in path.parts:
            yield path


def domain() -> Iterator[Path]:
    yield from sources(*DOMAIN, *DOMAIN_FILES, *CHAIN_FACTS)


def at(path: Path, node: ast.AST) -> str:
    return f"{path}:{getattr(node, 'lineno', 0)}"


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Each call with the dotted name of what is called, as far as it is one."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            yield node, dotted(node.func)


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a chain of names; `….c` where it begins with something else."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "…"


def imported(path: Path) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


# ── One door, one writer, one action ──────────────────────────────────────────────────────────────────────


def test_a_grant_is_made_by_the_door_alone() -> None:
    """`Grant(…)` and `MatterGrant(…)` are written in cases/access.py and nowhere else, nor copied with changes."""
    found = [
        at(path, node)
        for path in sources("cases", "wallets", "config", "bin", "bench")
        if path != Path("cases/access.py")
        for node, name in calls(path)
        if name.split(".")[-1] in {"Grant", "MatterGrant"}
        or (name.split(".")[-1] == "replace" and node.args and "grant" in dotted(node.args[0]).lower())
    ]
    assert found == []


def test_the_doors_key_stays_inside() -> None:
    found = [
        str(path) for path in sources("cases", "config", "wallets") if "_DOOR" in (ROOT / path).read_text()
    ]
    assert found == ["cases/access.py"]


def test_a_status_is_written_by_move_alone() -> None:
    """Nobody assigns `.status`, by attribute, `setattr`, `update()`, or a factory that sets one at birth."""
    found = []
    for path in sources("cases", "wallets"):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                        if isinstance(part, ast.Attribute) and part.attr == "status":
                            found.append(at(path, node))
        for node, name in calls(path):
            verb = name.split(".")[-1]
            if verb in {"create", "update", "get_or_create", "update_or_create", "bulk_create"} and any(
                keyword.arg == "status" for keyword in node.keywords
            ):
                found.append(at(path, node))
            if verb == "setattr" and any(
                isinstance(argument, ast.Constant) and argument.value == "status" for argument in node.args
            ):
                found.append(at(path, node))
    assert [place for place in found if not place.startswith("cases/status.py:")] == []
    assert len(found) == 1


def action_names(path: Path) -> set[str]:
    """The names by which a module knows modules of actions, or functions of them."""
    names = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "cases.actions":
                names |= {alias.asname or alias.name for alias in node.names}
            elif node.module.startswith("cases.actions.") and node.module != "cases.actions.base":
                names |= {alias.asname or alias.name for alias in node.names if alias.name.islower()}
    return names


def test_a_view_calls_one_action() -> None:
    """A view that needs two actions is an action not yet written; so it is for an endpoint of the API."""
    found = {}
    for path in sources("cases/views", "cases/api/endpoints"):
        known = action_names(path)
        for function in ast.walk(tree_of(path)):
            if not isinstance(function, ast.FunctionDef):
                continue
            used = {
                dotted(node)
                for node in ast.walk(function)
                if (isinstance(node, ast.Attribute) and dotted(node).split(".")[0] in known)
                or (isinstance(node, ast.Name) and node.id in known)
            }
            # Of an action's module a view may also read a constant or a class of its own.
            verbs = {
                name for name in used if name.split(".")[-1].islower() and name not in known - FUNCTIONS(path)
            }
            if len(verbs) > 1:
                found[f"{path}:{function.name}"] = sorted(verbs)
    assert found == {}


def FUNCTIONS(path: Path) -> set[str]:  # noqa: N802 - reads as a constant of the module
    """The actions that a module imports by name."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom)
        and node.module is not None
        and node.module.startswith("cases.actions.")
        and node.module != "cases.actions.base"
        for alias in node.names
        if alias.name.islower()
    }


WRITES = {"save", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
# The key of a request is written in the transaction of the action that it stands for.
KEEPS_ITS_OWN = {Path("cases/api/idempotency.py")}


def test_only_actions_write() -> None:
    """Forms and serializers check shape, views show, queries read: none of them saves."""
    found = [
        at(path, node)
        for path in sources("cases/forms", "cases/views", "cases/api", "cases/queries", "cases/templatetags")
        if path not in KEEPS_ITS_OWN
        for node, name in calls(path)
        if name.split(".")[-1] in WRITES
        or (name.split(".")[-1] in {"update", "delete"} and ("objects" in name or name.startswith("…")))
    ]
    assert found == []


def test_no_rule_hides_in_a_signal_a_save_or_a_default_order() -> None:
    found = []
    for path in sources("cases", "wallets"):
        found += [f"{at(path, node)} signals" for node, name in imported(path) if "signals" in name]
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef):
                for item in node.body:
                    if isinstance(item, ast.FunctionDef) and item.name in {"save", "delete"}:
                        found.append(f"{at(path, item)} {item.name}()")
                    if node.name == "Meta" and isinstance(item, ast.Assign):
                        found += [
                            f"{at(path, item)} ordering"
                            for target in item.targets
                            if isinstance(target, ast.Name) and target.id == "ordering"
                        ]
    assert found == []


# ── Time, money, HTTP ─────────────────────────────────────────────────────────────────────────────────────

CLOCKS = {"now", "utcnow", "today", "localtime", "time", "monotonic"}
# How old a forgotten folder is, by the clock of the disk that holds it.
READS_A_CLOCK = {Path("cases/exports/render.py")}
# How long an answer took: a stopwatch tells no moment.
STOPWATCH = {Path("wallets/snapshots/look.py")}


def test_time_is_handed_in() -> None:
    found = [
        at(path, node)
        for path in domain()
        if path not in READS_A_CLOCK
        for node, name in calls(path)
        if name.split(".")[-1] in CLOCKS
        and name.split(".")[0] in {"timezone", "datetime", "date", "time", "…"}
        and not (name == "time.monotonic" and path in STOPWATCH)
    ]
    assert found == []


# The width of a column, in millimetres; seconds to wait for another machine. Neither is money.
MEASURES = {Path("cases/exports/pieces.py"), Path("wallets/chains/http.py")}


def test_nothing_becomes_a_float() -> None:
    found = [
        at(path, node)
        for path in sources("cases", "wallets")
        if path not in MEASURES
        for node, name in calls(path)
        if name in {"float", "models.FloatField", "forms.FloatField", "serializers.FloatField", "FloatField"}
    ]
    assert found == []


def test_the_domain_knows_no_http() -> None:
    """import-linter holds REST framework and Celery out; parts of Django it cannot name."""
    shut = ("django.http", "django.shortcuts", "django.views", "django.forms", "django.contrib.messages")
    found = [
        f"{at(path, node)} {name}"
        for path in domain()
        for node, name in imported(path)
        if name.startswith((*shut, "rest_framework", "celery"))
    ]
    assert found == []


def test_nothing_is_swallowed() -> None:
    """No handler takes every error and goes on without a word."""
    found = []
    for path in sources("cases", "wallets", "config", "bin"):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ExceptHandler):
                every = node.type is None or dotted(node.type) in {"Exception", "BaseException"}
                silent = all(isinstance(item, ast.Pass | ast.Continue) for item in node.body)
                if every and (
                    silent or not any(isinstance(item, ast.Raise | ast.Call) for item in ast.walk(node))
                ):
                    found.append(at(path, node))
    assert found == []


# ── No way past the actions ───────────────────────────────────────────────────────────────────────────────


def test_djangos_admin_is_not_installed() -> None:
    assert not [app for app in settings.INSTALLED_APPS if "admin" in app]
    found = [
        at(path, node)
        for path in sources("cases", "wallets", "config")
        for node, name in imported(path)
        if name.startswith("django.contrib.admin")
    ]
    assert found == []


def test_no_url_holds_a_primary_key() -> None:
    """A number in a URL counts within a case; what stands alone goes by a reference or a random word."""

    def arguments(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, str]]:
        for entry in resolver.url_patterns:
            route = f"{prefix}{entry.pattern}"
            yield from ((route, name) for name in entry.pattern.regex.groupindex)
            if isinstance(entry, URLResolver):
                yield from arguments(entry, route)

    ours = [(route, name) for route, name in arguments(get_resolver()) if not route.startswith("accounts/")]
    assert ours
    assert [route for route, name in ours if name in {"pk", "id"}] == []
    assert [
        route
        for route, name in ours
        if name == "number" and not route.startswith(("cases/", "api/v1/cases/"))
    ] == []


# ── What people read ──────────────────────────────────────────────────────────────────────────────────────

TEXT_ATTRIBUTES = {"title", "alt", "placeholder", "aria-label", "aria-description", "data-label", "label"}
# The product's own name, and a key of the keyboard.
NAMES = re.compile(r"\b(Holdfast|PostgreSQL|UTC)\b")
WORD = re.compile(r"[^\W\d_]{2,}")
HOLE = "\x00"


class Texts(HTMLParser):
    """The words and the forbidden parts of a template whose tags and variables were cut out."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.forbidden: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside.append(tag)
        given = dict(attrs)
        for name, value in attrs:
            if name == "style" or re.fullmatch(r"on[a-z]+", name):
                self.forbidden.append(f"{name}= in <{tag}>")
            if name.startswith("hx-on") or (
                name in {"href", "src", "action"} and "javascript:" in (value or "")
            ):
                self.forbidden.append(f"{name}= in <{tag}>")
            if name in TEXT_ATTRIBUTES:
                self.words += WORD.findall(NAMES.sub("", (value or "").replace(HOLE, " ")))
        if tag == "style" or (
            tag == "script" and "src" not in given and given.get("type") != "application/json"
        ):
            self.forbidden.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self.inside or self.inside[-1] not in {"script", "kbd", "code"}:
            self.words += WORD.findall(NAMES.sub("", data.replace(HOLE, " ")))


def read(path: Path) -> Texts:
    """A template as HTML, with what Django fills in cut out and what is translated left out."""
    text: list[str] = []
    spoken: list[str] = []
    translated = 0
    in_code = False
    for token in Lexer((ROOT / path).read_text(encoding="utf-8")).tokenize():
        words = token.contents.split()
        if token.token_type == TokenType.BLOCK and words[0] in {"blocktranslate", "comment", "verbatim"}:
            translated += 1
        elif token.token_type == TokenType.BLOCK and words[0] in {
            "endblocktranslate",
            "endcomment",
            "endverbatim",
        }:
            translated -= 1
        elif translated:
            continue
        elif token.token_type == TokenType.TEXT:
            # The block `case_tab` names the current part of a case to the code that marks it.
            text.append("" if in_code else token.contents)
        elif token.token_type == TokenType.VAR:
            text.append(HOLE)
        elif token.token_type == TokenType.BLOCK:
            text.append(" ")
            in_code = words == ["block", "case_tab"]
            if words[0] not in READS_NAMES:
                spoken += said_to_a_tag(token.contents)
    parser = Texts()
    parser.feed("".join(text))
    parser.close()
    parser.words += spoken
    return parser


# These take names of URLs, files and variables, or translate by themselves.
READS_NAMES = {"url", "include", "static", "translate", "extends", "load", "if", "elif", "ifchanged", "with"}
STRING = re.compile(r"""_\("[^"]*"\)|_\('[^']*'\)|"([^"]*)"|'([^']*)'""")


def said_to_a_tag(contents: str) -> list[str]:
    """The texts among a tag's arguments that are not translated: what begins with a capital or holds a space."""
    found = [first or second for first, second in STRING.findall(contents)]
    return [text for text in found if text not in {"UTC"} and re.match(r"[A-Z]|\S+ \S", text)]


TEMPLATES = list(tracked("templates/*.html", "cases/*.html", "wallets/*.html"))
# Shows the components to who builds pages; its samples are invented words.
SHOWS_ONLY = {Path("templates/style.html")}


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_a_template_says_nothing_untranslated(path: Path) -> None:
    if path in SHOWS_ONLY:
        assert "style" in path.name
        return
    assert read(path).words == []


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_a_template_holds_no_script_and_no_style(path: Path) -> None:
    """The content security policy would stop them in the browser; here they do not get that far."""
    text = (ROOT / path).read_text(encoding="utf-8")
    assert read(path).forbidden == []
    assert not re.search(r"\|\s*safe\b|\{%\s*autoescape\s+off", text)


SPOKEN = {"label", "help_text", "verbose_name", "verbose_name_plural", "title", "message", "empty_label"}
# What a programmer reads, not a person at the page.
OF_PYTHON = {
    "TypeError",
    "RuntimeError",
    "ValueError",
    "LookupError",
    "AssertionError",
    "ImproperlyConfigured",
}


def test_code_says_nothing_untranslated() -> None:
    """Labels, helps and the words of refusals are handed to gettext."""
    found = []
    for path in sources(
        "cases/forms", "cases/views", "cases/models", "cases/actions", "cases/people", "cases/api"
    ):
        for node, name in calls(path):
            verb = name.split(".")[-1]
            spoken = [keyword.value for keyword in node.keywords if keyword.arg in SPOKEN]
            if (verb.endswith("Error") and verb not in OF_PYTHON) or verb in {
                "WrongMove",
                "NoSuchItem",
                "OwnApproval",
            }:
                spoken += node.args[:1]
            if name.startswith("messages."):
                spoken += node.args[1:2]
            for value in spoken:
                words = (
                    isinstance(value, ast.Constant)
                    and isinstance(value.value, str)
                    and " " in value.value.strip()
                )
                if words or isinstance(value, ast.JoinedStr):
                    found.append(at(path, value))
    assert found == []


def test_the_fields_words() -> None:
    """Said of people: subject, customer, counterparty, and what they did is alleged."""
    found = []
    for path in tracked("*.py", "*.html", "*.typ", "*.md", "*.txt"):
        if path.parts[0] in {"tests", "bench"}:
            continue
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), start=1):
            # The law's own words ("criminal complaint") name a paper, never a person.
            if re.search(r"\bcriminals?\b(?! (complaint|procedure|division|code))", line, re.IGNORECASE):
                found.append(f"{path}:{number}")
    assert found == []


# ── What a stranger's clone must not hold ─────────────────────────────────────────────────────────────────


def test_no_file_names_this_machine_or_a_registry() -> None:
    hosts = ("pypi" + ".org", "pythonhosted" + ".org", "registry." + "npmjs", "npmmirror" + ".com")
    places = ("/" + "work/", "/" + "tmp/hf", "/home/" + "root", "/" + "Users/")
    found = []
    for path in tracked():
        content = (ROOT / path).read_bytes()
        if b"\x00" in content[:8000]:
            continue
        text = content.decode("utf-8", "replace")
        found += [f"{path}: {word}" for word in (*hosts, *places) if word in text]
    assert found == []


# ── The rules bite ────────────────────────────────────────────────────────────────────────────────────────

BREAKS_EACH = """
import datetime
from django.contrib import admin
from django.db.models.signals import post_save
from django.http import HttpResponse
from cases.actions.notes import write_note, strike_note

class Row:
    class Meta:
        ordering = ["pk"]

    def save(self):
        self.status = "approved"

def act(row):
    grant = Grant(case=row, key=_DOOR)
    amount = float(row.amount)
    Row.objects.create(amount=amount)
    write_note(text="a")
    strike_note(text="b")
    try:
        row.at = datetime.datetime.now()
    except Exception:
        pass
    raise ActionError("Give the amount.", field="amount")
"""


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        (test_a_grant_is_made_by_the_door_alone, "cases/actions/broken.py"),
        (test_the_doors_key_stays_inside, "cases/actions/broken.py"),
        (test_a_status_is_written_by_move_alone, "cases/actions/broken.py"),
        (test_a_view_calls_one_action, "cases/views/broken.py"),
        (test_only_actions_write, "cases/forms/broken.py"),
        (test_no_rule_hides_in_a_signal_a_save_or_a_default_order, "cases/models/broken.py"),
        (test_time_is_handed_in, "cases/actions/broken.py"),
        (test_nothing_becomes_a_float, "cases/actions/broken.py"),
        (test_the_domain_knows_no_http, "cases/actions/broken.py"),
        (test_nothing_is_swallowed, "cases/actions/broken.py"),
        (test_djangos_admin_is_not_installed, "cases/actions/broken.py"),
        (test_code_says_nothing_untranslated, "cases/actions/broken.py"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_rule_finds_what_breaks_it(
    rule: Callable[[], None], place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / place
    broken.parent.mkdir(parents=True)
    broken.write_text(BREAKS_EACH, encoding="utf-8")
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    monkeypatch.setattr(sys.modules[__name__], "tracked", lambda *patterns: (Path(place),))
    tree_of.cache_clear()
    with pytest.raises(AssertionError, match="broken"):
        rule()
    tree_of.cache_clear()


def test_an_untranslated_template_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    (tmp_path / "a.html").write_text(
        '<p>Hello</p><a title="Go" {% if a %}class="b"{% endif %}>{{ name }}</a>{% panel "A title" icon="c" %}'
        '{% translate "Fine" %}{% blocktranslate %}Also {{ fine }}{% endblocktranslate %}{% panel _("Fine too") %}'
        '<i style="d" onclick="e()"></i><script>f()</script><style>g</style>',
        encoding="utf-8",
    )
    found = read(Path("a.html"))
    assert found.words == ["Hello", "Go", "A title"]
    assert found.forbidden == ["style= in <i>", "onclick= in <i>", "<script>", "<style>"]
