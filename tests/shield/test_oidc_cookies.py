"""The cookies of a login: names, pieces, and that none goes to an origin."""

from typing import Any

import pytest

from porch.shield.oidc_cookies import (
    MOST_PIECES,
    PIECE,
    cookies_of,
    ended,
    joined,
    prefix,
    set_cookie,
    set_pieces,
    without,
)
from tests.support.openid import Jar

NAME = prefix(is_secure=True) + b"x"


def shown(jar: Jar) -> list[tuple[bytes, bytes]]:
    return cookies_of([(b"cookie", str(jar).encode())])


def keep(jar: Jar, content: bytes) -> None:
    names = [key for key, _ in shown(jar)]
    found = set_pieces(NAME, content, 60, names, is_secure=True)
    assert found is not None
    for _, line in found:
        assert len(line) < 4096
        jar.take(line.decode())


def test_a_cookie_is_for_this_host_by_https_and_no_script() -> None:
    assert set_cookie(NAME, b"v", 60, is_secure=True) == (
        b"set-cookie",
        b"__Host-porch-login-x=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure",
    )
    plain = set_cookie(prefix(is_secure=False), b"v", 60, is_secure=False)[1]
    assert plain == b"porch-login-=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"
    assert b"Max-Age=0" in ended([NAME], is_secure=True)[0][1]


@pytest.mark.parametrize("size", [1, PIECE, PIECE + 1, MOST_PIECES * PIECE])
def test_what_was_cut_into_pieces_comes_back(size: int) -> None:
    jar = Jar()
    content = bytes(65 + each % 26 for each in range(size))
    keep(jar, content)
    assert len(jar.kept) == -(-size // PIECE)
    assert joined(shown(jar), NAME) == content


def test_a_shorter_one_leaves_no_piece_of_a_longer_one() -> None:
    jar = Jar()
    keep(jar, b"a" * (3 * PIECE))
    keep(jar, b"b" * 10)
    assert joined(shown(jar), NAME) == b"b" * 10
    assert len(jar.kept) == 1


def test_what_does_not_fit_is_not_kept() -> None:
    assert set_pieces(NAME, b"a" * (MOST_PIECES * PIECE + 1), 60, [], is_secure=True) is None


@pytest.mark.parametrize(
    ("cookie", "found"),
    [
        (b"__Host-porch-login-x=a", b"a"),
        (b"y=1;__Host-porch-login-x=a;  z=2", b"a"),
        (b"__Host-porch-login-x=a; __Host-porch-login-x=b", b""),
        (b"__Host-porch-login-x=a; __Host-porch-login-x.1=b; __Host-porch-login-x.3=c", b"ab"),
        (b"__Host-porch-login-x.1=b", b""),
        (b"porch-login-x=a", b""),
        (b"__Host-porch-login-x-12345678=a", b""),
        (b"x__Host-porch-login-x=a", b""),
        (b"__host-porch-login-x=a", b""),
        (b"__Host-porch-login-x", b""),
    ],
)
def test_only_its_own_name_is_read_and_none_that_stands_twice(cookie: bytes, found: bytes) -> None:
    assert joined(cookies_of([(b"cookie", cookie)]), NAME) == found


def test_those_in_several_fields_are_found() -> None:
    fields = [(b"cookie", b"a=1"), (b"cookie", b"__Host-porch-login-x=v")]
    assert joined(cookies_of(fields), NAME) == b"v"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([b"a=1; __Host-porch-login-x=v; b=2"], [b"a=1; b=2"]),
        ([b"__Host-porch-login-x=v"], []),
        ([b"porch-login-x-1=v;porch-login-y.1=v", b"c=3"], [b"c=3"]),
        ([b"a=porch-login-"], [b"a=porch-login-"]),
        ([b"porch-pass=v; porch-passage=1; porch-pass"], [b"porch-passage=1"]),
        ([b"a=1;b=2"], [b"a=1;b=2"]),
    ],
)
def test_no_origin_gets_one(before: list[bytes], after: list[bytes]) -> None:
    fields: Any = [(b"accept", b"x"), *((b"cookie", each) for each in before)]
    found = without(fields)
    assert found == [(b"accept", b"x"), *((b"cookie", each) for each in after)]
