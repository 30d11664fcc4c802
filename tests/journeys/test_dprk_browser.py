"""The DPRK case from the preservation letter to retention, in a real Chromium; a year passes for every process."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Officer
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
    dollars,
    leaves,
    new_wallet,
    pays_dollars,
)
from tests.journeys.test_browser import (
    add_members,
    attach_wallet,
    bare,
    clock,
    open_case,
    press,
    press_primary,
    press_step,
    reload_until,
)
from tests.journeys.years import Years, years

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.years, pytest.mark.timeout(900)]


@pytest.fixture
def long_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Years]:
    with years(Path(tmp_path_factory.mktemp("years"))) as installation:
        yield installation


def whole(units: int, decimals: int) -> str:
    """Base units as a person types them."""
    digits = f"{units:0{decimals + 1}d}"
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


class Desk:
    """Three people at browsers of their own. Sessions do not live for a year: everybody logs in anew after one."""

    def __init__(self, installation: Years, chromium: Browser) -> None:
        self.years, self.chromium = installation, chromium
        self.case = ""
        self.arrive()

    def arrive(self) -> None:
        people = self.years.logins
        self.investigator, self.approver, self.counsel = (
            Officer(self.chromium, self.years, people[role][0])
            for role in ("investigator", "approver", "counsel")
        )
        self.page = self.investigator.page

    def leave(self) -> None:
        for officer in (self.investigator, self.approver, self.counsel):
            officer.close()

    def at(self, span: timedelta = timedelta()) -> str:
        return clock(self.years.now() + span)

    def go(self, path: str, page: Page | None = None) -> Page:
        page = page or self.page
        page.goto(f"{self.case}{path}")
        return page

    def says(self, path: str) -> str:
        """A page's words without blanks and separators."""
        return bare(self.go(path).locator("main").inner_text())

    def order(self, instrument: str, reference: str, *, selectors: list[tuple[str, str]], **more: str) -> str:
        """Recorded as the paper has it, verified, reviewed, accepted by counsel; its path."""
        page = self.go("orders/record/")
        page.select_option("[name=instrument]", instrument)
        values = {
            "issuing_authority": "Journey District Court",
            "agency_reference": reference,
            "entity_served": "Journey Exchange, Inc.",
            "jurisdiction": "US",
            "legal_basis": "As the paper says.",
            "scope": "Accounts and wallet of the alleged workers.",
            "issued_at": self.at(-2 * BRIEF),
            "served_at": self.at(-BRIEF),
            "received_at": self.at(-BRIEF),
        } | more
        for number, (kind, value) in enumerate(selectors):
            page.select_option(f"[name=selectors-{number}-kind]", kind)
            page.fill(f"[name=selectors-{number}-value]", value)
        for name, value in values.items():
            field = page.locator(f"[name={name}]")
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        press(page, "Record the order")
        if page.locator("[name=alike_seen]").count():
            # It looks like an order on record: pointed out, looked at, recorded all the same.
            page.check("[name=alike_seen]")
            press(page, "Record the order")
        page.wait_for_url(re.compile(r"/orders/\d+/$"))
        path = page.url.split(self.case, 1)[1]
        press_step(page, "verifying")
        page = self.go(f"{path}verify/")
        page.select_option("[name=method]", "call_back")
        page.fill("[name=contact]", "Clerk, public number")
        page.fill("[name=contact_source]", "The court's own site")
        page.check("[name=outcome][value=authentic]")
        press_primary(page)
        page.wait_for_url(re.compile(rf"{path}$"))
        press_step(page, "in_review")
        press_step(self.go(path, self.counsel.page), "accepted", reason="In order")
        return path

    def freeze(self, target: str, asset: str) -> str:
        """Proposed by one, signed by another, applied, confirmed; its path."""
        page = self.go(f"freezes/propose/?target={target}")
        duty = page.locator("[name=basis] option", has_text="DEMO-23-MJ-7").filter(has_text="Freeze").first
        page.select_option("[name=basis]", duty.get_attribute("value"))
        if target.startswith("account"):
            page.select_option("[name=scope]", "asset")
        page.check(f"[name=asset-{asset}-include]")
        page.fill("[name=reason]", "Ordered.")
        press(page, "Propose the freeze")
        page.wait_for_url(re.compile(r"/freezes/\d+/$"))
        path = page.url.split(self.case, 1)[1]
        press_primary(self.go(f"{path}approve/", self.approver.page))
        expect(self.approver.page.locator("main")).to_contain_text("Approved")
        for step, fill in (("apply", {}), ("applied", {}), ("confirm", {"confirmation": "Ticket 7"})):
            page = self.go(f"{path}{step}/")
            for name, value in fill.items():
                page.fill(f"[name={name}]", value)
            press_primary(page)
            page.wait_for_url(re.compile(rf"{path}$"))
        expect(page.locator("main")).to_contain_text("Confirmed")
        return path

    def transfer(self, freeze: str, asset: str, amount: str) -> str:
        """Proposed with the destination typed twice, signed by another, begun; its path."""
        page = self.go(f"{freeze}transfer/")
        duty = page.locator("[name=obligation_number] option", has_text="DEMO-23-MJ-7").first
        page.select_option("[name=obligation_number]", duty.get_attribute("value"))
        page.select_option("[name=chain]", "localdev")
        page.fill("[name=destination]", MARSHAL)
        page.fill("[name=destination_again]", MARSHAL[:-1] + "e")
        page.select_option("[name=check_method]", "call_back")
        page.fill("[name=check_contact]", "Marshal's office, number from its own site")
        page.fill(f"[name=amount-{asset}]", amount)
        page.check("[name=takes_all]")
        page.fill("[name=reason]", "The warrant asks for it.")
        press_primary(page)
        # A slip in the second address: nothing is sent anywhere, and nothing typed is lost.
        expect(page.locator("#id_destination_again_error")).to_be_visible()
        expect(page.locator(f"[name=amount-{asset}]")).to_have_value(amount)
        page.fill("[name=destination_again]", MARSHAL)
        press_primary(page)
        page.wait_for_url(re.compile(r"/transfers/\d+/$"))
        path = page.url.split(self.case, 1)[1]
        signing = self.go(f"{path}decide/", self.approver.page)
        signing.check("[name=decision][value=agree]")
        press_primary(signing)
        page = self.go(f"{path}begin/")
        press_primary(page)
        page.wait_for_url(re.compile(rf"{path}$"))
        return path

    def settles(self, transfer: str, txid: str) -> None:
        """The transaction is recorded; the chain alone says that it settled, two blocks deep."""
        page = self.go(f"{transfer}sent/")
        page.fill("[name=txid]", txid)
        page.fill("[name=fee]", "0.000021")
        press_primary(page)
        page.wait_for_url(re.compile(rf"{transfer}$"))
        assert "Settled" not in page.locator("main").inner_text()
        self.years.rpc("anvil_mine", "0x2")
        reload_until(page, lambda: "Settled" in page.locator("main").inner_text())


def test_the_dprk_case_plays_through_and_a_year_passes(long_lived: Years, chromium: Browser) -> None:
    desk = Desk(long_lived, chromium)
    play(desk)
    desk.leave()


def play(desk: Desk) -> None:
    installation, page = desk.years, desk.page
    reference = open_case(page)
    desk.case = f"/cases/{reference}/"
    add_members(page, desk.case, desk.approver.name, desk.counsel.name)
    desk.go("move/?to=under_investigation")
    press_primary(page)

    # Two accounts with what the books say, and a wallet with what the chain says.
    for account, units in HOLDINGS.items():
        attach_account(desk, account)
        books(desk, account, whole(units, DOLLAR_DECIMALS))
    address = new_wallet(installation)
    attach_wallet(page, desk.case, address)
    desk.go("wallets/1/")
    reload_until(page, lambda: whole(IN_WALLET, 18) in bare(page.locator("main").inner_text()))

    # The preservation letter: ninety days by the rule, each step of the count shown; the data are kept.
    letter = desk.order(
        "preservation_letter",
        "DEMO-2703F",
        selectors=[("account", account) for account in HOLDINGS],
        **{
            "duties-0-kind": "preserve",
            "duties-0-text": "Keep everything.",
            "duties-0-rule": "preservation_90_days",
        },
    )
    desk.go(letter).get_by_role("link", name="How it is counted").first.click()
    expect(page.locator("main")).to_contain_text("18 USC 2703(f)")
    for outcome, words in (("in_progress", ""), ("met", "Snapshot 7 taken.")):
        desk.go("obligations/1/move/")
        page.check(f"[name=to][value={outcome}]")
        if words:
            page.fill("[name=reason]", words)
        press_primary(page)
    expect(desk.go(letter).locator("main")).to_contain_text("Complied")

    # The warrant: freeze, transfer, and a gag of a year, which becomes a duty of its own.
    soon = desk.at(timedelta(days=10))
    warrant = desk.order(
        "seizure_warrant",
        "DEMO-23-MJ-7",
        selectors=[*(("account", account) for account in HOLDINGS), ("address", address)],
        **{
            "due_at": desk.at(timedelta(days=14)),
            "non_disclosure_until": desk.at(YEAR),
            "duties-0-kind": "freeze",
            "duties-0-text": "Hold both accounts and the wallet.",
            "duties-0-due_at": soon,
            "duties-1-kind": "transfer",
            "duties-1-text": "Send all of it to the marshal.",
            "duties-1-due_at": soon,
        },
    )
    expect(desk.go(warrant).locator("main")).to_contain_text("Non-disclosure")
    for asset, decimals, units in ((DOLLARS, DOLLAR_DECIMALS, ALL_DOLLARS), (ETHER, 18, IN_WALLET)):
        desk.go("obligations/2/amount/")
        page.fill("[name=asset]", asset)
        page.fill("[name=decimals]", str(decimals))
        page.fill("[name=amount]", whole(units, decimals))
        press_primary(page)
    assert whole(ALL_DOLLARS, DOLLAR_DECIMALS) in desk.says("cover/")

    # Freezes on two accounts and the wallet; whoever would tell the customer is stopped.
    freezes = {
        account: desk.freeze(f"account-{number}", DOLLARS.upper())
        for number, account in enumerate(HOLDINGS, 1)
    }
    on_wallet = desk.freeze("wallet-1", ETHER)
    desk.go("customer-notices/")
    expect(page.locator("main")).to_contain_text("The customer must not be told")
    assert page.locator("[name=words]").count() == 0

    # A part leaves the frozen wallet: a breach on the first page, with before, after and block; answered.
    leaves(installation, address, installation.rpc("eth_accounts")[4], OUTFLOW)
    desk.go("wallets/1/")
    press(page, "Refresh now")
    reload_until(page, lambda: whole(IN_WALLET - OUTFLOW, 18) in bare(page.locator("main").inner_text()))
    desk.approver.page.goto("/")
    approver = desk.approver.page
    # The look was seen above; that a freeze is broken by it is told by the beat that follows.
    reload_until(approver, lambda: "breach" in approver.locator("main").inner_text().lower())
    told = desk.says("breaches/1/")
    for amount in (IN_WALLET, IN_WALLET - OUTFLOW, OUTFLOW):
        assert whole(amount, 18) in told, told
    assert re.search(r"[Bb]lock\W*\d+", told), told
    installation.send(address, OUTFLOW)
    page.fill("[name=note]", "A withdrawal in flight; made good from our own funds.")
    press_primary(page)
    desk.go("wallets/1/")
    press(page, "Refresh now")
    reload_until(page, lambda: whole(IN_WALLET, 18) in bare(page.locator("main").inner_text()))

    # The transfers: settled by the chain's own word, and the ladder adds up to the unit.
    for account, freeze in freezes.items():
        units = HOLDINGS[account]
        transfer = desk.transfer(freeze, DOLLARS.upper(), whole(units, DOLLAR_DECIMALS))
        txid = pays_dollars(installation, MARSHAL, units)
        books(desk, account, "0")
        desk.settles(transfer, txid)
    transfer = desk.transfer(on_wallet, ETHER, whole(IN_WALLET, 18))
    desk.settles(transfer, leaves(installation, address, MARSHAL, IN_WALLET))
    assert (dollars(installation, MARSHAL), installation.balance(MARSHAL)) == (ALL_DOLLARS, IN_WALLET)
    for asset, decimals, units in ((DOLLARS, DOLLAR_DECIMALS, ALL_DOLLARS), (ETHER, 18, IN_WALLET)):
        for rung in ("seized", "forfeited"):
            desk.go("obligations/3/ladder/")
            page.select_option("[name=rung]", rung)
            page.fill("[name=asset]", asset)
            page.fill("[name=decimals]", str(decimals))
            page.fill("[name=amount]", whole(units, decimals))
            page.fill("[name=happened_at]", desk.at(-timedelta(minutes=1)))
            page.fill("[name=basis]", "Order DEMO-23-MJ-7")
            press_primary(page)
    ladder = desk.says("cover/")
    # Ordered, secured or transferred, seized, forfeited: the same figure on each rung.
    for decimals, units in ((DOLLAR_DECIMALS, ALL_DOLLARS), (18, IN_WALLET)):
        assert ladder.count(whole(units, decimals)) >= 4, ladder

    # A year less a few days: the gag about to end is told, and still binds. Then it ends by itself.
    desk.leave()
    installation.pass_time(YEAR - timedelta(days=6))
    desk.arrive()
    page = desk.page
    page.goto("/notices/")
    reload_until(page, lambda: reference in page.locator("main").inner_text())
    expect(desk.go("customer-notices/").locator("main")).to_contain_text("The customer must not be told")
    desk.leave()
    installation.pass_time(timedelta(days=7))
    desk.arrive()
    page = desk.page
    desk.go(warrant)
    reload_until(page, lambda: "Open" not in duty_row(page, "Non-disclosure"))
    for order in (letter, warrant):
        press_step(desk.go(order, desk.counsel.page), "closed", reason="Answered")
    desk.go("customer-notices/")
    expect(page.locator("main")).to_contain_text("The customer may be told")
    page.select_option("[name=account_number]", "1")
    page.fill("[name=told_at]", desk.at(-timedelta(minutes=1)))
    page.fill("[name=how]", "By letter")
    page.fill("[name=words]", "Your assets were transferred under a warrant.")
    page.check("[name=no_report]")
    press_primary(page)
    expect(page.locator("main")).to_contain_text("Your assets were transferred under a warrant.")

    # Alerts are taken note of, then the case is closed by two, and its record has a day on which it may go.
    while (link := desk.go("alerts/").get_by_role("link", name=re.compile("Take note|Acknowledge"))).count():
        link.first.click()
        page.fill("[name=note]", "See the record.")
        press_primary(page)
    desk.go("closing/ask/")
    page.select_option("[name=disposition]", "substantiated")
    page.fill("[name=words]", "Everything was transferred and forfeited.")
    press_primary(page)
    deciding = desk.go("closing/decide/", desk.approver.page)
    today = installation.now().date()
    deciding.check("[name=agrees] >> nth=0")
    deciding.select_option("[name=retention]", "sanctions_ofac")
    deciding.fill("[name=counted_from]", today.isoformat())
    deciding.fill("[name=counted_because]", "Transferred then")
    press_primary(deciding)
    expect(desk.go("").locator("main")).to_contain_text("Closed")
    kept = desk.go("retention/").locator("main").inner_text()
    assert str(today.year + 10) in kept, kept
    chronology = desk.go("chronology/").locator("main").inner_text()
    assert "told" in chronology


def attach_account(desk: Desk, account: str) -> None:
    page = desk.go("accounts/attach/")
    page.fill("[name=account_number]", account)
    page.fill("[name=holder]", "Fictional Holder")
    page.select_option("[name=reported_status]", "active")
    page.fill("[name=reported_at]", desk.at(-BRIEF))
    press_primary(page)
    page.wait_for_url(re.compile(r"/accounts/(\d+/)?$"))


def books(desk: Desk, account: str, amount: str) -> None:
    """What the exchange's own books say of an account, at the next minute's beginning: a form knows no seconds."""
    page = desk.go(f"accounts/{[*HOLDINGS].index(account) + 1}/holdings/record/")
    page.fill("[name=asset]", DOLLARS)
    page.fill("[name=decimals]", str(DOLLAR_DECIMALS))
    page.fill("[name=amount]", amount)
    page.fill("[name=source]", "Core ledger")
    page.fill("[name=observed_at]", desk.at())
    press_primary(page)
    page.wait_for_url(re.compile(r"/accounts/\d+/$"))


def duty_row(page: Page, kind: str) -> str:
    found: Any = page.locator("main tr, main li, main section").filter(has_text=kind).last.inner_text()
    return str(found)
