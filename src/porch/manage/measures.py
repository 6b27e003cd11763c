"""Measures: all that the metrics page says beside routes: workers, endpoints, limits, the cache.

Names and labels are for good: boards and alerts are made of them (docs/metrics.md).
"""

from collections.abc import Iterable, Iterator, Sequence

from porch.balance.endpoint import FAILED
from porch.cache.counts import totals
from porch.manage.columns import CACHE, CONNECTIONS, CUT, CUTS, RUNNING_HERE, TURNED_AWAY
from porch.manage.endpoint_sums import endpoint_sums
from porch.manage.facts import EndpointFacts, Facts, WorkerFacts
from porch.manage.status import usage
from porch.observe.exposition import Family, Sample
from porch.observe.label_texts import Prefixes, labels, labels_of
from porch.route.route import REQUESTS, RUNNING
from porch.shared import SharedTable
from porch.shield.busy_level import NAMES

__all__ = ["Measures"]


class Measures:
    """table: where the workers count."""

    __slots__ = ("_endpoints", "_limits", "_table")

    def __init__(self, table: SharedTable) -> None:
        self._table = table
        self._endpoints = _Counted(table, "pool", "endpoint")
        self._limits = _Counted(table, "limit")

    def __repr__(self) -> str:
        return f"<Measures {self._endpoints.many} endpoints, {self._limits.many} limits>"

    def of(self, facts: Facts) -> Iterator[Family]:
        """The families, in order."""
        table = self._table
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
            (
                (labels(importance=word), table.total(at))
                for at, word in enumerate(NAMES, TURNED_AWAY)
            ),
        )
        yield from self._of_endpoints(facts)
        yield from _cache(table)

    def _of_endpoints(self, facts: Facts) -> Iterator[Family]:
        found = [each for each in facts.endpoints if each[-1] == "endpoint"]
        each = self._endpoints
        each.take(found)
        yield each.family(
            "porch_endpoint_up",
            "gauge",
            "Whether it gets requests.",
            [int(one[3]) for one in found],
        )
        for name, kind, cell, says in (
            ("porch_endpoint_in_flight", "gauge", RUNNING, "Attempts under way."),
            ("porch_endpoint_attempts", "counter", REQUESTS, "Attempts so far."),
            ("porch_endpoint_failed", "counter", FAILED, "Attempts that failed."),
        ):
            yield each.family(name, kind, says, each.sums(cell))
        each = self._limits
        each.take([one for one in facts.endpoints if one[-1] == "limit"])
        for name, cell, says in (
            ("porch_limit_refused", FAILED, "Requests over a limit."),
            ("porch_limit_would_refuse", REQUESTS, "The same of a limit that only looks on."),
        ):
            yield each.family(name, "counter", says, each.sums(cell))


class _Counted:
    """What is counted in columns of its own. Its labels, of these words, are made once."""

    __slots__ = ("_columns", "_names", "_said", "_table", "_words")

    def __init__(self, table: SharedTable, *words: str) -> None:
        self._table = table
        self._words = words
        self._names: list[tuple[str, str]] = []
        self._columns: list[int] = []
        self._said = Prefixes()

    @property
    def many(self) -> int:
        return len(self._names)

    def take(self, found: Sequence[EndpointFacts]) -> None:
        """These there are now."""
        names = [each[:2] for each in found]
        self._columns = [each[2] for each in found]
        if names != self._names:
            self._names = names
            self._said = Prefixes([labels_of(self._words, each) for each in names])

    def sums(self, cell: int) -> list[int]:
        return endpoint_sums(self._table, self._columns, cell)

    def family(self, name: str, kind: str, says: str, values: list[int]) -> Family:
        return Family(name=name, kind=kind, says=says, said=self._said, values=values)


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
