"""Exposition: what was counted, as Prometheus and OpenMetrics read it.

Families of few samples are written line by line; lines of routes and endpoints are kept from page
to page (request_lines.py), and so are the labels of the others. A library's collector
(prometheus-client) takes 6 us a line for what is 0.1 here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from porch.observe.exemplars import Exemplars
from porch.observe.label_texts import Prefixes, labels_of
from porch.observe.lost import LINES_LOST, SPANS_LOST
from porch.observe.meter import ERRORS
from porch.observe.request_lines import Histogram, RequestLines
from porch.observe.series import Name
from porch.observe.totals import Totals

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
]

ACCEPTED = "accepted"
"""A kind of names: (ACCEPTED, slot of the worker, listener), of client connections."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A metric. name: without _total. kind: "counter" or "gauge". says: what it is, a sentence.
    unit: with which the name ends, "" for none. said, values: samples whose labels stand in other
    families and pages too."""

    name: str
    kind: str
    says: str
    samples: Iterable[Sample] = ()
    unit: str = ""
    said: Prefixes | None = None
    values: Sequence[int] = ()


def content_type(accept: bytes | None) -> bytes:
    """What to answer a scraper whose Accept field says so."""
    return OPEN_METRICS if accept and b"application/openmetrics-text" in accept else PLAIN


class Exposition:
    """Writes pages; keeps the text of what has not changed between two of them."""

    def __init__(self, exemplars: Exemplars | None = None) -> None:
        """exemplars: which stand in OpenMetrics."""
        self._kept = {OPEN_METRICS: RequestLines(exemplars), PLAIN: RequestLines()}

    def prepare(self, totals: Totals, kind: bytes, most: int) -> bool:
        """Make so many of the texts that the next page of this kind needs and that are not there.
        Whether that was all."""
        return self._kept[kind].prepare(totals, most)

    def page(self, totals: Totals, families: Iterable[Family], kind: bytes) -> bytes:
        """All of it. totals: of the workers' meters. families: what else there is. kind:
        OPEN_METRICS or PLAIN."""
        is_open = kind is OPEN_METRICS
        parts: list[bytes] = []
        lines: list[str] = []
        for family in families:
            _write(lines, family, is_open=is_open)
        parts.append("".join(lines).encode())
        requests = self._kept[kind]
        requests.take(totals)
        for name, typed, unit, says, texts in requests.families:
            parts.append(_head(name, typed, says, unit, is_open=is_open).encode())
            parts += texts
        lines = []
        for each in _KINDS:
            _write(lines, _counted(totals, *each), is_open=is_open)
        parts.append("".join(lines).encode())
        parts += _lag(totals, is_open=is_open)
        if is_open:
            parts.append(b"# EOF\n")
        return b"".join(parts)


_KINDS = (
    (
        ERRORS,
        "porch_errors",
        "Exchanges that failed, by the reason word of log, page and Proxy-Status.",
        ("route", "reason"),
    ),
    (ACCEPTED, "porch_connections_accepted", "Client connections so far.", ("worker", "listener")),
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


def _counted(totals: Totals, kind: str, metric: str, says: str, words: tuple[str, ...]) -> Family:
    names = _names(totals, kind)
    samples = [(_labels(words, name), totals[name]) for name in names]
    return Family(name=metric, kind="counter", says=says, samples=samples)


@lru_cache(maxsize=1 << 12)
def _labels(words: tuple[str, ...], name: Name) -> str:
    return labels_of(words, name[1:])


def _names(totals: Totals, kind: str) -> list[Name]:
    first, end = totals.layout.range(kind)
    return totals.layout.names[first:end]


def _lag(totals: Totals, *, is_open: bool) -> list[bytes]:
    metric = "porch_loop_lag_seconds"
    histogram = Histogram(metric)
    head = _head(metric, "histogram", _LAG_SAYS, "seconds", is_open=is_open)
    lines = [
        histogram.lines(_labels(("worker",), name).encode(), totals.cells(name))
        for name in _names(totals, LAG)
    ]
    return [head.encode(), *lines]


def _write(lines: list[str], family: Family, *, is_open: bool) -> None:
    lines.append(_head(family.name, family.kind, family.says, family.unit, is_open=is_open))
    name = f"{family.name}_total" if family.kind == "counter" else family.name
    if family.said is not None:
        lines.append(family.said.lines(name, family.values))
    lines += [
        f"{name}{f'{{{said}}}' if said else ''} {_number(value)}\n"
        for said, value in family.samples
    ]


def _head(name: str, kind: str, says: str, unit: str, *, is_open: bool) -> str:
    """OpenMetrics names a family without _total, Prometheus's own text with it."""
    if kind == "counter" and not is_open:
        name = f"{name}_total"
    text = f"# HELP {name} {says}\n# TYPE {name} {kind}\n"
    return f"{text}# UNIT {name} {unit}\n" if unit and is_open else text


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6f}".rstrip("0").rstrip(".")
