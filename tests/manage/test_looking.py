"""What may be looked at of a running door."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from porch.errors import ConnectionRefused
from porch.manage.looking import MOST, PATIENCE, Looking
from porch.manage.tables import Tables
from porch.observe.ended import Batch
from porch.observe.meter import Meter
from tests.support.ended import ended


class Question:
    def __init__(self, **words: object) -> None:
        self.words = words
        self.answer: Any = None

    def reply(self, answer: object) -> None:
        self.answer = answer


class Workers:
    """put_away: done when they are told to."""

    def __init__(self, put_away: Callable[[], object] = lambda: None) -> None:
        self.waited_for = [SimpleNamespace(pid=1, missed=0), SimpleNamespace(pid=2, missed=3)]
        self.put_away = put_away
        self.told: list[Any] = []

    def tell(self, word: str, data: Any, then: Any, **how: Any) -> None:
        self.told.append((word, data, how))
        self.put_away()
        then([])


def asked(tables: Tables, command: str, **words: object) -> Any:
    in_force: Any = SimpleNamespace(tables=tables)
    question: Any = Question(**words)
    asking: Any = Workers()
    Looking(asking, in_force).commands[command](question)
    return question.answer


def named(target: bytes, name: bytes, **words: Any) -> Any:
    exchange = ended(target, **words)
    exchange.id = name
    return exchange


def test_what_ends_behind_the_marks_of_the_last_answer_is_told() -> None:
    tables = Tables.of(3, 1024)
    recent = tables.recent.row(1, 2)
    recent.take(Batch([ended(b"/before")]))
    first = asked(tables, "recent")
    assert (first["records"], first["left_out"], [*first["marks"]]) == ([], 0, ["1"])
    recent.take(Batch([ended(b"/behind")]))
    second = asked(tables, "recent", marks=first["marks"])
    assert [each["target"] for each in second["records"]] == ["/behind"]
    assert asked(tables, "recent", marks=second["marks"])["records"] == []


def test_of_too_many_the_newest_are_told_and_the_others_counted() -> None:
    tables = Tables.of(2, 1024)
    recent = tables.recent.row(1, 1)
    recent.take(Batch([ended(b"/%d" % number) for number in range(MOST + 5)]))
    answer = asked(tables, "recent", marks={})
    assert (len(answer["records"]), answer["left_out"]) == (MOST, 5)
    assert answer["records"][-1]["target"] == f"/{MOST + 4}"


def test_marks_of_no_use_are_none() -> None:
    tables = Tables.of(2, 1024)
    tables.recent.row(1, 1).take(Batch([ended(b"/a")]))
    for marks in ([], "x", {"x": 1}, {"1": "y"}, {"99": 3}, {"1" * 5000: 1}):
        assert len(asked(tables, "recent", marks=marks)["records"]) == 1


def test_an_exchange_is_found_by_its_id_and_the_latest_of_several() -> None:
    tables = Tables.of(2, 1024)
    recent = tables.recent.row(1, 1)
    recent.take(Batch([named(b"/first", b"a"), named(b"/other", b"b"), named(b"/second", b"a")]))
    assert asked(tables, "trace", id="a")["target"] == "/second"
    assert "no exchange 'c'" in asked(tables, "trace", id="c")["error"]
    assert "is an exchange's id" in asked(tables, "trace", id=7)["error"]
    assert "nothing has gone wrong" in asked(tables, "trace", id="last-error")["error"]


def test_one_that_went_wrong_is_told_with_all_that_is_known() -> None:
    tables = Tables.of(2, 1024)
    failed = named(b"/x", b"a", error=ConnectionRefused("refused"), status=502)
    tables.recent.row(1, 1).take(Batch([failed]))
    for wanted in ("a", "last-error"):
        assert asked(tables, "trace", id=wanted)["reason"] == "connection_refused"


def test_totals_are_told_by_name() -> None:
    tables = Tables.of(2, 1024)
    meter = Meter(tables.series.row(1))
    meter.take(Batch([ended()]))
    meter.flush()
    answer = asked(tables, "totals")
    (kind, route, endpoint, cells) = answer["series"][0]
    assert (kind, route, endpoint) == ("requests", "example.com/*", "10.0.0.11:8000")
    assert cells[2] == 1


def test_what_has_ended_is_written_before_it_is_looked_for_by_those_who_do_not_hang() -> None:
    tables = Tables.of(2, 1024)
    row = tables.recent.row(1, 1)
    failed = named(b"/x", b"late", error=ConnectionRefused("refused"), status=502)
    workers: Any = Workers(lambda: row.take(Batch([failed])))
    in_force: Any = SimpleNamespace(tables=tables)
    for wanted in ("late", "last-error"):
        question: Any = Question(id=wanted)
        Looking(workers, in_force).commands["trace"](question)
        assert question.answer["id"] == "late"
    (word, data, how), *_ = workers.told
    assert (word, data, [each.pid for each in how["only"]]) == ("put-away", None, [1])
    assert (how["patience"], how["is_order"]) == (PATIENCE, False)
