"""Certificates that are got when a client asks for them: a real authority, real clients."""

import contextlib
import http.server
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.conftest import Door, children
from tests.support.pebble import Pebble

pytestmark = pytest.mark.system


class Service:
    """Who is asked: yes to what begins with "yes". asked: all that came; most: at once."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.most = self._now = 0
        self.wait = 0.0
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                with service.lock:
                    service._now += 1
                    service.most = max(service.most, service._now)
                    service.asked.append((query["domain"][0], query["client"][0]))
                time.sleep(service.wait)  # a service that takes its time
                with service.lock:
                    service._now -= 1
                is_yes = query["domain"][0].startswith("yes")
                self.send_response(200 if is_yes else 404)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/ask"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.asked]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.close()


def config(pebble: Pebble, ask: str, routes: str = '"*" = "respond:204"') -> str:
    return f"""\
listen = ["127.0.0.1:{pebble.http_port}", "https://127.0.0.1:{pebble.tls_port}"]
workers = 2
log = "file:requests.log"
[acme]
directory = "{pebble.directory}"
ca = "{pebble.ca}"
on_demand = "{ask}"
[routes]
"shop.localhost" = "respond:204"
{routes}
"""


def get(port: int, name: str, root: bytes | None, timeout: float = 20.0) -> bytes:
    """The first line that a client is answered, who verifies the certificate against `root`."""
    context = ssl.create_default_context(cadata=root.decode() if root else None)
    if root is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=timeout) as sock,
        context.wrap_socket(sock, server_hostname=name) as secured,
    ):
        secured.sendall(b"GET / HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % name.encode())
        return secured.recv(1000).partition(b"\r\n")[0]


def refusal(port: int, name: str) -> str:
    """Why a handshake fails, as OpenSSL calls it."""
    try:
        get(port, name, None)
    except ssl.SSLError as error:
        return str(error.reason)
    except OSError as error:
        return type(error).__name__
    return ""


def at_once(count: int, work: Any) -> list[Any]:
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as error:
            found.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return found


NO_NAME = "TLSV1_UNRECOGNIZED_NAME"


def test_a_client_waits_and_is_served(door, pebble: Pebble, service: Service) -> None:
    started = door(config(pebble, service.url))
    port, root = pebble.tls_port, pebble.root()
    assert get(port, "yes.shop.example", root) == b"HTTP/1.1 204 No Content"
    assert service.asked == [("yes.shop.example", "127.0.0.1")]
    for _ in range(10):  # by either worker
        get(port, "yes.shop.example", root)
    assert (len(service.asked), pebble.certificates) == (1, 1)
    assert "yes.shop.example has a certificate of 127.0.0.1" in started.errors
    with contextlib.closing(socket.create_connection(("127.0.0.1", pebble.http_port))) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: yes.shop.example\r\nConnection: close\r\n\r\n")
        assert sock.recv(1000).startswith(b"HTTP/1.1 204")
    started.wait_until(lambda: "yes.shop.example" in started.porch("certs").stdout, "its line")


def test_a_refused_name_gets_the_alert_and_is_not_asked_for_again(
    door, pebble: Pebble, service: Service
) -> None:
    started = door(config(pebble, service.url))
    for _ in range(3):
        assert refusal(pebble.tls_port, "no.shop.example") == NO_NAME
    assert service.names == ["no.shop.example"]
    for name in ("a.b.c.d.e.f.g.h.i.j.example", "shop.test", "yes_1.example", "shop"):
        refusal(pebble.tls_port, name)
    assert service.names == ["no.shop.example"]
    assert pebble.certificates == 0
    assert "no.shop.example" not in (started.folder / "requests.log").read_text()


def test_ten_clients_at_once_cause_one_question_and_one_order(
    door, pebble: Pebble, service: Service
) -> None:
    door(config(pebble, service.url, '"*.shop.example" = "respond:204"'))
    port, root = pebble.tls_port, pebble.root()
    service.wait = 0.3
    found = at_once(10, lambda: get(port, "yes.shop.example", root))
    assert found == [b"HTTP/1.1 204 No Content"] * 10
    assert (service.names, pebble.certificates) == (["yes.shop.example"], 1)
    refusal(port, "yes.other.example")
    refusal(port, "yes.deep.shop.example")
    assert service.names == ["yes.shop.example"]


def test_after_a_restart_it_is_served_at_once_and_without_a_question(
    door, pebble: Pebble, service: Service
) -> None:
    started = door(config(pebble, service.url))
    port, root = pebble.tls_port, pebble.root()
    get(port, "yes.shop.example", root)
    started.stop()
    service.asked.clear()
    again = Door(started.folder, started.file.read_text(encoding="utf-8"))
    try:
        again.wait_ready()
        for _ in range(10):
            get(port, "yes.shop.example", root)
    finally:
        again.stop()
    assert (service.asked, pebble.certificates) == ([], 1)


HANGS = """\
import threading


def ask(name, client):
    if name.startswith("yes"):
        return True
    threading.Event().wait()
"""


def test_a_function_that_hangs_is_a_no_and_hinders_nobody(
    door, pebble: Pebble, tmp_path: Path
) -> None:
    started = door(config(pebble, "py:own_ask:ask"), ready=False)
    (started.folder / "own_ask.py").write_text(HANGS)
    started.wait_ready()
    port, root = pebble.tls_port, pebble.root()
    found: list[tuple[str, float]] = []

    def hang() -> None:
        since = time.monotonic()
        found.append((refusal(port, "no.shop.example"), time.monotonic() - since))

    waits = threading.Thread(target=hang)
    waits.start()
    assert get(port, "yes.shop.example", root) == b"HTTP/1.1 204 No Content"
    waits.join()
    ((why, seconds),) = found
    assert why == NO_NAME
    assert 9 < seconds < 14
    assert "acme.on_demand took more than 10 s for no.shop.example" in started.errors
    assert started.stop() == 0


def test_the_brakes_hold_and_are_told(door, pebble: Pebble, service: Service) -> None:
    started = door(config(pebble, service.url))
    port, root = pebble.tls_port, pebble.root()
    for number in range(10):
        get(port, f"yes{number}.shop{number}.example", root)
    assert refusal(port, "yes.shop.example") == NO_NAME
    assert pebble.certificates == 10
    assert "10 certificates within a minute are enough; yes.shop.example" in started.errors
    assert get(port, "yes1.shop1.example", root) == b"HTTP/1.1 204 No Content"


def test_a_flood_of_names_is_asked_in_small_parts_and_leaves_who_is_served_alone(
    door, pebble: Pebble, service: Service
) -> None:
    door(config(pebble, service.url))
    port, root = pebble.tls_port, pebble.root()
    get(port, "yes.shop.example", root)
    service.wait = 0.1
    context = ssl.create_default_context(cadata=root.decode())
    slowest = 0.0
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as sock,
        context.wrap_socket(sock, server_hostname="yes.shop.example") as secured,
    ):
        is_over = threading.Event()
        flood = threading.Thread(target=_flood, args=(port, is_over))
        flood.start()
        while not is_over.is_set():
            since = time.monotonic()
            secured.sendall(b"GET / HTTP/1.1\r\nHost: yes.shop.example\r\n\r\n")
            assert secured.recv(1000).startswith(b"HTTP/1.1 204")
            slowest = max(slowest, time.monotonic() - since)
            is_over.wait(0.01)
        flood.join()
    assert 2 < service.most <= 32
    assert len(service.asked) > 100
    assert slowest < 1


def _flood(port: int, is_over: threading.Event) -> None:
    """500 clients, each for another name; what they are told is read by nobody."""
    context = ssl.create_default_context()
    waiting = []
    for number in range(500):
        given, said = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(given, said, server_hostname=f"no{number}.shop{number}.example")
        with contextlib.suppress(ssl.SSLWantReadError):
            client.do_handshake()
        sock = socket.create_connection(("127.0.0.1", port), timeout=20)
        sock.sendall(said.read())
        waiting.append(sock)
    refused = [sock.recv(100).endswith(b"\x70") for sock in waiting]
    for sock in waiting:
        sock.close()
    is_over.set()
    assert all(refused)


def test_a_worker_that_dies_while_clients_wait_is_made_up_for(
    door, pebble: Pebble, service: Service
) -> None:
    started = door(config(pebble, service.url))
    port, root = pebble.tls_port, pebble.root()
    service.wait = 1.0

    def patiently() -> bytes:
        for _ in range(10):
            with contextlib.suppress(OSError):
                return get(port, "yes.shop.example", root)
            time.sleep(0.2)  # as a person who comes again
        return b""

    def kill() -> None:
        started.wait_until(lambda: service.asked, "the question")
        os.kill(children(started.process.pid)[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    found = at_once(6, patiently)
    killer.join()
    assert found == [b"HTTP/1.1 204 No Content"] * 6
    assert pebble.certificates == 1


def test_a_command_renews_one_and_all_workers_show_it(
    door, pebble: Pebble, service: Service
) -> None:
    started = door(config(pebble, service.url))
    port = pebble.tls_port
    get(port, "yes.shop.example", pebble.root())
    before = _shown(port, "yes.shop.example")
    assert started.porch("certs", "renew", "yes.shop.example").returncode == 0
    started.wait_until(
        lambda: all(_shown(port, "yes.shop.example") != before for _ in range(10)), "the new one"
    )
    assert len(service.asked) == 1


def _shown(port: int, name: str) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as sock,
        context.wrap_socket(sock, server_hostname=name) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


def test_a_reload_while_clients_wait_keeps_none_of_them(
    door, pebble: Pebble, service: Service
) -> None:
    started = door(config(pebble, service.url))
    port, root = pebble.tls_port, pebble.root()
    service.wait = 1.0
    found: list[bytes] = []
    clients = [
        threading.Thread(target=lambda: found.append(get(port, "yes.shop.example", root)))
        for _ in range(4)
    ]
    for each in clients:
        each.start()
    started.wait_until(lambda: service.asked, "the question")
    started.write(config(pebble, service.url) + '"new.localhost" = "respond:204"\n')
    assert started.reload() == ""
    for each in clients:
        each.join()
    assert found == [b"HTTP/1.1 204 No Content"] * 4
    assert pebble.certificates == 1
