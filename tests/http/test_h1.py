"""What both directions share: gathering heads, framing bodies, bounds."""

import re
import sys
from collections.abc import Iterator
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.errors import BadRequest, FieldsTooLarge, TargetTooLong
from porch.http import h1
from porch.http.h1 import HeadLimits, content_length
from porch.http.h1_request import RequestDecoder
from tests.support.codec import (
    answer_decoder,
    assert_split_anywhere,
    end,
    error,
    events,
    request,
    request_decoder,
)
from tests.support.messages import ANSWERS, REQUESTS


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_means_the_same_however_it_is_cut(name: str) -> None:
    assert_split_anywhere(request_decoder, *REQUESTS[name])


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_means_the_same_however_it_is_cut(name: str) -> None:
    assert_split_anywhere(answer_decoder, *ANSWERS[name])


def cuts(message: bytes) -> st.SearchStrategy[list[bytes]]:
    """A message in pieces of any sizes."""

    def cut(at: set[int]) -> list[bytes]:
        ends = [*sorted(at), len(message)]
        return [message[start:stop] for start, stop in zip([0, *ends], ends, strict=False)]

    return st.sets(st.integers(1, len(message) - 1), max_size=12).map(cut)


@given(st.data())
def test_a_pipeline_means_the_same_in_any_pieces(draw: st.DataObject) -> None:
    names = draw.draw(st.lists(st.sampled_from(sorted(REQUESTS)), min_size=1, max_size=4))
    message = b"".join(REQUESTS[name][0] for name in names)
    expected = [event for name in names for event in REQUESTS[name][1]]
    assert events(request_decoder(), draw.draw(cuts(message))) == expected


@given(st.data())
def test_answers_mean_the_same_in_any_pieces(draw: st.DataObject) -> None:
    names = draw.draw(st.lists(st.sampled_from(sorted(ANSWERS)), min_size=1, max_size=4))
    message = b"".join(ANSWERS[name][0] for name in names)
    expected = [event for name in names for event in ANSWERS[name][1]]
    assert events(answer_decoder(), draw.draw(cuts(message))) == expected


LIMITS = HeadLimits(request_line=64, head=256, fields=4)


def of_size(line: int, head: int) -> bytes:
    """A request whose line and head have so many bytes."""
    start = b"GET /%b HTTP/1.1\r\nhost: a.test\r\nx: " % (b"a" * (line - len("GET / HTTP/1.1")))
    return start + b"b" * (head - len(start)) + b"\r\n\r\n"


def decoder_with_limits() -> RequestDecoder:
    return request_decoder(LIMITS)


@pytest.mark.parametrize("before", [b"", b"\r\n"])
def test_a_request_line_may_be_as_long_as_its_limit(before: bytes) -> None:
    message = before + of_size(64, 128)
    assert_split_anywhere(
        decoder_with_limits,
        message,
        [request(b"GET", b"/" + b"a" * 50, (b"x", b"b" * 45)), end],
    )


@pytest.mark.parametrize("head", [128, 256, 257, 1000])
@pytest.mark.parametrize("before", [b"", b"\r\n"])
def test_a_longer_request_line_is_414_whatever_stands_behind_it(before: bytes, head: int) -> None:
    assert_split_anywhere(
        decoder_with_limits, before + of_size(65, head), [error(TargetTooLong, 414)]
    )


def test_a_head_may_be_as_long_as_its_limit() -> None:
    found = [request(b"GET", b"/", (b"x", b"b" * 223)), end]
    assert_split_anywhere(decoder_with_limits, of_size(14, 256), found)


def test_a_longer_head_is_431() -> None:
    assert_split_anywhere(decoder_with_limits, of_size(14, 257), [error(FieldsTooLarge, 431)])


def test_a_head_may_have_as_many_fields_as_its_limit() -> None:
    fields = b"host: a.test\r\n" + b"x: y\r\n" * 3
    message = b"GET / HTTP/1.1\r\n%b\r\n" % fields
    assert_split_anywhere(
        decoder_with_limits, message, [request(b"GET", b"/", *[(b"x", b"y")] * 3), end]
    )


def test_more_fields_are_431() -> None:
    message = b"GET / HTTP/1.1\r\nhost: a.test\r\n" + b"x: y\r\n" * 4 + b"\r\n"
    assert_split_anywhere(decoder_with_limits, message, [error(FieldsTooLarge, 431)])


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"", b"a"),
        (b"GET / HTTP/1.1\r\n", b"a"),
        (b"GET / HTTP/1.1\r\n", b"a: b\r\n"),
        (b"\r\n", b"a"),
    ],
)
def test_the_beginning_of_a_head_is_never_held_beyond_the_limit(
    start: bytes, more: bytes, size: int
) -> None:
    decoder = decoder_with_limits()
    endless = start + more * 300
    held = []

    def pieces() -> Iterator[bytes]:
        for at in range(0, len(endless), size):
            held.append(len(decoder.rest))
            yield endless[at : at + size]

    assert events(decoder, pieces())[0][0] == "error"
    assert max(held) <= LIMITS.head + 3
    assert len(held) * size <= LIMITS.head + 3 + size


class CountingPattern:
    """A pattern that counts the bytes it was given to search."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self._pattern = pattern
        self.searched = 0

    def search(self, text: bytes, start: int = 0) -> re.Match[bytes] | None:
        self.searched += len(text) - start
        return self._pattern.search(text, start)


def test_a_long_head_that_comes_byte_by_byte_is_searched_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counting = CountingPattern(h1._BARE)
    monkeypatch.setattr(h1, "_BARE", counting)
    decoder = request_decoder()
    message = b"GET / HTTP/1.1\r\nhost: a.test\r\n" + b"x: 89abcdef\r\n" * 120
    for at in range(len(message)):
        assert decoder.decode(message[at : at + 1]) is None
        assert decoder._searched >= len(decoder.rest) - 3
    assert counting.searched < 5 * len(message)
    assert decoder.decode(b"\r\n") is not None


def test_what_was_pipelined_is_searched_from_its_beginning() -> None:
    decoder = request_decoder()
    get = b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n"
    assert decoder.decode(get[:-1]) is None
    assert decoder.decode(get[-1:] + get + get[:20]) is not None
    assert decoder.decode(b"") is not None
    assert decoder.decode(b"") is None
    assert decoder.decode(get[20:]) is not None
    assert decoder.rest == b""


@pytest.mark.parametrize("bad", [b"\n", b"\r\r", b"\rx", b"\0"])
@pytest.mark.parametrize("start", [b"", b"GET", b"GET / HTTP/1.1", b"GET / HTTP/1.1\r\nhost: a"])
def test_what_no_head_may_hold_is_refused_before_the_head_has_ended(
    start: bytes, bad: bytes
) -> None:
    assert_split_anywhere(request_decoder, start + bad, [error(BadRequest)])


@pytest.mark.parametrize(
    ("message", "calls"),
    [(REQUESTS["plain"][0], 5), (REQUESTS["fields"][0], 5), (ANSWERS["plain"][0], 3)],
)
def test_a_usual_message_costs_few_python_calls(message: bytes, calls: int) -> None:
    for _ in range(2):  # the second time its lines are remembered
        decoder = answer_decoder() if message.startswith(b"HTTP") else request_decoder()
        made: list[str] = []

        def count(frame: FrameType, event: str, arg: object) -> None:
            # Ours alone: the collector may run meanwhile, and what hypothesis hung onto it.
            if event == "call" and "/src/porch/" in frame.f_code.co_filename:
                made.append(frame.f_code.co_name)  # noqa: B023

        sys.setprofile(count)
        try:
            decoder.decode(message)
        finally:
            sys.setprofile(None)
    assert len(made) <= calls, made


@pytest.mark.parametrize(
    ("values", "length"),
    [
        ([b"0"], 0),
        ([b"007"], 7),
        ([b"9" * 18], 10**18 - 1),
        ([b"9" * 19], None),
        ([b""], None),
        ([b"+1"], None),
        ([b"-1"], None),
        ([b"1 "], None),
        ([b"0x1"], None),
        ([b"1_0"], None),
        ([b"1,1"], None),
        ([b"1", b"1"], None),
        ([b"1\n"], None),
        (["\N{ARABIC-INDIC DIGIT ONE}".encode()], None),
        ([], None),
    ],
)
def test_a_content_length_is_digits_once(values: list[bytes], length: int | None) -> None:
    assert content_length(values) == length
