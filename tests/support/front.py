"""A front before pebble: what it lacks (ARI, profiles), and answers that it would not give.

It forwards with the Host that it was asked for, so that pebble takes it for itself: addresses in
answers lead back here, and signatures over them hold.
"""

import base64
import contextlib
import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.pebble import Pebble


class Front:
    """windows: the answer to renewalInfo, see `suggest`. said: path and payload of each POST.
    refusals: by path, answers to give instead of pebble's, each once."""

    def __init__(self, pebble: Pebble) -> None:
        self.pebble = pebble
        self.port = 0
        self.said: list[tuple[str, dict[str, object]]] = []
        self.asked: list[str] = []
        self.refusals: list[tuple[str, int, dict[str, object], dict[str, str]]] = []
        self.answer: tuple[int, dict[str, object], dict[str, str]] = (404, {}, {})
        self.profiles: dict[str, str] = {}

    @property
    def directory(self) -> str:
        """The URL to set."""
        return f"https://127.0.0.1:{self.port}/dir"

    def suggest(self, start: str, end: str, retry_after: str = "21600") -> None:
        """Answer renewalInfo with this window."""
        window = {"suggestedWindow": {"start": start, "end": end}}
        said = window | {"explanationURL": "https://ca.example/why"}
        self.answer = (200, said, {"retry-after": retry_after})

    def refuse(self, path: str, status: int, problem: dict[str, object], **headers: str) -> None:
        """Answer the next POST there so."""
        self.refusals.append((path, status, problem, headers))

    def orders(self) -> list[dict[str, object]]:
        """What was asked for."""
        return [payload for path, payload in self.said if path == "/order-plz"]


class _Handler(BaseHTTPRequestHandler):
    """Of one connection."""

    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        front = self.server.front
        if self.path.startswith("/renewal-info/"):
            front.asked.append(self.path.removeprefix("/renewal-info/"))
            status, said, headers = front.answer
            return self._reply(status, json.dumps(said).encode(), headers)
        return self._forward(b"")

    def do_HEAD(self) -> None:
        self._forward(b"")

    def do_POST(self) -> None:
        front = self.server.front
        body = self.rfile.read(int(self.headers["content-length"]))
        front.said.append((self.path, _payload(body)))
        for refusal in front.refusals:
            path, status, problem, headers = refusal
            if path == self.path:
                front.refusals.remove(refusal)
                given = {"content-type": "application/problem+json"} | {
                    key.replace("_", "-"): value for key, value in headers.items()
                }
                return self._reply(status, json.dumps(problem).encode(), given)
        return self._forward(body)

    def _forward(self, body: bytes) -> None:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.server.pebble_port, context=self.server.trusting, timeout=10
        )
        headers = {
            key: value
            for key, value in self.headers.items()
            if key.lower() not in ("connection", "accept-encoding")
        }
        connection.request(self.command, self.path, body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
        if self.path == "/dir":
            content = self._with_what_it_lacks(content)
        kept = {
            key: value
            for key, value in answer.getheaders()
            if key.lower() not in ("content-length", "connection", "date", "transfer-encoding")
        }
        connection.close()
        self._reply(answer.status, content, kept)

    def _with_what_it_lacks(self, content: bytes) -> bytes:
        front = self.server.front
        directory = json.loads(content)
        directory["renewalInfo"] = f"https://127.0.0.1:{front.port}/renewal-info"
        directory["meta"]["profiles"] = front.profiles
        return json.dumps(directory).encode()

    def _reply(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, front: Front) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        pebble = front.pebble
        folder = Path(pebble.ca).parent
        self.front = front
        self.pebble_port = int(pebble.directory.split(":")[2].split("/")[0])
        self.trusting = ssl.create_default_context(cafile=str(pebble.ca))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        front.port = self.server_address[1]


@contextlib.contextmanager
def before(pebble: Pebble) -> Iterator[Front]:
    """One that runs until the end of the block."""
    front = Front(pebble)
    server = _Server(front)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield front
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _payload(jws: bytes) -> dict[str, object]:
    payload = str(json.loads(jws)["payload"])
    if not payload:
        return {}
    found: dict[str, object] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return found
