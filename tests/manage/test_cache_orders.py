"""The commands about the cache: workers that are not there, and a table that is."""

from typing import Any

import pytest

from porch.cache.counts import FORWARDED, HIT
from porch.cache.named import Named
from porch.config.load import load_mapping
from porch.manage.asking import Silent
from porch.manage.cache_orders import NO_CACHE, NO_WORKER, CacheOrders
from porch.manage.candidate import Candidate
from porch.manage.columns import CACHE
from porch.manage.in_force import InForce
from porch.manage.listening import Listening


class FakeAsking:
    """One word at a time; `answer` says what comes of it."""

    waited_for = ("first", "second")

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.then: Any = None

    def tell(self, word: str, data: object, then: Any, *, only: Any = None) -> None:
        self.told.append((word, data, only))
        self.then = then

    def answer(self, *answers: object) -> None:
        self.then([*answers])


class FakeQuestion:
    def __init__(self, words: dict[str, object]) -> None:
        self.words = words
        self.answer: dict[str, Any] = {}

    def reply(self, answer: dict[str, Any], status: int = 0) -> None:
        assert not self.answer, "answered twice"
        self.answer = answer


class Bench:
    def __init__(self, **words: Any) -> None:
        data = {"routes": {"a.test": {"to": "a:1"}}, "listen": ":80", "log": False} | words
        candidate = Candidate.examine(load_mapping(data, "porch.toml"))
        assert candidate is not None
        self.asking: Any = FakeAsking()
        self.in_force = InForce(candidate, Listening(), {})
        self.orders = CacheOrders(self.asking, self.in_force)

    def ask(self, command: str, **words: object) -> Any:
        question: Any = FakeQuestion(words)
        self.orders.commands[command](question)
        return question


@pytest.fixture
def bench() -> Bench:
    return Bench(cache=True)


def test_who_purges_is_answered_when_all_workers_have(bench: Bench) -> None:
    question = bench.ask("purge", urls=["https://a.test/x/*"], tags=["post-1"], soft=True)
    named = [Named("prefix", b"https://a.test/x/"), Named("tag", b"post-1")]
    assert bench.asking.told == [("purge", (named, True), None)]
    assert question.answer == {}
    bench.asking.answer({}, {})
    assert question.answer == {"purged softly": ["https://a.test/x/*", "tag post-1"]}


def test_everything_is_purged_by_name_alone(bench: Bench) -> None:
    question = bench.ask("purge", all=True, hosts=["A.test"])
    bench.asking.answer({})
    assert question.answer == {"purged": ["host a.test", "everything"]}


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        (({}, {"error": "no store"}), "porch: nothing was purged: no store"),
        ((), NO_WORKER),
    ],
)
def test_what_was_not_purged_everywhere_is_an_error(
    bench: Bench, answers: tuple[object, ...], error: str
) -> None:
    question = bench.ask("purge", all=True)
    bench.asking.answer(*answers)
    assert question.answer == {"error": error}


@pytest.mark.parametrize("store", [{}, {"memory": True}])
def test_who_has_not_confirmed_a_purge_is_named(store: dict[str, object]) -> None:
    bench = Bench(cache=True, cache_store=store)
    question = bench.ask("purge", all=True)
    bench.asking.answer({}, Silent(7), Silent(9))
    assert question.answer["purged"] == ["everything"]
    assert question.answer["silent"].startswith("worker 7, 9 has not confirmed it")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({}, "nothing is named"),
        ({"all": "yes"}, "nothing is named"),
        ({"urls": "https://a.test/"}, "'urls' is a list"),
        ({"tags": [1]}, "'tags' is a list"),
        ({"urls": ["/x"]}, "'/x' is not a URL"),
        ({"hosts": ["*.a.test"], "all": True}, "without a *"),
    ],
)
def test_what_names_nothing_purges_nothing(
    bench: Bench, words: dict[str, object], why: str
) -> None:
    assert why in bench.ask("purge", **words).answer["error"]
    assert bench.asking.told == []


@pytest.mark.parametrize("command", ["purge", "cache"])
def test_a_door_that_keeps_nothing_says_how_to(command: str) -> None:
    bench = Bench()
    assert bench.ask(command, all=True).answer == {"error": NO_CACHE}
    assert Bench(routes={"a.test": {"to": "a:1", "cache": "1h"}}).ask(command).answer != {
        "error": NO_CACHE
    }


def test_counts_are_summed_over_workers_and_one_tells_of_the_disk(
    bench: Bench, tmp_path: Any
) -> None:
    table = bench.in_force.table
    table.use(2)
    for row in (1, 2):
        table.rows[row][CACHE + HIT] = 3
        table.rows[row][CACHE + FORWARDED["uri-miss"]] = 1
    question = bench.ask("cache")
    assert bench.asking.told == [("cache", 20, ("first",))]
    bench.asking.answer({"store": {"size": 10, "objects": 2}, "top": [("http://a.test/", 9)]})
    answer = question.answer
    assert (answer["requests"], answer["ratio"], answer["hits"]) == (8, 0.75, 6)
    assert answer["forwarded"] == {"uri-miss": 2}
    assert answer["store"] == {"size": 10, "objects": 2}
    assert answer["top"] == [{"url": "http://a.test/", "served": 9}]
    assert answer["trouble"] is None
    assert isinstance(answer["folder"], str)


def test_stores_in_memory_are_summed_over_workers() -> None:
    bench = Bench(cache=True, cache_store={"memory": True})
    question = bench.ask("cache")
    assert bench.asking.told == [("cache", 20, None)]
    one = {"store": {"size": 10}, "top": [("http://a.test/", 2), ("http://a.test/b", 3)]}
    bench.asking.answer(one, {"store": {"size": 5}, "top": [("http://a.test/", 2)]})
    assert question.answer["store"] == {"size": 15}
    assert [each["served"] for each in question.answer["top"]] == [4, 3]
    assert question.answer["folder"] is None


def test_trouble_is_told_beside_what_is_known(bench: Bench) -> None:
    question = bench.ask("cache")
    bench.asking.answer({"error": "no store"})
    assert (question.answer["store"], question.answer["trouble"]) == (None, "no store")
    question = bench.ask("cache")
    bench.asking.answer()
    assert question.answer["trouble"] == NO_WORKER


def test_what_is_stored_under_a_key_is_asked_of_one_or_of_each_who_has_a_store() -> None:
    bench = Bench(cache=True)
    question = bench.ask("kept", primary="00ff")
    assert bench.asking.told == [("kept", b"\x00\xff", ("first",))]
    bench.asking.answer({"now": 1.0, "kept": []})
    assert question.answer == {"now": 1.0, "kept": []}
    bench = Bench(cache=True, cache_store={"memory": True})
    question = bench.ask("kept", primary="00ff")
    assert bench.asking.told == [("kept", b"\x00\xff", None)]
    bench.asking.answer({"now": 1.0, "kept": []}, {"error": "no"}, {"now": 2.0, "kept": ["x"]})
    assert question.answer == {"now": 2.0, "kept": ["x"]}
    question = bench.ask("kept", primary="00ff")
    bench.asking.answer({"error": "no"})
    assert question.answer == {"error": NO_WORKER}


@pytest.mark.parametrize("primary", [None, 7, "", "0", "zz", "00" * 65])
def test_what_is_no_key_is_refused(bench: Bench, primary: object) -> None:
    assert "hexadecimal" in bench.ask("kept", primary=primary).answer["error"]
    assert bench.asking.told == []
