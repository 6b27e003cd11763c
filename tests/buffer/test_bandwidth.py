"""Answers that leave at a rate."""

from collections.abc import Callable

import pytest

from porch.buffer.bandwidth import Bandwidth
from porch.filter import Filter, Response
from porch.route.route import Timeouts
from tests.support.paces import pace
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
HEAD = b"HEAD /a HTTP/1.1\r\nhost: x\r\n\r\n"


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def arrived(story: Scenario, at: int = -1) -> int:
    return len(story.clients[at].transport.arrived)


@pytest.fixture
def paced(scenario: Make) -> Make:
    def make(rate: float = 100_000, *more: Filter, **settings: object) -> Scenario:
        return scenario(filters=[Bandwidth(pace(rate)), *more], **settings)

    return make


def test_an_answer_leaves_at_the_rate_evenly(paced: Make) -> None:
    story = paced().client(GET).upstream_gets(b"GET /a").upstream(answer(b"x" * 500_000))
    for tenth in range(1, 50):
        story.advance(0.1, tick=0.01)
        assert abs(arrived(story) - tenth * 10_000) < 3_000, tenth
    story.advance(0.2, tick=0.01).client_gets(200, b"x" * 500_000).ended(1, "")


def test_the_origin_is_not_read_ahead_of_the_rate(paced: Make) -> None:
    story = paced().client(GET).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 450000\r\n\r\n" + b"x" * 100_000)
    story.upstream_is_read(False).advance(0.5, tick=0.01).upstream_is_read(False)
    story.advance(0.6, tick=0.01).upstream_is_read().upstream(b"x" * 300_000)
    story.upstream_is_read(False).advance(3.1, tick=0.01).upstream(b"x" * 50_000)
    story.advance(0.6, tick=0.01).client_gets(200, b"x" * 450_000)


def test_a_small_answer_leaves_at_once_and_whole(paced: Make) -> None:
    story = paced().client(GET).upstream_gets(b"GET /a").upstream(answer(b"hi"))
    story.client_gets(200, b"hi", field=(b"content-length", b"2")).ended(1, "")
    assert story.clients[0].transport.writes == 1


def test_two_clients_share_the_rate_of_a_route(paced: Make) -> None:
    story = paced()
    for _ in range(2):
        story.connects().client(GET).upstream_gets(b"GET /a").upstream(answer(b"x" * 100_000))
    story.advance(1.0, tick=0.01)
    for at in range(2):
        assert abs(arrived(story, at) - 50_000) < 6_000
    story.advance(1.2, tick=0.01)
    story.client_gets(200, b"x" * 100_000, at=0).client_gets(200, b"x" * 100_000, at=1)


def test_each_client_has_its_own_rate_where_it_is_per_client(scenario: Make) -> None:
    story = scenario(filters=[Bandwidth(pace(100_000, lambda ip: ip))])
    for peer in ("192.0.2.1", "192.0.2.2"):
        story.connects(peer).client(GET).upstream_gets(b"GET /a").upstream(answer(b"x" * 100_000))
    story.advance(1.1, tick=0.01)
    story.client_gets(200, b"x" * 100_000, at=0).client_gets(200, b"x" * 100_000, at=1)


def test_what_was_not_used_is_no_credit(paced: Make) -> None:
    story = paced().client(GET).upstream_gets(b"GET /a").upstream(answer(b"hi")).client_gets(200)
    story.advance(60.0)
    story.client(GET).upstream_gets(b"GET /a").upstream(answer(b"x" * 100_000))
    story.advance(0.5, tick=0.01)
    assert arrived(story) < 57_000
    story.advance(0.6, tick=0.01).client_gets(200, b"x" * 100_000)


def test_a_head_leaves_before_its_body_may(paced: Make) -> None:
    story = paced()
    story.client(GET).upstream_gets(b"GET /a").upstream(answer(b"x" * 50_000))
    story.connects().client(GET).upstream_gets(b"GET /a").upstream(answer(b"y" * 5000))
    story.client_gets(200, b"", end=False).advance(1.0, tick=0.01)
    story.client_gets(body=b"y" * 5000).client_gets(200, b"x" * 50_000, at=0)


def test_head_and_trailers_pass(paced: Make) -> None:
    story = paced().client(HEAD).upstream_gets(b"HEAD /a")
    story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n")
    story.client_gets(200, b"", field=(b"content-length", b"999999"), bodiless=True)
    story.client(GET).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    story.upstream(b"9c40\r\n" + b"x" * 40_000 + b"\r\n0\r\na: b\r\n\r\n").ended(2)
    story.advance(0.6, tick=0.01).client_gets(200, b"x" * 40_000)


def test_trailers_leave_to_a_client_that_is_full_with_the_last_piece(paced: Make) -> None:
    story = paced(1_000_000).client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    story.upstream(b"101d0\r\n" + b"x" * 66_000 + b"\r\n0\r\na: b\r\n\r\n").ended(1)
    story.advance(0.2, tick=0.01).client_drained()
    story.client_gets(200, b"x" * 66_000, trailers=[(b"a", b"b")])


def test_the_next_request_waits_for_the_end_of_the_answer(paced: Make) -> None:
    story = paced().client(GET).upstream_gets(b"GET /a").upstream(answer(b"x" * 50_000))
    story.client(GET).upstream_gets_nothing().advance(0.6, tick=0.01)
    story.client_gets(200, b"x" * 50_000).upstream_gets(b"GET /a").upstream(answer(b"hi"))
    story.advance(0.1, tick=0.01).client_gets(200, b"hi").ended(2)


def test_a_client_that_leaves_is_forgotten(paced: Make) -> None:
    story = paced().client(GET).upstream_gets(b"GET /a").upstream(answer(b"x" * 200_000))
    story.client_gets(200, end=False).client_leaves()
    story = paced().client(GET).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 900000\r\n\r\n" + b"x" * 100_000)
    story.client_gets(200, end=False).client_leaves()
    story.ended(1, "client_gone").upstream_sees("closed")


def test_a_client_that_takes_nothing_is_given_up(paced: Make) -> None:
    story = paced(timeouts=Timeouts(idle=5.0)).client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(answer(b"x" * 250_000)).ended(1).advance(16.0).client_sees("reset")


def test_a_client_that_is_slower_than_the_rate_is_waited_for(paced: Make) -> None:
    story = paced().client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(answer(b"x" * 250_000)).advance(2.0, tick=0.01)
    for _ in range(30):
        story.client_drained(10_000).advance(0.2, tick=0.01)
    story.client_drained().advance(3.0, tick=0.01).client_gets(200, b"x" * 250_000)


def test_a_client_is_not_blamed_for_the_turn_of_the_others(paced: Make) -> None:
    story = paced(1024, timeouts=Timeouts(idle=2.0))
    for _ in range(6):  # a kilobyte a second, for all six
        story.connects().client(GET).upstream_gets(b"GET /a")
        story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n" + b"x" * 3000)
    story.advance(8.0, tick=0.05).ended(0)
    for at in range(6):
        story.upstream(b"x" * 1000, at=at)
    story.advance(20.0, tick=0.05).ended(6)
    for at in range(6):
        story.client_gets(200, b"x" * 4000, at=at)


def test_nothing_looks_after_a_connection_that_serves_others(paced: Make) -> None:
    story = paced(timeouts=Timeouts(idle=5.0)).client(GET).upstream_gets(b"GET /a")
    story.upstream(answer(b"x" * 20_000)).ended(1).advance(0.3, tick=0.01)
    story.client_gets(200, b"x" * 20_000).client(GET).upstream_gets(b"GET /a")
    assert all(each.cancelled() for each in story._loop._scheduled)  # type: ignore[attr-defined]
    story.upstream(answer(b"hi")).advance(6.0).client_gets(200, b"hi").ended(2, "")


def test_an_answer_of_the_door_is_paced_too(scenario: Make) -> None:
    class Large(Filter):
        def on_request(self, exchange: object) -> Response:
            return Response(200, (), b"x" * 50_000)

    story = (
        scenario(filters=[Bandwidth(pace(100_000)), Large()]).client(GET).advance(0.2, tick=0.01)
    )
    assert 15_000 < arrived(story) < 26_000
    story.advance(0.4, tick=0.01).client_gets(200, b"x" * 50_000)


def test_the_grace_period_ends_it(paced: Make) -> None:
    story = paced().client(GET).upstream_gets(b"GET /a").upstream(answer(b"x" * 50_000)).ended(1)
    story.closes_now().client_sees("closed").client_gets(200, end=False)
