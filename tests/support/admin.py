"""An admin door by itself, in a thread, on real sockets, with what a test offers there."""

import asyncio
import hashlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from porch import clock
from porch.clock import Deadlines
from porch.config.administering import Administered, Key
from porch.exchange import Exchange
from porch.filter import Response
from porch.listen.address import ListenAddress
from porch.manage.admin.door import AdminDoor
from porch.manage.admin.offer import Caller, Offer, Offers, json_answer
from porch.manage.process import new_loop
from porch.observe.messages import Messages

__all__ = ["ANN", "DEE", "EVE", "HOST", "ROB", "Answered", "Opened", "asked", "settings"]

ANN, ROB, EVE = "ann-" + "a" * 40, "rob-" + "b" * 40, "eve-" + "c" * 40
"""Tokens of one who may do all, of one who looks, and of one who operates: none was drawn."""
DEE = "u5Wd2Vb0Qz8Xk4TmJc1RfY7n"
"""One that looks as if it was drawn, of another who looks."""
HOST = "localhost"
PATIENCE = 20.0


def settings(**words: Any) -> Administered:
    """What a door with these four holds to."""
    keys = tuple(
        Key(hashlib.sha256(token.encode()).digest(), name, role)  # type: ignore[arg-type]
        for token, name, role in (
            (ANN, "ann", "all"),
            (ROB, "rob", "read"),
            (EVE, "eve", "operate"),
            (DEE, "dee", "read"),
        )
    )
    hosts = frozenset((b"localhost", b"127.0.0.1"))
    return Administered(**{"listen": (), "keys": keys, "hosts": hosts} | words)


class Output:
    """Where the door's messages go. text: all of them."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, lines: bytes) -> None:
        self.text += lines.decode()

    def close(self) -> None:
        pass


class Answered:
    """status, fields (lower-case names, in order), body."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.raw = raw
        self.status = int(lines[0].split()[1]) if raw else 0
        self.fields = [
            (name.lower(), value.strip())
            for name, _, value in (line.partition(":") for line in lines[1:])
        ]

    def __repr__(self) -> str:
        return f"<{self.raw!r}>"

    def all(self, name: str) -> list[str]:
        """The values of a field."""
        return [value for each, value in self.fields if each == name]

    @property
    def json(self) -> Any:
        """The body as such."""
        return json.loads(self.body)


def asked(
    method: str,
    path: str,
    fields: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    host: str = HOST,
) -> bytes:
    """A request, the last of its connection."""
    pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
    if body and not any(
        name.lower() in ("content-length", "transfer-encoding") for name, _ in pairs
    ):
        pairs.append(("Content-Length", str(len(body))))
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in pairs]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Opened:
    """A context manager. changed: the callers and bodies that reached what changes something."""

    def __init__(self, given: Administered | None = None, offers: Offers | None = None) -> None:
        self.settings = given or settings()
        self.changed: list[tuple[Caller | None, bytes]] = []
        self.output = Output()
        self._offers = offers or {}
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Opened":
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        messages = Messages(self.output)
        deadlines = Deadlines()
        self.door = AdminDoor(self.settings, self.offers, deadlines, messages)
        sock = socket.create_server(("127.0.0.1", 0))
        sock.setblocking(False)
        self.port = sock.getsockname()[1]
        tls = self.settings.certificate is not None
        address = ListenAddress(host="127.0.0.1", port=self.port, tls=tls)
        self.door.listen({address: sock})
        self._ready.set()
        while not self._stop.is_set():
            clock.tick()
            deadlines.check()
            self.door.tick()
            await asyncio.sleep(0.02)
        self.door.close()
        messages.close()

    @property
    def offers(self) -> Offers:
        """A page, a state, and changes for either role, beside those of the test."""
        change = Offer(answer=self._change, needs="operate", changes=True, most=1000)
        return {
            b"/": {b"GET": Offer(answer=_page)},
            b"/v1/state": {b"GET": Offer(answer=_tell)},
            b"/v1/drain": {b"POST": change},
            b"/v1/stop": {b"POST": Offer(answer=self._change, needs="all", changes=True)},
            **self._offers,
        }

    def _change(self, exchange: Exchange, caller: Caller | None, body: bytes) -> Response:
        self.changed.append((caller, body))
        return json_answer(200, {"done": True})

    def within(self, call: Callable[[], Any]) -> Any:
        """Call it in the thread of the door."""
        found: list[Any] = []
        done = threading.Event()

        def run() -> None:
            found.append(call())
            done.set()

        self.loop.call_soon_threadsafe(run)
        assert done.wait(PATIENCE)
        return found[0]

    def connect(self, context: ssl.SSLContext | None = None) -> socket.socket:
        """A connection of a client."""
        sock = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        return sock if context is None else context.wrap_socket(sock, server_hostname=HOST)

    def send(self, raw: bytes, context: ssl.SSLContext | None = None) -> Answered:
        """All that comes for it, until the door closes."""
        with self.connect(context) as sock:
            sock.sendall(raw)
            return Answered(rest(sock))

    def ask(
        self,
        method: str,
        path: str,
        fields: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        token: str = "",
        host: str = HOST,
        context: ssl.SSLContext | None = None,
    ) -> Answered:
        """One request on a connection of its own."""
        pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
        if token:
            pairs.append(("Authorization", f"Bearer {token}"))
        return self.send(asked(method, path, pairs, body, host), context)

    def log_in(self, token: str = ANN, context: ssl.SSLContext | None = None) -> tuple[str, str]:
        """The cookie of a session, and its csrf."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.ask("POST", "/login", form, f"token={token}".encode(), context=context)
        assert answer.status == 303, answer
        (cookie,) = answer.all("set-cookie")
        pair = cookie.partition(";")[0]
        told = self.ask("GET", "/v1/session", {"Cookie": pair}, context=context)
        return pair, told.json["csrf"]


def rest(sock: socket.socket) -> bytes:
    """What comes until the end."""
    found = b""
    try:
        while data := sock.recv(65536):
            found += data
    except ConnectionResetError:
        pass
    return found


def _page(exchange: Exchange, caller: Caller | None, body: bytes) -> Response:
    return Response(200, [(b"content-type", b"text/html"), (b"cache-control", b"max-age=9")], b"hi")


def _tell(exchange: Exchange, caller: Caller | None, body: bytes) -> Response:
    assert caller is not None
    return json_answer(200, {"name": caller.name, "by": caller.kind, "role": caller.role})
