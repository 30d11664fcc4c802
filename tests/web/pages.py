"""What the tests of pages share: counting queries, reading a page as its reader does."""

import html
import re
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


def text_of(response: Any) -> str:
    """The words of a page: tags gone, entities resolved, blanks made single."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def queries_of(client: Client, url: str) -> int:
    """How many queries a GET takes; the second time, when content types and the like are known."""
    assert client.get(url).status_code == 200, url
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200, url
    return len(captured)


def costs_the_same(client: Client, url: str, more: Callable[[], object]) -> int:
    """The page takes as many queries before `more` rows exist as after; returns how many."""
    before = queries_of(client, url)
    more()
    after = queries_of(client, url)
    assert after == before, f"{url}: {before} queries, then {after}"
    return after


def errors_beside(response: Any, field: str) -> str:
    """The error that stands beside a field of a refused form, in words."""
    found = re.search(rf'id="id_{field}_error">(.*?)</p>', response.content.decode(), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found.group(1))).split()) if found else ""
