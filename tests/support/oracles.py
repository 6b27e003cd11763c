"""Other parsers of HTTP/1.1, asked what the first message of a stream means.

llhttp (through httptools) is node's, h11 is a strict one in Python. Each gives a Meaning, or None
if it refuses the message or wants more.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import h11
import httptools

from porch.http.message import Field

__all__ = ["ANSWERS_BY", "REQUESTS_BY", "Meaning", "Oracle"]


@dataclass
class Meaning:
    """line: method and target, or the status. size: bytes up to the end of the message."""

    line: tuple[bytes, ...] = ()
    fields: list[Field] = field(default_factory=list)
    body: bytes = b""
    trailers: list[Field] = field(default_factory=list)
    size: int = 0


class _Listener:
    """What llhttp calls back."""

    def __init__(self) -> None:
        self.meaning = Meaning()
        self.target = b""
        self.done = self.in_body = False

    def on_url(self, data: bytes) -> None:
        if not self.done:
            self.target += data

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.done:
            to = self.meaning.trailers if self.in_body else self.meaning.fields
            to.append((name.lower(), value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        self.in_body = True

    def on_body(self, data: bytes) -> None:
        if not self.done:
            self.meaning.body += data

    def on_message_complete(self) -> None:
        self.done = True


def llhttp_request(stream: bytes) -> Meaning | None:
    listener = _Listener()
    parser = httptools.HttpRequestParser(listener)
    found = _ask_llhttp(listener, parser, stream)
    if found is not None:
        found.line = (parser.get_method(), listener.target)
    return found


def llhttp_answer(stream: bytes) -> Meaning | None:
    """The first final answer: llhttp takes an interim one for a message of its own."""
    before = 0
    while True:
        listener = _Listener()
        parser = httptools.HttpResponseParser(listener)
        found = _ask_llhttp(listener, parser, stream[before:])
        if found is None:
            return None
        before = found.size = before + found.size
        found.line = (b"%d" % parser.get_status_code(),)
        if parser.get_status_code() >= 200 or parser.get_status_code() == 101:
            return found


def _ask_llhttp(
    listener: _Listener,
    parser: httptools.HttpRequestParser | httptools.HttpResponseParser,
    stream: bytes,
) -> Meaning | None:
    meaning = listener.meaning
    for at in range(len(stream)):
        try:
            parser.feed_data(stream[at : at + 1])
        except httptools.HttpParserUpgrade:
            pass  # it stops where a tunnel could begin; the message is whole
        except httptools.HttpParserError:
            return None
        if listener.done:
            meaning.size = at + 1
            return meaning
    return None


def h11_request(stream: bytes) -> Meaning | None:
    return _ask_h11(h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 17), stream)


def h11_answer(stream: bytes) -> Meaning | None:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 17)
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "a.test")]))
    connection.send(h11.EndOfMessage())
    return _ask_h11(connection, stream)


def _ask_h11(connection: h11.Connection, stream: bytes) -> Meaning | None:
    meaning = Meaning()
    connection.receive_data(stream)
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            return None
        if isinstance(event, h11.Request):
            meaning.line = (event.method, event.target)
            meaning.fields = [(name, value) for name, value in event.headers]
        elif isinstance(event, h11.Response):
            meaning.line = (b"%d" % event.status_code,)
            meaning.fields = [(name, value) for name, value in event.headers]
        elif isinstance(event, h11.Data):
            meaning.body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            meaning.trailers = [(name, value) for name, value in event.headers]
            meaning.size = len(stream) - len(connection.trailing_data[0])
            return meaning
        elif not isinstance(event, h11.InformationalResponse):
            return None


Oracle = Callable[[bytes], Meaning | None]
REQUESTS_BY: dict[str, Oracle] = {"llhttp": llhttp_request, "h11": h11_request}
ANSWERS_BY: dict[str, Oracle] = {"llhttp": llhttp_answer, "h11": h11_answer}
