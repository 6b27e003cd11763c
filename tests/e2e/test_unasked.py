"""What an origin says before it is asked, to a real door: nobody's answer, over TLS too."""

import contextlib
import os
import re
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tests.e2e.conftest import PATIENCE, Door

UNASKED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nUNASKD"
ROUNDS = 5


class Origin:
    """Answers each request with its path. connections: those that are open."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.connections: list[socket.socket] = []
        self._all: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listening.accept()
                self._threads.append(
                    threading.Thread(target=self._serve, args=(sock,), daemon=True)
                )
                self._threads[-1].start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(sock.close)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what it says comes at once
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
                stack.callback(sock.close)
            self.connections.append(sock)
            self._all.append(sock)
            asked = b""
            while data := sock.recv(65536):
                asked += data
                while b"\r\n\r\n" in asked:
                    head, _, asked = asked.partition(b"\r\n\r\n")
                    path = head.split(b" ")[1]
                    size = b"%d" % len(path)
                    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: " + size + b"\r\n\r\n" + path)

    def close(self) -> None:
        self._listening.close()
        for each in self._all:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)


@pytest.fixture(params=["http", "https"])
def origin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Origin, str]]:
    """An origin, and what a route leads to it by."""
    if request.param == "http":
        made = Origin(None)
        yield made, f'"http://127.0.0.1:{made.port}"'
    else:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        made = Origin(context)
        tls = f'{{ ca = "{tmp_path}/ca.pem" }}'
        yield made, f'{{ to = "https://localhost:{made.port}", tls = {tls} }}'
    made.close()


def answered(client: socket.socket) -> bytes:
    """Status and body of one answer."""
    got = b""
    while not (found := re.search(rb"(?si)^HTTP/1.1 (\d+).*content-length: (\d+)\r\n", got)) or (
        len(got.partition(b"\r\n\r\n")[2]) < int(found[2])
    ):
        data = client.recv(65536)
        assert data, got
        got += data
    return found[1] + b" " + got.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("ends", [False, True], ids=["speaks", "ends"])
def test_what_comes_on_a_kept_connection_while_requests_wait_is_nobodys_answer_and_none_is_lost(
    door: Callable[..., Door], origin: tuple[Origin, str], ends: bool
) -> None:
    far, to = origin
    made = door(f'workers = 1\n[routes]\n"*" = {to}\n')
    (worker,) = made.workers
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", made.port), PATIENCE))
            for _ in range(4)
        ]
        for round_ in range(ROUNDS):
            clients[0].sendall(b"GET /warm HTTP/1.1\r\nHost: a\r\n\r\n")
            assert answered(clients[0]) == b"200 /warm"
            os.kill(worker, signal.SIGSTOP)  # so that all that follows comes in one turn
            try:
                time.sleep(0.02)
                for number, client in enumerate(clients):
                    method = b"POST" if number % 2 else b"GET"
                    path = b"/%d/%d" % (round_, number)
                    fields = b" HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
                    client.sendall(method + b" " + path + fields)
                for each in far.connections:
                    with contextlib.suppress(OSError):
                        each.shutdown(socket.SHUT_RDWR) if ends else each.sendall(UNASKED)
                far.connections.clear()
                time.sleep(0.02)
            finally:
                os.kill(worker, signal.SIGCONT)
            got = [answered(client) for client in clients]
            assert got == [b"200 /%d/%d" % (round_, number) for number in range(4)]
