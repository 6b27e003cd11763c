"""What comes before the answer itself."""

from typing import Any

import pytest

from porch import clock
from porch.errors import UpgradeFailed
from porch.http.message import RequestHead, ResponseHead
from porch.interim import on_interim, say_continue
from porch.route.plan import Plan
from porch.route.route import Route


class Client:
    interim = trailers = True

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.told: list[str] = []
        self.refuses: Exception | None = None

    def send(self, head: ResponseHead | None, data: bytes, end: bool) -> None:
        self.sent.append(head.status if head is not None else len(data))

    def accept(self, head: ResponseHead) -> None:
        if self.refuses is not None:
            raise self.refuses

    def resume_reading(self) -> None:
        self.told.append("resume")


class Exchange:
    """As little of one as an interim answer touches."""

    def __init__(self, *, expect: bool = False, hooks: Any = ()) -> None:
        self.client = Client()
        self.route = Route(key="r", plan=Plan())
        self.route.plan.on_response = hooks
        self.timeouts = self.route.timeouts
        self.outgoing = RequestHead(b"POST", b"/", b"a", b"http", [], 3, None, expect)
        self.bytes_in = self.status = self.bytes_out = 0
        self.request_done = self.upgraded = self.half_closed = self.answer_done = False
        self.client_full = False
        self.endpoint = self.response = None
        self.deadline = 0.0
        self.held: bytes | None = b""
        self.raised: Exception | None = None

    def on_raised(self, error: Exception) -> None:
        self.raised = error


def interim(exchange: Any, status: int, data: bytes = b"") -> None:
    on_interim(exchange, ResponseHead(status, []), data)


@pytest.mark.parametrize("status", [102, 103, 199])
def test_what_is_known_to_the_client_is_passed_on_and_counts_as_life(status: int) -> None:
    exchange = Exchange()
    interim(exchange, status)
    assert exchange.client.sent == [status]
    assert exchange.held is None, "the client has heard of this answer"
    assert exchange.deadline == clock.now + exchange.route.timeouts.idle


def test_an_old_client_gets_none() -> None:
    exchange = Exchange()
    exchange.client.interim = False
    interim(exchange, 103)
    assert exchange.client.sent == []
    assert exchange.held == b""


def test_100_is_for_who_waits_for_it_and_once() -> None:
    exchange = Exchange(expect=True)
    interim(exchange, 100)
    interim(exchange, 100)
    assert exchange.client.sent == [100]
    unasked = Exchange()
    interim(unasked, 100)
    assert unasked.client.sent == []


@pytest.mark.parametrize("word", ["bytes_in", "status", "request_done"])
def test_who_has_gone_on_is_not_told_to(word: str) -> None:
    exchange: Any = Exchange(expect=True)
    setattr(exchange, word, 1)
    say_continue(exchange)
    assert exchange.client.sent == []


def test_101_opens_a_tunnel_with_what_came_behind_it() -> None:
    seen: list[object] = []
    exchange = Exchange(hooks=(seen.append,))
    interim(exchange, 101, b"frame")
    assert seen == [exchange]
    assert exchange.client.sent == [101, 5]
    assert exchange.client.told == ["resume"]
    assert (exchange.upgraded, exchange.held, exchange.bytes_out) == (True, None, 5)
    assert exchange.deadline == clock.now + exchange.route.timeouts.tunnel


def test_a_hook_that_raises_opens_none() -> None:
    def fail(_: object) -> None:
        raise KeyError("x")

    exchange = Exchange(hooks=(fail,))
    interim(exchange, 101)
    assert type(exchange.raised) is KeyError
    assert exchange.client.sent == []
    assert exchange.status == 0


def test_what_the_client_can_not_take_for_the_switch_opens_none() -> None:
    exchange = Exchange()
    exchange.client.refuses = UpgradeFailed("not that")
    interim(exchange, 101)
    assert exchange.raised is exchange.client.refuses
    assert (exchange.client.sent, exchange.status, exchange.upgraded) == ([], 0, False)
