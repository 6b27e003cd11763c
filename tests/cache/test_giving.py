"""What is stored, as an answer to a request."""

from typing import Any

import pytest

from porch.cache.entry import Entry
from porch.cache.giving import Held, body_of, gaps, given
from porch.cache.status_field import CacheStatus
from porch.cache.store import Stored
from porch.filter import Kept, Response
from porch.http.message import Field, RequestHead, ResponseHead
from porch.reader import LITTLE, OPEN, PIECE, Reader, begun

BODY = b"0123456789"
TAG = (b"etag", b'"1"')


class FakeBody:
    def __init__(self, data: bytes, length: int = -1, whole: bool = True) -> None:
        self.data = data
        self.length = len(data) if length < 0 else length
        self.whole = whole

    def size(self) -> int:
        return len(self.data)

    def is_whole(self) -> bool:
        return self.whole

    def read(self, first: int, size: int) -> bytes | None:
        return self.data[first : first + size]

    def file(self, first: int, end: int) -> int:
        return -1


def entry(*fields: Field, length: int = len(BODY), **more: Any) -> Entry:
    return Entry(200, [TAG, *fields], length, 0.0, 0.0, 60.0, "max-age", **more)


def request(*fields: Field, method: bytes = b"GET") -> RequestHead:
    return RequestHead(method, b"/", b"x", b"http", list(fields))


def give(asked: RequestHead, kept: Entry, body: Any = BODY, **more: Any) -> Response:
    return given(asked, kept, body, 5.0, CacheStatus(hit=True), **more)


def fields_of(response: Response) -> dict[bytes, bytes]:
    return dict(response.head(()).fields)


def test_a_whole_goes_out_with_its_age_and_what_the_cache_did() -> None:
    response = give(request(), entry())
    assert (response.status, response.body, response.source) == (200, BODY, None)
    assert fields_of(response) == {
        b"etag": b'"1"',
        b"age": b"5",
        b"content-length": b"10",
        b"cache-status": b"Porch; hit",
    }


def test_head_gets_the_head_alone() -> None:
    response = give(request(method=b"HEAD"), entry(), FakeBody(BODY))
    assert (response.status, response.body, response.source) == (200, b"", None)
    assert fields_of(response)[b"content-length"] == b"10"


def test_a_client_that_has_it_is_told_so() -> None:
    response = give(request((b"if-none-match", b'"1"')), entry())
    assert (response.status, response.body) == (304, b"")
    assert fields_of(response)[b"cache-status"] == b"Porch; hit"


@pytest.mark.parametrize("is_file", [True, False])
def test_a_range_is_given_from_the_whole(is_file: bool) -> None:
    body = FakeBody(BODY) if is_file else BODY
    response = give(request((b"range", b"bytes=2-4")), entry(), body)
    assert (response.status, response.body, response.source) == (206, b"234", None)
    assert fields_of(response)[b"content-range"] == b"bytes 2-4/10"


def test_several_ranges_come_as_parts_with_their_length() -> None:
    response = give(request((b"range", b"bytes=0-1,5-6")), entry())
    head = response.head(())
    assert head.length == len(response.body)
    assert b"01" in response.body
    assert b"56" in response.body
    assert b"multipart/byteranges" in fields_of(response)[b"content-type"]


def test_a_range_behind_the_end_is_refused() -> None:
    response = give(request((b"range", b"bytes=20-")), entry())
    assert response.status == 416
    assert dict(response.fields) == {
        b"content-range": b"bytes */10",
        b"cache-status": b"Porch; hit",
    }


def test_ranges_of_a_body_of_unknown_length_are_not_given() -> None:
    response = give(
        request((b"range", b"bytes=0-1")), entry(length=-1), FakeBody(b"ab", whole=False)
    )
    assert response.status == 200
    assert response.source is not None


def test_the_part_that_an_origin_chose_is_given_whatever_was_asked() -> None:
    kept = entry(held=[(0, 10)], length=20)
    response = give(request((b"range", b"bytes=-10")), kept, as_it_came=True)
    assert response.status == 206
    assert fields_of(response)[b"content-range"] == b"bytes 0-9/20"


def test_what_is_missing_is_known() -> None:
    kept = entry(held=[(0, 5)], length=20)
    assert gaps(entry(), request()) == []
    assert gaps(kept, request((b"range", b"bytes=0-3"))) == []
    assert gaps(kept, request((b"range", b"bytes=3-7"))) == [(5, 8)]
    assert gaps(kept, request()) == [(5, 20)]
    assert gaps(kept, request((b"range", b"bytes=30-"))) == [], "the answer is 416"
    assert gaps(kept, request((b"if-none-match", b'"1"'))) == [], "the answer is 304"


def test_a_large_body_is_read_behind_its_first_piece() -> None:
    data = bytes(PIECE + 10)
    response = give(request(), entry(length=len(data)), FakeBody(data))
    assert len(response.body) == PIECE
    assert repr(response.source) == f"<Reader [({PIECE}, {PIECE + 10})]>"


HEAD = ResponseHead(200, [])


@pytest.mark.parametrize(
    ("body", "parts", "first", "left"),
    [
        (FakeBody(b"abc"), [(0, 3)], b"abc", None),
        (FakeBody(b"abc"), [(0, OPEN)], b"abc", None),
        (FakeBody(b"abc", whole=False), [(0, OPEN)], b"abc", [(3, OPEN)]),
        (FakeBody(b"", whole=False), [(0, OPEN)], b"", [(0, OPEN)]),
        (FakeBody(b"abc", whole=False), [(0, 5)], b"abc", [(3, 5)]),
        (FakeBody(b"abc", whole=False), [(4, 5)], b"", [(4, 5)]),
        (FakeBody(b"abc"), [b"--x", (0, 1)], b"--x", [(0, 1)]),
        (FakeBody(b"abc"), [(0, 1), b"--"], b"a", [b"--"]),
    ],
)
def test_what_is_there_leaves_with_the_head(
    body: FakeBody, parts: Any, first: bytes, left: Any
) -> None:
    response = begun(HEAD, body, parts, Reader)
    assert response.body == first
    assert response.source is None if left is None else repr(response.source) == f"<Reader {left}>"


def test_a_body_that_cannot_be_read_is_cut_by_its_reader() -> None:
    class Damaged(FakeBody):
        def read(self, first: int, size: int) -> bytes | None:
            return None

    response = begun(HEAD, Damaged(b"abc"), [(0, 3)], Reader)
    assert response.body == b""
    assert repr(response.source) == "<Reader [(0, 3)]>"


def test_a_file_of_the_store_is_a_body() -> None:
    class FakeFile(FakeBody):
        descriptor = -1

        def is_sound(self, first: int, end: int) -> bool:
            return True

    stored = Stored(b"", entry(), FakeFile(BODY), is_purged=False)
    body = body_of(stored)
    assert isinstance(body, Held)
    assert (body.size(), body.is_whole(), body.read(2, 3)) == (10, True, b"234")
    assert body_of(Stored(b"", entry(), BODY, is_purged=False)) == BODY


def test_a_large_file_may_leave_without_being_read() -> None:
    class File(FakeBody):
        def file(self, first: int, end: int) -> int:
            return 7

    data = bytes(PIECE + 10)
    response = begun(HEAD, File(data), [(0, len(data))], Reader)
    assert response.body == b""
    assert repr(response.source) == f"<Reader [(0, {PIECE + 10})]>"


def test_an_answer_without_a_body_has_nothing_to_read() -> None:
    response = give(request(), entry(length=0), FakeBody(b""))
    assert isinstance(response, Kept)
    assert response.source is None


@pytest.mark.parametrize("body", [bytes(LITTLE + 1), FakeBody(bytes(LITTLE + 1))])
def test_for_a_client_that_takes_nothing_only_the_head_waits(body: Any) -> None:
    found = entry(length=LITTLE + 1)
    response = given(request(), found, body, 1000.0, CacheStatus(hit=True), full=True)
    assert response.body == b""
    assert repr(response.source) == f"<Reader [(0, {LITTLE + 1})]>"
    reader = response.source
    assert isinstance(reader, Reader)
    assert reader._body.read(5, 3) == bytes(3)
    assert (reader._body.is_whole(), reader._body.file(0, 1)) == (True, -1)


def test_a_little_body_goes_out_with_its_head_at_any_time() -> None:
    response = given(request(), entry(length=10), BODY, 1000.0, CacheStatus(hit=True), full=True)
    assert (response.body, response.source) == (BODY, None)
