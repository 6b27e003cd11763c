"""Readings of a path: every spelling that an origin may take for another path is found."""

import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.route.paths import MOST_READINGS, TooManyReadings, climbs, odd, readings, to_wire


@pytest.mark.parametrize(
    "path",
    [b"/", b"/a", b"/a/", b"/a.b/c..d", b"/a%20b", b"/stra%C3%9Fe", b"/%25", b"*"],
)
def test_a_usual_path_has_one_reading_and_is_not_odd(path: bytes) -> None:
    assert odd(path) is None
    assert readings(path) == (path,)


@pytest.mark.parametrize("path", [b"/.well-known/acme-challenge/x", b"/a/.b", b"/..."])
def test_a_dot_that_begins_a_name_is_no_reading(path: bytes) -> None:
    assert readings(path) == (path,)


@pytest.mark.parametrize(
    ("path", "others"),
    [
        (b"/%61pi", [b"/api"]),
        (b"/%7Euser", [b"/~user"]),
        (b"/a/../b", [b"/b"]),
        (b"/a/./b", [b"/a/b"]),
        (b"/a/..", [b"/"]),
        (b"/a/b/..", [b"/a/"]),
        (b"/a/.", [b"/a/"]),
        (b"/../../a", [b"/a"]),
        (b"/a/%2e%2E/b", [b"/b"]),
        (b"/a/.%2e/b", [b"/b"]),
        (b"//a", [b"/a"]),
        (b"/a///b/", [b"/a/b/"]),
        (b"/a%2Fb", [b"/a/b"]),
        (b"/a%2fb", [b"/a%2Fb", b"/a/b"]),
        (b"/a%5Cb", [b"/a/b"]),
        (b"/a\\b", [b"/a/b"]),
        (b"/a/..%2Fb", [b"/b"]),
        (b"/a%2F..%2Fb", [b"/b"]),
        (b"/a%5C..%5Cb", [b"/b"]),
        (b"/a\\..\\b", [b"/b"]),
        (b"/a//../b", [b"/b", b"/a/b"]),
        (b"/%c3%9f", [b"/%C3%9F"]),
        (b"/a//b/../c%2Fd", [b"/a/c%2Fd", b"/a/c/d"]),
        (b"/a%00/b", [b"/a"]),
    ],
)
def test_readings_are_the_path_as_sent_and_what_origins_make_of_it(
    path: bytes, others: list[bytes]
) -> None:
    found = readings(path)
    assert found[0] == path
    assert {*others} <= {*found}
    assert found[-1] == others[-1], "the plainest"


@pytest.mark.parametrize(
    ("path", "others"),
    [
        (b"/%61/../b", [b"/b", b"/a/../b"]),  # no dots removed behind decoding, or none at all
        (b"/a//b", [b"/a/b"]),
        (b"/x/../%61/%2e%2e/c", [b"/a/../c", b"/c", b"/x/../a/../c"]),
        (b"/a%2fb/..;/c", [b"/c", b"/a/c"]),  # %2F kept and parameters off; both are done
        (b"/a%2Fb/..\\c", [b"/c", b"/a/c"]),  # %2F kept and backslashes turned; both are done
        (b"/b;%2Fc/..%2Fd", [b"/d", b"/b/d"]),  # parameters off before %2F is a slash; and behind
        (b"/;x\\y%2Fa", [b"/a"]),  # %2F is a slash and no backslash is
        (b"/a%00/b", [b"/a"]),
    ],
)
def test_an_origin_may_do_one_thing_and_not_another(path: bytes, others: list[bytes]) -> None:
    assert {*others} <= {*readings(path)}


def test_an_escape_is_decoded_once() -> None:
    assert readings(b"/%252e%252e/a") == (b"/%252e%252e/a",)
    assert readings(b"/%%32Fa") == (b"/%%32Fa", b"/%2Fa", b"//a", b"/a")


def test_half_an_escape_stays() -> None:
    assert readings(b"/a%2") == (b"/a%2",)
    assert readings(b"/%zz/../a") == (b"/%zz/../a", b"/a")


@pytest.mark.parametrize(
    ("path", "does"),
    [
        (b"/a/../b", True),
        (b"/a/%2e%2e", True),
        (b"/a%2F..", True),
        (b"/a\\..\\b", True),
        (b"/a%5c%2e.%5cb", True),
        (b"/a/./b", False),
        (b"/a..b/...", False),
        (b"/a//b", False),
    ],
)
def test_a_path_climbs_if_a_reading_of_it_has_a_segment_of_two_dots(
    path: bytes, does: bool
) -> None:
    assert climbs(path) is does


PIECES = ["a", "b", "/", "/", ".", "..", "%2F", "%2f", "%5C", "\\", "%2e", "%2E", "%61", "%C3", "-"]
PIECES += [";", ";x", "%00"]
paths = st.lists(st.sampled_from(PIECES)).map(lambda pieces: ("/" + "".join(pieces)).encode())


@given(paths)
def test_the_last_reading_is_settled(path: bytes) -> None:
    for reading in readings(path)[1:]:
        assert reading.startswith(b"/")
        assert not re.search(rb"%(?:61|2E|[0-9A-F]?[a-f])", reading)
    last = readings(path)[-1]
    if odd(path) is not None:
        assert b"//" not in last
        assert not {b".", b".."} & set(last.split(b"/"))


@given(paths)
def test_a_path_that_is_not_odd_is_what_every_origin_reads(path: bytes) -> None:
    if odd(path) is None:
        assert b"//" not in path
        assert not {b".", b".."} & set(path.split(b"/"))
        decoded = unquote_to_bytes(path)
        assert decoded.count(b"/") == path.count(b"/")
        assert b"\\" not in decoded


@given(paths)
def test_the_plainest_reading_has_no_other(path: bytes) -> None:
    plainest = readings(path)[-1]
    assert readings(plainest) == (plainest,)


@given(paths)
def test_a_path_that_climbs_is_odd(path: bytes) -> None:
    if climbs(path):
        assert odd(path) is not None


@given(paths)
def test_there_are_not_too_many_readings_and_none_twice(path: bytes) -> None:
    found = readings(path)
    assert found[0] == path
    assert len(set(found)) == len(found) <= MOST_READINGS


def test_a_long_path_that_has_too_many_readings_is_none() -> None:
    tangled = b"/x/..%2f%5c..\\;y/..;%2f//a"
    assert len(readings(tangled)) > 30
    with pytest.raises(TooManyReadings):
        readings(tangled * 20)
    assert climbs(tangled * 20)
    assert len(readings(b"/a;b=c%2Fd" * 800)) < 10, "what is merely long is looked at"


def test_a_path_of_the_configuration_is_encoded_as_a_browser_does() -> None:
    assert to_wire("/straße/日本") == "/stra%C3%9Fe/%E6%97%A5%E6%9C%AC"
    assert to_wire("/a%20b") == "/a%20b"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/a?b", "only a path stands here"),
        ("/a#b", "only a path stands here"),
        ("/a b", "a space is %20"),
        ("/a\x00", "control character"),
        ("/a\u00a0b", "a space is %20"),
        ("/100%", "% itself is %25"),
        ("/%4", "% itself is %25"),
    ],
)
def test_what_no_path_has_is_refused(path: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        to_wire(path)


def test_every_escape_that_has_another_reading_is_odd() -> None:
    for code in range(256):
        for escape in {f"%{code:02X}", f"%{code:02x}"}:
            path = f"/a{escape}b".encode()
            plain = chr(code).isascii() and (chr(code).isalnum() or chr(code) in "-._~")
            several = plain or escape in ("%2F", "%5C", "%00") or escape != escape.upper()
            assert (odd(path) is not None) is several, path
            assert (len(readings(path)) > 1) is several, path
