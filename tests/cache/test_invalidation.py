"""What was changed is asked about, by every name that the answer has for it, and nobody else's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.cache.invalidation import invalidated, resolved
from porch.cache.key import KeyRules, make, url
from porch.http.message import RequestHead

ITSELF = b"https://a.test/shop/x?y=1"


def request(method: bytes = b"POST", authority: bytes = b"a.test") -> RequestHead:
    return RequestHead(method, b"/shop/x?y=1", authority, b"https", [])


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"PATCH", b"M-SEARCH", b"get"])
@pytest.mark.parametrize("status", [200, 201, 204, 301, 303, 304])
def test_an_unsafe_or_unknown_method_invalidates_its_url(method, status):
    assert invalidated(request(method), status, []) == [ITSELF]


@pytest.mark.parametrize("status", [100, 199, 400, 404, 500, 503, 599])
def test_an_error_invalidates_nothing(status):
    assert invalidated(request(), status, [(b"location", b"/new")]) == []


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"QUERY", b"PROPFIND"])
def test_a_safe_method_invalidates_nothing(method):
    assert invalidated(request(method), 200, [(b"location", b"/new")]) == []


@pytest.mark.parametrize("name", [b"location", b"content-location"])
def test_the_urls_that_the_answer_names_go_too(name):
    assert invalidated(request(), 201, [(name, b"/new"), (b"link", b"</other>")]) == [
        ITSELF,
        b"https://a.test/new",
    ]


def test_all_named_urls_go_once():
    fields = [(b"location", b"/new"), (b"content-location", b"x?y=1"), (b"location", b"/new#b")]
    assert invalidated(request(), 201, fields) == [ITSELF, b"https://a.test/new"]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        (b"/n", b"https://a.test/n"),
        (b"n", b"https://a.test/shop/n"),
        (b"../n", b"https://a.test/n"),
        (b"?z", b"https://a.test/shop/x?z"),
        (b"", ITSELF),
        (b"/n?", b"https://a.test/n?"),
        (b"/n;", b"https://a.test/n;"),
        (b"n;?", b"https://a.test/shop/n;?"),
        (b"/n;a=1;?b=;", b"https://a.test/n;a=1;?b=;"),
        (b"?", b"https://a.test/shop/x?"),
        (b"https://a.test/n?", b"https://a.test/n?"),
        (b"https://a.test?z", b"https://a.test/?z"),
        (b"https://a.test//n", b"https://a.test//n"),
        (b"https://a.test/d/../n", b"https://a.test/n"),
        (b"./n/.", b"https://a.test/shop/n/"),
        (b"../../../n", b"https://a.test/n"),
        (b"..", b"https://a.test/"),
        (b"/n\tm", b"https://a.test/nm"),
        (b"/n?a[]=1", b"https://a.test/n?a[]=1"),
        (b"https:n", b"https://a.test/shop/n"),
        (b"#f", ITSELF),
        (b"https://a.test/n", b"https://a.test/n"),
        (b"https://A.test:443", b"https://a.test/"),
        (b"//a.test/n", b"https://a.test/n"),
        (b"http://a.test/n", b"https://a.test/n"),
        (b"http://a.test:80/n", b"https://a.test/n"),
        (b"/%7en%c3%a9", b"https://a.test/~n%C3%A9"),
        (b"/n\xe9", b"https://a.test/n\xe9"),
    ],
)
def test_references_are_resolved(reference, found):
    assert resolved(reference, request()) == found


@pytest.mark.parametrize(
    "reference",
    [
        b"https://b.test/n",
        b"//b.test/n",
        b"https://a.test:8443/n",
        b"https://a.test.b.test/n",
        b"https://a.test@b.test/n",
        b"https://b.test@a.test/n",
        b"ftp://a.test/n",
        b"javascript:alert(1)",
        b"https://[a.test/n",
    ],
)
def test_other_origins_are_left_alone(reference):
    assert resolved(reference, request()) is None


def test_an_origin_with_a_port_is_known_by_it():
    assert resolved(b"http://a.test:8443/n", request(authority=b"a.test:8443")) == (
        b"https://a.test:8443/n"
    )
    assert resolved(b"https://a.test/n", request(authority=b"a.test:8443")) is None


def test_a_url_is_what_keys_begin_with():
    rules = KeyRules(fields=(b"x-a",))
    asked = RequestHead(b"GET", b"/shop/x?y=1", b"a.test", b"https", [(b"x-a", b"1")])
    assert make(asked, rules).startswith(invalidated(request(), 200, [])[0] + b" ")


@given(st.binary(max_size=30))
def test_nothing_raises_and_nothing_of_another_origin_is_found(reference):
    found = resolved(reference, request())
    assert found is None or found.startswith(b"https://a.test/")


def test_the_url_of_a_request_is_what_it_invalidates():
    assert url(request()) == ITSELF
