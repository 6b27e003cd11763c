"""Who goes to a canary."""

import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from porch.balance.canary import Canary, CanaryRule
from porch.errors import NoEndpoint, PorchError
from porch.exchange import Exchange
from porch.http.message import Field, RequestHead
from porch.route.route import Destination, Place
from porch.route.when import parse_when
from tests.support.chance import is_fair


class Pool:
    """A destination whose endpoints are names."""

    def __init__(self, *names: str) -> None:
        self.name = "pool"
        self.manner = "first"
        self.names = names

    @property
    def endpoints(self) -> tuple[Any, ...]:
        return self.names

    def candidates(self, exchange: Exchange) -> Iterator[Place]:
        return cast("Iterator[Place]", iter(self.names))

    def nobody(self, error: PorchError | None) -> PorchError:
        return NoEndpoint("nobody")


def canary(rule: CanaryRule, seed: int = 3) -> Canary:
    stable, new = (cast("Destination", Pool(name)) for name in ("stable", "new"))
    return Canary("a.test", stable, new, rule, random.Random(seed).random)


def request(*fields: Field) -> RequestHead:
    return RequestHead(b"GET", b"/", b"a.test", b"http", [*fields])


def places(one: Canary, client: bytes = b"192.0.2.1", *fields: Field) -> list[Any]:
    exchange = SimpleNamespace(request=request(*fields), client_ip=client)
    return [*one.candidates(cast("Exchange", exchange))]


def client(number: int) -> bytes:
    return b"10.0.%d.%d" % divmod(number, 256)


def test_behind_the_canary_come_the_others_so_that_its_refusal_is_not_seen() -> None:
    assert places(canary(CanaryRule(share=1.0))) == ["new", "stable"]
    assert places(canary(CanaryRule(share=0.0))) == ["stable"]


def test_it_may_lead_to_the_endpoints_of_both() -> None:
    assert canary(CanaryRule(share=0.0)).endpoints == ("stable", "new")


@pytest.mark.parametrize("sticky", [True, False])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_as_many_go_there_as_the_share_says(share: float, *, sticky: bool) -> None:
    one = canary(CanaryRule(share=share, sticky=sticky))
    found = sum(one.takes(request(), client(number)) for number in range(4000))
    assert is_fair([found, 4000 - found], [share, 1 - share])


def test_a_client_stays_where_it_is_and_a_greater_share_takes_nobody_away() -> None:
    few, many = (canary(CanaryRule(share=share, salt=b"a.test")) for share in (0.1, 0.3))
    clients = [client(number) for number in range(2000)]
    at_first = {each for each in clients if few.takes(request(), each)}
    assert at_first == {each for each in clients if few.takes(request(), each)}
    assert at_first < {each for each in clients if many.takes(request(), each)}


def test_routes_of_a_host_send_a_client_alike_and_other_hosts_others() -> None:
    def chosen(salt: bytes) -> set[bytes]:
        one = canary(CanaryRule(share=0.5, salt=salt))
        return {client(n) for n in range(500) if one.takes(request(), client(n))}

    assert chosen(b"a.test") == chosen(b"a.test")
    assert chosen(b"a.test") != chosen(b"b.test")
    assert chosen(b"a" * 300), "a salt of any length"


def test_a_cookie_may_say_who_a_client_is() -> None:
    one = canary(CanaryRule(share=0.5, sticky_cookie=b"session"))
    cookies = [(b"cookie", b"a=b; session=%d" % number) for number in range(200)]
    by_cookie = [one.takes(request(each), b"192.0.2.1") for each in cookies]
    assert by_cookie == [one.takes(request(each), b"192.0.2.99") for each in cookies]
    assert {*by_cookie} == {True, False}
    by_address = {one.takes(request(), client(number)) for number in range(50)}
    assert by_address == {True, False}, "who has none is known by its address"


@pytest.mark.parametrize(
    ("fields", "goes"),
    [
        ([(b"x-canary", b"1")], True),
        ([(b"x-canary", b"2")], False),
        ([(b"cookie", b"canary=1")], True),
        ([(b"cookie", b"a=b; canary=always")], True),
        ([(b"cookie", b"canary=yes")], False),
        ([(b"cookie", b"xcanary=1")], False),
        ([], False),
    ],
)
def test_a_field_or_a_cookie_asks_for_it(fields: list[Field], *, goes: bool) -> None:
    rule = CanaryRule(headers=parse_when({"header": {"x-canary": "1"}}), cookie=b"canary")
    assert canary(rule).takes(request(*fields), b"192.0.2.1") is goes


def test_a_cookie_asks_for_the_others_too() -> None:
    one = canary(CanaryRule(share=1.0, cookie=b"canary"))
    for value in (b"0", b"never"):
        assert not one.takes(request((b"cookie", b"canary=" + value)), b"192.0.2.1")
    assert one.takes(request(), b"192.0.2.1")


def test_nobody_goes_to_one_that_was_taken_back_whatever_it_asks_for() -> None:
    one = canary(CanaryRule(share=1.0, headers=parse_when({"header": {"x-canary": True}})))
    one.is_back = True
    assert places(one, b"192.0.2.1", (b"x-canary", b"1")) == ["stable"]


def test_it_says_who_goes_there() -> None:
    rule = CanaryRule(share=0.05, headers=parse_when({"header": {"x-canary": "1"}}), cookie=b"beta")
    assert str(rule) == '5% of the clients; or header x-canary = "1"; or cookie beta = 1'
    assert str(CanaryRule(share=0.5, sticky=False)) == "50% of the requests"
    one = canary(rule)
    assert one.nobody(None).detail == "nobody"
    one.is_back = True
    assert repr(one).endswith("taken back>")
