"""A fictional case whose orders and clocks lie around the day of seeding, so that the home page has work on it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from cases.actions.cases import open_case
from cases.actions.exhibits import Source
from cases.actions.freezes import AmountAsked
from cases.actions.orders import Duty, move_order
from cases.actions.shares import share_matter
from cases.management.demo.desk import Desk, DevelopmentWallet
from cases.management.demo.people import Team
from cases.models import Case
from cases.permissions import Permission

NOTICE = "Everything in this case is fictional: persons, accounts, orders, amounts and dates."
AGENCY = "Example Federal Agency (fictional)"

CHAT = b"""FICTIONAL. Support chat of account DEMO-51180
10:04 customer: my brother will use the laptop today, please do not lock it
10:05 agent: only the holder of the account may use it
"""


def build(team: Team, development_wallets: Sequence[DevelopmentWallet], *, seeded_at: datetime) -> Case:
    """Opened twenty days before; one duty overdue, one due today, others in 2 and 9 days, a freeze that waits."""
    day = timedelta(days=1)
    opened = seeded_at - 20 * day
    desk = Desk(
        open_case(
            by=team.investigator,
            at=opened,
            title="Follow-up: payroll cluster with shared devices (fictional)",
            typology="dprk_it_workers",
            classification="restricted",
            summary="Fictional follow-up: accounts that share devices and document templates with those of the sample case.",
            tags=["fictional", "follow-up"],
            fictional_notice=NOTICE,
        ),
        team.investigator,
    )
    desk.join(opened + timedelta(minutes=5), team.approver, team.second_approver, team.counsel)
    desk.investigate(opened + timedelta(minutes=10))
    subject = desk.subject(
        opened + timedelta(hours=1),
        kind="person",
        name="Example, Robin (fictional)",
        aliases=["R. Example"],
        role="customer",
        attribution_source="Account opening papers (fictional)",
        attribution_confidence="medium",
        remarks="Alleged to let others use the account.",
        is_fictional=True,
    )
    for kind, value, country in (
        ("other_id", "DEMO 0000-4711", "ZZ"),
        ("email", "robin@example.test", ""),
    ):
        desk.particular(
            opened + timedelta(hours=1, minutes=5),
            subject=subject.number,
            kind=kind,
            value=value,
            country=country,
            source="Account opening papers (fictional)",
        )
    desk.exhibit(
        opened + timedelta(hours=1, minutes=20),
        content=CHAT,
        filename="support-chat.txt",
        title="Support chat of the account (fictional)",
        description="As the exchange's support desk kept it.",
        source=Source("Support desk (fictional)", "Internal mail", opened + timedelta(hours=1, minutes=10)),
    )
    desk.account(
        opened + timedelta(hours=2),
        account_number="DEMO-51180",
        holder="Robin Example (fictional)",
        subject_number=subject.number,
        reported_status="active",
        reported_at=opened + timedelta(hours=1),
        holdings={"USDT": (73_904_250_000, 6), "ETH": (12_500_000_000_000_000_001, 18)},
    )
    desk.account(
        opened + timedelta(hours=3),
        account_number="DEMO-51204",
        holder="Sam Sample (fictional)",
        reported_status="active",
        reported_at=opened + timedelta(hours=1),
        holdings={"USDC": (18_220_000_000, 6)},
    )
    for wallet in development_wallets[:2]:
        desk.wallet(
            opened + timedelta(hours=4),
            chain="localdev",
            address=wallet.address,
            label=wallet.label,
            role="withdrawal",
            subject_number=subject.number,
            attribution_source="Withdrawals of account DEMO-51180 (fictional)",
            attribution_confidence="medium",
            is_fictional=True,
        )
    _warrant(desk, team, seeded_at)
    _overdue_subpoena(desk, team, seeded_at)
    _due_today(desk, team, seeded_at)
    _unverified_letter(desk, seeded_at)
    _policy_hold(desk, team, seeded_at)
    return desk.case


def _paper(reference: str, received: datetime, *, due_at: datetime, **facts: str) -> dict[str, object]:
    return {
        "issuing_authority": AGENCY,
        "agency_reference": reference,
        "jurisdiction": "US, District of Columbia",
        "requestor": "Special Agent R. Example (fictional)",
        "requestor_email": "r.example@agency.invalid",
        "issued_at": received - timedelta(days=1),
        "served_at": received - timedelta(minutes=20),
        "received_at": received,
        "due_at": due_at,
        "time_zone": "America/New_York",
        **facts,
    }


def _warrant(desk: Desk, team: Team, seeded_at: datetime) -> None:
    """Accepted; its freeze is proposed and waits for an approver; the matter is shared with the liaison."""
    received = seeded_at - timedelta(days=6)
    due = seeded_at + timedelta(days=2)
    warrant = desk.order(
        received + timedelta(minutes=30),
        **_paper(
            "DEMO-SZ-5118",
            received,
            due_at=due,
            instrument="seizure_warrant",
            legal_basis="18 USC 981(b)",
            scope="All digital assets in account DEMO-51180.",
        ),
        duties=[
            Duty(
                "freeze", "Hold all assets of account DEMO-51180.", due_at=due, responsible=team.investigator
            )
        ],
    )
    desk.verify(
        received + timedelta(hours=1),
        warrant,
        method="call_back",
        contact="Court registry",
        found="The court's own site",
    )
    desk.accept(received + timedelta(hours=3), warrant, by=team.counsel, reason="Facially valid.")
    desk.propose(
        seeded_at - timedelta(hours=3),
        account_number=1,
        obligation_number=1,
        scope="asset",
        amounts=[AmountAsked("ETH"), AmountAsked("USDT", 50_000_000_000)],
        reason="The warrant names the account; USDT up to 50,000.",
    )
    share_matter(
        grant=desk.open(Permission.SHARE),
        at=seeded_at - timedelta(hours=2),
        order_number=warrant.number,
        liaison=team.liaison,
        purpose="The issuing authority follows its own order (fictional)",
        ends_at=seeded_at + timedelta(days=60),
    )


def _overdue_subpoena(desk: Desk, team: Team, seeded_at: datetime) -> None:
    received = seeded_at - timedelta(days=15)
    due = seeded_at - timedelta(days=1)
    subpoena = desk.order(
        received + timedelta(hours=1),
        **_paper(
            "DEMO-GJ-0907",
            received,
            due_at=due,
            instrument="subpoena",
            legal_basis="Fed. R. Crim. P. 17",
            scope="Opening papers and log-ins of account DEMO-51204.",
        ),
        duties=[
            Duty("produce", "Produce opening papers and log-ins.", due_at=due, responsible=team.investigator)
        ],
    )
    desk.verify(
        received + timedelta(hours=2),
        subpoena,
        method="call_back",
        contact="US Attorney's office",
        found="The office's own site",
    )
    desk.accept(received + timedelta(hours=4), subpoena, by=team.counsel, reason="In order.")


def _due_today(desk: Desk, team: Team, seeded_at: datetime) -> None:
    received = seeded_at - timedelta(days=9)
    due = seeded_at + timedelta(hours=6)
    order = desk.order(
        received + timedelta(hours=1),
        **_paper(
            "DEMO-PO-2231",
            received,
            due_at=due,
            instrument="production_order",
            legal_basis="18 USC 2703(d)",
            scope="Withdrawals of account DEMO-51180 since 1 January.",
        ),
        duties=[Duty("produce", "Produce the withdrawals.", due_at=due, responsible=team.investigator)],
    )
    desk.verify(
        received + timedelta(hours=2),
        order,
        method="official_portal",
        contact="Agency portal",
        found="Our own account there",
    )
    move_order(
        grant=desk.open(Permission.ORDERS),
        at=received + timedelta(hours=3),
        number=order.number,
        to="in_review",
    )


def _unverified_letter(desk: Desk, seeded_at: datetime) -> None:
    received = seeded_at - timedelta(hours=20)
    due = seeded_at + timedelta(days=9)
    desk.order(
        received + timedelta(minutes=15),
        **_paper(
            "DEMO-PRES-7742",
            received,
            due_at=due,
            instrument="preservation_letter",
            legal_basis="18 USC 2703(f)",
            scope="Records of account DEMO-51204.",
        ),
        duties=[Duty("preserve", "Keep the records for 90 days.", due_at=due)],
    )


def _policy_hold(desk: Desk, team: Team, seeded_at: datetime) -> None:
    freeze = desk.propose(
        seeded_at - timedelta(days=2),
        account_number=2,
        policy_hold="Informal request by telephone, confirmed by call-back; terms of service, section 9 (fictional).",
        formal_order_by=seeded_at + timedelta(days=3),
        scope="debit",
        amounts=[AmountAsked("USDC")],
        reason="Hold outgoing movements until the formal order is here.",
    )
    desk.carry_out(
        seeded_at - timedelta(days=2) + timedelta(minutes=30),
        freeze,
        approver=team.second_approver,
        proof="Exchange ticket OPS-9917 (fictional)",
    )
