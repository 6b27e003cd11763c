"""Content: what a request says is looked at before an origin hears of it, its body when that is
whole.

By its head it is decided what its body is looked at for, if it has one; then the body is gathered
(buffer/request.py), and looked at: beside the loop where that takes longer than a moment.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from porch import clock
from porch.errors import InternalError, PorchError
from porch.exchange import Exchange
from porch.filter import SUSPEND, Filter, Suspend
from porch.shield.auth_thread import SlowThread
from porch.shield.coded import is_coded
from porch.shield.content_errors import BadContent, NobodyLooks, NotTaken, TooLargeToLook

__all__ = ["AT_ONCE", "Content", "Gathered", "Look", "LookAtBody", "Watch", "has_body"]

AT_ONCE = 16384
"""Bytes of a body that the loop looks at itself. The worst JSON of that size takes 2 ms."""
_BETWEEN = 60.0
"""Seconds between two messages of what only looks on."""

Look = Callable[[bytes], None]
"""Looks at a whole body, which may be empty. Raises BadContent. Another thread may call it."""


class Watch:
    """Counts what would be refused, and tells the operator of it now and then."""

    __slots__ = ("_name", "_said_at", "_say", "count")

    def __init__(self, name: str, say: Callable[[str], None]) -> None:
        self._name = name
        self._say = say
        self._said_at = 0.0
        self.count = 0

    def tell(self, exchange: Exchange, error: PorchError) -> None:
        """It would have been refused."""
        self.count += 1
        now = clock.monotonic()
        if now >= self._said_at:
            self._said_at = now + _BETWEEN
            path = exchange.request.target.partition(b"?")[0]
            asked = b"%b %b" % (exchange.request.method, path)
            self._say(
                f"{self._name} only looks on: it would answer {error.status} to"
                f" {asked[:200].decode('latin-1')!r} of {exchange.client_ip.decode('latin-1')}"
                f" ({error.sentence}), and to {self.count} requests so far"
            )


class Content(Filter):
    """What decides by heads. most: bytes of a body that is looked at. watch: None where requests
    are refused."""

    __slots__ = ("_looks", "most", "watch")

    def __init__(self, most: int, watch: Watch | None) -> None:
        self.most = most
        self.watch = watch
        self._looks: dict[Exchange, Look] = {}

    def judge(self, exchange: Exchange) -> Look | None:
        """What the body is to be looked at for, None for nothing. Raises BadContent."""
        raise NotImplementedError

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        try:
            look = self.judge(exchange)
        except BadContent as error:
            self.refuse(exchange, error)
            return
        if look is not None:
            self._looks[exchange] = look

    def look(self, exchange: Exchange) -> Look | None:
        """What a body that is whole now is looked at for."""
        return self._looks.get(exchange)

    def wants(self, exchange: Exchange) -> int | None:
        """Up to how many bytes of a body are gathered; None for none. Behind what decodes it."""
        if exchange not in self._looks:
            return None
        length = exchange.request.length
        size = exchange.bytes_in if exchange.request_done or length is None else length
        error: PorchError | None = None
        if is_coded(exchange.request):
            error = NotTaken(
                "The body has a Content-Encoding, and is looked at here; send it without one."
            )
        elif size > self.most:
            error = TooLargeToLook(f"The body has more than {self.most} bytes (json_body.size).")
        elif self.watch is None or exchange.request_done or length is not None:
            return self.most
        del self._looks[exchange]
        if error is not None:
            self.refuse(exchange, error)
        return None

    def refuse(self, exchange: Exchange, error: PorchError) -> None:
        """Raises it, unless this only looks on."""
        if self.watch is None:
            raise error
        self.watch.tell(exchange, error)

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        self._looks.pop(exchange, None)


class Gathered(Protocol):
    """Where bodies are that were gathered (buffer/request.py)."""

    def size_of(self, exchange: Exchange) -> int:
        """Bytes of one."""

    def body_of(self, exchange: Exchange) -> bytes:
        """All of one. May raise PorchError. Another thread may call it."""


class LookAtBody(Filter):
    """Looks at bodies that were gathered. thread: None where nobody serves. What waits for it stays
    where it is, so that one large body at a time is in memory."""

    __slots__ = ("_content", "_gathered", "_thread")

    def __init__(self, content: Content, gathered: Gathered, thread: SlowThread | None) -> None:
        self._content = content
        self._gathered = gathered
        self._thread = thread

    def on_request(self, exchange: Exchange) -> Suspend | None:
        """See Filter. What was not gathered, such as a call of gRPC, is not let through."""
        content = self._content
        look = content.look(exchange)
        if look is None:
            return None
        if not exchange.request_done:
            content.refuse(exchange, NotTaken("The body cannot be looked at before it is sent."))
            return None
        gathered = self._gathered
        if self._thread is not None and gathered.size_of(exchange) > AT_ONCE:
            looking = _Looking(look, partial(gathered.body_of, exchange))
            told = partial(self._told, exchange, looking)
            if self._thread.ask(exchange.client_ip, looking.work, told):
                return SUSPEND
            content.refuse(exchange, NobodyLooks())
            return None
        body = gathered.body_of(exchange)
        try:
            look(body)
        except BadContent as error:
            content.refuse(exchange, error)
        return None

    def _told(self, exchange: Exchange, looking: "_Looking", done: bool | None) -> None:
        if exchange.ended:
            return
        try:
            if done is None:
                raise InternalError("a body could not be looked at")
            if looking.error is not None:
                self._content.refuse(exchange, looking.error)
        except PorchError as error:
            exchange.fail(error)
            return
        exchange.resume()


class _Looking:
    """One look, in another thread. error: what it has found."""

    __slots__ = ("_body", "_look", "error")

    def __init__(self, look: Look, body: Callable[[], bytes]) -> None:
        self._look = look
        self._body = body
        self.error: BadContent | None = None

    def work(self) -> bool:
        try:
            self._look(self._body())
        except BadContent as error:
            self.error = error
        return True


def has_body(exchange: Exchange) -> bool:
    """Whether a request has a body, or may have one: of some only the end tells."""
    request = exchange.request
    if exchange.bytes_in:
        return True
    return not exchange.request_done and not (request.upgrade is not None and not request.length)
