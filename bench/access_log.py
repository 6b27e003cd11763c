"""What does a line of the access log cost, by format and by what the client asked for?

    .venv-bench/bin/python bench/access_log.py

µs a line, the best of 30 repeats, one process; the time of the flush alone, which is all that the
log takes but for an append to a list (last line) and one write for all lines. The bytes of a
request are new objects each time, as bytes from a socket are; routes, endpoints, clients and
field values are the same ones, as they are in the door.
"""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from harness import machine

from porch import clock
from porch.balance.endpoint import Endpoint
from porch.errors import ConnectionRefused, PorchError
from porch.exchange import Exchange
from porch.http.message import Field, RequestHead
from porch.observe.addresses import Hidden, short
from porch.observe.combined import combined
from porch.observe.ended import Ended, Format
from porch.observe.fields import Fields
from porch.observe.json_lines import json_lines
from porch.observe.memo import Memo
from porch.observe.pretty import Pretty
from porch.route.route import Route

REPEATS = 30
LINES = 500  # a flush; 100 ms at 5,000 requests a second

NOTHING = cast("Any", None)
ROUTE = Route(key="example.com/api/*")
ENDPOINT = Endpoint("10.0.0.11:8000", NOTHING)
CLIENT = b"192.0.2.7"
FEW: list[Field] = [(b"user-agent", b"curl/8.5.0"), (b"accept", b"*/*")]
BROWSER: list[Field] = [
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
    *((b"x-field-%d" % number, b"value") for number in range(13)),
    (b"referer", b"https://example.com/start?page=2"),
    (b"cookie", b"session=0123456789abcdef"),
]

FORMATS: dict[str, Format] = {
    "json": json_lines,
    "combined": combined,
    "pretty": Pretty(),
    "8 fields": Fields(
        ("time", "id", "client", "method", "target", "route", "status", "request.user-agent")
    ),
    "json, short": Hidden(json_lines, Memo(short)),
}

ROWS: list[tuple[str, bytes, list[Field], PorchError | None]] = [
    ("a path", b"/api/users/%d", FEW, None),
    ("16 fields of a browser", b"/api/users/%d", BROWSER, None),
    ("a query of 3", b"/api/users/%d?page=2&sort=name&limit=50", FEW, None),
    ("a query with a token", b"/api/users/%d?page=2&token=0123456789&limit=50", FEW, None),
    ("an encoded URL in it", b"/login/%d?next=%%2Fapi%%2Fusers%%3Fpage%%3D2", FEW, None),
    ("an error", b"/api/users/%d", FEW, ConnectionRefused("10.0.0.11:8000 refused")),
]


def main() -> None:
    """Print the table."""
    print(f"{machine.machine()}; {machine.interpreter(sys.executable)}\n")
    print(f"{'µs a line':26}" + "".join(f"{name:>12}" for name in FORMATS) + f"{'JSON bytes':>12}")
    for title, target, fields, error in ROWS:
        made = partial(flushed, target, fields, error)
        figures = "".join(f"{each:12.2f}" for each in measured(made))
        print(f"{title:26}{figures}{len(json_lines(made())) / LINES:12.0f}")
    print(f"\non_end, ns{append_ns():28.0f}")


def flushed(target: bytes, fields: list[Field], error: PorchError | None) -> list[Exchange]:
    """What a flush finds."""
    return [exchange(target % number, fields, error) for number in range(LINES)]


def measured(made: Callable[[], list[Exchange]]) -> list[float]:
    """µs a line, a format each; rounds alternate."""
    best = dict.fromkeys(FORMATS, float("inf"))
    for _ in range(REPEATS):
        for name, make_lines in FORMATS.items():
            exchanges = made()
            began = timeit.default_timer()
            make_lines(exchanges)
            best[name] = min(best[name], timeit.default_timer() - began)
    return [each / LINES * 1e6 for each in best.values()]


def append_ns() -> float:
    """What the hot path pays."""
    log = Ended([])
    one = exchange(b"/", FEW, None)
    on_end = log.on_end
    best = float("inf")
    for _ in range(REPEATS):
        best = min(best, timeit.timeit(lambda: on_end(one), number=LINES))
        log.flush()
    empty = min(timeit.repeat(lambda: None, number=LINES, repeat=REPEATS))
    return (best - empty) / LINES * 1e9


def exchange(target: bytes, fields: list[Field], error: PorchError | None) -> Exchange:
    """One that is over."""
    method, host = bytes(bytearray(b"GET")), bytes(bytearray(b"example.com"))
    request = RequestHead(method, target, host, b"http", fields)
    made = Exchange(NOTHING, NOTHING, request, ROUTE, CLIENT)
    made.endpoint = ENDPOINT
    made.started = now = clock.monotonic()
    made.connected = now + 0.000123
    made.first_byte = 0.0 if error else now + 0.004567
    made.ended = now + 0.004789
    made.error = error
    made.status = error.status if error else 200
    made.bytes_out = 312
    return made


if __name__ == "__main__":
    main()
