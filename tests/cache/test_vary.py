"""A stored answer is for requests that say the same, however they write it."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.cache.vary import MOST_NAMES, chosen, described, matches, nominated
from porch.http.message import RequestHead


def request(*lines: tuple[str, str]) -> RequestHead:
    fields = [(name.encode(), value.encode("latin-1")) for name, value in lines]
    return RequestHead(b"GET", b"/", b"a.test", b"https", fields)


def vary_of(*lines: bytes):
    return nominated([(b"vary", line) for line in lines])


def share(vary: str, one: RequestHead, other: RequestHead, *answer: tuple[bytes, bytes]) -> bool:
    """Whether the answer to `one` is for `other`."""
    names = nominated([(b"vary", vary.encode())])
    assert names is not None
    stored = [*chosen(names, one), *described(names, answer)]
    assert matches(stored, one)
    return matches(stored, other)


def test_the_nominated_fields_of_all_lines_are_known_by_name():
    assert vary_of() == ()
    assert vary_of(b"") == ()
    assert vary_of(b"Foo, bar", b"BAZ,, foo") == (b"bar", b"baz", b"foo")


@pytest.mark.parametrize(
    "lines",
    [
        (b"*",),
        (b"*, *",),
        (b"*", b"*"),
        (b", *",),
        (b"", b"*"),
        (b"*, Foo",),
        (b"Foo, *",),
        (b"Foo", b"Bar, *"),
        (b"Foo Bar",),
        (b'"Foo"',),
        (b"F\xf6o",),
        (b",".join(b"x%d" % number for number in range(MOST_NAMES + 1)),),
    ],
)
def test_where_no_other_request_can_match_there_are_no_names(lines):
    assert vary_of(*lines) is None


def test_as_many_names_as_allowed_are_known():
    names = [b"x%02d" % number for number in range(MOST_NAMES)]
    assert vary_of(b",".join(names)) == tuple(names)


FOO_1 = request(("foo", "1"))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (FOO_1, FOO_1, True),
        (FOO_1, request(("foo", "2")), False),
        (request(), FOO_1, False),
        (FOO_1, request(), False),
        (request(), request(), True),
        (request(("foo", "")), request(), False),
        (request(("foo", ""), ("foo", "")), request(("foo", "")), False),
        (FOO_1, request(("foo", "1"), ("other", "3")), True),
        (request(("foo", "1, 2")), request(("foo", "1"), ("foo", "2")), True),
        (request(("foo", "1,2")), request(("foo", "1, 2")), True),
        (request(("foo", "1,2")), request(("foo", "2,1")), False),
        (request(("foo", "A")), request(("foo", "a")), False),
        (request(("foo", "a,,b")), request(("foo", "a,b")), False),
        (request(("foo", '"a, b"')), request(("foo", '"a,b"')), False),
    ],
)
def test_a_field_that_is_not_understood_is_compared_but_for_white_space_and_lines(
    one, other, expected
):
    assert share("Foo", one, other) is expected


@pytest.mark.parametrize(
    ("name", "one", "other", "expected"),
    [
        ("cookie", ["s=a ,b"], ["s=a,b"], False),
        ("cookie", ["a ,b"], ["a,b"], False),
        ("cookie", ["a=1", "b=2"], ["a=1,b=2"], False),
        ("authorization", ["Basic a ,b"], ["Basic a,b"], False),
        ("user-agent", ["a , b"], ["a,b"], False),
        ("x-user", ["s=a ,b"], ["s=a,b"], False),
        ("x-user", ["Doe B , C"], ["Doe B, C"], False),
        ("x-user", ['x "a , b'], ['x "a,b'], False),
        ("x-user", ["a b", "c"], ["a b,c"], False),
        ("accept", ["text/html;q=0.9 ,*/*"], ["text/html;q=0.9, */*"], True),
        ("accept", ["text/html", "*/*"], ["text/html,*/*"], True),
        ("prefer", ['a="x" , b=1'], ['a="x",b=1'], True),
    ],
)
def test_white_space_and_lines_count_but_in_lists(name, one, other, expected):
    first = request(*((name, each) for each in one))
    assert share(name, first, request(*((name, each) for each in other))) is expected


def test_what_the_door_tells_is_compared_as_it_is():
    told = (":told", "x-mail,x-user")
    ann, other = request(("x-user", "a ,b"), told), request(("x-user", "a,b"), told)
    assert not share("x-user", ann, other)
    assert not share("x-user", other, ann)
    assert share("x-user", ann, ann)


def test_all_of_several_nominated_fields_have_to_match():
    three = request(("foo", "1"), ("bar", "abc"), ("baz", "789"))
    two = request(("foo", "1"), ("baz", "789"))
    assert share("Foo, Bar", three, request(("foo", "1"), ("bar", "abc")))
    assert not share("Foo, Bar", three, request(("foo", "2"), ("bar", "abc")))
    assert not share("Foo, Bar", three, request())
    assert share("Foo, Bar, Baz", three, three)
    assert not share("Foo, Bar, Baz", three, two)
    assert not share(
        "Foo, Bar, Baz", three, request(("baz", "789"), ("foo", "1"), ("bar", "abcde"))
    )
    assert share("Foo, Bar, Baz", two, two)


def test_a_long_value_is_compared_whole():
    assert share("Foo", request(("foo", "x" * 2000 + ", a")), request(("foo", "x" * 2000 + ",a")))
    assert not share("Foo", request(("foo", "x" * 2000)), request(("foo", "x" * 2001)))


@pytest.mark.parametrize(
    ("value", "normal"),
    [
        ("gzip, deflate, br, zstd", b"br,gzip,zstd"),
        ("zstd, BR ,gzip", b"br,gzip,zstd"),
        ("gzip;q=1.0, br;q=0.5, *;q=0.1", b"br,gzip,zstd"),
        ("gzip;q=0, br", b"br"),
        ("gzip ; Q=0.000, br", b"br"),
        ("br;q=nonsense, gzip", b"gzip"),
        ("br;q=-1, zstd;q=2, gzip;q=0.001", b"gzip"),
        ("x-gzip", b"gzip"),
        ("*", b"br,gzip,zstd"),
        ("*, gzip;q=0", b"br,zstd"),
        ("deflate", b"identity"),
        ("identity", b"identity"),
        ("", b"identity"),
        ("gzip, identity;q=0", b"gzip,!identity"),
        ("gzip, *;q=0", b"gzip,!identity"),
        ("*;q=0, identity", b"identity"),
        ("identity;q=0", b"!identity"),
    ],
)
def test_codings_that_are_taken(value, normal):
    said = chosen([b"accept-encoding"], request(("accept-encoding", value)))
    assert said == [(b"accept-encoding", normal)]


def test_all_orders_of_codings_share_an_answer():
    orders = [", ".join(order) for order in permutations(["gzip", "br", "zstd", "deflate"])]
    assert (
        len({tuple(chosen([b"accept-encoding"], request(("accept-encoding", o)))) for o in orders})
        == 1
    )


def test_an_answer_in_an_odd_coding_is_only_for_those_that_take_it():
    deflate, plain = (
        request(("accept-encoding", "deflate")),
        request(("accept-encoding", "identity")),
    )
    odd = (b"content-encoding", b"Deflate")
    assert share("Accept-Encoding", deflate, plain)
    assert not share("Accept-Encoding", deflate, plain, odd)
    assert share("Accept-Encoding", deflate, deflate, odd)
    refusing = request(("accept-encoding", "deflate;q=0"))
    assert not share("Accept-Encoding", deflate, refusing, odd)
    every = request(("accept-encoding", "*;q=0.5, gzip;q=0, br;q=0, zstd;q=0"))
    assert share("Accept-Encoding", deflate, every, odd)


@pytest.mark.parametrize("coding", [b"gzip", b"x-gzip", b"br", b"zstd", b"identity"])
def test_usual_codings_need_no_mention(coding):
    assert described((b"accept-encoding",), [(b"content-encoding", coding)]) == []


LANGUAGES = request(("accept-language", "en, de"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("de, en", True),
        ("eN, De", True),
        (" en ,   de", True),
        ("en;q=0.5, de;q=0.50", True),
        ("en, de;q=0.9", False),
        ("en", False),
        ("en, de, fr;q=0", False),
        ("en, de!", False),
        ("", False),
    ],
)
def test_languages_are_compared_by_their_ranks(value, expected):
    assert share("Accept-Language", LANGUAGES, request(("accept-language", value))) is expected


@pytest.mark.parametrize(
    ("value", "normal"),
    [
        ("en-US,en;q=0.9,de;q=0.8", b"en-us>en>de"),
        ("en-US,en;q=0.5,de;q=0.3", b"en-us>en>de"),
        ("*;q=0.1, de, it;q=0", b"de>*>!it"),
        ("de_DE", b"?de_DE"),
        ("de>en", b"?de>en"),
        ("", b" "),
    ],
)
def test_the_normal_form_of_languages(value, normal):
    said = chosen([b"accept-language"], request(("accept-language", value)))
    assert said == [(b"accept-language", normal)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("fr;q=0.5, de;q=1.0", True),
        ("DE", True),
        ("fr, de", False),
        ("de;q=0.5, fr;q=1.0", False),
        ("de-AT", False),
        ("*", False),
        ("", False),
    ],
)
def test_an_answer_in_a_language_is_for_who_wants_that_before_all(value, expected):
    german = (b"content-language", b"de")
    other = request(("accept-language", value))
    assert share("Accept-Language", LANGUAGES, other, german) is expected


def test_an_answer_in_two_languages_is_for_nobody_by_that():
    both = (b"content-language", b"de, en")
    assert not share("Accept-Language", LANGUAGES, request(("accept-language", "de")), both)


def test_the_language_does_not_make_up_for_another_field():
    german = (b"content-language", b"de")
    one = request(("accept-language", "en, de"), ("foo", "1"))
    other = request(("accept-language", "de"), ("foo", "2"))
    assert not share("Accept-Language, Foo", one, other, german)


lines = st.lists(
    st.tuples(
        st.sampled_from(["foo", "accept-encoding", "accept-language"]),
        st.text('ab,;q=0.*- \\"\x80', max_size=12),
    ),
    max_size=4,
)


@given(lines, lines)
def test_matching_is_saying_the_same(one, other):
    names = (b"accept-encoding", b"accept-language", b"foo")
    said = chosen(names, request(*one))
    assert matches(said, request(*one))
    assert matches(said, request(*other)) == (said == chosen(names, request(*other)))
