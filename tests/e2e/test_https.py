"""HTTPS as clients see it: resumption, refusals, hosts that do not fit, and a flood of hellos."""

import contextlib
import os
import re
import signal
import socket
import ssl
import time
from collections.abc import Iterator

import pytest
import trustme

from tests.e2e.conftest import Door, clients_of
from tests.support.key_update import KeyUpdates
from tests.support.ports import free_port

AUTHORITY = trustme.CA()
HOSTS = ("a.test", "b.test")
GET = b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n"
ROUNDS = 3
"""Of what is measured: others use this machine too, and the best round is ours."""


@pytest.fixture
def secured(door, tmp_path):
    """Starts a door that serves HOSTS by HTTPS, on two workers; words: more of its file."""
    sites = {}
    for host in HOSTS:
        made = AUTHORITY.issue_cert(host, key_type=trustme.KeyType.ECDSA)
        file = tmp_path / f"{host}.pem"
        made.private_key_and_cert_chain_pem.write_to_path(file)
        sites[host] = f'[site."{host}"]\ncert = "{file}"\nkey = "{file}"\n'

    def start(top: str = "", site: str = "") -> Door:
        routes = "".join(f'"{host}" = "respond:204"\n' for host in HOSTS)
        listen = f'listen = ["https://127.0.0.1:{free_port()}", "127.0.0.1:0"]\n'
        text = f"{listen}workers = 2\nlog = false\n{top}[routes]\n{routes}"
        return door(text + sites["a.test"] + site + sites["b.test"])

    return start


def _context(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


@contextlib.contextmanager
def _connected(
    started: Door,
    name: str | None = "a.test",
    context: ssl.SSLContext | None = None,
    session: ssl.SSLSession | None = None,
) -> Iterator[ssl.SSLSocket]:
    context = context or _context()
    with (
        socket.create_connection(("127.0.0.1", started.ports[0]), timeout=10) as sock,
        context.wrap_socket(sock, server_hostname=name, session=session) as wrapped,
    ):
        yield wrapped


def _ask(sock: socket.socket, host: str = "a.test") -> bytes:
    """The head of the answer."""
    sock.sendall(GET % host.encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        data = sock.recv(65536)
        assert data, answer
        answer += data
    return answer.lower()


def _status(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


# --- resumption ------------------------------------------------------------------------------


def _visit(started: Door, context: ssl.SSLContext, session: ssl.SSLSession | None):
    """(whether it was resumed, by which worker, the session to come back with)."""
    with _connected(started, context=context, session=session) as sock:
        assert _status(_ask(sock)) == 204
        mine = sock.getsockname()[1]
        by = [pid for pid in started.workers if mine in clients_of(pid, started.ports[0])]
        return sock.session_reused, by, sock.session


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_resumed_by_either_worker_across_a_reload_and_a_crash(secured, version):
    started = secured()
    context = _context(version)
    is_resumed, _, session = _visit(started, context, None)
    assert not is_resumed
    for change in ("nothing", "reload", "crash"):
        if change == "reload":
            assert started.reload() == ""
        elif change == "crash":
            before = started.workers
            os.kill(before[0], signal.SIGKILL)
            started.wait_until(lambda: len({*started.workers} - {*before}) == 1, "another")  # noqa: B023
        seen = set()
        for _ in range(100):
            is_resumed, by, session = _visit(started, context, session)
            assert is_resumed, change
            seen |= {*by}
            if len(seen) == 2:
                break
        assert seen == {*started.workers}


def test_after_an_upgrade_the_keys_of_tickets_are_others_and_clients_begin_anew(secured):
    started = secured()
    context = _context()
    _, _, session = _visit(started, context, None)
    assert "upgraded" in started.porch("upgrade").stdout
    is_resumed, _, session = _visit(started, context, session)
    assert not is_resumed
    assert _visit(started, context, session)[0]


# --- who is served ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["c.test", None])
def test_who_names_no_host_of_the_door_is_shown_the_first_certificate_or_none(secured, name):
    started = secured()
    context = _context()
    context.check_hostname = False
    with _connected(started, name, context) as sock:
        assert ("DNS", "a.test") in sock.getpeercert()["subjectAltName"]
    strict = secured('unknown_name = "refuse"\n')
    with (
        pytest.raises(ssl.SSLError, match=r"(?i)unrecognized_name"),
        _connected(strict, name, context),
    ):
        pass
    with _connected(strict) as sock:
        assert _status(_ask(sock)) == 204


def test_modern_is_tls_1_3_alone_for_all_hosts_or_for_one(secured):
    old, new = _context(ssl.TLSVersion.TLSv1_2), _context(ssl.TLSVersion.TLSv1_3)
    for started, hosts in (
        (secured('tls_profile = "modern"\n'), HOSTS),
        (secured(site='tls_profile = "modern"\n'), ("a.test",)),
    ):
        for host in HOSTS:
            with _connected(started, host, new) as sock:
                assert _status(_ask(sock, host)) == 204
            refused = pytest.raises(ssl.SSLError, match=r"(?i)protocol.version")
            with (
                refused if host in hosts else contextlib.nullcontext(),
                _connected(started, host, old) as sock,
            ):
                assert _status(_ask(sock, host)) == 204


def test_a_request_for_a_host_that_the_certificate_is_not_for_is_421(secured):
    started = secured()
    with _connected(started) as sock:
        assert _status(_ask(sock, "a.test")) == 204
        assert _status(_ask(sock, "b.test")) == 421


def test_plain_http_to_a_port_for_https_is_told_so(secured):
    started = secured()
    with socket.create_connection(("127.0.0.1", started.ports[0]), timeout=10) as sock:
        sock.sendall(GET % b"a.test")
        answer = b""
        while data := sock.recv(65536):
            answer += data
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"This port speaks HTTPS; the URL begins with https://.\nrequest " in answer


def test_hsts_is_sent_over_https_alone(secured):
    started = secured(site='hsts = { max_age = "365d", subdomains = true }\n')
    with _connected(started) as sock:
        answer = _ask(sock)
    assert b"strict-transport-security: max-age=31536000; includesubdomains\r\n" in answer
    with _connected(started, "b.test") as sock:
        assert b"strict-transport-security" not in _ask(sock, "b.test")
    with socket.create_connection(("127.0.0.1", started.ports[1]), timeout=10) as sock:
        answer = _ask(sock)
    assert _status(answer) == 308
    assert b"strict-transport-security" not in answer


# --- a flood ---------------------------------------------------------------------------------


def _hello(name: str) -> bytes:
    to_client, from_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = _context().wrap_bio(to_client, from_client, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return from_client.read()


def test_a_flood_of_handshakes_that_come_to_nothing_keeps_nobody_waiting(secured):
    """2,000 clients say hello, half of them not to its end, and fall silent."""
    started = secured()
    hello = _hello("a.test")
    p99 = []
    with _connected(started) as served:
        while len(p99) < ROUNDS and not (p99 and p99[-1] < 0.1):
            took = []
            with contextlib.ExitStack() as stack:
                for number in range(2000):
                    sock = stack.enter_context(
                        socket.create_connection(("127.0.0.1", started.ports[0]), timeout=10)
                    )
                    sock.sendall(hello if number % 2 else hello[: len(hello) // 2])
                    if number % 5 == 0:
                        begun = time.perf_counter()
                        assert _status(_ask(served)) == 204
                        took.append(time.perf_counter() - begun)
            p99.append(sorted(took)[len(took) * 99 // 100])
    assert min(p99) < 0.1, p99
    assert not re.search("error|Traceback", started.errors)
    with _connected(started) as sock:
        assert _status(_ask(sock)) == 204


def _pour(sock: socket.socket, keys: KeyUpdates, asks: bool) -> None:
    for _ in range(5000):
        socket.socket.sendall(sock, b"".join(keys.update(asks=asks) for _ in range(50)))


@pytest.mark.parametrize("asks", [True, False])
def test_clients_that_change_their_keys_without_end_are_left(secured, tmp_path, asks):
    """TLS 1.3's KeyUpdate, 36 us each: a megabyte of them kept everybody waiting for a second."""
    started = secured()
    context = _context(ssl.TLSVersion.TLSv1_3)
    context.keylog_filename = str(tmp_path / "keys")
    with _connected(started) as served, _connected(started, context=context) as sock:
        keys = KeyUpdates(tmp_path / "keys")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            _pour(sock, keys, asks)
        assert _status(_ask(served)) == 204
    assert not re.search("error|Traceback", started.errors)
