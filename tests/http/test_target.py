"""Hosts and request targets by their grammar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.errors import BadRequest
from porch.http import target
from porch.http.target import check_authority, known_authorities, split_absolute


@pytest.mark.parametrize(
    "value",
    [
        b"a.test",
        b"A.Test:80",
        b"a.test:",
        b"a.test:65535",
        b"a.test.",
        b"192.0.2.1:8080",
        b"[::1]",
        b"[2001:db8::192.0.2.1]:443",
        b"[v1.a:b]",
        b"a_b-c~d",
        b"xn--bcher-kva.test",
        b"a" * 253 + b":65535",
    ],
)
def test_a_host_with_or_without_a_port_passes(value: bytes) -> None:
    """RFC 3986 3.2.2."""
    assert check_authority(value) is value
    assert value in known_authorities


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b":",
        b":80",
        b"a.test:-1",
        b"a.test:8o",
        b"a.test:65536",
        b"a.test:000080",
        b"a.test:80:80",
        b"a@a.test",
        b"a.test/",
        b"a.test?b",
        b"a.test#b",
        b"a\\b",
        b"a b",
        b"a\tb",
        b"a.test\n",
        b"a,b c",
        b"a.test,b.test",
        b",a.test",
        b"a.test;b.test",
        b"a.test&",
        b"a.test+",
        b"(a.test)",
        b".a.test",
        b"a.test..",
        b"a..test",
        b".",
        b"a%",
        b"a%2",
        b"a%zz",
        b'"a"',
        b"<a>",
        b"{a}",
        b"a|b",
        b"\xfc.test",
        b"\0",
        b"::1",
        b"[]",
        b"[::1",
        b"::1]",
        b"[::1]80",
        b"[:::]",
        b"[1.2.3.4]",
        b"[1::2::3]",
        b"[fe80::1%eth0]",
        b"[a.test]",
        b"[v.a]",
        b"a" * 261,
    ],
)
def test_nothing_else_is_a_host(value: bytes) -> None:
    """Some of these are reg-names of RFC 3986; none is a name that anybody can have."""
    with pytest.raises(BadRequest):
        check_authority(value)
    assert value not in known_authorities


def test_what_is_remembered_is_bounded() -> None:
    for number in range(target._REMEMBERED + 10):
        check_authority(b"%d.test" % number)
    assert 0 < len(known_authorities) <= target._REMEMBERED


@given(st.binary(max_size=30))
def test_a_host_never_holds_what_ends_one(value: bytes) -> None:
    try:
        check_authority(value)
    except BadRequest:
        return
    assert value
    assert not set(value) & set(b'/?#@\\ \t\r\n\0<>"{}|^`')
    assert max(value) < 0x80


@pytest.mark.parametrize(
    ("given", "method", "parts"),
    [
        (b"http://a.test/b?c", b"GET", (b"http", b"a.test", b"/b?c")),
        (b"HTTPS://a.test:8443/", b"GET", (b"https", b"a.test:8443", b"/")),
        (b"http://a.test", b"GET", (b"http", b"a.test", b"/")),
        (b"http://a.test?b=/c", b"GET", (b"http", b"a.test", b"/?b=/c")),
        (b"http://a.test", b"OPTIONS", (b"http", b"a.test", b"*")),
        (b"http://a.test/", b"OPTIONS", (b"http", b"a.test", b"/")),
        (b"http://a.test//b.test/", b"GET", (b"http", b"a.test", b"//b.test/")),
        (b"http://[::1]:80/a@b", b"GET", (b"http", b"[::1]:80", b"/a@b")),
    ],
)
def test_a_url_is_scheme_authority_and_path(
    given: bytes, method: bytes, parts: tuple[bytes, bytes, bytes]
) -> None:
    """RFC 9112 3.2.2, 3.2.4."""
    assert split_absolute(given, method) == parts


@pytest.mark.parametrize(
    "given",
    [
        b"a",
        b"a.test:80",
        b"http:/a",
        b"http//a.test/",
        b"://a.test/",
        b"ws://a.test/",
        b"http://",
        b"http:///a",
        b"http://?a",
        b"http://b@a.test/",
        b"http://b:c@a.test/",
        b"http://a.test:x/",
        b"http://a.test\\@b.test/",
    ],
)
def test_nothing_else_is_a_url(given: bytes) -> None:
    with pytest.raises(BadRequest):
        split_absolute(given, b"GET")
