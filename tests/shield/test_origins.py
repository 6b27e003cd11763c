"""Origins: how they are written, and which of those that are sent are among them."""

import pytest

from porch.http.message import RequestHead
from porch.shield.origins import Origins, is_own, normal_origin, origin_of, parse_origin
from tests.support.origin_tricks import OTHERS, OWN, TRUSTED


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("https://app.example.com", (b"https", b"app.example.com", b"")),
        ("https://App.Example.com/", (b"https", b"app.example.com", b"")),
        ("https://app.example.com:443", (b"https", b"app.example.com", b"")),
        ("http://app.example.com:443", (b"http", b"app.example.com", b"443")),
        ("https://*.example.com", (b"https", b".example.com", b"")),
        ("http://localhost:*", (b"http", b"localhost", b"*")),
        ("http://[::1]:8080", (b"http", b"[::1]", b"8080")),
        ("https://bücher.example", (b"https", b"xn--bcher-kva.example", b"")),
        ("capacitor://localhost", (b"capacitor", b"localhost", b"")),
        ("chrome-extension://abcdefghij", (b"chrome-extension", b"abcdefghij", b"")),
        ("null", (b"null", b"", b"")),
    ],
)
def test_an_origin_is_scheme_host_and_port(text: str, parts: tuple[bytes, bytes, bytes]) -> None:
    assert parse_origin(text) == parts


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("app.example.com", '"https://app.example.com"'),
        ("https://app.example.com/x", '"https://app.example.com"'),
        ("https://user@app.example.com", '"https://app.example.com"'),
        ("https://app.example.com?x", "not an origin"),
        ("https://", "not an origin"),
        ("https://*", 'write "\\*"'),
        ("https://*.com", "top-level"),
        ("https://*.10.0.0.1", "below an address"),
        ("https://*evil.example.com", "first label"),
        ("https://a.*.example.com", "first label"),
        ("https://app.example.com:0", "port"),
        ("https://app.example.com:http", "port"),
        ("https://app.example.com:99999", "port"),
        ("https://a b.example.com", "not an origin"),
        ("", "not an origin"),
    ],
)
def test_what_is_none_is_told_what_one_is(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Origins([text])


def test_one_origin_is_written_in_one_way() -> None:
    assert normal_origin("HTTPS://App.example.com:443/") == b"https://app.example.com"
    assert normal_origin("null") == b"null"
    with pytest.raises(ValueError, match="many"):
        normal_origin("https://*.example.com")


def test_what_is_written_is_among_them_and_what_a_browser_does_not_write_is_not() -> None:
    origins = Origins(["https://app.example.com:443", "http://a.test:8080"])
    assert origins.has(b"https://app.example.com")
    assert origins.has(b"http://a.test:8080")
    for other in (b"https://app.example.com:443", b"http://a.test", b"HTTP://a.test:8080", b""):
        assert not origins.has(other)


def test_a_wildcard_is_all_below_and_not_the_host_itself() -> None:
    origins = Origins(["https://*.example.com", "http://localhost:*", "https://*.b.test:8443"])
    for one in (
        *(b"https://a.example.com", b"https://a.b.c.example.com", b"http://localhost"),
        *(b"http://localhost:3000", b"https://a.b.test:8443"),
    ):
        assert origins.has(one)
    for other in (
        *(b"https://example.com", b"http://a.example.com", b"https://a.example.com:8443"),
        *(b"https://evilexample.com", b"https://a.example.com.evil.com", b"https://.example.com"),
        *(b"https://a..example.com", b"https://localhost:3000", b"http://localhost:0"),
        *(b"https://a.b.test", b"https://a.example.com:443", b"http://a.localhost:3000"),
    ):
        assert not origins.has(other), other


def test_null_is_nobody_unless_it_is_said() -> None:
    assert not Origins(["https://a.test", "https://*.a.test"]).has(b"null")
    assert Origins(["null"]).has(b"null")
    assert not Origins(["null"]).has(b"NULL")


def test_a_star_is_everybody_who_says_one_thing() -> None:
    origins = Origins(["*"])
    assert origins.any
    assert origins.has(b"https://a.test")
    assert origins.has(b"null")
    assert not origins.has(b"")


@pytest.mark.parametrize("origin", TRUSTED)
def test_each_of_the_trusted_is_among_them(origin: bytes) -> None:
    assert Origins(OWN).has(origin)


@pytest.mark.parametrize("origin", OTHERS)
def test_no_spelling_of_another_is(origin: bytes) -> None:
    assert not Origins(OWN).has(origin)


def test_the_corpus_is_as_large_as_it_says() -> None:
    assert len(set(OTHERS)) == len(OTHERS) >= 60


def test_an_origin_that_is_said_twice_is_none() -> None:
    def head(*values: bytes) -> RequestHead:
        return RequestHead(b"GET", b"/", b"a", b"http", [(b"origin", each) for each in values])

    assert origin_of(head()) is None
    assert origin_of(head(b"https://a.test")) == b"https://a.test"
    assert origin_of(head(b"https://a.test", b"https://a.test")) == b""


@pytest.mark.parametrize(
    ("origin", "authority", "scheme", "own"),
    [
        (b"http://a.test", b"a.test", b"http", True),
        (b"http://a.test", b"A.test:80", b"http", True),
        (b"https://a.test", b"a.test:443", b"https", True),
        (b"https://a.test:8443", b"a.test:8443", b"https", True),
        (b"https://a.test", b"a.test", b"http", True),  # who is before us ends TLS
        (b"http://[::1]:81", b"[::1]:81", b"http", True),
        (b"http://a.test", b"a.test", b"https", False),
        (b"http://a.test", b"a.test:81", b"http", False),
        (b"http://a.test:81", b"a.test", b"http", False),
        (b"http://b.test", b"a.test", b"http", False),
        (b"http://a.test.", b"a.test", b"http", False),
        (b"http://a.test@b.test", b"a.test", b"http", False),
        (b"ftp://a.test", b"a.test", b"http", False),
        (b"null", b"null", b"http", False),
        (b"http://", b"", b"http", False),
        (b"", b"", b"http", False),
    ],
)
def test_a_page_is_of_this_host_if_its_origin_is(
    origin: bytes, authority: bytes, scheme: bytes, own: bool
) -> None:
    assert is_own(origin, RequestHead(b"POST", b"/", authority, b"http", []), scheme) == own
