"""The rows of the table: one question each, asked of every proxy in the same way."""

from __future__ import annotations

import select
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from harness import messages
from harness.clients import Client, Clients, Downloads, KeepAlive, NewConnections, Uploads
from harness.coded_clients import Coded
from harness.h2_rows import H2_IDLE, H2_ROWS
from harness.load import closed_loop, exchange_plain, exchange_secured, paced
from harness.meter import Meter
from harness.row import BASELINE, Behind, Row, Sample, Settings, cost, idle
from harness.running import Running
from harness.secure_clients import SecureDownloads, SecureKeepAlive, SecureNewConnections

__all__ = ["ROWS"]


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
    return cost(meter, load)


def _keep_alive(port: int, _: int, epoll: select.epoll, __: Clients, path: bytes) -> Client:
    return KeepAlive(port, epoll, messages.plain(path))


def _browser(port: int, number: int, epoll: select.epoll, _: Clients) -> Client:
    return KeepAlive(port, epoll, messages.browser(number))


def _new(port: int, _: int, epoll: select.epoll, clients: Clients) -> Client:
    return NewConnections(port, epoll, messages.plain_once(), clients)


def _download(
    port: int,
    _: int,
    epoll: select.epoll,
    __: Clients,
    path: bytes = b"/large",
    size: int = messages.LARGE,
) -> Client:
    return Downloads(port, epoll, messages.download(path), size)


def _hit(port: int, _: int, epoll: select.epoll, __: Clients) -> Client:
    return KeepAlive(port, epoll, messages.plain(b"/cached/small"), messages.KIB)


def _file(port: int, _: int, epoll: select.epoll, __: Clients) -> Client:
    return KeepAlive(port, epoll, messages.plain(b"/files/small"), messages.KIB)


def _miss(port: int, number: int, epoll: select.epoll, __: Clients) -> Client:
    return KeepAlive(port, epoll, messages.unique(number), messages.KIB)


def _coded(port: int, _: int, epoll: select.epoll, __: Clients, coding: bytes) -> Client:
    return Coded(port, epoll, messages.coded(coding), coding)


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


CACHES = frozenset({"Porch", BASELINE, "HAProxy"})
"""Who has a cache without another program or module."""


def _cache_row(key: str, title: str, connections: int, make: Callable[..., Client]) -> Row:
    measure = partial(_cpu, connections=connections, make=make)
    return Row(key=key, title=title, unit="µs", measure=measure, only=CACHES)


FILES = frozenset({"Porch", BASELINE, "Caddy"})
"""Who serves files."""


def _file_row(key: str, title: str, connections: int, make: Callable[..., Client]) -> Row:
    measure = partial(_cpu, connections=connections, make=make)
    return Row(key=key, title=title, unit="µs", measure=measure, only=FILES)


PAIRS = 15
SHIELDS = frozenset({"Porch", BASELINE, "HAProxy"})
"""Whose limits and lists are measured: nginx's limit_req and geo, HAProxy's stick table and ACL."""


def _added(running: Running, settings: Settings, *, path: bytes) -> Sample:
    """What more an exchange costs with this path than with another one: the median of pairs that
    follow each other at once, for the machine changes by more than that from minute to minute."""
    # In less than a tenth of a second a core that others use may do nothing of ours.
    short = replace(settings, seconds=max(0.1, settings.seconds / PAIRS), warm=settings.warm / 2)
    found: list[tuple[float, Sample]] = []
    for number in range(PAIRS):
        pair = [(path, 1), (b"/plain/small", -1)]
        more = 0.0
        for each, sign in pair if number % 2 else reversed(pair):
            make = partial(_keep_alive, path=each)
            sample = _cpu(running, short, connections=16, make=make)
            more += sign * sample.value
        found.append((more, sample))
    found.sort(key=lambda each: each[0])
    return replace(found[PAIRS // 2][1], value=found[PAIRS // 2][0])


def _shield_row(key: str, title: str, only: frozenset[str] = SHIELDS) -> Row:
    measure = partial(_added, path=b"/%b/small" % key.encode())
    return Row(key=key, title=title, unit="µs", measure=measure, only=only, compared=False)


CODERS = {
    "gzip": frozenset({"Porch", BASELINE, "HAProxy", "Caddy", "Traefik"}),
    "zstd": frozenset({"Porch", "Caddy", "Traefik"}),
    "br": frozenset({"Porch", "Traefik"}),
}
"""Who has which coding without another program or module."""


def _coded_row(coding: str) -> Row:
    make = partial(_coded, coding=coding.encode())
    measure = partial(_cpu, connections=16, make=make)
    title = f"JSON of 90 KB as {coding}"
    return Row(key=coding, title=title, unit="µs", measure=measure, only=CODERS[coding])


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
    _cache_row("hit", "cached 1 KiB", 16, _hit),
    _cache_row(
        "hit-64k",
        "cached 64 KiB",
        16,
        partial(_download, path=b"/cached/medium", size=messages.MEDIUM),
    ),
    _cache_row(
        "hit-10m",
        "cached 10 MiB",
        4,
        partial(_download, path=b"/cached/huge", size=messages.HUGE),
    ),
    _file_row("file", "file of 1 KiB", 16, _file),
    _file_row("file-1m", "file of 1 MiB", 4, partial(_download, path=b"/files/large")),
    _cache_row("miss", "1 KiB, asked for and stored", 16, _miss),
    _shield_row("limited", "a limit by address adds"),
    _shield_row("told", "the same with RateLimit fields", frozenset({"Porch"})),
    _shield_row("listed", "100,000 denied networks add"),
    *(_coded_row(coding) for coding in CODERS),
    *H2_ROWS,
    Row(
        key="idle",
        title="idle connection",
        unit="KiB",
        measure=partial(idle, exchange=exchange_plain, tls=False),
        fresh=True,
    ),
    Row(
        key="tls-idle",
        title="idle TLS connection",
        unit="KiB",
        measure=partial(idle, exchange=exchange_secured),
        fresh=True,
    ),
    H2_IDLE,
)
