"""JSON of a bounded shape: what is refused, why, and that it takes no longer than its bytes say."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.shield.content_errors import BadContent
from porch.shield.json_shape import Shape, parse, pointer

SMALL = Shape(depth=3, keys=2, items=3, string=8, number=4, values=9)


def why(body: bytes, shape: Shape = SMALL) -> str:
    """Why it is refused; "" where it is not."""
    try:
        parse(body, shape)
    except BadContent as error:
        return error.sentence
    return ""


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b" [1, 2.5, true] ",
        b'{"a": {"b": []}, "c": ""}',
        b'"12345678"',
        '"Zoë€"'.encode(),
        b'"\\u00e9\\ud83d\\ude00"',
        b'{"[[[[[": "]]]]"}',
        b'["\\"[[[["]',
        b"1234",
        b"-1e2",
    ],
)
def test_what_is_within_its_bounds_is_read(body: bytes) -> None:
    assert why(body) == ""


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"[[[[]]]]", "nested more than 3 deep"),
        (b'[{"a":[{}]}]', "nested more than 3 deep"),
        (b"[[[[", "nested more than 3 deep"),
        (b'{"a":1,"b":2,"c":3}', "more than 2 members"),
        (b'{"x":[1,2,3,4]}', "/x has more than 3 items"),
        (b'{"a~/b":[1,2,3,4]}', "/a~0~1b has more than 3 items"),
        (b'"123456789"', "all of it has a text of more than 8 bytes"),
        ('["€€€"]'.encode(), "/0 has a text of more than 8 bytes"),
        (b'[{"123456789":1}]', "/0 has a text of more than 8 bytes"),
        (b"12345", "a number has more than 4 characters"),
        (b"[0.0000]", "a number has more than 4 characters"),
        (b"[1e99,1e999]", "a number has more than 4 characters"),
        (b"[[1,1,1],[1,1,1],[1,1]]", "more than 9 values"),
        (b'{"a":1,"a":2}', "the name 'a' twice"),
        (b'{"a":1,"\\u0061":2}', "the name 'a' twice"),
        (b"NaN", "NaN is no JSON"),
        (b"[-Infinity]", "-Infinity is no JSON"),
        (b"", "expecting value at character 0"),
        (b"{'a':1}", "it is no JSON"),
        (b"[1,]", "it is no JSON"),
        (b"[1]x", "it is no JSON: extra data"),
        (b"[01]", "it is no JSON"),
        (b'"a\nb"', "it is no JSON: invalid control character"),
        (b"// x\n1", "it is no JSON"),
        (b"[[]", "its brackets do not match"),
        (b"]", "its brackets do not match"),
        (b"\xef\xbb\xbf1", "byte order mark"),
        ("[1]".encode("utf-16-le"), "it is no JSON"),
        ("[1]".encode("utf-16"), "byte 0 is not UTF-8"),
        (b'"\xc0\xaf"', "byte 1 is not UTF-8"),
        (b'"\xed\xa0\x80"', "byte 1 is not UTF-8"),
        (b'"\\ud800"', "half of a character"),
        (b'["\\udc00\\ud800"]', "half of a character"),
        (b'{"\\ud800":1}', "half of a character"),
    ],
)
def test_what_is_not_is_refused_with_what_and_where(body: bytes, part: str) -> None:
    assert part in why(body)


def test_no_number_is_too_large_for_a_reader() -> None:
    assert "/1 is a number too large" in why(b"[1e99,1e999]", Shape())
    assert why(b"1" * 64, Shape()) == ""
    assert "all of it is a number too large" in why(b"1" * 400 + b".5", Shape(number=500))


def test_values_are_not_repeated_and_names_are_cut() -> None:
    assert "secret" not in why(b'{"a":"secret-secret"}')
    sentence = why(b'{"%b":1,"%b":2}' % (b"n" * 900, b"n" * 900), Shape())
    assert "n" * 64 + "…" in sentence
    assert len(sentence) < 200
    assert "a?b" in why(b'{"a\\u0007b":1,"a\\u0007b":2}', Shape())


def test_a_way_is_written_as_a_pointer() -> None:
    assert pointer([]) == ""
    assert pointer(["items", 0, "a/b~"]) == "/items/0/a~1b~0"


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "open brackets": lambda size: b"[" * size,
    "open objects": lambda size: b'{"a":' * (size // 5),
    "deep": lambda size: b"[" * (size // 2) + b"]" * (size // 2),
    "many deep": lambda size: b"[" + (b"[" * 30 + b"]" * 30 + b",") * (size // 61) + b"1]",
    "a text without an end": lambda size: b'"' + b'\\"' * (size // 2),
    "backslashes": lambda size: b'"' + b"\\" * size,
    "quotes": lambda size: b'"' * size,
    "empty objects": lambda size: b"[" + b"{}," * (size // 3) + b"1]",
    "numbers": lambda size: b"[" + b"1," * (size // 2) + b"1]",
    "digits": lambda size: b"1" * size,
    "digits in turns": lambda size: (b"1" * 64 + b" ") * (size // 65),
    "names": lambda size: b"{" + b",".join(b'"%d":1' % each for each in range(size // 10)) + b"}",
    "escapes": lambda size: b'"' + b"\\u0061" * (size // 6) + b'"',
    "space": lambda size: b" " * size,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_takes_a_time_that_grows_with_its_bytes(name: str) -> None:
    def took(size: int) -> float:
        body = HOSTILE[name](size)
        best = 1e9
        for _ in range(3):
            began = time.thread_time()
            assert why(body, Shape(string=30_000))
            best = min(best, time.thread_time() - began)
        return best

    assert took(1_600_000) < 16 * took(200_000) + 0.1  # 8 times as many bytes; 64 if quadratic


def test_ten_megabytes_of_brackets_are_refused_at_once() -> None:
    began = time.thread_time()
    assert "32 deep" in why(b"[" * 5_000_000 + b"]" * 5_000_000, Shape())
    assert time.thread_time() - began < 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | st.text('ab"\\[]{},:é\n', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text('ab"\\', max_size=2), inner)
    ),
    max_leaves=12,
)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def fits(value: Any, shape: Shape) -> bool:
    """The bounds once more, in the plainest way; but for `values`."""
    if isinstance(value, str):
        return len(value.encode()) <= shape.string
    if isinstance(value, list):
        return len(value) <= shape.items and all(fits(each, shape) for each in value)
    if isinstance(value, dict):
        whole = [*value, *value.values()]
        return len(value) <= shape.keys and all(fits(each, shape) for each in whole)
    return len(json.dumps(value)) <= shape.number or value in (None, True, False)


@given(JSON, st.booleans(), st.sampled_from([None, 1]))
def test_what_passes_is_what_json_says_and_within_all_bounds(
    value: Any, ascii_: bool, indent: int | None
) -> None:
    shape = Shape(depth=3, keys=2, items=3, string=5, number=3)
    body = json.dumps(value, ensure_ascii=ascii_, indent=indent).encode()
    is_fine = depth(value) <= shape.depth and fits(value, shape)
    assert (why(body, shape) == "") == is_fine
    if is_fine:
        assert parse(body, shape) == value


@given(st.binary(max_size=40) | st.text('[]{}"\\,:1eE-+.tru \ud7ff', max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    sentence = why(body)
    if not sentence:
        assert json.loads(body) is not ...
