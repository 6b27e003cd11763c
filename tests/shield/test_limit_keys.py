"""What limits tell requests apart by."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from porch.exchange import Exchange
from porch.http.message import Field
from porch.identity import Identity
from porch.shield.limit_keys import (
    by_all,
    by_claim,
    by_client,
    by_code,
    by_country,
    by_host,
    by_identity,
    by_name,
    by_value,
    network,
    together,
)
from porch.shield.limit_table import LONGEST


def exchange_of(
    client: bytes = b"192.0.2.1",
    fields: list[Field] | None = None,
    target: bytes = b"/",
    authority: bytes = b"a.test",
    identity: Identity | None = None,
) -> Exchange:
    request = SimpleNamespace(fields=fields or [], target=target, authority=authority, upgrade=None)
    found: Any = SimpleNamespace(client_ip=client, request=request, identity=identity)
    return cast("Exchange", found)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b"192.0.2.1", b"192.0.2.1", True),
        (b"192.0.2.1", b"192.0.2.2", False),
        (b"2001:db8::1", b"2001:db8::2:3", True),
        (b"2001:db8::1", b"2001:db8:0:1::1", False),
        (b"192.0.2.1", b"::ffff:192.0.2.1", True),
        (b"::ffff:192.0.2.1", b"::ffff:192.0.2.2", False),
        (b"unix", b"unix", True),
        (b"no:address", b"no:address", True),
    ],
)
def test_a_client_of_ipv6_is_its_network(one: bytes, other: bytes, same: bool) -> None:
    assert (network(one) == network(other)) is same
    assert (by_client(exchange_of(one)) == by_client(exchange_of(other))) is same


def test_networks_are_remembered_within_bounds() -> None:
    for each in range(10_000):
        network(b"2001:db8:%x::1" % each)
    assert network(b"2001:db8:1::2") == network(b"2001:db8:1::3")


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        (b"A.test:8080", b"a.test"),
        (b"a.test", b"a.test"),
        (b"A.test.", b"a.test"),
        (b"a.test.:80", b"a.test"),
        (b"[::1]:80", b"[::1]"),
        (b"[0:0::1]", b"[::1]"),
        (b"[::1]", b"[::1]"),
    ],
)
def test_a_host_is_without_its_port_and_in_one_form(authority: bytes, host: bytes) -> None:
    assert by_host(exchange_of(authority=authority)) == host


def test_values_are_read_where_they_stand() -> None:
    fields = [(b"x-api-key", b"k1"), (b"cookie", b"a=1; sid=s1")]
    exchange = exchange_of(fields=fields, target=b"/?user=u%201")
    assert by_value("header", b"x-api-key")(exchange) == b"=k1"
    assert by_value("cookie", b"sid")(exchange) == b"=s1"
    assert by_value("query", b"user")(exchange) == b"=u 1"


def test_who_sends_a_value_twice_is_counted_by_address() -> None:
    """Else one value that an origin takes would have as many counts as there are others."""
    cookies = [(b"cookie", b"sid=s1; a=1"), (b"cookie", b"sid=s2")]
    assert by_value("cookie", b"sid")(exchange_of(fields=cookies)) == b"192.0.2.1"
    for target in (b"/?key=1&key=2", b"/?key=1&k%65y=2", b"/?key=1&a=2&key="):
        assert by_value("query", b"key")(exchange_of(target=target)) == b"192.0.2.1"
    assert by_value("query", b"key")(exchange_of(target=b"/?key=1&a=2")) == b"=1"
    fields = [(b"x-api-key", b"k1"), (b"accept", b"*/*"), (b"x-api-key", b"k2")]
    assert by_value("header", b"x-api-key")(exchange_of(fields=fields)) == b"192.0.2.1"
    alike = [(b"cookie", b"sid=s1; connect.sid=1; sid2=3")]
    assert by_value("cookie", b"sid")(exchange_of(fields=alike)) == b"=s1"


@pytest.mark.parametrize(
    "query",
    [
        *(b"key=1;key=2", b"key=1&KEY=2", b"key=1&%20key=2", b"key=1&+key=2", b"key=1&key[]=2"),
        *(b"key=1&k%2565y=2", b"key=1&key%00=2", b"a=1;key=2&key=1", b"%6b%65y=2&key=1"),
    ],
)
def test_another_spelling_of_a_parameter_is_one_more_of_it(query: bytes) -> None:
    """PHP strips blanks and takes the last, ASP.NET has no case, others part at a `;`."""
    assert by_value("query", b"key")(exchange_of(target=b"/?" + query)) == b"192.0.2.1"


@pytest.mark.parametrize(
    "cookie", [b"sid=1; SID=2", b"sid=1; s%69d=2", b'sid=1; "sid"=2', b"sid=1, sid=2"]
)
def test_another_spelling_of_a_cookie_is_one_more_of_it(cookie: bytes) -> None:
    exchange = exchange_of(fields=[(b"cookie", cookie)])
    assert by_value("cookie", b"sid")(exchange) == b"192.0.2.1"


def test_another_spelling_of_a_field_is_one_more_of_it() -> None:
    """As a CGI reads it, where such names are let through."""
    fields = [(b"x-api-key", b"k1"), (b"x_api_key", b"k2")]
    assert by_value("header", b"x-api-key")(exchange_of(fields=fields)) == b"192.0.2.1"


def test_who_leaves_a_value_out_is_counted_by_address() -> None:
    """And nobody is counted as another by sending its address as a value."""
    key = by_value("header", b"x-api-key")
    assert key(exchange_of(b"192.0.2.9")) == b"192.0.2.9"
    assert key(exchange_of(b"192.0.2.1", [(b"x-api-key", b"192.0.2.9")])) != b"192.0.2.9"
    assert by_identity(exchange_of(b"192.0.2.9")) == b"192.0.2.9"
    assert by_claim("sub")(exchange_of(b"192.0.2.9")) == b"192.0.2.9"


def test_identities_are_told_apart_by_kind_and_name() -> None:
    jwt, basic, other = (
        by_identity(exchange_of(identity=Identity(name, kind)))
        for name, kind in (("ann", "jwt"), ("ann", "basic"), ("bob", "jwt"))
    )
    assert len({jwt, basic, other}) == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sub", b"=ann"),
        ("plan.name", b"=gold"),
        ("https://a.test/tenant", b"=t1"),
        ("number", b"=7"),
        ("nothing", b"192.0.2.1"),
        ("sub.deeper", b"192.0.2.1"),
    ],
)
def test_claims_are_found_by_their_names(name: str, value: bytes) -> None:
    claims = {"sub": "ann", "plan": {"name": "gold"}, "https://a.test/tenant": "t1", "number": 7}
    assert by_claim(name)(exchange_of(identity=Identity("ann", "jwt", claims))) == value


def test_countries_are_asked_for_by_address() -> None:
    key = by_country({b"192.0.2.1": b"CH"}.get)
    assert key(exchange_of(b"192.0.2.1")) == b"CH"
    assert key(exchange_of(b"192.0.2.2")) == b"??"


def test_a_key_is_never_longer_than_a_table_takes_and_stays_its_own() -> None:
    long, other = b"a" * 500, b"b" + b"a" * 499
    fields = [[(b"x-api-key", value)] for value in (long, other)]
    made = [by_value("header", b"x-api-key")(exchange_of(fields=each)) for each in fields]
    made += [by_host(exchange_of(authority=each)) for each in (long, other)]
    made += [by_name(each)(exchange_of()) for each in (long, other)]
    made += [by_code(lambda exchange, each=each: each)(exchange_of()) for each in (long, other)]
    made += [by_identity(exchange_of(identity=Identity("a" * 99, "jwt")))]
    made += [together([by_name(b"r" * 20), by_client])(exchange_of(each)) for each in (b"1", b"2")]
    made += [network(b"no:address" * 9)]
    assert all(len(each or b"") <= LONGEST for each in made)
    assert made[0] != made[1]
    assert made[2] != made[3] == made[5] == made[7]
    assert len(set(made)) == 8
    assert by_code(lambda exchange: None)(exchange_of()) is None


def test_several_keys_are_one_that_cannot_be_another() -> None:
    key = together([by_value("query", b"a"), by_value("query", b"b")])
    assert key(exchange_of(target=b"/?a=1&b=23")) != key(exchange_of(target=b"/?a=12&b=3"))
    assert together([by_all])(exchange_of()) == b"*"
    assert together([by_name(b"r"), lambda exchange: None])(exchange_of()) is None
    assert together([by_name(b"r"), by_client])(exchange_of()) == b"1:r9:192.0.2.1"
