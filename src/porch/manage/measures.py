"""Measures: all that the metrics page says beside routes: workers, endpoints, limits, the cache.

Names and labels are for good: boards and alerts are made of them (docs/metrics.md).
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, reduce
from operator import add

from porch.balance.endpoint import FAILED, WIDTH
from porch.cache.counts import totals
from porch.manage.columns import CACHE, CONNECTIONS, CUT, CUTS, RUNNING_HERE, TURNED_AWAY
from porch.manage.facts import EndpointFacts, Facts, WorkerFacts
from porch.manage.status import usage
from porch.observe.exposition import Family, Sample, labels
from porch.route.route import REQUESTS, RUNNING
from porch.shared import SharedTable
from porch.shield.busy_level import NAMES

__all__ = ["measures"]


def measures(facts: Facts, table: SharedTable) -> Iterator[Family]:
    """The families, in order."""
    yield _one("porch_build_info", 1, "Which version runs.", version=facts.version)
    yield _one("porch_start_time_seconds", facts.since, "When the door was started.", "seconds")
    yield _one("porch_ready", int(not facts.trouble), "Whether new requests are welcome.")
    yield from _configuration(facts)
    yield from _workers(facts, table)
    yield _counted(
        "porch_connections_cut",
        "Client connections that were ended, by reason word.",
        ((labels(reason=word), table.total(cell)) for cell, word in enumerate(CUTS, CUT)),
    )
    yield _counted(
        "porch_turned_away",
        "Requests refused by a busy worker, by the importance of their route.",
        ((labels(importance=word), table.total(at)) for at, word in enumerate(NAMES, TURNED_AWAY)),
    )
    yield from _endpoints(facts, table)
    yield from _cache(table)


def _configuration(facts: Facts) -> Iterator[Family]:
    yield _one(
        "porch_config_loaded_timestamp_seconds",
        facts.loaded_at,
        "Since when the configuration that runs is in force.",
        "seconds",
    )
    yield _one(
        "porch_config_last_change_refused",
        int(facts.refused),
        "Whether the last reload, rollback or upgrade changed nothing.",
    )
    yield _counted("porch_config_changes", "Configurations put in force.", [("", facts.changes)])
    yield _counted(
        "porch_audit_lines_lost",
        "Changes that could not be written into the audit.",
        [("", facts.audit_lost)],
    )
    yield Family(
        name="porch_certificate_end_timestamp_seconds",
        kind="gauge",
        says="When a certificate ends.",
        unit="seconds",
        samples=[(labels(host=host), end) for host, end in sorted(facts.ends.items())],
    )


def _workers(facts: Facts, table: SharedTable) -> Iterator[Family]:
    """By slot and not by process, so that a worker that died many times is one series."""
    serving = [each for each in facts.workers if each.slot >= 0]
    used = {each.pid: usage(each.pid) for each in serving}

    def of(name: str, says: str, value: "object", unit: str = "", kind: str = "gauge") -> Family:
        samples: list[Sample] = [
            (labels(worker=str(each.slot)), value(each))  # type: ignore[operator]
            for each in serving
        ]
        return Family(name=name, kind=kind, says=says, samples=samples, unit=unit)

    def cell(column: int) -> "object":
        def value(worker: WorkerFacts) -> int:
            return table.rows[worker.row][column]

        return value

    yield of("porch_worker_ready", "Whether it serves.", lambda each: int(each.is_ready))
    yield of("porch_connections", "Open client connections.", cell(CONNECTIONS))
    yield of("porch_in_flight", "Requests under way.", cell(RUNNING_HERE))
    yield of(
        "porch_worker_cpu_seconds",
        "Time on a core since the worker began.",
        lambda each: used[each.pid][0],
        "seconds",
    )
    yield of(
        "porch_worker_memory_bytes",
        "Memory that it holds, shared pages included.",
        lambda each: used[each.pid][1],
        "bytes",
    )


def _endpoints(facts: Facts, table: SharedTable) -> Iterator[Family]:
    endpoints = [each for each in facts.endpoints if each[-1] == "endpoint"]
    limits = [each for each in facts.endpoints if each[-1] == "limit"]
    said = [_of_endpoint(pool, name) for pool, name, *_ in endpoints]
    counts = _sums(table, facts.endpoints)

    def sums(cell: int) -> list[Sample]:
        return [*zip(said, [counts[each[2] + cell] for each in endpoints], strict=True)]

    yield Family(
        name="porch_endpoint_up",
        kind="gauge",
        says="Whether it gets requests.",
        samples=[*zip(said, [int(each[3]) for each in endpoints], strict=True)],
    )
    yield Family(
        name="porch_endpoint_in_flight",
        kind="gauge",
        says="Attempts under way.",
        samples=sums(RUNNING),
    )
    yield _counted("porch_endpoint_attempts", "Attempts so far.", sums(REQUESTS))
    yield _counted("porch_endpoint_failed", "Attempts that failed.", sums(FAILED))
    for name, cell, says in (
        ("porch_limit_refused", FAILED, "Requests over a limit."),
        ("porch_limit_would_refuse", REQUESTS, "The same of a limit that only looks on."),
    ):
        samples = [(labels(limit=pool), counts[at + cell]) for pool, _, at, *_ in limits]
        yield _counted(name, says, samples)


@lru_cache(maxsize=1 << 15)
def _of_endpoint(pool: str, name: str) -> str:
    """They are the same from page to page: 2 us each."""
    return labels(pool=pool, endpoint=name)


def _sums(table: SharedTable, endpoints: Sequence[EndpointFacts]) -> list[int]:
    """All columns up to those of these, each added up over all workers: 0.1 us each, where one by
    one they take 0.5."""
    end = max([each[2] for each in endpoints], default=0) + WIDTH
    rows = (list(row[:end]) for row in table.rows[: table.live[0]])
    return reduce(lambda one, other: [*map(add, one, other)], rows)


def _cache(table: SharedTable) -> Iterator[Family]:
    found = totals(lambda cell: table.total(CACHE + cell))
    results = {"hit": found.hits, "stale": found.stale, "collapsed": found.collapsed}
    yield _counted(
        "porch_cache_requests",
        "Requests of routes with a cache: hit, stale, collapsed, or why the origin was asked.",
        ((labels(result=word), count) for word, count in {**results, **found.forwarded}.items()),
    )
    yield _counted("porch_cache_stored", "Answers that were kept.", [("", found.kept)])
    yield _counted(
        "porch_cache_not_stored",
        "Answers that were not kept, by reason.",
        ((labels(reason=word), count) for word, count in found.not_kept.items()),
    )
    yield _counted(
        "porch_cache_bytes",
        "Bytes of bodies, by where they came from.",
        [(labels(source="store"), found.from_store), (labels(source="origin"), found.from_origin)],
        "bytes",
    )


def _counted(name: str, says: str, samples: Iterable[Sample], unit: str = "") -> Family:
    return Family(name=name, kind="counter", says=says, samples=samples, unit=unit)


def _one(name: str, value: float, says: str, unit: str = "", **words: str) -> Family:
    return Family(name=name, kind="gauge", says=says, samples=[(labels(**words), value)], unit=unit)
