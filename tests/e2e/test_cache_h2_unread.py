"""A client of HTTP/2 that takes nothing of what it asks for, on a route with a cache."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Connection, Door, Origin, memory
from tests.e2e.test_h2_floods import ZERO, get, many, peak, watch
from tests.support import h2_frames as wire
from tests.support.h2_attack import Attacker

Start = Callable[..., Door]
Scripted = Callable[[Callable[[Connection], None]], Origin]

BIG = 1 << 20
WIDE = wire.PREFACE[:24] + wire.settings((4, 1 << 30)) + wire.window_update(0, 1 << 30)
FIRST, LATER = {b"private": 2 << 10, b"fresh": 5 << 9}, 1 << 10
"""KiB that may be held for it. In the first round the heap grows: by 0.6 to 1 MB that wait for the
client, by one read of an origin, which may be 256 KiB and is there twice while its head is taken
off, and by what has come behind the heads of 100 answers, up to 2 KiB each. What may not be stored
costs 1.0 to 1.5 MB so, as without a cache. What is stored costs 1.3 to 2.3: what was read is there
once more, from its file, and 100 files are open. A later round has that already."""


def most(pid: int) -> int:
    """KiB that a process has had since `watch`, apart from tables that workers share."""
    whole = int(re.findall(r"VmRSS:\s*(\d+)", Path(f"/proc/{pid}/status").read_text("utf-8"))[0])
    return peak(pid) - (whole - memory(pid))


def serve(connection: Connection) -> None:
    """What is small or large, for one client or for all, is said by the path."""
    while True:
        path = connection.read_head().split(b" ")[1]
        body = b"x" * (BIG if b"big" in path else 2)
        lasts = b"max-age=60" if b"fresh" in path else b"private"
        connection.send(
            b"HTTP/1.1 200 OK\r\nCache-Control: %b\r\nContent-Length: %d\r\n\r\n%b"
            % (lasts, len(body), body)
        )


@pytest.mark.parametrize("kind", [b"private", b"fresh"])
@pytest.mark.parametrize("hello", [WIDE, ZERO], ids=["socket", "windows"])
def test_a_hundred_answers_that_nobody_takes_are_not_held(
    door: Start, origin: Scripted, kind: bytes, hello: bytes
) -> None:
    running = door(
        f'listen = ["127.0.0.1:0"]\nh2c = true\nworkers = 1\nlog = false\ncache = true\n'
        f'[routes]\n"a.test" = "127.0.0.1:{origin(serve).port}"\n'
    )
    (worker,) = running.workers
    costs: list[int] = []
    for number in range(3):
        with Attacker(running.port, secure=False) as first:  # what is made once is made
            first.pour(many(100, lambda n, at=number: get(n, b"/%b/%d/%d" % (kind, at, n))))
            first.read(1.0)
        before = watch(worker)
        with Attacker(running.port, secure=False, hello=hello, buffer=4096) as attacker:
            attacker.pour(many(100, lambda n, at=number: get(n, b"/big/%b/%d/%d" % (kind, at, n))))
            time.sleep(1.0)
            costs.append(most(worker) - before)
        running.wait_until(lambda: "'running': 0" in str(running.ask("status")), "the end")
    assert costs[0] < FIRST[kind], costs
    assert min(costs) < LATER, costs
