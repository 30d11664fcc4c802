"""What the demo says: public facts with their real dates, fiction that says so, and work for today."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client, override_settings

from cases import access
from cases.audit.models import Event, Stream
from cases.audit.verify import verify_stream
from cases.models import (
    AccountHolding,
    Case,
    CaseWallet,
    ExchangeAccount,
    FreezeApproval,
    FreezeOrder,
    LegalOrder,
    MatterShare,
    Note,
    Obligation,
    Subject,
)
from cases.people.models import Role, User
from cases.queries.sight import Sight
from cases.queries.work import waiting
from tests.support.casework import moment
from tests.support.demo import follow_up, sample, seeded

# Entries of the public list: number → name, programme.
LISTED = {
    "42496": ("WU, Huihui", "DPRK3"),
    "42497": ("CHENG, Hung Man", "DPRK3"),
    "42498": ("SIM, Hyon Sop", "NPWMD"),
    "43336": ("PYONGYANG UNIVERSITY OF AUTOMATION", "DPRK2"),
    "43337": ("TECHNICAL RECONNAISSANCE BUREAU", "DPRK2"),
    "43338": ("110TH RESEARCH CENTER", "DPRK2"),
    "43377": ("KIM, Sang Man", "DPRK4"),
    "43379": ("CHINYONG INFORMATION TECHNOLOGY COOPERATION COMPANY", "DPRK2"),
}
KIM = {
    ("bitcoin", "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ"),
    ("bitcoin", "1FCNgfZWpYMeYhy9t18AAkTBu8AsdoAc1Z"),
    ("ethereum", "0x97b1043abd9e6fc31681635166d430a458d14f9c"),
    ("ethereum", "0xb6f5ec1a0a9cd1526536d3f0426c429529471f40"),
}
SIM = {("ethereum", "0x4f47bc496083c727c5fbe3ce9cdf2b0f6496270c")}


@pytest.fixture(scope="module", autouse=True)
def _loaded(one_transaction: None, tmp_path_factory: Any) -> None:
    """The demo, loaded once for all tests of this module and taken back after them."""
    as_up_does = override_settings(
        DEMO=True,
        HOLDFAST_HOME=tmp_path_factory.mktemp("home"),
        WALLET_CHAIN_URLS={"localdev": ["http://127.0.0.1:1"]},
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    )
    with as_up_does:
        seeded()


# ── The sample case: what is public ───────────────────────────────────────────────────────────────────────


def test_the_listed_persons_stand_with_their_numbers() -> None:
    subjects = Subject.objects.filter(case=sample())
    found = {
        match["number"]: (subject.name, match["programme"])
        for subject in subjects
        if (match := re.fullmatch(r"OFAC SDN (?P<number>\d+) \[(?P<programme>\w+)\]", subject.list_reference))
    }
    assert found == LISTED
    for subject in subjects:
        assert subject.role == "designated"
        assert not subject.is_fictional
        assert subject.attribution_source.startswith("OFAC, designation of 2")
    chinyong = subjects.get(list_reference__contains="43379")
    assert "Jinyong" in chinyong.aliases
    assert "Third Bureau" in subjects.get(list_reference__contains="43337").aliases
    assert "Lab 110" in subjects.get(list_reference__contains="43338").aliases


def test_the_listed_addresses_stand_with_whom_they_are_listed() -> None:
    listed = CaseWallet.objects.filter(case=sample(), role="listed").select_related("wallet", "subject")
    by_subject: dict[str, set[tuple[str, str]]] = {}
    for attached in listed:
        assert attached.subject is not None
        assert not attached.is_fictional
        assert attached.attribution_source.startswith("OFAC SDN list, entry 4")
        address = attached.wallet.address
        if attached.wallet.chain != "bitcoin":
            address = address.lower()
        by_subject.setdefault(attached.subject.name, set()).add((attached.wallet.chain, address))
    assert by_subject == {"KIM, Sang Man": KIM, "SIM, Hyon Sop": SIM}


def happened_on(case: Case, day: date) -> str:
    """What was noted on that day."""
    return "\n".join(Note.objects.filter(case=case, written_at__date=day).values_list("text", flat=True))


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2022, 5, 23), ["advisory", "16 May 2022", "State", "Treasury", "FBI"]),
        (date(2023, 4, 24), ["Wu Huihui", "Cheng Hung Man", "Sim Hyon Sop", "indictments"]),
        (
            date(2023, 5, 23),
            [
                "Pyongyang University of Automation",
                "Technical Reconnaissance Bureau",
                "Chinyong",
                "Kim Sang Man",
            ],
        ),
        (date(2023, 5, 24), ["USD 4.4 million", "BRL 22 million", "froze accounts", "about a year earlier"]),
        (date(2024, 3, 27), ["Alis LLC", "Pioneer Bencont"]),
        (date(2025, 6, 5), ["USD 7.74 million", "No source links it"]),
    ],
    ids=str,
)
def test_each_public_fact_stands_at_its_date(day: date, words: list[str]) -> None:
    text = happened_on(sample(), day)
    for word in words:
        assert word in text


def test_the_record_keeps_both_times() -> None:
    """What happened years ago is recorded now: the record says both, and cannot be dated back."""
    case = sample()
    events = Event.objects.filter(stream=case.stream).order_by("sequence")
    opened = events[0]
    assert opened.action == "case.opened"
    assert opened.occurred_at == datetime(2022, 5, 23, 9, tzinfo=UTC)
    for event in events:
        assert event.recorded_at > moment() - timedelta(minutes=5)
        assert event.occurred_at <= event.recorded_at
    for stream in Stream.objects.all():
        assert verify_stream(stream) is None


# ── What is fiction says so ───────────────────────────────────────────────────────────────────────────────


def test_what_is_fictional_says_so() -> None:
    for case in Case.objects.all():
        assert "fictional" in case.fictional_notice
    for model in (LegalOrder, ExchangeAccount, FreezeOrder):
        assert model.objects.exists()
        assert not model.objects.exclude(is_fictional=True).exists(), model
    for order in LegalOrder.objects.all():
        assert order.agency_reference.startswith("DEMO-")
        assert "fictional" in order.issuing_authority or "fictional" in order.scope
        assert order.requestor_email == "" or order.requestor_email.endswith(".invalid")
        assert order.requestor == "" or "fictional" in order.requestor
    for account in ExchangeAccount.objects.all():
        assert account.account_number.startswith("DEMO-")
        assert "fictional" in account.holder
    assert not AccountHolding.objects.exclude(source__contains="fictional").exists()
    assert "fictional" in follow_up().title
    assert not Subject.objects.filter(case=follow_up()).exclude(is_fictional=True).exists()
    assert not CaseWallet.objects.filter(case=follow_up()).exclude(is_fictional=True).exists()
    assert not CaseWallet.objects.filter(wallet__chain="localdev").exclude(is_fictional=True).exists()


def all_texts() -> str:
    """Every word that the demo put into a case."""
    rows: list[object] = []
    for model in (Case, Subject, CaseWallet, ExchangeAccount, LegalOrder, Obligation, FreezeOrder, Note):
        rows += list(model.objects.values_list())
    rows += [str(event.values) for event in Event.objects.all()]
    return "\n".join(map(str, rows))


def test_it_says_alleged_and_holds_no_needless_personal_data() -> None:
    texts = all_texts()
    assert "lleged" in sample().title + sample().summary
    for person in Subject.objects.filter(case=sample(), kind="person"):
        assert "lleged" in person.remarks
    # "Fed. R. Crim. P." is a name of rules; nobody is called this.
    assert not re.search(r"\bcriminal", texts, re.IGNORECASE)
    assert not re.search(r"passport|\bDOB\b|date of birth|born on", texts, re.IGNORECASE)
    for number in ("752079640", "G563542", "109420132", "827220538", "563220082"):
        assert number not in texts


# ── Freezes and today's work ──────────────────────────────────────────────────────────────────────────────


def test_its_freezes_went_through_two_people() -> None:
    confirmed = FreezeOrder.objects.filter(status="confirmed")
    assert confirmed.filter(case=sample()).count() == 2
    for freeze in confirmed:
        approvals = FreezeApproval.objects.filter(freeze=freeze, agrees=True)
        assert approvals.count() >= freeze.approvals_required
        assert not approvals.filter(approver=freeze.proposed_by_id).exists()
        assert freeze.proposed_at <= freeze.approved_at <= freeze.applied_at <= freeze.confirmed_at
        for amount in freeze.amounts.all():
            assert amount.holding_applied is not None
    year_before = sample().accounts.first()
    assert year_before is not None
    assert FreezeOrder.objects.filter(case=sample(), applied_at__year=2022).count() == 2


def test_today_has_work() -> None:
    now, case = moment(), follow_up()
    due = sorted(
        duty.due_at - now for duty in Obligation.objects.filter(case=case, status="open") if duty.due_at
    )
    day = timedelta(days=1)
    assert due[0] < timedelta(0), "one is overdue"
    assert timedelta(0) < due[1] < day, "one is due today"
    assert any(day < left <= 2 * day for left in due)
    assert any(8 * day < left <= 9 * day for left in due)
    waiting = FreezeOrder.objects.get(case=case, status="proposed")
    assert waiting.proposed_by.role == Role.INVESTIGATOR
    hold = FreezeOrder.objects.get(case=case, obligation=None)
    assert hold.policy_hold
    assert now < hold.formal_order_by < now + 4 * day
    assert LegalOrder.objects.filter(case=case, status="received").count() == 1
    share = MatterShare.objects.get()
    assert access.live_shares(share.liaison, now).count() == 1


@pytest.mark.parametrize("role", Role.values)
def test_each_persons_first_page_stands(role: str) -> None:
    client = Client()
    client.force_login(
        User.objects.filter(role=role).earliest("pk"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    response = client.get("/", follow=True)
    assert response.status_code == 200
    text = response.content.decode()
    if role in (Role.INVESTIGATOR, Role.APPROVER, Role.COUNSEL, Role.AUDITOR):
        assert follow_up().reference in text
    if role == Role.LIAISON:
        assert "DEMO-SZ-5118" in text
    if role == Role.ADMINISTRATOR:
        assert follow_up().reference not in text


def test_one_signature_waits_for_each_approver_and_none_for_who_proposed() -> None:
    signing = {
        user.email: len(waiting(user, Sight.of_user(user), at=moment()).to_sign)
        for user in User.objects.filter(role=Role.APPROVER)
    }
    assert list(signing.values()) == [1, 1]
    investigator = User.objects.filter(role=Role.INVESTIGATOR).earliest("pk")
    assert len(waiting(investigator, Sight.of_user(investigator), at=moment()).to_sign) == 0
