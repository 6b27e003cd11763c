"""Page: what is to be had at the admin door for a browser: the page's files, and its events."""

from collections.abc import Mapping

from porch.exchange import Exchange
from porch.filter import Response
from porch.manage.page.beat import MOST, Beat
from porch.manage.page.files import File, load

__all__ = ["EVENTS", "Page"]

EVENTS = b"/v1/events"
"""Where the pictures come from. Among the operations, so that who is not let in is told so in their
way, and not sent to another page."""
_TOO_MANY = b"%d pages are open at this door; close one, and this one goes on by itself\n" % MOST


class Page:
    """beat: makes the pictures."""

    def __init__(self, beat: Beat) -> None:
        self._beat = beat

    @property
    def files(self) -> Mapping[bytes, File]:
        """By path."""
        return {
            b"/" if name == "index.html" else b"/" + name.encode(): file
            for name, file in load().items()
        }

    def events(self, exchange: Exchange) -> Response:
        """Pictures, until the page is closed."""
        if exchange.request.method == b"HEAD":
            return Response(200, [(b"content-type", b"text/event-stream")])
        stream = self._beat.stream()
        if stream is None:
            plain = (b"content-type", b"text/plain; charset=utf-8")
            return Response(503, [plain, (b"retry-after", b"10")], _TOO_MANY)
        return stream.answer(exchange)
