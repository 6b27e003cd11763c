"""One connection of the control socket: one request of HTTP/1.1, one answer of JSON.

Heads are read by the parser of all traffic, bodies have a Content-Length, and all of it has bounds
of time and size. It never waits: the supervisor has more to do.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from socket import SHUT_WR, socket
from typing import Protocol

from porch.errors import MethodNotAllowed, PorchError
from porch.http.h1 import HeadLimits
from porch.http.h1_request import RequestDecoder
from porch.http.message import RequestHead
from porch.manage.control.operating import Answer, Leave, Reply
from porch.manage.control.request import LONGEST, METHODS, Refused, read
from porch.manage.loop import Loop, Timer

__all__ = ["ControlConnection", "Operate", "encoded"]

LIMITS = HeadLimits(request_line=65536, head=65536 + 16384, fields=64)
"""The marks of many workers stand in a query."""
ASKING = 10.0
"""Seconds in which a question has come as a whole."""
TAKING = 30.0
"""Seconds in which an answer is taken."""
LEAVING = 1.0
"""Seconds for which what is still sent is thrown away, so that who sends it gets to read why."""
_AT_ONCE = 65536
_OF_PAGES = frozenset((b"origin", b"sec-fetch-site"))
"""What a browser says for a page, who reaches the socket by somebody's tunnel alone."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Operate(Protocol):
    """See Operating.operate."""

    def __call__(
        self,
        name: str,
        words: dict[str, object],
        who: str,
        if_match: Sequence[str],
        reply: Reply,
        sock: socket,
    ) -> Leave: ...


class ControlConnection:
    """sock: whoever asks is at its other end. who: that is. is_asked: the whole of the question is
    here."""

    def __init__(
        self,
        sock: socket,
        who: str,
        operate: Operate,
        loop: Loop,
        on_end: "Callable[[ControlConnection], None]",
    ) -> None:
        self.sock = sock
        self.is_asked = False
        self._who = who
        self._operate = operate
        self._loop = loop
        self._on_end = on_end
        self._decoder = RequestDecoder(LIMITS, b"http")
        self._head: RequestHead | None = None
        self._body = bytearray()
        self._out = b""
        self._is_left = False
        self._thrown = 0
        self._ended = self._is_answered = False
        self._on_left: Leave | None = None
        self._timer: Timer = loop.after(ASKING, self.end)
        loop.on_readable(sock, self._read)

    def _read(self) -> None:
        try:
            data = self.sock.recv(_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.end()
        elif not self.is_asked and not self._is_answered:
            self._take(data)
        else:  # there is one question a connection; what else is sent is thrown away
            self._thrown += len(data)
            if self._thrown > LONGEST:
                self.end()

    def _take(self, data: bytes) -> None:
        try:
            self._decode(data)
        except Refused as error:
            self._refuse(error)
        except PorchError as error:
            allow = METHODS if isinstance(error, MethodNotAllowed) else ""
            self._refuse(Refused(error.status, error.detail or error.sentence, allow))

    def _decode(self, data: bytes) -> None:
        """Raises PorchError or Refused."""
        piece = self._decoder.decode(data)
        while piece is not None:
            head, data, is_end = piece
            if isinstance(head, RequestHead):
                self._begin(head)
            self._body += data
            if is_end:
                self._ask()
                return
            piece = self._decoder.decode(b"") if self._decoder.rest else None

    def _begin(self, head: RequestHead) -> None:
        self._head = head
        if head.length is None:
            raise Refused(411, "a body has a Content-Length here, and no chunks")
        if head.length > LONGEST:
            raise Refused(413, f"a body has at most {LONGEST} bytes")
        if head.expect:
            with suppress(OSError):  # whoever has left is noticed when reading
                self.sock.send(_CONTINUE)

    def _ask(self) -> None:
        assert self._head is not None
        if any(name in _OF_PAGES for name, _ in self._head.fields):
            raise Refused(403, "no page of a browser may ask here; `admin` has one")
        asked = read(self._head, bytes(self._body))
        self.is_asked = True
        self._timer.cancel()
        name = asked.operation.name
        left = self._operate(name, asked.words, self._who, asked.if_match, self.reply, self.sock)
        self._on_left = left

    def await_answer(self) -> None:
        """The question came to the version before this one."""
        self.is_asked = True
        self._timer.cancel()

    def _refuse(self, error: Refused) -> None:
        self._is_left = True
        self._send(error.status, {"error": f"porch: {error.text}"}, "", error.allow)

    def reply(self, status: int, answer: Answer, etag: str) -> None:
        """See operating.Reply."""
        self._send(status, answer, etag)

    def _send(self, status: int, answer: Answer, etag: str, allow: str = "") -> None:
        if self._ended or self._is_answered:
            return  # whoever asked has left
        self._is_answered = True
        head, body = encoded(status, answer, etag, allow)
        is_bare = self._head is not None and self._head.method == b"HEAD"
        self._out = head if is_bare else head + body
        self._timer.cancel()
        self._timer = self._loop.after(TAKING, self.end)
        self._write()

    def _write(self) -> None:
        try:
            sent = self.sock.send(self._out)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.end()
            return
        self._out = self._out[sent:]
        if self._out:
            self._loop.on_writable(self.sock, self._write)
        elif self._is_left:
            self._leave()
        else:
            self.end()

    def _leave(self) -> None:
        self._timer.cancel()
        self._timer = self._loop.after(LEAVING, self.end)
        self._loop.on_writable(self.sock, None)
        with suppress(OSError):
            self.sock.shutdown(SHUT_WR)

    def end(self) -> None:
        """Close it."""
        if not self._ended:
            self._ended = True
            self._timer.cancel()
            self._loop.forget(self.sock)
            self.sock.close()
            self._on_end(self)
            left, self._on_left = self._on_left, None  # who asks and what is asked know each other
            if left is not None and not self._is_answered:
                left()


def encoded(status: int, answer: Answer, etag: str, allow: str = "") -> tuple[bytes, bytes]:
    """The head of an answer, and its body."""
    body = json.dumps(answer).encode() + b"\n"
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    ]
    if etag:
        lines.append(f"ETag: {etag}")
    if allow:
        lines.append(f"Allow: {allow}")
    return "\r\n".join([*lines, "\r\n"]).encode(), body
