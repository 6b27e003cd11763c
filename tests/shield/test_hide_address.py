"""An origin's own address, wherever it stands in an answer."""

import time

import pytest

from porch.shield.hide_address import AddressIn, authorities, own_of

OWN = own_of([b"10.0.0.1:8000", b"app", b"[::1]:8000"])
ADDRESS = AddressIn(OWN, (b"https", b"a.test:8443"), b"sent:81")


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
        (b"http://sent:81/x", b"/x"),
        (b"http://sent/x", b"http://sent/x"),
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
        (b"5; url=http://b.test/?u=http://app/x", b"5; url=http://b.test/?u=https://a.test:8443/x"),
        (b"5; url=/login?u=http://app/x", b"5; url=/login?u=https://a.test:8443/x"),
        (b"5", b"5"),
        (b"5; url=/x", b"5; url=/x"),
    ],
)
def test_so_it_does_in_refresh(refresh: bytes, public: bytes) -> None:
    assert ADDRESS.in_refresh(refresh) == public


@pytest.mark.parametrize(
    ("came", "public"),
    [
        (b"u=http://app/x&b=1", b"u=https://a.test:8443/x&b=1"),
        (b"u=http://APP", b"u=https://a.test:8443"),
        (b"a=http://b.test/&u=http://user:pw@app/", b"a=http://b.test/&u=https://a.test:8443/"),
        (b"u=http%3A%2F%2F10.0.0.1%3A8000%2Fx%3Fy", b"u=https%3A%2F%2Fa.test%3A8443%2Fx%3Fy"),
        (b"u=http%3a//10.0.0.1:8000/x", b"u=https%3a//a.test%3A8443/x"),
        (b"u=http%3A%2F%2F%5B%3A%3A1%5D%3A8000%2F", b"u=https%3A%2F%2Fa.test%3A8443%2F"),
        (
            b"u=https%3A%2F%2Fid.test%2F%3Fv%3Dhttp%253A%252F%252F10.0.0.1%253A8000%252Fx",
            b"u=https%3A%2F%2Fid.test%2F%3Fv%3Dhttps%253A%252F%252Fa.test%253A8443%252Fx",
        ),
        (b"u=http://app/1&v=http://app/2", b"u=https://a.test:8443/1&v=https://a.test:8443/2"),
        (b"host=10.0.0.1:8000&b=1", b"host=a.test:8443&b=1"),
        (b"host=10.0.0.1%3A8000", b"host=a.test%3A8443"),
        (b"host=[::1]:8000", b"host=a.test:8443"),
        (b"kind=app", b"kind=app"),
        (b"host=10.0.0.1:80001", b"host=10.0.0.1:80001"),
        (b"u=http://app.evil.com/", b"u=http://app.evil.com/"),
        (b"u=http://10.0.0.1/", b"u=http://10.0.0.1/"),
        (b"u=ftp://app/x", b"u=ftp://app/x"),
        (b"u=%", b"u=%"),
    ],
)
@pytest.mark.parametrize("before", [b"/login?", b"https://id.test/?", b"https://id.test/#"])
def test_in_what_follows_a_path_it_stays_a_url(before: bytes, came: bytes, public: bytes) -> None:
    assert ADDRESS.in_url(before + came) == before + public


def test_where_a_url_of_the_origin_has_a_query_both_are_looked_at() -> None:
    came = b"http://app/login?u=http%3A%2F%2Fapp%2Fx"
    assert ADDRESS.in_url(came) == b"/login?u=https%3A%2F%2Fa.test%3A8443%2Fx"
    assert ADDRESS.in_url(b"/x/http://app/y") == b"/x/http://app/y", "a path is not for the door"


@pytest.mark.parametrize("text", [b"http" + b"%25" * 20_000, b"=" + b"a%253" * 13_000])
def test_it_takes_no_longer_the_worse_it_is(text: bytes) -> None:
    began = time.perf_counter()
    assert ADDRESS.in_url(b"/?" + text) == b"/?" + text
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("text", [b'"' + b'\\"' * 25_000, b"<" * 50_000, b'"a\\' * 15_000])
def test_what_is_begun_again_and_again_and_never_ended_is_read_once(text: bytes) -> None:
    began = time.perf_counter()
    assert ADDRESS.in_link(text) == ADDRESS.in_strings(text) == text
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("came", "public"),
    [
        (
            b'{"group":"csp","max_age":10,"endpoints":[{"url":"https://app/csp"}]}',
            b'{"group":"csp","max_age":10,"endpoints":[{"url":"/csp"}]}',
        ),
        (
            rb'{"group":"a","endpoints":[{"url":"http:\/\/10.0.0.1:8000\/r"}]}',
            b'{"group":"a","endpoints":[{"url":"/r"}]}',
        ),
        (rb'{"group":"a","more":"\/x"}', rb'{"group":"a","more":"\/x"}'),
        (b'{"report_to":"10.0.0.1:8000"}', b'{"report_to":"a.test:8443"}'),
        (b'{"report_to":"app"}', b'{"report_to":"app"}'),
        (b'a="http://app/r", b="https://b.test/r"', b'a="/r", b="https://b.test/r"'),
        (b'a="https://b.test/?u=http://app/x"', b'a="https://b.test/?u=https://a.test:8443/x"'),
        (b'a="http://app', b'a="http://app'),
    ],
)
def test_where_reports_go_is_told_as_the_public_knows_it(came: bytes, public: bytes) -> None:
    assert ADDRESS.in_strings(came) == public


def test_each_target_of_a_link_is_looked_at() -> None:
    came = b"<http://app/1>; rel=next, <http://b.test/2>; rel=prev, </3>"
    assert ADDRESS.in_link(came) == b"</1>; rel=next, <http://b.test/2>; rel=prev, </3>"
    came = b'</1>; rel="next"; anchor="http://app/x"; title="of app", <http://10.0.0.1:8000/>'
    assert ADDRESS.in_link(came) == b'</1>; rel="next"; anchor="/x"; title="of app", </>'


@pytest.mark.parametrize(
    ("cookie", "public"),
    [
        (b"a=1; Domain=app; Path=/", b"a=1; Path=/"),
        (b"a=1;domain = .APP ;Secure", b"a=1;Secure"),
        (b"a=1; Domain=10.0.0.1", b"a=1"),
        (b"a=1; Domain=sent", b"a=1"),
        (b"a=1; Domain=a.test", b"a=1; Domain=a.test"),
        (b"a=1; Domain=evil.app", b"a=1; Domain=evil.app"),
        (b"a=domain=app; Path=/", b"a=domain=app; Path=/"),
        (b"a=1; Domain=", b"a=1; Domain="),
    ],
)
def test_a_cookie_is_not_of_the_origins_host(cookie: bytes, public: bytes) -> None:
    assert ADDRESS.in_cookie(cookie) == public
