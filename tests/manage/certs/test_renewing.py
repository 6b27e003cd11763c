"""The command that renews a certificate: a real case, and a worker that is not there."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.manage.candidate import Candidate
from porch.manage.certs.renewing import LONGEST, MOST, Renewing
from porch.manage.control.auditing import Auditing
from porch.manage.control.operating import Operating
from tests.manage.orders.test_ordering import FakeLoop

HOST = "shop.dev"
ISSUED = {"what": "issued", "sentence": "it has one", "before": "until then", "after": "later"}


class Bench:
    """asked: what the worker was told, and who is told what it says."""

    def __init__(self) -> None:
        routes = {HOST: ":1", **{f"{number}.localhost": ":1" for number in range(MOST)}}
        words = {"listen": "https://127.0.0.1:0", "routes": routes, "log": False}
        candidate = Candidate.examine(load_mapping(words))
        assert candidate is not None
        self.loop: Any = FakeLoop()
        self.waited_for: list[Any] = [SimpleNamespace(slot=1), SimpleNamespace(slot=0)]
        self.asked: list[tuple[Any, Any]] = []
        self.lines: list[Any] = []
        in_force: Any = SimpleNamespace(candidate=candidate, changes=0, ordered=0)
        this: Any = self
        auditing: Any = Auditing(None, dict, print)
        write = auditing.write
        auditing.write = lambda *words: self.lines.append(write(*words)) or self.lines[-1]
        self.door = Operating(Renewing(self.loop, this, in_force).commands)
        self.door.begin(self.loop, in_force, auditing)

    def tell(self, word: str, host: str, then: Any, *, only: Any, patience: float) -> None:
        assert (word, [each.slot for each in only], patience) == ("renew", [0], LONGEST)
        self.asked.append((host, then))

    def ask(self, host: str = HOST, **words: object) -> list[Any]:
        told: list[Any] = []
        self.door.operate(
            "renew", {"host": host, **words}, "ann", (), lambda *each: told.append(each[:2])
        )
        return told

    def say(self, *answers: object) -> None:
        _, then = self.asked.pop(0)
        then([*answers])

    @property
    def outcomes(self) -> list[str]:
        return [line["outcome"] for line in self.lines]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_worker_that_gets_them_is_told_and_who_waits_hears_how_it_went(bench: Bench) -> None:
    told = bench.ask("Shop.DEV.", wait=60)
    assert [host for host, _ in bench.asked] == [HOST]
    assert (told, bench.outcomes) == ([], ["begun"])
    bench.say(ISSUED)
    assert told == [(200, {"renewed": HOST, "certificate": "later", "said": "it has one"})]
    line = bench.lines[-1]
    assert (line["who"], line["outcome"], line["words"]["host"]) == ("ann", "done", "Shop.DEV.")
    assert line["before"] == {"certificate": "until then"}
    assert line["after"] == {"certificate": "later"}


def test_who_does_not_wait_is_told_that_it_goes_on_and_the_audit_its_end(bench: Bench) -> None:
    ((status, answer),) = bench.ask()
    assert status == 202
    assert answer["renewing"].startswith(HOST)
    bench.say(ISSUED)
    assert bench.outcomes == ["begun", "done"]


def test_who_has_waited_for_long_enough_is_told_so_too(bench: Bench) -> None:
    told = bench.ask(wait=60)
    assert (60.0, True) in [
        (seconds, "_promise" in str(work)) for seconds, work in bench.loop.timers
    ]
    bench.loop.go("_promise")
    bench.say(ISSUED)
    assert [status for status, _ in told] == [202]
    assert bench.outcomes == ["begun", "done"]


@pytest.mark.parametrize(
    ("answers", "status", "outcome", "why"),
    [
        ([{"what": "failed", "sentence": "it is down"}], 502, "failed", "porch: it is down"),
        ([{"what": "busy", "sentence": "p 7 gets it"}], 409, "refused", "porch: p 7 gets it"),
        ([], 503, "failed", "the worker that was about it has ended"),
    ],
)
def test_where_there_is_none_the_reason_is_said(
    bench: Bench, answers: Any, status: int, outcome: str, why: str
) -> None:
    told = bench.ask(wait=60)
    bench.say(*answers)
    ((found, answer),) = told
    assert (found, bench.outcomes[-1]) == (status, outcome)
    assert why in answer["error"]


def test_a_host_that_the_door_gets_none_for_is_said_with_the_way_out(bench: Bench) -> None:
    assert bench.ask("shpo.dev") == [
        (404, {"error": "porch: shpo.dev: no route is for it; did you mean shop.dev?"})
    ]
    ((_, answer),) = bench.ask("a\n\x1b[2J")
    assert answer["error"].startswith("porch: a\\n\\x1b[2J: no route is for it")
    assert bench.asked == []


def test_one_host_is_renewed_once_at_a_time_and_not_too_many_are(bench: Bench) -> None:
    bench.ask()
    ((status, answer),) = bench.ask()
    assert (status, "a renewal is under way" in answer["error"]) == (409, True)
    for number in range(MOST - 1):
        assert bench.ask(f"{number}.localhost")[0][0] == 202
    ((status, answer),) = bench.ask(f"{MOST - 1}.localhost")
    assert (status, "renewals are under way" in answer["error"]) == (503, True)
    bench.say(ISSUED)
    assert bench.ask()[0][0] == 202


def test_while_the_worker_that_gets_them_starts_that_is_said(bench: Bench) -> None:
    bench.waited_for.pop()
    ((status, answer),) = bench.ask()
    assert (status, "about to start" in answer["error"]) == (503, True)
    assert bench.outcomes == ["failed"]
