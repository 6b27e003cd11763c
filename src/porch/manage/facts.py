"""Facts: what the observer cannot see in shared memory: the supervisor tells it when it is asked.

Plain data, for it goes to another process. Ten thousand endpoints are 10 ms of the supervisor.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from porch.balance.standing import LIMITED, NOT_COPIED, WHOLE

if TYPE_CHECKING:
    from porch.manage.supervisor import Supervisor

__all__ = ["EndpointFacts", "Facts", "WorkerFacts", "facts", "trouble"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFacts:
    """slot: of its sockets, from 0; -1 for one that leaves. row: where it counts."""

    slot: int
    pid: int
    row: int
    is_ready: bool


EndpointFacts = tuple[str, str, int, bool, str]
"""The pool, the endpoint's name, the first of its cells, whether it is up, and "endpoint", or
"limit" of what a limit counts. A plain tuple: ten thousand are packed in a fifth of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """since, loaded_at: seconds of the wall clock. trouble: why the door should get nothing new, ""
    where it should. refused: whether the last change of the configuration was. ends: when the
    certificates of hosts end, in seconds of the wall clock. audit_lost: changes that could not be
    written into the audit."""

    version: str
    since: float
    loaded_at: float
    trouble: str
    changes: int
    refused: bool
    workers: list[WorkerFacts]
    endpoints: list[EndpointFacts]
    ends: dict[str, float]
    audit_lost: int = 0


def facts(door: "Supervisor") -> Facts:
    """What is so now."""
    in_force = door.in_force
    known = dict.fromkeys([*in_force.candidate.endpoints, *in_force.discovered.shown])
    return Facts(
        version=door.version,
        since=door.since,
        loaded_at=in_force.loaded_at,
        trouble=trouble(door),
        changes=in_force.changes,
        refused=in_force.was_refused,
        workers=[
            WorkerFacts(
                slot=-1 if each.is_leaving else each.slot,
                pid=each.pid,
                row=each.row,
                is_ready=each.is_ready,
            )
            for each in door.fleet.all
            if each.row
        ],
        endpoints=[
            (
                pool,
                address,
                column,
                not in_force.standings.of((pool, address)),
                "limit" if address == LIMITED else "endpoint",
            )
            for pool, address in known
            if address not in (NOT_COPIED, WHOLE)
            and (column := in_force.columns.of.get((pool, address))) is not None
        ],
        ends=dict(door.certificate_ends),
        audit_lost=door.auditing.lost,
    )


def trouble(door: "Supervisor") -> str:
    """Why the door should get nothing new, in words; "" where it should."""
    if door.is_stopping:
        return "the door is stopping"
    serving = door.fleet.serving
    if not any(each.is_ready for each in serving):
        return "no worker serves"
    hanging = [each for each in serving if each.is_ready and each.missed > 2]
    if len(hanging) == len(serving):
        return "all workers hang"
    return ""
