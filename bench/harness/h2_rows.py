"""The rows of HTTP/2 with clients, all over TLS. The origin hears HTTP/1.1, and h2c for gRPC."""

from __future__ import annotations

from functools import partial

from harness import h2load
from harness.grpc_origin import FIELDS, MESSAGE, PATH
from harness.h2_client import exchange_small
from harness.h2load import Ask, Shape
from harness.load import without_collector
from harness.messages import BODY, LARGE, MEDIUM, browser_fields, browser_paths
from harness.meter import Meter
from harness.row import BASELINE, Row, Sample, Settings, cost, idle
from harness.running import Running

__all__ = ["H2_IDLE", "H2_ROWS"]

FEW = Shape(connections=8, streams=32)
BULK = Shape(connections=4, streams=4)
SMALL = Ask(paths=("/small",), answer=len(BODY))
PAGES = 60_000
PAGE = Ask(paths=browser_paths(PAGES), fields=browser_fields(), answer=len(BODY))
CALL = Ask(
    paths=(PATH,),
    fields=tuple(f"{name}: {value}" for name, value in FIELDS),
    body=MESSAGE,
    answer=len(MESSAGE),
)


def _upload(path: str) -> Ask:
    return Ask(paths=(path,), body=b"u" * LARGE, answer=len(b"%d\n" % LARGE))


def _cpu(running: Running, settings: Settings, *, ask: Ask, shape: Shape) -> Sample:
    """CPU µs of the proxy an exchange, in a closed loop of so many streams."""
    meter = Meter(running.process, settings.proxy_core, settings.load_core)
    with running.origin.in_background(), without_collector():
        h2load.check(running.tls_port, ask, shape, settings.folder)
        load = h2load.timed(
            running.tls_port,
            ask,
            shape,
            settings.folder,
            warm=settings.warm,
            seconds=settings.seconds,
            meter=meter,
        )
    return cost(meter, load)


def _row(key: str, title: str, ask: Ask, shape: Shape, only: frozenset[str] | None = None) -> Row:
    return Row(
        key=key,
        title=f"HTTP/2, {shape.connections} x {shape.streams}, {title}",
        unit="µs",
        measure=partial(_cpu, ask=ask, shape=shape),
        only=only,
    )


H2_ROWS = (
    _row("h2", "GET 100 B", SMALL, FEW),
    _row("h2-browser", "GET 100 B, browser's fields", PAGE, FEW),
    _row("h2-one", "GET 100 B", SMALL, Shape(connections=1, streams=100)),
    _row("h2-many", "GET 100 B", SMALL, Shape(connections=64, streams=1)),
    _row("h2-medium", "download 64 KiB", Ask(paths=("/medium",), answer=MEDIUM), BULK),
    _row("h2-download", "download 1 MiB", Ask(paths=("/large",), answer=LARGE), BULK),
    _row("h2-upload", "upload 1 MiB", _upload("/upload"), BULK),
    _row(
        "h2-streamed",
        "upload 1 MiB, not stored first",
        _upload("/streamed/upload"),
        BULK,
        frozenset({BASELINE}),
    ),
    _row("h2-grpc", "gRPC, one message each way", CALL, FEW),
)
H2_IDLE = Row(
    key="h2-idle",
    title="idle HTTP/2 connection",
    unit="KiB",
    measure=partial(idle, exchange=exchange_small),
    fresh=True,
)
