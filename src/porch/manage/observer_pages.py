"""The pages of the address that `metrics` names: /metrics, /livez and /readyz, and nothing else.

Whatever the Host is: who scrapes names the machine as it likes. Nothing here changes anything, and
nothing tells a secret; it is for the networks of whoever runs the door all the same.
"""

from collections.abc import Callable

from porch import clock
from porch.exchange import Exchange
from porch.filter import SUSPEND, Filter, Response, Suspend
from porch.http.message import Field
from porch.manage.facts import Facts
from porch.manage.measures import Measures
from porch.manage.tables import Tables
from porch.observe.exemplars import Exemplars
from porch.observe.exposition import OPEN_METRICS, Exposition, content_type
from porch.shared import SharedTable

__all__ = ["AHEAD", "LASTS", "Pages"]

AHEAD = 2000
"""Names whose lines are made at once before anybody asks: 15 ms, and as much to add up all rows."""
AHEAD_SHARE = 0.1
"""Of a processor, that this takes at most while there are such."""
LASTS = 1.0
"""Seconds in which all who ask for the metrics get the same page: to make one of a door with many
routes takes long, and the questions whether it lives would wait behind it."""

Ask = Callable[[Callable[[Facts | None], None]], None]
"""Asks the supervisor; what is given is called with what it says, or with None if it is silent."""

_PLAIN: list[Field] = [(b"content-type", b"text/plain; charset=utf-8")]
_FRESH: Field = (b"cache-control", b"no-store")
_SILENT = b"the supervisor does not answer; porch status, or restart the door\n"


class Pages(Filter):
    """table, tables: where the workers count."""

    __slots__ = (
        "_ask",
        "_exposition",
        "_kind",
        "_known",
        "_last",
        "_made",
        "_measures",
        "_next",
        "_series",
    )

    def __init__(self, ask: Ask, table: SharedTable, tables: Tables) -> None:
        self._ask = ask
        self._measures = Measures(table)
        self._series = tables.series
        self._exposition = Exposition(Exemplars(tables.recent))
        self._last: Facts | None = None
        self._made: dict[bytes, tuple[float, bytes]] = {}  # by kind: when, and the page
        self._kind = OPEN_METRICS  # which Prometheus wants
        self._known = 0
        self._next = 0.0

    def tick(self) -> None:
        """Called often. Where there are new names their lines are made a few at a time, so that a
        page is no more for the first that asks than for the next."""
        now = clock.monotonic()
        if now < self._next:
            return
        self._next = now + LASTS
        count = self._series.count
        if count == self._known:
            return
        began = clock.cpu()
        is_all = self._exposition.prepare(self._series.totals(), self._kind, AHEAD)
        if is_all:
            self._known = count
        took = clock.cpu() - began
        self._next = now + (LASTS if is_all else 0.0) + took / AHEAD_SHARE

    def on_request(self, exchange: Exchange) -> Response | Suspend:
        """See Filter."""
        request = exchange.request
        path = request.target.partition(b"?")[0]
        page = {b"/metrics": self._metrics, b"/livez": _live, b"/readyz": _ready}.get(path)
        if request.method not in (b"GET", b"HEAD"):
            return Response(405, [*_PLAIN, (b"allow", b"GET, HEAD")], b"GET and HEAD\n")
        if page is None:
            return Response(404, _PLAIN, b"only /metrics, /livez and /readyz are here\n")

        def answer(facts: Facts | None) -> None:
            if not exchange.ended:
                exchange.resume(page(exchange, facts))

        self._ask(answer)
        return SUSPEND

    def _metrics(self, exchange: Exchange, facts: Facts | None) -> Response:
        """With what was known last, where the supervisor is silent: the workers may serve on."""
        self._last = facts = facts or self._last
        if facts is None:
            return Response(503, [*_PLAIN, _FRESH], _SILENT)
        kind = content_type(exchange.request.get(b"accept"))
        made, page = self._made.get(kind, (0.0, b""))
        now = clock.monotonic()
        if not page or now - made >= LASTS:
            self._kind = kind
            self._made.pop(kind, None)  # its memory is the next one's
            families = self._measures.of(facts)
            page = self._exposition.page(self._series.totals(), families, kind)
            self._made[kind] = now, page
        return Response(200, [(b"content-type", kind), _FRESH], page)


def _live(exchange: Exchange, facts: Facts | None) -> Response:
    """Whether the door is there at all: else it should be started again."""
    if facts is None:
        return Response(503, [*_PLAIN, _FRESH], _SILENT)
    return Response(200, [*_PLAIN, _FRESH], b"ok\n")


def _ready(exchange: Exchange, facts: Facts | None) -> Response:
    """Whether it should get new requests: not while it drains."""
    if facts is None or facts.trouble:
        said = _SILENT if facts is None else facts.trouble.encode() + b"\n"
        return Response(503, [*_PLAIN, _FRESH], said)
    return Response(200, [*_PLAIN, _FRESH], b"ok\n")
