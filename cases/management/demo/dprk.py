"""The sample case: alleged laundering by DPRK IT workers, May 2023.

What is public is public fact and says its source. Orders, accounts, amounts, freeze dates and officers are fictional and
say so; docket numbers were not found, so the references begin with DEMO. No passport numbers, no birth dates.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from cases.actions.cases import open_case
from cases.actions.freezes import AmountAsked
from cases.actions.orders import Asked, Duty
from cases.management.demo.desk import Desk, DevelopmentWallet
from cases.management.demo.people import Team
from cases.models import Case, Subject

NOTICE = (
    "Sample case. The designations, their dates, the listed persons, entities and addresses are public facts from OFAC; "
    "what they are said to have done is alleged. Orders, accounts, holders, amounts, freezes and officers are fictional."
)
ENTITY = "Example Exchange Inc. (fictional)"
OFAC_APRIL = "OFAC, designation of 24 April 2023"
OFAC_MAY = "OFAC, designation of 23 May 2023"


def utc(year: int, month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def build(team: Team, development_wallets: Sequence[DevelopmentWallet], *, seeded_at: datetime) -> Case:
    """The case as it grew from May 2022 to June 2025; the development chain's wallets join on the day of seeding."""
    desk = Desk(
        open_case(
            by=team.investigator,
            at=utc(2022, 5, 23),
            title="DPRK IT workers: alleged laundering of remote-work pay",
            typology="dprk_it_workers",
            classification="confidential",
            summary=(
                "Pay in USDC and USDT for remote IT work is alleged to have come to accounts under false identities, and "
                "to have moved on by small transfers, chain hopping, token swapping and commingling. Red flags seen: one "
                "account from many countries, remote-desktop ports, shared document templates, name and nationality that "
                "disagree, transfers to accounts in the PRC. Opened after the advisory of 16 May 2022."
            ),
            tags=["dprk", "it workers", "ofac"],
            fictional_notice=NOTICE,
        ),
        team.investigator,
    )
    desk.join(utc(2022, 5, 23, 9, 20), team.approver, team.second_approver, team.counsel)
    desk.investigate(utc(2022, 5, 23, 9, 30))
    desk.note(
        utc(2022, 5, 23, 10),
        "US Department of State, Treasury and FBI: advisory on DPRK information technology workers, 16 May 2022.",
    )
    _accounts_and_preservation(desk, team)
    _warrant_and_freezes(desk, team)
    _april_designations(desk)
    kim = _may_designations(desk)
    _blocking(desk, team)
    _kim_wallets(desk, kim)
    _later(desk)
    for wallet in development_wallets:
        desk.wallet(
            seeded_at,
            chain="localdev",
            address=wallet.address,
            label=wallet.label,
            role="intermediary",
            attribution_source="Fictional: an address on the local development chain, so that balances move in the demo",
            attribution_confidence="low",
            is_fictional=True,
        )
    return desk.case


def _accounts_and_preservation(desk: Desk, team: Team) -> None:
    at = utc(2022, 5, 25, 13)
    letter = desk.order(
        at,
        instrument="preservation_letter",
        issuing_authority="Example Federal Agency (fictional)",
        agency_reference="DEMO-PRES-2022-0017",
        jurisdiction="US, District of Columbia",
        legal_basis="18 USC 2703(f)",
        entity_served=ENTITY,
        requestor="R. Example (fictional)",
        requestor_title="Special Agent",
        requestor_badge="DEMO-4471",
        requestor_email="r.example@agency.invalid",
        scope="Records of accounts DEMO-40017 and DEMO-40052 from 1 January 2021 on.",
        selectors=[
            Asked("account", "DEMO-40017", starts_at=utc(2021, 1, 1, 5), time_zone="America/New_York"),
            Asked("account", "DEMO-40052", starts_at=utc(2021, 1, 1, 5), time_zone="America/New_York"),
        ],
        issued_at=utc(2022, 5, 24, 15),
        served_at=utc(2022, 5, 25, 12),
        received_at=utc(2022, 5, 25, 12, 5),
        due_at=utc(2022, 8, 23, 12),
        time_zone="America/New_York",
        duties=[
            Duty("preserve", "Keep the records of both accounts for 90 days.", due_at=utc(2022, 8, 23, 12))
        ],
    )
    desk.verify(
        utc(2022, 5, 25, 14),
        letter,
        method="call_back",
        contact="Field office switchboard",
        found="The agency's public site (fictional)",
    )
    desk.accept(
        utc(2022, 5, 25, 15), letter, by=team.counsel, reason="Preservation only; nothing is disclosed."
    )
    desk.account(
        utc(2022, 5, 26, 9),
        account_number="DEMO-40017",
        holder="“M. Daniels” (identity alleged to be false; fictional)",
        reported_status="restricted",
        reported_at=utc(2022, 5, 26, 8),
        holdings={"USDT": (1_284_117_340_000, 6), "USDC": (402_990_015_500, 6)},
        remarks="Log-ins from several countries through remote-desktop ports (fictional).",
    )
    desk.account(
        utc(2022, 5, 26, 9, 30),
        account_number="DEMO-40052",
        holder="“K. Perry” (identity alleged to be false; fictional)",
        reported_status="restricted",
        reported_at=utc(2022, 5, 26, 8),
        holdings={"USDT": (977_450_000_001, 6), "BTC": (4_218_650_734, 8)},
        remarks="Same document template as DEMO-40017 (fictional).",
    )
    for number in (1, 2):
        desk.found(utc(2022, 5, 26, 10), selector=number, account=number)
    desk.fulfil(
        utc(2022, 5, 27, 10), 1, reason="Snapshot of both accounts kept, ticket OPS-2210 (fictional)."
    )


def _warrant_and_freezes(desk: Desk, team: Team) -> None:
    warrant = desk.order(
        utc(2022, 6, 14, 14),
        instrument="seizure_warrant",
        issuing_authority="U.S. District Court, District of Columbia (fictional order)",
        agency_reference="DEMO-22-SZ-0131",
        jurisdiction="US, District of Columbia",
        legal_basis="18 USC 981(b); 18 USC 982",
        entity_served=ENTITY,
        requestor="R. Example (fictional)",
        requestor_title="Special Agent",
        requestor_badge="DEMO-4471",
        requestor_email="r.example@agency.invalid",
        scope="All digital assets in accounts DEMO-40017 and DEMO-40052, up to what they hold on service.",
        selectors=[Asked("account", "DEMO-40017"), Asked("account", "DEMO-40052")],
        issued_at=utc(2022, 6, 13, 19),
        served_at=utc(2022, 6, 14, 13),
        received_at=utc(2022, 6, 14, 13, 10),
        due_at=utc(2022, 6, 28, 21),
        time_zone="America/New_York",
        duties=[
            Duty("freeze", "Hold all assets of account DEMO-40017.", due_at=utc(2022, 6, 17, 21)),
            Duty("freeze", "Hold all assets of account DEMO-40052.", due_at=utc(2022, 6, 17, 21)),
        ],
    )
    desk.verify(
        utc(2022, 6, 14, 15),
        warrant,
        method="court_registry",
        contact="Clerk's office",
        found="The court's own site",
    )
    desk.accept(
        utc(2022, 6, 14, 17), warrant, by=team.counsel, reason="Facially valid; within its execution window."
    )
    for account, duty, assets, hour in ((1, 2, ("USDC", "USDT"), 9), (2, 3, ("BTC", "USDT"), 11)):
        freeze = desk.propose(
            utc(2022, 6, 15, hour),
            account_number=account,
            obligation_number=duty,
            scope="asset",
            amounts=[AmountAsked(asset) for asset in assets],
            reason="The warrant names the account and all that it holds.",
        )
        desk.carry_out(
            utc(2022, 6, 15, hour, 20),
            freeze,
            approver=team.approver,
            proof=f"Exchange ticket OPS-24{duty}1, hold shown in the ledger (fictional)",
        )


def _april_designations(desk: Desk) -> None:
    at = utc(2023, 4, 24, 18)
    desk.note(
        at,
        "OFAC designates Wu Huihui, Cheng Hung Man and Sim Hyon Sop; indictments are unsealed in the District of Columbia "
        "(24 April 2023).",
    )
    for number, name, aliases in (
        ("42496", "WU, Huihui", ["Wu Huihui"]),
        ("42497", "CHENG, Hung Man", ["Cheng Hung Man"]),
    ):
        desk.subject(
            at,
            kind="person",
            name=name,
            aliases=aliases,
            role="designated",
            list_reference=f"OFAC SDN {number} [DPRK3]",
            attribution_source=OFAC_APRIL,
            attribution_confidence="high",
            remarks="Alleged over-the-counter trader for DPRK actors.",
        )
    sim = desk.subject(
        at,
        kind="person",
        name="SIM, Hyon Sop",
        aliases=["Sim Hyon Sop"],
        role="designated",
        list_reference="OFAC SDN 42498 [NPWMD]",
        attribution_source=OFAC_APRIL,
        attribution_confidence="high",
        remarks="Alleged to have received proceeds of DPRK IT workers.",
    )
    desk.wallet(
        at,
        chain="ethereum",
        address="0x4f47bc496083c727c5fbe3ce9cdf2b0f6496270c",
        label="Sim, listed ETH address",
        role="listed",
        subject_number=sim.number,
        attribution_source="OFAC SDN list, entry 42498 (listed as ETH, ARB, BSC)",
        attribution_confidence="high",
    )


def _may_designations(desk: Desk) -> Subject:
    at = utc(2023, 5, 23, 15)
    desk.note(
        at,
        "OFAC designates Pyongyang University of Automation, the Technical Reconnaissance Bureau, the 110th Research "
        "Center, Chinyong IT Cooperation Company and Kim Sang Man (23 May 2023).",
    )
    for number, name, aliases in (
        ("43336", "PYONGYANG UNIVERSITY OF AUTOMATION", []),
        ("43337", "TECHNICAL RECONNAISSANCE BUREAU", ["Third Bureau"]),
        ("43338", "110TH RESEARCH CENTER", ["Lab 110", "Unit 110"]),
        ("43379", "CHINYONG INFORMATION TECHNOLOGY COOPERATION COMPANY", ["Jinyong"]),
    ):
        desk.subject(
            at,
            kind="organisation",
            name=name,
            aliases=aliases,
            role="designated",
            list_reference=f"OFAC SDN {number} [DPRK2]",
            attribution_source=OFAC_MAY,
            attribution_confidence="high",
        )
    return desk.subject(
        at,
        kind="person",
        name="KIM, Sang Man",
        aliases=["Kim Sang Man"],
        role="designated",
        list_reference="OFAC SDN 43377 [DPRK4]",
        attribution_source=OFAC_MAY,
        attribution_confidence="high",
        remarks="Alleged to have sold IT services of DPRK workers abroad for Chinyong.",
    )


def _kim_wallets(desk: Desk, kim: Subject) -> None:
    at = utc(2023, 5, 23, 16)
    for chain, address, label in (
        ("bitcoin", "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ", "Kim, listed XBT address 1"),
        ("bitcoin", "1FCNgfZWpYMeYhy9t18AAkTBu8AsdoAc1Z", "Kim, listed XBT address 2"),
        ("ethereum", "0x97b1043abd9e6fc31681635166d430a458d14f9c", "Kim, listed ETH address"),
        ("ethereum", "0xb6f5ec1a0a9cd1526536d3f0426c429529471f40", "Kim, listed ETH, USDT and USDC address"),
    ):
        desk.wallet(
            at,
            chain=chain,
            address=address,
            label=label,
            role="listed",
            subject_number=kim.number,
            attribution_source="OFAC SDN list, entry 43377",
            attribution_confidence="high",
        )


def _blocking(desk: Desk, team: Team) -> None:
    received = utc(2023, 5, 23, 15, 30)
    blocking = desk.order(
        utc(2023, 5, 23, 15, 45),
        instrument="ofac_blocking",
        issuing_authority="OFAC, US Department of the Treasury",
        agency_reference="DEMO-OFAC-2023-05-23",
        jurisdiction="US",
        legal_basis="31 CFR Part 510; report under 31 CFR 501.603",
        scope=(
            "Property of the persons designated on 23 May 2023. The designation is public; this register entry is "
            "fictional."
        ),
        issued_at=utc(2023, 5, 23, 14),
        served_at=utc(2023, 5, 23, 14),
        received_at=received,
        due_at=utc(2023, 6, 7, 21),
        time_zone="America/New_York",
        duties=[
            Duty(
                "produce",
                "Report blocked property within 10 business days (31 CFR 501.603).",
                due_at=utc(2023, 6, 7, 21),
            )
        ],
    )
    desk.verify(
        utc(2023, 5, 23, 16, 10),
        blocking,
        method="official_publication",
        contact="OFAC recent actions, 23 May 2023",
        found="OFAC's own site, opened from a bookmark",
    )
    desk.accept(utc(2023, 5, 23, 17), blocking, by=team.counsel, reason="Published designation.")
    desk.fulfil(utc(2023, 6, 5, 14), 4, reason="Report filed, receipt DEMO-501-0098 (fictional).")


def _later(desk: Desk) -> None:
    desk.note(
        utc(2023, 5, 24, 12),
        "The exchange says publicly that it helped US authorities seize about USD 4.4 million (reported in Brazil as BRL 22 "
        "million) and froze accounts; by its own statement it had acted on them about a year earlier, under legal orders.",
    )
    desk.note(
        utc(2024, 3, 27, 15),
        "OFAC designates Alis LLC and Pioneer Bencont, said to be linked with Chinyong (27 March 2024).",
    )
    desk.note(
        utc(2025, 6, 5, 18),
        "Civil forfeiture complaint over more than USD 7.74 million is filed in the District of Columbia (5 June 2025). No "
        "source links it with the 4.4 million.",
    )
