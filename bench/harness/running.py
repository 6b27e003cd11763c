"""A proxy that runs, and the proof that it is one: right answers, and a line in its log."""

from __future__ import annotations

import http.client
import os
import re
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from peers import Pair, Peer, Place

from harness.clients import LoadError
from harness.grpc_origin import FIELDS, MESSAGE, PATH, STATUS
from harness.h2_client import Answer, exchange
from harness.messages import BODY, KIB, LARGE, download, plain
from harness.origin import Origin
from harness.process import Process, StartError, free_port
from harness.tls import check_shown

__all__ = ["Running", "start_peer"]

NETWORKS = 100_000
SETTLED = 3.0
"""Seconds behind its start in which a proxy may still do what belongs to it, as Porch's first look
at the files of its certificates does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A proxy at work: its process, the ports it listens on, its access log, its origin."""

    process: Process
    port: int
    tls_port: int
    log: Path
    origin: Origin

    def empty_log(self) -> None:
        """Throw away what was logged: a run writes gigabytes."""
        for path in (self.log, self.log.with_name(self.log.name + ".unbuffered")):
            with suppress(FileNotFoundError):
                os.truncate(path, 0)


def start_peer(
    peer: Peer,
    program: str,
    *,
    origin: Origin,
    pair: Pair,
    core: int,
    directory: Path,
    connections: int,
    metrics: bool = False,
) -> Running:
    """Start a proxy before the origin. metrics: it shows what it counts, if it can. Raises
    StartError where it does not come up or not work."""
    directory.mkdir(parents=True)
    place = Place(
        directory=directory,
        port=free_port(),
        tls_port=free_port(),
        pair=pair,
        origin=origin.port,
        grpc=origin.grpc_port,
        log=directory / "access.log",
        connections=connections,
        www=_write_files(directory / "www"),
        networks=_write_networks(directory / "networks"),
        metrics=free_port() if metrics and peer.has_metrics(program) else 0,
    )
    command = peer.command(program, place)
    settled = time.monotonic() + SETTLED
    process = Process(command, cores={core}, log=place.log, errors=directory / "stderr")
    try:
        process.wait_for_port(place.port)
        process.wait_for_port(place.tls_port)
        with origin.in_background():
            _wait_for_routes(place.port)
            _verify(place)
            _verify_tls(place)
            _verify_h2(place)
            _verify_grpc(place)
            _verify_metrics(place)
        time.sleep(max(0.0, settled - time.monotonic()))
    except BaseException:
        process.stop()
        raise
    return Running(
        process=process, port=place.port, tls_port=place.tls_port, log=place.log, origin=origin
    )


def _write_files(www: Path) -> Path:
    """What is served from the disk."""
    (www / "files").mkdir(parents=True)
    (www / "files" / "small").write_bytes(KIB)
    (www / "files" / "large").write_bytes(b"d" * LARGE)
    return www


def _write_networks(path: Path) -> Path:
    """Networks of 256 addresses, no two of which touch; ours is in none."""
    first = 11 << 24
    numbers = range(first, first + NETWORKS * 512, 512)
    path.write_text(
        "".join(f"{each >> 24}.{each >> 16 & 255}.{each >> 8 & 255}.0/24\n" for each in numbers)
    )
    return path


def _verify(place: Place) -> None:
    """Bodies come through unchanged, both ways, and each exchange is logged."""
    for method, path, sent, expected in (
        ("GET", "/verified-small", b"", BODY),
        ("GET", "/large", b"", b"d" * LARGE),
        ("POST", "/verified-upload", b"u" * LARGE, b"%d\n" % LARGE),
    ):
        status, body = _ask(place.port, method, path, sent)
        if status != 200 or body != expected:
            raise StartError(f"{method} {path} gave {status} with {body[:60]!r}")
    _verify_log(place.log)


def _verify_tls(place: Place) -> None:
    """The same certificate, version, cipher and group from all; tickets are taken."""
    for request, ending in (
        (next(plain(b"/verified-tls")), b"\r\n\r\n" + BODY),
        (next(download()), b"\r\n\r\n" + b"d" * LARGE),
    ):
        try:
            check_shown(place.tls_port, place.pair.cert, request, ending)
        except (OSError, LoadError) as error:
            raise StartError(f"TLS: {error}") from error


def _verify_h2(place: Place) -> None:
    """The same bodies over HTTP/2."""
    for path, sent, expected in (
        (b"/verified-h2", b"", BODY),
        (b"/large", b"", b"d" * LARGE),
        (b"/upload", b"u" * LARGE, b"%d\n" % LARGE),
    ):
        answer = _ask_h2(place.tls_port, path, sent)
        if answer.status != 200 or answer.body != expected:
            raise StartError(
                f"HTTP/2, {path.decode()} gave {answer.status} with {bytes(answer.body[:60])!r}"
            )


def _verify_grpc(place: Place) -> None:
    """A call comes through, its message and its status too."""
    fields = tuple((name.encode(), value.encode()) for name, value in FIELDS)
    answer = _ask_h2(place.tls_port, PATH.encode(), MESSAGE, fields)
    status = answer.trailers.get(STATUS[0])
    if answer.status != 200 or answer.body != MESSAGE or status != STATUS[1]:
        raise StartError(
            f"gRPC gave {answer.status}, {bytes(answer.body[:60])!r} and status {status!r}"
        )


def _verify_metrics(place: Place) -> None:
    """What was asked until now has been counted."""
    if not place.metrics:
        return
    status, page = _ask(place.metrics, "GET", "/metrics", b"")
    numbers = re.findall(rb"(?<![\w.])[1-9][0-9]*(?:\.[0-9]+)?\s*$", page, re.MULTILINE)
    if status != 200 or not numbers:
        raise StartError(f"/metrics gave {status} with {page[:60]!r}")


def _wait_for_routes(port: int, seconds: float = 10) -> None:
    """Traefik listens before it has read its routes, and answers 404 meanwhile."""
    deadline = time.monotonic() + seconds
    while _ask(port, "GET", "/first", b"")[0] != 200 and time.monotonic() < deadline:
        time.sleep(0.1)


def _ask(port: int, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body or None)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise StartError(f"{method} {path} failed: {error!r}") from error
    finally:
        connection.close()


def _ask_h2(
    port: int, path: bytes, body: bytes, fields: tuple[tuple[bytes, bytes], ...] = ()
) -> Answer:
    try:
        with socket.create_connection(("127.0.0.1", port), 10) as sock:
            return exchange(sock, path, body=body, fields=fields)
    except (OSError, LoadError) as error:
        raise StartError(f"HTTP/2, {path.decode()}: {error}") from error


def _verify_log(log: Path, seconds: float = 15) -> None:
    """Wait for the lines; a log may be buffered, and Traefik's shows nothing before it is full."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if log.exists() and b"/verified-small" in log.read_bytes():
            return
        time.sleep(0.1)
    raise StartError(f"logged nothing within {seconds:g} s")
