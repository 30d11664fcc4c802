"""The whole main job through the API alone: real PostgreSQL, Valkey, worker and node, all started by bin/up."""

import io
import re
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pypdf
import pytest

from tests.journeys.conftest import Installation

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]


class Program:
    """Somebody's program with a token of its own."""

    def __init__(self, installation: Installation, login: dict[str, str]) -> None:
        self.name = login["name"]
        self.http = httpx.Client(
            base_url=f"{installation.url}/api/v1/",
            headers={"Authorization": f"Bearer {token_of(installation, login)}"},
            timeout=30,
            trust_env=False,
        )

    def get(self, path: str, expect: int = 200) -> Any:
        return self._answer(self.http.get(path), expect)

    def post(self, path: str, body: dict[str, Any] | None = None, expect: int | None = None) -> Any:
        response = self.http.post(path, json=body or {}, headers={"Idempotency-Key": secrets.token_hex(16)})
        return self._answer(response, expect)

    def _answer(self, response: httpx.Response, expect: int | None) -> Any:
        good = response.status_code in (200, 201, 202) if expect is None else response.status_code == expect
        assert good, (response.request.url, response.status_code, response.text)
        return response.json() if "json" in response.headers["Content-Type"] else response.content


def token_of(installation: Installation, login: dict[str, str]) -> str:
    """Log in as a person does and make a token, which is shown once."""
    with httpx.Client(
        base_url=installation.url, follow_redirects=True, timeout=30, trust_env=False
    ) as browser:

        def csrf(html: str) -> str:
            found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', html)
            assert found, html[:500]
            return found[1]

        page = browser.get("/accounts/login/")
        page = browser.post(
            "/accounts/login/",
            data={
                "csrfmiddlewaretoken": csrf(page.text),
                "login": login["email"],
                "password": login["password"],
            },
        )
        assert "/accounts/login" not in str(page.url), page.text[:2000]
        page = browser.get("/profile/")
        page = browser.post(
            "/profile/tokens/create/",
            data={"csrfmiddlewaretoken": csrf(page.text), "label": "Journey", "lifetime": "30"},
        )
        secret = re.search(r"hfst_[A-Za-z0-9_-]+", page.text)
        assert secret, page.text[:2000]
        return secret[0]


@pytest.fixture
def program(installation: Installation) -> Iterator[Callable[..., Program]]:
    """`program("approver")`: a program of the first demo person with this role."""
    made: list[Program] = []

    def of(role: str) -> Program:
        made.append(Program(installation, installation.logins[role][0]))
        return made[-1]

    yield of
    for each in made:
        each.http.close()


def eventually(ask: Callable[[], Any], *, seconds: float = 60) -> Any:
    """The first answer that is neither None nor False."""
    until = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer is not None and answer is not False:
            return answer
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.3)


def native(wallet: dict[str, Any]) -> dict[str, Any]:
    balances: list[dict[str, Any]] = wallet["balances"]
    return next(balance for balance in balances if balance["contract"] == "")


def test_the_whole_job(installation: Installation, program: Callable[..., Program]) -> None:
    investigator, approver = program("investigator"), program("approver")
    counsel, liaison = program("counsel"), program("liaison")

    # A case, the colleagues, a wallet on the development chain.
    reference = investigator.post(
        "cases",
        {
            "title": "Journey by API",
            "typology": "dprk_it_workers",
            "classification": "confidential",
            "summary": "Alleged.",
        },
    )["reference"]
    case = f"cases/{reference}"
    candidates = investigator.get(f"{case}/members/candidates")["items"]
    for colleague in (approver, counsel):
        chosen = next(person for person in candidates if person["name"] == colleague.name)
        investigator.post(f"{case}/members", {"user": chosen["id"]})
    address = "0x" + secrets.token_hex(20)
    installation.send(address, 1_234_567_890_123_456_789)
    refused = investigator.post(
        f"{case}/wallets",
        {"chain": "localdev", "address": address[:-1], "role": "subject", "attribution_source": "Journey",
         "attribution_confidence": "low"},
        expect=422,
    )  # fmt: skip
    assert refused["errors"][0]["field"] == "address"
    number = investigator.post(
        f"{case}/wallets",
        {"chain": "localdev", "address": address, "role": "subject", "attribution_source": "Journey",
         "attribution_confidence": "low"},
    )["number"]  # fmt: skip
    wallet = f"{case}/wallets/{number}"

    # The balance arrives from the node, to the last unit, and follows a transfer exactly.
    read = eventually(lambda: (b := native(investigator.get(wallet)))["state"] == "ok" and b)
    assert int(read["amount"]) == installation.balance(address) == 1_234_567_890_123_456_789
    first_block = read["block_height"]
    installation.send(address, 11)
    investigator.post(f"{wallet}/refresh")
    read = eventually(lambda: (b := native(investigator.get(wallet)))["block_height"] > first_block and b)
    assert int(read["amount"]) == installation.balance(address) == 1_234_567_890_123_456_800
    block = installation.rpc("eth_getBlockByNumber", hex(read["block_height"]), False)
    assert read["block_hash"] == block["hash"]

    # An order with a duty, verified and accepted by the right people.
    now = datetime.now(UTC)
    order = investigator.post(
        f"{case}/orders",
        {
            "instrument": "seizure_warrant",
            "issuing_authority": "Journey court",
            "agency_reference": "JOURNEY-API-1",
            "jurisdiction": "US",
            "legal_basis": "18 USC 981(b)",
            "scope": "The wallet.",
            "issued_at": (now - timedelta(days=2)).isoformat(),
            "served_at": (now - timedelta(days=1)).isoformat(),
            "received_at": (now - timedelta(days=1)).isoformat(),
            "due_at": (now + timedelta(days=5)).isoformat(),
            "duties": [
                {
                    "kind": "freeze",
                    "text": "Hold the wallet.",
                    "due_at": (now + timedelta(days=4)).isoformat(),
                }
            ],
        },
    )
    order_path = f"{case}/orders/{order['number']}"
    investigator.post(f"{order_path}/move", {"to": "verifying"})
    investigator.post(
        f"{order_path}/verify",
        {"authentic": True, "method": "call_back", "contact": "Registry", "contact_source": "Its site"},
    )
    investigator.post(f"{order_path}/move", {"to": "in_review"})
    investigator.post(f"{order_path}/move", {"to": "accepted", "reason": "I say so"}, expect=403)
    counsel.post(f"{order_path}/move", {"to": "accepted", "reason": "In order"})

    # A freeze: proposed by one, never approved by the same, approved by another, applied, confirmed.
    duty = order["obligations"][0]["number"]
    freeze = approver.post(
        f"{case}/freezes",
        {"wallet": number, "obligation": duty, "scope": "address", "reason": "Ordered.",
         "amounts": [{"asset": native(investigator.get(wallet))["asset"]}]},
    )  # fmt: skip
    own = approver.post(f"{case}/freezes/{freeze['number']}/approve", expect=422)
    assert "proposed" in own["detail"].lower() or "proposed" in str(own).lower()
    approver.post(f"{case}/freezes/{freeze['number']}/cancel", {"reason": "Another colleague proposes."})
    freeze = investigator.post(
        f"{case}/freezes",
        {"wallet": number, "obligation": duty, "scope": "address", "reason": "Ordered.",
         "amounts": [{"asset": native(investigator.get(wallet))["asset"]}]},
    )  # fmt: skip
    freeze_path = f"{case}/freezes/{freeze['number']}"
    investigator.post(f"{freeze_path}/approve", expect=403)
    assert approver.post(f"{freeze_path}/approve", {"comment": "Compared."})["status"] == "approved"
    investigator.post(f"{freeze_path}/apply")
    investigator.post(f"{freeze_path}/applied", {"applied_at": datetime.now(UTC).isoformat()})
    confirmed = investigator.post(f"{freeze_path}/confirm", {"confirmation": "Ticket 7"})
    assert confirmed["status"] == "confirmed"
    assert confirmed["amounts"][0]["applied"]["amount"] == "1234567890123456800"
    assert investigator.get(order_path)["status"] == "complied"

    # The matter is shared; the liaison exports it herself and takes the PDF.
    assert liaison.get(case, expect=404) == liaison.get("cases/0000-0000-0", expect=404)
    who = next(
        person
        for person in investigator.get(f"{case}/shares/liaisons")["items"]
        if person["name"] == liaison.name
    )
    investigator.post(
        f"{case}/shares", {"order": order["number"], "liaison": who["id"], "purpose": "Her own order"}
    )
    matter = next(
        row for row in liaison.get("matters")["items"] if row["agency_reference"] == "JOURNEY-API-1"
    )
    export = liaison.post(f"matters/{matter['reference']}/exports")
    path = f"matters/{matter['reference']}/exports/{export['reference']}"
    ready = eventually(lambda: (e := liaison.get(path))["status"] in ("ready", "failed") and e, seconds=120)
    assert ready["status"] == "ready", ready
    pdf = liaison.get(f"{path}/file")
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    flat = re.sub(r"[\s\u202f\u00a0,]", "", text)
    assert "1.2345678901234568" in flat
    assert str(read["block_height"]) in flat
    for name in (investigator.name, approver.name):
        assert re.sub(r"\s", "", name) in flat, name
    assert reference not in text
    assert "Journey by API" not in text
    assert "Journeycourt" in flat

    # What was done stands in the record, and the record holds.
    actions = [entry["action"] for entry in investigator.get(f"{case}/chronology?limit=50")["items"]]
    for action in ("case.opened", "wallet.attached", "freeze.approved", "matter.shared", "export.downloaded"):
        assert action in actions, action


def test_the_same_key_does_the_same_thing_once(program: Callable[..., Program]) -> None:
    investigator = program("investigator")
    body = {"title": "Once", "typology": "other", "classification": "internal"}
    key = {"Idempotency-Key": secrets.token_hex(16)}
    first = investigator.http.post("cases", json=body, headers=key)
    second = investigator.http.post("cases", json=body, headers=key)
    assert first.status_code == second.status_code == 201
    assert first.json()["reference"] == second.json()["reference"]
    assert investigator.http.post("cases", json=body).status_code == 400
