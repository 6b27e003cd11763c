"""What an authority connects to: small servers that show what `Answers` has."""

import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from porch.certs.answers import Answers
from porch.certs.challenges import ALPN

PLACE = "/.well-known/acme-challenge/"


@contextlib.contextmanager
def http(answers: Answers, port: int) -> Iterator[list[str]]:
    """A server for http-01. Yields the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            found = None
            if self.path.startswith(PLACE):
                found = answers.http_answer(self.path.removeprefix(PLACE))
            self.send_response(200 if found else 404)
            self.send_header("content-length", str(len(found or b"")))
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def tls(answers: Answers, port: int) -> Iterator[list[str]]:
    """A server for tls-alpn-01 (RFC 8737). Yields the names that were asked for."""
    asked: list[str] = []

    def choose(connection: ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> int | None:
        asked.append(name or "")
        found = answers.alpn_answer(name or "")
        if found is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        with tempfile.TemporaryDirectory() as folder:
            pair = Path(folder) / "pair.pem"
            pair.write_bytes(found[0] + found[1])
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pair)
        context.set_alpn_protocols([ALPN])
        connection.context = context
        return None

    base = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    base.set_alpn_protocols([ALPN])
    base.sni_callback = choose  # type: ignore[assignment]

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5)
                with base.wrap_socket(connection, server_side=True) as wrapped:
                    wrapped.recv(1)

    with socket.create_server(("127.0.0.1", port)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
