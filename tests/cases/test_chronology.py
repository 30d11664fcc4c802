"""The record in words: every action has its sentence, pages follow the sequence, a matter shows nothing else."""

import ast
import re
from pathlib import Path

import pytest

from cases import chronology
from cases.actions import accounts, cases, freezes, orders, shares, subjects, wallets
from cases.actions.freezes import AmountAsked
from cases.actions.orders import Duty
from cases.audit.models import Event
from cases.audit.record import record
from cases.chronology import SENTENCES, SHARED_ACTIONS, entries
from cases.chronology.entries import _entry
from cases.people.adapter import CHANGES
from cases.permissions import Permission
from cases.sealing.envelope import forget
from cases.sealing.models import DataKey
from cases.templatetags.looks import TONES
from tests.cases.file_scene import Scene, staged
from tests.support.casework import Casework, moment

P = Permission

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [*sorted((ROOT / "cases" / "actions").rglob("*.py")), ROOT / "cases" / "access.py"]
# What the log-in's own pages change is told under names of a table.
BY_TABLE = {*CHANGES.values(), "person.log_in_changed"}


def literals(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [*literals(node.body), *literals(node.orelse)]
    return []


def written_actions() -> set[str]:
    """Every action name that stands in the code that writes the record."""
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            # Steps that several actions share hand a name on: it stands as a literal where it is chosen.
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in SENTENCES:
                found.add(node.value)
            if not isinstance(node, ast.Call):
                continue
            for keyword in node.keywords:
                if keyword.arg != "action":
                    continue
                names = literals(keyword.value)
                passed_on = isinstance(keyword.value, ast.Name) and keyword.value.id == "action"
                assert names or passed_on, f"{path.name}:{node.lineno} hides the name of its action"
                found.update(names)
    return found


def test_every_action_has_a_sentence() -> None:
    written = written_actions()
    assert len(written) > 40
    assert written <= set(SENTENCES), f"no sentence for {sorted(written - set(SENTENCES))}"


def test_no_sentence_without_an_action() -> None:
    assert set(SENTENCES) <= written_actions() | BY_TABLE
    assert set(SENTENCES) >= BY_TABLE


@pytest.mark.parametrize("action", sorted(SENTENCES))
def test_a_sentence_is_whole(action: str) -> None:
    sentence = SENTENCES[action]
    asked = set(re.findall(r"%\((\w+)\)s", str(sentence.title)))
    assert asked - {"number"} == {key for key, _words in sentence.facts}
    assert sentence.tone in TONES
    sprite = (ROOT / "static" / "vendor" / "lucide" / "sprite.svg").read_text(encoding="utf-8")
    assert f'id="{sentence.icon}"' in sprite


def test_deliberation_is_never_shared() -> None:
    inside = {"reason", "comment", "remarks", "contact", "responsible", "confirmation", "policy_hold", "text"}
    for action in SHARED_ACTIONS - {"obligation.added"}:
        for detail in SENTENCES[action].details:
            assert not (detail.shared and detail.key in inside), f"{action} shows {detail.key}"


@pytest.fixture
def scene(db: None, tmp_path: Path) -> Scene:
    return staged(tmp_path)


def test_all_is_said_in_words(scene: Scene) -> None:
    found = entries(scene.case)
    assert [entry.sequence for entry in found] == list(range(len(found), 0, -1))
    for entry in found:
        assert entry.title != entry.action
        assert "%(" not in entry.title
        assert entry.actor_name
        assert len(entry.hash) == 64
        for label, value in entry.lines:
            assert label
            assert value
            assert "{" not in value, f"{entry.action}: {label} is not in words: {value}"
    applied = next(entry for entry in found if entry.action == "freeze.applied")
    amounts = dict(applied.lines)["Amounts"]
    assert "balance 1\u202f234.567890123456789012 ETH at block 17331000" in amounts
    assert "USDT, whatever is there: balance not known at that moment" in amounts


def test_changes_show_old_and_new(casework: Casework) -> None:
    grant = casework.grant
    cases.edit_case(grant=grant(P.EDIT), at=moment(), title="Another title", classification="restricted")
    lines = dict(entries(casework.case, limit=1)[0].lines)
    assert lines == {"Title": "Remote workers → Another title", "Classification": "Confidential → Restricted"}
    cases.change_lead(grant=grant(P.MEMBERS), at=moment(), user=casework.approver)
    assert dict(entries(casework.case, limit=1)[0].lines)["Lead"].endswith(f"→ {casework.approver.name}")
    cases.set_tags(grant=grant(P.EDIT), at=moment(), tags=["Payroll", "dprk"])
    assert entries(casework.case, limit=1)[0].lines == [("Tags", "nothing → dprk, payroll")]
    order = casework.order()
    duty = order.obligations.get()
    assert duty.due_at is not None
    orders.extend_obligation(
        grant=grant(P.ORDERS),
        at=moment(),
        number=duty.number,
        due_at=duty.due_at.replace(year=2099),
        reason="Asked",
    )
    extended = dict(entries(casework.case, limit=1)[0].lines)
    assert "2099" in extended["Due"]
    assert extended["Reason"] == "Asked"


def test_every_kind_of_action_is_said(casework: Casework) -> None:
    """What the scene does not do: edits, refusals, failures, ends."""
    grant = casework.grant
    subject = casework.subject()
    subjects.edit_subject(grant=grant(P.EDIT), at=moment(), number=subject.number, role="customer")
    account = casework.account()
    at = moment()
    accounts.report_account_status(
        grant=grant(P.ACCOUNTS),
        at=at,
        number=account.number,
        reported_status="frozen",
        reported_at=at,
    )
    wallet = casework.wallet()
    wallets.refresh_wallet(grant=grant(P.WALLETS), at=moment(), number=wallet.number)
    wallets.refresh_case(grant=grant(P.WALLETS), at=moment())
    wallets.detach_wallet(grant=grant(P.WALLETS), at=moment(), number=wallet.number, reason="Wrong case")
    cases.end_membership(grant=grant(P.MEMBERS), at=moment(), user=casework.reader)
    order = casework.accepted_order(reference="DEMO-2")
    orders.add_obligation(
        grant=grant(P.ORDERS),
        at=moment(),
        order_number=order.number,
        duty=Duty("transfer", "Give the books."),
    )
    freeze = casework.proposed_freeze(by=casework.approver)
    freezes.reject_freeze(
        grant=grant(P.FREEZE_APPROVE, casework.second_approver),
        at=moment(),
        number=freeze.number,
        comment="No",
    )
    freeze = casework.proposed_freeze()
    freezes.cancel_freeze(
        grant=grant(P.FREEZE_PROPOSE), at=moment(), number=freeze.number, reason="Not needed"
    )
    share = casework.share(order)
    shares.end_share(grant=grant(P.SHARE), at=moment(), number=share.number, reason="Answered")
    said = {entry.action: entry for entry in entries(casework.case)}
    assert said["subject.edited"].lines == [("Role", "Subject → Customer")]
    assert said["wallet.detached"].lines == [("Reason", "Wrong case")]
    assert said["freeze.rejected"].lines == [("Comment", "No")]
    assert said["matter.share_ended"].title == f"Share {share.number} ended"
    assert all("%(" not in entry.title for entry in said.values())


def test_pages_follow_the_sequence(scene: Scene) -> None:
    everything = [entry.sequence for entry in entries(scene.case)]
    paged: list[int] = []
    before = None
    while page := entries(scene.case, limit=7, before=before):
        paged += [entry.sequence for entry in page]
        before = page[-1].sequence
    assert paged == everything
    assert [entry.sequence for entry in entries(scene.case, oldest_first=True)] == everything[::-1]


def test_about_one_object(scene: Scene) -> None:
    found = entries(scene.case, about=("freeze", scene.freeze.number))
    assert [entry.action for entry in found] == [
        "freeze.confirmed",
        "freeze.applied",
        "freeze.applying",
        "freeze.approved",
        "freeze.proposed",
    ]


def test_of_an_order_only_what_concerns_it(scene: Scene) -> None:
    found = entries(scene.case, order=scene.order)
    assert {entry.object_kind for entry in found} == {"order", "paper", "freeze"}
    assert {entry.object_number for entry in found if entry.object_kind == "order"} == {scene.order.number}
    assert {entry.object_number for entry in found if entry.object_kind == "freeze"} == {scene.freeze.number}


def test_a_matter_tells_only_of_itself_in_its_own_numbers(scene: Scene) -> None:
    found = entries(scene.case, share=scene.share)
    assert {entry.action for entry in found} <= SHARED_ACTIONS
    assert {entry.object_kind for entry in found} == {"order", "paper", "freeze", "share"}
    assert {entry.object_number for entry in found} == {1, None}
    text = " ".join(
        [entry.title for entry in found] + [value for entry in found for _label, value in entry.lines]
    )
    for hidden in ("DEMO-OTHER", "Other Liaison", "Agreed", "Ticket 4711", "Clerk", "Asked for by the order"):
        assert hidden not in text
    assert f"shared with {scene.casework.liaison.name}" in text
    assert "Freeze 1 approved (1 of 1)" in text
    assert scene.freeze.number != 1
    assert scene.order.number != 1


def test_what_is_not_known_stays_out_of_a_matter(scene: Scene) -> None:
    case = scene.case
    for kind, number, action in (
        ("exhibit", scene.order.number, "exhibit.added"),
        ("order", scene.order.number, "order.gossiped"),
        ("", None, "order.verified"),
    ):
        record(
            stream_id=case.stream_id,
            stream_uuid=case.stream.uuid,
            action=action,
            actor=scene.casework.lead,
            occurred_at=moment(),
            object_kind=kind,
            object_number=number,
            details={"remarks": "CANARY"},
        )
    assert not {"exhibit.added", "order.gossiped"} & {
        entry.action for entry in entries(case, share=scene.share)
    }
    assert len([e for e in entries(case, share=scene.share) if e.action == "order.verified"]) == 1
    # Inside, what a later version wrote is still shown, by its own name.
    assert entries(case, limit=2)[1].title == "order.gossiped"


def test_details_that_are_gone_are_said_to_be(scene: Scene) -> None:
    event = Event.objects.filter(stream=scene.case.stream, action="note.written").get()
    DataKey.objects.filter(scope=scene.case.stream.uuid).update(wrapped=None, destroyed_at=moment())
    forget()
    assert _entry(event, outside=False, numbers={}).lines == [("Details", "no longer kept")]


def test_the_package_offers_what_the_pages_use() -> None:
    assert set(chronology.__all__) >= {"Entry", "entries"}


def test_a_freeze_by_policy_is_in_no_matter(scene: Scene) -> None:
    from datetime import timedelta

    scene.casework.proposed_freeze(
        wallet_number=scene.wallet.number,
        policy_hold="CANARY",
        formal_order_by=moment() + timedelta(days=2),
        amounts=[AmountAsked("ETH")],
    )
    said = str(entries(scene.case, share=scene.share))
    assert "CANARY" not in said
