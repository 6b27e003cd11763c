"""Fields that end here, fields that are ours to set, and all others, which pass."""

from collections.abc import Callable

import pytest

from porch import clock
from porch.forward.headers import CLAIMS, Forwarding
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


def asked(*fields: bytes) -> bytes:
    return b"GET /a HTTP/1.1\r\nhost: Example.com:81\r\n" + b"".join(
        field + b"\r\n" for field in (*fields, b"", b"")[:-1]
    )


HOP_BY_HOP = [
    b"connection: keep-alive",
    b"keep-alive: timeout=5",
    b"proxy-connection: keep-alive",
    b"proxy-authorization: me",
    b"proxy-authenticate: you",
    b"te: trailers",
    b"http2-settings: aa",
    b"upgrade: h2c",
]


@pytest.mark.parametrize("field", HOP_BY_HOP)
def test_hop_by_hop_fields_do_not_reach_the_origin(scenario: Make, field: bytes) -> None:
    name = field.partition(b":")[0]
    scenario().client(asked(field)).upstream_gets(b"GET /a", without=name)


@pytest.mark.parametrize("field", HOP_BY_HOP)
def test_hop_by_hop_fields_do_not_reach_the_client(scenario: Make, field: bytes) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\n" + field + b"\r\ncontent-length: 2\r\n\r\nhi")
        .client_gets(200, b"hi", without=field.partition(b":")[0])
    )


def test_what_connection_names_ends_here_in_both_directions(scenario: Make) -> None:
    (
        scenario()
        .client(asked(b"connection: x-mine, close", b"x-mine: 1", b"x-other: 2"))
        .upstream_gets(b"GET /a", without=b"x-mine", field=(b"x-other", b"2"))
        .upstream(b"HTTP/1.1 200 OK\r\nconnection: x-his\r\nx-his: 1\r\nx-other: 2\r\n")
        .upstream(b"content-length: 0\r\n\r\n")
        .client_gets(200, without=b"x-his", field=(b"x-other", b"2"))
        .client_sees("closed")
    )


@pytest.mark.parametrize("name", [b"x-forwarded-for", b"x-forwarded-proto"])
def test_connection_names_no_claim(scenario: Make, name: bytes) -> None:
    story = scenario(forwarding=Forwarding()).client(asked(b"connection: " + name))
    story.client_gets(400).client_sees("half-closed")


@pytest.mark.parametrize("name", [b"host", b"via", b"content-length"])
def test_connection_takes_away_nothing_of_ours(scenario: Make, name: bytes) -> None:
    story = scenario(forwarding=Forwarding()).client(
        b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\nconnection: " + name + b"\r\n\r\na"
    )
    story.upstream_gets(b"POST /a", b"a", end=None)
    assert story.upstreams[0].message is not None
    assert len(story.upstreams[0].message.values(name)) == 1


def test_the_origin_learns_of_the_client(scenario: Make) -> None:
    story = scenario().client(asked(b"accept: */*")).upstream_gets(b"GET /a")
    assert story.upstreams[0].message is not None
    assert story.upstreams[0].message.fields == [
        (b"host", b"Example.com:81"),
        (b"accept", b"*/*"),
        (b"x-forwarded-for", b"192.0.2.7"),
        (b"x-forwarded-proto", b"http"),
        (b"x-forwarded-host", b"Example.com:81"),
        (b"x-forwarded-port", b"80"),
        (b"x-real-ip", b"192.0.2.7"),
    ]


@pytest.mark.parametrize("name", sorted(CLAIMS))
def test_a_client_that_is_not_trusted_claims_nothing(scenario: Make, name: bytes) -> None:
    story = scenario().client(asked(name + b": 203.0.113.9", name.replace(b"-", b"_") + b": 1"))
    story.upstream_gets(b"GET /a")
    assert story.upstreams[0].message is not None
    values = [value for _, value in story.upstreams[0].message.fields]
    assert b"203.0.113.9" not in values
    assert b"1" not in values


def test_a_trusted_proxys_word_stands_and_our_link_is_added(scenario: Make) -> None:
    story = scenario(forwarding=Forwarding(trusts=lambda peer: peer == b"192.0.2.7", via=b""))
    story.client(
        asked(
            b"x-forwarded-for: 203.0.113.9",
            b"x-forwarded-proto: https",
            b"x-forwarded-host: shop.test",
            b"x-real-ip: 6.6.6.6",
        )
    ).upstream_gets(b"GET /a", field=(b"x-forwarded-for", b"203.0.113.9, 192.0.2.7"))
    assert story.upstreams[0].message is not None
    fields = story.upstreams[0].message.fields
    assert (b"x-forwarded-proto", b"https") in fields
    assert (b"x-forwarded-host", b"shop.test") in fields
    assert (b"x-forwarded-port", b"80") in fields
    assert [value for name, value in fields if name == b"x-real-ip"] == [b"192.0.2.7"]


def test_names_with_an_underscore_are_dropped_unless_the_setting_says_so(scenario: Make) -> None:
    scenario().client(asked(b"a_b: 1")).upstream_gets(b"GET /a", without=b"a_b")
    passing = scenario(forwarding=Forwarding(underscores=True, via=b""))
    passing.client(asked(b"a_b: 1", b"x_forwarded_for: 2"))
    passing.upstream_gets(b"GET /a", without=b"x_forwarded_for", field=(b"a_b", b"1"))


def test_via_goes_behind_those_that_came(scenario: Make) -> None:
    scenario(forwarding=Forwarding()).client(GET).upstream_gets(
        b"GET /a", field=(b"via", b"1.1 porch")
    )
    scenario(forwarding=Forwarding()).client(
        asked(b"via: 1.0 a", b"via: 1.1 b").replace(b"HTTP/1.1", b"HTTP/1.0")
    ).upstream_gets(b"GET /a", field=(b"via", b"1.0 a, 1.1 b, 1.0 porch"))


def test_the_answers_fields_pass_in_order_and_date_is_added(scenario: Make) -> None:
    story = (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 Fine\r\nserver: o\r\nset-cookie: a\r\nset-cookie: b\r\n")
        .upstream(b"content-length: 0\r\n\r\n")
        .client_gets(200)
    )
    message = story.clients[0].message
    assert message is not None
    assert message.line == b"HTTP/1.1 200 Fine"
    assert message.fields == [
        (b"server", b"o"),
        (b"set-cookie", b"a"),
        (b"set-cookie", b"b"),
        (b"date", clock.date),
        (b"content-length", b"0"),
    ]


def test_the_target_is_sent_as_it_came(scenario: Make) -> None:
    odd = b"/%7Ea/../b//c;d?e=%2f&f#"[:-1]
    scenario().client(GET.replace(b"/a", odd)).upstream_gets(b"GET " + odd)
    scenario().client(b"GET http://x/a?b HTTP/1.1\r\nhost: x\r\n\r\n").upstream_gets(b"GET /a?b")
