"""A case played at a real door: the origin of all cases, and the two who ask."""

import contextlib
import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from typing import NamedTuple

from tests.poisoning.case import Case, Said
from tests.poisoning.corpus import CASES
from tests.smuggling.strict import Malformed, Request, Response, read_request, read_response

__all__ = ["Outcome", "Played", "outcome", "serving"]

PATIENCE = 10.0
_SITE = re.compile(rb"[xy](\d+)\.", re.I)
_OWN = frozenset((b"age", b"date", b"cache-status"))
"""Fields of an answer that are not the same in two of the same."""


class Outcome(NamedTuple):
    """What a client got."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes
    cache: bytes


class Played(NamedTuple):
    """first: what the one before got, each time. then: what the other got. alone: what the other
    gets at a site of the same kind where nobody was before him."""

    first: list[Outcome]
    then: Outcome
    alone: Outcome


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data = b""
        self.request.settimeout(PATIENCE)
        with contextlib.suppress(OSError, Malformed):
            while received := self.request.recv(65536):
                data += received
                while (request := read_request(data)) is not None:
                    data = data[request.size :]
                    self.request.sendall(_answer(request))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64


@contextlib.contextmanager
def serving() -> Iterator[int]:
    """The origin of all cases, which tells them apart by the host. Yields its port."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()


def _answer(request: Request) -> bytes:
    host = request.values(b"host")[0]
    found = _SITE.match(host)
    said = CASES[int(found[1])].origin(request) if found else Said(body=b"no case", fields=())
    if said.raw:
        return said.raw
    lines = [b"HTTP/1.1 %d X" % said.status]
    lines += [name + b": " + value for name, value in said.fields]
    if said.status != 304:
        lines.append(b"Content-Length: %d" % len(said.body))
    has_body = request.method != b"HEAD" and said.status != 304
    return b"\r\n".join([*lines, b"", said.body if has_body else b""])


def outcome(case: Case, port: int) -> Played:
    """Both sites of a case at the door at this port."""
    number = CASES.index(case)
    site = b"x%d.%b.test" % (number, case.door.encode())
    other = b"y" + site[1:]
    alone = _ask(case.then, other, port)
    first = [_ask(sent, site, port) for sent in case.first]
    then = _ask(case.then, site, port)
    renamed = then._replace(
        fields=tuple((name, value.replace(site, other)) for name, value in then.fields),
        body=then.body.replace(site, other),
    )
    return Played(first, renamed, alone)


def _ask(sent: bytes, site: bytes, port: int) -> Outcome:
    """One request on a connection of its own."""
    sent = sent.replace(b"UPSITE", site.upper()).replace(b"SITE", site)
    method = sent.partition(b" ")[0]
    got, ended = b"", False
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(sent)
        while (found := _whole(got, method, ended)) is None and not ended:
            received = connection.recv(65536)
            got += received
            ended = not received
    assert found is not None, f"no whole answer: {got!r}"
    fields = tuple(each for each in found.fields if each[0] not in _OWN)
    return Outcome(found.status, fields, found.body, b", ".join(found.values(b"cache-status")))


def _whole(got: bytes, method: bytes, ended: bool) -> Response | None:
    """The final answer, if it is there."""
    found = read_response(got, method, ended)
    while found is not None and found.status < 200:
        got = got[found.size :]
        found = read_response(got, method, ended)
    return found
