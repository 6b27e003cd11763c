"""Tunnels: an upgrade that the origin agreed to (RFC 9110 7.8, RFC 6455)."""

from collections.abc import Callable

import pytest

from porch.route.route import Timeouts
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"

ASK = b"GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
BRIEF = Timeouts(tunnel=10, idle=4)


def opened(story: Scenario) -> Scenario:
    return (
        story.client(ASK)
        .upstream_gets(b"GET /ws", field=(b"upgrade", b"websocket"))
        .upstream(SWITCH)
        .client_gets(101, field=(b"upgrade", b"websocket"))
    )


def test_bytes_go_both_ways(scenario: Make) -> None:
    (
        opened(scenario())
        .client(b"ping")
        .upstream_gets(raw=b"ping")
        .upstream(b"pong")
        .client_gets(raw=b"pong")
        .client(GET)
        .upstream_gets(raw=GET)
        .ended(0)
    )


def test_bytes_that_came_with_the_101_belong_to_the_tunnel(scenario: Make) -> None:
    (
        scenario()
        .client(ASK)
        .upstream_gets(b"GET /ws")
        .upstream(SWITCH + b"hello")
        .client_gets(101)
        .client_gets(raw=b"hello")
    )


def test_bytes_sent_before_the_101_reach_the_origin_in_order(scenario: Make) -> None:
    (
        scenario()
        .client(ASK + b"one")
        .upstream_gets(b"GET /ws")
        .client(b"two")
        .upstream_gets_nothing()
        .upstream(SWITCH)
        .client_gets(101)
        .client(b"three")
        .upstream_gets(raw=b"onetwothree")
    )


def test_more_early_bytes_than_are_held_only_wait(scenario: Make) -> None:
    (
        scenario()
        .client(ASK + b"x" * 70_000)
        .client(b"y")
        .client_is_read(False)
        .upstream_gets(b"GET /ws")
        .upstream(SWITCH)
        .client_gets(101)
        .upstream_gets(raw=b"x" * 70_000 + b"y")
        .client_is_read()
        .client(b"z")
        .upstream_gets(raw=b"z")
    )


def test_early_bytes_are_a_request_if_the_origin_does_not_switch(scenario: Make) -> None:
    (
        scenario()
        .client(ASK + GET)
        .upstream_gets(b"GET /ws")
        .upstream(OK)
        .client_gets(200, b"hi")
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi")
    )


def test_a_client_that_ends_its_side_still_reads(scenario: Make) -> None:
    (
        opened(scenario())
        .client_eof()
        .upstream_sees("half-closed")
        .upstream(b"last")
        .client_gets(raw=b"last")
        .client_sees("open")
        .upstream_eof()
        .client_sees("closed")
        .upstream_sees("closed")
        .ended(1, "")
    )


@pytest.mark.parametrize("early", [b"", b"early"])
def test_a_client_that_ended_its_side_before_the_switch_is_not_waited_for(
    scenario: Make, early: bytes
) -> None:
    """A client that left in the middle of its handshake, as far as TCP tells."""
    story = (
        scenario()
        .client(ASK + early)
        .upstream_gets(b"GET /ws")
        .client_eof()
        .upstream(SWITCH)
        .client_gets(101)
    )
    if early:
        story.upstream_gets(raw=early)
    (
        story.upstream_sees("half-closed")
        .upstream(b"last")
        .client_gets(raw=b"last")
        .upstream_eof()
        .client_sees("closed")
        .upstream_sees("closed")
        .ended(1, "")
    )


def test_an_origin_that_ends_its_side_still_reads(scenario: Make) -> None:
    (
        opened(scenario())
        .upstream_eof()
        .client_sees("half-closed")
        .client(b"last")
        .upstream_gets(raw=b"last")
        .upstream_sees("open")
        .client_eof()
        .upstream_sees("closed")
        .client_sees("closed")
        .ended(1, "")
    )


@pytest.mark.parametrize("side", ["tls", "upstream_tls"])
def test_tls_knows_no_half_close_so_one_end_ends_both(scenario: Make, side: str) -> None:
    (
        opened(scenario(**{side: True}))
        .upstream(b"bye")
        .client_gets(raw=b"bye")
        .upstream_eof()
        .client_sees("closed")
        .upstream_sees("closed")
        .ended(1, "")
    )


def test_a_client_over_tls_that_ends_has_left(scenario: Make) -> None:
    (opened(scenario(tls=True)).client_eof().client_sees("reset").upstream_sees("closed").ended(1))


def test_a_client_that_ends_also_ends_a_tunnel_to_a_tls_origin(scenario: Make) -> None:
    (
        opened(scenario(upstream_tls=True))
        .client_eof()
        .upstream_sees("closed")
        .client_sees("closed")
        .ended(1, "")
    )


def test_a_client_that_is_gone_ends_the_tunnel(scenario: Make) -> None:
    opened(scenario()).client_leaves().upstream_sees("closed").ended(1, "client_gone")


def test_an_origin_that_is_gone_resets_the_tunnel(scenario: Make) -> None:
    (opened(scenario()).upstream_resets().client_sees("reset").ended(1, "http_response_incomplete"))


def test_a_silent_tunnel_ends_after_its_own_timeout(scenario: Make) -> None:
    (
        opened(scenario(timeouts=BRIEF))
        .advance(seconds=9)
        .client(b"a")
        .upstream_gets(raw=b"a")
        .advance(seconds=9)
        .upstream(b"b")
        .client_gets(raw=b"b")
        .advance(seconds=9)
        .client_sees("open")
        .advance(seconds=2)
        .client_sees("reset")
        .upstream_sees("closed")
        .ended(1, "connection_read_timeout")
    )


def test_a_half_closed_tunnel_has_the_patience_of_a_body(scenario: Make) -> None:
    (
        opened(scenario(timeouts=BRIEF))
        .client_eof()
        .advance(seconds=3)
        .upstream(b"a")
        .client_gets(raw=b"a")
        .advance(seconds=3)
        .ended(0)
        .advance(seconds=2)
        .ended(1, "connection_read_timeout")
    )


@pytest.mark.parametrize("token", [b"h2c", b"tls/1.0", b"websocket, h2c"])
def test_other_tokens_are_dropped(scenario: Make, token: bytes) -> None:
    (
        scenario()
        .client(ASK.replace(b"websocket", token))
        .upstream_gets(b"GET /ws", without=b"upgrade")
        .upstream(OK)
        .client_gets(200, b"hi")
    )


def test_another_token_passes_by_the_routes_word(scenario: Make) -> None:
    (
        scenario(upgrades=[b"tea"])
        .client(ASK.replace(b"websocket", b"tea"))
        .upstream_gets(b"GET /ws", field=(b"upgrade", b"tea"))
        .upstream(SWITCH.replace(b"websocket", b"tea"))
        .client_gets(101, field=(b"upgrade", b"tea"))
    )


@pytest.mark.parametrize(
    "ask",
    [
        GET,
        ASK.replace(b"1.1", b"1.0", 1),
        ASK.replace(b"websocket", b"h2c"),
        ASK.replace(b"connection: upgrade\r\n", b""),
    ],
)
def test_a_switch_nobody_asked_for_is_502(scenario: Make, ask: bytes) -> None:
    (
        scenario()
        .client(ask)
        .upstream_gets(ask.partition(b" HTTP/")[0], without=b"upgrade")
        .upstream(SWITCH)
        .client_gets(502, b"http_upgrade_failed")
        .upstream_sees("closed")
    )


def test_a_switch_to_another_protocol_is_502(scenario: Make) -> None:
    (
        scenario()
        .client(ASK)
        .upstream_gets(b"GET /ws")
        .upstream(SWITCH.replace(b"websocket", b"h2c"))
        .client_gets(502, b"http_upgrade_failed")
        .upstream_sees("closed")
    )


def test_a_request_with_a_body_cannot_switch(scenario: Make) -> None:
    """Half a body and then a tunnel could be read in two ways."""
    (
        scenario()
        .client(ASK.replace(b"\r\n\r\n", b"\r\ncontent-length: 2\r\n\r\n"))
        .upstream_gets(b"GET /ws", end=False, without=b"upgrade")
        .upstream(SWITCH)
        .client_gets(502, b"http_upgrade_failed")
    )


def test_an_origin_that_refuses_answers_as_always(scenario: Make) -> None:
    (
        scenario()
        .client(ASK)
        .upstream_gets(b"GET /ws")
        .upstream(OK)
        .client_gets(200, b"hi")
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi")
        .dialled(1)
    )


def test_a_full_origin_pauses_the_client_of_a_tunnel(scenario: Make) -> None:
    (
        opened(scenario())
        .upstream_full()
        .client(b"x" * 70_000)
        .client_is_read(False)
        .upstream_drained()
        .client_is_read()
        .upstream_gets(raw=b"x" * 70_000)
    )


def test_a_full_client_pauses_the_origin_of_a_tunnel(scenario: Make) -> None:
    (
        opened(scenario())
        .client_full()
        .upstream(b"x" * 70_000)
        .upstream_is_read(False)
        .client_drained()
        .upstream_is_read()
        .client_gets(raw=b"x" * 70_000)
    )
