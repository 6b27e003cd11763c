"""An origin that closes a kept connection, or speaks on it, while a request waits to be written."""

from collections.abc import Callable

import pytest

from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
POST = b"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nab"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
UNASKED = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad"


def used(story: Scenario) -> Scenario:
    """One connection that has served before."""
    return story.client(GET).upstream_gets(b"GET /a").upstream(OK).client_gets(200)


def in_one_turn(story: Scenario, asked: bytes, says: bytes | None) -> Scenario:
    """The client asks, and the origin speaks, or ends, before the turn of the loop does."""
    client, origin = story.clients[-1].transport, story.upstreams[0].transport

    def both() -> None:
        client.feed(asked)
        origin.feed_eof() if says is None else origin.feed(says)

    return story._do(both)


@pytest.mark.parametrize("says", [None, UNASKED, OK, b"H"])
@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize(("asked", "body"), [(GET, b""), (POST, b"ab")])
def test_the_request_goes_on_a_new_connection_whatever_its_method(
    scenario: Make, asked: bytes, body: bytes, retries: int, says: bytes | None
) -> None:
    story = in_one_turn(used(scenario(retries=retries)), asked, says)
    story.upstream_gets_nothing(at=0).upstream_sees("closed", at=0).dialled(2)
    story.upstream_gets(asked.partition(b" HTTP")[0], body, at=1).upstream(OK, at=1)
    story.client_gets(200, b"hi").ended(2, "")
    assert [each.attempts for each in story.recorder.ended] == [1, 1]


def test_a_client_that_leaves_meanwhile_costs_the_origin_nothing(scenario: Make) -> None:
    story = used(scenario())
    client = story.clients[-1].transport

    def both() -> None:
        client.feed(POST)
        client.reset()

    story._do(both)
    story.upstream_gets_nothing(at=0).dialled(1).ended(2, "client_gone")
    assert story.endpoints[0].counts[0] == 0


def test_where_no_new_connection_is_to_be_had_it_is_an_error_as_any_other(scenario: Make) -> None:
    story = used(scenario(retries=0))
    story.dialers[0].set("refuses")
    in_one_turn(story, POST, None).client_gets(502, b"connection_refused").ended(2)


def test_a_body_that_is_still_to_come_goes_there_too(scenario: Make) -> None:
    story = used(scenario())
    client = story.clients[-1].transport
    near, far = story._sockets

    def turn() -> None:
        far.send(b"x")  # what the loop has not looked at yet
        client.feed(POST[:-1])
        near.recv(1)  # the next connection has nothing to read
        client.feed(POST[-1:])

    story._do(turn)
    story.upstream_gets_nothing(at=0).upstream_sees("closed", at=0).dialled(2)
    story.upstream_gets(b"POST /up", b"ab", at=1).upstream(OK, at=1).client_gets(200).ended(2, "")
