"""`porch demo`: three real backends and a door before them, on free ports.

The backends are processes of their own (uvicorn twice, Python's static file server), the door is
this process with the configuration of the README. Whatever ends it ends all of it.
"""

import contextlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from porch import clock

__all__ = ["CONFIGURATION", "demo"]

CONFIGURATION = """\
listen = ["127.0.0.1:{door}"]

[routes]
"*/api/*"          = ["127.0.0.1:{api1}", "127.0.0.1:{api2}"]
"images.localhost" = "127.0.0.1:{images}"
"*"                = "127.0.0.1:{live}"
"""

PATIENCE = 30.0
"""Seconds the backends may take to start."""


def demo() -> int:
    """Run until Ctrl-C or SIGTERM. Returns the exit code."""
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
        import websockets  # noqa: F401
    except ImportError as error:
        print(f"porch demo needs {error.name}: pip install 'porch[demo]'", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="porch-demo-") as folder, _stopped_by_sigterm():
        pictures = Path(folder) / "images"
        pictures.mkdir()
        _draw(pictures)
        names = ("door", "api1", "api2", "images", "live")
        ports = dict(zip(names, _free_ports(len(names)), strict=True))
        file = Path(folder) / "porch.toml"
        file.write_text(CONFIGURATION.format(**ports), encoding="utf-8")
        with _backends(ports, pictures):
            from porch.cli.run import run_file

            return run_file(file, ready=lambda: print(_what_to_try(ports), flush=True))


def _what_to_try(ports: dict[str, int]) -> str:
    door = f"http://127.0.0.1:{ports['door']}"
    return f"""\
door      {door}/
backends  api 127.0.0.1:{ports["api1"]} and :{ports["api2"]}, \
images 127.0.0.1:{ports["images"]}, live 127.0.0.1:{ports["live"]}

try   curl {door}/api/hello                      a pool of two: the process number changes
      curl -H 'Host: images.localhost' {door}/porch.svg
      curl -N {door}/events                      server-sent events, one a second
      curl -T README.md {door}/api/upload        streamed to the backend as it arrives
      curl -i {door}/api/%2e%2e/                 two readings, two routes: refused
      open {door}/ in a browser                  WebSocket and events on one page

Ctrl-C ends the door and its backends. The access log:
"""


@contextlib.contextmanager
def _backends(ports: dict[str, int], pictures: Path) -> Iterator[None]:
    """The backends, up; ended and waited for behind it."""
    commands = [
        [kind, str(ports[name]), *rest]
        for name, kind, *rest in (
            ("api1", "api"),
            ("api2", "api"),
            ("live", "live"),
            ("images", "files", str(pictures)),
        )
    ]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            processes.append(_start(command))
        _wait_until_up([port for name, port in ports.items() if name != "door"], processes)
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            _end(process)


def _start(words: list[str]) -> "subprocess.Popen[bytes]":
    """A backend. It is in a session of its own, for Ctrl-C is the door's, which ends it last; its
    stdin closes when this process is gone, however it went, and the backend with it."""
    return subprocess.Popen(
        [sys.executable, "-m", "porch.cli.demo_backends", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _wait_until_up(ports: list[int], processes: list[subprocess.Popen[bytes]]) -> None:
    until = clock.monotonic() + PATIENCE
    waiting = list(ports)
    while waiting:
        if any(process.poll() is not None for process in processes):
            raise SystemExit("a backend of the demo ended at once; is a port taken?")
        if clock.monotonic() > until:
            raise SystemExit(f"the backends did not start within {PATIENCE:.0f} s")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", waiting[0]), 1):
            waiting.pop(0)
            continue
        clock.sleep(0.05)


@contextlib.contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """SIGTERM ends the demo also while the backends start."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _free_ports(count: int) -> list[int]:
    """Ports that the system says are free now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _draw(folder: Path) -> None:
    """Two pictures to serve: a drawing and a bitmap."""
    (folder / "porch.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 100">'
        '<path d="M10 45 60 10l50 35" fill="none" stroke="#a63" stroke-width="6"/>'
        '<path d="M25 45v45h70V45" fill="#fed" stroke="#a63" stroke-width="3"/>'
        '<rect x="50" y="55" width="20" height="35" fill="#369"/></svg>\n',
        encoding="utf-8",
    )
    width = height = 64
    rows = b"".join(
        b"\0" + bytes(value for x in range(width) for value in (x * 4, y * 4, 128))
        for y in range(height)
    )
    (folder / "colours.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
