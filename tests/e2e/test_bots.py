"""A real door against what scanners ask for: no spelling passes, by either version of HTTP."""

import signal
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tests.e2e.conftest import PATIENCE, Client, Door, asked
from tests.smuggling.strict import Request
from tests.support.block_tricks import TRICKS
from tests.support.h2_socket import H2Socket
from tests.support.site import Site, written

AUTHORITY = trustme.CA()
GET = b"GET %b HTTP/1.1\r\nHost: a.test\r\n%b\r\n"
SEEN = b"the origin has seen it"


def respond(request: Request) -> bytes:
    return written(request, 200, ((b"content-type", b"text/plain"),), SEEN)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(respond) as made:
        yield made


@pytest.fixture
def running(door: Callable[..., Door], site: Site, tmp_path: Path) -> Door:
    pair = tmp_path / "pair.pem"
    AUTHORITY.issue_cert("a.test").private_key_and_cert_chain_pem.write_to_path(pair)
    return door(
        'listen = ["127.0.0.1:0", "https://127.0.0.1:0"]\nworkers = 1\nlog = { format = "json" }\n'
        'block = ["scanners", { path = "/private/*" }, { body = "re:union.{1,20}select" }, '
        '{ path = "/quiet/*", log = false }]\n'
        f'[routes]\n"*" = "127.0.0.1:{site.port}"\n'
        f'"*/slow/*" = {{ to = "127.0.0.1:{site.port}", tarpit = 1 }}\n'
        f'[site."a.test"]\ncert = "{pair}"\nkey = "{pair}"\n'
    )


def test_no_spelling_passes(running: Door, site: Site) -> None:
    assert len(TRICKS) >= 60
    passes = [each for each in TRICKS if SEEN in asked(running, GET % (each, b""))]
    assert not passes
    assert not site.asked
    assert SEEN in asked(running, GET % (b"/environment", b"")), "it can be told"


def test_nor_by_http_2(running: Door, site: Site) -> None:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    for target in TRICKS:
        with H2Socket(running.ports[1], context) as client:
            number = client.asks(target)
            answer = client.answers[number]
            client.until(
                lambda answer=answer: answer.ended or answer.reset is not None or client.aways
            )
    assert not site.asked
    with H2Socket(running.ports[1], context) as client:
        assert SEEN in client.answered(client.asks(b"/environment")).body, "it can be told"


def test_nor_by_a_field_that_some_origins_take_for_the_path(running: Door, site: Site) -> None:
    for name in (b"X-Original-URL", b"X-Rewrite-URL"):
        for path in (b"/.env", b"/%2eenv", b"/x/../private/y?z"):
            assert asked(running, GET % (b"/", name + b": " + path + b"\r\n"))[9:10] == b"4"
    assert not site.asked


def test_the_log_names_the_rule(running: Door) -> None:
    asked(running, GET % (b"/private/x", b""))
    running.wait_until(lambda: "block: path /private/*" in running.log, "the line")
    assert "http_request_denied" in running.log


def test_a_rule_may_have_no_lines(running: Door) -> None:
    assert asked(running, GET % (b"/quiet/x", b"")).startswith(b"HTTP/1.1 403 ")
    asked(running, GET % (b"/private/x", b""))
    running.wait_until(lambda: "/private/x" in running.log, "the line")
    assert "/quiet" not in running.log


def test_no_body_passes_that_a_rule_finds_however_it_is_cut(running: Door, site: Site) -> None:
    for body in (b"q=1 UNION all SELECT 2", b"q=1+union%20all+%73elect", b'"union\\u0020x select"'):
        head = b"POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % len(body)
        for cut in (0, 7, len(body) - 1):
            client = Client(running)
            client.send(head + body[:cut])
            time.sleep(0.02)  # so that it is two pieces
            client.send(body[cut:])
            status, _, answer = client.read_answer()
            assert (status, SEEN in answer) == (403, False), (body, cut)
            client.close()
    assert not site.asked


def test_a_tarpit_holds_one_and_answers_all_others_at_once(running: Door) -> None:
    request = GET % (b"/slow/.env", b"")
    held = Client(running)
    held.send(request)
    head = held.read_head()
    assert head.startswith(b"HTTP/1.1 404 ")
    assert b"content-length: 60" in head.lower()
    began = time.monotonic()
    for _ in range(5):
        assert asked(running, request).startswith(b"HTTP/1.1 404 ")
    assert time.monotonic() - began < 5
    held.read_bytes(2)  # one came with the head, the next a second later
    assert time.monotonic() - began > 0.5
    held.close()


def test_a_stop_waits_for_no_tarpit(running: Door) -> None:
    held = Client(running)
    held.send(GET % (b"/slow/.env", b""))
    held.read_head()
    began = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    assert len(held.read_rest()) == 60
    assert running.process.wait(PATIENCE) == 0
    assert time.monotonic() - began < 10, "it waited for a minute"
    held.close()


def test_by_http_2_a_tarpit_holds_one_stream_and_others_go_on(running: Door) -> None:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    with H2Socket(running.ports[1], context) as client:
        slow = client.answers[client.asks(b"/slow/.env")]
        client.until(lambda: slow.body)
        assert client.answered(client.asks(b"/slow/.env")).status == 404
        assert SEEN in client.answered(client.asks(b"/slow/a")).body
        assert not slow.ended
        client.until(lambda: len(slow.body) > 1)
    with H2Socket(running.ports[1], context) as client:
        again = client.answers[client.asks(b"/slow/.env")]
        client.until(lambda: again.body)
        assert not again.ended, "there is room again, for the first has left"
