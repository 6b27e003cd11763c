"""Feeding a decoder in pieces of any size, and what it then says, joined.

An event is a tuple: a head as `request` and `answer` make it, ("data", bytes) with neighbours
joined, ("trailers", fields), ("end",), or ("error", class, status), behind which nothing is read.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from porch.errors import PorchError
from porch.http.h1 import Decoder, HeadLimits, Piece
from porch.http.h1_request import RequestDecoder
from porch.http.h1_response import ResponseDecoder
from porch.http.message import Field, RequestHead, ResponseHead, Trailers

__all__ = [
    "Event",
    "answer",
    "answer_decoder",
    "assert_split_anywhere",
    "data",
    "end",
    "error",
    "events",
    "fed",
    "request",
    "request_decoder",
    "trailers",
    "two_ways",
]

Event = tuple[Any, ...]
end: Event = ("end",)


def request(
    method: bytes,
    target: bytes,
    *fields: Field,
    authority: bytes = b"a.test",
    length: int | None = 0,
    upgrade: bytes | None = None,
    expect: bool = False,
    version: bytes = b"1.1",
    keep_alive: bool = True,
) -> Event:
    framing = (length, upgrade, expect, version, keep_alive)
    return ("request", method, target, authority, list(fields), *framing)


def answer(
    status: int,
    *fields: Field,
    length: int | None = 0,
    reason: bytes = b"OK",
    upgrade: bytes | None = None,
    reusable: bool = True,
) -> Event:
    """Without the date that the decoder adds."""
    return ("answer", status, reason, list(fields), length, upgrade, reusable)


def data(body: bytes) -> Event:
    return ("data", body)


def trailers(*fields: Field) -> Event:
    return ("trailers", list(fields))


def error(kind: type[PorchError], status: int = 0) -> Event:
    return ("error", kind, status or kind.status)


def request_decoder(limits: HeadLimits | None = None, scheme: bytes = b"http") -> RequestDecoder:
    return RequestDecoder(limits or HeadLimits(), scheme)


def answer_decoder(
    method: bytes = b"GET",
    upgrade: bytes | None = None,
    limits: HeadLimits | None = None,
    most_interim: int = 16,
) -> ResponseDecoder:
    """Ready for the answer to a request."""
    decoder = ResponseDecoder(limits or HeadLimits(), most_interim)
    decoder.method = method
    decoder.upgrade = upgrade
    return decoder


def events(decoder: Decoder, pieces: Iterable[bytes], *, closes: bool = False) -> list[Event]:
    """All that `decoder` says to `pieces`. closes: the far end closes behind them."""
    found: list[Event] = []
    try:
        for each in pieces:
            for piece in _decode(decoder, each):
                _add(found, decoder, piece)
        if closes:
            assert isinstance(decoder, ResponseDecoder)
            _add(found, decoder, decoder.decode_end())
    except PorchError as failure:
        found.append(("error", type(failure), failure.status))
    return found


def fed(decoder: Decoder, data: bytes) -> Piece | None:
    """What it says to what has come, as a connection has it (forward/h1.py)."""
    if isinstance(decoder, ResponseDecoder) and data.startswith(decoder.usual):
        return decoder.again(data)
    return decoder.decode(data)


def _decode(decoder: Decoder, each: bytes) -> Iterator[Piece]:
    piece = fed(decoder, each)
    while piece is not None:
        yield piece
        if not decoder.rest:
            return
        piece = decoder.decode(b"")


def _add(found: list[Event], decoder: Decoder, piece: Piece) -> None:
    head, body, ended = piece
    if isinstance(head, RequestHead):
        assert isinstance(decoder, RequestDecoder)
        found.append(
            request(
                head.method,
                head.target,
                *head.fields,
                authority=head.authority,
                length=head.length,
                upgrade=head.upgrade,
                expect=head.expect,
                version=head.version,
                keep_alive=decoder.keep_alive,
            )
        )
    elif isinstance(head, ResponseHead):
        assert isinstance(decoder, ResponseDecoder)
        found.append(
            answer(
                head.status,
                *(field for field in head.fields if field[0] != b"date"),
                length=head.length,
                reason=head.reason,
                upgrade=head.upgrade,
                reusable=decoder.reusable,
            )
        )
    if body:
        if found and found[-1][0] == "data":
            body = found.pop()[1] + body
        found.append(("data", body))
    if isinstance(head, Trailers):
        assert ended, "trailers are always the last piece"
        found.append(trailers(*head.fields))
    if ended:
        found.append(end)


def two_ways(message: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Every way to cut a message in two."""
    for at in range(1, len(message)):
        yield message[:at], message[at:]


def assert_split_anywhere(
    make: Callable[[], Decoder], message: bytes, expected: list[Event], *, closes: bool = False
) -> None:
    """`message` means `expected`, whole, byte by byte and cut anywhere in two.

    Where it ends in an error, what is decoded before it may differ: an error takes with it what
    came in one read with it. The error may not.
    """
    fails = expected[-1][0] == "error"
    byte_by_byte = [message[at : at + 1] for at in range(len(message))]
    for pieces in ([message], byte_by_byte, *two_ways(message)):
        found = events(make(), pieces, closes=closes)
        if fails:
            assert found[-1:] == expected[-1:], pieces
        else:
            assert found == expected, pieces
