"""Doors that run badly, by what they say of themselves."""

from pathlib import Path
from typing import Any

from porch.config.check import examine
from porch.config.load import load
from porch.config.snapshot import Snapshot
from porch.config.state import State
from porch.manage.doctor.door import check_changes, check_endpoints, check_workers
from porch.manage.doctor.patient import Patient

T0, T1, T2 = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "2026-01-01T09:00:00Z"


def worker(pid: int, state: str = "serving", since: str = T1) -> dict[str, Any]:
    return {"pid": pid, "state": state, "since": since}


def door(*workers: dict[str, Any], **more: Any) -> Patient:
    status = {
        "pid": 7,
        "since": T0,
        "configuration": {"loaded": T0, "hash": "abc", "refused": False},
        "workers": workers or (worker(8),),
        "upstreams": [],
        "discovery": [],
        **more,
    }
    return Patient(config=Path("p.toml"), status=status)


def test_a_door_with_all_its_workers_is_fine() -> None:
    (found,) = check_workers(door(worker(8), worker(9)))
    assert (found.said, "process 7, 2 workers" in found.sentence) == ("ok", True)


def test_no_door_is_to_be_looked_at() -> None:
    (found,) = check_workers(Patient(config=Path("p.toml")))
    assert (found.said, "porch run p.toml" in found.sentence) == ("look", True)


def test_a_worker_that_hangs_is_wrong() -> None:
    (found,) = check_workers(door(worker(8, "hanging for 5 s"), worker(9)))
    assert (found.said, "worker 8 is hanging for 5 s" in found.sentence) == ("wrong", True)


def test_a_door_without_a_worker_is_wrong() -> None:
    (found,) = check_workers(door(worker(8, "starting")))
    assert (found.said, "no worker serves" in found.sentence) == ("wrong", True)


def test_a_worker_that_is_younger_than_the_configuration_took_anothers_place() -> None:
    (found,) = check_workers(door(worker(8), worker(9, since=T2)))
    assert found.said == "look"
    assert f"1 of 2 workers took the place of others, the last at {T2}" in found.sentence


def test_a_refused_reload_is_wrong() -> None:
    patient = door(configuration={"loaded": T0, "hash": "abc", "refused": True})
    (found,) = check_changes(patient)
    assert (found.said, "porch check" in found.sentence) == ("wrong", True)


def test_a_file_that_is_not_what_runs_wants_a_reload(tmp_path: Path) -> None:
    file = tmp_path / "porch.toml"
    file.write_text('listen = ":0"\n[routes]\n"*" = ":1"\n')
    loaded = load(file)
    built = examine(loaded, State())
    assert built is not None
    for hashed, said in ((Snapshot.of(loaded).short, "ok"), ("abc", "look")):
        status = {"configuration": {"loaded": T0, "hash": hashed, "refused": False}}
        (found,) = check_changes(Patient(config=file, loaded=loaded, built=built, status=status))
        assert found.said == said
        assert said == "ok" or "porch reload --diff" in found.sentence


def endpoint(pool: str, name: str, state: str = "up") -> dict[str, Any]:
    return {"pool": pool, "endpoint": name, "state": state}


def test_an_endpoint_that_is_out_is_worse_where_nobody_else_answers() -> None:
    out = "out since 12:03:11: connection refused"
    first, second = check_endpoints(
        door(upstreams=[endpoint("a", "a:1", out), endpoint("a", "a:2"), endpoint("b", "b:1", out)])
    )
    assert (first.said, first.sentence.startswith("a:1 of a is out since")) == ("look", True)
    assert (second.said, second.sentence.startswith("b:1 of b is out since")) == ("wrong", True)


def test_of_many_that_are_out_some_are_told() -> None:
    out = [endpoint("a", f"a:{number}", "out since then") for number in range(30)]
    *_, last = check_endpoints(door(upstreams=out))
    assert last.sentence.startswith("20 more are out")


def test_a_source_in_trouble_is_told() -> None:
    trouble = {"source": "dns:x:1", "trouble": "no answer"}
    first, _ = check_endpoints(door(discovery=[trouble]))
    assert (first.said, "no answer" in first.sentence) == ("look", True)


def test_without_a_door_nothing_is_said_of_what_runs() -> None:
    none = Patient(config=Path("p"))
    assert [*check_changes(none), *check_endpoints(none)] == []
