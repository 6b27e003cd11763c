"""A real door before an origin that notes all it gets: hosts of which one place is protected, each
by another word, and the requests of the corpus, over sockets, in both versions of HTTP."""

import base64
import re
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import time

import bcrypt

from tests.access.corpus import CLOSED, HOST, Field
from tests.access.readers import may_be_protected
from tests.e2e.conftest import Door
from tests.smuggling.strict import Request
from tests.support import h2_frames as wire
from tests.support.site import Site, written
from tests.support.tokens import SECRET, claims, signed

__all__ = ["ALLOWED", "PROTECTED", "WAYS", "Stage", "Way", "as_message", "as_streams", "harm_of"]

PATIENCE = 10.0
ALLOWED = "127.0.0.9"
"""Who may come in where an address decides."""
PROTECTED = b"/protected"
PASSWORD, KEY = "correct-horse", "pk_of_the_partner_and_of_nobody_else_at_all"
EVIL = ((b"Origin", b"https://evil.test"), (b"Sec-Fetch-Site", b"cross-site"))
_NOBODY = ', deny = ["0.0.0.0/0"]'
_TOLD = re.compile(rb"x.forwarded.user|x.email|x.original.url|x.rewrite.url")
"""Names, in every spelling, that only the door may say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One word that protects. word: of the route. sends: with each request of the corpus. shown:
    what lets in. method: of requests. source: the address of who may come in. target: what leads
    in. spent: whether one request has to be let in first, and no other is. wide: whether it stands
    at the site, names the place itself, and lets nobody in."""

    word: str
    sends: tuple[Field, ...] = ()
    shown: tuple[Field, ...] = ()
    method: bytes = b"GET"
    source: str = "127.0.0.1"
    target: bytes = CLOSED
    spent: bool = False
    wide: bool = False

    @property
    def tells(self) -> bool:
        """Whether the origin hears who came in."""
        return "auth" in self.word


def _token() -> bytes:
    now = time()
    payload = claims(exp=now + 600, iat=now)
    return signed(SECRET.encode(), "HS256", payload=payload)


_FIELDS = 'fields = { X-Email = "user" }'
_DIGEST = sha256(KEY.encode()).hexdigest()
_BASIC = base64.b64encode(f"ann:{PASSWORD}".encode())
_HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
WAYS: dict[str, Way] = {
    "basic": Way(
        word=f'auth = {{ basic = {{ ann = "{_HASH}" }}, {_FIELDS} }}',
        shown=((b"Authorization", b"Basic " + _BASIC),),
    ),
    "keys": Way(
        word=f'auth = {{ keys = {{ ann = "sha256:{_DIGEST}" }}, {_FIELDS} }}',
        shown=((b"X-Api-Key", KEY.encode()),),
    ),
    "jwt": Way(
        word=f'auth = {{ jwt = {{ secret = "${{SIGNING}}", audience = "door" }}, {_FIELDS} }}',
        shown=((b"Authorization", b"Bearer " + _token()),),
    ),
    "deny": Way(word='deny = ["127.0.0.0/29"]', source=ALLOWED),
    "allow": Way(word=f'allow = ["{ALLOWED}"]', source=ALLOWED),
    "limit": Way(word='limit = "1/h per client"', source=ALLOWED, spent=True),
    "internal": Way(word="internal = true", target=b"/get/a.txt"),
    "block": Way(word='block = [{ path = "/protected/*" }]', wide=True),
    "csrf": Way(
        word="csrf = true",
        sends=EVIL,
        shown=((b"Origin", b"http://HOST"), (b"Sec-Fetch-Site", b"same-origin")),
        method=b"POST",
    ),
}


class Stage:
    """armed: with the words that protect, or without. A context manager."""

    def __init__(self, folder: Path, *, armed: bool) -> None:
        self.site = Site(_answer)
        lines = ['listen = ["127.0.0.1:0"]', "workers = 1", "h2c = true", "log = false", "[routes]"]
        to = f'to = "127.0.0.1:{self.site.port}"'
        lines.append(f'"open.test" = {{ {to}, accel = true }}')
        lines.append(f'"method.test" = {{ {to} }}')
        lines.append(f'"DELETE method.test" = {{ {to}{_NOBODY * armed} }}')
        for name, way in WAYS.items():
            word = f", {way.word}" if armed and not way.wide else ""
            lines.append(f'"{name}.test" = {{ {to}, accel = true }}')
            lines.append(f'"{name}.test/protected/*" = {{ {to}, accel = true{word} }}')
            lines.append(f'"{name}.test/moved/*" = {{ {to}, rewrite = "/moved{{path}}" }}')
            lines.append(f'"{name}.test/cut/*" = {{ {to}, strip = true }}')
        if armed:
            wide = [(name, way.word) for name, way in WAYS.items() if way.wide]
            lines += [f'[site."{name}.test"]\n{word}' for name, word in wide]
        self.door = Door(folder, "\n".join(lines) + "\n", environ={"SIGNING": SECRET})

    def __enter__(self) -> "Stage":
        self.site.__enter__()
        self.door.wait_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.door.stop()
        self.site.__exit__(None, None, None)

    def reached(self, send: Callable[[], object]) -> list[Request]:
        """What comes to the origin by this."""
        before = len(self.site.asked)
        send()
        return self.site.asked[before:]

    def sends(self, host: bytes, message: bytes, source: str = "127.0.0.1") -> bytes:
        """Bytes of HTTP/1 on a connection of their own. Returns all that is answered."""
        with self._connected(source) as sock, suppress(ConnectionError):
            sock.sendall(message.replace(HOST, host))
            sock.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: sock.recv(65536), b""))
        return b""

    def streams(
        self, host: bytes, heads: Iterable[tuple[Field, ...]], source: str = "127.0.0.1"
    ) -> list[int]:
        """Each head on a connection of HTTP/2, until the door has refused a whole connection.
        Returns the statuses; 0 where the stream was reset."""
        waiting, found = list(heads), []
        while waiting:
            with self._connected(source) as sock, suppress(ConnectionError):
                sock.sendall(wire.PREFACE + wire.settings(ack=True))
                frames = wire.Frames()
                number = 1
                while waiting:
                    head = waiting.pop(0)
                    sock.sendall(wire.headers(number, [_filled(each, host) for each in head]))
                    status = _status(sock, frames, number)
                    found.append(max(status, 0))
                    if status < 0:
                        break
                    number += 2
        return found

    def _connected(self, source: str) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.door.port), PATIENCE, (source, 0))


def _filled(field: Field, host: bytes) -> Field:
    return field[0], field[1].replace(HOST, host)


def _status(sock: socket.socket, frames: wire.Frames, number: int) -> int:
    """Of the answer on a stream, whole; 0: reset, -1: the connection is over."""
    status = 0
    while data := sock.recv(65536):
        for frame in frames.read(data):
            if frame.kind == wire.GOAWAY:
                return -1
            if frame.stream != number:
                continue
            if frame.kind == wire.RESET:
                return 0
            status = status or frame.status
            if frame.ends:
                return status
    return -1


def _answer(request: Request) -> bytes:
    """The origin sends `/get/x` on to what is protected, and answers all else."""
    path = request.target.partition(b"?")[0]
    fields: tuple[Field, ...] = ()
    if path.startswith(b"/get/"):
        fields = ((b"x-accel-redirect", b"/protected/" + path[5:]),)
    return written(request, 200, fields, b"the origin")


def as_message(way: Way, target: bytes, fields: Iterable[Field], method: bytes = b"") -> bytes:
    """A request of HTTP/1."""
    lines = [b"%b %b HTTP/1.1" % (method or way.method, target), b"Host: HOST"]
    lines += [b"%b: %b" % each for each in fields]
    if (method or way.method) == b"POST":
        lines.append(b"Content-Length: 0")
    return b"\r\n".join([*lines, b"", b""])


def as_streams(
    way: Way, requests: Iterable[tuple[bytes, tuple[Field, ...]]]
) -> list[tuple[Field, ...]]:
    """Heads of HTTP/2 for (target, fields)."""
    return [
        (
            (b":method", way.method),
            (b":scheme", b"http"),
            (b":authority", HOST),
            (b":path", target),
            *((name.lower(), value) for name, value in fields),
        )
        for target, fields in requests
    ]


def harm_of(requests: Iterable[Request]) -> list[str]:
    """What of that an origin should not have got from one who has shown nothing."""
    found = []
    for each in requests:
        if may_be_protected(each.target, PROTECTED) and each.values(b"host") != [b"open.test"]:
            found.append(f"the target {each.target!r}")
        for name, value in (*each.fields, *each.trailers):
            if _TOLD.fullmatch(name):
                found.append(f"{name!r}: {value!r}")
    return found
