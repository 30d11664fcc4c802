"""Four eyes under a race: programs at many connections sign what was proposed by their own person, or sign twice.

A server of its own, with two processes of four threads as an installation has, stands on the test's database; every try is
an HTTP request to it. Of each kind of thing that four eyes guard, a new one is proposed for each race, because only the
first signature of a thing is open to a race.
"""

import http.client
import itertools
import json
import os
import queue
import random
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.db.models import Count, F, Q, QuerySet

from cases.actions import cases as case_actions
from cases.actions.orders import Duty
from cases.audit.models import Event, Stream
from cases.audit.verify import verify_stream
from cases.models import (
    Case,
    EmergencyRelease,
    FreezeApproval,
    FreezeChange,
    FreezeCredit,
    FreezeOrder,
    IdempotentRequest,
    TransferApproval,
)
from cases.people.models import User
from cases.permissions import Permission
from config.processes import free_port, port_is_free, spawn, stop_child, tail, wait_until
from tests.api.conftest import API, Program, program_of
from tests.support.casework import Casework, make_person, moment
from tests.support.freezing import DESTINATION, confirmed_freeze, held, transfer_duty

PROJECT = Path(__file__).resolve().parents[2]
# Twice as many as the server has threads, so that there is always one that waits for its turn.
CONNECTIONS = 16
# One try in so many repeats a key of its person: the answer is given again, and nothing is done a second time.
REPEATED = 10

pytestmark = pytest.mark.django_db(transaction=True)


# ── The server ────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """The port of a web server like the one that `bin/up` starts, on the test's own database."""
    database, port = connection.settings_dict, free_port()
    log = tmp_path / "web.log"
    process = spawn(
        [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}",
         "--workers", "2", "--threads", "4", "--no-control-socket", "--keep-alive", "60", "--timeout", "120"],
        log=log,
        env=os.environ | {
            "DATABASE_URL": f"postgres://{quote(database['USER'])}:{quote(database['PASSWORD'])}@/{database['NAME']}"
            f"?host={database['HOST']}",
            "HOLDFAST_HOME": str(tmp_path / "home"),
            "LOG_LEVEL": "WARNING",
        },
        cwd=PROJECT,
    )  # fmt: skip
    try:
        assert wait_until(lambda: not port_is_free(port), seconds=60), tail(log, 5)
        yield port
        assert process.poll() is None, tail(log, 5)
    finally:
        stop_child(process)


def ask(
    line: http.client.HTTPConnection, program: Program, path: str, body: Any, key: str
) -> tuple[int, Any]:
    """One POST over a connection that stays open; (status, replayed or the kind of refusal)."""
    line.request(
        "POST",
        f"{API}/{path}",
        json.dumps(body),
        {
            "Authorization": f"Bearer {program.secret}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        },
    )
    answer = line.getresponse()
    data = json.loads(answer.read())
    if answer.status >= 400:
        return answer.status, data["type"].rpartition(":")[2]
    return answer.status, "replayed" if answer.headers.get("Idempotent-Replayed") else "signed"


# ── What is raced for ─────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Thing:
    """What the approver proposed and `other` may sign once. `signers` gives the key of whoever signed, once for each."""

    name: str
    path: str
    body: dict[str, Any]
    # The event that a signature writes, in the record of this case.
    action: str
    case: Case
    signers: Callable[[], "QuerySet[Any, int]"]
    # Where it stands after the one signature, however often it is tried.
    stands: Callable[[], str]
    status: str


def status_of(row: Any) -> Callable[[], str]:
    """What the database says now."""
    return lambda: str(type(row).objects.values_list("status", flat=True).get(pk=row.pk))


def things(casework: Casework) -> Iterator[Thing]:
    """A new one of each kind, proposed by an approver, who could sign it if it were another's."""
    mine = casework.approver
    proposer, base = program_of(mine), f"cases/{casework.case.reference}"
    agrees = {"agrees": True}

    def proposed(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = proposer.post(path, body)
        assert answer.status in (200, 201), answer.data
        found: dict[str, Any] = answer.data
        return found

    def approval(name: str, freeze: FreezeOrder, status: str) -> Thing:
        return Thing(
            name=name,
            path=f"{base}/freezes/{freeze.number}/approve",
            body={},
            action="freeze.approved",
            case=casework.case,
            signers=lambda: FreezeApproval.objects.filter(freeze=freeze, agrees=True).values_list(
                "approver", flat=True
            ),
            stands=status_of(freeze),
            status=status,
        )

    yield approval("freeze", casework.proposed_freeze(by=mine), "approved")
    yield approval(
        "freeze of two signatures", casework.proposed_freeze(by=mine, approvals_required=2), "proposed"
    )

    released = confirmed_freeze(casework)
    proposed(f"{base}/freezes/{released.number}/release", {"reason": "The order was withdrawn."})
    yield Thing(
        name="release",
        path=f"{base}/freezes/{released.number}/release/decide",
        body=agrees,
        action="freeze.released",
        case=casework.case,
        signers=lambda: FreezeOrder.objects.filter(pk=released.pk, released_by__isnull=False).values_list(
            "released_by", flat=True
        ),
        stands=status_of(released),
        status="released",
    )

    parted = confirmed_freeze(casework)
    part = {"amounts": [{"asset": "USDT", "amount": "1"}], "reason": "The court narrowed it."}
    change = proposed(f"{base}/freezes/{parted.number}/release-part", part)
    yield Thing(
        name="partial release",
        path=f"{base}/changes/{change['number']}/decide",
        body=agrees,
        action="freeze.partly_released",
        case=casework.case,
        signers=lambda: FreezeChange.objects.filter(freeze=parted, decided_by__isnull=False).values_list(
            "decided_by", flat=True
        ),
        stands=status_of(FreezeChange.objects.get(freeze=parted)),
        status="agreed",
    )

    moved = confirmed_freeze(casework)
    sending = proposed(
        f"{base}/freezes/{moved.number}/transfer",
        {
            "obligation": transfer_duty(casework).number,
            "chain": "ethereum",
            "destination": DESTINATION,
            "destination_again": DESTINATION,
            "check_method": "call_back",
            "check_contact": "Marshal's office, number from its own site",
            "amounts": [{"asset": asset, "amount": str(amount)} for asset, amount in held(moved).items()],
            "takes_all": True,
            "reason": "The warrant asks for it.",
        },
    )
    yield Thing(
        name="transfer",
        path=f"{base}/transfers/{sending['number']}/decide",
        body=agrees,
        action="transfer.approved",
        case=casework.case,
        signers=lambda: TransferApproval.objects.filter(transfer__freeze=moved, agrees=True).values_list(
            "approver", flat=True
        ),
        stands=status_of(moved),
        status="transfer_approved",
    )

    credited = confirmed_freeze(casework)
    assert credited.account is not None
    casework.holding(credited.account, 7_000_000, observed_at=moment())
    credit = FreezeCredit.objects.get(freeze=credited)
    proposed(f"{base}/credits/{credit.number}/release", {"reason": "Wages."})
    yield Thing(
        name="credit",
        path=f"{base}/credits/{credit.number}/release/decide",
        body=agrees,
        action="credit.released",
        case=casework.case,
        signers=lambda: FreezeCredit.objects.filter(pk=credit.pk, released_by__isnull=False).values_list(
            "released_by", flat=True
        ),
        stands=status_of(credit),
        status="released",
    )

    duty = casework.order(
        reference=f"EMERGENCY-{credited.number}",
        instrument="emergency_disclosure",
        duties=[Duty("produce", "Log-ins.")],
    ).obligations.get()
    proposed(f"{base}/obligations/{duty.number}/emergency", {"reason": "A life is in danger."})
    yield Thing(
        name="emergency answer",
        path=f"{base}/obligations/{duty.number}/emergency/review",
        body={"upheld": True, "review": "It was so."},
        action="emergency.reviewed",
        case=casework.case,
        signers=lambda: EmergencyRelease.objects.filter(
            obligation=duty, reviewed_by__isnull=False
        ).values_list("reviewed_by", flat=True),
        stands=status_of(duty.emergency_release),
        status="upheld",
    )

    # A case of its own, in which nothing is left to be done.
    case = case_actions.open_case(
        by=mine, at=moment(), title="Done", typology="fraud", classification="confidential"
    )
    done = replace(casework, case=case, lead=mine)
    case_actions.add_member(grant=done.grant(Permission.MEMBERS), at=moment(), user=casework.second_approver)
    done.under_investigation()
    proposed(f"cases/{case.reference}/closing/ask", {"disposition": "referred", "words": "Nothing is left."})
    yield Thing(
        name="closing",
        path=f"cases/{case.reference}/closing/decide",
        body={
            "agrees": True,
            "retention": "aml_us",
            "counted_from": moment().date().isoformat(),
            "counted_because": "The last transaction",
        },
        action="case.closed",
        case=case,
        signers=lambda: Case.objects.filter(pk=case.pk, closed_by__isnull=False).values_list(
            "closed_by", flat=True
        ),
        stands=status_of(case),
        status="closed",
    )


KINDS = 8


# ── The race ──────────────────────────────────────────────────────────────────────────────────────────────
def race(thing: Thing, programs: dict[str, Program], port: int, tries: int) -> Counter[str]:
    """So many tries over connections at once, every other one the proposer's; what came of them, by person and answer."""
    chance = random.Random(tries)
    jobs: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
    kept = {who: str(uuid.uuid4()) for who in programs}
    for who in itertools.islice(itertools.cycle(programs), tries):
        jobs.put((who, kept[who] if chance.randrange(REPEATED) == 0 else str(uuid.uuid4())))
    outcomes: queue.SimpleQueue[str] = queue.SimpleQueue()
    start = threading.Barrier(CONNECTIONS)

    def attempt() -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=100)) as line:
            line.connect()
            start.wait(60)
            while True:
                try:
                    who, key = jobs.get_nowait()
                except queue.Empty:
                    return
                try:
                    status, what = ask(line, programs[who], thing.path, thing.body, key)
                    outcomes.put(f"{who} {status} {what}")
                except Exception as error:
                    outcomes.put(f"{who} broke: {error!r}")
                    return

    threads = [threading.Thread(target=attempt) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(outcomes.get() for _ in range(outcomes.qsize()))


def played(port: int, *, rounds: int, tries: int) -> Counter[str]:
    """A race for every kind of thing, in so many rounds; each is judged after it, and the whole database at the end."""
    casework = Casework.opened()
    mine, other = casework.approver, casework.second_approver
    third = make_person("approver")
    case_actions.add_member(grant=casework.grant(Permission.MEMBERS), at=moment(), user=third)
    programs = {"proposer": program_of(mine), "other": program_of(other)}
    total: Counter[str] = Counter()
    for _ in range(rounds):
        for thing in things(casework):
            events = Event.objects.filter(stream=thing.case.stream, action=thing.action)
            before, keys = events.count(), IdempotentRequest.objects.count()
            outcomes = race(thing, programs, port, tries)
            said = (thing.name, dict(outcomes))
            assert outcomes.total() == tries, said
            # One signature, and it is the other's: every answer that says "signed" stands in the database, and no more.
            assert list(thing.signers()) == [other.pk], said
            assert outcomes["other 200 signed"] == 1, said
            assert thing.stands() == thing.status, said
            assert events.count() == before + 1, said
            assert events.latest("sequence").actor_id == other.pk, said
            assert IdempotentRequest.objects.count() == keys + 1, said
            # All else was refused in words or answered again: nothing broke, and the proposer got nothing at all.
            refused = {"proposer 409", "proposer 422", "other 409", "other 422", "other 200"}
            assert {" ".join(outcome.split()[:2]) for outcome in outcomes} <= refused, said
            total += outcomes
            if thing.name == "freeze of two signatures":
                # It was for want of a second signer alone that it did not go on.
                assert program_of(third).post(thing.path, thing.body).status == 200
                assert thing.stands() == "approved"
    judge(mine)
    return total


def judge(proposer: User) -> None:
    """What the database and its record say of all signatures together."""
    approved = FreezeApproval.objects.filter(agrees=True)
    own = (
        FreezeApproval.objects.filter(approver=F("freeze__proposed_by")),
        TransferApproval.objects.filter(approver=F("transfer__proposed_by")),
        FreezeOrder.objects.filter(released_by=F("release_proposed_by")),
        FreezeChange.objects.filter(decided_by=F("proposed_by")),
        FreezeCredit.objects.filter(released_by=F("release_proposed_by")),
        EmergencyRelease.objects.filter(reviewed_by=F("approved_by")),
        Case.objects.filter(closed_by=F("closing_asked_by")),
    )
    assert [rows.count() for rows in own] == [0] * len(own)
    for rows, of in ((approved, "freeze"), (TransferApproval.objects.all(), "transfer")):
        assert not rows.values(of, "approver").annotate(n=Count("pk")).filter(n__gt=1).exists()
    short = FreezeOrder.objects.annotate(given=Count("approvals", filter=Q(approvals__agrees=True))).filter(
        given__lt=F("approvals_required")
    )
    assert not short.exclude(status="proposed").exists()
    signed = {
        "freeze.approved": approved.count(),
        "transfer.approved": TransferApproval.objects.filter(agrees=True).count(),
        "freeze.released": FreezeOrder.objects.filter(released_by__isnull=False).count(),
        "freeze.partly_released": FreezeChange.objects.filter(status="agreed").count(),
        "credit.released": FreezeCredit.objects.filter(released_by__isnull=False).count(),
        "emergency.reviewed": EmergencyRelease.objects.filter(reviewed_by__isnull=False).count(),
        "case.closed": Case.objects.filter(closed_by__isnull=False).count(),
    }
    recorded = Counter(Event.objects.filter(action__in=signed).values_list("action", flat=True))
    assert recorded == signed
    assert all(signed.values())
    assert [verify_stream(stream) for stream in Stream.objects.all()] == [None] * Stream.objects.count()


def test_nobody_signs_her_own_or_twice_however_many_try_at_once(server: int) -> None:
    total = played(server, rounds=1, tries=32)
    assert total.total() == 32 * KINDS
    assert total["other 200 signed"] == KINDS


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_ten_thousand_tries_give_no_signature_more(server: int) -> None:
    total = played(server, rounds=10, tries=125)
    assert total.total() == 10_000 == 10 * 125 * KINDS
    assert total["other 200 signed"] == 10 * KINDS
