"""Tricks that HTTP/2 alone has words for, at a real door: an origin of HTTP/1.1 never takes one
for another page's, and whoever comes next gets that page. Most are of "HTTP/2: The Sequel is Always
Worse", 2021.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.smuggling.proxies import Arguments, running_with
from tests.smuggling.strict import Request
from tests.support.h2_socket import H2Socket
from tests.support.handshake import client, files
from tests.support.site import Site, written
from tests.support.speaker import Answer

PATIENCE = 15.0
PAGE = b"<script src='//cdn.test/x.js'>"
FOR_ALL = (b"cache-control", b"public, max-age=600")
LIES = (b"x-forwarded-host", b"x-host", b"x-original-url", b"callback")

Field = tuple[bytes, bytes]


class Trick(NamedTuple):
    """fields: of the attacker's request; later ones of a name beside the usual, not for it. body:
    of that. is_refused: whether the origin sees nothing of it."""

    fields: tuple[Field, ...]
    body: bytes = b""
    is_refused: bool = True


TRICKS = {
    "another host beside the authority": Trick(((b"host", b"evil.test"),)),
    "an authority with a user": Trick(((b":authority", b"evil@a.test"),)),
    "an authority with a path": Trick(((b":authority", b"a.test/evil"),)),
    "a scheme with a host": Trick(((b":scheme", b"https://evil.test/?"),)),
    "another scheme": Trick(((b":scheme", b"http"),), is_refused=False),
    "a path with a space": Trick(((b":path", b"/page HTTP/1.1\r\nHost: evil.test\r\n\r\n"),)),
    "a path with a fragment": Trick(((b":path", b"/page#evil"),)),
    "a path that is a URL": Trick(((b":path", b"https://evil.test/page"),)),
    "a path that is empty": Trick(((b":path", b""),)),
    "a method with a line": Trick(((b":method", b"GET /evil HTTP/1.1\r\nX: y"),)),
    "a value with a line": Trick(((b"x-odd", b"a\r\nx-host: evil.test"),)),
    "a name with a line": Trick(((b"x-odd: a\r\nx-host", b"evil.test"),)),
    "a name with a colon": Trick(((b"x-host: evil.test", b"a"),)),
    "a name in capitals": Trick(((b"X-Host", b"evil.test"),)),
    "a coding of the transfer": Trick(((b"transfer-encoding", b"chunked"),), b"0\r\n\r\n"),
    "a field of the connection": Trick(((b"connection", b"x-tenant"),)),
    "an odd pseudo field": Trick(((b":host", b"evil.test"),)),
    "a status": Trick(((b":status", b"200"),)),
    "a length that is another": Trick(((b"content-length", b"3"),), b"callback=evil"),
    "a field that is in no key": Trick(((b"x-host", b"evil.test"),), is_refused=False),
    "a path that is in no key": Trick(((b"x-original-url", b"evil.test"),), is_refused=False),
    "a GET with a body": Trick((), b"callback=evil", is_refused=False),
}


def _answer(request: Request) -> bytes:
    """It believes all of these, and lets everybody keep what comes of it."""
    said = [value for name, value in request.fields if name in LIES[1:]]
    evil = next(iter(said), b"cdn.test")
    if b"callback=" in request.body:
        evil = request.body.partition(b"callback=")[2]
    return written(request, 200, (FOR_ALL,), b"<script src='//%b/x.js'>" % evil)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site(_answer) as started:
        yield started


@pytest.fixture(scope="module")
def port(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    def make(folder: Path, port: int, origin: int) -> Arguments:
        cert, key = files(folder, "*.a.test")
        file = folder / "porch.toml"
        file.write_text(
            f'listen = ["https://127.0.0.1:{port}"]\nworkers = 1\nlog = false\n'
            "cache_store = { memory = true }\n[routes]\n"
            f'"*.a.test" = {{ to = "127.0.0.1:{origin}", cache = true }}\n'
            f'[site."*.a.test"]\ncert = "{cert}"\nkey = "{key}"\n',
            encoding="utf-8",
        )
        return [sys.executable, "-m", "porch", "run", str(file)]

    with running_with(make, tmp_path_factory.mktemp("secured"), site.port) as found:
        yield found


@pytest.mark.parametrize("name", TRICKS)
def test_the_next_who_asks_gets_the_page(name: str, site: Site, port: int) -> None:
    trick = TRICKS[name]
    host = f"x{list(TRICKS).index(name)}.a.test"
    before = len(site.asked)
    with H2Socket(port, client(host), host) as attacker:
        _play(attacker, host.encode(), trick)
    assert trick.is_refused == (len(site.asked) == before)
    with H2Socket(port, client(host), host) as other:
        answer = other.answered(other.asks(b"/page"))
    assert (answer.status, answer.body) == (200, PAGE)


def _play(attacker: H2Socket, host: bytes, trick: Trick) -> None:
    """Send it, and wait for whatever comes of it."""
    usual = {b":method": b"GET", b":scheme": b"https", b":authority": host, b":path": b"/page"}
    others = [each for each in trick.fields if each[0] not in usual]
    usual.update(each for each in trick.fields if each[0] in usual)
    attacker.far.config.validate_outbound_headers = False
    attacker.far.config.normalize_outbound_headers = False
    number = attacker.far.get_next_available_stream_id()
    answer = attacker.answers[number] = Answer()
    attacker.far.send_headers(number, [*usual.items(), *others], end_stream=not trick.body)
    if trick.body:
        attacker.far.send_data(number, trick.body, end_stream=True)
    attacker.flush()
    while not (answer.ended or answer.reset is not None or attacker.ended or attacker.aways):
        assert attacker.read(PATIENCE)
