"""What explain says of the door that runs, as text."""

from pathlib import Path
from typing import Any

import pytest

from porch.cli import explain_running as module
from porch.cli.explain_running import Door, running_lines
from porch.config.load import load_mapping
from porch.config.snapshot import Snapshot
from porch.manage.control.client import NotRunning
from porch.route.route import Route

HERE = Path("porch.toml")
SNAPSHOT = Snapshot.of(load_mapping({"routes": {"a.test": "a:1"}}, "porch.toml"))


def endpoint(name: str, *why: str, running: int = 0) -> dict[str, Any]:
    return {"endpoint": name, "running": running, "why": [*why]}


def pool(first: list[str], *endpoints: dict[str, Any], **more: Any) -> dict[str, Any]:
    found = {"pool": "api", "manner": "least-requests", "sticky": None, "first": first, "more": 0}
    return {**found, "endpoints": [*endpoints], **more}


def worker(pid: int, *pools: dict[str, Any], **more: Any) -> dict[str, Any]:
    found = {"pid": pid, "route": "a.test", "where": "porch.toml:3", "room": [], "canary": None}
    return {**found, "pools": [*pools], **more}


def lines(*workers: dict[str, Any], route: str = "a.test", **more: Any) -> list[str]:
    told = {"pid": 1, "hash": SNAPSHOT.short, "loaded": "2026", "refused": False, "orders": []}
    door = Door({**told, "workers": [*workers], "silent": [], **more})
    return [*running_lines(door, SNAPSHOT, Route(key=route))]


def test_what_all_workers_say_is_said_once() -> None:
    one = pool(["a:1"], endpoint("a:1", running=3), endpoint("a:2", "out since 12:03:11: drained"))
    assert lines(worker(7, one), worker(9, one)) == [
        "door      process 1 runs, 2 workers asked",
        "asks      a:1 of pool api (least-requests)",
        "endpoint  a:1 may get it: in rotation; 3 under way",
        "endpoint  a:2 does not: out since 12:03:11: drained; 0 under way",
    ]


def test_where_workers_differ_each_is_named() -> None:
    one = pool(["a:1"], endpoint("a:1"), endpoint("a:2", "slow start: 40% of its weight"))
    two = pool(["a:2"], endpoint("a:1"), endpoint("a:2"))
    assert lines(worker(7, one), worker(9, two))[1:] == [
        "asks      of pool api each worker its own (least-requests):",
        "          a:1 in worker 7",
        "          a:2 in worker 9",
        "endpoint  a:1 may get it: in rotation; 0 under way",
        "endpoint  a:2 may get it: slow start: 40% of its weight (worker 7); in rotation "
        "(worker 9); 0 under way",
    ]


def test_who_is_drawn_and_nobody() -> None:
    many = [f"a:{number}" for number in range(10)]
    assert "one of a:0, a:1" in lines(worker(7, pool(many)))[1]
    assert lines(worker(7, pool(many)))[1].endswith("a:7 and 2 more of pool api (least-requests)")
    assert "nobody: all are out of pool api" in lines(worker(7, pool([])))[1]
    assert lines(worker(7, pool([], more=3)))[-1].endswith(
        "and 3 more endpoints; porch status shows them"
    )


def test_an_older_file_and_a_worker_that_says_nothing() -> None:
    found = lines(worker(7), hash="other", refused=True, silent=[8])
    assert found[1].startswith("older     the door runs an older file, loaded 2026; its last")
    assert "porch reload" in found[1]
    assert found[2] == "silent    worker 8 has not answered in time"


def test_another_route_than_the_file_has() -> None:
    (line,) = [each for each in lines(worker(7), route="b.test") if each.startswith("takes")]
    assert line == 'takes     "a.test" porch.toml:3, not as the file says'
    assert not [each for each in lines(worker(7)) if each.startswith("takes")]


def test_rooms_refusals_and_canaries() -> None:
    pools = pool(["a:1"]), pool(["c:1"], pool="canary", manner="")
    found = lines(worker(7, *pools, room=["2 of 3 requests under way, 0 of 100 wait"], drawn=True))
    assert "room      2 of 3 requests under way, 0 of 100 wait" in found
    assert "or        c:1 of pool canary" in found
    goes = lines(worker(7, *pools, canary="this request goes there"))
    assert "canary    this request goes there" in goes
    assert "then      c:1 of pool canary" in goes
    refused = lines({"pid": 7, "refused": "400 no path"}, {"pid": 9, "refused": "400 no path"})
    assert "refused   400 no path" in refused


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (NotRunning("none"), "no door runs with porch.toml: this is what the file says"),
        (OSError("timed out"), "the door does not answer (timed out): this is what the file says"),
        ({"error": "porch: not so"}, "the door says nothing of it (not so): "),
    ],
)
def test_a_door_that_says_nothing_is_said_to(
    monkeypatch: pytest.MonkeyPatch, answer: Any, why: str
) -> None:
    def ask(config: Path, command: str, words: object, patience: float) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(module, "ask", ask)
    door = Door.asked(HERE, {})
    assert (door.told, door.orders) == ({}, ())
    (line,) = running_lines(door, SNAPSHOT, None)
    assert line.startswith(f"door      {why}")
