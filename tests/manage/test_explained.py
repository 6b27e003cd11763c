"""Where a request would go, as one worker sees it; and that nothing moves by it."""

from typing import Any

import pytest

from porch.balance.endpoint import Out
from porch.balance.ramp import FIRST
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.orders import Order
from porch.config.state import State
from porch.manage.explained import MOST, explained
from porch.manage.orders.obeying import BY_COMMAND, Obeying
from porch.route.route import REQUESTS, RUNNING
from tests.support.network import FakeClock

WORDS: dict[str, Any] = {
    "listen": ":80",
    "log": False,
    "routes": {
        "a.test": {"to": ["a:1", "a:2", "a:3"], "balance": "round-robin"},
        "c.test": {"to": "a:1", "canary": {"to": "c:1", "share": "30%", "sticky": False}},
        "d.test": {"to": "a:1", "canary": {"to": "c:1", "share": "100%"}},
        "s.test": {"to": ["a:1", "a:2"], "sticky": True, "overload": {"endpoint": 2, "pool": 3}},
        "answers.test": "respond:204",
        "many.test": {"to": [f"m:{port}" for port in range(1, 90)], "balance": "random"},
    },
}


class Worker:
    def __init__(self) -> None:
        self.state = State()
        self.state.begin()
        loaded = load_mapping(WORDS, "porch.toml")
        made = build(loaded, self.state)
        assert made is not None, loaded.report()
        self.built = made
        self.state.commit()

    def __call__(self, url: str, *headers: str, **more: Any) -> Any:
        words = {"method": "GET", "url": url, "headers": headers, "client": "192.0.2.1"}
        return explained(self.built, {**words, "certificate": None, **more})

    def first(self, url: str) -> list[str]:
        found = self(url)["pools"][0]["first"]
        assert isinstance(found, list)
        return found

    def why(self, url: str, endpoint: str) -> list[str]:
        (pool,) = self(url)["pools"]
        return next(each["why"] for each in pool["endpoints"] if each["endpoint"] == endpoint)

    def endpoint(self, name: str, pool: str = "a.test") -> Any:
        (found,) = self.state.named((pool, name))
        return found


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    FakeClock(monkeypatch)
    return Worker()


def test_the_route_and_whose_turn_it_is_and_nobody_has_it(worker: Worker) -> None:
    for _ in range(3):
        found = worker("http://a.test/")
        assert (found["route"], found["pools"][0]["first"]) == ("a.test", ["a:1"])
    entry = next(each for each in worker.built.entries if each.route.key == "a.test")
    destination: Any = entry.route.destination
    assert destination.budget.came == 0
    assert all(each.counts[REQUESTS] == 0 for each in destination.endpoints)


def test_who_does_not_get_it_says_why(worker: Worker) -> None:
    Obeying(worker.state).obey(Order("drained", ("a.test", "a:1"), 1_700_000_000.0))
    worker.endpoint("a:2").take_out("ejected", "5 failures in a row", 30.0)
    assert worker.first("http://a.test/") == ["a:3"]
    (drained,) = worker.why("http://a.test/", "a:1")
    assert drained == f"out since 22:13:20: drained: {BY_COMMAND}"
    (ejected,) = worker.why("http://a.test/", "a:2")
    assert ejected.endswith("ejected: 5 failures in a row; back in 30 s")
    assert worker.why("http://a.test/", "a:3") == []


def test_weights_slow_starts_and_who_is_used_all_the_same(worker: Worker) -> None:
    three = worker.endpoint("a:3")
    three.weigh(0)
    assert worker.why("http://a.test/", "a:3") == ["weight 0"]
    three.weigh(1, FIRST)
    assert worker.why("http://a.test/", "a:3") == ["slow start: 10% of its weight"]
    for name in ("a:1", "a:2", "a:3"):
        worker.endpoint(name).on_told("unhealthy", Out("status 503, 2 of 2", 0.0))
    assert "used all the same: too few others are left" in worker.why("http://a.test/", "a:1")


def test_a_full_endpoint_and_the_room_of_its_pool(worker: Worker) -> None:
    worker.endpoint("a:1", "s.test").counts[RUNNING] = 2
    found = worker("http://s.test/")
    assert found["room"] == ["0 of 3 requests under way, 0 of 100 wait"]
    assert found["pools"][0]["first"] == ["a:2"]
    assert worker.why("http://s.test/", "a:1")[0].startswith("full: ")


def test_a_client_goes_where_its_cookie_belongs(worker: Worker) -> None:
    entry = next(each for each in worker.built.entries if each.route.key == "s.test")
    sticky: Any = entry.route.destination
    value = sticky._value(worker.endpoint("a:2", "s.test")).decode()
    found = worker("http://s.test/", f"Cookie: {sticky.cookie.name}={value}")
    (pool,) = found["pools"]
    assert (pool["sticky"], pool["first"]) == ("a:2", ["a:2"])
    assert pool["endpoints"][0]["why"] == ["the client's cookie belongs to it"]
    for name in ("a:1", "a:2"):
        worker.endpoint(name, "s.test").on_told("unhealthy", Out("status 503, 2 of 2", 0.0))
    found = worker("http://s.test/", f"Cookie: {sticky.cookie.name}={value}")
    whys = {each["endpoint"]: each["why"] for each in found["pools"][0]["endpoints"]}
    assert "used all the same: too few others are left" in whys["a:1"]
    assert [each for each in whys["a:2"] if "used all the same" in each] == [], (
        "it is, by the cookie"
    )


def test_a_canary_says_whether_this_request_goes_there(worker: Worker) -> None:
    drawn = worker("http://c.test/")
    assert (drawn["canary"], drawn["drawn"]) == ("30% of such requests go there, by chance", True)
    assert [each["pool"] for each in drawn["pools"]] == ["c.test", "c.test canary"]
    goes = worker("http://d.test/")
    assert goes["canary"] == "this request goes there"
    assert [each["pool"] for each in goes["pools"]] == ["d.test canary", "d.test"]
    entry = next(each for each in worker.built.entries if each.route.key == "d.test")
    canary: Any = entry.route.destination
    canary.is_back = True
    back = worker("http://d.test/")
    assert back["canary"] == "was taken back: nobody goes there"
    assert [each["pool"] for each in back["pools"]] == ["d.test"]


def test_what_is_answered_at_the_door_has_no_pool(worker: Worker) -> None:
    assert worker("http://answers.test/")["pools"] == []
    assert worker("http://nobody.test/")["route"] == "no-site"


def test_of_a_large_pool_some_are_told_and_the_others_counted(worker: Worker) -> None:
    (pool,) = worker("http://many.test/")["pools"]
    assert (len(pool["endpoints"]), pool["more"]) == (MOST, 89 - MOST)


def test_what_the_door_refuses_and_what_is_no_request(worker: Worker) -> None:
    assert worker("http://a.test/", "Content-Length: x")["refused"].startswith("400")
    with pytest.raises(ValueError, match="not a URL"):
        worker("a.test")
    with pytest.raises(ValueError, match="not the address of a client"):
        worker("http://a.test/", client="me")
    with pytest.raises(ValueError, match="no certificate"):
        worker("http://a.test/", certificate="x")
