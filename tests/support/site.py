"""Site: an origin on a thread. A function makes its answers, and its requests are noted."""

import socketserver
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from tests.smuggling.strict import Fields, Malformed, Request, read_request

__all__ = ["Site", "written"]

PATIENCE = 15.0


class Site:
    """answer: the bytes of an answer to a whole request. asked: all of them, in order. A context
    manager.
    """

    def __init__(self, answer: Callable[[Request], bytes]) -> None:
        self._answer = answer
        self.asked: list[Request] = []
        site = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                site._serve(self)

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> "Site":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, handler: socketserver.BaseRequestHandler) -> None:
        data = b""
        handler.request.settimeout(PATIENCE)
        with suppress(OSError, Malformed):
            while received := handler.request.recv(65536):
                data += received
                while (request := read_request(data)) is not None:
                    data = data[request.size :]
                    self.asked.append(request)
                    handler.request.sendall(self._answer(request))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64


def written(request: Request, status: int, fields: Fields, body: bytes) -> bytes:
    """An answer to this request, with its length."""
    lines = [b"HTTP/1.1 %d X" % status]
    lines += [name + b": " + value for name, value in fields]
    if status not in (204, 304):
        lines.append(b"Content-Length: %d" % len(body))
    has_body = request.method != b"HEAD" and status not in (204, 304)
    return b"\r\n".join([*lines, b"", body if has_body else b""])
