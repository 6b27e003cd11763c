"""What the page costs: the browser that shows it, and the door that tells it."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Door
from tests.smuggling.strict import Request
from tests.support.browsing import admin, browser, looked
from tests.support.ports import free_port
from tests.support.site import Site, written

pytest.importorskip("playwright.sync_api", reason="it steers the browser")
pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

ROUTES, RATE = 1_000, 200.0
SECONDS = 20.0
OF_BROWSER, OF_DOOR = 0.5, 0.01
"""Of a core, at most."""


def answer(request: Request) -> bytes:
    return written(request, 200, ((b"content-type", b"text/plain"),), b"hello")


class Load:
    """RATE requests a second, each for another route, over some connections."""

    CONNECTIONS = 8

    def __init__(self, door: Door) -> None:
        self._socks = [door.connect() for _ in range(self.CONNECTIONS)]
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=each, daemon=True)
            for each in enumerate(self._socks)
        ]
        self._sent = [0] * self.CONNECTIONS

    @property
    def sent(self) -> int:
        return sum(self._sent)

    def __enter__(self) -> "Load":
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for each in self._threads:
            each.join(10.0)
        for sock in self._socks:
            sock.close()

    def _run(self, number: int, sock: socket.socket) -> None:
        began = time.monotonic()
        while not self._stop.wait(0.02):
            due = int((time.monotonic() - began) * RATE / self.CONNECTIONS)
            while self._sent[number] < due:
                at = self._sent[number] * self.CONNECTIONS + number
                sock.sendall(b"GET / HTTP/1.1\r\nHost: h%d.test\r\n\r\n" % (at * 7 % ROUTES))
                found = b""
                while not found.endswith(b"hello"):
                    found += sock.recv(65536)
                self._sent[number] += 1


def cpu(*pids: int) -> float:
    """Seconds that these processes have run."""
    total = 0.0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        fields = text.rpartition(") ")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def below(pid: int) -> set[int]:
    """All processes that come of this one, whichever of its threads began them."""
    parents: dict[int, list[int]] = {}
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            with contextlib.suppress(OSError):
                text = (each / "stat").read_text(encoding="utf-8", errors="replace")
                parents.setdefault(int(text.rpartition(") ")[2].split()[1]), []).append(
                    int(each.name)
                )
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        new = parents.get(waiting.pop(), [])
        found.update(new)
        waiting += new
    return found


@pytest.fixture
def door_of_many(door: Callable[..., Door]) -> Iterator[tuple[Door, int]]:
    port = free_port()
    with Site(answer) as site:
        routes = "".join(f'"h{at}.test" = "127.0.0.1:{site.port}"\n' for at in range(ROUTES))
        started = door(
            f'listen = ["127.0.0.1:0"]\nworkers = 1\nlog = false\n{admin(port)}[routes]\n{routes}'
        )
        yield started, port


def browsers() -> set[int]:
    """Processes of Chromium that this one has started, those that draw among them."""
    return {
        pid
        for pid in below(os.getpid())
        if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").startswith("chrom")
    }


def test_a_page_of_a_thousand_routes_costs_neither_the_browser_nor_the_door_much(
    door_of_many: tuple[Door, int],
) -> None:
    door, port = door_of_many
    workers = {each["pid"] for each in door.ask("status")["workers"]}
    (observer,) = [pid for pid in door.workers if pid not in workers]
    with browser() as chromium, Load(door) as load, looked(chromium, port) as (page, said):
        page.get_by_text("of 1000 routes").wait_for()
        page.get_by_role("button", name="Draw more routes").click()
        page.wait_for_timeout(5_000)  # the window has filled, scripts are compiled
        pids = browsers()
        assert len(pids) > 3
        before = time.monotonic(), cpu(*pids), cpu(observer), cpu(door.process.pid), load.sent
        page.wait_for_timeout(SECONDS * 1000)
        after = time.monotonic(), cpu(*pids), cpu(observer), cpu(door.process.pid), load.sent
        seconds, shown, told, known, sent = (b - a for a, b in zip(before, after, strict=True))
        assert said == []
    text = (
        f"browser {shown / seconds:.3f}, observer {told / seconds:.4f}, supervisor "
        f"{known / seconds:.4f} of a core, at {sent / seconds:.0f} requests a second"
    )
    print(text)
    assert sent / seconds > RATE * 0.8, text
    assert shown / seconds < OF_BROWSER, text
    assert told / seconds < OF_DOOR, text
