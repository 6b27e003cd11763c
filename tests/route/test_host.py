"""Hosts: one normal form for what a key names and a request asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.http.target import check_authority
from porch.route.host import normal_host, parse_host


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        (b"a.test", b"a.test"),
        (b"A.Test:8080", b"a.test"),
        (b"a.test.", b"a.test"),
        (b"a.test.:80", b"a.test"),
        (b"a.test:", b"a.test"),
        (b"a.test..", b"a.test."),
        (b"127.0.0.1:3000", b"127.0.0.1"),
        (b"[::1]:8080", b"[::1]"),
        (b"[0:0:0:0:0:0:0:1]", b"[::1]"),
        (b"[2001:DB8::A]", b"[2001:db8::a]"),
        (b"[v1.a:b]:80", b"[v1.a:b]"),
        (b"[::1.2.3]", b"[::1.2.3]"),
        (b"", b""),
    ],
)
def test_a_host_is_compared_without_case_port_and_trailing_dot(
    authority: bytes, host: bytes
) -> None:
    assert normal_host(authority) == host


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("*", b"*"),
        ("a.test", b"a.test"),
        ("A.TEST", b"a.test"),
        ("a.test.", b"a.test"),
        ("*.a.test", b"*.a.test"),
        ("*.localhost", b"*.localhost"),
        ("localhost", b"localhost"),
        ("my_app-1.test", b"my_app-1.test"),
        ("10.0.0.1", b"10.0.0.1"),
        ("[::1]", b"[::1]"),
        ("[2001:DB8:0::1]", b"[2001:db8::1]"),
        ("bücher.test", b"xn--bcher-kva.test"),
        ("BÜCHER.test", b"xn--bcher-kva.test"),
        ("*.bücher.test", b"*.xn--bcher-kva.test"),
        ("xn--bcher-kva.test", b"xn--bcher-kva.test"),
        ("例え。テスト", b"xn--r8jz45g.xn--zckzah"),
    ],
)
def test_a_host_of_a_key_is_brought_into_the_form_of_requests(text: str, host: bytes) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a.test:8080", "a key names no port, `listen` does; write 'a.test'"),
        ("a.test:", "write 'a.test'"),
        ("[::1]:8080", r"write '\[::1\]'"),
        (":8080", "write '[*]'"),
        ("*:8080", "write '[*]'"),
        ("::1", r"an IPv6 address stands in brackets; write '\[::1\]'"),
        ("[::1", "not an IPv6 address in brackets"),
        ("[::g]", "not an IPv6 address in brackets"),
        ("", "'' is not a host name"),
        ("a..test", "'a..test' is not a host name"),
        ("-a.test", "is not a host name"),
        ("user@a.test", "is not a host name"),
        ("a" * 64 + ".test", "is not a host name"),
        (".".join(["a" * 60] * 5), "is not a host name"),
        ("*a.test", "can only be the whole first label"),
        ("a.*.test", "can only be the whole first label"),
        ("*.*.test", "can only be the whole first label"),
        ("*.", "is not a host name"),
        ("straße.test", "write the form with xn--"),
        ("ü" * 70 + ".test", "not a valid international host name"),
    ],
)
def test_what_is_no_host_is_refused_with_the_way_out(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_host(text)


names = st.from_regex(r"[a-zA-Z0-9]{1,5}(\.[a-zA-Z0-9]([a-z-]{0,3}[a-z])?){0,3}", fullmatch=True)


@given(names, st.sampled_from(["", ".", ":80", ".:80"]))
def test_a_name_in_a_key_and_in_a_request_have_one_form(name: str, end: str) -> None:
    authority = check_authority(f"{name}{end}".encode())
    assert normal_host(authority) == parse_host(name)
