"""Exposition: what was counted, as Prometheus and OpenMetrics read it.

Families of few samples are written line by line; those of routes and endpoints by templates that
are made once a name, and of a name whose counts are as they were the text of the last time is used
again: 10,000 names of which a few have changed take as long as to add up their cells. A library's
collector (prometheus-client) takes 6 us a line for what is 0.1 here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from porch.observe.exemplars import NONE, Exemplars, Texts
from porch.observe.lost import LINES_LOST, SPANS_LOST
from porch.observe.meter import (
    ATTEMPTS,
    BOUNDS,
    BUCKETS,
    BYTES_IN,
    BYTES_OUT,
    CONNECT,
    ERRORS,
    FIRST_BYTE,
    REQUESTS,
    TOTAL,
    WIDTH,
)
from porch.observe.series import GONE, Name, Totals, cells_of

__all__ = [
    "ACCEPTED",
    "HANDSHAKES",
    "HANDSHAKES_FAILED",
    "LAG",
    "OPEN_METRICS",
    "PLAIN",
    "Exposition",
    "Family",
    "Sample",
    "content_type",
    "labels",
]

ACCEPTED = "accepted"
"""A kind of names: (ACCEPTED, slot of the worker), of client connections."""
HANDSHAKES = "handshakes"
"""(HANDSHAKES, version of TLS, whether a session was resumed, protocol inside)."""
HANDSHAKES_FAILED = "handshakes failed"
"""(HANDSHAKES_FAILED, why)."""
LAG = "lag"
"""(LAG, slot of the worker): a histogram."""

PLAIN = b"text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS = b"application/openmetrics-text; version=1.0.0; charset=utf-8"

Sample = tuple[str, float]
"""Labels as `labels` makes them, and the value."""

_CODES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
_BOUNDS = (*(f"{bound:g}" if bound % 1 else f"{bound:.1f}" for bound in BOUNDS), "+Inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A metric. name: without _total. kind: "counter" or "gauge". says: what it is, a sentence.
    unit: with which the name ends, "" for none."""

    name: str
    kind: str
    says: str
    samples: Iterable[Sample]
    unit: str = ""


def content_type(accept: bytes | None) -> bytes:
    """What to answer a scraper whose Accept field says so."""
    return OPEN_METRICS if accept and b"application/openmetrics-text" in accept else PLAIN


class Exposition:
    """Writes pages; keeps the text of what has not changed between two of them."""

    def __init__(self, exemplars: Exemplars | None = None) -> None:
        """exemplars: which stand in OpenMetrics."""
        self._exemplars = exemplars
        self._pairs = {kind: _Kept(_Pair) for kind in (OPEN_METRICS, PLAIN)}
        self._routes = {kind: _Kept(_Route) for kind in (OPEN_METRICS, PLAIN)}

    def page(self, totals: Totals, families: Iterable[Family], kind: bytes) -> bytes:
        """All of it. totals: of the workers' meters. families: what else there is. kind:
        OPEN_METRICS or PLAIN."""
        is_open = kind is OPEN_METRICS
        lines: list[str] = []
        for family in families:
            _write(lines, family, is_open=is_open)
        requests = {name: total for name, total in totals.items() if name[0] == REQUESTS}
        self._requests(lines, requests, kind)
        others = [name for name in totals if name[0] != REQUESTS]
        for each in _KINDS:
            _write(lines, _counted(totals, others, *each), is_open=is_open)
        _lag(lines, totals, others, is_open=is_open)
        if is_open:
            lines.append("# EOF\n")
        return "".join(lines).encode()

    def _requests(self, lines: list[str], totals: dict[Name, int], kind: bytes) -> None:
        is_open = kind is OPEN_METRICS
        exemplars = self._exemplars if is_open else None
        if exemplars is not None:
            exemplars.look()
        whole: dict[Name, int] = {}
        for name, total in totals.items():
            route = name[1:2]
            whole[route] = whole.get(route, 0) + total
        pairs, routes = self._pairs[kind], self._routes[kind]
        shown = {name: total for name, total in totals.items() if name[2] != GONE}
        changed = pairs.take(shown, exemplars)
        routes.take(whole, exemplars)
        for place, (metric, _, unit, says) in enumerate(_COUNTERS):
            _head(lines, metric, "counter", says, unit, is_open=is_open)
            lines += [each.texts[place] for each in pairs.ordered]
        _head(lines, _FIRST, "histogram", _FIRST_SAYS, "seconds", is_open=is_open)
        lines += [each.texts[-1] for each in pairs.ordered]
        for place, (metric, _, says) in enumerate(_WHOLE):
            _head(lines, metric, "histogram", says, "seconds", is_open=is_open)
            lines += [each.texts[place] for each in routes.ordered]
        if exemplars is not None and changed:
            exemplars.keep({(name[1], name[2]) for name in shown})


_COUNTERS = (
    (
        "porch_requests",
        -1,
        "",
        "Requests that were answered or given up, by the endpoint that was "
        "asked last and the first digit of the status.",
    ),
    ("porch_request_body_bytes", BYTES_IN, "bytes", "Bytes of requests' bodies."),
    ("porch_response_body_bytes", BYTES_OUT, "bytes", "Bytes of answers' bodies."),
    ("porch_retries", ATTEMPTS, "", "Attempts beyond the first of a request."),
)
_FIRST = "porch_first_byte_seconds"
_FIRST_SAYS = "From a request's head to the head of an endpoint's answer."
_WHOLE = (
    ("porch_request_duration_seconds", TOTAL, "From a request's head to the end of the exchange."),
    (
        "porch_connect_seconds",
        CONNECT,
        "From a request's head to a new connection, where it had to wait for one.",
    ),
)


class _Texts:
    """The lines of one name. total: what they say. texts: one of each family."""

    __slots__ = ("texts", "total")

    def __init__(self) -> None:
        self.total = -1
        self.texts: list[str] = []

    def take(self, total: int, exemplars: Exemplars | None) -> None:
        """The counts are other ones."""
        self.total = total
        self.texts = self._made(cells_of(total, WIDTH * 8), exemplars)

    def _made(self, cells: Sequence[int], exemplars: Exemplars | None) -> list[str]:
        raise NotImplementedError


class _Pair(_Texts):
    """Of a route and an endpoint: each of _COUNTERS, and the histogram."""

    __slots__ = ("_histogram", "_labels", "_name")

    def __init__(self, name: Name) -> None:
        super().__init__()
        self._name = name[1], name[2]
        self._labels = labels(route=name[1], endpoint=name[2])
        self._histogram = _histogram(_FIRST, self._labels)

    def _made(self, cells: Sequence[int], exemplars: Exemplars | None) -> list[str]:
        said = self._labels
        shown = NONE if exemplars is None else exemplars.first.get(self._name, NONE)
        codes = [
            f'porch_requests_total{{{said},code="{code}"}} {cells[digit]}\n'
            for digit, code in enumerate(_CODES)
            if cells[digit]
        ]
        return [
            "".join(codes),
            *[f"{name}_total{{{said}}} {cells[cell]}\n" for name, cell, *_ in _COUNTERS[1:]],
            self._histogram % _buckets(cells, FIRST_BYTE, shown),
        ]


class _Route(_Texts):
    """Of a route: each of _WHOLE."""

    __slots__ = ("_histograms", "_key")

    def __init__(self, name: Name) -> None:
        super().__init__()
        (self._key,) = name
        said = labels(route=self._key)
        self._histograms = [_histogram(metric, said) for metric, *_ in _WHOLE]

    def _made(self, cells: Sequence[int], exemplars: Exemplars | None) -> list[str]:
        shown = NONE if exemplars is None else exemplars.whole.get(self._key, NONE)
        return [
            template % _buckets(cells, start, shown if start == TOTAL else NONE)
            for template, (_, start, _) in zip(self._histograms, _WHOLE, strict=True)
        ]


class _Kept:
    """Texts by name. ordered: by their names."""

    def __init__(self, make: Callable[[Name], _Texts]) -> None:
        self._make = make
        self._of: dict[Name, _Texts] = {}
        self.ordered: list[_Texts] = []

    def take(self, totals: dict[Name, int], exemplars: Exemplars | None) -> bool:
        """What the counts are now. Returns whether there are other names."""
        before = self._of
        changed = before.keys() != totals.keys()
        if changed:
            make = self._make
            self._of = {name: before.get(name) or make(name) for name in sorted(totals)}
            self.ordered = [*self._of.values()]
        for texts, total in zip(self.ordered, map(totals.__getitem__, self._of), strict=True):
            if texts.total != total:
                texts.take(total, exemplars)
        return changed


def _histogram(metric: str, labels: str) -> str:
    """A template for the buckets so far, the sum and the count."""
    escaped = labels.replace("%", "%%")
    text = "".join(f'{metric}_bucket{{{escaped},le="{bound}"}} %s\n' for bound in _BOUNDS)
    return f"{text}{metric}_sum{{{escaped}}} %s\n{metric}_count{{{escaped}}} %d\n"


def _buckets(cells: Sequence[int], start: int, exemplars: Texts) -> tuple[object, ...]:
    counts: list[object] = [*accumulate(cells[start + 1 : start + 1 + BUCKETS])]
    count = counts[-1]
    for bucket, text in exemplars.items():
        counts[bucket] = f"{counts[bucket]}{text}"
    seconds, micro = divmod(cells[start], 1_000_000)
    return (*counts, f"{seconds}.{micro:06}", count)


_KINDS = (
    (
        ERRORS,
        "porch_errors",
        "Exchanges that failed, by the reason word of log, page and Proxy-Status.",
        ("route", "reason"),
    ),
    (ACCEPTED, "porch_connections_accepted", "Client connections so far.", ("worker",)),
    (
        HANDSHAKES,
        "porch_tls_handshakes",
        "Handshakes of clients that were done.",
        ("version", "resumed", "alpn"),
    ),
    (
        HANDSHAKES_FAILED,
        "porch_tls_handshakes_failed",
        "Handshakes of clients that came to nothing, by why.",
        ("reason",),
    ),
    (
        LINES_LOST,
        "porch_log_lines_lost",
        "Lines of the access log that were never written: its disk is full, its reader slow.",
        ("log",),
    ),
    (
        SPANS_LOST,
        "porch_spans_lost",
        "Spans that never arrived at their collector: it is away, or slow.",
        ("collector",),
    ),
)
"""Kinds of names that have one cell, and what they are on the page."""
_LAG_SAYS = "How late a worker's loop came to what was due, looked at four times a second."


def _counted(
    totals: Totals, names: list[Name], kind: str, metric: str, says: str, words: tuple[str, ...]
) -> Family:
    samples = [
        (labels(**dict(zip(words, name[1:], strict=False))), totals[name])
        for name in sorted(name for name in names if name[0] == kind)
    ]
    return Family(name=metric, kind="counter", says=says, samples=samples)


def _lag(lines: list[str], totals: Totals, names: list[Name], *, is_open: bool) -> None:
    metric = "porch_loop_lag_seconds"
    _head(lines, metric, "histogram", _LAG_SAYS, "seconds", is_open=is_open)
    for name in sorted(name for name in names if name[0] == LAG):
        template = _histogram(metric, labels(worker=name[1]))
        lines.append(template % _buckets(totals.cells(name), 0, NONE))


def _write(lines: list[str], family: Family, *, is_open: bool) -> None:
    _head(lines, family.name, family.kind, family.says, family.unit, is_open=is_open)
    name = f"{family.name}_total" if family.kind == "counter" else family.name
    lines += [
        f"{name}{{{said}}} {value}\n"
        if said and isinstance(value, int)
        else f"{name}{f'{{{said}}}' if said else ''} {_number(value)}\n"
        for said, value in family.samples
    ]


def _head(lines: list[str], name: str, kind: str, says: str, unit: str, *, is_open: bool) -> None:
    """OpenMetrics names a family without _total, Prometheus's own text with it."""
    if kind == "counter" and not is_open:
        name = f"{name}_total"
    lines.append(f"# HELP {name} {says}\n# TYPE {name} {kind}\n")
    if unit and is_open:
        lines.append(f"# UNIT {name} {unit}\n")


def labels(**words: str) -> str:
    """Labels as they stand between the braces."""
    return ",".join(f'{name}="{_escape(value)}"' for name, value in words.items())


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6f}".rstrip("0").rstrip(".")
