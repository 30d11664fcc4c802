"""The case file of about 48 pages, from the request to the stored file, as a worker makes it.

One case is filled through the actions that people use (readings are written as the workers store them). Each file is
asked for, then made by `produce_waiting`: collected in one snapshot, the record recomputed, typeset by Typst in a child
process with embedded fonts, tags and the attached data, stored and flushed to disk, recorded. The first file warms the
process, as a worker's is, and is not counted. The web process takes no part in it.
"""

import argparse
import random
import resource
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench.support import figure, machine, quantile, say, set_up, timed

if TYPE_CHECKING:
    from cases.models import Case
    from cases.people.models import User

SEED = 20230524
PAGES = range(46, 51)
WALLETS, ACCOUNTS, ORDERS, NOTES = 11, 5, 5, 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the same sizes, fewer repetitions")
    repetitions = 3 if parser.parse_args().quick else 15
    set_up()
    from django.conf import settings

    say(machine())
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        settings.FILES_ROOT = Path(folder)
        case, lead = filled()
        say(f"case {case.reference} filled; {case.stream.length} events")
        make(case, lead)
        before = processor_seconds()
        measured = [make(case, lead) for _ in range(repetitions)]
        busy = (processor_seconds() - before) / repetitions
    pages = measured[-1][1]
    seconds = sorted(took for took, _pages in measured)
    say(
        f"{pages} pages: median {quantile(seconds, 0.5):.2f} s, best {seconds[0]:.2f} s, worst {seconds[-1]:.2f} s, "
        f"{repetitions} files; {busy:.2f} s of processor time each, child process included"
    )
    if pages not in PAGES:
        say(f"The file has {pages} pages and not about 48: no figure.")
        raise SystemExit(1)
    figure("exports.pages_48_s", quantile(seconds, 0.5), "s")
    figure("exports.pages_48_pages", pages, "pages")


def processor_seconds() -> float:
    """Processor time of this process and of the children that have ended: on a busy machine it says more than the clock."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def make(case: "Case", lead: "User") -> tuple[float, int]:
    """Ask for the file and make it; seconds of the making, and its pages."""
    from cases import access
    from cases.actions import exports
    from cases.permissions import Permission

    export = exports.request_export(
        grant=access.case_for(lead, case.reference, Permission.EXPORT), at=datetime.now(UTC)
    )
    took = timed(lambda: exports.produce_waiting(now=lambda: datetime.now(UTC)))
    export.refresh_from_db()
    assert export.status == "ready", export.failure
    assert export.pages is not None
    return took / 1000, export.pages


def filled() -> "tuple[Case, User]":
    """A case of five orders, ten freezes that were set, eleven wallets and five accounts."""
    from bench.filling import checksummed, person
    from cases import access
    from cases.actions import accounts, cases, freezes, orders, subjects, wallets
    from cases.actions.freezes import AmountAsked
    from cases.actions.orders import Duty
    from cases.people.models import Role
    from cases.permissions import Permission
    from wallets.registry import ensure_assets

    p = Permission
    ensure_assets()
    chance = random.Random(SEED)
    lead = person("bench.officer@example.test", Role.INVESTIGATOR, "Bench Officer")
    approver = person("bench.approver@example.test", Role.APPROVER, "Bench Approver")
    now = datetime.now(UTC)

    def at() -> datetime:
        return datetime.now(UTC)

    case = cases.open_case(
        by=lead,
        at=at(),
        title="Alleged IT workers under false identities",
        typology="dprk_it_workers",
        classification="confidential",
        summary="Alleged laundering of salaries through accounts under false identities. " * 12,
        tags=["payroll", "stablecoin"],
        fictional_notice="Filled by a bench: everything in this case is invented.",
    )

    def g(permission: Permission, user: "User" = lead) -> access.Grant:
        return access.case_for(user, case.reference, permission)

    cases.add_member(grant=g(p.MEMBERS), at=at(), user=approver)
    for index in range(8):
        subjects.add_subject(
            grant=g(p.EDIT),
            at=at(),
            kind="person" if index % 3 else "organisation",
            name=f"Subject {index} 김상만",
            aliases=["金相萬", "Ким Сан Ман"],
            role="subject",
            attribution_source="OFAC press release of 23 May 2023",
            attribution_confidence="high",
            remarks="Alleged holder of accounts under false identities, as told by the source.",
        )
    attached = [
        wallets.attach_wallet(
            grant=g(p.WALLETS),
            at=at(),
            chain="ethereum",
            address=checksummed(chance.randbytes(20)),
            role="subject",
            label=f"Salary wallet {index}",
            attribution_source="Bench",
            attribution_confidence="medium",
        )
        for index in range(WALLETS)
    ]
    _read(attached, chance, at())
    for index in range(ACCOUNTS):
        account = accounts.attach_account(
            grant=g(p.ACCOUNTS),
            at=at(),
            account_number=f"BENCH-{index:06d}",
            holder=f"Holder {index}",
            reported_status="restricted",
            reported_at=now - timedelta(days=1),
        )
        for asset in ("USDT", "USDC", "BTC"):
            accounts.record_holding(
                grant=g(p.ACCOUNTS),
                at=at(),
                number=account.number,
                asset=asset,
                decimals=6,
                amount=chance.randint(1, 10**13),
                source="Ledger export",
                observed_at=now - timedelta(hours=3),
            )
    for index in range(ORDERS):
        order = orders.record_order(
            grant=g(p.ORDERS),
            at=at(),
            instrument="mlat_request",
            issuing_authority="U.S. District Court, District of Columbia",
            agency_reference=f"BENCH-{index:04d}",
            jurisdiction="US, District of Columbia",
            legal_basis="18 USC 981(b)",
            scope="All assets held in the accounts and wallets named in the attachment. " * 3,
            issued_at=now - timedelta(days=9),
            served_at=now - timedelta(days=8),
            received_at=now - timedelta(days=8),
            due_at=now + timedelta(days=6),
            time_zone="America/New_York",
            duties=[
                Duty("freeze", "Hold what stands at the targets.", now + timedelta(days=5)),
                Duty("produce", "Produce the account records.", now + timedelta(days=20)),
            ],
        )
        orders.move_order(grant=g(p.ORDERS), at=at(), number=order.number, to="verifying")
        orders.verify_order(
            grant=g(p.ORDER_VERIFY),
            at=at(),
            number=order.number,
            authentic=True,
            method="call_back",
            contact="Clerk",
            contact_source="The court's own site",
        )
        orders.move_order(grant=g(p.ORDERS), at=at(), number=order.number, to="in_review")
        orders.move_order(
            grant=g(p.ORDER_DECIDE, approver), at=at(), number=order.number, to="accepted", reason="In order"
        )
        duty = order.obligations.order_by("number")[0].number
        for wallet in attached[2 * index : 2 * index + 2]:
            freeze = freezes.propose_freeze(
                grant=g(p.FREEZE_PROPOSE),
                at=at(),
                scope="address",
                reason="Named in the attachment of the order.",
                amounts=[AmountAsked("ETH"), AmountAsked("USDT", 10**9)],
                wallet_number=wallet.number,
                obligation_number=duty,
            ).number
            freezes.approve_freeze(grant=g(p.FREEZE_APPROVE, approver), at=at(), number=freeze)
            freezes.begin_apply(grant=g(p.FREEZE_APPLY), at=at(), number=freeze)
            moment = at()
            freezes.mark_applied(grant=g(p.FREEZE_APPLY), at=moment, number=freeze, applied_at=moment)
    for index in range(NOTES):
        cases.write_note(
            grant=g(p.NOTE),
            at=at(),
            text=f"Note {index}. " + "Compared the invoices with the deposits. " * 20,
        )
    case.refresh_from_db()
    case.stream.refresh_from_db()
    return case, lead


def _read(attached: list, chance: random.Random, at: datetime) -> None:  # type: ignore[type-arg]
    """A reading of every asset of every wallet, as a look stores it."""
    from bench.filling import store_look
    from wallets.models import Asset

    assets = list(Asset.objects.filter(chain="ethereum"))
    store_look(
        [(each.wallet, asset, chance.randint(0, 10**22)) for each in attached for asset in assets], at=at
    )


if __name__ == "__main__":
    main()
