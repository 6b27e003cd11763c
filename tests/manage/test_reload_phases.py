"""Two phases: all have built it before any has it in force."""

from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.manage.channel import Message
from porch.manage.columns import COLUMNS, Columns
from porch.manage.listening import Listening
from porch.manage.process import Process
from porch.manage.prospect import Prospect, examined
from porch.manage.reload import Reload
from porch.shared import SharedTable


class FakeFleet:
    """Keeps what its workers are told."""

    def __init__(self, count: int) -> None:
        self.slots: list[Any] = [Process(1, slot, slot + 1, None, -1) for slot in range(count)]
        self.serving = list(self.slots)
        self.told: list[tuple[int, str]] = []

    def hold(self, *, holds: bool) -> None:
        self.told.append((-1, f"hold {holds}"))

    def tell(self, processes: list[Any], word: str) -> None:
        self.told += [(each.slot, word) for each in processes]

    def tell_one(self, process: Any, word: str, data: object, descriptors: list[int]) -> None:
        self.told.append((process.slot, f"{word} {len(descriptors)}"))


class Bench:
    def __init__(self, count: int = 2) -> None:
        words = {"listen": ["127.0.0.1:0"], "routes": {"*": "a:1"}, "workers": count}
        prospect = examined(lambda: load_mapping(words), (), Columns(SharedTable(2, COLUMNS)))
        assert isinstance(prospect, Prospect)
        self.fleet = FakeFleet(count)
        self.listening = Listening()
        self.ended: list[str] = []
        fleet: Any = self.fleet
        self.job = Reload(fleet, self.listening, prospect, {}, self.ended.append)
        self.job.start()

    def hear(self, slot: int, word: str, data: object = None) -> None:
        self.job.on_message(self.fleet.slots[slot], Message(word, data, ()))

    def die(self, slot: int) -> None:
        self.fleet.serving.remove(self.fleet.slots[slot])
        self.job.on_gone(self.fleet.slots[slot])


@pytest.fixture
def bench() -> Any:
    made = Bench()
    yield made
    made.listening.close_all()


def test_nobody_commits_before_all_have_built_it(bench: Bench) -> None:
    assert bench.fleet.told == [(-1, "hold True"), (0, "prepare 2"), (1, "prepare 2")]
    bench.hear(0, "prepared")
    assert bench.fleet.told[3:] == []
    bench.hear(1, "prepared")
    assert bench.fleet.told[3:] == [(0, "commit"), (1, "commit")]
    bench.hear(1, "committed")
    assert bench.ended == []
    bench.hear(0, "committed")
    assert bench.ended == [""]


def test_one_refusal_has_all_forget_it(bench: Bench) -> None:
    bench.hear(0, "prepared")
    bench.hear(1, "refused", "no room")
    assert bench.fleet.told[3:] == [(0, "forget"), (1, "forget")]
    assert bench.ended == ["no room"]
    bench.hear(0, "prepared")
    assert bench.ended == ["no room"]


@pytest.mark.parametrize("first", ["prepared", "committed"])
def test_who_dies_is_not_waited_for(bench: Bench, first: str) -> None:
    bench.hear(0, "prepared")
    if first == "committed":
        bench.hear(1, "prepared")
        bench.hear(0, "committed")
    bench.die(1)
    if first == "prepared":
        bench.hear(0, "committed")
    assert bench.ended == [""]
