"""What the observer is told."""

import pickle
from types import SimpleNamespace
from typing import Any

from porch.balance.endpoint import Out
from porch.config.load import load_mapping
from porch.manage.candidate import Candidate
from porch.manage.facts import facts
from porch.manage.in_force import InForce
from porch.manage.listening import Listening
from porch.manage.process import Process


def door(**words: Any) -> Any:
    loaded = load_mapping({"listen": ":80", "routes": {"*": ["a:1", "b:1"]}} | words)
    candidate = Candidate.examine(loaded)
    assert candidate is not None, loaded.report()
    process = Process(4711, 0, 1, None, -1)
    process.is_ready = True
    return SimpleNamespace(
        in_force=InForce(candidate, Listening(), {}),
        fleet=SimpleNamespace(all=[process], serving=[process]),
        version="1",
        since=1000.0,
        is_stopping=False,
        certificate_ends={"a.test": 2000.0},
        operating=SimpleNamespace(revision='"1-0"'),
        auditing=SimpleNamespace(lost=0),
    )


def test_it_is_all_that_shared_memory_does_not_tell_and_can_be_sent() -> None:
    found = pickle.loads(pickle.dumps(facts(door())))
    assert (found.version, found.since, found.trouble) == ("1", 1000.0, "")
    assert [(pool, name, is_up) for pool, name, _, is_up, _ in found.endpoints] == [
        ("*", "a:1", True),
        ("*", "b:1", True),
    ]
    assert len({column for _, _, column, _, _ in found.endpoints}) == 2
    (worker,) = found.workers
    assert (worker.slot, worker.pid, worker.row, worker.is_ready) == (0, 4711, 1, True)
    assert found.ends == {"a.test": 2000.0}


def test_an_endpoint_that_is_out_is_not_up_and_a_limit_is_told_apart() -> None:
    made = door(limit="10/min per client")
    made.in_force.standings.note((("*", "b:1"), "refused", Out("dns_error", 1.8e9)))
    found = [(name, kind, is_up) for _, name, _, is_up, kind in facts(made).endpoints]
    assert ("a:1", "endpoint", True) in found
    assert ("b:1", "endpoint", False) in found
    assert [kind for _, kind, _ in found if kind != "endpoint"] == ["limit"]


def test_new_requests_are_not_welcome_where_nobody_can_serve_them() -> None:
    made = door()
    (process,) = made.fleet.serving
    process.missed = 5
    assert facts(made).trouble == "all workers hang"
    process.is_ready = False
    assert facts(made).trouble == "no worker serves"
    made.is_stopping = True
    assert facts(made).trouble == "the door is stopping"


def test_one_that_leaves_has_no_slot_and_one_without_a_row_is_not_told() -> None:
    made = door()
    leaving = Process(4712, 0, 2, None, -1)
    leaving.is_leaving = True
    made.fleet.all += [leaving, Process(4713, 0, 0, None, -1)]
    assert [each.slot for each in facts(made).workers] == [0, -1]
