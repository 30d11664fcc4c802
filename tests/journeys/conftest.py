"""A whole installation for the journeys: `bin/up` itself, with its servers, workers and development chain."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from config.processes import free_port

PROJECT = Path(__file__).resolve().parents[2]
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Installation:
    """A running Holdfast: where it is, who can log in, and the node behind its balances."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]

    @property
    def logins(self) -> dict[str, list[dict[str, str]]]:
        """The demo's people by role."""
        people: dict[str, list[dict[str, str]]] = {}
        for login in json.loads((self.home / "demo-logins.json").read_text())["logins"]:
            people.setdefault(login["role"], []).append(login)
        return people

    @property
    def environment(self) -> dict[str, str]:
        """What bin/up wrote down for commands beside it."""
        text = (self.home / "environment").read_text()
        pairs = re.findall(r"^export (\w+)=(.*)$", text, flags=re.MULTILINE)
        return {name: value.strip("'") for name, value in pairs}

    def rpc(self, method: str, *params: Any) -> Any:
        """Ask the node itself, past the product."""
        payload = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
        request = urllib.request.Request(
            self.environment["HOLDFAST_LOCALDEV_URL"], payload, {"Content-Type": "application/json"}
        )
        with DIRECT.open(request, timeout=30) as answer:
            spoken = json.load(answer)
        assert "error" not in spoken, spoken
        return spoken["result"]

    def balance(self, address: str) -> int:
        """The node's own word on an address, in wei."""
        return int(self.rpc("eth_getBalance", address, "latest"), 16)

    def send(self, to: str, wei: int) -> None:
        """Move coins on the development chain and wait for the block."""
        sender = self.rpc("eth_accounts")[3]
        digest = self.rpc("eth_sendTransaction", {"from": sender, "to": to, "value": hex(wei)})
        until = time.monotonic() + 20
        while self.rpc("eth_getTransactionReceipt", digest) is None:
            assert time.monotonic() < until, "the transfer was not mined"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """`bin/up` in an empty home, until its health answers; stopped by Ctrl-C, after which no process is left."""
    home = tmp_path_factory.mktemp("installation")
    port = free_port()
    kept = ("PATH", "HOME", "LANG", "HOLDFAST_PYTHON")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment["HOLDFAST_HOME"] = str(home)
    log = (home / "up.out").open("wb")
    process = subprocess.Popen(
        [str(PROJECT / "bin" / "up"), "--port", str(port)],
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 240
        while f"Holdfast runs at {url}" not in (home / "up.out").read_text(errors="replace"):
            assert process.poll() is None, (home / "up.out").read_text(errors="replace")[-3000:]
            assert time.monotonic() < until, (home / "up.out").read_text(errors="replace")[-3000:]
            time.sleep(0.2)
        yield Installation(url=url, home=home, process=process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=60)
        finally:
            log.close()


CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--disable-lcd-text",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, as bin/test found it. Of a module: while its driver runs, this thread may not use the ORM."""
    path = os.environ.get("HOLDFAST_CHROMIUM") or "/usr/bin/chromium"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


class Officer:
    """Somebody at a browser of her own, logged in. Every violation of the page policy and script error fails."""

    def __init__(self, browser: Browser, installation: Installation, login: dict[str, str]) -> None:
        self.context = browser.new_context(base_url=installation.url, accept_downloads=True)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self._hear(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.name = login["name"]
        self.page.goto("/accounts/login/")
        self.page.fill("input[name=login]", login["email"])
        self.page.fill("input[name=password]", login["password"])
        self.page.click("button[type=submit]")
        self.page.wait_for_url(lambda url: "/accounts/login" not in url)

    def _hear(self, kind: str, text: str) -> None:
        # A 4xx answer is logged by the browser as an error too; the journeys assert those on their own.
        if kind == "error" and "Failed to load resource" not in text:
            self.complaints.append(text)

    def close(self) -> None:
        self.context.close()
        assert self.complaints == []
