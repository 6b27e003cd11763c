"""Frames by their heads alone."""

import pytest

from porch.http.h2_arrivals import MAYBE, NO, TINY, YES, Arrivals
from porch.http.h2_glitches import Glitches
from tests.support import h2_frames as wire

GREETED = wire.PREFACE
"""With a SETTINGS frame, which counts."""


@pytest.fixture
def arrivals() -> Arrivals:
    made = Arrivals(Glitches())
    made.look(GREETED)
    return made


def told(arrivals: Arrivals) -> str:
    return arrivals._glitches.told()


BLOCK = wire.block(wire.BASIC)

STEPS = {
    "a whole head": (wire.headers(1, wire.BASIC), NO),
    "part of a head": (wire.headers(1, wire.BASIC)[:-1], YES),
    "a head that goes on": (wire.frame(1, 1, 1, BLOCK), YES),
    "the end of such a head": (
        wire.frame(1, 1, 1, BLOCK[:5]) + wire.continuation(1, BLOCK[5:], end=True),
        NO,
    ),
    "a head behind a whole one": (wire.headers(1, wire.BASIC) + b"\0\0\x09\x01\5\0\0\0\3a", YES),
    "part of a frame's head": (b"\0\0\x09", MAYBE),
    "the same inside a head": (wire.frame(1, 1, 1, BLOCK) + b"\0", YES),
    "part of a body": (wire.data(1, b"abc")[:-1], NO),
    "PRIORITY": (wire.priority(3), NO),
    "an unknown frame": (wire.frame(0x77, 0, 0, b"x" * 300), NO),
    "part of one": (wire.frame(0x77, 0, 0, b"x" * 300)[:-1], NO),
    "SETTINGS and a body": (wire.settings() + wire.data(1, b"abc"), NO),
}


@pytest.mark.parametrize("size", [1, 4, 9, 10, 100_000])
@pytest.mark.parametrize("name", STEPS)
def test_it_knows_whether_a_head_is_partial_however_it_comes(name: str, size: int) -> None:
    frames, partial = STEPS[name]
    data = GREETED + frames
    arrivals = Arrivals(Glitches())
    for at in range(0, len(data), size):
        arrivals.look(data[at : at + size])
    assert arrivals.partial == partial


def test_the_preface_alone_is_no_part_of_a_head() -> None:
    arrivals = Arrivals(Glitches())
    for at in range(0, 24, 5):
        arrivals.look(GREETED[at : min(at + 5, 24)])
        assert arrivals.partial == NO
    arrivals.look(GREETED[24:26])
    assert arrivals.partial == MAYBE


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_small_data_pings_settings_and_resets_are_counted(size: int) -> None:
    data = GREETED + b"".join(
        [
            wire.data(1, b"a"),
            wire.data(1, b"a" * (TINY - 1)),
            wire.data(1, b"a" * TINY),
            wire.data(1, b"", end=True),
            wire.ping(),
            wire.ping(ack=True),
            wire.settings(),
            wire.settings(ack=True),
            wire.reset(1),
            wire.window_update(0, 1),
        ]
    )
    arrivals = Arrivals(Glitches())
    for at in range(0, len(data), size):
        arrivals.look(data[at : at + size])
    for each in ("2 SETTINGS frames", "1 PING frames", "2 DATA frames with next to nothing"):
        assert each in told(arrivals)
    assert arrivals.resets == 1


def test_what_answers_give_reason_for_is_free(arrivals: Arrivals) -> None:
    arrivals._glitches.free = 3
    arrivals.look(wire.data(1, b"a") * 2 + wire.ping())
    assert told(arrivals) == "1 SETTINGS frames"
    arrivals.look(wire.data(1, b"a") * 2)
    assert "2 DATA frames" in told(arrivals)


def test_very_many_small_frames_spend_the_last_point(arrivals: Arrivals) -> None:
    arrivals.look(wire.data(1, b"a") * 60_000)
    assert arrivals._glitches.spent is None
    arrivals.look(wire.data(1, b"a") * 6_000)
    spent = arrivals._glitches.spent
    assert spent is not None
    assert spent.name == "DATA frames with next to nothing in them"
