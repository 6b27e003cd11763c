"""What does a whole hit cost where a million answers are stored, and where there are a thousand?

    python bench/cache_hits.py                      about six minutes
    python bench/cache_hits.py --answers 100000     the same with fewer
    python bench/cache_hits.py --looked-up          nothing is ready: each is found in the store

A door with one worker and a store of 1 KiB answers that was filled before; 16 clients, keep-alive.
CPU of the worker a request, kernel and access log included; medians of rounds in which the two
doors take turns. Three ways to ask: the same thousand pages of either store; by Zipf (s = 1) over
all of it; each page as often as any other. Pages that are asked for again and again are kept ready
in the worker, up to 64 MB of them; all else is found in the store and loaded.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path
from statistics import median

from harness import machine
from harness.door import Door, door

from porch.cache.disk_store import DiskStore
from porch.cache.entry import Entry
from porch.cache.key import KeyRules, digest, make
from porch.cache.opening import claim, open_store, settle
from porch.cache.store import Save
from porch.http.message import RequestHead

ROOT = Path(__file__).resolve().parent.parent
FEW = 1000
TOGETHER = 16
CLIENTS = 16
HOST = b"example.com"
CONFIG = """\
listen = ["127.0.0.1:{port}"]
workers = 1
cache = true
log = "file:{folder}/log"
cache_store = {{ path = "{folder}/store", size = "{size}MB" }}
[routes]
"example.com" = "127.0.0.1:1"
"""
FIELDS = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"public, max-age=86400"),
    (b"etag", b'"5f3a-62c1d1f0"'),
    (b"last-modified", b"Tue, 03 Mar 2026 10:11:12 GMT"),
    (b"date", b"Tue, 03 Mar 2026 10:11:12 GMT"),
]
ASKED = b"GET /articles/%d HTTP/1.1\r\nHost: " + HOST + b"\r\n"
LOOKED_UP = b"Cache-Control: max-stale=1\r\n"
"""Has the rules asked, so that nothing goes out as it is ready."""
Way = Callable[[random.Random], int]


def fill(folder: Path, answers: int, size: int) -> None:
    """Store so many, as a door has left them. The door has said before by what keys it keeps."""
    claimed = claim(folder)
    store = open_store(folder, size, claimed, print)
    body = os.urandom(1024)
    for first in range(0, answers, TOGETHER):
        store.save_all(
            [_save(store, n, body) for n in range(first, min(answers, first + TOGETHER))]
        )
    assert store.stat().objects == answers
    store.close()
    settle(folder, claimed)


def _save(store: DiskStore, number: int, body: bytes) -> Save:
    target = b"/articles/%d" % number
    key = make(RequestHead(b"GET", target, HOST, b"http", []), KeyRules())
    entry = Entry(200, FIELDS, len(body), store.now(), 0.0, 86400.0, "max-age", url=key)
    return Save(digest(key), entry, body, store.moment())


def ask(client: socket.socket, number: int, more: bytes = b"") -> None:
    """Ask for one page. more: fields."""
    client.sendall(ASKED % number + more + b"\r\n")


def take(client: socket.socket) -> None:
    """The answer, in one piece or in two."""
    found = client.recv(65536)
    assert b" 200 OK\r\n" in found[:20], found[:400]
    assert b"Porch; hit" in found, found[:400]
    body = found.partition(b"\r\n\r\n")[2]
    while len(body) < 1024:
        body += client.recv(65536)


def cost(running: Door, worker: int, numbers: list[int], more: bytes) -> float:
    """Microseconds of the worker for one of these. more: see `ask`."""
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", running.port)))
            for _ in range(CLIENTS)
        ]
        before = _cpu(worker)
        for first in range(0, len(numbers), CLIENTS):
            asked = list(zip(clients, numbers[first : first + CLIENTS], strict=False))
            for client, number in asked:
                ask(client, number, more)
            for client, _ in asked:
                take(client)
        return (_cpu(worker) - before) / len(numbers) * 1e6


def _cpu(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_bytes().split()[0]) / 1e9


def ways(answers: int) -> dict[str, Way]:
    """How pages are chosen."""
    weights = list(accumulate(1 / (rank + 1) for rank in range(answers)))
    places = range(answers)
    step = max(1, answers // FEW)
    return {
        "the same thousand": lambda chance: chance.randrange(FEW) * step,
        "by Zipf": lambda chance: chance.choices(places, cum_weights=weights)[0] * 7919 % answers,
        "any": lambda chance: chance.randrange(answers),
    }


def main() -> int:
    """A row a way."""
    options = _options()
    more = LOOKED_UP if options.looked_up else b""
    door_core, own_core = machine.cores()
    os.sched_setaffinity(0, {own_core})
    with ExitStack() as stack:
        sizes = FEW, options.answers
        doors = []
        for answers in sizes:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="porch-hits-")))
            size = 256 + answers * 6000 // 1_000_000

            def config(port: int, log: Path, folder: Path = folder, size: int = size) -> str:
                return CONFIG.format(port=port, folder=folder, size=size)

            start = (options.python, ROOT / "src", {door_core}, config)
            with door(*start):
                pass
            fill(folder / "store", answers, size * 1_000_000)
            doors.append(stack.enter_context(door(*start)))
        for each in doors:
            with socket.create_connection(("127.0.0.1", each.port)) as client:
                ask(client, 0)
                take(client)  # whoever answers is there
        workers = [sorted(each.process.pids())[1] for each in doors]  # behind its supervisor
        print(f"{'':20}{FEW:>12,}{options.answers:>12,}")
        for name in ways(FEW):
            found: tuple[list[float], list[float]] = [], []
            for number in range(options.rounds + 1):
                for place, answers in enumerate(sizes):
                    chance, way = random.Random(number), ways(answers)[name]
                    pages = [way(chance) for _ in range(options.requests)]
                    spent = cost(doors[place], workers[place], pages, more)
                    if number:  # the first round warms
                        found[place].append(spent)
            (few, many), least = map(median, found), [min(each) for each in found]
            print(
                f"{name:20}{few:12.1f}{many:12.1f}   x {many / few:.2f}"
                f"   least {least[0]:.1f} {least[1]:.1f} x {least[1] / least[0]:.2f}",
                flush=True,
            )
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--looked-up", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=sys.executable, help="the interpreter of Porch")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
