"""Canaries judged by the counts of all workers."""

from typing import Any

import pytest

from porch import clock
from porch.balance.endpoint import FAILED
from porch.config.load import load_mapping
from porch.config.orders import Back, Order
from porch.manage.candidate import Candidate
from porch.manage.in_force import InForce
from porch.manage.listening import Listening
from porch.manage.orders.judging import Judging
from porch.route.route import REQUESTS


class Bench:
    """A door that serves nobody; its counts are written by the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(clock, "monotonic", lambda: self.now)
        self.in_force = InForce(self.load(), Listening(), {})
        self.in_force.table.use(2)
        self.told: list[tuple[str, Back | None]] = []
        loop: Any = self
        self.judging = Judging(loop, self.in_force, self.take_back)

    def load(self, share: str = "5%") -> Candidate:
        canary = {"to": ["c:1", "c:2"], "share": share, "abort_if": "errors > 5% for 30s"}
        routes = {"a.test": {"to": "a:1", "canary": canary}, "b.test": "a:1"}
        made = Candidate.examine(load_mapping({"routes": routes, "listen": ":80"}))
        assert made is not None
        return made

    def after(self, seconds: float, work: object) -> None: ...

    def take_back(self, name: str, back: Back | None) -> None:
        self.told.append((name, back))
        self.in_force.orders.note(Order("back", name, back))

    def counts(self, endpoint: str, row: int, requests: int, failed: int) -> None:
        column = self.in_force.columns.of[("a.test canary", endpoint)]
        cells = self.in_force.table.rows[row]
        cells[column + REQUESTS] += requests
        cells[column + FAILED] += failed

    def look(self, seconds: float) -> None:
        self.now += seconds
        self.judging.look()


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_errors_of_all_workers_and_endpoints_take_it_back_once(bench: Bench) -> None:
    bench.look(0)
    bench.counts("c:1", 1, 40, 1)
    bench.counts("c:2", 1, 30, 2)
    bench.counts("c:1", 2, 30, 3)
    bench.look(29)
    assert bench.told == []
    bench.look(1)
    ((name, back),) = bench.told
    assert name == "a.test"
    assert back is not None
    assert back.why == "6.0% of 100 requests failed in 30 s (errors > 5% for 30s)"
    bench.look(30)
    assert len(bench.told) == 1


def test_one_that_does_well_stays(bench: Bench) -> None:
    for _ in range(100):
        bench.counts("c:1", 1, 10, 0)
        bench.look(1)
    assert bench.told == []


def test_one_that_was_sent_again_begins_anew(bench: Bench) -> None:
    bench.look(0)
    bench.counts("c:1", 1, 100, 100)
    bench.look(30)
    bench.judging.forget(["a.test"])
    bench.in_force.orders.note(Order("back", "a.test", None))
    bench.look(1)
    bench.look(30)
    assert len(bench.told) == 1


def test_what_was_said_of_another_canary_is_forgotten(bench: Bench) -> None:
    bench.look(0)
    bench.counts("c:1", 1, 100, 100)
    bench.look(30)
    bench.in_force.candidate = bench.load("6%")
    bench.look(1)
    assert bench.told[1] == ("a.test", None)
    assert not bench.in_force.orders.back


def test_a_canary_that_is_not_there_now_keeps_what_was_said(bench: Bench) -> None:
    bench.in_force.orders.note(Order("back", "gone.test", Back(since=0.0, why="x", words="{}")))
    bench.look(1)
    assert "gone.test" in bench.in_force.orders.back
