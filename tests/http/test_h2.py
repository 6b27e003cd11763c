"""What both sides of HTTP/2 share: a server of ours and one that hyper-h2 asks as a client.

Whole requests, answers in any pieces, windows of any size and trailers come through as they were
sent.
"""

import re
import tomllib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import h2.settings
from hypothesis import given
from hypothesis import strategies as st

from porch.http.h1 import HeadLimits
from porch.http.h2 import A_TAKE, CONNECTION, MOST_TAKES, NO_ERROR, GoAway, Pong
from porch.http.h2_server import ServerCodec
from porch.http.message import Field, RequestHead, Trailers
from tests.support import h2_frames as wire
from tests.support.h2_codec import Talk

BASIC = [*wire.BASIC]


class Pair:
    """client: hyper-h2; codec: of ours. heard, told: what each made of the other."""

    def __init__(self, window: int = 65535) -> None:
        self.client = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True, header_encoding=None)
        )
        self.client.initiate_connection()
        self.client.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.codec = ServerCodec(HeadLimits(), b"https", 128)
        self.heard: list[h2.events.Event] = []
        self.requests: dict[int, RequestHead] = {}
        self.trailers: dict[int, list[Field]] = {}
        self.bodies: dict[int, bytes] = {}
        self.ended: set[int] = set()
        self.move()

    def move(self, size: int = 1 << 20) -> None:
        """Carry all that is said, both ways, in pieces of this size, until nobody has more."""
        while (said := self.client.data_to_send()) or self.codec.wants_write:
            for at in range(0, len(said), size):
                for piece in self.codec.receive(said[at : at + size]):
                    self._take(*piece)
            for each in self.codec.take():
                self.heard += self.client.receive_data(each)
            self.codec.happened()

    def _take(self, stream: int, what: object, data: bytes, end: bool) -> None:
        if isinstance(what, RequestHead):
            self.requests[stream] = what
            self.bodies[stream] = b""
        elif isinstance(what, Trailers):
            self.trailers[stream] = what.fields
        if data:
            self.bodies[stream] += data
            self.codec.taken(stream, len(data))
        if end:
            self.ended.add(stream)

    def take_all(self) -> None:
        """Have the client take what comes, and open its windows by as much, until all has ended."""
        done = 0
        open_streams = {*self.requests}
        while open_streams:
            self.move()
            news, done = self.heard[done:], len(self.heard)
            assert news, "nothing comes any more"
            ended = {each.stream_id for each in news if isinstance(each, h2.events.StreamEnded)}
            open_streams -= ended
            for each in news:
                if isinstance(each, h2.events.DataReceived) and each.data:
                    self.client.increment_flow_control_window(len(each.data))
                    if each.stream_id in open_streams:
                        self.client.increment_flow_control_window(len(each.data), each.stream_id)

    def body(self, stream: int) -> bytes:
        """What the client got of it."""
        return b"".join(
            each.data
            for each in self.heard
            if isinstance(each, h2.events.DataReceived) and each.stream_id == stream
        )


NAMES = st.from_regex(rb"x-[a-z0-9!#$%&'*+.^_`|~-]{0,20}", fullmatch=True)
VALUES = st.from_regex(
    rb"|[!-~\x80-\xff]|[!-~\x80-\xff][\t -~\x80-\xff]{0,50}[!-~]", fullmatch=True
)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=12)
PIECES = st.lists(st.binary(max_size=300), max_size=8)
SIZES = st.sampled_from([1, 7, 100, 1 << 20])


@given(FIELDS, PIECES, FIELDS, SIZES)
def test_a_request_comes_as_it_was_sent(
    fields: Sequence[Field], body: Sequence[bytes], trailers: Sequence[Field], size: int
) -> None:
    pair = Pair()
    pair.client.send_headers(1, [*BASIC, *fields])
    for piece in body:
        pair.client.send_data(1, piece)
    if trailers:
        pair.client.send_headers(1, trailers, end_stream=True)
    else:
        pair.client.end_stream(1)
    pair.move(size)
    request = pair.requests[1]
    assert (request.method, request.target, request.authority) == (b"GET", b"/case", b"a.test")
    assert request.fields == list(fields)
    assert pair.bodies[1] == b"".join(body)
    expected = [field for field in trailers if b"_" not in field[0]]
    assert pair.trailers.get(1, []) == expected if trailers else 1 not in pair.trailers
    assert pair.ended == {1}


@given(FIELDS, PIECES, FIELDS, st.integers(50, 70_000))
def test_an_answer_comes_as_it_was_sent_whatever_the_window(
    fields: Sequence[Field], body: Sequence[bytes], trailers: Sequence[Field], window: int
) -> None:
    pair = Pair(window)
    pair.client.send_headers(1, BASIC, end_stream=True)
    pair.move()
    pair.codec.head(1, (b":status", b"200"), [*fields], b"", False)
    for piece in body:
        pair.codec.data(1, piece, False)
    if trailers:
        pair.codec.trailers(1, trailers)
    else:
        pair.codec.data(1, b"", True)
    pair.take_all()
    heads = [each for each in pair.heard if isinstance(each, h2.events.ResponseReceived)]
    assert [list(each.headers) for each in heads] == [[(b":status", b"200"), *fields]]
    behind = [each for each in pair.heard if isinstance(each, h2.events.TrailersReceived)]
    assert [list(each.headers) for each in behind] == ([list(trailers)] if trailers else [])
    assert pair.body(1) == b"".join(body)
    assert pair.codec.queued() == 0


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=10))
def test_many_streams_share_a_connection_and_none_gets_anothers_bytes(sizes: list[int]) -> None:
    pair = Pair(1 << 20)
    for number, size in enumerate(sizes):
        stream = 1 + 2 * number
        pair.client.send_headers(stream, BASIC, end_stream=True)
        pair.move()
        pair.codec.head(stream, (b":status", b"200"), [], b"", False)
        pair.codec.data(stream, bytes([number]) * size, True)
    pair.take_all()
    for number, size in enumerate(sizes):
        assert pair.body(1 + 2 * number) == bytes([number]) * size


# --- what concerns the connection -----------------------------------------------------------------


def test_a_ping_of_ours_is_answered() -> None:
    talk = Talk()
    talk.codec.ping()
    (ping,) = talk.sent()
    ((stream, what, _, _),) = talk.hear(wire.ping(ping.payload, ack=True))
    assert (stream, type(what)) == (CONNECTION, Pong)


def test_a_farewell_in_two_steps_lets_streams_begin_between_them() -> None:
    talk = Talk()
    talk.codec.shut()
    (first,) = talk.sent()
    assert (first.kind, int.from_bytes(first.payload[:4], "big")) == (7, 0x7FFFFFFF)
    assert isinstance(talk.only(wire.headers(1, BASIC)), RequestHead)
    talk.codec.go_away(NO_ERROR, b"bye")
    (second,) = talk.sent()
    assert (second.kind, second.payload) == (7, b"\0\0\0\1\0\0\0\0bye")
    assert talk.hear(wire.headers(3, BASIC)) == []
    talk.codec.head(1, (b":status", b"204"), [], b"", True)
    assert [each.status for each in talk.sent()] == [204]


def test_a_farewell_that_comes_is_told() -> None:
    talk = Talk()
    talk.hear(wire.headers(1, BASIC))
    away = talk.only(wire.frame(7, 0, 0, b"\0\0\0\0\0\0\0\2why"))
    assert isinstance(away, GoAway)
    assert (away.last, away.code, away.detail) == (0, 2, b"why")


def test_output_is_taken_whole_in_bounded_pieces() -> None:
    talk = Talk()
    talk.hear(wire.settings((4, 1 << 30)) + wire.window_update(0, 1 << 30))
    talk.hear(wire.headers(1, BASIC))
    talk.codec.head(1, (b":status", b"200"), [], b"", False)
    talk.codec.data(1, b"a" * 1_000_000, True)
    size = 0
    for _ in range(3):
        assert talk.codec.wants_write
        pieces = talk.codec.take()
        assert len(pieces) == MOST_TAKES
        assert {*map(len, pieces)} == {A_TAKE}
        size += sum(map(len, pieces))
    size += sum(map(len, talk.codec.take()))
    assert 1_000_000 < size < 1_002_000
    assert talk.codec.take() == []
    assert not talk.codec.wants_write


def test_what_pip_installs_beside_a_wheel_is_the_binding_that_is_tested_here() -> None:
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    wanted = [each for each in project["dependencies"] if each.startswith("ngh2")]
    assert wanted == [f"ngh2=={version('ngh2')}"], "try another here, with all tests, and name it"
    for name in ("bench", "demo", "dev"):
        lock = root / f"requirements/{name}.txt"
        assert re.findall(r"^ngh2==\S+", lock.read_text(), re.MULTILINE) == wanted, lock.name
