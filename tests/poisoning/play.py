"""A case played at a real door: the origin of all cases, and the two who ask."""

import re
import socket
from typing import NamedTuple

from tests.poisoning.case import Case, Said
from tests.poisoning.corpus import CASES
from tests.smuggling.strict import Request, Response, read_response
from tests.support.site import Site, written

__all__ = ["Outcome", "Played", "outcome", "serving"]

PATIENCE = 10.0
_SITE = re.compile(rb"[xy](\d+)\.", re.I)
_OWN = frozenset((b"age", b"date", b"cache-status", b"x-request-id"))
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


def serving() -> Site:
    """The origin of all cases, which tells them apart by the host."""
    return Site(_answer)


def _answer(request: Request) -> bytes:
    host = request.values(b"host")[0]
    found = _SITE.match(host)
    said = CASES[int(found[1])].origin(request) if found else Said(body=b"no case", fields=())
    return said.raw or written(request, said.status, said.fields, said.body)


def outcome(case: Case, port: int, aside: int) -> Played:
    """Both sites of a case at the door at this port, and at this other one of it."""
    number = CASES.index(case)
    site = b"x%d.%b.test" % (number, case.door.encode())
    other = b"y" + site[1:]
    alone = _ask(case.then, other, port)
    first = [_ask(sent, site, aside if case.aside else port) for sent in case.first]
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
