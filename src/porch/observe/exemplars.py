"""Exemplars: of each bucket of a histogram one recent exchange, by which it is found again.

They are read from the record of the last exchanges (recent.py) when somebody scrapes, so that
counting knows nothing of them. OpenMetrics 1.0, "Exemplars"; Prometheus's own text has none.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Collection, Mapping
from datetime import datetime

from porch.observe.meter import AT_DOOR, BOUNDS
from porch.observe.recent import RecentTable

__all__ = ["NONE", "Exemplars", "Texts"]

LOOKED_AT = 1 << 20
"""Bytes of lines of all workers together that a look takes in: the newest 2,400 exchanges or so."""
LONGEST = 128
"""Characters of the names and values of an exemplar's labels together."""

_line = re.compile(
    rb'"time":"([^"]+)","id":"([^"]*)",(?:"trace":"([0-9a-f]{32})",)?'
    rb'.*?"route":"((?:[^"\\]|\\.)*)","endpoint":(?:null|"((?:[^"\\]|\\.)*)"),'
    rb'.*?"total_ms":([0-9.]+),.*?"first_byte_ms":([0-9.]+|null)'
).finditer
"""What is needed of a line of json_lines.py: no text in it has a quote that is not escaped."""

Texts = Mapping[int, str]
"""By the place of a bucket, what stands behind its count."""
NONE: Texts = {}


class Exemplars:
    """whole: by route, of the time to the end. first: by route and endpoint, to the first byte.

    Bounded by what was counted: whoever writes a page says which names there are.
    """

    __slots__ = ("_marks", "_recent", "first", "whole")

    def __init__(self, recent: RecentTable) -> None:
        self._recent = recent
        self._marks: dict[int, int] = {}
        self.first: dict[tuple[str, str], dict[int, str]] = {}
        self.whole: dict[str, dict[int, str]] = {}

    def __repr__(self) -> str:
        return f"<Exemplars {len(self.whole)} routes, {len(self.first)} endpoints>"

    def look(self) -> None:
        """Take those of exchanges that have ended since the last look; of very many the newest, so
        that it takes 25 ms at most."""
        lines, self._marks = self._recent.lines(self._marks)
        share = LOOKED_AT // max(1, sum(map(bool, lines)))
        latest: dict[tuple[bytes, bytes | None, int], re.Match[bytes]] = {}
        for found in _line(b"".join(each[-share:] for each in lines)):
            *_, route, endpoint, total, first = found.groups()
            latest[route, None, bisect_left(BOUNDS, float(total) / 1000)] = found
            if first != b"null":
                latest[route, endpoint or b"", bisect_left(BOUNDS, float(first) / 1000)] = found
        for (route, endpoint, bucket), found in latest.items():
            text = _text(found, 6 if endpoint is None else 7)
            if not text:
                continue
            key = _read(route)
            if endpoint is None:
                self.whole.setdefault(key, {})[bucket] = text
            else:
                name = key, _read(endpoint) or AT_DOOR
                self.first.setdefault(name, {})[bucket] = text

    def keep(self, names: Collection[tuple[str, str]]) -> None:
        """These are counted: the others are gone."""
        self.first = {name: each for name, each in self.first.items() if name in names}
        routes = {route for route, _ in names}
        self.whole = {route: each for route, each in self.whole.items() if route in routes}


def _read(text: bytes) -> str:
    """What stands between the quotes of a JSON string."""
    return text.decode() if b"\\" not in text else str(json.loads(b'"%b"' % text))


def _text(found: re.Match[bytes], group: int) -> str:
    """With the trace where there is one, and the id of the request, which finds it at the door even
    where nobody has kept the trace; "" for one that nobody could find."""
    name = _read(found[2])
    trace = (found[3] or b"").decode()
    labels = [f'trace_id="{trace}"'] if trace else []
    room = LONGEST - len(f"trace_id{trace}" if trace else "")
    if name and len(f"request_id{name}") <= room:
        labels.append(f'request_id="{name}"')
    if not labels:
        return ""
    at = datetime.fromisoformat(found[1].decode()).timestamp()
    return f" # {{{','.join(labels)}}} {float(found[group]) / 1000:.6f} {at:.3f}"
