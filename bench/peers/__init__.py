"""The proxies that are measured, one file each.

Each is set up as a careful person would for production: kept connections to the origin, one
worker (or thread), a JSON access log to a file. A setting that is not the proxy's default has
its reason beside it. Where the number of connections that are kept to the origin can be set it is
512, since over HTTP/2 up to 256 requests are under way at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Command", "Pair", "Peer", "Place"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """The files of a certificate: it, its key, and one with both; PEM. All in one folder, in which
    is nothing else that ends in .crt or .key."""

    cert: Path
    key: Path
    both: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a proxy runs.

    directory: its own, empty; gone after the run.
    port: it listens on 127.0.0.1 there; nothing else does. tls_port: the same for TLS.
    pair: what it shows there, to whoever asks for whatever host.
    origin: the port of the origin on 127.0.0.1. grpc: of its other one, which speaks gRPC over h2c
    and is for the paths below /bench.Echo/.
    log: the access log's file, which it appends to.
    connections: as many clients at once as the idle row opens, and some more.
    www: a folder with files/small and files/large, to be served below /files/.
    networks: a file of 100,000 networks, who may not see what is below /listed/. Whoever
    asks for what is below /limited/ is counted by address, and may come more often than he can.
    metrics: the port on which it shows what it counts, at /metrics; 0 where it is not to.
    """

    directory: Path
    port: int
    tls_port: int
    pair: Pair
    origin: int
    grpc: int
    log: Path
    connections: int
    www: Path
    networks: Path
    metrics: int

    def write(self, name: str, text: str) -> Path:
        """A configuration file of the proxy's directory."""
        path = self.directory / name
        path.write_text(text)
        return path


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """How a proxy is started: in the foreground, so that its pid is the one we started.

    logs_to_stdout: its standard output is the access log.
    """

    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    logs_to_stdout: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """A proxy.

    find: its program's path, or None where it is not installed.
    version: the arguments that make it print its version.
    command: writes its configuration for a place and tells how to start it there.
    has_metrics: whether its program heeds Place.metrics.
    """

    name: str
    find: Callable[[], str | None]
    version: tuple[str, ...]
    command: Callable[[str, Place], Command]
    has_metrics: Callable[[str], bool] = lambda program: False
