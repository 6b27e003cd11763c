"""Page: what is to be had at the admin door for a browser: the page's files, and its events."""

from functools import partial

from porch.exchange import Exchange
from porch.filter import Response
from porch.manage.admin.offer import Caller, Offer, Offers, refusal
from porch.manage.page.broadcast import MOST, Broadcast
from porch.manage.page.files import File, load

__all__ = ["EVENTS", "Page"]

EVENTS = b"/v1/events"
"""Where the pictures come from. Among the operations, so that who is not let in is told so in their
way, and not sent to another page."""
_INDEX = "index.html"
_TOO_MANY = f"{MOST} pages are open at this door; close one, and this one goes on by itself"


class Page:
    """broadcast: makes the pictures."""

    __slots__ = ("_broadcast",)

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast

    @property
    def offers(self) -> Offers:
        """The page at /, whose files tell nothing of the door and so are for anybody; and its
        events."""
        files = {
            b"/" if name == _INDEX else b"/" + name.encode(): {
                b"GET": Offer(answer=partial(_file, file), is_open=name != _INDEX)
            }
            for name, file in load().items()
        }
        return {**files, EVENTS: {b"GET": Offer(answer=self._events)}}

    def _events(self, exchange: Exchange, caller: Caller | None, body: bytes) -> Response:
        """Pictures, until the page is closed."""
        if exchange.request.method == b"HEAD":
            return Response(200, [(b"content-type", b"text/event-stream")])
        stream = self._broadcast.stream()
        if stream is None:
            return refusal(exchange, 503, _TOO_MANY, [(b"retry-after", b"10")])
        return stream.answer(exchange)


def _file(file: File, exchange: Exchange, caller: Caller | None, body: bytes) -> Response:
    return file.answer(exchange)
