"""The challenge of a real door: solved by a program and by a browser, and by nobody otherwise."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Client, Door
from tests.e2e.test_browser import Browser
from tests.smuggling.strict import Request
from tests.support.h2_socket import H2Socket
from tests.support.site import Site, written
from tests.support.solving import puzzle_in, solve

SHOWN = b"this is the shop"
HTML = b"Accept: text/html\r\n"


@pytest.fixture
def site() -> Iterator[Site]:
    def respond(request: Request) -> bytes:
        fields = ((b"content-type", b"text/html"), (b"cache-control", b"max-age=60"))
        return written(request, 200, fields, SHOWN)

    with Site(respond) as made:
        yield made


@pytest.fixture
def running(door: Callable[..., Door], site: Site) -> Door:
    return door(
        'listen = ["127.0.0.1:0"]\nworkers = 2\nlog = { format = "json" }\nh2c = true\n'
        'trust = ["127.0.0.1"]\ncache_store = { memory = true }\n'
        "[routes]\n"
        f'"*" = {{ to = "127.0.0.1:{site.port}", cache = true, challenge = true }}\n'
        f'"*/load/*" = {{ to = "127.0.0.1:{site.port}", challenge = "load" }}\n'
    )


def ask(
    running: Door, fields: bytes = HTML, client: bytes = b"192.0.2.1"
) -> tuple[int, bytes, bytes]:
    """As a client of this address, which a proxy in front tells."""
    request = b"GET /a HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: %b\r\n%b\r\n"
    opened = Client(running)
    try:
        return opened.send(request % (client, fields)).read_answer()
    finally:
        opened.close()


def passed(running: Door) -> bytes:
    """A pass for 192.0.2.1, as a field."""
    status, _, body = ask(running)
    assert status == 403
    status, head, _ = ask(running, b"X-Porch-Proof: " + solve(*puzzle_in(body)) + b"\r\n")
    assert status == 204, head
    found = re.search(rb"(?i)set-cookie: (porch-pass=[^;]+);", head)
    assert found is not None, head
    return HTML + b"Cookie: " + found[1] + b"\r\n"


def test_a_pass_is_got_by_work_and_holds_for_all_workers_and_over_a_reload(
    running: Door, site: Site
) -> None:
    shown = passed(running)
    assert not site.asked
    for _ in range(8):  # whichever worker takes it
        assert ask(running, shown)[2] == SHOWN
    running.write((running.folder / "porch.toml").read_text().replace("max-age", "x") + "\n")
    running.reload()
    assert ask(running, shown)[2] == SHOWN


def test_it_holds_at_no_other_address_and_what_is_cached_is_for_nobody_else(
    running: Door, site: Site
) -> None:
    shown = passed(running)
    assert ask(running, shown)[2] == SHOWN
    assert ask(running, shown, b"192.0.2.77")[2] == SHOWN  # of the same network
    assert ask(running, shown, b"198.51.100.1")[0] == 403
    status, head, body = ask(running)
    assert (status, SHOWN in body) == (403, False), "though the cache has it"
    assert b"cache-control: no-store" in head.lower()
    assert ask(running, b"")[0] == 403


def test_what_is_forged_is_refused(running: Door, site: Site) -> None:
    shown = passed(running)
    for forged in (shown.replace(b"porch-pass=", b"porch-pass=A"), shown[:-4] + b"AA\r\n"):
        assert ask(running, forged)[0] == 403
    for proof in (b"", b"A" * 28 + b".1", b"\xff.1"):
        assert ask(running, b"X-Porch-Proof: " + proof + b"\r\n")[0] in (400, 403)
    assert ask(running, HTML + b"User-Agent: Googlebot/2.1\r\n")[0] == 403
    assert not site.asked


def test_by_http_2_it_is_the_same(running: Door) -> None:
    with H2Socket(running.port) as client:
        number = client.asks(b"/a", (b"accept", b"text/html"))
        answer = client.answered(number)
        assert (answer.status, b"data-puzzle" in answer.body) == (403, True)
        proof = solve(*puzzle_in(answer.body))
        number = client.asks(b"/a", (b"x-porch-proof", proof))
        assert client.answered(number).status == 204


def test_by_load_nobody_is_asked_while_there_is_none(running: Door) -> None:
    opened = Client(running)
    opened.send(b"GET /load/a HTTP/1.1\r\nHost: a.test\r\n\r\n")
    assert opened.read_answer()[2] == SHOWN
    opened.close()


@pytest.mark.system
def test_a_browser_solves_it_by_itself(running: Door, site: Site, tmp_path: Path) -> None:
    """On plain HTTP under a name that is not this machine's own for it: no secure context."""
    (tmp_path / "home").mkdir()
    rule = f"--host-resolver-rules=MAP shop.test 127.0.0.1:{running.port}"
    browser = Browser(tmp_path / "home", rule, "--virtual-time-budget=60000")
    page = browser.show("http://shop.test/a")
    assert SHOWN.decode() in page.text, page
    assert len(site.asked) >= 1
