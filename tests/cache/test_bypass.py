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
