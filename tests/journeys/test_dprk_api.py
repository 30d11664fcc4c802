"""The DPRK case from the preservation letter to retention, by the API alone; a year passes for every process."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.dprk import (
    ALL_DOLLARS,
    BRIEF,
    DOLLAR_DECIMALS,
    DOLLARS,
    ETHER,
    HOLDINGS,
    IN_WALLET,
    MARSHAL,
    OUTFLOW,
    YEAR,
    added_up,
    dollars,
    leaves,
    new_wallet,
    pays_dollars,
)
from tests.journeys.test_api import Program, eventually, native
from tests.journeys.years import Years, years

pytestmark = [pytest.mark.live, pytest.mark.years, pytest.mark.timeout(600)]


@pytest.fixture
def long_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Years]:
    with years(Path(tmp_path_factory.mktemp("years"))) as installation:
        yield installation


class Desk:
    """The case and who works in it. Tokens do not live for a year: everybody logs in anew after one."""

    def __init__(self, installation: Years) -> None:
        self.years = installation
        self.arrive()
        self.case = ""

    def arrive(self) -> None:
        people = self.years.logins
        self.investigator = Program(self.years, people["investigator"][0])
        self.approver = Program(self.years, people["approver"][0])
        self.counsel = Program(self.years, people["counsel"][0])

    def leave(self) -> None:
        for program in (self.investigator, self.approver, self.counsel):
            program.http.close()

    def at(self, span: timedelta = timedelta()) -> str:
        return (self.years.now() + span).isoformat()

    def get(self, path: str) -> Any:
        return self.investigator.get(f"{self.case}/{path}")

    def order(self, instrument: str, reference: str, duties: list[dict[str, Any]], **more: Any) -> int:
        """Recorded, verified by somebody found independently, reviewed, accepted by counsel."""
        recorded = self.investigator.post(
            f"{self.case}/orders",
            {
                "instrument": instrument,
                "issuing_authority": "Journey District Court",
                "agency_reference": reference,
                "entity_served": "Journey Exchange, Inc.",
                "jurisdiction": "US",
                "legal_basis": "As the paper says.",
                "scope": "Accounts and wallet of the alleged workers.",
                "issued_at": self.at(-2 * BRIEF),
                "served_at": self.at(-BRIEF),
                "received_at": self.at(-BRIEF),
                "duties": duties,
            }
            | more,
        )
        path = f"{self.case}/orders/{recorded['number']}"
        self.investigator.post(f"{path}/move", {"to": "verifying"})
        self.investigator.post(
            f"{path}/verify",
            {"authentic": True, "method": "call_back", "contact": "Clerk", "contact_source": "Court's site"},
        )
        self.investigator.post(f"{path}/move", {"to": "in_review"})
        self.counsel.post(f"{path}/move", {"to": "accepted", "reason": "In order"})
        return int(recorded["number"])

    def duties(self, order: int) -> dict[str, int]:
        return {row["kind"]: row["number"] for row in self.get(f"orders/{order}")["obligations"]}

    def freeze(self, duty: int, asset: str, **target: int) -> str:
        """Proposed by one, signed by another, applied, confirmed; its path."""
        proposed = self.investigator.post(
            f"{self.case}/freezes",
            {
                "obligation": duty,
                "scope": "address" if "wallet" in target else "asset",
                "reason": "Ordered.",
                "amounts": [{"asset": asset}],
                **target,
            },
        )
        path = f"{self.case}/freezes/{proposed['number']}"
        assert self.approver.post(f"{path}/approve", {"comment": "Compared."})["status"] == "approved"
        self.investigator.post(f"{path}/apply")
        self.investigator.post(f"{path}/applied", {"applied_at": self.at()})
        assert self.investigator.post(f"{path}/confirm", {"confirmation": "Ticket"})["status"] == "confirmed"
        return path

    def transfer(self, freeze: str, duty: int, asset: str, amount: int) -> str:
        """Proposed with the destination typed twice, signed by another, begun; its path."""
        body = {
            "obligation": duty,
            "chain": "localdev",
            "destination": MARSHAL,
            "destination_again": MARSHAL[:-1] + "e",
            "check_method": "call_back",
            "check_contact": "Marshal's office, number from its own site",
            "amounts": [{"asset": asset, "amount": str(amount)}],
            "takes_all": True,
            "reason": "The warrant asks for it.",
        }
        refused = self.investigator.post(f"{freeze}/transfer", body, expect=422)
        assert "errors" in refused, refused
        assert refused["errors"][0]["field"] == "destination_again"
        proposed = self.investigator.post(f"{freeze}/transfer", body | {"destination_again": MARSHAL})
        path = f"{self.case}/transfers/{proposed['number']}"
        assert self.approver.post(f"{path}/decide", {"agrees": True})["status"] == "approved"
        assert self.investigator.post(f"{path}/begin")["status"] == "sending"
        return path

    def settled(self, transfer: str, asset: str, txid: str) -> dict[str, Any]:
        """The transaction is recorded; the worker hears of it from the chain, and nobody else says that it settled."""
        self.investigator.post(f"{transfer}/sent", {"asset": asset, "txid": txid, "fee": "21000000000000"})
        # In one block it is not settled yet: two were asked for.
        seen = eventually(
            lambda: (t := self.investigator.get(transfer))["legs"][0]["confirmations"] > 0 and t
        )
        assert (seen["status"], seen["legs"][0]["confirmations"]) == ("sent", 1)
        self.years.rpc("anvil_mine", "0x1")
        done: dict[str, Any] = eventually(
            lambda: (t := self.investigator.get(transfer))["status"] in ("settled", "failed") and t
        )
        assert done["status"] == "settled", done
        return done

    def ladder(self, order: int) -> dict[str, dict[str, Any]]:
        return {row["asset"].upper(): row for row in self.get("cover")["rows"] if row["order"] == order}


def test_the_dprk_case_plays_through_and_a_year_passes(long_lived: Years) -> None:
    desk = Desk(long_lived)
    try:
        play(desk)
    finally:
        desk.leave()


def play(desk: Desk) -> None:
    installation, investigator = desk.years, desk.investigator
    reference = investigator.post(
        "cases",
        {
            "title": "DPRK IT workers (alleged)",
            "typology": "dprk_it_workers",
            "classification": "confidential",
            "summary": "Alleged; account numbers and amounts are fictional.",
        },
    )["reference"]
    desk.case = f"cases/{reference}"
    people = investigator.get(f"{desk.case}/members/candidates")["items"]
    for colleague in (desk.approver, desk.counsel):
        chosen = next(person for person in people if person["name"] == colleague.name)
        investigator.post(f"{desk.case}/members", {"user": chosen["id"]})

    # What the case is about: two accounts with what the books say, and a wallet with what the chain says.
    accounts = {}
    for account_number, amount in HOLDINGS.items():
        attached = investigator.post(
            f"{desk.case}/accounts",
            {
                "account_number": account_number,
                "holder": "Fictional Holder",
                "reported_status": "active",
                "reported_at": desk.at(-BRIEF),
            },
        )
        accounts[account_number] = attached["number"]
        books(desk, attached["number"], amount)
    address = new_wallet(installation)
    wallet = investigator.post(
        f"{desk.case}/wallets",
        {
            "chain": "localdev",
            "address": address,
            "role": "subject",
            "attribution_source": "Journey",
            "attribution_confidence": "low",
        },
    )["number"]
    path = f"{desk.case}/wallets/{wallet}"
    eventually(lambda: native(investigator.get(path))["state"] == "ok")
    assert int(native(investigator.get(path))["amount"]) == installation.balance(address) == IN_WALLET

    investigator.post(f"{desk.case}/move", {"to": "under_investigation", "reason": "Taken up"})

    # The preservation letter: ninety days, counted by the rule and shown step by step; the data are kept.
    letter = desk.order(
        "preservation_letter",
        "DEMO-2703F",
        [{"kind": "preserve", "text": "Keep everything.", "rule": "preservation_90_days"}],
        selectors=[{"kind": "account", "value": account} for account in HOLDINGS],
    )
    preserve = desk.duties(letter)["preserve"]
    clock = desk.get(f"obligations/{preserve}/clock")["clocks"][0]
    assert clock["rule"] == "preservation_90_days"
    assert len(clock["steps"]) > 1
    due = datetime.fromisoformat(desk.get(f"obligations/{preserve}")["due_at"])
    assert timedelta(days=88) < due - installation.now() < timedelta(days=94)
    investigator.post(f"{desk.case}/obligations/{preserve}/move", {"to": "in_progress"})
    investigator.post(
        f"{desk.case}/obligations/{preserve}/move",
        {"to": "met", "reason": "Snapshot taken.", "proofs": [{"kind": "note", "note": "Snapshot 7"}]},
    )
    assert desk.get(f"orders/{letter}")["status"] == "complied"

    # The warrant: freeze, transfer, and a gag of a year.
    gag_ends = installation.now() + YEAR
    soon = {"due_at": desk.at(timedelta(days=10))}
    warrant = desk.order(
        "seizure_warrant",
        "DEMO-23-MJ-7",
        [
            {"kind": "freeze", "text": "Hold both accounts and the wallet.", **soon},
            {"kind": "transfer", "text": "Send all of it to the marshal.", **soon},
            {"kind": "non_disclosure", "text": "Tell nobody.", "due_at": gag_ends.isoformat()},
        ],
        due_at=desk.at(timedelta(days=14)),
        non_disclosure_until=gag_ends.isoformat(),
        selectors=[
            *({"kind": "account", "value": account} for account in HOLDINGS),
            {"kind": "address", "value": address},
        ],
        # The letter named the same accounts: that is pointed out, and somebody looked at it.
        alike_seen=[f"{reference}/{letter}"],
    )
    duties = desk.duties(warrant)
    for asset, decimals, amount in ((DOLLARS, DOLLAR_DECIMALS, ALL_DOLLARS), (ETHER, 18, IN_WALLET)):
        investigator.post(
            f"{desk.case}/obligations/{duties['freeze']}/amount",
            {"asset": asset, "decimals": decimals, "amount": str(amount)},
        )
    before = desk.ladder(warrant)
    assert int(before["DUSD"]["shortfall"]) == ALL_DOLLARS
    assert {int(row["at_risk"]) for row in desk.get("cover")["at_risk"] if row["kind"] == "account"} == set(
        HOLDINGS.values()
    )

    # Freezes on two accounts and the wallet.
    freezes = {
        account: desk.freeze(duties["freeze"], DOLLARS, account=number)
        for account, number in accounts.items()
    }
    on_wallet = desk.freeze(duties["freeze"], ETHER, wallet=wallet)
    held = desk.ladder(warrant)
    assert (int(held["DUSD"]["frozen"]), int(held["DUSD"]["shortfall"])) == (ALL_DOLLARS, 0)
    assert (int(held["DEVETH"]["frozen"]), int(held["DEVETH"]["shortfall"])) == (IN_WALLET, 0)
    assert {int(row["at_risk"] or 0) for row in desk.get("cover")["at_risk"]} == {0}
    told = desk.get("customer-notices")
    assert told["verdict"] == "prohibited"
    investigator.post(f"{desk.case}/customer-notices", notice(desk, accounts), expect=422)

    # A part leaves the frozen wallet: a breach with before, after and block, and everybody who must know is told.
    gone = leaves(installation, address, installation.rpc("eth_accounts")[4], OUTFLOW)
    investigator.post(f"{path}/refresh")
    breach = eventually(lambda: next(iter(desk.get("breaches")["items"]), None))
    assert (int(breach["before"]), int(breach["after"])) == (IN_WALLET, IN_WALLET - OUTFLOW)
    assert int(breach["missing"]) == OUTFLOW
    mined = installation.rpc("eth_getTransactionReceipt", gone)
    assert breach["block"] >= int(mined["blockNumber"], 16)
    assert installation.balance(address) == IN_WALLET - OUTFLOW
    assert "breach" in {row["about"] for row in desk.approver.get("notices")["items"]}

    # Made good from the exchange's own funds. It fills what was missing, and is no credit beside it.
    installation.send(address, OUTFLOW)
    investigator.post(f"{path}/refresh")
    eventually(lambda: int(native(investigator.get(path))["amount"]) == IN_WALLET)
    investigator.post(
        f"{desk.case}/breaches/{breach['number']}/answer",
        {"note": "A withdrawal in flight; made good from our own funds."},
    )
    assert desk.get("credits")["items"] == []
    # The transfers: the accounts by the token, the wallet by its coins, each settled by the chain's own word.
    for account, freeze in freezes.items():
        transfer = desk.transfer(freeze, duties["transfer"], DOLLARS, HOLDINGS[account])
        txid = pays_dollars(installation, MARSHAL, HOLDINGS[account])
        books(desk, accounts[account], 0)
        leg = desk.settled(transfer, DOLLARS, txid)["legs"][0]
        assert leg["block_hash"] == installation.rpc("eth_getTransactionReceipt", txid)["blockHash"]
        # Not only that it stands: that it gave the marshal this much of the token.
        assert (leg["paid_state"], int(leg["paid"])) == ("told", HOLDINGS[account])
        assert investigator.get(freeze)["status"] == "settled"
    transfer = desk.transfer(on_wallet, duties["transfer"], ETHER, IN_WALLET)
    # A slip: the transaction of somebody else. It is confirmed, and settles nothing; the freeze stands as before.
    stray = leaves(installation, installation.rpc("eth_accounts")[5], installation.rpc("eth_accounts")[6], 1)
    installation.rpc("anvil_mine", "0x2")
    investigator.post(f"{transfer}/sent", {"asset": ETHER, "txid": stray})
    failed = eventually(lambda: (t := investigator.get(transfer))["status"] in ("settled", "failed") and t)
    assert (failed["status"], failed["legs"][0]["said"]) == ("failed", "other_payment")
    assert investigator.get(on_wallet)["status"] == "confirmed"
    transfer = desk.transfer(on_wallet, duties["transfer"], ETHER, IN_WALLET)
    desk.settled(transfer, ETHER, leaves(installation, address, MARSHAL, IN_WALLET))
    assert (dollars(installation, MARSHAL), installation.balance(MARSHAL)) == (ALL_DOLLARS, IN_WALLET)
    assert [row["number"] for row in desk.get("breaches")["items"]] == [breach["number"]]
    investigator.post(f"{transfer}/receipt", {"receipt": "USMS-230524"})
    assert desk.get(f"obligations/{duties['transfer']}")["status"] == "met"
    assert desk.get(f"orders/{warrant}")["status"] == "complied"

    # Seized and forfeited, as the papers say; the ladder adds up to the unit, and takes no more than there is.
    for asset, decimals, amount in ((DOLLARS, DOLLAR_DECIMALS, ALL_DOLLARS), (ETHER, 18, IN_WALLET)):
        for rung in ("seized", "forfeited"):
            body = {
                "rung": rung,
                "asset": asset,
                "decimals": decimals,
                "happened_at": desk.at(),
                "basis": "Order DEMO-23-MJ-7",
            }
            rungs = f"{desk.case}/obligations/{duties['transfer']}/ladder"
            investigator.post(rungs, body | {"amount": str(amount + 1)}, expect=422)
            investigator.post(rungs, body | {"amount": str(amount)})
    for asset, amount in (("DUSD", ALL_DOLLARS), ("DEVETH", IN_WALLET)):
        row = desk.ladder(warrant)[asset]
        for rung in ("ordered", "secured", "transferred", "seized", "forfeited"):
            assert int(row[rung]) == amount, (asset, rung, row)
        assert added_up(row) == amount
        assert {int(row[rung]) for rung in ("frozen", "under_way", "returned", "shortfall")} == {0}

    # A year less a few days passes: the gag about to end is told, and still binds.
    installation.pass_time(YEAR - timedelta(days=6))
    desk.leave()
    desk.arrive()
    investigator = desk.investigator
    notices = eventually(
        lambda: [row for row in desk.investigator.get("notices")["items"] if row["about"] == "term"] or None,
        # The first round after a year has a year's looks, prices and reminders before it.
        seconds=180,
    )
    assert notices[0]["step"] == "week"
    assert desk.get("customer-notices")["verdict"] == "prohibited"
    investigator.post(f"{desk.case}/closing/ask", closing(), expect=422)

    # The gag ends: nobody ends it, its time does.
    installation.pass_time(timedelta(days=7))
    eventually(lambda: desk.get(f"obligations/{duties['non_disclosure']}")["status"] == "met")
    over = desk.get(f"obligations/{duties['non_disclosure']}")
    assert over["ended_by"] is None
    for order in (letter, warrant):
        desk.counsel.post(f"{desk.case}/orders/{order}/move", {"to": "closed", "reason": "Answered"})
    assert desk.get("customer-notices")["verdict"] == "permitted"
    investigator.post(f"{desk.case}/customer-notices", notice(desk, accounts))

    # Each movement of the wallet raised an alert: out, back, and to the marshal. Somebody takes note of each.
    alerts = desk.get("alerts")["items"]
    assert sorted(alert["kind"] for alert in alerts) == ["movement_in", "movement_out", "movement_out"]
    for alert in alerts:
        investigator.post(f"{desk.case}/alerts/{alert['number']}/acknowledge", {"note": "See the record."})

    # A task keeps the case open until it is done.
    task = investigator.post(
        f"{desk.case}/tasks",
        {"title": "Send the receipt to the marshal", "assignee": investigator.get("me")["id"]},
    )
    investigator.post(f"{desk.case}/closing/ask", closing(), expect=422)
    investigator.post(f"{desk.case}/tasks/{task['number']}/end", {"to": "done"})

    # Closed by two, with the class of its record and the day on which it may go; a legal hold beats it.
    investigator.post(f"{desk.case}/closing/ask", closing())
    day = installation.now().date()
    investigator.post(
        f"{desk.case}/closing/decide",
        {"agrees": True, "retention": "sanctions_ofac", "counted_from": day.isoformat(),
         "counted_because": "Transferred then"},
        expect=403,
    )  # fmt: skip
    desk.approver.post(
        f"{desk.case}/closing/decide",
        {"agrees": True, "retention": "sanctions_ofac", "counted_from": day.isoformat(),
         "counted_because": "Transferred then"},
    )  # fmt: skip
    assert investigator.get(desk.case)["status"] == "closed"
    kept = desk.get("retention")
    # Ten years are kept to their last day.
    assert kept["may_go_on"] == (day.replace(year=day.year + 10) + timedelta(days=1)).isoformat()
    desk.counsel.post(f"{desk.case}/holds", {"reason": "The forfeiture is contested."})
    assert desk.get("retention")["may_go_on"] is None

    actions = [entry["action"] for entry in desk.get("chronology?limit=100")["items"]]
    for action in ("freeze.breached", "transfer.settled", "customer.told", "ladder.entered"):
        assert action in actions, action


def books(desk: Desk, account: int, amount: int) -> None:
    """What the exchange's own books say of an account."""
    desk.investigator.post(
        f"{desk.case}/accounts/{account}/holdings",
        {
            "asset": DOLLARS,
            "decimals": DOLLAR_DECIMALS,
            "amount": str(amount),
            "source": "Core ledger",
            "observed_at": desk.at(),
        },
    )


def notice(desk: Desk, accounts: dict[str, int]) -> dict[str, Any]:
    return {
        "account": next(iter(accounts.values())),
        "told_at": desk.at(),
        "how": "By e-mail",
        "words": "Your assets were transferred under a warrant.",
        "no_report": True,
    }


def closing() -> dict[str, str]:
    return {"disposition": "substantiated", "words": "Everything was transferred and forfeited."}
