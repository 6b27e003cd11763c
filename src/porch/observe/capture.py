"""Capture: what one client and the door and the origin say to each other, head by head, for some
minutes.

Whoever finds the routes of a door is asked through `Capturing` meanwhile: for that client it gives
a route with the same plan and four hooks more. Nobody else's exchange notices, and while nothing is
captured nothing of this is there. Values of fields are shown as a trace shows them (details.py):
those that might be secrets by their length alone.
"""

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from porch import clock
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import Field, RequestHead
from porch.keeper import Security
from porch.observe.details import shown_fields
from porch.observe.redact import redact_url
from porch.observe.stamp import utc_ms
from porch.route.plan import Plan
from porch.route.route import Route

if TYPE_CHECKING:
    from porch.listen.door import Router

__all__ = ["MOST_BYTES", "MOST_HEADS", "Capture", "Captured", "Capturing", "Heads", "Wanted"]

MOST_HEADS = 1000
"""Heads of one capture."""
MOST_BYTES = 4 << 20
"""Bytes of them, as they are counted: 16 for each field beside its name and its value."""
_LONGEST_LINE, _LONGEST_VALUE, _MOST_FIELDS = 2000, 1000, 200

Captured = dict[str, Any]
"""One head, in plain data. `what`: "asked" as it came from the client, "sent" to `endpoint`, "got"
from it, "answered" to the client; `line`, `fields` ([name, value]), `time` (RFC 3339), `ms` since
the request came, `id`, `client`, `route`. Behind the last one of an exchange comes "ended", with
`status`, `reason`, and `tried`, attempts that failed."""
Heads = list[Captured]
Wanted = tuple[str, str, float]
"""The client's address; the key of the one route, "" for all; until when (clock.monotonic)."""


class Capture(Filter):
    """client: its address, as routes see it. route: the key of the only one that is looked at, ""
    for all. until: by the monotonic clock.

    Bounded by itself, in each worker: whatever comes, it keeps MOST_HEADS and MOST_BYTES and then
    nothing more.
    """

    __slots__ = ("_bytes", "_count", "_ended", "_heads", "_routes", "client", "route", "until")

    def __init__(self, client: bytes, route: str, until: float) -> None:
        self.client = client
        self.route = route
        self.until = until
        self._heads: Heads = []
        self._count = self._bytes = self._ended = 0
        self._routes: dict[Route, tuple[Plan, Route]] = {}

    def __repr__(self) -> str:
        return f"<Capture of {self.client.decode('latin-1')}, {self._count} heads>"

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        full = self._count >= MOST_HEADS or self._bytes >= MOST_BYTES
        return full or clock.monotonic() >= self.until

    def take(self) -> Heads:
        """What has come since it was asked last."""
        heads, self._heads = self._heads, []
        return heads

    def forget_routes(self) -> None:
        """Others are in force from now on."""
        self._routes.clear()

    def route_of(self, route: Route, client_ip: bytes) -> Route:
        """The route that an exchange of this client has: the same, looked at or not."""
        if client_ip != self.client or self.route not in ("", route.key) or self.is_over:
            return route
        known = self._routes.get(route)
        if known is None or known[0] is not route.plan:  # an order has changed it meanwhile
            twin = copy(route)
            twin.plan = self._plan(route.plan)
            known = self._routes[route] = route.plan, twin
        return known[1]

    def refused_of(self, malformed: Route) -> Route:
        """The route of requests that are refused before they have one, of all clients."""
        if self.route:
            return malformed
        twin = copy(malformed)
        twin.plan = self._plan(malformed.plan)
        return twin

    def _plan(self, plan: Plan) -> Plan:
        """The same, and ours: the first that sees what came, and the last that sees what goes."""
        made = copy(plan)
        made.on_request = (self.on_request, *plan.on_request)
        made.on_upstream_request = (*plan.on_upstream_request, self.on_upstream_request)
        made.on_upstream_response = (self.on_upstream_response, *plan.on_upstream_response)
        made.on_response = (*plan.on_response, self.on_response)
        made.on_end = (*plan.on_end, self.on_end)
        return made

    # --- hooks ---------------------------------------------------------------------------------

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        self._note_request(exchange, "asked", exchange.request)

    def on_upstream_request(self, exchange: Exchange) -> None:
        """See Filter."""
        assert exchange.outgoing is not None
        self._note_request(exchange, "sent", exchange.outgoing)

    def on_upstream_response(self, exchange: Exchange) -> None:
        """See Filter."""
        assert exchange.response is not None
        self._note(exchange, "got", b"%d" % exchange.response.status, exchange.response.fields)

    def on_response(self, exchange: Exchange) -> None:
        """See Filter."""
        assert exchange.response is not None
        self._note(exchange, "answered", b"%d" % exchange.response.status, exchange.response.fields)

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        if exchange.client_ip == self.client and self._ended < MOST_HEADS:
            self._ended += 1
            error = exchange.error
            tried = [f"{each.endpoint}: {each.error.word}" for each in exchange.tried]
            more = {"status": exchange.status, "tried": tried}
            self._keep(exchange, "ended", more | {"reason": error.word if error else None})

    def _note_request(self, exchange: Exchange, what: str, head: RequestHead) -> None:
        line = b"%b %b" % (head.method, redact_url(head.target))
        self._note(exchange, what, line, [(b"host", head.authority), *head.fields])

    def _note(self, exchange: Exchange, what: str, line: bytes, fields: Sequence[Field]) -> None:
        if exchange.client_ip != self.client or self.is_over:
            return
        shown = shown_fields(fields[:_MOST_FIELDS], _LONGEST_VALUE)
        text = line[:_LONGEST_LINE].decode("utf-8", "backslashreplace")
        self._count += 1
        self._bytes += len(text) + sum(len(name) + len(value) + 16 for name, value in shown)
        self._keep(exchange, what, {"line": text, "fields": shown})

    def _keep(self, exchange: Exchange, what: str, more: Captured) -> None:
        endpoint = exchange.endpoint
        self._heads.append(
            {
                "what": what,
                "time": utc_ms(clock.wall()),
                "ms": round((clock.monotonic() - exchange.started) * 1000, 1),
                "id": exchange.id.decode("latin-1"),
                "client": self.client.decode("latin-1"),
                "route": exchange.route.key,
                "endpoint": endpoint.name if endpoint is not None else None,
                **more,
            }
        )


class Capturing:
    """A router while a capture runs. See listen.door.Router."""

    __slots__ = ("_capture", "malformed", "router")

    def __init__(self, router: "Router", capture: Capture, malformed: Route) -> None:
        """router: that finds the routes. malformed: of requests that have none; both as they are
        without a capture."""
        self.router = router
        self.malformed = malformed
        self._capture = capture

    def find(self, request: RequestHead, client_ip: bytes, security: Security | None) -> Route:
        """See Router."""
        route = self.router.find(request, client_ip, security)
        return self._capture.route_of(route, client_ip)
