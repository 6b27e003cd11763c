"""What real clients and origins have said by HTTP/2, damaged at random, frame by frame.

The captures are of curl, nghttp, h2load, httpx and grpcio, each against a door without TLS, and of
nghttpd, nginx and grpcio, each asked three things by a codec of ours.
"""

import random
from pathlib import Path

from tests.support import h2_frames as wire

__all__ = ["ANSWERS", "CAPTURES", "damage", "damaged_answers", "damaged_talk", "split"]

FOLDER = Path(__file__).parents[1] / "fuzz" / "h2_captures"
CAPTURES = {each.stem: each.read_bytes() for each in sorted(FOLDER.glob("*.bin"))}
"""name -> all that a client has sent."""
ANSWERS = {
    each.stem: each.read_bytes() for each in sorted((FOLDER.parent / "h2_answers").glob("*.bin"))
}
"""name -> all that an origin has sent, to requests on the streams 1, 3 and 5."""

NUMBERS = (0, 1, 2, 3, 5, 7, 9, 101, 0x7FFFFFFF)
LENGTHS = (0, 1, 4, 5, 8, 9, 255, 16384, 16385, 0xFFFFFF)


def split(data: bytes, preface: int = 24) -> list[bytes]:
    """The preface, of so many bytes, and the frames of what somebody has sent."""
    pieces = [data[:preface]] if preface else []
    at = preface
    while at < len(data):
        end = at + 9 + int.from_bytes(data[at : at + 3], "big")
        pieces.append(data[at:end])
        at = end
    return pieces


def _hostile(chance: random.Random) -> bytes:
    """A frame that somebody could send."""
    stream = chance.choice(NUMBERS)
    basic = [(name, chance.choice((value, value, b"", b"/x#", b"*"))) for name, value in wire.BASIC]
    return chance.choice(
        (
            lambda: wire.headers(stream, wire.BASIC, end=chance.random() < 0.5),
            lambda: wire.headers(stream, basic, end=chance.random() < 0.5),
            lambda: wire.headers(stream, [(b"x", b"1")]),
            lambda: wire.data(stream, bytes(chance.randrange(40)), end=chance.random() < 0.5),
            lambda: wire.data(stream, b"a", padding=chance.randrange(256)),
            lambda: wire.reset(stream, chance.choice(NUMBERS)),
            lambda: wire.settings((chance.randrange(12), chance.choice(LENGTHS))),
            lambda: wire.settings(ack=True),
            lambda: wire.ping(ack=chance.random() < 0.5),
            lambda: wire.goaway(stream, chance.choice(NUMBERS)),
            lambda: wire.window_update(stream, chance.choice((*NUMBERS, *LENGTHS))),
            lambda: wire.priority(stream, chance.choice(NUMBERS)),
            lambda: wire.priority_update(stream, chance.choice((b"u=1", b"u=9,i", b"\xff", b""))),
            lambda: wire.continuation(stream, b"", end=chance.random() < 0.5),
            lambda: wire.frame(chance.randrange(20), chance.randrange(256), stream, bytes(4)),
        )
    )()


def _bent(chance: random.Random, frame: bytes) -> bytes:
    """A frame with something wrong in it."""
    kind = chance.randrange(6)
    at = chance.randrange(len(frame))
    if kind == 0:
        return frame[:at] + bytes([chance.randrange(256)]) + frame[at + 1 :]
    if kind == 1:
        return chance.choice(LENGTHS).to_bytes(3, "big") + frame[3:]
    if kind == 2:
        return frame[:3] + bytes([chance.randrange(12)]) + frame[4:]
    if kind == 3:
        return frame[:4] + bytes([chance.randrange(256)]) + frame[5:]
    if kind == 4:
        return frame[:5] + chance.choice(NUMBERS).to_bytes(4, "big") + frame[9:]
    return frame[:at]


def damage(chance: random.Random, pieces: list[bytes], others: list[bytes]) -> bytes:
    """Frames, of which the first stays as it is nearly always, damaged up to six times: some are
    bent, lost, repeated or moved, and some of the others come between."""
    for _ in range(chance.randrange(7)):
        at = chance.randrange(1, len(pieces)) if chance.random() < 0.98 and pieces[1:] else 0
        kind = chance.randrange(6)
        if kind == 0:
            pieces.insert(at, _hostile(chance))
        elif kind == 1 and len(pieces) > 2:
            del pieces[at]
        elif kind == 2:
            pieces.insert(at, pieces[at])
        elif kind == 3:
            pieces[at] = _bent(chance, pieces[at]) if len(pieces[at]) > 8 else pieces[at]
        elif kind == 4:
            pieces.insert(at, chance.choice(others))
        else:
            pieces.insert(chance.randrange(1, len(pieces) + 1), pieces.pop(at))
        pieces = pieces or [b""]
    return b"".join(pieces)


def damaged_talk(chance: random.Random) -> bytes:
    """What a client has said; most keep their preface."""
    return damage(
        chance,
        split(chance.choice([*CAPTURES.values()])),
        split(chance.choice([*CAPTURES.values()])),
    )


def damaged_answers(chance: random.Random, streams: list[int]) -> bytes:
    """What an origin may say to requests on these streams: what one has said, or made up."""
    if streams == [1, 3, 5] and chance.random() < 0.5:
        said, other = chance.choices([*ANSWERS.values()], k=2)
        return damage(chance, split(said, 0), split(other, 0))
    pieces = [wire.settings((3, 100), (4, 70_000)), wire.settings(ack=True)]
    for stream in streams:
        length = chance.choice((0, 2, 900))
        head = [(b":status", b"200"), (b"content-length", b"%d" % length)]
        kind = chance.randrange(5)
        if kind == 0:
            pieces.append(wire.headers(stream, [(b":status", b"103")], end=False))
        if kind == 1:
            pieces.append(wire.headers(stream, [(b":status", b"204")]))
        elif kind == 2:
            pieces.append(wire.headers(stream, [(b":status", b"200")], end=False))
            pieces.append(wire.data(stream, bytes(length)))
            pieces.append(wire.headers(stream, [(b"grpc-status", b"0")]))
        elif kind == 3:
            pieces.append(wire.reset(stream, chance.choice((0, 2, 7, 8, 13))))
        else:
            pieces.append(wire.headers(stream, head, end=False))
            pieces.append(wire.data(stream, bytes(length), end=True))
    pieces.append(
        chance.choice((wire.ping(), wire.goaway(streams[0], 0), wire.window_update(0, 9)))
    )
    return damage(chance, pieces, list(pieces))
