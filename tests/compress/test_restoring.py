"""Answers in a coding that their client does not take."""

import gzip

import pytest

from porch.compress.decoder import FLOOR
from porch.compress.restoring import Restoring, refuses, undoable
from porch.errors import BadGateway
from porch.http.message import Field, ResponseHead, Trailers


def answer(*fields: Field, status: int = 200, coding: bytes = b"br") -> ResponseHead:
    return ResponseHead(status, [(b"content-encoding", coding), *fields])


@pytest.mark.parametrize(
    ("accept", "does"),
    [
        (b"gzip", True),
        (b"", True),
        (b"gzip, br", False),
        (None, False),
        (b"*", False),
        (b"gzip, identity;q=0", False),
    ],
)
def test_who_takes_it_or_nothing_else_gets_it_as_it_is(accept: bytes | None, does: bool) -> None:
    assert refuses(accept, b"br") is does


def test_what_cannot_or_must_not_be_undone_stays() -> None:
    assert undoable(answer()) == b"br"
    assert undoable(answer(coding=b"compress")) is None
    assert undoable(answer(coding=b"gzip, br")) is None
    assert undoable(answer((b"content-encoding", b"br"))) is None
    assert undoable(answer((b"content-encoding", b"gzip"))) is None
    assert undoable(answer(status=304)) is None
    assert undoable(answer((b"cache-control", b"no-transform"))) is None
    assert undoable(ResponseHead(200, [])) is None


def test_identity_beside_it_is_no_coding() -> None:
    assert undoable(answer((b"content-encoding", b"identity"))) == b"br"


def test_it_is_what_it_was() -> None:
    data = gzip.compress(b"hello" * 99)
    made = Restoring(b"gzip")
    first = made.change(None, data[:20], False)[1]
    trailers, rest = made.change(Trailers([(b"digest", b"x")]), data[20:], True)
    assert first + rest == b"hello" * 99
    assert trailers is not None
    assert trailers.fields == []


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"no gzip", "is not what it says"), (gzip.compress(bytes(FLOOR * 2)), "a bomb")],
)
def test_lies_and_bombs_are_told_of(data: bytes, why: str) -> None:
    with pytest.raises(BadGateway, match=why):
        Restoring(b"gzip").change(None, data, True)
