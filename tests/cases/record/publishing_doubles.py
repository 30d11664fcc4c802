"""A strict witness and a strict time-stamp service (openssl's own `ts -reply`), on loopback."""

import base64
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cases.audit.tree import notes
from cases.audit.tree.keys import key_hash, public_bytes

TSA = """
[ tsa ]
default_tsa = one
[ one ]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = yes
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@dataclass
class Server:
    """What was asked, and how it is answered: `status` other than 200 is answered without a body."""

    url: str = ""
    status: int = 200
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)


@contextmanager
def _serving(answer: type[BaseHTTPRequestHandler], server: Server) -> Iterator[Server]:
    listening = ThreadingHTTPServer(("127.0.0.1", 0), answer)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{listening.server_port}/add?key=hush-hush"
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


def _handler(
    server: Server, media_type: str, reply: Callable[[bytes], bytes]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.asked.append((self.path, self.headers["Content-Type"], body))
            status = server.status if self.headers["Content-Type"].startswith(media_type) else 415
            answer = reply(body) if status == 200 else b""
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: object) -> None:
            """Nothing on the terminal."""

    return Handler


@dataclass
class Witness(Server):
    """Signs every checkpoint that is one, by its own key; `signs_other` makes it sign another text."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    signs_other: bool = False

    @property
    def verifier(self) -> str:
        public = public_bytes(self.key)
        named = key_hash("witness.test", public).hex()
        return f"witness.test+{named}+{base64.b64encode(bytes([1]) + public).decode()}"

    def reply(self, body: bytes) -> bytes:
        note = notes.read(body.decode())
        signed = self.key.sign(b"another text" if self.signs_other else note.text)
        raw = key_hash("witness.test", public_bytes(self.key)) + signed
        return f"— witness.test {base64.b64encode(raw).decode()}\n".encode()


@contextmanager
def witness() -> Iterator[Witness]:
    """A witness that listens."""
    one = Witness()
    with _serving(_handler(one, "text/plain", one.reply), one):
        yield one


@dataclass
class TimeStamps(Server):
    """A real time-stamp authority: openssl signs. `certificate` is its own root, as PEM."""

    folder: Path = Path()
    replay: bytes = b""

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def reply(self, body: bytes) -> bytes:
        if self.replay:
            return self.replay
        query, answer = self.folder / "query.tsq", self.folder / "answer.tsr"
        query.write_bytes(body)
        _openssl(
            "ts", "-reply", "-config", "tsa.conf", "-queryfile", query, "-out", answer, folder=self.folder
        )
        return answer.read_bytes()


def _openssl(*arguments: object, folder: Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=folder)


@contextmanager
def time_stamps(folder: Path) -> Iterator[TimeStamps]:
    """A time-stamp service that listens, with keys and certificates of its own made in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tsa.conf").write_text(TSA.format(folder=folder))
    (folder / "serial").write_text("01\n")
    usage = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
    (folder / "tsa.ext").write_text(usage + "extendedKeyUsage=critical,timeStamping\n")
    _openssl(
        *(
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-days",
            "30",
        ),
        *("-subj", "/CN=Test root", "-addext", "keyUsage=critical,keyCertSign"),
        folder=folder,
    )
    _openssl(
        *(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "tsa.key",
            "-out",
            "tsa.csr",
            "-subj",
            "/CN=Test TSA",
        ),
        folder=folder,
    )
    _openssl(
        *("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out"),
        *("tsa.pem", "-days", "30", "-extfile", "tsa.ext"),
        folder=folder,
    )
    one = TimeStamps(folder=folder)
    with _serving(_handler(one, "application/timestamp-query", one.reply), one):
        yield one
