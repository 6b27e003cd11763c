"""Health as a door of two workers sees it, with real origins that fall ill and recover."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.e2e.conftest import Client, Connection, Door, Origin, clients_of

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
CHECK = 'health = { path = "/healthz", every = "200ms", timeout = "1s" }\n'


class Backend:
    """An origin. health, status: what it answers to checks and to all others. checked, asked: when
    each of them came."""

    def __init__(self, start: Callable[[Callable[[Connection], None]], Origin]) -> None:
        self.health = self.status = 200
        self.body = b"ok"
        self.checked: list[float] = []
        self.asked: list[float] = []
        self.ill_since = 0.0
        self.origin = start(self._serve)

    @property
    def address(self) -> str:
        return f'"127.0.0.1:{self.origin.port}"'

    def _serve(self, connection: Connection) -> None:
        while True:
            head = connection.read_head()
            if b"/healthz" in head:
                self.checked.append(time.monotonic())
                status, body = self.health, self.body
                if status != 200 and not self.ill_since:
                    self.ill_since = time.monotonic()
            else:
                self.asked.append(time.monotonic())
                status, body = self.status, b"ok"
            connection.send(
                b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)
            )


@pytest.fixture
def backends(origin: Callable[..., Origin]) -> Callable[[int], list[Backend]]:
    return lambda count: [Backend(origin) for _ in range(count)]


def config(backends: list[Backend], words: str, top: str = "workers = 2\n") -> str:
    to = ", ".join(each.address for each in backends)
    return f'{top}balance = "round-robin"\nretry = false\n{words}[routes]\n"*" = [{to}]\n'


def workers_of(door: Door) -> list[int]:
    """The pids of those that serve, the first one first."""
    return [each["pid"] for each in door.ask("status")["workers"]]  # type: ignore[attr-defined]


def states(door: Door) -> list[str]:
    return [each["state"] for each in door.ask("status")["upstreams"]]  # type: ignore[attr-defined]


@pytest.fixture
def clients() -> Iterator[Callable[[Door], list[Client]]]:
    """One connected to each worker."""
    opened: list[Client] = []

    def connect(door: Door) -> list[Client]:
        found: dict[int, Client] = {}
        until = time.monotonic() + 10
        pids = workers_of(door)
        while len(found) < len(pids):
            assert time.monotonic() < until
            client = Client(door)
            opened.append(client)
            client.send(GET).read_answer()
            port = client.socket.getsockname()[1]
            for pid in pids:
                if port in clients_of(pid, door.port):
                    found.setdefault(pid, client)
        return [*found.values()]

    yield connect
    for each in opened:
        each.close()


def ask(clients: list[Client], times: int) -> list[int]:
    """The statuses of so many requests by each of them."""
    return [each.send(GET).read_answer()[0] for _ in range(times) for each in clients]


def test_who_fails_its_checks_is_asked_by_no_worker_until_it_passes_them(door, backends, clients):
    ill, well = backends(2)
    started = door(config([ill, well], CHECK))
    both = clients(started)
    ill.health = 503
    started.wait_until(lambda: states(started)[0] != "up", "the end of the checks' patience")
    state = states(started)[0]
    assert re.fullmatch(
        r"out since \d\d:\d\d:\d\d: status 503, 2 of 2; next check in [01] s", state
    ), state
    time.sleep(0.2)
    asked = len(ill.asked)
    assert ask(both, 20) == [200] * 40
    assert len(ill.asked) == asked
    assert "out since" in started.porch("status").stdout
    ill.health = 200
    recovered = time.monotonic()
    started.wait_until(lambda: states(started)[0] == "up", "the return")
    assert time.monotonic() - recovered < 1.0, "within two intervals, and the patience of a test"
    ask(both, 20)
    assert len(ill.asked) > asked


def test_the_machine_asks_once_and_not_each_worker(door, backends):
    (one,) = backends(1)
    door(config([one], CHECK))
    time.sleep(0.5)
    before = len(one.checked)
    time.sleep(2)
    assert 8 <= len(one.checked) - before <= 12


def test_when_the_worker_that_asks_is_killed_another_goes_on(door, backends, clients):
    ill, well = backends(2)
    started = door(config([ill, well], CHECK))
    ill.health = 500
    started.wait_until(lambda: states(started)[0] != "up", "the end of the checks' patience")
    before = len(well.checked)
    first = workers_of(started)[0]
    os.kill(first, signal.SIGKILL)
    killed = time.monotonic()
    started.wait_until(lambda: len(well.checked) > before + 3, "further checks")
    assert time.monotonic() - killed < 5
    started.wait_until(lambda: len(workers_of(started)) == 2, "the next worker")
    assert states(started)[0].startswith("out since"), "it is not forgotten who is out"
    asked = len(ill.asked)
    both = clients(started)
    assert ask(both, 10) == [200] * 20
    assert len(ill.asked) == asked
    ill.health = 200
    started.wait_until(lambda: states(started)[0] == "up", "the return")


def test_what_one_worker_finds_out_all_do_within_200_ms(door, backends, clients):
    """From the moment that a failed check was answered until the last request of any worker."""
    ill, well = backends(2)
    words = 'health = { path = "/healthz", every = "300ms", fall = 1 }\n'
    started = door(config([ill, well], words))
    both = clients(started)
    for _ in range(3):
        ill.ill_since, ill.health = 0.0, 503
        until = time.monotonic() + 1
        while time.monotonic() < until:
            ask(both, 1)
        assert ill.ill_since
        late = max(ill.asked) - ill.ill_since
        assert late < 0.2, f"a request came {late * 1000:.0f} ms later"
        ill.health = 200
        started.wait_until(lambda: states(started)[0] == "up", "the return")


def test_a_reload_leaves_each_where_it_was(door, backends, clients):
    ill, well = backends(2)
    started = door(config([ill, well], CHECK))
    ill.health = 503
    started.wait_until(lambda: states(started)[0] != "up", "the end of the checks' patience")
    both = clients(started)
    asked = len(ill.asked)
    for words in (CHECK, CHECK.replace("200ms", "30s"), CHECK.replace("1s", "800ms")):
        started.write(config([ill, well], words))
        assert started.reload() == ""
        assert states(started)[0].startswith("out since")
        assert ask(both, 10) == [200] * 20
    assert len(ill.asked) == asked
    started.write(config([ill, well], ""))
    assert started.reload() == ""
    started.wait_until(lambda: states(started)[0] == "up", "the end of all checks")


def test_a_body_without_end_is_a_failure_and_is_not_read(door, backends):
    ill, well = backends(2)
    ill.body = bytes(3 << 20)
    started = door(config([ill, well], CHECK))
    started.wait_until(lambda: states(started)[0] != "up", "the end of the checks' patience")
    assert "a body of more than 1 MB, 2 of 2" in states(started)[0]
    assert states(started)[1] == "up"


FUNCTION = """
import asyncio
async def check(endpoint):
    await asyncio.sleep(0.01)
    if endpoint.endswith("%d"):
        return "its queue is full"
"""


def test_a_function_of_the_operators_own_decides(door, backends):
    ill, well = backends(2)
    started = door(config([ill, well], ""))
    (started.folder / "mine.py").write_text(FUNCTION % ill.origin.port, encoding="utf-8")
    words = 'health = { kind = "py:mine:check", every = "100ms" }\n'
    started.write(config([ill, well], words))
    assert started.reload() == ""
    started.wait_until(lambda: states(started)[0] != "up", "the end of the checks' patience")
    assert "its queue is full, 2 of 2" in states(started)[0]
    assert states(started)[1] == "up"


def test_who_answers_503_is_left_out_by_all_workers_and_comes_back(door, backends, clients):
    ill, one, two = backends(3)
    words = 'eject = { for = "2s" }\n'
    started = door(config([ill, one, two], words))
    both = clients(started)
    time.sleep(1)  # the good answers of the start
    ill.status = 503
    began = time.monotonic()
    while states(started)[0] == "up":
        ask(both, 3)
        assert time.monotonic() - began < 5
    state = states(started)[0]
    assert re.search(r"ejected: \d+ failures in a row, the last one 503; back in [12] s", state)
    time.sleep(0.2)
    assert ask(both, 10) == [200] * 20
    ill.status = 200
    asked = len(ill.asked)
    started.wait_until(lambda: states(started)[0] == "up", "the return")
    assert 1.5 < time.monotonic() - began < 5
    ask(both, 10)
    assert len(ill.asked) > asked


def test_who_answers_500_to_a_tenth_or_to_all_stays(door, backends, clients):
    ill, one = backends(2)
    ill.status = 500
    started = door(config([ill, one], ""))
    both = clients(started)
    for _ in range(10):
        ask(both, 10)
        time.sleep(0.05)
    assert states(started) == ["up", "up"]


def test_an_endpoint_that_is_just_back_gets_little_at_first(door, backends, clients):
    ill, one = backends(2)
    started = door(config([ill, one], CHECK + 'slow_start = "20s"\n'))
    both = clients(started)
    ill.health = 503
    started.wait_until(lambda: states(started)[0] != "up", "the end of the checks' patience")
    ill.health = 200
    started.wait_until(lambda: states(started)[0] == "up", "the return")
    time.sleep(0.2)
    before = len(ill.asked)
    ask(both, 50)
    assert 2 <= len(ill.asked) - before <= 25


def test_a_door_without_health_asks_nobody(door, backends):
    (one,) = backends(1)
    started = door(config([one], ""))
    time.sleep(1)
    assert one.checked == []
    with closing(Client(started)) as client:
        assert client.send(GET).read_answer()[0] == 200
