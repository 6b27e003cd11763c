"""What a row of the corpus for HTTP/2 is: a request in frames, and what has to come of it.

The runner sends one more request on the same connection behind it (`/behind`). What the origin gets
of the two is compared byte by byte with what it should.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.support import h2_frames as wire

__all__ = ["BASIC", "PORT", "Answered", "BrokenOff", "Field", "H2Case", "Reset", "Sent", "case"]

Field = tuple[bytes, bytes]

BASIC = wire.BASIC
PORT = b"{port}"
"""Stands for the door's port in what an origin gets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """The stream is reset, and the origin gets not one byte. code: of PROTOCOL_ERROR."""

    code: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The door answers with this status, and the origin gets not one byte."""

    status: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenOff:
    """Wrong inside its body: the origin may have its beginning, never a whole request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The origin gets these bytes, and the client its answer.

    line, host: of the head. fields: those that the client sent, as lines. extra: lines that frame
    the message. body: as it goes over the wire.
    """

    line: bytes = b"GET /case"
    host: bytes = b"a.test"
    fields: Sequence[bytes] = ()
    extra: Sequence[bytes] = ()
    body: bytes = b""

    def wire(self, port: int) -> bytes:
        """The bytes."""
        lines = [
            self.line + b" HTTP/1.1",
            b"host: " + self.host,
            *self.fields,
            b"x-forwarded-for: 127.0.0.1",
            b"x-forwarded-proto: https",
            b"x-forwarded-host: " + self.host,
            b"x-forwarded-port: %d" % port,
            b"x-real-ip: 127.0.0.1",
            b"via: 2 porch",
            *self.extra,
        ]
        return b"\r\n".join([*lines, b"", self.body])


Fate = Reset | Answered | BrokenOff | Sent


@dataclass(frozen=True, slots=True, kw_only=True)
class H2Case:
    """name: a sentence, unique. frames: all of stream 1. rfc: number and section. fate: of it."""

    name: str
    frames: bytes
    rfc: str
    fate: Fate


def case(
    name: str,
    fate: Fate,
    *more: Field,
    rfc: str = "9113 8.2.1",
    data: Sequence[bytes] = (),
    trailers: Sequence[Field] = (),
    **pseudo: bytes | None,
) -> H2Case:
    """A request with these fields, and BASIC with other values; None leaves one out.

    data: DATA frames, of which the last ends the stream if no trailers follow.
    """
    fields = [
        (key, said)
        for key, value in BASIC
        if (said := pseudo.get(key[1:].decode(), value)) is not None
    ]
    frames = wire.headers(1, [*fields, *more], end=not (data or trailers))
    frames += b"".join(data)
    if trailers:
        frames += wire.headers(1, trailers)
    return H2Case(name=name, frames=frames, rfc=rfc, fate=fate)
