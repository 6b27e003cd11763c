"""Heads that repeat each other, whole or but for one thing, on one connection or on several."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porch.errors import BadRequest, FieldsTooLarge, PorchError
from porch.http import h1_request
from porch.http.h1 import HeadLimits
from porch.http.h1_request import REMEMBERED, RequestDecoder
from porch.http.message import RequestHead
from tests.support.codec import request_decoder

LINES = (
    b"GET /a HTTP/1.1",
    b"GET /b?c HTTP/1.1",
    b"GET http://b.test/ HTTP/1.1",
    b"GET / HTTP/1.0",
    b"TRACE / HTTP/1.1",
    b"GET  / HTTP/1.1",
    b"",
    b"GET /" + b"x" * 17000 + b" HTTP/1.1",
)
BLOCKS = (
    b"host: a.test\r\naccept: */*\r\n",
    b"host: b.test\r\naccept: */*\r\n",
    b"host: a.test\r\nconnection: keep-alive\r\n",
    b"host: a.test\r\nconnection: close\r\n",
    b"host: a.test\r\nconnection: x-a\r\nx-a: 1\r\n",
    b"host: a.test\r\nconnection: origin\r\norigin: http://b.test\r\n",
    b"host: a.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n",
    b"host: a.test\r\ncontent-length: 0\r\nexpect: 100-continue\r\n",
    b"host: a.test\r\nte: gzip\r\n",
    b"accept: */*\r\n",
    b"host: a.test\r\nhost: a.test\r\n",
    b"host: a.test\r\nx-long: " + b"x" * 2000 + b"\r\n",
)
REFERERS = (
    *(b"Referer: http://a.test/%d\r\n" % number for number in range(2)),
    *(b"Referer: /1\r\nReferer: /2\r\n", b"Referer: /1 \t\r\n", b"Referer: \r\n", b"Referer:\r\n"),
    *(b"Referer: /\x00\r\n", b"Referer: /\n\r\n", b"Referer: /\r/\r\n", b"Referer: /\r\n /\r\n"),
    *(b"referer: /1\r\n", b"Referer: /\xe9\r\n", b"Referer: %b\r\n" % (b"x" * 2000), b""),
    *(b"Referer: /1\r\ncontent-length: 0\r\n", b"Referer : /1\r\n", b"X-Referer: Referer: /1\r\n"),
)
BLOCKS += tuple(
    block
    for each in REFERERS
    for block in (
        b"Host: a.test\r\nAccept: */*\r\n%bDNT: 1\r\n" % each,
        b"Host: a.test\r\nAccept: */*\r\n" + each,
    )
)
HEADS = [line + b"\r\n" + block + b"\r\n" for line in LINES for block in BLOCKS]


def read(decoder: RequestDecoder, head: bytes) -> object:
    """All that a decoder says of one head."""
    try:
        # As a connection does (listen/h1.py).
        is_last = head == decoder.last and not decoder.rest
        piece = (decoder.again(), b"", True) if is_last else decoder.decode(head)
    except PorchError as refused:
        return type(refused), refused.detail
    assert piece is not None
    request = piece[0]
    assert isinstance(request, RequestHead)
    said = {name: getattr(request, name) for name in RequestHead.__slots__ if name != "repeats"}
    return said, piece[1:], decoder.keep_alive, decoder.one_zero


@settings(max_examples=300)
@given(st.lists(st.sampled_from(HEADS), min_size=2, max_size=6))
def test_a_head_means_the_same_behind_any_other(heads: list[bytes]) -> None:
    """What is remembered of a connection's last head says nothing of another."""
    decoder = request_decoder()
    for head in heads:
        fresh = read(request_decoder(), head)
        assert read(decoder, head) == fresh
        if isinstance(fresh[0], type):  # type: ignore[index]  # refused: nothing more is read
            return


@pytest.mark.parametrize("head", HEADS)
def test_a_head_means_the_same_however_often_it_comes(head: bytes) -> None:
    """What was read of it is used again, and the next one is read as ever."""
    decoder = request_decoder()
    for each in (head, head, head, HEADS[0], head):
        fresh = read(request_decoder(), each)
        assert read(decoder, each) == fresh
        if isinstance(fresh[0], type):  # type: ignore[index]  # refused: nothing more is read
            return


PAGE = b"Host: a.test\r\nAccept: */*\r\n%bDNT: 1\r\n"


@settings(max_examples=300)
@given(st.lists(st.sampled_from([PAGE % each for each in REFERERS]), min_size=2, max_size=6))
def test_a_page_means_the_same_behind_another(blocks: list[bytes]) -> None:
    decoder = request_decoder()
    for block in blocks:
        head = b"GET / HTTP/1.1\r\n%b\r\n" % block
        fresh = read(request_decoder(), head)
        assert read(decoder, head) == fresh
        if isinstance(fresh[0], type):  # type: ignore[index]  # refused: nothing more is read
            return


def test_a_page_behind_one_with_a_long_target_is_not_taken_for_that() -> None:
    decoder = request_decoder()
    one, other = (PAGE % each for each in REFERERS[:2])
    for line, block in ((b"/", one), (b"/", one), (b"/" + b"x" * 2000, other), (b"/", one)):
        head = b"GET %b HTTP/1.1\r\n%b\r\n" % (line, block)
        assert read(decoder, head) == read(request_decoder(), head)


def test_a_browser_that_goes_on_to_the_next_page_is_not_read_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decoder = request_decoder()
    pages = [b"GET / HTTP/1.1\r\n%b\r\n" % (PAGE % each) for each in REFERERS[:2]]
    decoder.decode(pages[0])
    monkeypatch.setattr(RequestDecoder, "_read_anew", None)
    for page in pages:
        piece = decoder.decode(page)
        assert piece is not None
        assert isinstance(piece[0], RequestHead)
        assert piece[0].get(b"referer") == b"http://a.test/%d" % pages.index(page)


def test_nothing_is_no_head_behind_another_either() -> None:
    decoder = request_decoder()
    assert decoder.last is None
    for head in (HEADS[0], HEADS[0]):
        decoder.decode(head)
    assert decoder.last == HEADS[0]
    with pytest.raises(BadRequest):
        decoder.decode(b"\r\n\r\n")


def test_of_a_long_target_nothing_is_remembered() -> None:
    decoder = request_decoder()
    for _ in range(3):
        decoder.decode(b"GET /" + b"x" * 2000 + b" HTTP/1.1\r\nhost: a.test\r\n\r\n")
        assert decoder.last is None


def test_a_hook_that_changes_the_fields_changes_them_for_one_request_alone() -> None:
    decoder = request_decoder()
    for _ in range(3):
        piece = decoder.decode(HEADS[0])
        assert piece is not None
        head = piece[0]
        assert isinstance(head, RequestHead)
        assert head.fields == [(b"accept", b"*/*")]
        head.fields.clear()
        head.fields.append((b"x-mine", b"1"))


# --- connections that begin alike -------------------------------------------------------------


@settings(max_examples=300)
@given(st.lists(st.lists(st.sampled_from(HEADS), min_size=1, max_size=3), min_size=2, max_size=6))
def test_a_head_means_the_same_behind_any_of_another_connection(
    connections: list[list[bytes]],
) -> None:
    limits = HeadLimits()
    for heads in connections:
        decoder = request_decoder(limits)
        for head in heads:
            fresh = read(request_decoder(), head)
            assert read(decoder, head) == fresh
            if isinstance(fresh[0], type):  # type: ignore[index]  # refused: nothing more is read
                break


@pytest.mark.parametrize("block", [*BLOCKS[:4], PAGE % REFERERS[0]])
def test_who_makes_a_connection_for_each_request_is_not_read_anew(
    monkeypatch: pytest.MonkeyPatch, block: bytes
) -> None:
    limits = HeadLimits()
    fresh = [read(request_decoder(), b"%b\r\n%b\r\n" % (line, block)) for line in LINES[:2]]
    request_decoder(limits).decode(b"HEAD /first HTTP/1.1\r\n%b\r\n" % block)
    monkeypatch.setattr(RequestDecoder, "_read_anew", None)
    for line, said in zip(LINES[:2], fresh, strict=True):
        assert read(request_decoder(limits), b"%b\r\n%b\r\n" % (line, block)) == said


def test_what_is_made_of_such_heads_is_made_once() -> None:
    limits, kept = HeadLimits(), []
    for _ in range(3):
        piece = request_decoder(limits).decode(HEADS[0])
        assert piece is not None
        assert isinstance(piece[0], RequestHead)
        kept.append(piece[0].repeats)
        piece[0].fields.append((b"x-mine", b"1"))  # by a hook
    assert kept[0] is None
    assert kept[1] is kept[2] is not None


def test_what_one_configuration_took_is_read_anew_by_another() -> None:
    head = b"GET / HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\nDNT: 1\r\n\r\n"
    assert request_decoder().decode(head) is not None
    with pytest.raises(FieldsTooLarge):
        request_decoder(HeadLimits(fields=2)).decode(head)


def test_few_heads_are_remembered_for_others() -> None:
    for number in range(REMEMBERED * 2):
        request_decoder().decode(b"GET / HTTP/1.1\r\nHost: a.test\r\nX-Is: %d\r\n\r\n" % number)
        assert len(h1_request._begun_with) <= REMEMBERED
