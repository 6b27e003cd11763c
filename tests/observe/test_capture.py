"""What one client's heads are, as they came and as they went: whole exchanges in memory."""

from collections.abc import Iterator
from typing import Any

import pytest

from porch import clock
from porch.errors import BadRequest
from porch.http.message import RequestHead
from porch.observe.capture import MOST_BYTES, MOST_HEADS, Capture, Capturing
from porch.route.plan import Plan
from porch.route.route import Route
from tests.budget.test_multiplexed_exchange import Multiplexed
from tests.budget.test_plain_exchange import Plain, calls_of
from tests.support.ended import ended
from tests.support.network import FakeClock, FakeLoop

CLIENT = b"192.0.2.7"
SECRETS = (
    b"GET /api/users?token=swordfish HTTP/1.1\r\nHost: example.com\r\nUser-Agent: curl/8.5.0\r\n"
    b"Authorization: Bearer swordfish\r\nCookie: sid=swordfish\r\nX-Api-Key: swordfish\r\n"
    b"X-Anything: swordfish\r\nReferer: http://a.test/?code=swordfish\r\n\r\n"
)
ANSWER = (
    b"HTTP/1.1 302 Found\r\nLocation: /in?session=swordfish\r\nSet-Cookie: sid=swordfish\r\n"
    b"Server: uvicorn\r\nContent-Length: 0\r\n\r\n"
)


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLoop]:
    made = FakeLoop(FakeClock(monkeypatch))
    yield made
    made.close()


@pytest.fixture
def plain(loop: FakeLoop) -> Iterator[Plain]:
    made = Plain(loop, {"example.com": "127.0.0.1:9"})
    yield made
    made.log.close()


def begin(door: Any, client: bytes = CLIENT, route: str = "", seconds: float = 60.0) -> Capture:
    capture = Capture(client, route, clock.monotonic() + seconds)
    door.settings.router = Capturing(door.settings.router, capture, door.settings.malformed)
    door.settings.malformed = capture.refused_of(door.settings.malformed)
    return capture


def end(door: Any) -> None:
    router = door.settings.router
    door.settings.router, door.settings.malformed = router.router, router.malformed


def what(capture: Capture) -> list[str]:
    return [each["what"] for each in capture.take()]


WHOLE = ["asked", "sent", "got", "answered", "ended"]


def test_each_head_of_an_exchange_is_there_as_it_came_and_as_it_went(plain: Plain) -> None:
    capture = begin(plain.door)
    plain.exchange()
    asked, sent, got, answered, over = capture.take()
    assert [each["what"] for each in (asked, sent, got, answered, over)] == WHOLE
    assert asked["line"] == sent["line"] == "GET /api/users?page=2"
    assert (asked["route"], asked["client"]) == ("example.com", "192.0.2.7")
    assert (asked["endpoint"], sent["endpoint"]) == (None, "127.0.0.1:9")
    assert ("host", "example.com") in asked["fields"]
    assert "x-forwarded-for" not in dict(asked["fields"])
    assert dict(sent["fields"])["x-forwarded-for"] == "192.0.2.7"
    assert dict(sent["fields"])["x-request-id"] == asked["id"] == over["id"]
    assert (got["line"], answered["line"], over["status"]) == ("200", "200", 200)
    assert dict(got["fields"])["server"] == "uvicorn"
    assert "x-request-id" not in dict(got["fields"])
    assert dict(answered["fields"])["x-request-id"] == asked["id"]
    assert capture.take() == []
    assert repr(capture) == "<Capture of 192.0.2.7, 4 heads>"


def test_nothing_that_may_be_a_secret_is_in_it(plain: Plain) -> None:
    capture = begin(plain.door)
    plain.loop.run(lambda: plain.client.feed(SECRETS))
    plain.loop.run(lambda: plain.origins[-1].feed(ANSWER))
    heads = capture.take()
    assert len(heads) == len(WHOLE)
    assert "swordfish" not in str(heads)
    fields = dict(heads[0]["fields"])
    assert (fields["authorization"], fields["cookie"]) == ("(16 bytes)", "(13 bytes)")
    assert heads[0]["line"] == "GET /api/users?token=***"
    assert dict(heads[2]["fields"])["location"] == "/in?session=***"
    plain.taken()


def test_clients_of_http_2_are_captured_alike(loop: FakeLoop) -> None:
    several = Multiplexed(loop)
    capture = begin(several.door)
    several.exchanges(2)
    heads = capture.take()
    assert sorted(each["what"] for each in heads) == sorted(WHOLE * 2)
    assert len({each["id"] for each in heads}) == 2
    several.log.close()


@pytest.mark.parametrize(
    ("client", "route"), [(b"192.0.2.8", ""), (CLIENT, "other.test"), (b"192.0.2.8", "example.com")]
)
def test_other_clients_and_routes_are_not(plain: Plain, client: bytes, route: str) -> None:
    capture = begin(plain.door, client, route)
    plain.exchange()
    assert capture.take() == []


def test_the_one_route_is(plain: Plain) -> None:
    capture = begin(plain.door, route="example.com")
    plain.exchange()
    assert what(capture) == WHOLE


def test_what_is_refused_before_it_has_a_route_is_there_too(plain: Plain) -> None:
    capture = begin(plain.door)
    plain.loop.run(
        lambda: plain.client.feed(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n")
    )
    answered, over = capture.take()
    assert answered["id"]
    assert (answered["what"], answered["line"], over["reason"]) == (
        "answered",
        "400",
        BadRequest.word,
    )


def test_while_nothing_is_captured_and_behind_it_an_exchange_costs_the_same(plain: Plain) -> None:
    before = calls_of(plain.exchange)
    capture = begin(plain.door)
    plain.exchange()
    end(plain.door)
    assert calls_of(plain.exchange) == before
    assert what(capture) == WHOLE


def test_while_another_client_is_captured_an_exchange_has_two_calls_more(plain: Plain) -> None:
    before = calls_of(plain.exchange)
    begin(plain.door, b"192.0.2.8")
    more = calls_of(plain.exchange)
    assert len(more) == len(before) + 2
    assert {*more} - {*before} == {"Capturing.find", "Capture.route_of"}


def test_it_ends_by_its_time_and_when_it_is_full(plain: Plain) -> None:
    capture = begin(plain.door, seconds=0.0)
    assert capture.is_over
    plain.exchange()
    assert capture.take() == []
    end(plain.door)
    capture = begin(plain.door)
    for _ in range(MOST_HEADS // 4 + 5):
        plain.exchange()
    heads = [each for each in capture.take() if each["what"] != "ended"]
    assert (len(heads), capture.is_over) == (MOST_HEADS, True)


def test_it_ends_when_its_bytes_are_too_many() -> None:
    capture = Capture(CLIENT, "", clock.monotonic() + 60)
    many = [(b"x-%d" % number, b"v") for number in range(200)]
    exchange = ended(client=CLIENT, fields=many)
    for _ in range(MOST_HEADS):
        capture.on_request(exchange)
    assert capture.is_over
    assert MOST_BYTES * 0.9 < sum(_size(each) for each in capture.take()) < MOST_BYTES * 1.1


def _size(head: dict[str, Any]) -> int:
    return sum(len(name) + len(value) + 16 for name, value in head["fields"])


def test_a_long_head_is_cut() -> None:
    capture = Capture(CLIENT, "", clock.monotonic() + 60)
    exchange = ended(b"/" + b"a" * 9000, client=CLIENT, fields=[(b"accept", b"b" * 9000)])
    capture.on_request(exchange)
    (head,) = capture.take()
    assert (len(head["line"]), len(dict(head["fields"])["accept"])) == (2000, 1000)


def test_a_route_whose_plan_an_order_changes_is_looked_at_anew() -> None:
    capture = Capture(CLIENT, "", clock.monotonic() + 60)
    route = Route(key="a.test")
    first = capture.route_of(route, CLIENT)
    assert capture.route_of(route, CLIENT) is first
    assert first is not route
    assert route.plan.on_request == ()
    route.plan = Plan()
    second = capture.route_of(route, CLIENT)
    assert second is not first
    capture.forget_routes()
    assert capture.route_of(route, CLIENT) is not second


def test_a_router_is_asked_as_before() -> None:
    class FakeRouter:
        def find(self, request: Any, client_ip: bytes, security: Any) -> Route:
            assert (client_ip, security) == (b"x", None)
            return route

    route = Route(key="a.test")
    capture = Capture(CLIENT, "", clock.monotonic() + 60)
    request = RequestHead(b"GET", b"/", b"a.test", b"http", [])
    assert Capturing(FakeRouter(), capture, route).find(request, b"x", None) is route
