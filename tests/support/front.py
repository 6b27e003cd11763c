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
from urllib.parse import urlsplit

from tests.support.pebble import Pebble


class Front:
    """answer: to renewalInfo, see `suggest`. asked: for which. said: path and payload of each POST.
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


class Handler(BaseHTTPRequestHandler):
    """One connection to the front of its server."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        if self.path.startswith("/renewal-info/"):
            self.server.front.asked.append(self.path.removeprefix("/renewal-info/"))
            status, said, headers = self.server.front.answer
            self._reply(status, json.dumps(said).encode(), headers)
        else:
            self._forward(b"")

    def do_HEAD(self) -> None:
        self._forward(b"")

    def do_POST(self) -> None:
        front = self.server.front
        body = self.rfile.read(int(self.headers["content-length"]))
        front.said.append((self.path, _payload(body)))
        refusal = next((each for each in front.refusals if each[0] == self.path), None)
        if refusal is None:
            self._forward(body)
            return
        front.refusals.remove(refusal)
        _, status, problem, headers = refusal
        given = {key.replace("_", "-"): value for key, value in headers.items()}
        given["content-type"] = "application/problem+json"
        self._reply(status, json.dumps(problem).encode(), given)

    def _forward(self, body: bytes) -> None:
        front = self.server.front
        with contextlib.closing(self.server.connection()) as connection:
            hop = ("connection", "accept-encoding")
            kept = {key: value for key, value in self.headers.items() if key.lower() not in hop}
            connection.request(self.command, self.path, body or None, kept)
            answer = connection.getresponse()
            content = answer.read()
        if self.path == "/dir":
            directory = json.loads(content)
            directory["renewalInfo"] = f"https://127.0.0.1:{front.port}/renewal-info"
            directory["meta"]["profiles"] = front.profiles
            content = json.dumps(directory).encode()
        own = ("content-length", "connection", "date", "transfer-encoding")
        self._reply(
            answer.status,
            content,
            {key: value for key, value in answer.getheaders() if key.lower() not in own},
        )

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


class Server(ThreadingHTTPServer):
    """Listens for a front, by TLS."""

    daemon_threads = True

    def __init__(self, front: Front) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.front = front
        folder = front.pebble.ca.parent
        self._trusting = ssl.create_default_context(cafile=str(front.pebble.ca))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        front.port = self.server_address[1]

    def connection(self) -> http.client.HTTPSConnection:
        """To pebble."""
        port = urlsplit(self.front.pebble.directory).port
        return http.client.HTTPSConnection("127.0.0.1", port, context=self._trusting, timeout=10)


@contextlib.contextmanager
def before(pebble: Pebble) -> Iterator[Front]:
    """One that runs until the end of the block."""
    front = Front(pebble)
    server = Server(front)
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
