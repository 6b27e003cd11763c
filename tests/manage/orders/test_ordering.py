"""Orders and their answers: a real loop, and workers that are not there."""

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from porch import clock, errors
from porch.config.load import load_mapping
from porch.config.orders import Closed, Order, Orders
from porch.manage.asking import Asking
from porch.manage.candidate import Candidate
from porch.manage.in_force import InForce
from porch.manage.listening import Listening
from porch.manage.orders.keeping import Keeping
from porch.manage.orders.ordering import LARGEST_PAGE, Ordering
from porch.observe.messages import Messages
from porch.route.route import RUNNING
from tests.manage.conftest import FakeOutput
from tests.manage.orders.test_obeying import Worker

WORDS: dict[str, Any] = {
    "listen": ":80",
    "log": False,
    "routes": {
        "a.test": {"to": ["a:1", "a:2"], "canary": {"to": "c:1", "share": "5%"}},
        "b.test": {"to": "a:1", "maintenance": True},
    },
}
DRAINED = ("a.test", "a:1")


class FakeLoop:
    """Timers that the test lets go off."""

    def __init__(self) -> None:
        self.timers: list[tuple[float, Any]] = []

    def after(self, seconds: float, work: Any) -> Any:
        timer = (seconds, work)
        self.timers.append(timer)

        class Timer:
            cancel = staticmethod(lambda: timer in self.timers and self.timers.remove(timer))

        return Timer()

    def go(self, work: str = "") -> None:
        """The timers whose work has this name, or all."""
        due = [each for each in self.timers if work in str(each[1])]
        self.timers = [each for each in self.timers if each not in due]
        for _, each in due:
            each()


class FakeWorker:
    channel = object()
    pid = 4711


class FakeFleet:
    def __init__(self) -> None:
        self.serving: list[Any] = [FakeWorker(), FakeWorker()]
        self.all = self.serving
        self.told: list[tuple[int, list[Order]]] = []

    def tell(self, processes: object, word: str, data: Any) -> None:
        assert word == "order"
        self.told.append(data)


class FakeQuestion:
    def __init__(self, words: dict[str, object]) -> None:
        self.words = words
        self.answer: dict[str, Any] = {}
        self.begun: list[object] = []
        self.orders: Any = []
        self.is_left = False
        self.status = 0

    def begin(self) -> bool:
        self.begun.append(len(self.orders))
        return True

    def changing(self) -> AbstractContextManager[None]:
        return nullcontext()

    def reply(self, answer: dict[str, Any], status: int = 0) -> None:
        assert not self.answer, "answered twice"
        self.answer, self.status = answer, status


class Bench:
    def __init__(self, folder: Path) -> None:
        candidate = Candidate.examine(load_mapping(WORDS, "porch.toml"))
        assert candidate is not None
        self.loop: Any = FakeLoop()
        self.fleet: Any = FakeFleet()
        self.output = FakeOutput()
        self.folder = folder
        self.in_force = InForce(candidate, Listening(), {})
        self.ordering = self.again()

    def again(self) -> Ordering:
        """As a door does that was started again."""
        keeping = Keeping(self.folder, "a")
        messages = Messages(self.output)
        self.asking = Asking(self.loop, self.fleet, messages)
        self.itself: list[tuple[str, str, dict[str, object]]] = []
        self.ordering = Ordering(
            self.loop, self.asking, self.in_force, messages, keeping, self.by_itself
        )
        return self.ordering

    def by_itself(self, name: str, who: str, words: dict[str, object]) -> Any:
        self.itself.append((name, who, words))
        return FakeQuestion(words)

    @property
    def said(self) -> str:
        return self.output.lines.decode()

    def ask(self, command: str, *, obeyed: bool = True, **words: object) -> FakeQuestion:
        question: Any = FakeQuestion(words)
        self.ordering.commands[command](question)
        if obeyed:
            self.obey()
        return question  # type: ignore[no-any-return]

    def obey(self) -> None:
        """All workers."""
        for number, _ in [*self.fleet.told]:
            for each in self.fleet.serving:
                self.asking.on_answer(each, number)

    def runs(self, count: int) -> None:
        column = self.in_force.columns.of[DRAINED]
        self.in_force.table.rows[0][column + RUNNING] = count


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_who_asks_is_answered_when_all_workers_obey(bench: Bench) -> None:
    question: Any = bench.ask("drain", obeyed=False, endpoint="a.test/a:1")
    assert bench.fleet.told[0][1][0].kind == "drained"
    assert question.answer == {}
    bench.obey()
    assert question.answer == {"drained": ["a.test/a:1"]}
    assert bench.in_force.standings.of(DRAINED)["drained"].text == "by porch drain"


def test_waiting_ends_when_nothing_runs_there(bench: Bench) -> None:
    bench.runs(2)
    question = bench.ask("drain", endpoint="a.test/a:1", wait=60)
    bench.loop.go("_wait_idle")
    assert question.answer == {}
    bench.runs(0)
    bench.loop.go("_wait_idle")
    assert question.answer == {"drained": ["a.test/a:1"]}


def test_a_drain_that_waits_is_begun_before_anything_is_ordered(bench: Bench) -> None:
    bench.runs(2)
    waits: Any = FakeQuestion({"endpoint": "a.test/a:1", "wait": 60})
    waits.orders = bench.in_force.orders.drained
    bench.ordering.commands["drain"](waits)
    assert waits.begun == [0]
    assert bench.ask("drain", endpoint="a.test/a:2").begun == []


def test_waiting_has_an_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.runs(2)
    question = bench.ask("drain", endpoint="a.test/a:1", wait=60)
    late = clock.monotonic() + 61
    monkeypatch.setattr(clock, "monotonic", lambda: late)
    bench.loop.go("_wait_idle")
    assert "2 still running there after 60s; it stays drained" in question.answer["error"]
    assert DRAINED in bench.in_force.orders.drained


def test_for_who_has_left_nothing_is_waited_any_more(bench: Bench) -> None:
    bench.runs(2)
    question = bench.ask("drain", endpoint="a.test/a:1", wait=60)
    question.is_left = True
    bench.loop.go("_wait_idle")
    assert question.answer == {"drained": ["a.test/a:1, 2 still running there"]}
    assert not [work for _, work in bench.loop.timers if "_wait_idle" in str(work)]


def test_a_worker_that_hangs_is_named_where_it_has_not_taken_it(bench: Bench) -> None:
    for word, words in (
        ("drain", {"endpoint": "a.test/a:1"}),
        ("weight", {"endpoint": "a.test/a:1", "weight": 2}),
        ("maintenance", {"route": "a.test", "on": True}),
        ("maintenance", {"route": "a.test", "on": False}),
        ("canary", {"route": "a.test", "on": False}),
    ):
        question = bench.ask(word, obeyed=False, **words)
        assert question.answer == {}
        bench.loop.go("_give_up")
        assert (question.status, question.answer["pending"]) == (202, [4711, 4711]), word
        assert "worker 4711, 4711 has not taken it yet: it hangs" in question.answer["warning"]
    assert bench.ask("undrain", endpoint="a.test/a:1").status == 0


@pytest.mark.parametrize("goes_on", [False, True])
def test_whether_it_has_taken_it_is_asked_again_at_the_end_of_a_wait(
    bench: Bench, goes_on: bool
) -> None:
    bench.runs(1)
    question = bench.ask("drain", obeyed=False, endpoint="a.test/a:1", wait=60)
    bench.loop.go("_give_up")
    bench.runs(0)
    bench.loop.go("_wait_idle")
    assert question.answer == {}
    assert bench.fleet.told[-1][1] == []
    if goes_on:
        bench.obey()
        assert (question.status, question.answer) == (0, {"drained": ["a.test/a:1"]})
    else:
        bench.loop.go("_give_up")
        assert (question.status, question.answer["pending"]) == (202, [4711, 4711])


def test_without_waiting_it_is_said_what_still_runs(bench: Bench) -> None:
    bench.runs(3)
    answer = bench.ask("drain", endpoint="a.test/a:1").answer
    assert answer["drained"] == ["a.test/a:1, 3 still running there"]


def test_when_nobody_is_left_that_is_said(bench: Bench) -> None:
    assert "warning" not in bench.ask("drain", endpoint="a.test/a:1").answer
    answer = bench.ask("weight", endpoint="a.test/a:2", weight=0).answer
    assert answer["warning"] == "nobody is left in a.test: answered 503"


def test_drained_again_it_is_drained_since_the_first_time(bench: Bench) -> None:
    bench.ask("drain", endpoint="a.test/a:1")
    since = bench.in_force.orders.drained[DRAINED]
    bench.ask("drain", endpoint="a.test/a:1")
    assert bench.in_force.orders.drained[DRAINED] == since


def test_undrained_or_never_drained_is_the_same(bench: Bench) -> None:
    for _ in range(2):
        assert bench.ask("undrain", endpoint="a.test/a:1").answer == {"undrained": ["a.test/a:1"]}
    assert bench.in_force.standings.of(DRAINED) == {}


def test_an_endpoint_that_has_left_can_still_be_undrained(bench: Bench) -> None:
    bench.in_force.orders.note(Order("drained", ("gone", "x:1"), 1.0))
    assert "undrained" in bench.ask("undrain", endpoint="gone/x:1").answer
    assert not bench.in_force.orders


@pytest.mark.parametrize(
    ("command", "words", "why"),
    [
        ("drain", {"endpoint": "a:1"}, "'a:1' is in 2 pools"),
        ("drain", {"endpoint": "nix"}, "there is no endpoint 'nix'"),
        ("maintenance", {"route": "a.tst", "on": True}, "did you mean 'a.test'?"),
        ("maintenance", {"route": "a.test", "on": True, "page": "/none"}, "/none: No such file"),
        ("maintenance", {"route": "a.test", "on": True, "allow": ["x"]}, "x"),
        ("canary", {"route": "b.test", "on": True}, "there is no canary of a route 'b.test'"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    bench: Bench, command: str, words: dict[str, object], why: str
) -> None:
    assert why in bench.ask(command, **words).answer["error"]
    assert bench.fleet.told == []
    assert not bench.in_force.orders


def test_all_pools_are_ordered_together(bench: Bench) -> None:
    answer = bench.ask("drain", endpoint="a:1", all_pools=True).answer
    assert answer["drained"] == ["a.test/a:1", "b.test/a:1"]
    assert len(bench.fleet.told) == 1


def test_maintenance_ends_by_itself(bench: Bench) -> None:
    answer = bench.ask("maintenance", route="a.test", on=True, **{"for": 1800}).answer
    assert answer == {"closed": "a.test for 30m"}
    assert bench.in_force.orders.closed["a.test"].retry_after == 1800
    bench.loop.go("_open_again")
    bench.obey()
    assert not bench.in_force.orders
    assert bench.fleet.told[-1][1] == [Order("closed", "a.test", None)]
    assert "maintenance of a.test is over" in bench.said
    words = {"route": "a.test", "on": False}
    assert bench.itself == [("maintenance", "the door: its time is over", words)]


@pytest.mark.parametrize("step", [-7200.0, 7200.0])
def test_a_step_of_the_wall_clock_moves_neither_its_end_nor_what_clients_are_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    worker = Worker()
    began = clock.monotonic()
    bench.ask("maintenance", route="b.test", on=True, **{"for": 1800, "retry_after": 3600})
    (end,) = (seconds for seconds, work in bench.loop.timers if "_open_again" in str(work))
    worker.obeying.obey(bench.fleet.told[-1][1][0])
    wall, wait = clock.wall(), 1200.0
    monkeypatch.setattr(clock, "wall", lambda: wall + wait + step)
    monkeypatch.setattr(clock, "monotonic", lambda: began + wait)
    error = worker.asks().error
    assert isinstance(error, errors.Maintenance)
    assert (round(end), error.retry_after) == (1800, 600)


def test_the_end_of_an_earlier_order_does_not_end_a_later_one(bench: Bench) -> None:
    bench.ask("maintenance", route="a.test", on=True, **{"for": 60})
    bench.ask("maintenance", route="a.test", on=True)
    bench.loop.go("_open_again")
    assert "a.test" in bench.in_force.orders.closed


@pytest.mark.parametrize("then", [{"on": True, "for": 60}, {"on": True}, {"on": False}])
def test_no_timer_is_left_of_maintenance_that_was_said_in_another_way(
    bench: Bench, then: dict[str, object]
) -> None:
    """With `for` a year it would hold its page, of a megabyte, for a year."""
    bench.ask("maintenance", route="a.test", on=True, **{"for": 31_536_000})
    bench.ask("maintenance", route="a.test", **then)
    left = [seconds for seconds, work in bench.loop.timers if "_open_again" in str(work)]
    assert [round(each) for each in left] == ([60] if "for" in then else [])


def test_a_page_that_is_a_pipe_is_refused_and_not_waited_for(bench: Bench, tmp_path: Path) -> None:
    pipe = tmp_path / "page.html"
    os.mkfifo(pipe)
    answer = bench.ask("maintenance", route="a.test", on=True, page=str(pipe)).answer
    assert answer == {"error": f"porch: {pipe} is no file; a page is read from one"}
    assert bench.in_force.orders.closed == {}


def test_a_page_is_read_by_the_door_and_has_a_bound(bench: Bench, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_bytes(b"x" * (LARGEST_PAGE + 1))
    answer = bench.ask("maintenance", route="a.test", on=True, page=str(page)).answer
    assert "larger than 1MB" in answer["error"]
    page.write_bytes(b"x" * LARGEST_PAGE)
    bench.ask("maintenance", route="a.test", on=True, page=str(page))
    assert bench.in_force.orders.closed["a.test"].page == b"x" * LARGEST_PAGE


def test_what_the_file_closes_stays_closed_and_that_is_said(bench: Bench) -> None:
    answer = bench.ask("maintenance", route="b.test", on=False).answer
    assert "the file has maintenance for it too" in answer["warning"]


def test_a_canary_is_taken_back_and_sent_again(bench: Bench) -> None:
    assert bench.ask("canary", route="a.test", on=False).answer == {"taken back": ["a.test"]}
    assert bench.in_force.orders.back["a.test"].why == "by porch canary"
    assert bench.ask("canary", route="a.test", on=True).answer == {"on": ["a.test"]}
    assert not bench.in_force.orders


def test_what_holds_is_told_with_its_end(bench: Bench) -> None:
    bench.ask("drain", endpoint="a.test/a:1")
    (told,) = bench.ask("orders").answer["orders"]
    assert told["undo"] == "porch undrain a.test/a:1"


def test_a_door_that_is_started_again_goes_on_with_it(bench: Bench) -> None:
    bench.ask("drain", endpoint="a.test/a:1")
    bench.ask("maintenance", route="a.test", on=True, **{"for": 60})
    bench.in_force = InForce(bench.in_force.candidate, Listening(), {})
    bench.again().begin()
    assert DRAINED in bench.in_force.orders.drained
    assert "drained" in bench.in_force.standings.of(DRAINED)
    assert "still drained a.test/a:1; porch undrain a.test/a:1 ends it" in bench.said
    bench.loop.go("_open_again")
    assert not bench.in_force.orders.closed


def test_what_was_handed_over_goes_before_what_is_on_disk(bench: Bench) -> None:
    bench.ask("drain", endpoint="a.test/a:1")
    bench.again().begin(Orders.none().dump())
    assert not bench.in_force.orders


def test_a_damaged_file_is_said_and_the_door_serves(bench: Bench) -> None:
    bench.ask("drain", endpoint="a.test/a:1")
    Keeping(bench.folder, "a").file.write_text("{")
    bench.again().begin()
    assert "what was ordered before is not known" in bench.said
    assert not bench.in_force.orders


def test_what_cannot_be_kept_holds_all_the_same(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "orders").write_text("a file where a folder should be")
    assert "drained" in bench.ask("drain", endpoint="a.test/a:1").answer
    assert "what was ordered ends with this door" in bench.said


def test_a_time_that_is_over_when_the_door_starts_is_over(bench: Bench) -> None:
    orders = Orders.none()
    orders.note(Order("closed", "a.test", Closed(since=1.0, until=2.0)))
    bench.ordering.begin(orders.dump())
    assert not bench.in_force.orders
