"""What holds for every action: leave of its own, one event written last, nothing where it refuses."""

import inspect
import pkgutil
import re
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import cases.actions
from cases.access import Denied, Grant, MatterGrant, NotFound, case_for
from cases.actions import cases as case_actions
from cases.actions import exhibits, exports, people, prices, profile, search
from cases.actions.base import ActionError
from cases.audit.models import Event, Stream
from cases.audit.verify import verify_stream
from cases.permissions import MATTER_PERMISSIONS, Permission, of_member
from tests.cases.actions import acts, process_acts
from tests.cases.actions.acts import Act, matter
from tests.support.casework import Casework, make_person, moment
from tests.support.digest import digest
from tests.support.rows import arranged

P = Permission
ACTS = [*acts.ACTS, *process_acts.ACTS]
WRITE = re.compile(r"^\s*(INSERT|UPDATE|DELETE|TRUNCATE|WITH)\b", re.IGNORECASE)
EVENT = 'INSERT INTO "audit_event"'
IDS = [f"{act.name}-{index}" for index, act in enumerate(ACTS)]

# Steps that several actions share, and the worker's own, which nobody asks leave for.
SHARED = {"take_step", "write_clock"}
WORKERS = {
    "begin_export",
    "finish_export",
    "fail_export",
    "produce_waiting",
    "tell_news",
    "raise_alerts",
    "end_terms",
    "end_term",
    "settle_transfers",
    "watch_issuers",
    "mark_overdue",
    "become_overdue",
    "remind",
    "send_step",
    "mail_notices",
    "mail_one",
    "send_calls",
    "take_report",
    "tell_left_out",
    "tell_count",
    "publish_due",
    "tell_untold_looks",
    "purge_uploads",
    "discard_files",
    "scan_waiting",
    "note_scan",
    "check_files",
    "note_file_state",
}
# Actions that belong to no case; each is tried below.
OUTSIDE = {
    "open_case",
    "add_person",
    "edit_person",
    "create_token",
    "revoke_token",
    "import_prices",
    "request_matter_export",
    "save_search",
    "choose_theme",
    "keep_authority",
    "edit_authority",
    "add_contact",
    "end_contact",
    "add_rule",
    "change_rule",
    "add_closure",
    "remove_closure",
    "change_retention_class",
    "set_approval_threshold",
    "read_notices",
    "create_feed",
    "end_feed",
    "add_instrument",
    "change_instrument",
    # By allauth's seams; tried in tests/web/test_entrances.py.
    "tell_log_in",
    "tell_log_out",
    "tell_failed_log_in",
    "tell_reset_asked",
    "tell_codes_viewed",
    "tell_passkey_renamed",
    # By the API's own door; tried in tests/api/test_tokens.py.
    "note_token_place",
    "tell_token_refused",
    # A file and its event, the file made outside any transaction; tried in tests/cases/record/test_bundles.py.
    "make_bundle",
    # Readings; tried in tests/web/test_reads.py.
    "note_sealed_view",
    "note_feed_read",
    # Bytes on their way in; tried in tests/cases/evidence.
    "begin_upload",
    "send_whole",
    "take_in",
    "keep_whole",
    "abandon_upload",
}


def declared() -> dict[str, Callable[..., Any]]:
    """Every public function of `cases.actions` that takes keywords alone and is told who and when, or who."""
    found: dict[str, Callable[..., Any]] = {}
    for info in pkgutil.walk_packages(cases.actions.__path__, "cases.actions."):
        for name, function in vars(import_module(info.name)).items():
            own = inspect.isfunction(function) and inspect.unwrap(function).__module__ == info.name
            if not own or name.startswith("_"):
                continue
            parameters = inspect.signature(function).parameters.values()
            keyword_only = all(
                parameter.kind in {parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD} for parameter in parameters
            )
            names = {parameter.name for parameter in parameters}
            if (keyword_only and names & {"grant", "by", "claim", "now"}) or name in WORKERS:
                found[name] = function
    return found


def test_no_action_is_left_out() -> None:
    assert set(declared()) == {act.name for act in ACTS} | OUTSIDE | WORKERS | SHARED


def test_every_action_runs_in_one_transaction() -> None:
    """`atomic` wraps the function; a worker's long rounds never sit in one."""
    loose = {
        name
        for name, function in declared().items()
        if not hasattr(function, "__wrapped__") and name not in SHARED
    }
    assert loose == {
        "produce_waiting",
        "tell_news",
        "end_terms",
        "settle_transfers",
        "watch_issuers",
        "mark_overdue",
        "remind",
        "mail_notices",
        "send_calls",
        "tell_left_out",
        "publish_due",
        "tell_untold_looks",
        "send_whole",
        "take_in",
        "keep_whole",
        "purge_uploads",
        "discard_files",
        "scan_waiting",
        "check_files",
    }


@pytest.fixture(autouse=True)
def connected(settings: Any) -> None:
    """The exchange's own system is asked as well; nothing sends it in these tests."""
    settings.CONNECTOR_URL, settings.CONNECTOR_SECRETS = "http://127.0.0.1:9/calls", ["0" * 32]


def events() -> int:
    return Event.objects.count()


def written(captured: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in captured.captured_queries if WRITE.match(query["sql"])]


@pytest.mark.parametrize("act", ACTS, ids=IDS)
def test_an_action_writes_its_event_last(casework: Casework, act: Act) -> None:
    arguments = act.prepare(casework)
    grant, at, before = act.grant(casework), moment(), events()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        act.action(grant=grant, at=at, **arguments)
    assert events() == before + act.events
    writes = written(captured)
    assert all(write.startswith(EVENT) for write in writes[-act.events :]), writes
    assert sum(write.startswith(EVENT) for write in writes) == act.events
    # The last statement at all: whatever is read after it would lengthen the lock on the stream.
    statements = [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]
    assert statements[-1].startswith(EVENT), statements[-1]
    event = Event.objects.filter(stream=casework.case.stream).latest("sequence")
    assert (event.actor, event.occurred_at) == (act.user(casework), at)
    assert verify_stream(Stream.objects.get(pk=casework.case.stream_id)) is None


@pytest.mark.parametrize("act", ACTS, ids=IDS)
def test_leave_for_something_else_is_no_leave(casework: Casework, act: Act) -> None:
    arguments = act.prepare(casework)
    user = act.user(casework)
    lawful = {other.permission for other in ACTS if other.name == act.name} & {act.permission}
    if act.action is exports.note_download:
        lawful |= {P.READ, P.EXPORT}
    if act.action is exhibits.note_exhibit_taken:
        lawful |= {P.READ, P.EVIDENCE}
    before = digest()
    for permission in of_member(user.role, reader=user.role == "auditor") - lawful:
        with pytest.raises(Denied) as denied:
            act.action(grant=casework.grant(permission, user), at=moment(), **arguments)
        assert (denied.value.user, denied.value.case) == (user, casework.case)
    assert digest() == before
    # What was prepared past the actions.
    arranged()


# ── Without a case, or from a matter ──────────────────────────────────────────────────────────────────────
def test_opening_a_case_writes_one_event_last(casework: Casework) -> None:
    before = events()
    with CaptureQueriesContext(connection) as captured:
        case_actions.open_case(
            by=casework.lead, at=moment(), title="x", typology="fraud", classification="internal", tags=["a"]
        )
    assert events() == before + 1
    assert written(captured)[-1].startswith(EVENT)


def test_a_liaisons_request_writes_one_event_last(casework: Casework) -> None:
    grant = matter(casework, P.MATTER_EXPORT)
    before = events()
    with CaptureQueriesContext(connection) as captured:
        exports.request_matter_export(grant=grant, at=moment())
    assert events() == before + 1
    assert written(captured)[-1].startswith(EVENT)
    for permission in MATTER_PERMISSIONS - {P.MATTER_EXPORT}:
        with pytest.raises(Denied):
            exports.request_matter_export(grant=matter(Casework.opened(), permission), at=moment())


def test_what_concerns_people_is_written_into_the_installations_own_stream(casework: Casework) -> None:
    administrator, at = casework.administrator, moment()
    system = Stream.objects.get(kind="system")

    def one_more(act: Callable[[], Any]) -> Any:
        before = Stream.objects.get(pk=system.pk).length
        with CaptureQueriesContext(connection) as captured:
            result = act()
        assert Stream.objects.get(pk=system.pk).length == before + 1
        assert written(captured)[-1].startswith(EVENT)
        return result

    person = one_more(
        lambda: people.add_person(
            by=administrator, at=at, email="new@example.test", name="New", role="counsel", password=None
        )
    )
    one_more(
        lambda: people.edit_person(
            by=administrator, at=at, user=person, name="Newer", role="counsel", agency="", is_active=True
        )
    )
    token, _secret = one_more(
        lambda: people.create_token(by=person, at=at, label="x", expires_at=at + timedelta(days=1))
    )
    one_more(lambda: people.revoke_token(by=person, at=at, token=token))
    file = b"key,currency,price,at,source\nBTC,USD,27123.45,2023-05-24T10:00:00Z,Ledger\n"
    one_more(lambda: prices.import_prices(by=administrator, at=at, filename="may.csv", content=file))
    assert verify_stream(Stream.objects.get(pk=system.pk)) is None


def test_a_persons_own_choices_leave_no_event(casework: Casework) -> None:
    before = events()
    profile.choose_theme(by=casework.lead, theme="dark")
    search.save_search(by=casework.lead, at=moment(), text="Kim")
    assert events() == before
    with pytest.raises(ValueError, match="pink"):
        profile.choose_theme(by=casework.lead, theme="pink")
    with pytest.raises(ActionError):
        search.save_search(by=casework.lead, at=moment(), text=" ")
    for user in (casework.liaison, casework.administrator):
        with pytest.raises(Denied):
            search.save_search(by=user, at=moment(), text="Kim")


# ── A grant is made by a door ─────────────────────────────────────────────────────────────────────────────
def test_a_grant_cannot_be_made_up(casework: Casework) -> None:
    real = casework.grant(P.READ)
    for key in (object(), None, 0, "door"):
        with pytest.raises(TypeError):
            Grant(
                case=casework.case,
                user=casework.outsider,
                permission=P.EDIT,
                permissions=frozenset(Permission),
                reader=False,
                key=key,
            )
    with pytest.raises(AttributeError):
        real.permission = P.EDIT  # type: ignore[misc]
    share = matter(casework, P.MATTER_READ).share
    with pytest.raises(TypeError):
        MatterGrant(share=share, user=casework.outsider, permission=P.MATTER_EXPORT, key=object())


@pytest.mark.parametrize("role", ["auditor", "liaison", "administrator"])
def test_who_does_no_casework_gets_no_leave_to_change_anything(casework: Casework, role: str) -> None:
    user = make_person(role)
    for permission in set(Permission) - {P.READ}:
        with pytest.raises(Denied if role == "auditor" else NotFound):
            case_for(user, casework.case.reference, permission)
