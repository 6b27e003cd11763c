"""Frames: wherever the network cuts them, the counter knows where the next one may begin."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Close, Frame, Opcode
from websockets.streams import StreamReader

from porch.http.websocket import GOING_AWAY, MOST_AT_ONCE, SERVICE_RESTART, Frames, accept_key

CLOSE = 0x8
PING = 0x9


def frame(payload: bytes, *, masked: bool = False, opcode: int = 2, fin: bool = True) -> bytes:
    """A frame, with a key of zeros where it is masked."""
    size = len(payload)
    first = (0x80 if fin else 0) | opcode
    mask = 0x80 if masked else 0
    if size < 126:
        head = struct.pack("!BB", first, mask | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, mask | 126, size)
    else:
        head = struct.pack("!BBQ", first, mask | 127, size)
    return head + (b"\0\0\0\0" if masked else b"") + payload


def boundaries(stream: bytes) -> set[int]:
    """Where a frame may begin in a stream of whole frames, read one by one."""
    found = {0}
    at = 0
    while at < len(stream):
        second = stream[at + 1]
        length = second & 0x7F
        at += 2
        if length == 126:
            (length,) = struct.unpack_from("!H", stream, at)
            at += 2
        elif length == 127:
            (length,) = struct.unpack_from("!Q", stream, at)
            at += 8
        at += length + (4 if second & 0x80 else 0)
        found.add(at)
    return found


def fed(*pieces: bytes, masked: bool = False) -> Frames:
    frames = Frames(masked)
    for piece in pieces:
        frames.feed(piece)
    return frames


PAYLOADS = st.one_of(
    st.binary(max_size=8),
    st.sampled_from([0, 1, 125, 126, 127, 65535, 65536]).map(lambda size: b"\x88" * size),
)
MESSAGES = st.lists(st.tuples(PAYLOADS, st.sampled_from([0, 1, 2, 9, 10]), st.booleans()))


def stream_of(messages: list[tuple[bytes, int, bool]], masked: bool) -> bytes:
    """Control frames are short and whole; the others as they are."""
    return b"".join(
        frame(
            payload[:125] if opcode > 7 else payload,
            masked=masked,
            opcode=opcode,
            fin=fin or opcode > 7,
        )
        for payload, opcode, fin in messages
    )


@given(MESSAGES, st.booleans(), st.data())
def test_the_boundary_is_known_at_every_cut(
    messages: list[tuple[bytes, int, bool]], masked: bool, data: st.DataObject
) -> None:
    stream = stream_of(messages, masked)
    expected = boundaries(stream)
    near = sorted(cut for each in expected for cut in range(each, each + 15) if cut <= len(stream))
    cuts = sorted(data.draw(st.lists(st.sampled_from(near)), label="cuts"))
    frames = Frames(masked)
    before = 0
    for cut in [*cuts, len(stream)]:
        frames.feed(stream[before:cut])
        before = cut
        assert frames.at_boundary == (cut in expected), (cut, expected)
    assert not frames.closed


@pytest.mark.parametrize("masked", [False, True])
def test_the_boundary_is_known_at_every_split_of_a_stream(masked: bool) -> None:
    pieces = [b"", b"a", b"x" * 126, b"", b"y" * 300]
    stream = b"".join(frame(each, masked=masked) for each in pieces)
    expected = boundaries(stream)
    for split in range(len(stream) + 1):
        frames = fed(stream[:split], masked=masked)
        assert frames.at_boundary == (split in expected)
        frames.feed(stream[split:])
        assert frames.at_boundary
    one_by_one = Frames(masked)
    for at in range(len(stream)):
        one_by_one.feed(stream[at : at + 1])
        assert one_by_one.at_boundary == (at + 1 in expected)


def test_a_long_frame_costs_no_more_than_its_pieces_and_keeps_none_of_them() -> None:
    frames = fed(struct.pack("!BBQ", 0x82, 127, 1 << 40))
    for _ in range(1 << 10):
        frames.feed(b"x" * 65536)
    assert (frames._left, frames._start) == ((1 << 40) - (1 << 26), b"")
    assert not frames.at_boundary


@pytest.mark.parametrize(
    ("piece", "masked", "why"),
    [
        (frame(b"a", masked=True), False, "masked by a server"),
        (frame(b"a"), True, "not masked by a client"),
        (frame(b"a" * 126, masked=True), False, "masked by a server"),
        (frame(b"a" * 126), True, "not masked by a client"),
        (frame(b"", opcode=PING, fin=False), False, "a control frame in fragments"),
        (frame(b"", opcode=CLOSE, fin=False), False, "a Close frame in fragments"),
        (frame(b"a" * 126, opcode=PING), False, "a long control frame"),
        (struct.pack("!BBH", 0x82, 126, 125) + b"a" * 125, False, "a length of too many bytes"),
        (struct.pack("!BBQ", 0x82, 127, 65535), False, "a length of too many bytes"),
        (struct.pack("!BBQ", 0x82, 127, 1 << 63), False, "a length beyond 63 bits"),
        (frame(b"a", opcode=3), False, "a kind that is reserved"),
        (frame(b"a", opcode=11), False, "a kind that is reserved"),
        (b"\xa1\x01a", False, "a bit that is reserved"),
        (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", False, "another protocol"),
        (b"\xc1\x01a", False, ""),
        (b"", False, ""),
    ],
)
def test_behind_what_is_no_frame_there_is_no_boundary_for_ever(
    piece: bytes, masked: bool, why: str
) -> None:
    for split in range(min(len(piece), 20) + 1):
        frames = fed(piece[:split], piece[split:], masked=masked)
        frames.feed(b"".join(frame(b"", masked=masked) for _ in range(9)))
        assert frames.at_boundary == (not why), why
        assert not frames.closed
        assert (frames.farewell(GOING_AWAY, "") is None) == bool(why)


@given(st.lists(st.binary(max_size=40)), st.booleans())
def test_nothing_that_passes_raises_or_piles_up(pieces: list[bytes], masked: bool) -> None:
    frames = Frames(masked)
    for piece in pieces:
        frames.feed(piece)
        assert len(frames._start) < 10
        assert frames._left >= 0
        repr(frames)


def test_too_many_empty_frames_in_one_piece_are_not_counted() -> None:
    assert fed(frame(b"") * MOST_AT_ONCE).at_boundary
    assert fed(frame(b"") * MOST_AT_ONCE, frame(b"")).at_boundary
    assert not fed(frame(b"") * (MOST_AT_ONCE + 1)).at_boundary


@pytest.mark.parametrize("masked", [False, True])
def test_a_close_frame_is_noticed_when_it_is_whole(masked: bool) -> None:
    stream = frame(b"abc", masked=masked) + frame(b"\x03\xe8bye", masked=masked, opcode=CLOSE)
    for split in range(len(stream)):
        assert not fed(stream[:split], masked=masked).closed
        frames = fed(stream[:split], stream[split:], masked=masked)
        assert frames.closed
        assert frames.farewell(GOING_AWAY, "") == b""


def test_bytes_behind_a_close_frame_mean_nothing() -> None:
    last = frame(b"", opcode=CLOSE)
    for frames in (fed(last + b"\x82"), fed(last, b"\x82"), fed(last, b"", b"\x82" * 99)):
        assert frames.closed
        assert frames.farewell(GOING_AWAY, "") == b""


def test_a_close_frame_in_a_payload_is_payload() -> None:
    assert not fed(frame(frame(b"", opcode=CLOSE))).closed


def read(data: bytes, masked: bool) -> Frame:
    """The one frame that `data` is, as another implementation reads it."""
    stream = StreamReader()
    stream.feed_data(data)
    stream.feed_eof()
    reading = Frame.parse(stream.read_exact, mask=masked)
    with pytest.raises(StopIteration) as done:
        next(reading)
    assert not stream.buffer
    found: Frame = done.value.value
    return found


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("code", [GOING_AWAY, SERVICE_RESTART])
def test_a_farewell_is_one_close_frame_with_its_code_and_reason(masked: bool, code: int) -> None:
    farewell = fed(masked=masked).farewell(code, "proxy_shutdown")
    assert farewell is not None
    got = read(farewell, masked)
    assert (got.opcode, got.fin) == (Opcode.CLOSE, True)
    assert Close.parse(got.data) == Close(code, "proxy_shutdown")
    assert fed(farewell, masked=masked).closed


def test_each_farewell_of_a_client_has_a_key_of_its_own() -> None:
    assert len({fed(masked=True).farewell(GOING_AWAY, "") for _ in range(9)}) == 9


def test_inside_a_frame_nothing_can_be_said_but_between_fragments_it_can() -> None:
    first = frame(b"hal", opcode=1, fin=False)
    assert fed(first).farewell(GOING_AWAY, "")
    assert fed(first[:-1]).farewell(GOING_AWAY, "") is None
    assert fed(first[:1]).farewell(GOING_AWAY, "") is None


def test_it_says_where_it_is() -> None:
    assert repr(fed()) == "<Frames at boundary>"
    assert repr(fed(b"\x82")) == "<Frames inside a frame>"
    assert repr(fed(b"GET / HTTP")) == "<Frames broken>"
    assert repr(fed(frame(b"", opcode=CLOSE))) == "<Frames closed>"


def test_a_key_is_accepted_as_the_rfc_does() -> None:
    """The example of RFC 6455 1.3."""
    assert accept_key(b"dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
