"""The door closes: idle connections at once, the others behind their answer.

Or it finishes: each connection lives until its next answer. What a WebSocket is told stands in
test_websocket.py.
"""

from collections.abc import Callable

from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


def test_an_idle_connection_closes_at_once(scenario: Make) -> None:
    scenario().connects().drains().client_sees("closed").client_gets_nothing()


def test_a_running_exchange_is_finished_and_its_connection_closed(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .drains()
        .client_sees("open")
        .upstream(OK)
        .client_gets(200, b"hi", field=(b"connection", b"close"))
        .client_sees("closed")
        .ended(1, "")
    )


def test_a_head_that_has_begun_is_waited_for(scenario: Make) -> None:
    (
        scenario()
        .client(GET[:9])
        .drains()
        .client(GET[9:])
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, field=(b"connection", b"close"))
        .client_sees("closed")
    )


def test_an_answer_that_has_begun_ends_and_then_the_connection(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab")
        .drains()
        .upstream(b"cd")
        .client_gets(200, b"abcd", without=b"connection")
        .client_sees("half-closed")
        .client_eof()
        .client_sees("closed")
    )


def test_a_connection_that_throws_a_body_away_ends_so_that_its_answer_arrives(
    scenario: Make,
) -> None:
    (
        scenario()
        .client(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n")
        .upstream_gets(b"POST /", end=False)
        .upstream(OK)
        .client_gets(200)
        .drains()
        .client_sees("half-closed")
        .client(b"abc")
        .advance(seconds=3)
        .client_sees("closed")
    )


def test_what_still_runs_at_the_end_is_503(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .drains()
        .closes_now()
        .client_gets(503, b"proxy_shutdown", field=(b"connection", b"close"))
        .client_sees("closed")
        .upstream_sees("closed")
        .ended(1, "proxy_shutdown")
    )


def test_an_answer_that_has_begun_is_visibly_cut_at_the_end(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab")
        .drains()
        .closes_now()
        .client_gets(200, b"ab", end=False)
        .client_sees("closed")
        .ended(1, "proxy_shutdown")
    )


def test_a_refused_upload_still_gets_its_answer_at_the_end(scenario: Make) -> None:
    """A close with bytes still to come would be a reset, and could destroy the answer."""
    (
        scenario()
        .client(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc")
        .upstream_gets(b"POST /", end=False)
        .drains()
        .closes_now()
        .client_gets(503, b"proxy_shutdown")
        .client_sees("half-closed")
        .closes_now()
        .client(b"def")
        .client_sees("half-closed")
        .advance(seconds=3)
        .client_sees("closed")
        .ended(1, "proxy_shutdown")
    )


def test_a_tunnel_of_another_protocol_is_reset_at_the_end(scenario: Make) -> None:
    (
        scenario(upgrades=[b"tea"])
        .client(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: tea\r\n\r\n")
        .upstream_gets(b"GET /")
        .upstream(b"HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: tea\r\n\r\n")
        .client_gets(101)
        .drains()
        .client(b"a")
        .upstream_gets(raw=b"a")
        .closes_now()
        .client_sees("reset")
        .upstream_sees("closed")
    )


def test_a_door_that_finishes_keeps_an_idle_connection_for_its_next_request(
    scenario: Make,
) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi", without=b"connection")
        .finishes()
        .advance(seconds=60)
        .client_sees("open")
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi", field=(b"connection", b"close"))
        .client_sees("closed")
        .ended(2, "")
    )


def test_a_connection_that_was_promised_more_before_is_kept_for_it(scenario: Make) -> None:
    """Its client may be sending the next request just when it gets the end of this answer."""
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab")
        .finishes()
        .upstream(b"cd")
        .client_gets(200, b"abcd", without=b"connection")
        .client_sees("open")
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, field=(b"connection", b"close"))
        .client_sees("closed")
    )


def test_who_connects_to_a_door_that_finishes_is_served_once(scenario: Make) -> None:
    (
        scenario()
        .finishes()
        .connects()
        .advance(seconds=60)
        .client_sees("open")
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi", field=(b"connection", b"close"))
        .client_sees("closed")
    )


def test_an_idle_connection_of_a_door_that_finishes_ends_with_its_keep_alive(
    scenario: Make,
) -> None:
    scenario().connects().finishes().advance(seconds=74).client_sees("open").advance(
        seconds=2
    ).client_sees("closed")


def test_a_door_that_finishes_can_still_drain(scenario: Make) -> None:
    scenario().connects().finishes().drains().client_sees("closed")


def test_a_connection_that_comes_while_the_door_drains_is_not_waited_for_long(
    scenario: Make,
) -> None:
    (
        scenario()
        .drains()
        .connects()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, field=(b"connection", b"close"))
        .client_sees("closed")
        .connects()
        .advance(seconds=3)
        .client_sees("closed")
    )
