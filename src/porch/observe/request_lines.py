"""Request lines: what a page of metrics says of routes and endpoints, kept from page to page.

These are nearly all of a page. Of a name whose cells are as they were the lines of the last time
are used again, and only names whose cells are others are looked at by Python: 2 us each.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from porch.observe.exemplars import Exemplars
from porch.observe.label_texts import labels_of
from porch.observe.meter import (
    ATTEMPTS,
    BOUNDS,
    BUCKETS,
    BYTES_IN,
    BYTES_OUT,
    HISTOGRAM,
    REQUESTS,
    TOTAL,
    WIDTH,
)
from porch.observe.series import GONE, Name
from porch.observe.totals import Layout, Totals

__all__ = ["Histogram", "Kept", "RequestLines"]

_TEXTS = (*(f"{bound:g}" if bound % 1 else f"{bound:.1f}" for bound in BOUNDS), "+Inf")
_BOUNDS = [text.encode() for text in _TEXTS]
_CODES = (b"none", b"1xx", b"2xx", b"3xx", b"4xx", b"5xx")
_LABELS = b"\x01"
"""In place of labels, in templates."""
_of_pair = struct.Struct(f"<{TOTAL}q{8 * HISTOGRAM}x{HISTOGRAM}q{8 * HISTOGRAM}x").unpack
_of_route = struct.Struct(f"<{8 * TOTAL}x{HISTOGRAM}q{8 * HISTOGRAM}x{HISTOGRAM}q").unpack
"""The cells that each has lines of."""

Kept = tuple[str, str, str, str, Iterable[bytes]]
"""A family: its name without _total, kind, unit and what it is, and its lines."""

_PAIRS = (
    (
        "porch_requests",
        "counter",
        "",
        "Requests that were answered or given up, by the endpoint that was "
        "asked last and the first digit of the status.",
    ),
    ("porch_request_body_bytes", "counter", "bytes", "Bytes of requests' bodies."),
    ("porch_response_body_bytes", "counter", "bytes", "Bytes of answers' bodies."),
    ("porch_retries", "counter", "", "Attempts beyond the first of a request."),
    (
        "porch_first_byte_seconds",
        "histogram",
        "seconds",
        "From a request's head to the head of an endpoint's answer.",
    ),
)
"""Families of routes and endpoints."""
_ROUTES = (
    (
        "porch_request_duration_seconds",
        "histogram",
        "seconds",
        "From a request's head to the end of the exchange.",
    ),
    (
        "porch_connect_seconds",
        "histogram",
        "seconds",
        "From a request's head to a new connection, where it had to wait for one.",
    ),
)
"""Families of routes."""


class Histogram:
    """Makes the lines of one. metric: its name."""

    __slots__ = ("_plain", "_shown")

    def __init__(self, metric: str) -> None:
        name = metric.encode()
        rest = b"%b_sum{\x01} %%d.%%06d\n%b_count{\x01} %%d\n" % (name, name)
        buckets = [b'%b_bucket{\x01,le="%b"} %%d' % (name, each) for each in _BOUNDS]
        self._plain = b"".join([*(b"%b\n" % each for each in buckets), rest])
        self._shown = b"".join([*(b"%b%%b\n" % each for each in buckets), rest])

    def lines(
        self, said: bytes, cells: Sequence[int], exemplars: Sequence[bytes] | None = None
    ) -> bytes:
        """said: its labels. cells: the sum in microseconds, and the buckets. exemplars: what stands
        behind the count of each bucket."""
        counts = (*accumulate(cells[1:]),)
        rest = *divmod(cells[0], 1_000_000), counts[-1]
        if exemplars is None:
            text = self._plain % (counts + rest)
        else:
            both: list[int | bytes] = [0] * (2 * BUCKETS)
            both[::2], both[1::2] = counts, exemplars
            text = self._shown % (*both, *rest)
        return text.replace(_LABELS, said)


_first_byte = Histogram("porch_first_byte_seconds")
_duration = Histogram("porch_request_duration_seconds")
_connect = Histogram("porch_connect_seconds")


class RequestLines:
    """Of one kind of page. exemplars: which stand in it."""

    __slots__ = ("_cells", "_exemplars", "_layout", "_pairs", "_ranges", "_route_of", "_routes")

    def __init__(self, exemplars: Exemplars | None = None) -> None:
        self._exemplars = exemplars
        self._layout = Layout({})
        self._pairs = _Lines(_PAIRS, "route", "endpoint")
        self._cells: list[bytes] = []
        self._route_of: list[int] = []
        self._routes = _Lines(_ROUTES, "route")
        self._ranges: list[tuple[int, int]] = []

    def __repr__(self) -> str:
        return f"<RequestLines {len(self._ranges)} routes, {len(self._cells)} pairs>"

    @property
    def families(self) -> list[Kept]:
        """With what was counted when they were taken."""
        texts = *self._pairs.texts, *self._routes.texts
        return [(*each, lines) for each, lines in zip((*_PAIRS, *_ROUTES), texts, strict=True)]

    def take(self, totals: Totals) -> None:
        """What is counted now."""
        cells = self._look(totals)
        routes, pairs = (set(), set()) if self._exemplars is None else self._exemplars.look()
        before, names = self._cells, self._pairs.names
        places = [
            place
            for place, each in enumerate(cells)
            if each != before[place] or (pairs and names[place] in pairs)
        ]
        self._make_pairs(places, cells)
        others = [place for place, name in enumerate(self._routes.names) if name[0] in routes]
        self._make_routes({*others, *(self._route_of[place] for place in places)})

    def prepare(self, totals: Totals, most: int) -> bool:
        """Make the first lines of names that have none yet, of so many. Whether that was all."""
        cells = self._look(totals)
        new = [place for place, known in enumerate(self._cells) if not known]
        self._make_pairs(new[:most], cells)
        self._make_routes({self._route_of[place] for place in new[:most]})
        return len(new) <= most

    def _look(self, totals: Totals) -> list[bytes]:
        """The cells of each pair."""
        if totals.layout is not self._layout:
            self._lay_out(totals.layout)
        first, end = totals.layout.range(REQUESTS)
        data = totals.data
        bounds = [start * 8 for start in totals.layout.starts[first : end + 1]]
        return [data[start:stop] for start, stop in pairwise(bounds)]

    def _make_pairs(self, places: list[int], cells: list[bytes]) -> None:
        """One loop of all, for there are many."""
        lines, before = self._pairs, self._cells
        names, said = lines.names, lines.said
        requests, sent, got, retries, first = lines.texts
        exemplars = {} if self._exemplars is None else self._exemplars.first
        for place in places:
            data = before[place] = cells[place]
            (key, endpoint), each = names[place], said[place]
            if endpoint == GONE:
                continue
            shown = exemplars.get((key, endpoint))
            found = _of_pair(data)
            requests[place] = _codes(each, found)
            sent[place] = b"porch_request_body_bytes_total{%b} %d\n" % (each, found[BYTES_IN])
            got[place] = b"porch_response_body_bytes_total{%b} %d\n" % (each, found[BYTES_OUT])
            retries[place] = b"porch_retries_total{%b} %d\n" % (each, found[ATTEMPTS])
            first[place] = _first_byte.lines(each, found[TOTAL:], shown)

    def _make_routes(self, places: Iterable[int]) -> None:
        """Their histograms are those of all endpoints that they ever had."""
        lines, cells = self._routes, self._cells
        whole, connects = lines.texts
        exemplars = self._exemplars
        of_whole = {} if exemplars is None else exemplars.whole
        of_connect = {} if exemplars is None else exemplars.connect
        for place in places:
            parts = cells[slice(*self._ranges[place])]
            total = sum([int.from_bytes(each, "little") for each in parts])
            found = _of_route(total.to_bytes(WIDTH * 8, "little"))
            (key,), said = lines.names[place], lines.said[place]
            whole[place] = _duration.lines(said, found[:HISTOGRAM], of_whole.get(key))
            connects[place] = _connect.lines(said, found[HISTOGRAM:], of_connect.get(key))

    def _lay_out(self, layout: Layout) -> None:
        first, end = layout.range(REQUESTS)
        pairs = [name[1:] for name in layout.names[first:end]]
        places = self._pairs.lay_out(pairs)
        self._cells = _moved(self._cells, places)
        routes = [*dict.fromkeys(key for key, _ in pairs)]
        self._routes.lay_out([(key,) for key in routes])
        at = {key: place for place, key in enumerate(routes)}
        self._route_of = [at[key] for key, _ in pairs]
        counts = Counter(self._route_of)
        ends = [*accumulate(counts[place] for place in range(len(routes)))]
        self._ranges = [*zip([0, *ends], ends, strict=False)]
        self._layout = layout
        if self._exemplars is not None:
            self._exemplars.keep({(key, endpoint) for key, endpoint in pairs})


def _codes(said: bytes, cells: Sequence[int]) -> bytes:
    if cells[2] == sum(cells[:6]):  # mostly so: a third of the time
        return b'porch_requests_total{%b,code="2xx"} %d\n' % (said, cells[2])
    lines = [
        b'porch_requests_total{%b,code="%b"} %d\n' % (said, code, cells[digit])
        for digit, code in enumerate(_CODES)
        if cells[digit]
    ]
    return b"".join(lines)


class _Lines:
    """Of names in order. texts: of each family the lines of each name. said: their labels, of
    these words."""

    __slots__ = ("_words", "names", "said", "texts")

    def __init__(self, families: Sequence[tuple[str, str, str, str]], *words: str) -> None:
        self._words = words
        self.names: list[Name] = []
        self.said: list[bytes] = []
        self.texts: list[list[bytes]] = [[] for _ in families]

    def lay_out(self, names: list[Name]) -> list[int]:
        """There are other names; the lines of those that were there go on. Where those were, and
        -1 of new ones."""
        before = {name: place for place, name in enumerate(self.names)}
        places = [before.get(name, -1) for name in names]
        said = _moved(self.said, places)
        words = self._words
        self.said = [
            each or labels_of(words, name).encode() for each, name in zip(said, names, strict=True)
        ]
        self.texts = [_moved(each, places) for each in self.texts]
        self.names = names
        return places


def _moved(texts: list[bytes], places: list[int]) -> list[bytes]:
    texts = [*texts, b""]
    return [texts[place] for place in places]
