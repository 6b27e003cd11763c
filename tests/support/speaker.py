"""Speaker: the client's side of HTTP/2, by another's implementation, without a network."""

import struct
from collections.abc import Iterable, Iterator

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

__all__ = ["Answer", "Speaker", "frame"]

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


class Speaker:
    """takes: whether the client's windows open by what it has got. answers: by stream. aways:
    (the last stream, code) of each GOAWAY. order: streams in the order in which their data came."""

    far: H2Connection
    takes = True

    def begin(self, stream_window: int, window: int) -> None:
        """A new connection, whose first words wait to be sent."""
        self.answers: dict[int, Answer] = {}
        self.aways: list[tuple[int, int]] = []
        self.order: list[int] = []
        self._rest = b""
        self.far = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self.far.initiate_connection()
        self.far.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: stream_window})
        if window > 65535:
            self.far.increment_flow_control_window(window - 65535)

    def opens(
        self,
        path: bytes = b"/",
        *fields: Field,
        method: bytes = b"GET",
        end: bool = True,
        protocol: bytes = b"",
        authority: bytes = b"x",
    ) -> int:
        """Begin a request; what it says stays with the client until it says more."""
        number: int = self.far.get_next_available_stream_id()
        head: list[Field] = [
            (b":method", method),
            (b":scheme", b"https"),
            (b":authority", authority),
            (b":path", path),
        ]
        if protocol:
            head.append((b":protocol", protocol))
        self.far.send_headers(number, [*head, *fields], end_stream=end)
        self.answers[number] = Answer()
        return number

    def hear(self, data: bytes) -> None:
        """What came from the door."""
        for each in self._frames(data):
            self._note(self.far.receive_data(each))

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
