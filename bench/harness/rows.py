"""The rows of the table: one question each, asked of every proxy in the same way."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from harness import messages
from harness.clients import Client, Clients, Downloads, KeepAlive, NewConnections, Uploads
from harness.load import closed_loop, idle_connections, paced
from harness.meter import Meter
from harness.running import Running
from harness.secure_clients import SecureDownloads, SecureKeepAlive, SecureNewConnections

__all__ = [
    "BASELINE",
    "IDLE",
    "IDLE_BEFORE",
    "IDLE_TLS",
    "ROWS",
    "Behind",
    "Row",
    "Sample",
    "Settings",
]

IDLE = 10_000
IDLE_BEFORE = 500
IDLE_TLS = 2_500  # more, and the first were closed before the last had its handshake
BASELINE = "nginx"


class Behind(Exception):
    """The pace could not be kept, so that the latencies are those of a queue."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How long one measurement lasts, on which cores, and how many idle connections can be held."""

    proxy_core: int
    load_core: int
    warm: float
    seconds: float
    idle: int = IDLE


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """What one measurement gave.

    value: in the row's unit. tail: the 99th percentile, where the row has one.
    rate: exchanges a second. busy: share of its core the proxy used, 0 to 1; load: of the other
    core the load and the origin; disturbed: of either core anybody else, the hypervisor included.
    """

    value: float
    tail: float | None = None
    rate: float | None = None
    busy: float | None = None
    disturbed: float | None = None
    load: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A question.

    fresh: it needs a proxy that did nothing before; one measurement of it is enough.
    only: the proxies it is asked of, or None for all.
    """

    key: str
    title: str
    unit: str
    measure: Callable[[Running, Settings], Sample]
    fresh: bool = False
    only: frozenset[str] | None = None

    def asks(self, peer: str) -> bool:
        """Whether the row is about this proxy."""
        return self.only is None or peer in self.only


def _cpu(
    running: Running,
    settings: Settings,
    *,
    connections: int,
    make: Callable[..., Client],
    tls: bool = False,
) -> Sample:
    """CPU µs of the proxy an exchange, in a closed loop of `connections` clients."""
    meter = Meter(running.process, settings.proxy_core, settings.load_core)
    load = closed_loop(
        partial(make, running.tls_port if tls else running.port),
        connections,
        origin=running.origin,
        warm=settings.warm,
        seconds=settings.seconds,
        meter=meter,
    )
    return Sample(
        value=meter.cpu_ns / load.exchanges / 1000,
        rate=load.exchanges / load.seconds,
        busy=meter.busy,
        disturbed=meter.disturbed,
        load=meter.load,
    )


def _keep_alive(port: int, _: int, epoll: select.epoll, __: Clients, path: bytes) -> Client:
    return KeepAlive(port, epoll, messages.plain(path))


def _browser(port: int, number: int, epoll: select.epoll, _: Clients) -> Client:
    return KeepAlive(port, epoll, messages.browser(number))


def _new(port: int, _: int, epoll: select.epoll, clients: Clients) -> Client:
    return NewConnections(port, epoll, messages.plain_once(), clients)


def _download(port: int, _: int, epoll: select.epoll, __: Clients) -> Client:
    return Downloads(port, epoll, messages.download())


def _upload(port: int, _: int, epoll: select.epoll, __: Clients, path: bytes) -> Client:
    return Uploads(port, epoll, messages.upload(path))


def _tls(port: int, _: int, epoll: select.epoll, __: Clients) -> Client:
    return SecureKeepAlive(port, epoll, messages.plain())


def _handshake(
    port: int, _: int, epoll: select.epoll, clients: Clients, resumes: bool = False
) -> Client:
    return SecureNewConnections(port, epoll, messages.plain_once(), clients, resumes=resumes)


def _tls_download(port: int, _: int, epoll: select.epoll, __: Clients) -> Client:
    return SecureDownloads(port, epoll, messages.download())


def _idle(running: Running, settings: Settings, *, tls: bool = False) -> Sample:
    """KiB of the proxy's memory a connection that had one exchange and is kept."""
    with running.origin.in_background():
        port, count = running.port, settings.idle
        if tls:
            port, count = running.tls_port, min(count, IDLE_TLS)
        # Those before are held too: what is allocated once is there then, and nothing is free.
        with idle_connections(port, IDLE_BEFORE, tls=tls):
            time.sleep(0.5)
            before = running.process.memory_kib()
            with idle_connections(port, count, tls=tls):
                time.sleep(1)
                held = running.process.memory_kib() - before
    return Sample(value=held / count)


def _half_load(running: Running, settings: Settings) -> Sample:
    """Milliseconds from due to answered, at the rate that makes half of the proxy's core busy."""
    cost = _cpu(
        running,
        replace(settings, seconds=settings.seconds / 2),
        connections=16,
        make=partial(_keep_alive, path=b"/small"),
    ).value
    rate = 0.5e6 / cost
    pace = partial(paced, running.port, origin=running.origin, rate=rate, connections=64)
    pace(seconds=settings.warm)
    meter = Meter(running.process, settings.proxy_core, settings.load_core)
    meter.start()
    load = pace(seconds=settings.seconds)
    meter.stop()
    seconds = meter.seconds
    if len(load.moments) < 0.8 * rate * seconds:
        raise Behind(f"took {len(load.moments) / seconds:.0f} of {rate:.0f} requests a second")
    return Sample(
        value=load.percentile(0.5) * 1000,
        tail=load.percentile(0.99) * 1000,
        rate=len(load.moments) / seconds,
        busy=meter.busy,
        disturbed=meter.disturbed,
        load=meter.load,
    )


def _row(key: str, title: str, connections: int, make: Callable[..., Client]) -> Row:
    measure = partial(_cpu, connections=connections, make=make)
    return Row(key=key, title=title, unit="µs", measure=measure)


def _baseline_row(key: str, title: str, connections: int, make: Callable[..., Client]) -> Row:
    measure = partial(_cpu, connections=connections, make=make)
    return Row(key=key, title=title, unit="µs", measure=measure, only=frozenset({BASELINE}))


def _tls_row(key: str, title: str, connections: int, make: Callable[..., Client]) -> Row:
    measure = partial(_cpu, connections=connections, make=make, tls=True)
    return Row(key=key, title=title, unit="µs", measure=measure)


ROWS = (
    _row("small", "GET 100 B", 16, partial(_keep_alive, path=b"/small")),
    _baseline_row(
        "unbuffered",
        "GET 100 B, a write a log line",
        16,
        partial(_keep_alive, path=b"/unbuffered/small"),
    ),
    _row("browser", "GET 100 B, browser's fields", 16, _browser),
    _row("connect", "GET 100 B, new connection", 16, _new),
    _row("download", "download 1 MiB", 4, _download),
    _row("upload", "upload 1 MiB", 4, partial(_upload, path=b"/upload")),
    _baseline_row(
        "streamed", "upload 1 MiB, not stored first", 4, partial(_upload, path=b"/streamed/upload")
    ),
    Row(key="latency", title="p50 / p99 at half of its load", unit="ms", measure=_half_load),
    _tls_row("tls", "GET 100 B over TLS", 16, _tls),
    _tls_row("handshake", "TLS, new connection", 16, _handshake),
    _tls_row("resumed", "TLS, new connection, resumed", 16, partial(_handshake, resumes=True)),
    _tls_row("tls-download", "download 1 MiB over TLS", 4, _tls_download),
    Row(key="idle", title="idle connection", unit="KiB", measure=_idle, fresh=True),
    Row(
        key="tls-idle",
        title="idle TLS connection",
        unit="KiB",
        measure=partial(_idle, tls=True),
        fresh=True,
    ),
)
