"""The whole main job in a real Chromium, by five people, on what bin/up starts."""

import io
import re
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pypdf
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Installation, Officer

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.timeout(600)]

FUNDED = 2_000_000_000_000_000_003
MOVED = 450_000_000_000_000_007


@pytest.fixture
def officer(installation: Installation, chromium: Browser) -> Iterator[Callable[..., Officer]]:
    """`officer("approver")`: the first demo person with this role, at a browser of her own."""
    present: list[Officer] = []

    def arrives(role: str) -> Officer:
        present.append(Officer(chromium, installation, installation.logins[role][0]))
        return present[-1]

    yield arrives
    for each in present:
        each.close()


def press(page: Page, name: str) -> None:
    page.locator("main").get_by_role("button", name=name, exact=True).click()


def clock(moment: datetime) -> str:
    """A moment as a datetime-local field takes it."""
    return moment.strftime("%Y-%m-%dT%H:%M")


def reload_until(page: Page, seen: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < until, page.locator("main").inner_text()
        time.sleep(0.5)
        page.reload()


def bare(text: str) -> str:
    """Without blanks of any kind and separators, so that line breaks and grouping do not matter."""
    return re.sub(r"[\s\u202f\u00a0\u2009,]", "", text)


def open_case(page: Page) -> str:
    page.goto("/")
    page.get_by_role("link", name="Open a case").click()
    page.select_option("[name=typology]", "dprk_it_workers")
    press_primary(page)
    # Nothing typed is lost, and the reason stands beside the field.
    expect(page.locator("[name=typology]")).to_have_value("dprk_it_workers")
    expect(page.locator(".error-summary, [role=alert]").first).to_be_visible()
    page.fill("[name=title]", "Browser journey")
    press_primary(page)
    page.wait_for_url(re.compile(r"/cases/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]/$"))
    return page.url.rstrip("/").rsplit("/", 1)[1]


def press_primary(page: Page) -> None:
    page.locator("main form button.btn--primary, main form button.btn--danger").first.click()


def add_members(page: Page, case: str, *names: str) -> None:
    for name in names:
        page.goto(f"{case}members/add/")
        option = page.locator("[name=user] option", has_text=name).first.get_attribute("value")
        assert option
        page.select_option("[name=user]", option)
        press_primary(page)
        page.wait_for_url(re.compile("/members/$"))


def attach_wallet(page: Page, case: str, address: str) -> str:
    """First with a digit missing, which is refused beside the field and stays as typed; then whole."""
    page.goto(f"{case}wallets/")
    page.get_by_role("link", name="Attach a wallet").first.click()
    page.select_option("[name=role]", "subject")
    page.fill("[name=attribution_source]", "Journey")
    page.select_option("[name=attribution_confidence]", "low")
    page.fill("[name=address]", address[:-1])
    press_primary(page)
    expect(page.locator("[name=address]")).to_have_value(address[:-1])
    expect(page.get_by_text("40 digits").first).to_be_visible()
    page.fill("[name=address]", address)
    # Leaving the field brings the chains that the address fits.
    page.locator("[name=address]").press("Tab")
    expect(page.locator("[name=chains][value=localdev]")).to_be_checked()
    press_primary(page)
    page.wait_for_url(re.compile(r"/wallets/(\d+/)?$"))
    return f"{case}wallets/1/"


def record_order(page: Page, case: str) -> str:
    now = datetime.now(UTC)
    page.goto(f"{case}orders/record/")
    page.select_option("[name=instrument]", "seizure_warrant")
    page.fill("[name=issuing_authority]", "Browser court")
    page.fill("[name=agency_reference]", "JOURNEY-BROWSER-1")
    page.fill("[name=jurisdiction]", "US")
    page.fill("[name=legal_basis]", "18 USC 981(b)")
    page.fill("[name=scope]", "The wallet.")
    page.fill("[name=issued_at]", clock(now - timedelta(days=2)))
    page.fill("[name=served_at]", clock(now - timedelta(days=1)))
    page.fill("[name=received_at]", clock(now - timedelta(days=1)))
    page.fill("[name=due_at]", clock(now + timedelta(days=5)))
    page.set_input_files(
        "[name=paper]",
        {"name": "warrant.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%journey\n"},
    )
    page.select_option("[name=duties-0-kind]", "freeze")
    page.fill("[name=duties-0-text]", "Hold the wallet.")
    page.fill("[name=duties-0-due_at]", clock(now + timedelta(days=4)))
    press(page, "Record the order")
    page.wait_for_url(re.compile(r"/orders/\d+/$"))
    return page.url


def test_the_whole_job(installation: Installation, officer: Callable[..., Officer]) -> None:
    investigator, approver, counsel = officer("investigator"), officer("approver"), officer("counsel")
    page = investigator.page
    reference = open_case(page)
    case = f"/cases/{reference}/"
    add_members(page, case, approver.name, counsel.name)

    # A wallet on the development chain: its balance arrives, equals the node's to the unit, and follows a transfer.
    address = "0x" + secrets.token_hex(20)
    installation.send(address, FUNDED)
    wallet = attach_wallet(page, case, address)
    page.goto(wallet)
    reload_until(page, lambda: "2.000000000000000003" in bare(page.locator("main").inner_text()))
    assert installation.balance(address) == FUNDED
    installation.send(address, MOVED)
    press(page, "Refresh now")
    # The page itself shows the new figure when the worker has it, without a reload.
    expect(page.locator("main")).to_contain_text(re.compile(r"2\.450[\s\u202f]*000"), timeout=60_000)
    assert "2.45000000000000001" in bare(page.locator("main").inner_text())
    assert installation.balance(address) == FUNDED + MOVED

    # An order with its paper: recorded, verified, and accepted by counsel.
    order = record_order(page, case)
    expect(page.locator("main")).to_contain_text("warrant.pdf")
    press_step(page, "verifying")
    page.goto(f"{order}verify/")
    page.select_option("[name=method]", "call_back")
    page.fill("[name=contact]", "Registry, public number")
    page.fill("[name=contact_source]", "Its own site")
    page.check("[name=outcome][value=authentic]")
    press_primary(page)
    page.wait_for_url(order)
    press_step(page, "in_review")
    counsel.page.goto(order)
    press_step(counsel.page, "accepted", reason="In order")

    # A freeze: the proposer cannot approve it, a second person does.
    approver.page.goto(f"{case}freezes/propose/?target=wallet-1")
    propose(approver.page)
    expect(approver.page.locator("main")).to_contain_text("Proposed")
    own = approver.page.url
    assert approver.page.locator("main").get_by_role("link", name=re.compile("^Approve")).count() == 0
    answer = approver.page.request.post(
        f"{own}approve/",
        form={"csrfmiddlewaretoken": csrf(approver.page), "comment": ""},
        headers={"Referer": own},
    )
    assert answer.status in (403, 422), answer.status
    approver.page.goto(f"{own}cancel/")
    approver.page.fill("[name=reason]", "A colleague proposes.")
    press_primary(approver.page)
    page.goto(f"{case}freezes/propose/?target=wallet-1")
    propose(page)
    freeze = page.url
    approver.page.goto(freeze)
    approver.page.goto(f"{freeze}approve/")
    press_primary(approver.page)
    expect(approver.page.locator("main")).to_contain_text("Approved")
    for step, fill in (("apply", {}), ("applied", {}), ("confirm", {"confirmation": "Ticket 7"})):
        page.goto(f"{freeze}{step}/")
        for name, value in fill.items():
            page.fill(f"[name={name}]", value)
        press_primary(page)
        page.wait_for_url(freeze)
    expect(page.locator("main")).to_contain_text("Confirmed")
    page.goto(order)
    expect(page.locator("main")).to_contain_text("Complied")

    # The matter is shared; the liaison exports it herself.
    liaison = officer("liaison")
    assert liaison.page.goto(case).status == 404  # type: ignore[union-attr]
    page.goto(f"{case}shares/create/")
    page.select_option(
        "[name=order]", label=page.locator("[name=order] option", has_text="JOURNEY-BROWSER-1").inner_text()
    )
    chosen = page.locator("[name=liaison] option", has_text=liaison.name).first.get_attribute("value")
    assert chosen
    page.select_option("[name=liaison]", chosen)
    page.fill("[name=purpose]", "Her own order")
    press_primary(page)
    page.wait_for_url(re.compile("/shares/$"))
    pdf = export(liaison.page)
    text = "\n".join(sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    block = installation.rpc("eth_blockNumber")
    assert "2.45000000000000001" in bare(text)
    assert re.search(r"Block\W*\d+", text, re.IGNORECASE), text[:3000]
    assert int(block, 16) > 0
    for name in (investigator.name, approver.name):
        assert bare(name) in bare(text), name
    assert reference not in text
    assert "Browser journey" not in text

    # The share ends: the matter and the file are gone at once.
    matter = liaison.page.url
    page.goto(f"{case}shares/")
    page.locator("main").get_by_role("link", name=re.compile("End")).first.click()
    page.fill("[name=reason]", "Journey over")
    press_primary(page)
    page.wait_for_url(re.compile("/shares/$"))
    assert liaison.page.goto(matter).status == 404  # type: ignore[union-attr]


def csrf(page: Page) -> str:
    value = page.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value")
    assert value
    return value


def press_step(page: Page, to: str, reason: str = "") -> None:
    """Take one of the steps that an order's page offers."""
    order = page.url
    step = page.locator(
        f"main form:has(input[name=to][value={to}]) button, main button[name=to][value={to}]"
    ).first
    if step.count():
        step.click()
    else:
        page.goto(f"{order}move/?to={to}")
    if page.locator("[name=reason]").count():
        page.fill("[name=reason]", reason)
        press_primary(page)
    page.wait_for_url(order)


def propose(page: Page) -> None:
    """Fill in the proposal for the wallet, resting on the one duty there is."""
    duty = page.locator("[name=basis] option", has_text="JOURNEY-BROWSER-1").first.get_attribute("value")
    assert duty
    page.select_option("[name=basis]", duty)
    page.fill("[name=reason]", "Ordered.")
    press(page, "Propose the freeze")
    page.wait_for_url(re.compile(r"/freezes/\d+/$"))


def export(page: Page) -> bytes:
    """As the liaison: find the matter, ask for the file, watch it being made, take it."""
    page.goto("/matters/")
    page.locator("main tr", has_text="JOURNEY-BROWSER-1").get_by_role("link").first.click()
    expect(page.locator("main")).to_contain_text("JOURNEY-BROWSER-1")
    page.get_by_role("link", name="Make a case file").click()
    press_primary(page)
    link = page.get_by_role("link", name="Download the PDF")
    expect(link).to_be_visible(timeout=120_000)
    with page.expect_download() as download:
        link.click()
    return download.value.path().read_bytes()
