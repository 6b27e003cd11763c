"""The facts of a status come from memory and the system, never from a worker."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from porch.balance.endpoint import Out
from porch.config.load import load_mapping
from porch.manage.candidate import Candidate
from porch.manage.columns import CONNECTIONS
from porch.manage.in_force import InForce
from porch.manage.listening import Listening
from porch.manage.process import Process
from porch.manage.status import status


def door() -> Any:
    candidate = Candidate.examine(load_mapping({"routes": {"*": ["a:1", "b:1"]}}))
    assert candidate is not None
    in_force = InForce(candidate, Listening(), {})
    in_force.remember(lambda: candidate.loaded)
    process = Process(os.getpid(), 0, 1, None, -1)
    fleet = SimpleNamespace(all=[process])
    return SimpleNamespace(
        in_force=in_force, fleet=fleet, version="1", since=0.0, is_stopping=False
    )


def test_a_worker_that_hangs_is_in_it_like_the_others() -> None:
    made = door()
    made.in_force.table.rows[1][CONNECTIONS] = 4
    made.fleet.all[0].missed = 5
    (worker,) = status(made)["workers"]  # type: ignore[misc]
    assert worker["connections"] == 4
    assert worker["state"] == "hanging for 5 s"


def test_an_endpoint_that_refuses_says_why() -> None:
    made = door()
    table = made.in_force.table
    table.use(1)
    column = made.in_force.columns.of[("*", "a:1")]
    table.rows[1][column] = 2
    made.in_force.standings.note((("*", "a:1"), "refused", Out("dns_error", 1.8e9)))
    first, second = status(made)["upstreams"]  # type: ignore[misc]
    assert (first["state"], first["running"]) == ("dns_error", 2)
    assert first["out_since"] == "2027-01-15T08:00:00Z"
    assert (second["state"], second["out_since"]) == ("up", None)


def test_a_worker_of_before_an_upgrade_has_no_counts() -> None:
    made = door()
    made.fleet.all[0].row = 0
    (worker,) = status(made)["workers"]  # type: ignore[misc]
    assert worker["requests"] is None


def test_where_certificates_are_kept_is_told_to_who_asks_beside_it(tmp_path: Path) -> None:
    made = door()
    assert status(made)["configuration"]["store"] is None  # type: ignore[index]
    words = {"listen": ["https://127.0.0.1:0"], "routes": {"a.test": ":1"}, "store": str(tmp_path)}
    made.in_force.candidate = Candidate.examine(load_mapping(words))
    assert status(made)["configuration"]["store"] == str(tmp_path)  # type: ignore[index]
