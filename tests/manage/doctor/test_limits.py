"""What the system grants, as files of the test's own tell it."""

import os
from pathlib import Path
from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.manage.doctor.limits import check_cores, check_descriptors, check_memory, check_queue
from porch.manage.doctor.patient import Patient


def patient(root: Path, words: dict[str, Any] | None = None, **status: Any) -> Patient:
    loaded = load_mapping({"routes": {"*": ":1"}, **(words or {})})
    assert loaded.ok
    return Patient(config=Path("p"), loaded=loaded, root=root, status=status or None)


def write(root: Path, name: str, text: str) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def limits(root: Path, number: str) -> None:
    write(root, "proc/7/limits", f"Limit  Soft  Hard  Units\nMax open files   {number}  9  files\n")


def running(connections: int) -> dict[str, Any]:
    return {"pid": 7, "workers": [{"pid": 8, "connections": connections}]}


@pytest.mark.parametrize(
    ("limit", "connections", "said", "text"),
    [
        ("20000", 3, "ok", "18976 clients at once"),
        ("unlimited", 3, "ok", "any number"),
        ("1024", 3, "look", "may open 1024, which are 768 clients; raise it"),
        ("1024", 700, "wrong", "has 700 clients and may have 768"),
    ],
)
def test_descriptors_are_those_of_the_door_that_runs(
    tmp_path: Path, limit: str, connections: int, said: str, text: str
) -> None:
    limits(tmp_path, limit)
    (found,) = check_descriptors(patient(tmp_path, **running(connections)))
    assert found.said == said
    assert text in found.sentence


def test_more_connections_than_descriptors_are_wrong(tmp_path: Path) -> None:
    limits(tmp_path, "1024")
    words = {"connections": {"most": 4000}, "workers": 2}
    (found,) = check_descriptors(patient(tmp_path, words, **running(0)))
    assert found.said == "wrong"
    assert "connections.most = 4000 are 2000 a worker" in found.sentence


def test_without_a_door_it_is_the_limit_of_who_asks(tmp_path: Path) -> None:
    (found,) = check_descriptors(patient(tmp_path))
    assert found.check == "open files"


@pytest.mark.parametrize(("text", "said"), [("4096\n", "ok"), ("128\n", "look"), ("", "ok")])
def test_the_queue_is_the_systems(tmp_path: Path, text: str, said: str) -> None:
    if text:
        write(tmp_path, "proc/sys/net/core/somaxconn", text)
    (found,) = check_queue(patient(tmp_path))
    assert found.said == said
    assert said == "ok" or "sysctl -w net.core.somaxconn=4096" in found.sentence


def test_workers_are_as_many_as_cores(tmp_path: Path) -> None:
    there = len(os.sched_getaffinity(0))
    (found,) = check_cores(patient(tmp_path))
    assert (found.said, f"for {there} core" in found.sentence) == ("ok", True)
    (found,) = check_cores(patient(tmp_path, {"workers": there + 3}))
    assert (found.said, "take turns" in found.sentence) == ("look", True)
    (found,) = check_cores(Patient(config=Path("p"), root=tmp_path))
    assert found.said == "ok"


def test_a_control_group_has_fewer_cores(tmp_path: Path) -> None:
    write(tmp_path, "proc/self/cgroup", "0::/a\n")
    write(tmp_path, "sys/fs/cgroup/a/cpu.max", "50000 100000")
    (found,) = check_cores(patient(tmp_path, {"workers": 2}))
    assert found.said == "look"
    assert "2 workers for 1 core:" in found.sentence


def group(root: Path, bound: str, used: int, killed: int = 0) -> None:
    write(root, "proc/self/cgroup", "0::/a/b\n")
    write(root, "sys/fs/cgroup/a/memory.max", bound)
    write(root, "sys/fs/cgroup/a/memory.current", str(used))
    write(root, "sys/fs/cgroup/a/memory.events", f"high 0\noom 0\noom_kill {killed}\n")
    write(root, "sys/fs/cgroup/a/b/memory.max", "max\n")
    write(root, "sys/fs/cgroup/a/b/memory.current", "1")


def test_memory_of_a_control_group_is_the_narrowest_on_the_way_up(tmp_path: Path) -> None:
    group(tmp_path, "1000000000", 300_000_000)
    (found,) = check_memory(patient(tmp_path, {"workers": 1}))
    assert (found.said, found.sentence) == (
        "ok",
        "300 MB of 1.0 GB of the control group are in use",
    )


def test_a_group_that_is_too_small_for_what_is_wanted_is_wrong(tmp_path: Path) -> None:
    group(tmp_path, "100000000", 1)
    cached = {"workers": 2, "cache_store": {"memory": True, "size": "64MB"}}
    (found,) = check_memory(patient(tmp_path, cached))
    assert found.said == "wrong"
    assert "2 workers with their memory for the cache take about" in found.sentence
    assert "the control group has 100 MB" in found.sentence


def test_a_group_that_is_nearly_full_is_to_be_looked_at(tmp_path: Path) -> None:
    group(tmp_path, "1000000000", 900_000_000, killed=2)
    first, second = check_memory(patient(tmp_path, {"workers": 1}))
    assert "killed 2 processes" in first.sentence
    assert (second.said, "900 MB of the 1.0 GB" in second.sentence) == ("look", True)


def test_without_a_group_it_is_the_machines(tmp_path: Path) -> None:
    write(tmp_path, "proc/meminfo", "MemTotal: 9\nMemAvailable: 100000 kB\n")
    (found,) = check_memory(patient(tmp_path, {"workers": 1}))
    assert (found.said, "102 MB are free" in found.sentence) == ("ok", True)
    (found,) = check_memory(patient(tmp_path, {"workers": 9}))
    assert found.said == "wrong"
    assert "lower workers" in found.sentence


def test_a_door_that_is_swapped_out_is_to_be_looked_at(tmp_path: Path) -> None:
    write(tmp_path, "proc/8/status", "Name: porch\nVmSwap:\t   50000 kB\n")
    first, _ = check_memory(patient(tmp_path, **running(0)))
    assert (first.said, "51 MB of the door are swapped out" in first.sentence) == ("look", True)
