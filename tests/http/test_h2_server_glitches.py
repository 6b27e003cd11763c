"""Floods at the side that is asked, with clients that write each frame by hand."""

from collections.abc import Callable

import pytest

from porch import clock
from porch.http.h2 import CALM, NO_ERROR, PROTOCOL, REFUSED, ClientFlood, ConnectionBroken
from porch.http.h2_glitches import Kind
from tests.support import h2_frames as wire
from tests.support.h2_codec import Talk, get, with_

BASIC = wire.BASIC

FIRST = "1 SETTINGS frames"
"""What every connection has said."""


def flood(
    talk: Talk, make: Callable[[int], bytes], most: int = 5000
) -> tuple[int, ConnectionBroken]:
    """How many frames were heard before the connection was broken, and why it was."""
    for number in range(most):
        try:
            talk.hear(make(number))
        except ConnectionBroken as broken:
            return number, broken
    raise AssertionError(f"{most} were heard: {talk.codec.glitches}")


def opened(talk: Talk, number: int, *frames: bytes) -> bytes:
    """A request that has not ended, and frames behind it."""
    return get(1 + 2 * number, end=False) + b"".join(frames)


FLOODS = {
    "resets": (lambda n: wire.reset(1 + 2 * n) + get(3 + 2 * n), 333, "resets of its own"),
    "resets in one read": (lambda n: get(1 + 2 * n) + wire.reset(1 + 2 * n), 333, "resets of its"),
    "malformed": (lambda n: get(1 + 2 * n, (b"X", b"")), 200, "malformed messages"),
    "made resets": (
        lambda n: (
            get(1 + 2 * n, (b"content-length", b"1"), end=False) + wire.data(1 + 2 * n, b"aa")
        ),
        200,
        "malformed messages",
    ),
    "refused": (
        lambda n: wire.headers(1 + 2 * n, with_(b":path", b"/#")) + wire.reset(1 + 2 * n, 0),
        125,
        "",
    ),
    "SETTINGS": (lambda n: wire.settings(), 99, "SETTINGS"),
    "PING": (lambda n: wire.ping(), 1000, "PING"),
    "WINDOW_UPDATE": (lambda n: wire.window_update(0, 1), 1000, "WINDOW_UPDATE"),
    "PRIORITY_UPDATE": (lambda n: wire.priority_update(1), 1000, "PRIORITY_UPDATE"),
    "PRIORITY": (lambda n: wire.priority(1 + 2 * n) * 20, 2015, "neither head nor body"),
    "unknown": (lambda n: wire.frame(0x77, 0, 0, b"x" * 1000), 560, "neither head nor body"),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_ends_its_connection_and_says_why(name: str) -> None:
    make, most, why = FLOODS[name]
    talk = Talk()
    if name == "resets":
        talk.hear(get())
    heard, broken = flood(talk, make)
    assert heard == pytest.approx(most, rel=0.1)
    assert broken.code == CALM
    assert why in str(broken)
    assert isinstance(broken.error, ClientFlood)
    assert broken.farewell[3] == 7
    assert why.encode() in broken.farewell


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda n: wire.data(1, b""), "empty DATA"),
        (lambda n: wire.data(1, b"", padding=255), ""),
        (lambda n: wire.data(1, b"a", padding=255) * 4, "neither head nor body"),
    ],
)
def test_a_body_of_nothing_ends_its_connection(make, why: str) -> None:
    talk = Talk()
    talk.hear(get(end=False))
    _, broken = flood(talk, make)
    assert why in str(broken)


def test_a_head_that_never_ends_ends_its_connection() -> None:
    talk = Talk()
    talk.hear(wire.frame(1, 1, 1, wire.block(BASIC)))
    heard, broken = flood(talk, lambda _: wire.continuation(1, b"", end=False))
    assert heard < 20
    assert broken.code == CALM


@pytest.mark.parametrize(
    ("make", "why"), [(wire.ping, "too many PING frames"), (wire.settings, "too many SETTINGS")]
)
def test_very_many_frames_in_one_read_that_want_answers_end_it(make, why: str) -> None:
    with pytest.raises(ConnectionBroken, match=why) as broken:
        Talk().hear(make() * 2000)
    assert broken.value.code == CALM


def test_answers_to_pings_that_are_free_and_not_taken_are_bounded_too() -> None:
    talk = Talk()
    talk.codec.glitches.free = 2000
    with pytest.raises(ConnectionBroken, match="PING or SETTINGS frames whose answers") as broken:
        talk.hear(wire.ping() * 1500)
    assert broken.value.code == CALM


def test_resets_in_one_read_end_it_before_any_of_its_requests_is_told() -> None:
    pairs = [get(1 + 2 * n) + wire.reset(1 + 2 * n) for n in range(400)]
    with pytest.raises(ConnectionBroken, match="resets of its own"):
        Talk().hear(*pairs)


@pytest.mark.parametrize("size", [1, 20, 16384])
def test_who_takes_a_long_answer_may_say_so_twice_a_frame(size: int) -> None:
    """As the plainest of clients do."""
    talk = Talk()
    talk.hear(get())
    talk.codec.head(1, (b":status", b"200"), [], b"", False)
    for _ in range(3000):
        talk.codec.data(1, b"a" * size, False)
        frames = talk.sent()
        for _ in frames:
            talk.hear(wire.window_update(0, size) + wire.window_update(1, size))
    assert talk.codec.glitches.told() == FIRST


def test_a_long_body_in_tiny_frames_and_reads_is_no_glitch() -> None:
    talk = Talk()
    talk.hear(get(end=False))
    for _ in range(3000):
        frame = wire.data(1, b"abc")
        for at in range(0, len(frame), 4):
            talk.codec.receive(frame[at : at + 4])
        talk.codec.taken(1, 3)
        talk.codec.take()
    assert talk.codec.glitches.spent is None
    assert talk.codec.glitches.told() == "2996 DATA frames with next to nothing in them, " + FIRST


def test_heads_as_long_as_they_may_be_are_no_glitch_however_they_come() -> None:
    talk = Talk()
    for number in range(50):
        said = get(1 + 2 * number, *[(b"x", b"a" * 968)] * 64)
        for at in range(0, len(said), 4096):
            talk.codec.receive(said[at : at + 4096])
        talk.codec.reset(1 + 2 * number, 8)
        talk.codec.take()
    assert talk.codec.glitches.told() == FIRST


def test_very_many_requests_are_no_glitch() -> None:
    talk = Talk()
    for number in range(5000):
        stream = 1 + 2 * number
        talk.hear(get(stream), wire.priority_update(stream))
        talk.codec.head(stream, (b":status", b"200"), [], b"", False)
        talk.codec.data(stream, b"hello", True)
        talk.sent()
        talk.codec.happened()
    assert talk.codec.glitches.told() == FIRST


def test_a_reset_of_a_stream_that_has_ended_is_no_glitch() -> None:
    """As clients of gRPC say it when a server ends a call first."""
    talk = Talk()
    for number in range(500):
        stream = 1 + 2 * number
        talk.hear(get(stream, end=False))
        talk.codec.head(stream, (b":status", b"200"), [], b"", True)
        talk.sent()
        assert talk.codec.release(stream)
        talk.sent()
        talk.codec.happened()
        talk.hear(wire.reset(stream, NO_ERROR))
    assert talk.codec.glitches.told() == FIRST


def test_who_has_waited_for_an_answer_may_give_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """As clients of gRPC whose deadlines pass, or that leave with all of their calls at once."""
    talk = Talk()
    for turn in range(50):
        streams = [1 + 2 * (100 * turn + number) for number in range(100)]
        talk.hear(*map(get, streams))
        monkeypatch.setattr(clock, "now", clock.now + clock.TICK)
        talk.hear(*map(wire.reset, streams))
    assert talk.codec.glitches.told() == FIRST


def test_an_old_stream_among_young_ones_is_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Talk()
    talk.hear(get(1), get(3))
    monkeypatch.setattr(clock, "now", clock.now + clock.TICK)
    talk.hear(get(5), get(7))
    talk.hear(wire.reset(3), wire.reset(7))
    assert talk.codec.glitches.told() == "1 SETTINGS frames, 1 resets of its own requests"
    monkeypatch.setattr(clock, "now", clock.now + clock.TICK)
    talk.hear(wire.reset(1), wire.reset(5))
    assert talk.codec.glitches.told() == "1 SETTINGS frames, 1 resets of its own requests"


@pytest.mark.parametrize("code", [0, 1, 2, 8, 11])
def test_a_reset_counts_once_whatever_its_code(code: int) -> None:
    talk = Talk()
    talk.hear(get(1))
    talk.hear(wire.reset(1, code))
    assert talk.codec.glitches.told() == "1 SETTINGS frames, 1 resets of its own requests"


def test_a_stream_that_we_give_up_for_the_origins_sake_is_no_glitch() -> None:
    talk = Talk()
    for number in range(500):
        talk.hear(get(1 + 2 * number))
        talk.codec.reset(1 + 2 * number, (0, 2, 8)[number % 3])
        talk.sent()
        talk.codec.happened()
    assert talk.codec.glitches.told() == FIRST


@pytest.mark.parametrize("answered", [True, False])
def test_bodies_on_the_way_on_streams_that_we_give_up_are_no_glitch(answered: bool) -> None:
    """Four uploads with as much as our windows let through; the connection's opens again."""
    talk = Talk()
    streams = (1, 3, 5, 7)
    talk.hear(*[get(stream, end=False) for stream in streams])
    window = talk.codec._connection.local_window_size
    for _ in range(5):
        for stream in streams:
            if answered:
                talk.codec.head(stream, (b":status", b"502"), [], b"no", True)
                talk.codec.take()
                assert talk.codec.release(stream)
            else:
                talk.codec.reset(stream, 2)
        for number in range(16 * len(streams)):
            talk.hear(wire.data(streams[number % len(streams)], bytes(16384)))
        assert talk.codec.glitches.told() == FIRST
        assert talk.codec._connection.local_window_size > window // 2
        streams = tuple(stream + 8 for stream in streams)
        talk.hear(*[get(stream, end=False) for stream in streams])


@pytest.mark.parametrize("size", [10, 600])
def test_a_thousand_requests_before_our_settings_are_known_are_served_or_refused(size: int) -> None:
    talk = Talk(knows=False)
    frames = b"".join(get(1 + 2 * number, (b"x", b"a" * size)) for number in range(1000))
    served = refused = 0
    for at in range(0, len(frames), 16384):
        served += len(talk.hear(frames[at : at + 16384]))
        refused += sum(each.code == REFUSED for each in talk.said if each.kind == wire.RESET)
    assert (served, refused) == (128, 872)
    assert talk.codec.glitches.told() == FIRST


@pytest.mark.parametrize("known", [False, True])
def test_what_a_first_flight_may_be_is_bounded_and_ends_with_our_settings(known: bool) -> None:
    talk = Talk(knows=False)
    if known:
        talk.hear(wire.settings(ack=True))
    heard, broken = flood(talk, lambda _: wire.frame(0x77, 0, 0, b"x" * 4087))
    assert heard == pytest.approx((80 + 272 + 200 + (0 if known else 1024)) / 4, rel=0.1)
    assert "neither head nor body" in str(broken)


def test_more_than_may_have_been_on_the_way_is_a_glitch() -> None:
    talk = Talk()
    talk.hear(get(end=False))
    talk.codec.reset(1, 2)
    heard, broken = flood(talk, lambda _: wire.data(1, bytes(4096)))
    assert heard == pytest.approx((2 * (256 + 256 // 16) + 80 + 200) / 4, rel=0.1)
    assert "neither head nor body" in str(broken)


@pytest.mark.parametrize("size", [15_000, 200_000])
def test_the_bodies_of_malformed_requests_are_no_glitch_of_their_own(size: int) -> None:
    talk = Talk()
    whole, rest = divmod(size, 16_384)
    sizes = [16_384] * whole + [rest]
    for number in range(150):
        stream = 1 + 2 * number
        pieces = [wire.data(stream, bytes(each)) for each in sizes]
        refusal = talk.refusal(get(stream, (b"X", b""), end=False), *pieces)
        assert refusal == PROTOCOL, "each has its answer"
    assert talk.codec.glitches.told() == "150 malformed messages, " + FIRST


def test_small_messages_both_ways_are_no_glitch() -> None:
    """As in a stream of gRPC, or a WebSocket."""
    talk = Talk()
    talk.hear(get(end=False))
    talk.codec.head(1, (b":status", b"200"), [], b"", False)
    for _ in range(20_000):
        talk.codec.receive(wire.data(1, b"a"))
        talk.codec.taken(1, 1)
        talk.codec.data(1, b"b", False)
        talk.codec.take()
        if talk.codec.window(1) < 10:
            talk.hear(wire.window_update(0, 10_000) + wire.window_update(1, 10_000))
    assert talk.codec.glitches.told() == FIRST


def test_resets_of_streams_that_are_over_are_counted_beyond_the_free_ones() -> None:
    talk = Talk()
    talk.hear(get(1))
    talk.codec.head(1, (b":status", b"200"), [], b"", True)
    talk.sent()
    heard, broken = flood(talk, lambda _: wire.reset(1) * 700)
    assert heard == 1
    assert (broken.code, str(broken)) == (CALM, "too many resets of requests that are over")
    with pytest.raises(ConnectionBroken, match="resets of requests that are over") as at_once:
        Talk().hear(get(1), wire.reset(1) * 20_000)
    assert at_once.value.code == CALM


def test_points_that_are_spent_while_output_is_taken_end_it_with_the_next_read() -> None:
    talk = Talk()
    for _ in range(2):
        for _ in range(201):
            talk.codec.glitches.add(Kind("x", 5))
    talk.codec.take()
    talk.codec.happened()
    with pytest.raises(ConnectionBroken, match="too many x"):
        talk.hear(wire.ping())
