"""A reference receiver for Holdfast's connector: what the exchange's own system has to do, in its smallest form.

    CONNECTOR_SECRET=… HOLDFAST_REPORTS=https://holdfast.example.org/api/v1/connector/reports \
        python3 receiver.py --port 9000 --book book.json --sent sent/

Standard library only. It keeps one JSON file as its book: accounts with balances and holds, and the calls it has
answered. It checks signature and moment, does each call once by its key, and reports the result in a signed message of
its own, which it sends again (same ID, same body, new moment) until Holdfast has answered. The contract is in
../connector.md; take the shape from here, not the JSON file.

It sends no coins. A transfer is taken down and waits for the custody system, which says what it sent by writing a file
into the folder `--sent`: `CALL.json`, or `CALL.1.json` for the test and `CALL.2.json` for the rest, each with
`{"transactions": [{"asset", "txid", "fee", "is_test", "sent_at"}]}`, or `{"failed": "why nothing was sent"}`. Written
elsewhere and renamed into the folder, it is never read half.
"""

import argparse
import hashlib
import hmac
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WINDOW_SECONDS = 300
LONGEST_BODY = 1_048_576


def signature(secret: str, direction: str, timestamp: str, message_id: str, body: bytes) -> str:
    """`v1=` and HMAC-SHA256 over version, direction, moment and ID, a line each, and then the body."""
    signed = f"v1\n{direction}\n{timestamp}\n{message_id}\n".encode() + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


class Book:
    """Accounts, holds and calls, kept in one file that is replaced whole: a crash leaves the old one or the new one."""

    def __init__(self, path: Path) -> None:
        self.path, self.lock = path, threading.RLock()
        self.content: dict[str, Any] = {"accounts": {}, "calls": {}, "reports": []}
        if path.exists():
            self.content.update(json.loads(path.read_text(encoding="utf-8")))

    def save(self) -> None:
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(self.content, indent=1), encoding="utf-8")
        new.replace(self.path)

    def take(self, key: str, body: bytes) -> int:
        """Do the call unless it was done; returns the HTTP status. The result waits in `reports` to be sent."""
        digest = hashlib.sha256(body).hexdigest()
        with self.lock:
            known = self.content["calls"].get(key)
            if known is not None:
                # A call that comes again was not heard of: report again what is known of it, do nothing else.
                if known["digest"] == digest:
                    self.content["reports"].extend(known["told"])
                    self.save()
                return 202 if known["digest"] == digest else 409
            call = json.loads(body)
            self.content["calls"][key] = {"digest": digest, "call": call, "told": []}
            result = self.carry_out(call)
            if result is not None:
                self.tell(key, str(uuid.uuid4()), result)
            self.save()
            return 202

    def tell(self, key: str, message_id: str, result: dict[str, Any]) -> None:
        """Have a result of a call sent, under a message ID of its own."""
        report = {"id": message_id, "body": json.dumps(result)}
        self.content["calls"][key]["told"].append(report)
        self.content["reports"].append(report)

    def take_sent(self, path: Path) -> None:
        """Report what the custody system wrote of a transfer; once, though the file be found a second time."""
        key = path.name.split(".")[0]
        found = path.read_bytes()
        # Named by its content: after a crash between the book and the renaming it is the same message.
        message_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{path.name} {hashlib.sha256(found).hexdigest()}"))
        with self.lock:
            known = self.content["calls"].get(key)
            if known is None or known["call"]["type"] != "transfer":
                return
            if message_id not in {report["id"] for report in known["told"]}:
                said = json.loads(found)
                now = datetime.now(UTC).isoformat()
                result: dict[str, Any] = {"version": 1, "type": "result", "call": key, "at": now}
                if "failed" in said:
                    result |= {"result": "failed", "reason": said["failed"]}
                else:
                    result |= {"result": "done", "transactions": said["transactions"]}
                self.tell(key, message_id, result)
                self.save()
        path.rename(path.with_suffix(".told"))

    def carry_out(self, call: dict[str, Any]) -> dict[str, Any] | None:
        """The one place that touches accounts. Every result names its call and the moment at which it was so.

        None: it takes longer, and its result comes by `take_sent`.
        """
        now = datetime.now(UTC).isoformat()
        said: dict[str, Any] = {"version": 1, "type": "result", "call": call["call"], "at": now}
        number = call["target"].get("account", "")
        account = self.content["accounts"].get(number)
        if account is None:
            return {**said, "result": "failed", "reason": "There is no such account here."}
        holds = account.setdefault("holds", {})
        done = {**said, "result": "done", "reference": f"HOLD-{call['call'][:8]}"}
        holdings = {"account": number, "observed_at": now, "holdings": account["holdings"]}
        if call["type"] == "freeze":
            # Counted so that a test can see that a call that came twice set one hold.
            account["times_set"] = account.get("times_set", 0) + 1
            holds[call["freeze"]] = {"scope": call["scope"], "amounts": call["amounts"]}
            return {**done, "amounts": call["amounts"], "holdings": holdings}
        if call["type"] == "status":
            state = "frozen" if call["freeze"] in holds else "not_frozen"
            return {**done, "state": state, "holdings": holdings}
        if call["freeze"] not in holds:
            return {**said, "result": "failed", "reason": "There is no such hold here."}
        if call["type"] == "release":
            del holds[call["freeze"]]
            return done
        if call["type"] == "partial_release":
            for part in call["amounts"]:
                for held in holds[call["freeze"]]["amounts"]:
                    if held["asset"] == part["asset"] and held["amount"] is not None:
                        held["amount"] = str(int(held["amount"]) - int(part["amount"]))
            return {**done, "amounts": call["amounts"]}
        # Sending coins is the custody system's work: until that says what it sent, nothing is reported.
        return None


class Receiver(BaseHTTPRequestHandler):
    """POST from Holdfast: 202 once the call is in the book, 401 where it is not genuine, 409 for another body."""

    secret = ""
    book: Book

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LONGEST_BODY:
            self.answer(413)
            return
        body = self.rfile.read(length)
        key, moment = self.headers.get("Holdfast-Id", ""), self.headers.get("Holdfast-Timestamp", "")
        expected = signature(self.secret, "to-exchange", moment, key, body)
        given = self.headers.get("Holdfast-Signature", "")
        genuine = hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
        if not genuine or abs(time.time() - int(moment)) > WINDOW_SECONDS:
            self.answer(401)
            return
        self.answer(self.book.take(key, body))

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Quiet: a line per request would write who is looked at into a log."""


def report_all(book: Book, *, url: str, secret: str) -> None:
    """Send what waits, the oldest first. What Holdfast answered is done, whatever it answered; silence is tried again."""
    with book.lock:
        waiting = list(book.content["reports"])
    for report in waiting:
        body = report["body"].encode()
        moment = str(int(time.time()))
        request = urllib.request.Request(  # noqa: S310 (the URL is the operator's own setting)
            url,
            data=body,
            headers={
                "Content-Type": "application/json",
                "Holdfast-Id": report["id"],
                "Holdfast-Timestamp": moment,
                "Holdfast-Signature": signature(secret, "to-holdfast", moment, report["id"], body),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
                response.read()
        except urllib.error.HTTPError as error:
            if error.code >= 500 or error.code in {401, 408, 425, 429}:
                return
        except OSError:
            return
        with book.lock:
            book.content["reports"].remove(report)
            book.save()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=9000)
    options.add_argument("--book", type=Path, default=Path("book.json"))
    options.add_argument("--sent", type=Path, default=None)
    chosen = options.parse_args()
    Receiver.secret = os.environ["CONNECTOR_SECRET"]
    Receiver.book = Book(chosen.book)
    server = ThreadingHTTPServer((chosen.host, chosen.port), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"listening on {server.server_address[1]}\n")
    sys.stdout.flush()
    while True:
        for path in [] if chosen.sent is None else sorted(chosen.sent.glob("*.json")):
            Receiver.book.take_sent(path)
        report_all(Receiver.book, url=os.environ["HOLDFAST_REPORTS"], secret=Receiver.secret)
        time.sleep(0.2)


if __name__ == "__main__":
    main()
