"""Fields of coded answers, and conditions that come back with their tags."""

import pytest

from porch.compress.fields import (
    coded,
    codings,
    conditions_back,
    drop_range,
    varied,
    weak,
    weak_as_asked,
    without_sums,
)
from porch.http.message import Field, RequestHead


def asking(*fields: Field) -> RequestHead:
    return RequestHead(b"GET", b"/", b"a.test", b"http", list(fields))


@pytest.mark.parametrize(
    ("tag", "made"),
    [
        (b'"a"', b'W/"a"'),
        (b'W/"a"', b'W/"a"'),
        (b'""', b'W/""'),
        (b"bare", b"bare"),
    ],
)
def test_a_tag_is_made_weak_once(tag: bytes, made: bytes) -> None:
    assert weak(tag) == made


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], []),
        ([b" GZip "], [b"gzip"]),
        ([b"identity", b"gzip,"], [b"gzip"]),
        ([b"gzip", b"br, zstd"], [b"gzip", b"br", b"zstd"]),
        ([b"gzip", b"gzip"], [b"gzip", b"gzip"]),
        ([b"", b"identity"], []),
    ],
)
def test_several_lines_of_codings_are_one_list(lines: list[bytes], found: list[bytes]) -> None:
    assert codings([(b"x", b"br"), *((b"content-encoding", each) for each in lines)]) == found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], [b"Accept-Encoding"]),
        ([b"Origin"], [b"Origin, Accept-Encoding"]),
        ([b"Origin, ACCEPT-encoding"], [b"Origin, ACCEPT-encoding"]),
        ([b"Origin", b"accept-encoding"], [b"Origin", b"accept-encoding"]),
        ([b"*"], [b"*"]),
        ([b""], [b"", b"Accept-Encoding"]),
    ],
)
def test_vary_names_accept_encoding_once(before: list[bytes], after: list[bytes]) -> None:
    made = varied([(b"a", b"b"), *((b"vary", each) for each in before)])
    assert [value for name, value in made if name == b"vary"] == after
    assert varied(made) == made


def test_what_is_about_other_bytes_goes() -> None:
    before = [
        (b"etag", b'"a"'),
        (b"accept-ranges", b"bytes"),
        (b"content-md5", b"x"),
        (b"digest", b"x"),
        (b"content-digest", b"x"),
        (b"repr-digest", b"x"),
        (b"content-type", b"text/html"),
    ]
    assert coded(before, b"gzip") == [
        (b"etag", b'W/"a"'),
        (b"content-type", b"text/html"),
        (b"content-encoding", b"gzip"),
        (b"vary", b"Accept-Encoding"),
    ]
    assert coded([(b"content-encoding", b"br")], None) == [(b"vary", b"Accept-Encoding")]
    assert without_sums([(b"digest", b"x"), (b"x-a", b"b")]) == [(b"x-a", b"b")]


@pytest.mark.parametrize(
    ("came", "goes"),
    [
        (b'W/"a"', b'W/"a", "a"'),
        (b'W/"a", "a"', b'W/"a", "a"'),
        (b'"a"', b'"a"'),
        (b'"b", W/"a", W/"c"', b'"b", W/"a", W/"c", "a", "c"'),
        (b"*", b"*"),
        (b"W/bare", b"W/bare"),
        (b'W/"a, b"', b'W/"a, b", "a, b"'),
    ],
)
def test_a_tag_that_may_be_ours_is_listed_as_the_origins_too(came: bytes, goes: bytes) -> None:
    request = asking((b"if-none-match", came), (b"a", b"b"))
    before = request.fields
    conditions_back(request)
    assert request.get(b"if-none-match") == goes
    assert before == [(b"if-none-match", came), (b"a", b"b")], "the list is not changed in place"


def test_lines_of_tags_become_one_where_one_is_added() -> None:
    request = asking((b"if-none-match", b'"b"'), (b"if-none-match", b'W/"a"'))
    conditions_back(request)
    assert request.fields == [(b"if-none-match", b'"b", W/"a", "a"')]


def test_a_weak_tag_holds_for_no_part() -> None:
    request = asking((b"range", b"bytes=1-"), (b"if-range", b'W/"a"'), (b"a", b"b"))
    assert conditions_back(request) is None
    assert request.fields == [(b"a", b"b")]
    strong = asking((b"range", b"bytes=1-"), (b"if-range", b'"a"'))
    assert conditions_back(strong) == b'"a"'
    assert strong.get(b"range") == b"bytes=1-"
    drop_range(strong)
    assert strong.fields == []


def test_a_304_has_the_tag_that_the_client_knows() -> None:
    fields = [(b"etag", b'"a"'), (b"a", b"b")]
    asked = asking((b"if-none-match", b'W/"a", "a"'))
    assert weak_as_asked(fields, asked) == [(b"etag", b'W/"a"'), (b"a", b"b")]
    for other in (asking((b"if-none-match", b'"a"')), asking(), asking((b"if-none-match", b"*"))):
        assert weak_as_asked(fields, other) == fields
