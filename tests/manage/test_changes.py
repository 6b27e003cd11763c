"""Changes, one after the other: a real loop and real sockets, and a fleet that is not there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.manage import changes
from porch.manage.candidate import Candidate
from porch.manage.changes import Changes
from porch.manage.channel import Message
from porch.manage.in_force import InForce
from porch.manage.listening import Listening
from porch.manage.loop import Loop
from porch.manage.notify import Notify
from porch.manage.process import Process
from porch.observe.messages import Messages
from tests.manage.conftest import FakeOutput

pytestmark = pytest.mark.timeout(60, method="thread")  # the other method has this timer too


class FakeFleet:
    """Nobody serves, unless `serving` is given somebody who never answers."""

    def __init__(self) -> None:
        self.slots: list[Any] = [None]
        self.serving: list[Any] = []
        self.leaving: list[Any] = []
        self.all: list[Any] = []
        self.held: list[bool] = []
        self.strangers: set[int] = set()

    def hold(self, *, holds: bool) -> None:
        self.held.append(holds)

    def tell(self, *_: object) -> None: ...

    def serve_out(self, left: list[Any]) -> None:
        for _, sock in left:
            sock.close()

    def tell_one(self, *_: object) -> None: ...

    def resize(self, count: int) -> None: ...

    def kill_late(self, seconds: float) -> None: ...


class FakeQuestion:
    def __init__(self, loop: Loop, word: str, *, waits: bool = True) -> None:
        self.word = word
        self.answer: dict[str, Any] = {}
        self.is_waited_for = waits
        self.is_late = self.is_dropped = False
        self.told: list[str] = []
        self._loop = loop

    def begin(self) -> bool:
        self.told.append("begins")
        if self.is_late:
            self.reply({"error": "late"})
        return not self.is_late

    @contextmanager
    def changing(self) -> Iterator[None]:
        self.told.append("changes")
        yield
        self.told.append("changed")

    def drop(self) -> None:
        self.is_dropped = True

    def reply(self, answer: dict[str, Any], status: int = 0) -> None:
        assert not self.answer, "answered twice"
        self.answer = answer
        self._loop.stop()


class Door:
    """What a supervisor would have. words: of the configuration that is loaded next."""

    def __init__(self) -> None:
        self.words: dict[str, Any] = {
            "listen": ["127.0.0.1:0"],
            "routes": {"*": "a:1"},
            "log": False,
        }
        candidate = Candidate.examine(self.load())
        assert candidate is not None
        listening = Listening()
        listening.open(candidate.listen, 1)
        self.in_force = InForce(candidate, listening, {})
        self.in_force.remember(self.load)
        self.loop = Loop()
        self.fleet: Any = FakeFleet()
        self.output = FakeOutput()
        self.messages = Messages(self.output)
        self.now: Callable[[], Loaded] = self.load
        self.changes = Changes(
            self.loop,
            self.fleet,
            self.in_force,
            self.messages,
            Notify({}),
            lambda: self.now(),
            self.become,
        )

    def load(self) -> Loaded:
        return load_mapping(self.words)

    def become(self, question: object) -> None:
        raise OSError(2, "No such file or directory")

    def ask(self, word: Any, *, waits: bool = True) -> FakeQuestion:
        question: Any = FakeQuestion(self.loop, word, waits=waits)
        self.changes.ask(word, question)
        return question  # type: ignore[no-any-return]

    def wait(self, question: FakeQuestion) -> dict[str, Any]:
        while not question.answer:
            self.loop.run()
        return question.answer

    @property
    def said(self) -> str:
        self.messages.flush()
        return self.output.lines.decode()


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    made.changes.open({})
    yield made
    made.loop.close()
    made.in_force.close()


def test_what_is_asked_meanwhile_comes_behind_and_sees_the_file_of_then(door: Door) -> None:
    first, second = door.ask("reload"), door.ask("diff")
    door.words["routes"] = {"*": "a:1", "b.test": "b:1"}
    assert "loaded" in door.wait(first)
    assert door.wait(second) == {"changes": ["nothing changes"]}
    assert [each.key for each in door.in_force.candidate.loaded.routes] == ["*", "b.test"]


def test_a_change_begins_when_its_turn_comes_and_is_made_in_one_piece(door: Door) -> None:
    first, second = door.ask("reload"), door.ask("reload")
    assert (first.told, second.told) == (["begins"], [])
    door.wait(second)
    assert first.told == second.told == ["begins", "changes", "changed"]


def test_one_that_is_refused_when_its_turn_comes_holds_up_nobody(door: Door) -> None:
    first, late, third = [door.ask("reload") for _ in range(3)]
    late.is_late = True
    assert "loaded" in door.wait(third)
    assert (late.answer, late.told) == ({"error": "late"}, ["begins"])
    assert "loaded" in first.answer


def test_of_a_storm_of_signals_those_that_are_one_too_many_are_dropped(door: Door) -> None:
    asked = [door.ask("reload", waits=False) for _ in range(4)]
    assert [each.is_dropped for each in asked] == [False, False, True, True]


def test_no_worker_is_forked_while_one_is_examined(door: Door) -> None:
    door.fleet.held.clear()
    door.wait(door.ask("diff"))
    assert door.fleet.held[0] is True
    assert door.fleet.held[-1] is False


def test_a_fault_of_ours_is_told_and_does_not_end_the_door(door: Door) -> None:
    def fail() -> Loaded:
        raise RuntimeError("a bug")

    door.now = fail
    answer = door.wait(door.ask("reload"))
    assert "RuntimeError: a bug" in answer["error"]
    assert "this is a fault of Porch; nothing was changed." in door.said
    door.now = door.load
    assert "loaded" in door.wait(door.ask("reload"))


def test_a_fault_when_it_is_tried_again_ends_it_and_the_next_one_begins(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "AGAIN", 0.01)
    tries: list[object] = []

    def fail(*_: object) -> None:
        tries.append(None)
        if len(tries) == 2:
            raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(door.in_force, "change", fail)
        first = door.ask("reload")
        assert "this is a fault of Porch; nothing was changed." in door.wait(first)["error"]
    assert "loaded" in door.wait(door.ask("reload"))


def test_a_fault_when_it_comes_into_force_ends_it_and_the_next_one_begins(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Process(1, 0, 1, None, -1)
    door.fleet.slots = door.fleet.serving = [worker]

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    first = door.ask("reload")
    door.loop.after(0.2, door.loop.stop)
    door.loop.run()
    with monkeypatch.context() as patch:
        patch.setattr(door.in_force, "take", fail)
        for word in ("prepared", "committed"):
            door.changes.on_message(worker, Message(word, None, ()))
    assert "RuntimeError: a bug" in first.answer["error"]
    assert "it may be in force in part: porch status tells what runs" in first.answer["error"]
    door.fleet.serving = []
    assert "loaded" in door.wait(door.ask("reload"))


def test_a_fault_at_the_end_of_a_trial_ends_it_and_the_next_one_begins(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(changes, "Trial", FakeTrial)
    monkeypatch.setattr(door.changes, "_become", fail)
    assert "RuntimeError: a bug" in door.wait(door.ask("upgrade"))["error"]
    assert "loaded" in door.wait(door.ask("reload"))


def test_a_rollback_goes_to_the_one_before_and_says_if_there_is_none(door: Door) -> None:
    assert "no earlier configuration" in door.wait(door.ask("rollback"))["error"]
    door.words["routes"] = {"b.test": "b:1"}
    door.wait(door.ask("reload"))
    door.wait(door.ask("rollback"))
    assert "back to" in door.said


def test_a_rollback_says_whom_it_lets_in_at_the_admin_door_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANN", "a" * 32)
    monkeypatch.setenv("BOB", "b" * 32)
    tokens = {"ann": "${ANN}", "bob": "${BOB}"}
    door.words["admin"] = {"listen": "127.0.0.1:0", "tokens": tokens}
    assert door.wait(door.ask("reload"))["warnings"] == []
    assert door.wait(door.ask("reload"))["warnings"] == []
    candidate = door.in_force.candidate
    assert candidate.admin is not None
    candidate.admin = replace(candidate.admin, keys=candidate.admin.keys[:1])
    answer = door.wait(door.ask("rollback"))
    assert answer["warnings"] == ["let in at the admin door again, as it was then: bob"]


def test_a_rollback_behind_a_reload_leads_to_what_ran_before_that(door: Door) -> None:
    for name in ("b", "c"):
        door.words["routes"] = {f"{name}.test": "b:1"}
        reload = door.ask("reload")
    rollback = door.ask("rollback")
    door.wait(reload)
    door.wait(rollback)
    assert [each.key for each in door.in_force.candidate.loaded.routes] == ["c.test"]


def test_a_storm_of_signals_is_one_change_behind_the_one_that_runs(door: Door) -> None:
    loads: list[int] = []

    def count() -> Loaded:
        loads.append(1)
        return door.load()

    door.now = count
    for _ in range(1000):
        door.ask("reload", waits=False)
    door.wait(door.ask("diff"))
    assert len(loads) == 3  # the first, one for all others, and the diff


class FakeTrial:
    """A new version that would serve."""

    pid = 0

    def __init__(self, loop: Loop, held: object, on_end: Callable[[str], None]) -> None:
        loop.after(0.01, lambda: on_end(""))


def test_who_waits_behind_an_upgrade_is_told_to_ask_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "Trial", FakeTrial)
    door.ask("upgrade", waits=False)
    waiting = door.ask("reload")
    door.loop.run()
    assert "ask again" in door.wait(waiting)["error"]


def test_what_a_reload_cannot_change_is_refused_with_the_way_out(door: Door) -> None:
    door.words["workers"] = 500
    assert "workers = 500: a door that was started with" in door.wait(door.ask("reload"))["error"]
    assert door.in_force.was_refused
    door.words |= {"workers": 1, "user": "nobody"}
    assert "user and group" in door.wait(door.ask("reload"))["error"]


def test_a_stop_answers_all_that_waits_while_one_is_examined(door: Door) -> None:
    running, waiting = door.ask("reload"), door.ask("reload")
    door.loop.after(0, lambda: None)
    door.changes.close()
    later = door.ask("reload")
    for each in (running, waiting, later):
        assert "the door is stopping" in door.wait(each)["error"]
    door.loop.after(0.1, door.loop.stop)
    door.loop.run()  # what was examined is over meanwhile, and nothing comes of it
    assert "loaded again" not in door.said


def test_a_stop_gives_up_what_a_worker_has_not_built(door: Door) -> None:
    worker = Process(1, 0, 1, None, -1)
    door.fleet.slots = door.fleet.serving = [worker]
    door.words["listen"] = ["127.0.0.1:0", "[::1]:0"]
    question = door.ask("reload")
    door.loop.after(0.2, door.loop.stop)
    door.loop.run()
    assert question.answer == {}
    assert len(door.in_force.listening.sockets) == 2
    door.changes.close()
    door.changes.on_gone(worker)
    assert "the door is stopping" in question.answer["error"]
    assert len(door.in_force.listening.sockets) == 1
