"""Exemplars: of each bucket of a histogram one recent exchange, by which it is found again.

They are read from the record of the last exchanges (recent.py) when somebody scrapes, so that
counting knows nothing of them. OpenMetrics 1.0, "Exemplars"; Prometheus's own text has none.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Collection
from datetime import datetime
from functools import lru_cache

from porch.observe.meter import AT_DOOR, BOUNDS, BUCKETS
from porch.observe.recent import RecentTable

__all__ = ["Exemplars"]

LOOKED_AT = 1 << 19
"""Bytes of lines of all workers together that a look takes in: the newest 1,200 exchanges or so.
Twice as many take twice as long, and a bucket wants but one."""
LONGEST = 128
"""Characters of the names and values of an exemplar's labels together."""

_lines = re.compile(
    rb'"time":"([^"]+)\.(\d+)Z","id":"([^"]*)",(?:"trace":"([0-9a-f]{32})",)?[^\n]*'
    rb',"route":"([^"\\]*(?:\\.[^"\\]*)*)","endpoint":(?:null|"([^"\\]*(?:\\.[^"\\]*)*)")'
    rb',"status":[0-9]+,"attempts":[0-9]+,"bytes_in":[0-9]+,"bytes_out":[0-9]+,'
    rb'"total_ms":([0-9.]+),"connect_ms":([0-9.]+|null),"first_byte_ms":([0-9.]+|null),"reused":(f?)'
).findall
"""What is needed of a line of json_lines.py: no text in it has a quote that is not escaped, and no
line a line end within."""

_NONE = [b""] * BUCKETS
_BOUNDS_MS = [round(bound * 1000, 3) for bound in BOUNDS]

_Line = tuple[bytes, ...]
"""Of a line: second, milliseconds, id, trace, route, endpoint, total, connect, first byte, and
whether it waited for a new connection."""


class Exemplars:
    """whole: by route, of the time to the end. connect: to a new connection, of those that had to
    wait for one. first: by route and endpoint, to the first byte. Each of a bucket is what stands
    behind its count, b"" where there is none.

    Bounded by what was counted: whoever writes a page says which names there are.
    """

    __slots__ = ("_marks", "_recent", "connect", "first", "whole")

    def __init__(self, recent: RecentTable) -> None:
        self._recent = recent
        self._marks: dict[int, int] = {}
        self.first: dict[tuple[str, str], list[bytes]] = {}
        self.whole: dict[str, list[bytes]] = {}
        self.connect: dict[str, list[bytes]] = {}

    def __repr__(self) -> str:
        return f"<Exemplars {len(self.whole)} routes, {len(self.first)} endpoints>"

    def look(self) -> tuple[set[str], set[tuple[str, str]]]:
        """Take those of exchanges that have ended since the last look; of very many the newest, so
        that it takes 12 ms at most. Returns the routes, and the routes with their endpoints, that
        have another one now."""
        lines, self._marks = self._recent.lines(self._marks, LOOKED_AT)
        whole: dict[tuple[bytes, int], _Line] = {}
        connects: dict[tuple[bytes, int], _Line] = {}
        parts: dict[tuple[bytes, bytes, int], _Line] = {}
        for line in _lines(lines):
            _, _, _, _, route, endpoint, total, connect, first, is_new = line
            whole[route, bisect_left(_BOUNDS_MS, float(total))] = line
            if first != b"null":
                parts[route, endpoint, bisect_left(_BOUNDS_MS, float(first))] = line
            if is_new and connect != b"null":
                connects[route, bisect_left(_BOUNDS_MS, float(connect))] = line
        routes, pairs = set[str](), set[tuple[str, str]]()
        for found, texts, place in ((whole, self.whole, 6), (connects, self.connect, 7)):
            for (route, bucket), line in found.items():
                if text := _text(line, line[place]):
                    key = _read(route)
                    if key not in texts:
                        texts[key] = [*_NONE]
                    texts[key][bucket] = text
                    routes.add(key)
        for (route, endpoint, bucket), line in parts.items():
            if text := _text(line, line[8]):
                name = _read(route), _read(endpoint) or AT_DOOR
                if name not in self.first:
                    self.first[name] = [*_NONE]
                self.first[name][bucket] = text
                pairs.add(name)
        return routes, pairs

    def keep(self, names: Collection[tuple[str, str]]) -> None:
        """These are counted: the others are gone."""
        self.first = {name: each for name, each in self.first.items() if name in names}
        routes = {route for route, _ in names}
        self.whole = {route: each for route, each in self.whole.items() if route in routes}
        self.connect = {route: each for route, each in self.connect.items() if route in routes}


@lru_cache(maxsize=1 << 12)
def _read(text: bytes) -> str:
    """What stands between the quotes of a JSON string. Few are many."""
    return text.decode() if b"\\" not in text else str(json.loads(b'"%b"' % text))


@lru_cache(maxsize=1 << 6)
def _moment(text: bytes) -> int:
    """Whole seconds of the wall clock."""
    return int(datetime.fromisoformat(f"{text.decode()}+00:00").timestamp())


def _text(line: _Line, took: bytes) -> bytes:
    """With the trace where there is one, and the id of the request, which finds it at the door even
    where nobody has kept the trace; b"" for one that nobody could find."""
    second, fraction, name, trace = line[:4]
    room = LONGEST - len(b"request_id")
    labels = b""
    if trace:
        labels = b'trace_id="%b"' % trace
        room -= len(b"trace_id") + len(trace)
    if name and len(name) <= room:
        labels = b'%b,request_id="%b"' % (labels, name) if labels else b'request_id="%b"' % name
    if not labels:
        return b""
    took_us = int(took.replace(b".", b""))
    return b" # {%b} %d.%06d %d.%b" % (
        labels,
        took_us // 1_000_000,
        took_us % 1_000_000,
        _moment(second),
        fraction,
    )
