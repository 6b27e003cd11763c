"""How long does one more client wait behind 200 that read slowly, where the backend has one worker?

    python bench/slow_readers.py

A gunicorn with one sync worker answers 8 MiB to each of 200 clients that ask and read nothing; then
one more asks for 1 KiB. Directly, through Porch with and without `buffer_response`, and through
nginx with its `proxy_buffering` on and off. And what 200 downloads at a bandwidth cost in memory.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from harness import machine
from harness.door import door
from harness.process import Process, free_port
from peers import Command
from peers.nginx import PEER

ROOT = Path(__file__).resolve().parent.parent
READERS = 200
SIZE = 8 << 20
"""Bytes that each of them has asked for: more than the system's buffers between it and the backend
hold by themselves."""
PACED = 1 << 20
"""The same of those that read, at a bandwidth."""
PATIENCE = 30.0
"""Seconds that the one more waits."""
APP = """\
def app(environ, start_response):
    body = b"x" * int(environ["QUERY_STRING"] or 0)
    start_response("200 OK", [("content-length", str(len(body)))])
    return [body]
"""
PORCH = """\
listen = ["127.0.0.1:{port}"]
workers = 1
log = false
[routes]
"*" = {{ to = "127.0.0.1:{origin}"{words} }}
"""
NGINX = """\
{user}
daemon off;
worker_processes 1;
pid {directory}/pid;
error_log {directory}/errors warn;
events {{ worker_connections 2000; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{ proxy_pass http://127.0.0.1:{origin}; proxy_buffering {words}; }}
    }}
}}
"""


def asks(port: int, size: int) -> socket.socket:
    """A client that has asked for so many bytes, and has room for few of them."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(("127.0.0.1", port))
    made.sendall(b"GET /?%d HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n" % size)
    return made


def one_more(port: int) -> float | None:
    """Seconds until one more client has its answer; None if it has none in PATIENCE."""
    began = time.monotonic()
    with asks(port, 1024) as made:
        made.settimeout(PATIENCE)
        heard = b""
        try:
            while not heard.endswith(b"x" * 1024):
                data = made.recv(65536)
                if not data:
                    return None
                heard += data
        except TimeoutError:
            return None
    return time.monotonic() - began


@contextmanager
def backend(folder: Path) -> Iterator[int]:
    """The port of a gunicorn with one sync worker."""
    (folder / "shown.py").write_text(APP)
    port = free_port()
    arguments = [sys.executable, "-m", "gunicorn", "shown:app", "--chdir", str(folder)]
    words = ["-b", f"127.0.0.1:{port}", "--backlog", "512", "--log-level", "error"]
    process = Process(
        Command(arguments=[*arguments, *words]),
        cores=os.sched_getaffinity(0),
        log=folder / "log",
        errors=folder / "errors",
    )
    try:
        process.wait_for_port(port)
        yield port
    finally:
        process.stop()


@contextmanager
def porch(origin: int, words: str) -> Iterator[tuple[int, Process]]:
    """Porch before it."""

    def config(port: int, log: Path) -> str:
        return PORCH.format(port=port, origin=origin, words=words)

    with door(sys.executable, ROOT / "src", os.sched_getaffinity(0), config) as made:
        yield made.port, made.process


@contextmanager
def nginx(origin: int, words: str) -> Iterator[tuple[int, Process]]:
    """nginx before it."""
    program = PEER.find()
    if program is None:
        raise FileNotFoundError("no nginx is here")
    folder = Path(tempfile.mkdtemp(prefix="nginx-slow-"))
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    text = NGINX.format(user=user, directory=folder, port=port, origin=origin, words=words)
    (folder / "nginx.conf").write_text(text)
    process = Process(
        Command(arguments=[program, "-p", str(folder), "-c", str(folder / "nginx.conf")]),
        cores=os.sched_getaffinity(0),
        log=folder / "log",
        errors=folder / "stderr",
    )
    try:
        process.wait_for_port(port)
        yield port, process
    finally:
        process.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def nobody(origin: int, words: str) -> Iterator[tuple[int, Process | None]]:
    """Nothing before it."""
    yield origin, None


Before = Callable[[int, str], AbstractContextManager[tuple[int, Process | None]]]
ROWS: list[tuple[str, Before, str]] = [
    ("nothing before it", nobody, ""),
    ("porch", porch, ""),
    ("porch, buffer_response", porch, ", buffer_response = true"),
    ("nginx, proxy_buffering off", nginx, "off"),
    ("nginx, proxy_buffering on", nginx, "on"),
]


def measure(name: str, before: Before, words: str) -> str:
    """One row."""
    folder = Path(tempfile.mkdtemp(prefix="slow-readers-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        origin = stack.enter_context(backend(folder))
        port, process = stack.enter_context(before(origin, words))
        alone = one_more(port)
        grown = process.memory_kib() if process is not None else 0
        for _ in range(READERS):
            stack.enter_context(asks(port, SIZE))
        behind = one_more(port)
        grown = process.memory_kib() - grown if process is not None else 0
    told = [
        f"{each * 1000:.0f} ms" if each else f"none in {PATIENCE:g} s" for each in (alone, behind)
    ]
    return (
        f"  {name:28} alone {told[0]:>8}, behind {READERS} {told[1]:>13}; +{grown / 1024:.0f} MiB"
    )


def paced() -> str:
    """What so many downloads at a rate hold of memory, and whether they keep it."""
    folder = Path(tempfile.mkdtemp(prefix="slow-readers-"))
    words = ', buffer_response = true, bandwidth = "20MB/s"'
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        origin = stack.enter_context(backend(folder))
        port, process = stack.enter_context(porch(origin, words))
        one_more(port)
        before, began = process.memory_kib(), time.monotonic()
        clients = [stack.enter_context(asks(port, PACED)) for _ in range(READERS)]
        for each in clients:
            each.setblocking(False)
        got, most, last = 0, 0, began
        while got < READERS * PACED and time.monotonic() < began + 60:
            for each in clients:
                try:
                    got += len(each.recv(1 << 20))
                except BlockingIOError:
                    continue
            if time.monotonic() > last + 1:
                last = time.monotonic()
                most = max(most, process.memory_kib() - before)
            time.sleep(0.005)
        took = time.monotonic() - began
    rate = got / took / 1e6
    held = f"+{most / 1024:.0f} MiB at most"
    return f"  {READERS} downloads of 1 MiB at 20 MB/s together: {rate:.1f} MB/s, {held}"


def main() -> int:
    """Print all rows."""
    argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0]).parse_args()
    print(f"{machine.date()}, Porch at {machine.commit(ROOT)}; {machine.machine()}")
    for name, before, words in ROWS:
        print(measure(name, before, words), flush=True)
    print(paced())
    return 0


if __name__ == "__main__":
    sys.exit(main())
