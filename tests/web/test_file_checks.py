"""The page on which somebody finds out whether a file that she holds is one that is stored here."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.actions import orders
from cases.audit.models import Event
from cases.permissions import Permission
from tests.support import evidence
from tests.support.casework import Casework, moment

P = Permission


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.FILES_ROOT = tmp_path / "files"


def ask(user: Any, text: str) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(reverse("check-file"), {"sha256": text})


def plain(answer: Any) -> str:
    """The page without what differs from log-in to log-in."""
    return re.sub(r"\b[A-Za-z0-9]{64}\b|<span>[0-9a-f]{4}</span>", "…", answer.content.decode())


def test_a_digest_as_other_programs_print_it_is_understood(casework: Casework) -> None:
    sha256 = evidence.exhibit(casework).sha256
    fours = ":".join(sha256[place : place + 2] for place in range(0, 64, 2)).upper()
    for text in (sha256, f"  {sha256}\n", sha256.upper(), fours, f"{sha256[:32]} {sha256[32:]}"):
        page = ask(casework.lead, text).content.decode()
        assert "This file is stored here, unchanged" in page, text
        assert "EX-1, chat.txt" in page
    for wrong in ("", "abc", sha256[:-1], sha256 + "0", "g" * 64, "a" * 401):
        answer = ask(casework.lead, wrong)
        assert answer.status_code == 422, wrong


def test_what_one_may_not_see_is_as_what_is_not_there(casework: Casework) -> None:
    order = casework.order()
    sha256 = evidence.exhibit(casework, order=order.number).sha256
    orders.seal_order(
        grant=casework.grant(P.ORDERS), at=moment(), number=order.number, readers=[], reason="By the court"
    )
    nothing = hashlib.sha256(b"nothing").hexdigest()
    for user in (
        casework.outsider,
        casework.counsel,
        casework.auditor,
        casework.liaison,
        casework.administrator,
    ):
        there, not_there = ask(user, sha256), ask(user, nothing)
        assert there.status_code == not_there.status_code == 200
        assert plain(there).replace(sha256, "…") == plain(not_there).replace(nothing, "…")
    before = Event.objects.filter(action="order.viewed").count()
    assert "EX-1" in ask(casework.lead, sha256).content.decode()
    # That something of a sealed order was shown is in the record.
    assert Event.objects.filter(action="order.viewed").count() == before + 1


def test_the_digest_is_posted(casework: Casework) -> None:
    client = Client()
    client.force_login(casework.lead)
    page = client.get(reverse("check-file")).content.decode()
    assert re.search(r'<form method="post"[^>]*data-check-file', page)
