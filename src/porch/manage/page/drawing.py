"""Drawing: what only the supervisor knows of the page's picture: what leads where, and what is so.

What leads where changes with the configuration alone and may be long, so that it is told once and
then only when it is another one; what is so now is short, and told each time. Plain data, for it
goes to another process.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from porch.balance.endpoint import CHECKED_AT
from porch.balance.standing import LIMITED, EndpointName, is_endpoint
from porch.config.loaded import RouteEntry
from porch.manage.cache_keeping import caches
from porch.manage.facts import trouble
from porch.manage.orders.ordered import ordered
from porch.manage.state_words import state_of
from porch.route.when import parse_when

if TYPE_CHECKING:
    from porch.manage.in_force import InForce
    from porch.manage.supervisor import Supervisor

__all__ = ["NEVER", "Drawing", "Plan", "Revision", "drawing"]

Revision = tuple[int, int]
"""Of a plan: another one where anything in it is."""
NEVER: Revision = (-1, 0)
"""Of who has no plan yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What leads where. listeners: as `porch status` names them. routes: by key, in the order of
    the file: where it stands, what it leads to in words, its pools. endpoints: pool and address,
    with the first column where they are counted. limits: the same by name. has_cache: whether any
    route has."""

    listeners: list[str]
    routes: dict[str, tuple[str, str, list[str]]]
    endpoints: dict[EndpointName, int]
    limits: dict[str, int]
    has_cache: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """revision: of the plan that runs. plan: None where who asks has it. now: what is so at
    present, as JSON will have it; times in seconds of the wall clock. workers: the same of them, to
    which counts are added (counters.py)."""

    revision: Revision
    plan: Plan | None
    now: dict[str, Any]
    workers: list[dict[str, Any]]


def drawing(door: "Supervisor", known: Revision) -> Drawing:
    """What is so now, and what leads where unless it is `known`. 1,000 routes are 3 ms, a known
    plan 0.1."""
    in_force = door.in_force
    found = in_force.discovered.shown
    revision = in_force.changes, hash(tuple(found))
    return Drawing(
        revision=revision,
        plan=None if revision == known else _plan(in_force, found),
        now=_now(door),
        workers=[
            {
                "slot": -1 if each.is_leaving else each.slot,
                "pid": each.pid,
                "row": each.row,
                "ready": each.is_ready,
                "missed": each.missed,
            }
            for each in door.fleet.all
        ],
    )


def _plan(in_force: "InForce", found: Iterable[EndpointName]) -> Plan:
    candidate, columns = in_force.candidate, in_force.columns.of
    names = dict.fromkeys([*candidate.endpoints, *found])
    routes: dict[str, tuple[str, str, list[str]]] = {}
    for entry in candidate.loaded.routes:
        hide = partial(candidate.loaded.without_secrets, entry.path)
        where, target, pools = routes.get(entry.key, (entry.where, hide(_target(entry)), []))
        pools += [each for each in _pools(entry, hide) if each not in pools]
        routes[entry.key] = where, target, pools
    for canary in candidate.canaries.values():
        pools = routes[canary.key][2] if canary.key in routes else []
        if canary.pool not in pools:
            pools.append(canary.pool)
    return Plan(
        listeners=in_force.listening.names,
        routes=routes,
        endpoints={name: columns[name] for name in names if name in columns and is_endpoint(name)},
        limits={name[0]: columns[name] for name in names if name in columns and name[1] == LIMITED},
        has_cache=bool(caches(candidate.loaded)),
    )


def _target(entry: RouteEntry) -> str:
    return ", ".join(each.text for each in entry.targets)


def _pools(entry: RouteEntry, hide: Callable[[str], str]) -> list[str]:
    """Names of pools, as endpoints have them; none of a route that the door answers itself. hide:
    makes of a text what may be shown of it, and so has what builds the endpoints."""
    kinds = {each.kind for each in entry.targets}
    if kinds & {"redirect", "respond", "file"}:
        return []
    if "pool" in kinds:
        return [f"[pool.{each.name}]" for each in entry.targets]
    when = entry.model.when
    if when is None:
        return [entry.key]
    return [f"{entry.key} {parse_when(when.model_dump(exclude_defaults=True), hide)}".rstrip()]


def _now(door: "Supervisor") -> dict[str, Any]:
    in_force = door.in_force
    orders, running = in_force.orders, in_force.history.running
    return {
        "etag": door.operating.revision,
        "version": door.version,
        "since": door.since,
        "trouble": trouble(door),
        "hash": running.snapshot.short if running is not None else "",
        "loaded": in_force.loaded_at,
        "refused": in_force.was_refused,
        "out": _out(in_force),
        "weights": [[*name, weight] for name, weight in orders.weights.items()],
        "closed": {key: each.until for key, each in orders.closed.items()},
        "orders": ordered(orders),
        "history": in_force.history.status(),
        "ends": [
            [host, end, host in in_force.candidate.managed]
            for host, end in door.certificate_ends.items()
        ],
        "lost": [
            [each["source"], each["trouble"]]
            for each in in_force.discovered.status()
            if each["trouble"]
        ],
    }


def _out(in_force: "InForce") -> list[tuple[str, str, str, bool]]:
    """Of endpoints that are not in rotation: pool, address, why, whether an operator did it."""
    told = []
    for name in dict.fromkeys(name for name, _, _ in in_force.standings.all):
        out, column = in_force.standings.of(name), in_force.columns.of.get(name)
        check = 0 if column is None else in_force.table.most(column + CHECKED_AT)
        told.append((*name, state_of(out, check), "drained" in out))
    return told
