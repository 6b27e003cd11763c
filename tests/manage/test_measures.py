"""What the metrics page says beside routes."""

import os
import re
from typing import Any

from porch.balance.endpoint import FAILED
from porch.cache.counts import HIT, KEPT
from porch.manage.columns import CACHE, CONNECTIONS, CUT, TURNED_AWAY
from porch.manage.facts import Facts, WorkerFacts
from porch.manage.measures import Measures
from porch.route.route import REQUESTS, RUNNING
from porch.shared import SharedTable

FACTS = Facts(
    version="1.2",
    since=1000.0,
    loaded_at=1001.5,
    trouble="",
    changes=3,
    refused=True,
    workers=[
        WorkerFacts(slot=0, pid=os.getpid(), row=1, is_ready=True),
        WorkerFacts(slot=-1, pid=1, row=2, is_ready=True),
    ],
    endpoints=[
        ("p", "a:1", 100, False, "endpoint"),
        ("10/min", "", 120, True, "limit"),
    ],
    ends={"a.test": 2000.0},
    audit_lost=4,
)


def found(table: SharedTable) -> dict[str, dict[tuple[str, ...], Any]]:
    return {
        family.name: {
            tuple(re.findall('"(.*?)"', said)): value
            for said, value in (
                family.samples
                if family.said is None
                else zip(family.said.texts, family.values, strict=True)
            )
        }
        for family in Measures(table).of(FACTS)
    }


def test_counts_are_summed_over_all_workers_and_those_that_ended() -> None:
    table = SharedTable(3, 200)
    table.use(2)
    for row in range(3):
        table.rows[row][CUT] = row + 1
        table.rows[row][TURNED_AWAY] = 2
        table.rows[row][CACHE + HIT] = 5
        table.rows[row][CACHE + KEPT] = 1
        table.rows[row][100 + REQUESTS] = 10
        table.rows[row][100 + FAILED] = 1
        table.rows[row][100 + RUNNING] = row
        table.rows[row][120 + FAILED] = 4
    said = found(table)
    assert said["porch_connections_cut"][("client_flood",)] == 6
    assert said["porch_turned_away"] == {("low",): 6, ("normal",): 0, ("high",): 0}
    assert said["porch_cache_requests"][("hit",)] == 15
    assert said["porch_cache_stored"][()] == 3
    assert said["porch_endpoint_attempts"] == {("p", "a:1"): 30}
    assert said["porch_endpoint_failed"] == {("p", "a:1"): 3}
    assert said["porch_endpoint_in_flight"] == {("p", "a:1"): 3}
    assert said["porch_limit_refused"] == {("10/min",): 12}


def test_a_worker_is_named_by_its_slot_and_one_that_leaves_is_not_told() -> None:
    table = SharedTable(3, 200)
    table.rows[1][CONNECTIONS] = 7
    said = found(table)
    assert said["porch_connections"] == {("0",): 7}
    assert said["porch_worker_ready"] == {("0",): 1}
    assert said["porch_worker_memory_bytes"][("0",)] > 1_000_000


def test_the_configuration_and_certificates_are_told() -> None:
    said = found(SharedTable(3, 200))
    assert said["porch_config_last_change_refused"][()] == 1
    assert said["porch_config_changes"][()] == 3
    assert said["porch_audit_lines_lost"][()] == 4
    assert said["porch_certificate_end_timestamp_seconds"] == {("a.test",): 2000.0}
    assert said["porch_build_info"] == {("1.2",): 1}
    assert said["porch_ready"][()] == 1
    assert said["porch_endpoint_up"] == {("p", "a:1"): 0}
