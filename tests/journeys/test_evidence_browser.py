"""Evidence in a real Chromium: a file goes in by parts, is cut and goes on, and is checked on the officer's own computer."""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.journeys.conftest import Installation, Officer

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def officer(installation: Installation, chromium: Browser) -> Iterator[Officer]:
    arrived = Officer(chromium, installation, installation.logins["investigator"][0])
    yield arrived
    arrived.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two and a half parts."""
    path = tmp_path / "laptop.img"
    path.write_bytes(secrets.token_bytes(20_000_003))
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def bare(page: Page) -> str:
    return re.sub(r"\s", "", page.locator("main").inner_text())


def cut_once() -> Callable[[Route], None]:
    """Breaks the connection at the second part."""
    parts = 0

    def handle(route: Route) -> None:
        nonlocal parts
        parts += route.request.method == "PUT"
        if route.request.method == "PUT" and parts == 2:
            route.abort()
        else:
            route.continue_()

    return handle


def test_a_file_goes_in_is_cut_goes_on_and_is_found_again(officer: Officer, file: Path) -> None:
    page = officer.page
    page.goto("/cases/")
    case = page.locator("main a.rowlink").first.get_attribute("href") or ""
    page.goto(f"{case}exhibits/add/")
    page.set_input_files("[name=file]", str(file))
    page.fill("[name=title]", "Image of the laptop")
    page.fill("[name=received_from]", "Agent Lee, FBI")
    page.fill("[name=received_how]", "USB drive, sealed bag 1142")
    page.route("**/uploads/**", cut_once())
    page.get_by_role("button", name="Take it in").click()
    expect(page.get_by_text("The connection broke")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    # A field was left out: what was typed stays, and so does the file.
    expect(page.get_by_text("This file has arrived")).to_be_visible(timeout=60_000)
    expect(page.locator("[name=title]")).to_have_value("Image of the laptop")
    page.fill("[name=received_at]", "2023-05-24T10:04")
    page.get_by_role("button", name="Take it in").click()
    page.wait_for_url(re.compile(r"/exhibits/\d+/$"), timeout=60_000)
    assert digest(file) in bare(page)
    with page.expect_download() as taken:
        page.get_by_role("link", name="Take a copy").click()
    assert digest(Path(taken.value.path())) == digest(file)
    assert taken.value.suggested_filename == "laptop.img"

    page.goto("/check-file/")
    page.set_input_files("#check-file-input", str(file))
    expect(page.get_by_text("This file is stored here, unchanged")).to_be_visible(timeout=60_000)
    changed = bytearray(file.read_bytes())
    changed[10_000_000] ^= 1
    file.write_bytes(bytes(changed))
    page.set_input_files("#check-file-input", str(file))
    expect(page.get_by_text("No file that you may see has this SHA-256")).to_be_visible(timeout=60_000)
    assert digest(file) in bare(page)


def test_the_browsers_digest_is_sha256_at_every_edge_of_a_block(officer: Officer) -> None:
    """FIPS 180-4's padding changes at 55, 56 and 64 bytes; each length is cut in another place."""
    page = officer.page
    page.goto("/check-file/")
    content = secrets.token_bytes(1_000_003)
    for length in (0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000, len(content)):
        found = page.evaluate(
            "([list, cut]) => { const state = window.holdfastSha256(); const bytes = new Uint8Array(list);"
            " state.update(bytes.subarray(0, cut)); state.update(bytes.subarray(cut)); return state.hex(); }",
            [list(content[:length]), length // 3],
        )
        assert found == hashlib.sha256(content[:length]).hexdigest(), length
