"""Two requests share a key only where that is safe, and a person can read it."""

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from porch.cache.key import KeyRules, body_digest, host, make, port, target, url
from porch.http.message import RequestHead

PLAIN = KeyRules()


def request(
    sent: bytes = b"/",
    *fields: tuple[bytes, bytes],
    authority: bytes = b"a.test",
    scheme: bytes = b"https",
    method: bytes = b"GET",
) -> RequestHead:
    return RequestHead(method, sent, authority, scheme, list(fields))


def test_a_key_reads_like_what_it_stands_for():
    rules = KeyRules(fields=(b"x-tenant", b"accept"), cookies=(b"theme",))
    asked = request(b"/x?y=1", (b"x-tenant", b"7 up"), (b"cookie", b"sid=1; theme=dark"))
    assert make(asked, rules) == rb"https://a.test/x?y=1 field:x-tenant=7\sup cookie:theme=dark"
    assert make(asked, PLAIN) == b"https://a.test/x?y=1"
    assert url(asked) == b"https://a.test/x?y=1"


def test_get_and_head_share_a_key():
    assert make(request(method=b"HEAD"), PLAIN) == make(request(), PLAIN)


@pytest.mark.parametrize(
    ("scheme", "authority", "expected"),
    [
        (b"https", b"A.Test", b"a.test"),
        (b"https", b"a.test:443", b"a.test"),
        (b"http", b"a.test:80", b"a.test"),
        (b"http", b"a.test:", b"a.test"),
        (b"http", b"a.test:443", b"a.test:443"),
        (b"https", b"a.test:80", b"a.test:80"),
        (b"https", b"a.test:8443", b"a.test:8443"),
        (b"https", b"A.test.", b"a.test"),
        (b"https", b"a.test.:443", b"a.test"),
        (b"https", b"a.test.:8443", b"a.test:8443"),
        (b"https", b"a.test.:", b"a.test"),
        (b"https", b"a.test..", b"a.test.."),
        (b"https", b"a.test..:8443", b"a.test..:8443"),
        (b"https", b".", b"."),
        (b"https", b"192.0.2.1.", b"192.0.2.1"),
        (b"https", b"a.:b.:80", b"a.:b.:80"),
        (b"http", b"[v1.:]", b"[v1.:]"),
        (b"http", b"[v1.:1]:8080", b"[v1.:1]:8080"),
        (b"http", b"[::80]", b"[::80]"),
        (b"http", b"[::1]:80", b"[::1]"),
        (b"http", b"", b""),
    ],
)
def test_hosts(scheme, authority, expected):
    assert host(scheme, authority) == expected
    assert host(scheme, expected) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"/%7Euser/%61-%2d%5f", b"/~user/a--_"),
        (b"/caf%c3%a9", b"/caf%C3%A9"),
        (b"/a?%71=%3d", b"/a?q=%3D"),
        (b"/a%2fb", b"/a%2Fb"),
    ],
)
def test_escapes_of_one_meaning_are_one(sent, expected):
    assert target(sent, PLAIN) == expected


@pytest.mark.parametrize(
    "sent",
    [
        *(b"/a/../b", b"//a", b"/a/", b"/a?", b"/a;b", b"/a+b", b"/A", b"/%2E%2E/a", b"/%25%34%"),
        *(b"/%%41", b"/a?b&a", b"/a?a=", b"/a?a", b"/a?a&a", b"/a??", b"/%zz%41", b"/a%00"),
    ],
)
def test_what_an_origin_may_tell_apart_stays_as_it_was_sent(sent):
    assert target(sent, PLAIN) == sent


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"/a", b"/a"),
        (b"/a?", b"/a?"),
        (b"/a?utm_source=x", b"/a"),
        (b"/a?%75tm_source=x&fbclid=1", b"/a"),
        (b"/a?q=1&utm_source=x&p=2", b"/a?q=1&p=2"),
        (b"/a?q=utm_x", b"/a?q=utm_x"),
        (b"/a?UTM_source=x", b"/a?UTM_source=x"),
        (b"/a?utm_x=1;q=evil&q=1", b"/a?q=1"),
        (b"/a?xutm_y=1&fbclid2", b"/a?xutm_y=1&fbclid2"),
        (b"/a?&&q", b"/a?&&q"),
    ],
)
def test_parameters_that_are_ignored(sent, expected):
    assert target(sent, KeyRules(ignore=(b"utm_*", b"fbclid"))) == expected


def test_parameters_that_alone_are_kept():
    rules = KeyRules(keep=(b"q", b"page*"))
    assert target(b"/a?x=1&q=1&pages=3&&q=2", rules) == b"/a?q=1&pages=3&q=2"
    assert target(b"/a?x=1", rules) == b"/a"
    assert target(b"/a?x=1&q", KeyRules(keep=())) == b"/a"
    assert target(b"/a?q=1&page2=2", KeyRules(keep=(b"q", b"p*"), ignore=(b"page?",))) == (
        b"/a?q=1&page2=2"
    )


def test_sorting_leaves_several_of_one_name_in_their_order():
    assert target(b"/a?b=2&a=9&b=1&a", KeyRules(sort=True)) == b"/a?a=9&a&b=2&b=1"


def test_a_field_that_is_empty_is_not_one_that_is_absent():
    rules = KeyRules(fields=(b"x-a",), cookies=(b"c",))
    keys = {
        make(request(b"/", *fields), rules)
        for fields in ((), ((b"x-a", b""),), ((b"cookie", b"c"),), ((b"cookie", b"c="),))
    }
    assert len(keys) == 4


def test_all_cookies_of_a_name_count_and_their_places_between_others_do_not():
    rules = KeyRules(cookies=(b"theme", b"lang"))
    one = make(request(b"/", (b"cookie", b"theme=a; lang=x; theme=b")), rules)
    other = make(
        request(b"/", (b"cookie", b"lang=x;theme=a"), (b"cookie", b"sid=1;theme=b")), rules
    )
    assert one == other == b"https://a.test/ cookie:theme=a cookie:theme=b cookie:lang=x"
    assert make(request(b"/", (b"cookie", b"theme=b; theme=a; lang=x")), rules) != one


def test_the_body_of_a_query_is_told_by_its_bytes_and_by_how_they_are_read():
    asked = request(b"/", (b"content-type", b"application/sql"))
    other = request(b"/", (b"content-type", b"application/sq"))
    digests = {
        body_digest(asked, b"select 1"),
        body_digest(asked, b"select 2"),
        body_digest(request(), b"select 1"),
        body_digest(other, b"lselect 1"),
    }
    assert len(digests) == 4
    assert all(len(digest) == 32 for digest in digests)


paths = st.text("aA/.?&=;% \\:,u12", max_size=6).map(lambda tail: b"/" + tail.encode())
pieces = st.sampled_from([b" ", b"\\", b"s", b" field:x-b=", b"\\sfield:x-b=", b" body:"])
values = st.lists(pieces, max_size=2).map(b"".join)
rules_of = st.builds(
    KeyRules,
    ignore=st.sampled_from([(), (b"u*",)]),
    keep=st.sampled_from([None, (b"a", b"u1")]),
    sort=st.booleans(),
    fields=st.just((b"x-a", b"x-b")),
    cookies=st.just((b"a", b"b")),
)
requests = st.builds(
    lambda sent, fields: request(sent, *fields.items()),
    values.map(lambda tail: b"/" + tail),
    st.dictionaries(st.sampled_from([b"x-a", b"x-b", b"x-c"]), values),
)
"""Of few pieces, so that texts that are nearly the same are many."""


def parts(asked: RequestHead, rules: KeyRules) -> tuple[object, ...]:
    """What is in the key, before it is written as text."""
    fields = [[value for name, value in asked.fields if name == wanted] for wanted in rules.fields]
    pairs = [
        [part.strip() for part in pair.split(b"=", 1)]
        for name, value in asked.fields
        if name == b"cookie"
        for pair in value.split(b";")
    ]
    cookies = [[pair for pair in pairs if pair[0] == wanted] for wanted in rules.cookies]
    return (
        asked.scheme,
        host(asked.scheme, asked.authority),
        target(asked.target, rules),
        [b",".join(lines) if lines else None for lines in fields],
        cookies,
    )


@settings(max_examples=300)
@example(
    request(b"/", (b"x-a", b" field:x-b=")),
    request(b"/", (b"x-a", b""), (b"x-b", b"")),
)
@example(request(b"/ field:x-a="), request(b"/", (b"x-a", b"")))
@given(requests, requests)
def test_no_two_requests_give_one_text(one, other):
    rules = KeyRules(fields=(b"x-a", b"x-b"))
    same = make(one, rules) == make(other, rules)
    assert same == (parts(one, rules) == parts(other, rules))


@given(
    *[
        st.builds(
            request,
            paths,
            st.tuples(st.sampled_from([b"x-a", b"x-c"]), values),
            st.tuples(st.just(b"cookie"), st.text("ab =;s", max_size=6).map(str.encode)),
            authority=st.sampled_from([b"a", b"A:80", b"a:443"]),
            scheme=st.sampled_from([b"http", b"https"]),
        )
        for _ in range(2)
    ],
    rules_of,
)
def test_requests_that_share_a_key_ask_an_origin_for_the_same(one, other, rules):
    same = make(one, rules) == make(other, rules)
    assert same == (parts(one, rules) == parts(other, rules))


@given(paths, rules_of)
def test_a_target_is_settled_at_once_and_means_what_was_sent(sent, rules):
    assert target(target(sent, rules), rules) == target(sent, rules)
    settled = target(sent, PLAIN)
    assert unquote_to_bytes(settled) == unquote_to_bytes(sent)
    for mark in b"./?&;=":
        assert settled.count(mark) == sent.count(mark)


@pytest.mark.parametrize(
    "sent",
    [
        b"Theme=x",
        b"th%65me=x",
        b'"theme"=x',
        b"theme\x0b=x",
        b"a=b, theme=x",
        b"a=b;theme=x",
    ],
)
def test_a_cookie_that_some_origin_takes_for_the_one_that_counts_counts(sent):
    rules = KeyRules(cookies=(b"theme",))
    assert make(request(b"/", (b"cookie", sent)), rules) != make(request(), rules)


def test_a_cookie_whose_name_php_mangles_counts():
    rules = KeyRules(cookies=(b"my_theme",))
    for name in (b"my.theme", b"my theme", b"my[theme", b"my+theme"):
        assert b"cookie:" in make(request(b"/", (b"cookie", name + b"=x")), rules)
    assert b"cookie:" not in make(request(b"/", (b"cookie", b"mytheme=x")), rules)


@pytest.mark.parametrize(
    ("scheme", "authority", "expected"),
    [
        (b"http", b"a.test", b"80"),
        (b"https", b"a.test", b"443"),
        (b"https", b"a.test:", b"443"),
        (b"https", b"a.test:8443", b"8443"),
        (b"http", b"[::1]", b"80"),
        (b"http", b"[::1]:81", b"81"),
        (b"http", b"[::2:80]", b"80"),
        (b"https", b"192.0.2.1", b"443"),
        (b"https", b"1", b"443"),
    ],
)
def test_the_port_that_is_in_a_key(scheme, authority, expected):
    assert port(request(authority=authority, scheme=scheme)) == expected
