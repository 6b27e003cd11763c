"""Status: what runs, as plain data. Nobody is asked: a worker that hangs is in it like the others.

Counts come from the shared table, time and memory of processes from the system.
"""

import os
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from porch import clock
from porch.balance.endpoint import CHECKED_AT, FAILED, WAITING
from porch.balance.standing import LIMITED, NOT_COPIED, WHOLE, EndpointName
from porch.manage.columns import (
    CONNECTIONS,
    CUT,
    CUTS,
    DEADLINES,
    REQUESTS_HERE,
    RUNNING_HERE,
    TASKS,
    TURNED_AWAY,
)
from porch.manage.observed import observed
from porch.manage.orders.ordered import ordered
from porch.manage.process import Process
from porch.manage.state_words import state_of
from porch.observe.stamp import utc
from porch.route.route import REQUESTS, RUNNING
from porch.shared import SharedTable
from porch.shield.busy_level import NAMES

if TYPE_CHECKING:
    from porch.manage.in_force import InForce
    from porch.manage.supervisor import Supervisor

__all__ = ["MOST_UPSTREAMS", "status"]

MOST_UPSTREAMS = 1000
"""Endpoints that are told one by one."""

_UNKNOWN = (None,) * 8
"""The counts of a worker of before an upgrade: it still writes them where nobody reads."""
_HERTZ = os.sysconf("SC_CLK_TCK")


def status(door: "Supervisor") -> dict[str, object]:
    """See the command of the same name. Times are wall clock, RFC 3339; sizes in bytes; what is
    not known is None."""
    in_force = door.in_force
    candidate, table = in_force.candidate, in_force.table
    loaded = candidate.loaded
    running = in_force.history.running
    known = dict.fromkeys([*candidate.endpoints, *in_force.discovered.shown])
    endpoints = [name for name in known if name[1] not in (NOT_COPIED, LIMITED)]
    limits = [name for name in known if name[1] == LIMITED]
    mirrors = [name for name in known if name[1] == NOT_COPIED]
    shown = endpoints[:MOST_UPSTREAMS]
    speaks = in_force.discovered.speaks | dict(candidate.speaks)
    return {
        "version": door.version,
        "pid": os.getpid(),
        "since": utc(door.since),
        "stopping": door.is_stopping,
        "stopping_since": utc(door.stopping_since) if door.is_stopping else None,
        "configuration": {
            "file": str(loaded.files[0]) if loaded.files else loaded.name,
            "hash": running.snapshot.short if running is not None else "",
            "loaded": utc(in_force.loaded_at),
            "refused": in_force.was_refused,
            "routes": candidate.routes,
            "store": str(candidate.store.absolute()) if candidate.store is not None else None,
        },
        "workers": [_worker(table, each) for each in door.fleet.all],
        "cut": {word: table.total(column) for column, word in enumerate(CUTS, CUT)},
        "turned_away": {
            word: table.total(column) for column, word in enumerate(NAMES, TURNED_AWAY)
        },
        "listening": in_force.listening.names,
        "control": door.control,
        "observed": observed(in_force),
        "upstreams": [_endpoint(in_force, name, speaks.get(name)) for name in shown],
        "more_upstreams": len(endpoints) - len(shown),
        "orders": ordered(in_force.orders),
        "log_level": _log_level(in_force.debug_until),
        "capture": door.captures.told,
        "audit": door.auditing.told,
        "canaries": [_canary(in_force, name) for name in candidate.canaries],
        "mirrors": [_mirror(in_force, name) for name in mirrors],
        "limits": [_limit(in_force, name) for name in limits],
        "discovery": [
            each
            | {
                word: utc(each[word]) if each[word] is not None else None
                for word in ("since", "trouble_since")
            }
            for each in in_force.discovered.status()
        ],
        "history": [
            each | {word: utc(cast("float", each[word])) for word in ("loaded", "since")}
            for each in in_force.history.status()
        ],
    }


def _log_level(until: float) -> str:
    """ "normal", or "debug for 245 s more"."""
    left = until - clock.monotonic()
    return f"debug for {left:.0f} s more" if left > 0 else "normal"


def _worker(table: SharedTable, process: Process) -> dict[str, object]:
    row: Sequence[int | None] = table.rows[process.row] if process.row else _UNKNOWN
    cpu, memory = usage(process.pid)
    state = "leaving" if process.is_leaving else "serving" if process.is_ready else "starting"
    if process.missed > 2:
        state = f"hanging for {process.missed} s"
    return {
        "pid": process.pid,
        "state": state,
        "connections": row[CONNECTIONS],
        "running": row[RUNNING_HERE],
        "requests": row[REQUESTS_HERE],
        "deadlines": row[DEADLINES],
        "tasks": row[TASKS],
        "cpu_seconds": cpu,
        "memory": memory,
        "since": utc(clock.wall() - (clock.monotonic() - process.since)),
    }


def _endpoint(in_force: "InForce", name: EndpointName, speaks: str | None) -> dict[str, object]:
    pool, address = name
    column, table = in_force.columns.of.get(name), in_force.table
    found: dict[str, object] = {"pool": pool, "endpoint": address}
    if speaks is not None:
        found["speaks"] = speaks
    if column is None:
        return found | {"state": "not counted: too many endpoints"}
    if address == WHOLE:
        waiting, refused = (table.total(column + each) for each in (WAITING, FAILED))
        return found | {
            "endpoint": "all",
            "state": f"{waiting} wait, {refused} were refused",
            "running": table.total(column + RUNNING),
            "requests": table.total(column + REQUESTS),
        }
    out = in_force.standings.of(name)
    return found | {
        "state": state_of(out, table.most(column + CHECKED_AT)),
        "out_since": utc(min(why.since for why in out.values())) if out else None,
        "running": table.total(column + RUNNING),
        "requests": table.total(column + REQUESTS),
        "failed": table.total(column + FAILED),
    }


def _canary(in_force: "InForce", name: str) -> dict[str, object]:
    canary = in_force.candidate.canaries[name]
    back = in_force.orders.back.get(name) if in_force.orders.is_back(name, canary.words) else None
    return {
        "route": name,
        "to": canary.target,
        "who": canary.who,
        "abort_if": canary.abort.text if canary.abort is not None else None,
        "state": "on" if back is None else f"back: {back.why}",
    }


def _mirror(in_force: "InForce", name: EndpointName) -> dict[str, object]:
    column = in_force.columns.of.get(name)
    left_out = 0 if column is None else in_force.table.total(column + REQUESTS)
    return {"pool": name[0], "not_copied": left_out}


def _limit(in_force: "InForce", name: EndpointName) -> dict[str, object]:
    column, table = in_force.columns.of.get(name), in_force.table
    refused, would = (
        (0, 0) if column is None else (table.total(column + FAILED), table.total(column + REQUESTS))
    )
    return {"limit": name[0], "refused": refused, "would_refuse": would}


def usage(pid: int) -> tuple[float, int]:
    """Seconds of CPU and bytes of memory of a process; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0, 0
    ticks = int(fields[11]) + int(fields[12])  # proc(5): utime and stime
    return round(ticks / _HERTZ, 2), pages * resource.getpagesize()
