"""Orders in one worker: what runs is changed in place, and what comes into force has them."""

from typing import Any

import pytest

from porch import clock, errors
from porch.balance.canary import Canary
from porch.balance.endpoint import Endpoint
from porch.config.build import Built, build
from porch.config.load import load_mapping
from porch.config.orders import Back, Closed, Order, Orders
from porch.config.rehearse import Rehearsal, rehearse, request_of
from porch.config.state import State
from porch.manage.orders.obeying import Obeying
from porch.serve.maintenance import Maintenance

WORDS: dict[str, Any] = {
    "listen": ":80",
    "log": False,
    "routes": {
        "a.test": {"to": ["a:1", "a:2"], "canary": {"to": "c:1", "share": "5%"}},
        "b.test": ":9",
    },
}
NAME = ("a.test", "a:1")


class Worker:
    """State, what is built, and who obeys."""

    def __init__(self, orders: Orders | None = None) -> None:
        self.state = State()
        self.state.orders = orders or Orders.none()
        self.obeying = Obeying(self.state)
        self.load(WORDS)

    def load(self, words: dict[str, Any]) -> None:
        self.state.begin()
        loaded = load_mapping(words, "porch.toml")
        made = build(loaded, self.state)
        assert made is not None, loaded.report()
        self.built: Built = made
        self.obeying.take(made)
        self.state.commit()

    @property
    def canary(self) -> Canary:
        found = self.built.entries[0].route.destination
        assert isinstance(found, Canary)
        return found

    def endpoint(self, number: int = 0) -> Endpoint:
        return self.canary.stable.endpoints[number]  # type: ignore[attr-defined, no-any-return]

    def asks(self, url: str = "http://b.test/", client: bytes = b"192.0.2.1") -> Rehearsal:
        return rehearse(self.built, request_of("GET", url, []), client)

    def obey(self, kind: Any, name: Any, value: Any) -> None:
        self.obeying.obey(Order(kind, name, value))


def test_a_drained_endpoint_is_out_until_it_is_undrained() -> None:
    worker = Worker()
    worker.obey("drained", NAME, 5.0)
    assert worker.endpoint().out["drained"].text == "by porch drain"
    assert worker.endpoint(1).out == {}
    worker.obey("drained", NAME, None)
    assert worker.endpoint().out == {}


def test_a_weight_goes_before_that_of_the_file_over_a_reload() -> None:
    worker = Worker()
    worker.obey("weight", NAME, 0)
    assert [worker.endpoint(each).weight for each in (0, 1)] == [0, 1]
    worker.load(WORDS)
    assert worker.endpoint().weight == 0
    worker.obey("weight", NAME, None)
    assert worker.endpoint().weight == 1


def test_a_closed_route_answers_until_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker()
    plan = worker.built.entries[1].route.plan
    monkeypatch.setattr(clock, "monotonic", lambda: 100.0)
    closed = Closed(since=0.0, until=7.0, opens=130.0, allow=("10.0.0.0/8",))
    worker.obey("closed", "b.test", closed)
    found = worker.asks()
    assert isinstance(found.error, errors.Maintenance)
    assert found.error.retry_after == 30
    assert worker.asks(client=b"10.0.0.1").sent is not None
    assert worker.asks("http://a.test/").sent is not None
    worker.obey("closed", "b.test", Closed(since=0.0, page=b"soon"))
    assert worker.asks(client=b"10.0.0.1").status == 503, "the later order alone holds"
    worker.obey("closed", "b.test", None)
    assert worker.asks().sent is not None
    assert worker.built.entries[1].route.plan is plan


def test_an_exchange_under_way_ends_as_it_would_have(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker()
    route = worker.built.entries[1].route
    plan = route.plan
    worker.obey("closed", "b.test", Closed(since=0.0))
    for phase in ("on_end", "on_response", "on_upstream_request"):
        assert getattr(route.plan, phase) == getattr(plan, phase)


def test_a_closed_route_says_so_before_anything_else_is_done_for_a_request() -> None:
    """No limit counts it, and nobody is asked who he is."""
    worker = Worker()
    worker.load(WORDS | {"routes": {"b.test": {"to": ":9", "limit": "1/min per client"}}})
    route = worker.built.entries[0].route
    open_ = route.plan.on_request
    assert open_
    worker.obey("closed", "b.test", Closed(since=0.0))
    first, *others = route.plan.on_request
    assert isinstance(getattr(first, "__self__", None), Maintenance)
    assert tuple(others) == open_


def test_a_canary_goes_back_and_comes_again() -> None:
    worker = Worker()
    worker.obey("back", "a.test", Back(since=0.0, why="x", words=worker.canary.words))
    assert worker.canary.is_back
    worker.load(WORDS)
    assert worker.canary.is_back
    worker.obey("back", "a.test", None)
    assert not worker.canary.is_back


def test_another_canary_is_not_back() -> None:
    worker = Worker()
    worker.obey("back", "a.test", Back(since=0.0, why="x", words=worker.canary.words))
    other = {"to": ["a:1", "a:2"], "canary": {"to": "c:1", "share": "6%"}}
    worker.load(WORDS | {"routes": WORDS["routes"] | {"a.test": other}})
    assert not worker.canary.is_back


def test_a_new_worker_begins_with_all_that_holds() -> None:
    orders = Orders.none()
    orders.note(Order("weight", NAME, 7))
    orders.note(Order("closed", "b.test", Closed(since=0.0)))
    worker = Worker(orders)
    assert worker.endpoint().weight == 7
    assert worker.asks().status == 503


def test_an_order_about_what_is_not_there_does_nothing() -> None:
    worker = Worker()
    for kind, value in (("drained", 1.0), ("weight", 3)):
        worker.obey(kind, ("x", "y:1"), value)
        worker.obey(kind, ("x", "y:1"), None)
    worker.obey("closed", "x", Closed(since=0.0))
    assert worker.asks().sent is not None
