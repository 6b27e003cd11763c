"""A cookie or a parameter that some origin reads as one of that name counts as it."""

import pytest

from porch.cache.bypass import Spelled
from porch.http.message import RequestHead


def request(cookie: bytes = b"", target: bytes = b"/") -> RequestHead:
    return RequestHead(b"GET", target, b"a.test", b"https", [(b"cookie", cookie)])


@pytest.mark.parametrize(
    "cookie", [b"in_x=1", b"in.x=1", b"in[x=1", b"in%5Fx=1", b"IN_X=1", b"in_x"]
)
def test_a_name_is_read_as_origins_do(cookie: bytes) -> None:
    assert Spelled(source="cookie", name=b"in_", wanted=True, is_start=True).holds(request(cookie))
    assert Spelled(source="cookie", name=b"in_x", wanted=True).holds(request(cookie))


@pytest.mark.parametrize(
    "space",
    [b"\xa0", b"\x85", *(each.encode() for each in "\xa0\x85\u3000\u2003\u1680\ufeff"), b"\x1f"],
)
def test_white_space_around_a_name_is_no_part_of_it_be_it_ascii_or_not(space: bytes) -> None:
    for cookie in (space + b"in_x=1", b"in_x" + space + b"=1", b"a=b; " + space * 2 + b"in_x=1"):
        start = Spelled(source="cookie", name=b"in_", wanted=True, is_start=True)
        assert start.holds(request(cookie))
        assert Spelled(source="cookie", name=b"in_x", wanted=True).holds(request(cookie))


@pytest.mark.parametrize(
    "name", [b"+in_x", b"+%20in_x", b"%20+in_x", b"++in.x", b"%0ain_x", b"%C2%A0in_x", b"+%00in_x"]
)
def test_a_space_at_the_start_of_the_name_of_a_parameter_is_no_part_of_it(name: bytes) -> None:
    condition = Spelled(source="query", name=b"in_x", wanted=True)
    assert condition.holds(request(target=b"/?a&%b=1" % name))
    assert not condition.holds(request(target=b"/?x%b=1" % name))


@pytest.mark.parametrize("cookie", [b"\xc2in_x=1", b"\xe3\x80in_x=1", b"in_x\xc3=1", b"in\xa0x=1"])
def test_what_is_no_white_space_is_part_of_a_name(cookie: bytes) -> None:
    assert not Spelled(source="cookie", name=b"in_x", wanted=True).holds(request(cookie))


def test_a_start_is_no_whole_name() -> None:
    assert not Spelled(source="cookie", name=b"in_", wanted=True).holds(request(b"in_x=1"))
    assert not Spelled(source="cookie", name=b"in_x", wanted=True).holds(request(b"xin_x=1"))


def test_a_parameter_is_read_so_too() -> None:
    condition = Spelled(source="query", name=b"a_b", wanted=b"c d")
    assert condition.holds(request(target=b"/?x&a.b=c+d"))
    assert condition.holds(request(target=b"/?a+b=c%20d"))
    assert not condition.holds(request(target=b"/?a.b=c"))
    assert not condition.holds(request(b"a_b=c d"))


def test_it_says_what_it_asks() -> None:
    assert str(Spelled(source="cookie", name=b"sid", wanted=True)) == "cookie sid is present"
