"""The chunked coding by itself; its strictness is tested with the requests that use it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.http import chunked
from porch.http.chunked import FORBIDDEN_TRAILERS, FRAMING, ChunkedBody, ChunkedError
from porch.http.h1_encode import chunk, last_chunk
from porch.http.message import Trailers


def whole(body: bytes, most_trailers: int = 256, most_fields: int = 4) -> ChunkedBody:
    """A decoder that has been fed `body` byte by byte and is not done before its end."""
    decoder = ChunkedBody(most_trailers, most_fields)
    for at in range(len(body)):
        _, end, rest = decoder.decode(body[at : at + 1])
        assert end is (at == len(body) - 1)
        assert rest == b""
    return decoder


def test_what_lies_behind_the_body_is_given_back() -> None:
    decoder = ChunkedBody(256, 4)
    assert decoder.decode(b"2\r\nhi\r\n0\r\n\r\nGET /") == (b"hi", True, b"GET /")


def test_an_empty_piece_changes_nothing() -> None:
    decoder = ChunkedBody(256, 4)
    for piece in (b"2", b"\r", b"\nh", b"i", b"\r\n0\r\n", b"x: y\r\n"):
        assert decoder.decode(b"")[1:] == (False, b"")
        assert decoder.decode(piece)[1:] == (False, b"")
    assert decoder.decode(b"\r\n") == (b"", True, b"")
    assert decoder.trailers == [(b"x", b"y")]


def test_data_is_passed_on_as_it_comes() -> None:
    decoder = ChunkedBody(256, 4)
    assert decoder.decode(b"a\r\nhello") == (b"hello", False, b"")
    assert decoder.decode(b"wor") == (b"wor", False, b"")
    assert decoder.decode(b"ld\r\n1\r\n") == (b"ld", False, b"")
    assert decoder.decode(b"!\r") == (b"!", False, b"")


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=8),
    st.integers(1, 30),
)
def test_what_was_encoded_is_decoded(parts: list[bytes], size: int) -> None:
    trailers = Trailers([(b"x", b"y")])
    encoded = b"".join(map(chunk, parts)) + last_chunk(trailers)
    decoder = ChunkedBody(256, 4)
    body = b""
    ended = False
    for at in range(0, len(encoded), size):
        assert not ended
        data, ended, rest = decoder.decode(encoded[at : at + size])
        assert rest == b""
        body += data
    assert ended
    assert body == b"".join(parts)
    assert decoder.trailers == trailers.fields


@pytest.mark.parametrize(
    "line",
    [
        b"5;a",
        b"5;a=b",
        b"5 ; a = b",
        b'5;a="b;c\\"d"',
        b"5;a;b;c=1",
        b"05",
        b"000000000000005",
        b'5\t;\ta="\xfc"',
    ],
)
def test_an_extension_by_the_grammar_is_dropped(line: bytes) -> None:
    """RFC 9112 7.1.1."""
    assert ChunkedBody(256, 4).decode(line + b"\r\nhello\r\n") == (b"hello", False, b"")


@pytest.mark.parametrize("size", [1, 3, 64, 5000])
@pytest.mark.parametrize(
    "endless", [b"5;" + b"a" * 5000, b"0" * 5000, b"5;a=" + b'"' + b"b" * 5000]
)
def test_a_size_line_is_never_held_beyond_its_limit(endless: bytes, size: int) -> None:
    decoder = ChunkedBody(256, 4)
    fed = 0
    with pytest.raises(ChunkedError, match="size line is too long"):  # noqa: PT012
        while True:
            assert len(decoder._rest) < chunked.LONGEST_LINE
            decoder.decode(endless[fed : fed + size])
            fed += size
    assert fed <= chunked.LONGEST_LINE


def test_a_size_line_may_be_as_long_as_its_limit() -> None:
    line = b"1;" + b"a" * (chunked.LONGEST_LINE - 4)
    body = line + b"\r\n!\r\n0\r\n\r\n"
    assert ChunkedBody(256, 4).decode(body) == (b"!", True, b"")
    whole(body)
    with pytest.raises(ChunkedError):
        ChunkedBody(256, 4).decode(b"1;a" + body[2:])


def test_extensions_may_not_outweigh_the_body() -> None:
    decoder = ChunkedBody(256, 4)
    line = b"1;" + b"a" * 1000 + b"\r\n!\r\n"
    for _ in range(16):
        decoder.decode(line)
    with pytest.raises(ChunkedError, match="extensions"):
        decoder.decode(line)


def test_trailers_may_be_as_long_as_their_limit() -> None:
    section = b"x: " + b"y" * (256 - 3 - 4) + b"\r\n\r\n"
    assert len(section) == 256
    assert whole(b"0\r\n" + section).trailers == [(b"x", b"y" * 249)]
    assert ChunkedBody(256, 4).decode(b"0\r\n" + section)[1]


@pytest.mark.parametrize("size", [1, 3, 5000])
@pytest.mark.parametrize("endless", [b"x" * 5000, b"x: " + b"y" * 5000, b"x: y\r\n" * 800])
def test_trailers_are_never_held_beyond_their_limit(endless: bytes, size: int) -> None:
    decoder = ChunkedBody(256, 4)
    decoder.decode(b"0\r\n")
    fed = 0
    with pytest.raises(ChunkedError, match="trailer section is too long"):  # noqa: PT012
        while True:
            assert len(decoder._rest) < 256
            decoder.decode(endless[fed : fed + size])
            fed += size
    assert fed <= 256


def test_trailers_may_have_as_many_fields_as_their_limit() -> None:
    assert ChunkedBody(256, 4).decode(b"0\r\n" + b"x: y\r\n" * 4 + b"\r\n")[1]
    with pytest.raises(ChunkedError, match="too many fields"):
        ChunkedBody(256, 4).decode(b"0\r\n" + b"x: y\r\n" * 5 + b"\r\n")


class CountingPattern:
    """A pattern that counts the bytes it was given to search."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self._pattern = pattern
        self.searched = 0

    def search(self, text: bytes, start: int = 0) -> re.Match[bytes] | None:
        self.searched += len(text) - start
        return self._pattern.search(text, start)


def test_long_trailers_that_come_byte_by_byte_are_searched_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counting = CountingPattern(chunked._BARE)
    monkeypatch.setattr(chunked, "_BARE", counting)
    body = b"0\r\n" + b"x: " + b"y" * 3000 + b"\r\n\r\n"
    whole(body, most_trailers=65536)
    assert counting.searched < 5 * len(body)


@pytest.mark.parametrize(
    "name", [*sorted(FORBIDDEN_TRAILERS - FRAMING), b"x-forwarded-for", b"x_forwarded_for"]
)
def test_what_would_come_too_late_is_dropped(name: bytes) -> None:
    """RFC 9110 6.5.1."""
    decoder = ChunkedBody(256, 4)
    decoder.decode(b"0\r\nx: y\r\n" + name.title() + b": z\r\n\r\n")
    assert decoder.trailers == [(b"x", b"y")]


@pytest.mark.parametrize(
    "name", [b"content-length", b"transfer-encoding", b"host", b"connection", b"client-cert"]
)
def test_what_frames_or_routes_is_among_what_is_dropped(name: bytes) -> None:
    assert name in FORBIDDEN_TRAILERS


def test_what_connection_named_is_dropped() -> None:
    """RFC 9110 7.6.1."""
    decoder = ChunkedBody(256, 4)
    decoder.dropped = {b"x-hop"}
    decoder.decode(b"0\r\nx-hop: 1\r\nx: y\r\n\r\n")
    assert decoder.trailers == [(b"x", b"y")]


def test_a_restart_forgets_what_was_fed_and_nothing_else() -> None:
    decoder = ChunkedBody(256, 4)
    decoder.dropped = {b"x-hop"}
    body = b"2;a\r\nhi\r\n0\r\nx: y\r\nx-hop: z\r\n\r\n"
    assert decoder.decode(body) == (b"hi", True, b"")
    decoder.restart()
    assert decoder.trailers == []
    assert decoder.decode(body) == (b"hi", True, b"")
    assert decoder.trailers == [(b"x", b"y")]


@pytest.mark.parametrize("name", [b"content-length", b"Transfer-Encoding"])
def test_trailers_that_would_frame_the_body_are_refused(name: bytes) -> None:
    with pytest.raises(ChunkedError, match=name.decode().lower()):
        whole(b"0\r\nx: y\r\n" + name + b": 5\r\n\r\n")
