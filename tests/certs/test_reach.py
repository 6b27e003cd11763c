"""What answers on a port, with real sockets on loopback."""

import contextlib
import errno
import ipaddress
import socket
from collections.abc import Iterator

import pytest

from porch import clock
from porch.certs import reach
from porch.certs.reach import Reached, Visit, knock, visit
from tests.support.answering import Conversation, answering, says, silent
from tests.support.ports import free_port

HERE = ipaddress.ip_address("127.0.0.1")


def order(port: int, **more: object) -> Visit:
    wanted: dict[str, object] = {
        "name": "www.example.com",
        "address": HERE,
        "port": port,
        "token": "porch-preflight-x",
        "timeout": 2.0,
    }
    return Visit(**wanted | more)  # type: ignore[arg-type]


def seen(what: Conversation, **more: object) -> tuple[Reached, int]:
    with answering(what) as (port, _):
        return visit(order(port, **more)), port


@contextlib.contextmanager
def deaf() -> Iterator[int]:
    """A port that takes no connection and refuses none, as behind a firewall that drops."""
    with socket.socket() as server, contextlib.ExitStack() as stack:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def test_a_port_that_accepts_is_open() -> None:
    with answering(silent) as (port, _):
        found = knock(order(port)).finding
    assert found.what == f"port {port}"
    assert found.state == "ok"
    assert found.sentence == f"port {port} of 127.0.0.1 accepts connections"


@pytest.mark.parametrize("how", [knock, visit])
def test_a_port_where_nothing_listens_refuses(how: object) -> None:
    port = free_port()
    found = how(order(port)).finding  # type: ignore[operator]
    assert found.state == "fail"
    assert found.sentence == (
        f"port {port} of 127.0.0.1 refuses connections: nothing listens there. Start Porch, or"
        " forward the port to it"
    )


@pytest.mark.parametrize("how", [knock, visit])
def test_a_port_that_drops_is_given_up_in_time(how: object) -> None:
    with deaf() as port:
        since = clock.monotonic()
        found = how(order(port, timeout=0.1)).finding  # type: ignore[operator]
        assert clock.monotonic() - since < 1
    assert found.state == "fail"
    assert "does not answer within 0.1 s, as if a firewall drops it" in found.sentence
    assert f"Let port {port} in" in found.sentence


@pytest.mark.parametrize("code", [errno.ENETUNREACH, errno.EHOSTUNREACH])
def test_no_way_there_says_nothing_about_the_internet(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, "no way")

    monkeypatch.setattr(reach.socket, "create_connection", refuse)
    found = visit(order(80)).finding
    assert found.state == "warn"
    assert found.sentence == (
        "this machine has no way to port 80 of 127.0.0.1, so what answers there cannot be told"
        " from here"
    )


def test_any_other_reason_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(reach.socket, "create_connection", refuse)
    assert knock(order(80)).finding.sentence == (
        "port 80 of 127.0.0.1 cannot be connected to: operation not permitted"
    )


def test_the_expected_answer_is_ours_and_is_asked_for_as_an_authority_does() -> None:
    with answering(says("200 OK", b"token.thumb\n")) as (port, heads):
        found = visit(order(port, expected=b"token.thumb"))
    assert found.is_ours
    assert found.finding.state == "ok"
    assert found.finding.sentence == (
        f"port {port} of 127.0.0.1 leads to this door; whether it does so from the internet as"
        " well cannot be told from here"
    )
    assert heads[0].startswith(b"GET /.well-known/acme-challenge/porch-preflight-x HTTP/1.1\r\n")
    assert b"\r\nhost: www.example.com\r\n" in heads[0]


def test_an_answer_in_chunks_is_read() -> None:
    def chunked(sock: socket.socket, _: bytes) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n")

    assert seen(chunked, expected=b"ab")[0].is_ours


@pytest.mark.parametrize(
    ("status", "body", "fields", "who"),
    [
        ("404 Not Found", b"", ("server: nginx",), "(404, nginx)"),
        ("200 OK", b"other", (), "(200)"),
        ("500 Oh", b"mine", ("server: a\x07b",), "(500, ab)"),
    ],
)
def test_anything_but_the_expected_answer_is_somebody_else_s(
    status: str, body: bytes, fields: tuple[str, ...], who: str
) -> None:
    found, port = seen(says(status, body, *fields), expected=b"mine")
    assert not found.is_ours
    assert found.finding.state == "fail"
    assert found.finding.sentence == (
        f"something else answers on port {port} of 127.0.0.1 {who}. Stop it, or have it forward"
        " /.well-known/acme-challenge/ to Porch"
    )


def test_without_an_expected_answer_a_404_is_as_it_should_be_but_proves_nothing() -> None:
    found, port = seen(says("404 Not Found"))
    assert found.finding.state == "ok"
    assert not found.is_ours
    assert found.finding.sentence == (
        f"port {port} of 127.0.0.1 answers HTTP (404); whether that is this door, and whether the"
        " internet reaches it, cannot be told from here"
    )


def test_who_answers_everything_would_answer_the_authority_too() -> None:
    found, _ = seen(says("200 OK", b"<html>", "server: Apache"))
    assert found.finding.state == "fail"
    assert "answers even a challenge that nobody knows (200, Apache)" in found.finding.sentence


@pytest.mark.parametrize("expected", [None, b"mine"])
@pytest.mark.parametrize(
    "location",
    [
        "https://other.example.net/",
        "//other.example.net/",
        "https://www.example.com:8443/",
        "http://[bad",
    ],
)
def test_a_redirect_elsewhere_is_said_with_where_to(location: str, expected: bytes | None) -> None:
    found, port = seen(says("301 Moved", b"", f"location: {location}"), expected=expected)
    assert found.finding.state == "fail"
    assert found.finding.sentence == (
        f"port {port} of 127.0.0.1 redirects the authority elsewhere, to {location}. Have"
        " /.well-known/acme-challenge/ answered without a redirect"
    )


@pytest.mark.parametrize("location", ["https://www.example.com/x", "/x", "//WWW.example.com:443/"])
def test_a_redirect_to_the_same_name_is_followed_but_not_from_here(location: str) -> None:
    found, _ = seen(says("308 Moved", b"", f"location: {location}"), expected=b"mine")
    assert found.finding.state == "warn"
    assert f"to {location}; it follows, but what answers there was not" in found.finding.sentence


def test_silence_after_the_request_is_given_up_in_time() -> None:
    since = clock.monotonic()
    found, port = seen(silent, timeout=0.1)
    assert clock.monotonic() - since < 1
    assert found.finding.state == "fail"
    assert found.finding.sentence == (
        f"port {port} of 127.0.0.1 accepts a connection, but gives no answer within 0.1 s. Is it"
        " Porch that listens there, and is it overloaded?"
    )


def test_an_answer_that_drips_is_given_up_in_time() -> None:
    def drip(sock: socket.socket, _: bytes) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\n")
        sock.settimeout(0.02)
        while True:
            sock.sendall(b"a: b\r\n")
            with contextlib.suppress(TimeoutError):
                if not sock.recv(1):
                    return

    since = clock.monotonic()
    found, _ = seen(drip, timeout=0.15)
    assert clock.monotonic() - since < 1
    assert "gives no answer within 0.15 s" in found.finding.sentence


@pytest.mark.parametrize(
    "words",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_speaks_no_http_is_said_to(words: bytes) -> None:
    found, port = seen(lambda sock, _: sock.sendall(words), expected=b"mine")
    assert found.finding.state == "fail"
    assert f"port {port} of 127.0.0.1" in found.finding.sentence
    assert not found.is_ours


def test_where_this_machine_may_see_another_thing_trouble_is_a_warning_with_its_reason() -> None:
    found = visit(order(free_port(), trouble="warn", because="; but who knows")).finding
    assert found.state == "warn"
    assert found.sentence.endswith("forward the port to it; but who knows")


def test_an_ipv6_address_is_said_as_in_a_url() -> None:
    port = free_port()
    found = knock(order(port, address=ipaddress.ip_address("::1"))).finding
    assert f"port {port} of [::1]" in found.sentence
