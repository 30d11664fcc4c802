"""The first page with 100,000 open duties, each with its clock, beside no closed order and beside 200,000.

Every due moment is computed by the engine from a rule and a trigger, as an order's are, and stored with its clock. The
page shows the nearest due moments and counts what is overdue, due today and due soon. Each request goes through the whole
stack (middleware, session, access, templates) in this process; the network and the server's socket are left out. Asked is
by an investigator who leads a twentieth of the cases, an approver who is a member of all, and an auditor, who sees all.
Aim: p95 of at most 100 ms, however many orders are closed.

Peers in the same run, without template and stack, over what the approver sees: due moments that are not kept but computed
when the page is asked for; and kept ones that are fetched by the ORM, counted and sorted in Python.
"""

import argparse
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bench.support import figure, machine, quantile, say, set_up, summary, timed

if TYPE_CHECKING:
    from cases.models import Case, ClockRule
    from cases.models.instruments import InstrumentType
    from cases.people.models import User

CASES, LEADS = 5_000, 20
# So many orders a case, with so many duties an order.
OPEN, CLOSED = (5, 4), (40, 1)
# By instrument: the kind of its duties, their rule, and about how many days it runs.
RULES = {
    "preservation_letter": ("preserve", "preservation_90_days", 90),
    "ofac_blocking": ("produce", "ofac_10_business_days", 14),
    "restraining_order": ("freeze", "restraint_90_days", 90),
    "epoc": ("produce", "epoc_10_days", 10),
    "uk_cwfo": ("freeze", "uk_cwfo_2_years", 730),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the same sizes, fewer repetitions")
    repetitions = 60 if parser.parse_args().quick else 300
    set_up()
    from bench.filling import fill
    from cases.models import Clock, LegalOrder, Obligation
    from cases.status import OBLIGATION_FINAL

    say(machine())
    took = timed(lambda: fill(CASES))
    took += timed(lambda: fill_orders(OPEN, closed=False))
    vacuum()
    duties = Obligation.objects.exclude(status__in=OBLIGATION_FINAL).count()
    clocks = Clock.objects.count()
    assert clocks >= 100_000, clocks
    say(f"{CASES:,} cases, {duties:,} open duties, {clocks:,} of them with clocks, in {took / 1000:.0f} s")
    before = measure(repetitions)
    for who, samples in before.items():
        say(f"{who} with no closed order: {summary(samples)}")
    took = timed(lambda: fill_orders(CLOSED, closed=True))
    vacuum()
    closed = LegalOrder.objects.filter(status="withdrawn").count()
    assert closed == CASES * CLOSED[0], closed
    say(f"{closed:,} closed orders beside them in {took / 1000:.0f} s")
    after = measure(repetitions)
    for who, samples in after.items():
        say(f"{who} with {closed:,} closed orders: {summary(samples)}")
    for who in after:
        figure(f"clocks.home_{who}_p95_ms.closed_0", quantile(before[who], 0.95), "ms")
        figure(f"clocks.home_{who}_p95_ms.closed_{closed}", quantile(after[who], 0.95), "ms")
    growth = max(quantile(after[who], 0.5) / quantile(before[who], 0.5) for who in after)
    figure("clocks.growth_by_closed", growth, "x")
    figure("clocks.kept_ms", quantile([timed(kept) for _ in range(20)], 0.5), "ms")
    figure("clocks.peer_computed_ms", quantile([timed(computed_when_asked) for _ in range(3)], 0.5), "ms")
    figure("clocks.peer_fetched_ms", quantile([timed(fetched_and_sorted) for _ in range(3)], 0.5), "ms")
    figure("clocks.home_p95_ms", max(quantile(samples, 0.95) for samples in after.values()), "ms")


def vacuum() -> None:
    """What autovacuum has done long before in an installation that took months to get as full."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


# ── Filling ───────────────────────────────────────────────────────────────────────────────────────────────


def officers() -> "list[User]":
    """The investigators among whom the cases are shared out; each is responsible in her own."""
    from bench.filling import person
    from cases.people.models import Role

    return [
        person(f"bench.lead.{n}@example.test", Role.INVESTIGATOR, f"Bench Lead {n}") for n in range(LEADS)
    ]


def fill_orders(shape: tuple[int, int], *, closed: bool) -> None:
    """Orders with duties in every case, (orders a case, duties an order): open ones with a clock each, or withdrawn ones."""
    from cases.models import Case, Membership
    from cases.models.clocks import ensured_rule
    from cases.models.instruments import ensured_type

    leads, now = officers(), datetime.now(UTC)
    cases = list(Case.objects.order_by("pk"))
    mine = [(case, leads[place % LEADS]) for place, case in enumerate(cases)]
    if not closed:
        Membership.objects.bulk_create(
            [Membership(case=case, user=lead, added_at=now, added_by=lead) for case, lead in mine]
        )
    types = {instrument: ensured_type(instrument) for instrument in RULES}
    rows = {instrument: ensured_rule(key) for instrument, (_kind, key, _days) in RULES.items()}
    for start in range(0, len(cases), 250):
        _fill_batch(mine[start : start + 250], shape, types, rows, now, closed=closed)


def _fill_batch(
    mine: "list[tuple[Case, User]]",
    shape: tuple[int, int],
    types: "dict[str, InstrumentType | None]",
    rows: "dict[str, ClockRule | None]",
    now: datetime,
    *,
    closed: bool,
) -> None:
    from django.db import transaction

    from cases.deadlines import calendar_of, compute
    from cases.models import Clock, LegalOrder, Obligation

    chance = random.Random(mine[0][0].pk)
    orders_each, duties_each = shape
    # Numbers of a case: behind those of bench.filling and of the other shape.
    first = 1_000 if closed else 10
    orders: list[LegalOrder] = []
    duties: list[Obligation] = []
    clocks: list[Clock] = []
    for case, lead in mine:
        for place in range(orders_each):
            instrument = chance.choice([*RULES])
            kind, _key, days = RULES[instrument]
            row = rows[instrument]
            assert row is not None
            calendar = calendar_of(row.rule.calendars[0])
            # Ended ones ran out years ago; of the open ones most are about to, and a few did in the last days.
            back = chance.uniform(days + 30, days + 1500) if closed else chance.uniform(0, days)
            served = now - timedelta(days=back)
            order = LegalOrder(
                case=case,
                number=first + place,
                instrument=instrument,
                instrument_type=types[instrument],
                issuing_authority="Bench court",
                agency_reference=f"BENCH-{case.pk}-{first + place}",
                jurisdiction="US",
                legal_basis="As the paper says",
                clear_scope="The account and what it holds.",
                issued_at=served - timedelta(days=1),
                served_at=served,
                received_at=served,
                # Half of the papers name a day of their own.
                due_at=served + timedelta(days=days) if chance.random() < 0.5 else None,
                recorded_by=lead,
            )
            orders.append(order)
            for index in range(duties_each):
                number = first + place * duties_each + index
                duty = Obligation(
                    case=case,
                    order=order,
                    number=number,
                    kind=kind,
                    text="As the paper says.",
                    due_at=served + timedelta(days=days),
                    responsible=lead if chance.random() < 0.7 else None,
                    recorded_by=lead,
                )
                duties.append(duty)
                if closed:
                    continue
                trigger = served + timedelta(hours=chance.uniform(0, 24))
                computed = compute(row.rule, trigger, calendar)
                duty.due_at = computed.due_at
                clocks.append(
                    Clock(
                        obligation=duty,
                        rule=row,
                        trigger_at=trigger,
                        calendar=calendar.kind.key,
                        calendar_version=computed.calendar,
                        due_at=computed.due_at,
                        steps=[step.as_data() for step in computed.steps],
                        computed_at=now,
                        computed_by=lead,
                    )
                )
    with transaction.atomic():
        LegalOrder.objects.bulk_create(orders)
        Obligation.objects.bulk_create(duties)
        Clock.objects.bulk_create(clocks, batch_size=2_000)
        if closed:
            withdrawn = [order.pk for order in orders]
            LegalOrder.objects.filter(pk__in=withdrawn).update(status="withdrawn")
            Obligation.objects.filter(order__in=withdrawn).update(
                status="lifted", ended_at=now, ended_by=mine[0][1]
            )


# ── Measuring ─────────────────────────────────────────────────────────────────────────────────────────────


def approver() -> "User":
    from bench.filling import person
    from cases.people.models import Role

    return person("bench.approver@example.test", Role.APPROVER, "Bench Approver")


def measure(repetitions: int) -> dict[str, list[float]]:
    """Milliseconds of the first page by person."""
    from django.test import Client
    from django.urls import reverse

    from bench.filling import person
    from cases.people.models import Role
    from cases.queries import due

    people = {
        "lead": officers()[0],
        "approver": approver(),
        "auditor": person("bench.auditor@example.test", Role.AUDITOR, "Bench Auditor"),
    }
    samples: dict[str, list[float]] = {}
    for who, user in people.items():
        client = Client(HTTP_HOST="127.0.0.1")
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")

        def get(client: Client = client) -> None:
            response = client.get(reverse("home"))
            assert response.status_code == 200, response.status_code
            # A page without due moments would be fast and worth nothing.
            assert shown_moments(response.content.decode()) == due.LIMIT

        for _ in range(10):
            get()
        samples[who] = [timed(get) for _ in range(repetitions)]
    return samples


def shown_moments(page: str) -> int:
    """How many due moments the panel of the page shows."""
    return page.partition('id="due"')[2].partition("</table>")[0].count("<time ")


def kept() -> None:
    """What the page asks for its due moments, without page."""
    from cases.queries import due

    board = due.board(due.Scope.visible_to(approver()), at=datetime.now(UTC))
    assert len(board.nearest) == due.LIMIT


def computed_when_asked() -> None:
    """The peer that keeps no due moments: all open duties, computed one by one, sorted and counted in Python."""
    from cases.deadlines import calendar_of, compute
    from cases.models import Case, Clock
    from cases.queries import due
    from cases.status import OBLIGATION_FINAL

    clocks = (
        Clock.objects.filter(obligation__case__in=Case.objects.visible_to(approver()))
        .exclude(obligation__status__in=OBLIGATION_FINAL)
        .select_related("rule", "obligation__order", "obligation__case", "obligation__responsible")
        .defer("steps", "obligation__case__summary")
    )
    rules: dict[int, ClockRule] = {}
    found = []
    for clock in clocks:
        rule = rules.setdefault(clock.rule_id, clock.rule).rule
        found.append((compute(rule, clock.trigger_at, calendar_of(clock.calendar)).due_at, clock.pk))
    assert len(found) >= 100_000, len(found)
    counted([moment for moment, _key in found])
    assert len(sorted(found)[: due.LIMIT]) == due.LIMIT


def fetched_and_sorted() -> None:
    """The peer that keeps them, but sorts and counts in Python what the ORM fetched."""
    from cases.models import Case, Obligation
    from cases.queries import due
    from cases.status import OBLIGATION_FINAL

    duties = (
        Obligation.objects.filter(case__in=Case.objects.visible_to(approver()), due_at__isnull=False)
        .exclude(status__in=OBLIGATION_FINAL)
        .select_related("order", "case", "responsible")
        .defer("case__summary")
    )
    found = sorted((duty.due_at, duty.pk) for duty in duties if duty.due_at is not None)
    assert len(found) >= 100_000, len(found)
    counted([moment for moment, _key in found])
    assert len(found[: due.LIMIT]) == due.LIMIT


def counted(moments: list[datetime]) -> tuple[int, int]:
    """How many are overdue and how many fall within the next days."""
    from cases.queries import due

    now = datetime.now(UTC)
    return sum(at < now for at in moments), sum(now <= at < now + due.SOON for at in moments)


if __name__ == "__main__":
    main()
