"""Multiplexed: scenarios whose client speaks HTTP/2, by another's implementation of it.

What the client has to say goes out by itself, and what it got of each stream is asked of `answer`.
Towards the origin it is an ordinary Scenario.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    DataReceived,
    Event,
    InformationalResponseReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)
from h2.settings import SettingCodes

from porch.http.message import Field
from porch.listen.h2 import MultiplexedConnection
from tests.support.far import Far
from tests.support.network import FakeTransport
from tests.support.scenario import Scenario

__all__ = ["Answer", "Multiplexed", "frame"]

GOAWAY = 7


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One frame as it goes over the wire (RFC 9113 4.1)."""
    head = len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big")
    return head + payload


class Answer:
    """What came on one stream. reset: the code of RST_STREAM; widened: bytes that the request's
    body may have more."""

    def __init__(self) -> None:
        self.interim: list[int] = []
        self.status = 0
        self.fields: list[Field] = []
        self.body = b""
        self.trailers: list[Field] | None = None
        self.ended = False
        self.reset: int | None = None
        self.widened = 0


class Multiplexed(Scenario):
    """takes: whether the client's windows open by what it has got. answers: by stream. aways:
    (the last stream, code) of each GOAWAY. order: streams in the order in which their data came."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        *,
        stream_window: int = 65535,
        window: int = 65535,
        **settings: Any,
    ) -> None:
        super().__init__(monkeypatch, **settings)
        self.takes = True
        self._windows = stream_window, window
        self.answers: dict[int, Answer] = {}
        self.aways: list[tuple[int, int]] = []
        self.order: list[int] = []
        self._rest = b""
        self.connection: MultiplexedConnection
        self.far: H2Connection

    # --- what happens ------------------------------------------------------------------------

    def connects(self, peer: str = "192.0.2.7") -> "Multiplexed":
        """A new client connects and says its settings."""
        transport = self._transport(True, peername=(peer, 50000), sockname=("192.0.2.1", 443))
        self.clients.append(Far(f"client {len(self.clients)}", transport))
        self.connection = MultiplexedConnection(self.door, b"https", b"443")
        config = H2Configuration(client_side=True, header_encoding=None)
        self.far = H2Connection(config)
        self.far.initiate_connection()
        self.far.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: self._windows[0]})
        if self._windows[1] > 65535:
            self.far.increment_flow_control_window(self._windows[1] - 65535)
        self._do(lambda: transport.connect(self.connection))
        return self._exchange_words()

    def asks(
        self,
        path: bytes = b"/",
        *fields: Field,
        method: bytes = b"GET",
        end: bool = True,
        protocol: bytes = b"",
    ) -> int:
        """Begin a request, and connect first if there is no client. Returns its stream."""
        number = self.opens(path, *fields, method=method, end=end, protocol=protocol)
        self._exchange_words()
        return number

    def opens(
        self,
        path: bytes = b"/",
        *fields: Field,
        method: bytes = b"GET",
        end: bool = True,
        protocol: bytes = b"",
    ) -> int:
        """The same, but what it says stays with the client until it says more."""
        if not self.clients:
            self.connects()
        number = self.far.get_next_available_stream_id()
        head: list[Field] = [
            (b":method", method),
            (b":scheme", b"https"),
            (b":authority", b"x"),
            (b":path", path),
        ]
        if protocol:
            head.append((b":protocol", protocol))
        self.far.send_headers(number, [*head, *fields], end_stream=end)
        self.answers[number] = Answer()
        return number

    def says(self, number: int, data: bytes, end: bool = False) -> "Multiplexed":
        """More of a request's body, as far as windows allow; it fails where they do not."""
        most = self.far.max_outbound_frame_size
        for place in range(0, len(data), most):
            self.far.send_data(number, data[place : place + most])
        if end:
            self.far.end_stream(number)
        return self._exchange_words()

    def gives_up(self, number: int, code: int = 8) -> "Multiplexed":
        """The client resets a stream."""
        self.far.reset_stream(number, code)
        return self._exchange_words()

    def sends(self, raw: bytes) -> "Multiplexed":
        """These bytes, whatever they are."""
        return self._do(lambda: self.clients[-1].transport.feed(raw))

    def does(self, act: Callable[[H2Connection], object]) -> "Multiplexed":
        """Something of the implementation's own, said at once."""
        act(self.far)
        return self._exchange_words()

    def takes_more(self, number: int, size: int) -> "Multiplexed":
        """The client's windows open: of a stream and of the connection."""
        self.far.increment_flow_control_window(size, number)
        self.far.increment_flow_control_window(size)
        return self._exchange_words()

    # --- what is seen --------------------------------------------------------------------------

    def answer(self, number: int, status: int, body: bytes | None = None) -> Answer:
        """What came on a stream, which must have this status and body, and be whole."""
        got = self.answers[number]
        self._check(got.status == status, f"stream {number}: {got.status}, not {status}")
        if body is not None:
            self._check(got.body == body, f"stream {number}: {got.body[:200]!r}, not {body!r}")
        self._check(got.ended, f"stream {number} has not ended")
        return got

    @property
    def transport(self) -> FakeTransport:
        return self.clients[-1].transport

    # --- inside ------------------------------------------------------------------------------

    def _do(self, call: Callable[[], object]) -> "Multiplexed":
        super()._do(call)
        if self.clients and hasattr(self, "far"):
            self._exchange_words()
        return self

    def _exchange_words(self) -> "Multiplexed":
        """Until neither side has anything to say."""
        transport = self.transport
        while True:
            arrived = bytes(transport.arrived)
            transport.arrived.clear()
            for each in self._frames(arrived):
                self._note(self.far.receive_data(each))
            out = self.far.data_to_send()
            if out and not transport.is_closing():
                super()._do(lambda out=out: transport.feed(out))  # type: ignore[misc]
            if not transport.arrived and not arrived:
                return self

    def _frames(self, arrived: bytes) -> Iterator[bytes]:
        """What came, but for GOAWAY, behind which the implementation would read nothing more."""
        data, place = self._rest + arrived, 0
        while len(data) - place >= 9:
            end = place + 9 + int.from_bytes(data[place : place + 3], "big")
            if end > len(data):
                break
            if data[place + 3] == GOAWAY:
                last, code = struct.unpack_from(">II", data, place + 9)
                self.aways.append((last, code))
            else:
                yield data[place:end]
            place = end
        self._rest = data[place:]

    def _note(self, events: Iterable[Event]) -> None:
        for event in events:
            number = getattr(event, "stream_id", None)
            if not number or number not in self.answers:
                continue
            answer = self.answers[number]
            match event:
                case InformationalResponseReceived():
                    answer.interim.append(int(dict(event.headers)[b":status"]))
                case ResponseReceived():
                    answer.status = int(dict(event.headers)[b":status"])
                    answer.fields = [each for each in event.headers if each[0] != b":status"]
                case DataReceived():
                    answer.body += event.data
                    self.order.append(number)
                    if self.takes and event.flow_controlled_length:
                        self.far.acknowledge_received_data(event.flow_controlled_length, number)
                case TrailersReceived():
                    answer.trailers = [tuple(each) for each in event.headers]
                case StreamEnded():
                    answer.ended = True
                case StreamReset():
                    answer.reset = int(event.error_code)
                case WindowUpdated():
                    answer.widened += event.delta or 0
