"""A strict double of an XRP Ledger server (XRPLF/xrpl-dev-portal, docs/references/http-websocket-apis; never seen live).

It keeps validated ledgers with accounts and trust lines, answers JSON-RPC as rippled or as Clio does, and remembers what
it does not know.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.wallets.doubles import Exchange

RIPPLE_EPOCH = 946_684_800


def ledger_hash(index: int) -> str:
    return f"{index:016X}" + "AB" * 24


@dataclass
class Ledger:
    """`accounts`: address to AccountRoot fields. `lines`: account to its trust lines, as `account_lines` shows them."""

    index: int
    close_time: int
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    validated: bool = True

    @property
    def hash(self) -> str:
        return ledger_hash(self.index)


def line(peer: str, currency: str, balance: str, **more: Any) -> dict[str, Any]:
    return {
        "account": peer,
        "balance": balance,
        "currency": currency,
        "limit": "1000000000",
        "limit_peer": "0",
        "no_ripple": True,
        "no_ripple_peer": False,
        "quality_in": 0,
        "quality_out": 0,
        **more,
    }


@dataclass
class Rippled:
    """The server. `page` is how many trust lines it looks through for one page, as the real one does before `peer`
    filters them, so that a page may be empty although more follow.
    """

    ledgers: list[Ledger] = field(default_factory=list)
    transactions: dict[str, dict[str, Any]] = field(default_factory=dict)
    network_id: int | None = 0
    is_clio: bool = False
    page: int = 400
    unexpected: list[Any] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    before: Callable[[str], None] = lambda method: None

    def close(self) -> Ledger:
        """A new validated ledger with the state of the last one."""
        last = self.ledgers[-1]
        self.ledgers.append(
            Ledger(
                last.index + 1,
                last.close_time + 4,
                {name: dict(root) for name, root in last.accounts.items()},
                {name: [dict(one) for one in lines] for name, lines in last.lines.items()},
            )
        )
        return self.ledgers[-1]

    def __call__(self, exchange: Exchange) -> None:
        call = json.loads(exchange.body())
        (params,) = call["params"]
        self.asked.append({"method": call["method"], **params})
        self.before(call["method"])
        result = getattr(self, f"_{call['method']}", self._unknown)(params)
        if "error" in result:
            result = {**result, "request": {"command": call["method"], **params}, "status": "error"}
        else:
            result = {**result, "status": "success"}
        exchange.reply(200, json.dumps({"result": result}).encode(), Content_Type="application/json")

    def _unknown(self, params: dict[str, Any]) -> dict[str, Any]:
        self.unexpected.append(params)
        return {"error": "unknownCmd", "error_code": 32, "error_message": "Unknown method."}

    def _find(self, params: dict[str, Any]) -> Ledger | None:
        if "ledger_hash" in params:
            return next((one for one in self.ledgers if one.hash == params["ledger_hash"]), None)
        if params.get("ledger_index") == "validated":
            return [one for one in self.ledgers if one.validated][-1]
        return next((one for one in self.ledgers if one.index == params.get("ledger_index")), None)

    @staticmethod
    def _about(ledger: Ledger) -> dict[str, Any]:
        return {"ledger_hash": ledger.hash, "ledger_index": ledger.index, "validated": ledger.validated}

    _MISSING = {"error": "lgrNotFound", "error_code": 21, "error_message": "ledgerNotFound"}

    def _server_info(self, params: dict[str, Any]) -> dict[str, Any]:
        info: dict[str, Any] = {
            "build_version": "1.12.0",
            "complete_ledgers": "32570-82521761",
            "io_latency_ms": 1,
            "load_factor": 1,
            "server_state": "full",
            "validated_ledger": {"age": 1, "base_fee_xrp": 0.00001, "reserve_base_xrp": 10},
        }
        if self.network_id is not None:
            info["network_id"] = self.network_id
        return {"info": info}

    def _ledger(self, params: dict[str, Any]) -> dict[str, Any]:
        found = self._find(params)
        if found is None:
            return self._MISSING
        return {
            **self._about(found),
            "ledger": {
                "account_hash": "6FD2916DDD574886EBCBAA1CE0048D94E5A57E13EA5DD7B0283A7AB63EBF0131",
                "close_flags": 0,
                "close_time": found.close_time,
                "close_time_resolution": 10,
                "closed": True,
                "ledger_hash": found.hash,
                "ledger_index": found.index,
                "total_coins": "99985738467416092",
            },
        }

    def _account_info(self, params: dict[str, Any]) -> dict[str, Any]:
        found = self._find(params)
        if found is None:
            return self._MISSING
        if params["account"] not in found.accounts:
            return self._no_account(found, params)
        return {
            **self._about(found),
            "account_data": {
                "Account": params["account"],
                "Flags": 0,
                "LedgerEntryType": "AccountRoot",
                "OwnerCount": 0,
                "Sequence": 6,
                **found.accounts[params["account"]],
            },
        }

    def _no_account(self, found: Ledger, params: dict[str, Any]) -> dict[str, Any]:
        error = {"error": "actNotFound", "error_code": 19, "error_message": "Account not found."}
        # Clio leaves out the ledger that it looked at; the request, repeated, still names it.
        return error if self.is_clio else {**error, **self._about(found), "account": params["account"]}

    def _account_lines(self, params: dict[str, Any]) -> dict[str, Any]:
        found = self._find(params)
        if found is None:
            return self._MISSING
        if params["account"] not in found.accounts:
            return self._no_account(found, params)
        lines = found.lines.get(params["account"], [])
        start = int(params.get("marker", "0,0").split(",")[0])
        end = start + min(self.page, params.get("limit", 200))
        answer = {
            **self._about(found),
            "account": params["account"],
            "lines": [
                one for one in lines[start:end] if one["account"] == params.get("peer", one["account"])
            ],
        }
        return answer if end >= len(lines) else {**answer, "marker": f"{end},0", "limit": params["limit"]}

    def _tx(self, params: dict[str, Any]) -> dict[str, Any]:
        if params["transaction"] not in self.transactions:
            return {"error": "txnNotFound", "error_code": 29, "error_message": "Transaction not found."}
        return {"hash": params["transaction"], **self.transactions[params["transaction"]]}
