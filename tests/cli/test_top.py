"""`porch top`: what has happened between two looks."""

import json
from typing import Any

import pytest

from porch.cli import top
from porch.cli.top import MORE, fitting, lines, show_top, summary
from porch.errors import ConnectionRefused, NoSite
from porch.manage.tables import Tables
from porch.observe.ended import Batch
from porch.observe.meter import Meter
from tests.manage.test_looking import asked
from tests.support.ended import ended

STATUS = {
    "workers": [{"connections": 3, "running": 1}, {"connections": None, "running": None}],
    "upstreams": [
        {"pool": "p", "endpoint": "a:1", "state": "up", "out_since": None},
        {"pool": "p", "endpoint": "b:1", "state": "out since 12:03:11: x", "out_since": "12"},
    ],
}


class Watched:
    """What a door of one worker would answer."""

    def __init__(self) -> None:
        self.tables = Tables.of(2, 1024)
        self.meter = Meter(self.tables.series.row(1))
        self.recent = self.tables.recent.row(1, 1)
        self.at = 100.0

    def end(self, *exchanges: Any) -> None:
        self.meter.take(Batch(exchanges))
        self.meter.flush()
        self.recent.take(Batch(exchanges))

    def answer(self, config: Any, command: str, words: Any = None, *_: Any) -> Any:
        if command == "status":
            return STATUS
        found = asked(self.tables, command, **(words or {}))
        return found | {"at": self.at} if command == "totals" else found


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    made = Watched()
    monkeypatch.setattr(top, "answer_of", made.answer)
    return made


def between(watched: Watched, *exchanges: Any, seconds: float = 2.0) -> dict[str, Any]:
    before = top._look(Any, None)  # type: ignore[arg-type]
    assert before is not None
    watched.at += seconds
    watched.end(*exchanges)
    after = top._look(Any, before["marks"])  # type: ignore[arg-type]
    assert after is not None
    return summary(before, after)


def test_only_what_ended_between_the_looks_counts(watched: Watched) -> None:
    watched.end(*[ended(route="old") for _ in range(50)])
    found = between(watched, *[ended(route="a") for _ in range(10)], ended(route="b", status=500))
    assert found["seconds"] == 2.0
    assert found["all"]["per_second"] == 5.5
    assert [(row["name"], row["per_second"], row["failed"]) for row in found["routes"]] == [
        ("a", 5.0, 0),
        ("b", 0.5, 1),
    ]
    assert found["endpoints"][0]["name"] == "10.0.0.11:8000"
    assert found["clients"] == [{"client": "192.0.2.7", "requests": 11}]
    assert (found["connections"], found["running"]) == (3, 1)


def test_times_are_within_their_buckets(watched: Watched) -> None:
    slow = ended()
    slow.ended = slow.started + 1.7
    found = between(watched, *[ended() for _ in range(9)], slow)
    row = found["all"]
    assert 0.01 <= row["p50"] <= 0.025
    assert 1.0 <= row["p99"] <= 2.5
    assert found["slowest"][0]["total_ms"] == pytest.approx(1700, rel=1e-3)
    endless = ended()
    endless.ended = endless.started + 100
    assert between(watched, endless)["all"]["p99"] == 10.0


def test_nothing_is_nothing_and_no_division_by_it(watched: Watched) -> None:
    found = between(watched, seconds=0.0)
    assert (found["all"], found["routes"], found["reasons"]) == (None, [], {})
    assert next(lines(found)).startswith("nothing in 0.0 s")


def test_the_text_names_routes_failures_and_who_is_out(watched: Watched) -> None:
    failed = ended(b"/x\x1b[2J", error=ConnectionRefused("x"), status=502, route="r\x1b")
    text = "\n".join(lines(between(watched, failed, ended())))
    assert "1 connection_refused" in text
    assert "p: b:1 is out since 12:03:11: x" in text
    assert "1 (100.0%)" in text
    assert not any(ord(each) < 32 and each != "\n" for each in text)


def test_once_prints_one_look_for_programs(
    watched: Watched, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    def sleep(seconds: float) -> None:
        assert seconds == 1.5
        watched.at += seconds
        watched.end(ended())

    assert show_top(tmp_path, 1.5, once=True, as_json=True, sleep=sleep) == 0
    assert json.loads(capsys.readouterr().out)["routes"][0]["name"] == "example.com/*"


def test_a_door_that_is_not_there_is_a_reason_and_1(tmp_path: Any, capsys: Any) -> None:
    assert show_top(tmp_path / "porch.toml", 1.0, once=True, as_json=False) == 1
    assert "does not exist" in capsys.readouterr().err


def test_failures_of_an_endpoint_are_its_attempts_that_failed_whoever_answered(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def status(requests: int, failed: int) -> dict[str, Any]:
        counts = {"requests": requests, "failed": failed, "out_since": None, "state": "up"}
        return STATUS | {"upstreams": [{"pool": "p", "endpoint": "dead:1", **counts}]}

    told = iter([status(10, 1), status(14, 4)])
    answer = watched.answer
    monkeypatch.setattr(
        top,
        "answer_of",
        lambda config, name, *rest: next(told) if name == "status" else answer(config, name, *rest),
    )
    rows = {row["name"]: row for row in between(watched, ended())["endpoints"]}
    assert (rows["dead:1"]["failed"], rows["dead:1"]["share_failed"]) == (3, 0.75)
    assert rows["10.0.0.11:8000"]["failed"] == 0


def test_what_is_shown_over_and_over_fits_its_window() -> None:
    found = ["a" * 30, "b", "c"]
    assert fitting(found, 80, 3) == "\n".join(found)
    assert fitting(found, 10, 2).split("\n") == ["a" * 10, MORE[:10]]
    assert fitting(found, 80, 2).split("\n") == ["a" * 30, MORE]


def test_what_is_refused_is_no_failure(watched: Watched) -> None:
    lost = ended(error=NoSite("x"), status=404, route="no-site", endpoint=None)
    failed = ended(error=ConnectionRefused("x"), status=502)
    found = between(watched, lost, lost, failed)
    assert found["all"]["failed"] == sum(found["reasons"].values()) == 1
    assert found["refused"] == {"no-site": 2}
    assert "refused: 2 no-site" in [*lines(found)]
