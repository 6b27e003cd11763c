"""An origin's own address, wherever it stands in an answer."""

import pytest

from porch.shield.hide_address import AddressIn, authorities

ADDRESS = AddressIn(frozenset([b"10.0.0.1:8000", b"app", b"[::1]:8000"]), b"a.test:8443")


@pytest.mark.parametrize(
    ("endpoint", "written"),
    [
        ("10.0.0.1:8000", {b"10.0.0.1:8000"}),
        ("App.Internal:80", {b"app.internal:80", b"app.internal"}),
        ("127.0.0.1:3000", {b"127.0.0.1:3000", b"localhost:3000", b"[::1]:3000"}),
        ("[::1]:3000", {b"127.0.0.1:3000", b"localhost:3000", b"[::1]:3000"}),
        ("[fe80::1]:443", {b"[fe80::1]:443", b"[fe80::1]"}),
        ("https://app.internal", {b"app.internal:443", b"app.internal"}),
        ("unix:/run/a.sock", set()),
    ],
)
def test_an_endpoint_is_written_in_some_ways(endpoint: str, written: set[bytes]) -> None:
    assert authorities(endpoint) == written


@pytest.mark.parametrize(
    ("url", "public"),
    [
        (b"http://10.0.0.1:8000/x?y#z", b"/x?y#z"),
        (b"https://10.0.0.1:8000/x", b"/x"),
        (b"HTTP://10.0.0.1:8000/x", b"/x"),
        (b"//10.0.0.1:8000/x", b"/x"),
        (b"http://APP/x", b"/x"),
        (b"http://user:pw@app/x", b"/x"),
        (b"http://[::1]:8000/", b"/"),
        (b"http://app", b"/"),
        (b"http://app?x", b"/?x"),
        (b"http://app#x", b"/#x"),
        (b"http://app/\t/evil.com/", b"//a.test:8443//evil.com/"),
        (b"http://app\t//evil.com/", b"//a.test:8443//evil.com/"),
        (b"http://app/\t\\evil.com/", b"//a.test:8443/\\evil.com/"),
        (b"\t http:/\t/app/\t/evil.com/ ", b"//a.test:8443//evil.com/"),
        (b"///app/x", b"/x"),
        (b"http://app /x", b"/x"),
        (b"http://other\t/x", b"http://other\t/x"),
        (b"http://app//evil.com/", b"//a.test:8443//evil.com/"),
        (b"http://app/\\evil.com/", b"//a.test:8443/\\evil.com/"),
        (b"http:\\\\app\\x", b"\\x"),
        (b"http://10.0.0.1:8001/x", b"http://10.0.0.1:8001/x"),
        (b"http://10.0.0.1/x", b"http://10.0.0.1/x"),
        (b"http://app.evil.com/x", b"http://app.evil.com/x"),
        (b"http://app@evil.com/x", b"http://app@evil.com/x"),
        (b"ftp://app/x", b"ftp://app/x"),
        (b"/x", b"/x"),
        (b"x", b"x"),
        (b"/redirect?to=http://app/x", b"/redirect?to=http://app/x"),
        (b"", b""),
    ],
)
def test_a_url_of_the_origin_becomes_a_path(url: bytes, public: bytes) -> None:
    assert ADDRESS.in_url(url) == public


@pytest.mark.parametrize(
    ("refresh", "public"),
    [
        (b"5; url=http://app/x", b"5; url=/x"),
        (b"0;URL='http://app/x'", b"0;URL='/x'"),
        (b"5, http://app/x", b"5, /x"),
        (b"5; url=http://b.test/?u=http://app/x", b"5; url=http://b.test/?u=http://app/x"),
        (b"5", b"5"),
        (b"5; url=/x", b"5; url=/x"),
    ],
)
def test_so_it_does_in_refresh(refresh: bytes, public: bytes) -> None:
    assert ADDRESS.in_refresh(refresh) == public


def test_each_target_of_a_link_is_looked_at() -> None:
    came = b"<http://app/1>; rel=next, <http://b.test/2>; rel=prev, </3>"
    assert ADDRESS.in_link(came) == b"</1>; rel=next, <http://b.test/2>; rel=prev, </3>"


@pytest.mark.parametrize(
    ("cookie", "public"),
    [
        (b"a=1; Domain=app; Path=/", b"a=1; Path=/"),
        (b"a=1;domain = .APP ;Secure", b"a=1;Secure"),
        (b"a=1; Domain=10.0.0.1", b"a=1"),
        (b"a=1; Domain=a.test", b"a=1; Domain=a.test"),
        (b"a=1; Domain=evil.app", b"a=1; Domain=evil.app"),
        (b"a=domain=app; Path=/", b"a=domain=app; Path=/"),
        (b"a=1; Domain=", b"a=1; Domain="),
    ],
)
def test_a_cookie_is_not_of_the_origins_host(cookie: bytes, public: bytes) -> None:
    assert ADDRESS.in_cookie(cookie) == public
