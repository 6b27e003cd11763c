"""H2Origin: an origin that speaks HTTP/2 by hyper-h2, another implementation than ours.

It sits at the far end of a FakeTransport and does what a test tells it. What came is in `requests`;
flow control is given back at once unless it is `stingy`.
"""

from collections.abc import Callable
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.settings import Settings

from porch.http.message import Field
from tests.support.network import FakeTransport

__all__ = ["Asked", "H2Origin"]


class Asked:
    """One request. reset: the code with which it was given up."""

    def __init__(self, fields: list[Field]) -> None:
        self.fields = fields
        self.body = b""
        self.trailers: list[Field] = []
        self.ended = False
        self.reset: int | None = None

    def get(self, name: bytes) -> bytes | None:
        """The first value of a field."""
        return next((value for each, value in self.fields if each == name), None)


class H2Origin:
    """run: makes a call inside the loop and lets all that follows happen. settings: that it
    announces. requests: by stream. gone: the error code of a GOAWAY that came."""

    def __init__(
        self,
        transport: FakeTransport,
        run: Callable[[Callable[[], object]], object],
        settings: dict[int, int] | None = None,
    ) -> None:
        self.transport = transport
        self._run = run
        config = H2Configuration(
            client_side=False,
            header_encoding=None,
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self.h2 = H2Connection(config)
        self.stingy = False
        self.requests: dict[int, Asked] = {}
        self.events: list[Event] = []
        self.gone: int | None = None
        self.h2.local_settings = Settings(client=False, initial_values=settings)
        self.h2.initiate_connection()
        self.flush()
        self.hear()

    def hear(self) -> list[Event]:
        """Take what has arrived, and send what follows from it."""
        found: list[Event] = []
        while self.transport.arrived:
            data = bytes(self.transport.arrived)
            self.transport.arrived.clear()
            events = self.h2.receive_data(data)
            for event in events:
                self._note(event)
            found += events
            self.flush()
        self.events += found
        return found

    def _note(self, event: Any) -> None:
        if isinstance(event, RequestReceived):
            self.requests[event.stream_id] = Asked(list(event.headers))
        elif isinstance(event, DataReceived):
            self.requests[event.stream_id].body += event.data
            if not self.stingy and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, TrailersReceived):
            self.requests[event.stream_id].trailers = list(event.headers)
        elif isinstance(event, StreamEnded):
            self.requests[event.stream_id].ended = True
        elif isinstance(event, StreamReset):
            self.requests[event.stream_id].reset = int(event.error_code)
        elif isinstance(event, ConnectionTerminated):
            self.gone = int(event.error_code)

    def flush(self) -> None:
        """Send what was said."""
        data = self.h2.data_to_send()
        if data:
            self._run(lambda: self.transport.feed(data))

    def say(self, *steps: tuple[str, Any]) -> None:
        """Several things in one read of the door: ("send_headers", (1, [...])) and so on."""
        for name, arguments in steps:
            getattr(self.h2, name)(*arguments)
        self.flush()
        self.hear()

    def answer(
        self,
        stream: int,
        status: int = 200,
        body: bytes = b"",
        fields: tuple[Field, ...] = (),
        trailers: tuple[Field, ...] = (),
        *,
        end: bool = True,
    ) -> None:
        """A head, and as much of the body as there is; all of it in one read."""
        head = [(b":status", b"%d" % status), *fields]
        h2 = self.h2
        h2.send_headers(stream, head, end_stream=end and not (body or trailers))
        self._data(stream, body, end=end and not trailers)
        if trailers:
            h2.send_headers(stream, list(trailers), end_stream=True)
        self.flush()
        self.hear()

    def more(self, stream: int, body: bytes, *, end: bool = False) -> None:
        """More of a body."""
        self._data(stream, body, end=end)
        self.flush()
        self.hear()

    def _data(self, stream: int, body: bytes, *, end: bool) -> None:
        size = self.h2.max_outbound_frame_size
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        for number, piece in enumerate(pieces):
            self.h2.send_data(stream, piece, end_stream=end and number == len(pieces) - 1)

    @property
    def latest(self) -> int:
        """The stream that was opened last."""
        return max(self.requests)
