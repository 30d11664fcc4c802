"""The installation's own stream in words: log-ins, people, tokens, settings, keys, refusals. It belongs to no case."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.audit.models import Event
from cases.audit.values import SOURCE
from cases.chronology.entries import Entry, entry_of
from cases.people.models import User
from cases.queries.paging import PAGE_SIZE, Key, Page, keyset


class SystemKind(models.TextChoices):
    """By what the stream is narrowed."""

    LOG_INS = "log_ins", gettext_lazy("Log-ins and log-outs")
    WAYS_IN = "ways_in", gettext_lazy("Passwords and second factors")
    TOKENS = "tokens", gettext_lazy("Tokens and calendar addresses")
    PEOPLE = "people", gettext_lazy("People and roles")
    REFUSED = "refused", gettext_lazy("Refusals")
    READS = "reads", gettext_lazy("Searches over all cases")
    KEYS = "keys", gettext_lazy("Keys and checkpoints")
    SETTINGS = "settings", gettext_lazy("Settings, rules and prices")
    LOOKS = "looks", gettext_lazy("Looks at the chains")


_PREFIXES: Final = {
    SystemKind.LOG_INS: ("login.",),
    SystemKind.WAYS_IN: (
        "person.password",
        "person.totp",
        "person.passkey",
        "person.recovery",
        "person.log_in_changed",
    ),
    SystemKind.TOKENS: ("token.created", "token.revoked", "token.used", "calendar.", "reads.counted"),
    SystemKind.PEOPLE: ("person.added", "person.edited"),
    SystemKind.REFUSED: ("access.denied", "denials.counted", "token.refused", "login.failed"),
    SystemKind.READS: ("search.",),
    SystemKind.KEYS: ("keys.", "checkpoint", "record."),
    SystemKind.LOOKS: ("looks.",),
}
KEYS: Final = (Key("sequence", int, descending=True),)


def _of(prefixes: Iterable[str]) -> Q:
    found = Q(pk__in=[])
    for prefix in prefixes:
        found |= Q(action__startswith=prefix)
    return found


def of_kind(kind: str) -> Q:
    """What a kind holds; the settings hold whatever no other kind does, so that nothing is in none.

    Without a kind it is everything but the looks at the chains: one each minute would hide what people did.
    """
    if not kind:
        return ~_of(_PREFIXES[SystemKind.LOOKS])
    known = SystemKind(kind)
    if known is SystemKind.SETTINGS:
        return ~_of(prefix for prefixes in _PREFIXES.values() for prefix in prefixes)
    return _of(_PREFIXES[known])


def of_person(person: User) -> Q:
    """What she did, and what concerns her whoever did it."""
    return Q(actor=person) | Q(object_kind="person", object_number=person.pk)


def system_entries(
    *,
    kind: str = "",
    person: User | None = None,
    after: str | None = None,
    before: str | None = None,
    size: int = PAGE_SIZE,
) -> Page[Entry]:
    """A page of the stream, the newest first, each with the address it came from. One query.

    A number of a person in it is no public one: `object_number` is left out.
    """
    found = Event.objects.filter(of_kind(kind), stream__kind="system").select_related("actor", "stream")
    if person is not None:
        found = found.filter(of_person(person))
    page = keyset(found, keys=KEYS, after=after, before=before, size=size)
    return Page([_said(event) for event in page.rows], page.next_cursor, page.previous_cursor)


def _said(event: Event) -> Entry:
    entry = entry_of(event)
    source = event.told.salted().get(SOURCE)
    address = source[1].get("address") if source is not None else None
    lines = [*entry.lines, (_("Address"), address)] if address else entry.lines
    name = entry.actor_name
    if event.actor_id is None and json.loads(bytes(event.body))["source"]["kind"] in {"web", "api"}:
        name = _("somebody who is not logged in")
    return replace(entry, actor_name=name, lines=lines, object_kind="", object_number=None)
