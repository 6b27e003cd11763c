"""A worker dies while others' clients read what it has asked for, or it cannot store it to the end:
they get all of it, if it can be known to be the same."""

import ctypes
import itertools
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Connection, Door, Origin, clients_of
from tests.e2e.test_cache_collapse import FRESH, GET, Slow, _asker, idle
from tests.support.crowd import Crowd, Got

Start = Callable[..., Door]
Scripted = Callable[[Callable[[Connection], None]], Origin]

CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
PIECE = 500_000
NEW_MOUNTS, PRIVATE, RECURSIVE = 0x20000, 1 << 18, 1 << 14


def started(
    door: Start, port: int, words: str = "cache = true", workers: int = 2, **more: object
) -> Door:
    config = f'workers = {workers}\n{words}\n[routes]\n"*" = "127.0.0.1:{port}"\n'
    return door(config, **more)


class Killed:
    """The worker that asks is killed behind the first of `pieces` while many read. lost: what its
    own clients got; left: what the others did."""

    def __init__(self, running: Door, slow: Slow, count: int = 40) -> None:
        crowd = Crowd(running.port, count, lambda _: GET)
        gots: list[Got] = []
        thread = threading.Thread(target=lambda: gots.extend(crowd.run()))
        thread.start()
        running.wait_until(lambda: slow.sent, "the first of it")
        time.sleep(1.0)  # all of them have its head, or wait for it
        asker = _asker(running, slow.port)
        theirs = clients_of(asker, running.port)
        os.kill(asker, signal.SIGKILL)
        slow.go.set()
        thread.join(20)
        assert not thread.is_alive()
        mine = [crowd.ports[number] in theirs for number in range(count)]
        self.lost = [got for got, is_its in zip(gots, mine, strict=True) if is_its]
        self.left = [got for got, is_its in zip(gots, mine, strict=True) if not is_its]
        assert self.lost
        assert self.left
        assert not any(got.is_whole for got in self.lost)


@pytest.mark.parametrize("length", [b"Content-Length: 200000\r\n\r\n", CHUNKED])
def test_who_has_but_a_head_from_a_worker_that_dies_gets_all(
    door: Start, origin: Scripted, length: bytes
) -> None:
    body = os.urandom(200_000)
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if length == CHUNKED else body
    slow = Slow(origin, FRESH + length, sent, pause=1.0, last=20.0)
    running = started(door, slow.port)
    killed = Killed(running, slow)
    assert all(got.is_whole and got.body == body for got in killed.left)
    assert slow.asked == 2, "once more for all who were left"
    (got,) = Crowd(running.port, 1, lambda _: GET).run()
    assert got.body == body
    assert slow.asked == 2, "and it is kept"
    idle(running)


def test_what_has_a_strong_validator_goes_on_in_the_middle(door: Start, origin: Scripted) -> None:
    body = os.urandom(2_000_000)
    head = FRESH + b'ETag: "1"\r\nContent-Length: 2000000\r\n\r\n'
    slow = Slow(origin, head + body[:1_000_000], body[1_000_000:], pause=1.0, last=20.0)
    running = started(door, slow.port)
    killed = Killed(running, slow)
    assert all(got.is_whole and got.body == body for got in killed.left)
    assert slow.asked == 2
    idle(running)


def test_what_has_changed_meanwhile_is_cut_and_the_log_says_why(
    door: Start, origin: Scripted
) -> None:
    number = itertools.count(1)

    class Changing(Slow):
        def _serve(self, connection: Connection) -> None:
            connection.read_head()
            self.asked += 1
            time.sleep(0.5)
            tag = b'ETag: "%d"\r\n' % next(number)
            connection.send(FRESH + tag + b"Content-Length: 200000\r\n\r\n" + bytes(100_000))
            self.sent.append(time.monotonic())
            self.go.wait(20.0)
            connection.send(bytes(100_000))

    slow = Changing(origin)
    running = started(door, slow.port)
    killed = Killed(running, slow)
    assert not any(got.is_whole for got in killed.left)
    assert slow.asked == 2
    running.wait_until(lambda: "cache_fill_lost" in running.log, "the log")
    assert "http_response_incomplete" not in running.log
    idle(running)


class Long:
    """An origin whose answer of unknown length is `size` bytes long, in pieces with a pause."""

    def __init__(
        self, start: Scripted, size: int, piece: int = 500_000, pause: float = 0.05
    ) -> None:
        self.asked = 0
        self.body = os.urandom(piece) * (size // piece)
        self._piece = piece
        self._pause = pause
        self.port = start(self._serve).port

    def _serve(self, connection: Connection) -> None:
        connection.read_head()
        self.asked += 1
        time.sleep(0.3)
        connection.send(FRESH + CHUNKED)
        for first in range(0, len(self.body), PIECE):
            piece = self.body[first : first + PIECE]
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            time.sleep(0.05)
        connection.send(b"0\r\n\r\n")


def test_what_grows_too_long_reaches_those_in_all_workers_whole(
    door: Start, origin: Scripted
) -> None:
    long = Long(origin, 12_000_000)
    running = started(door, long.port, 'cache = { max_object = "2MB" }')
    rooms: list[int] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            rooms.append(max((room_of(pid) for pid in running.workers), default=0))

    thread = threading.Thread(target=look)
    thread.start()
    gots = Crowd(running.port, 8, lambda _: GET).run()
    over.set()
    thread.join()
    assert all(got.is_whole and got.body == long.body for got in gots)
    assert long.asked == 1
    assert 1_000_000 < max(rooms) < 8_000_000, "the room is given back that nobody needs"
    (kept,) = re.findall(r"'objects': (\d+)", str(running.ask("cache")))
    assert kept == "0"
    idle(running)


def room_of(pid: int) -> int:
    """Bytes of disk that bodies take which a process has open."""
    found = 0
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if "/bodies/" in os.readlink(fd):
                found = max(found, fd.stat().st_blocks * 512)
        except OSError:
            continue
    return found


def on_a_small_disk(folder: Path) -> Callable[[], None]:
    """For a door that has 8 MiB there, before it is started."""
    folder.mkdir(parents=True)
    libc = ctypes.CDLL(None, use_errno=True)

    def prepare() -> None:
        if (
            libc.unshare(NEW_MOUNTS)
            or libc.mount(b"none", b"/", None, RECURSIVE | PRIVATE, None)
            or libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, b"size=8m")
        ):
            os._exit(77)

    return prepare


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a disk")
def test_a_disk_that_is_full_in_the_middle_cuts_nobody(
    door: Start, origin: Scripted, tmp_path: Path
) -> None:
    long = Long(origin, 14_000_000)
    folder = tmp_path / "small"
    words = f'cache = true\ncache_store = {{ path = "{folder}/c", size = "1GB" }}'
    running = started(door, long.port, words, prepare=on_a_small_disk(folder))
    gots = Crowd(running.port, 8, lambda _: GET).run()
    assert all(got.is_whole and got.body == long.body for got in gots), running.log
    assert long.asked == 1
    assert "No space left on device" in running.errors
    idle(running)


@pytest.mark.parametrize("status", [b"500 Oh", b"401 No", b"429 Slow"])
def test_an_error_that_is_not_remembered_lets_all_workers_go_at_once(
    door: Start, origin: Scripted, status: bytes
) -> None:
    answer = b"HTTP/1.1 %b\r\nContent-Length: 2\r\n\r\nhi" % status
    slow = Slow(origin, answer, pause=0.5)
    running = started(door, slow.port, workers=6)
    began = time.monotonic()
    gots = Crowd(running.port, 120, lambda _: GET).run()
    assert all(got.body == b"hi" for got in gots)
    assert max(got.ended for got in gots) - began < 2.0, "two rounds, not seven"
    idle(running)


def test_an_origin_that_says_nothing_is_an_error_in_all_workers_at_once(
    door: Start, origin: Scripted
) -> None:
    asked = []

    def hangs(connection: Connection) -> None:
        asked.append(connection.read_head())
        connection.wait_closed()

    port = origin(hangs).port
    running = started(
        door, port, 'cache = true\ntimeouts = { response = "1s" }\nretry = { attempts = 0 }'
    )
    began = time.monotonic()
    gots = Crowd(running.port, 60, lambda _: GET).run()
    assert [got.status for got in gots] == [504] * 60
    assert len(asked) == 1
    assert max(got.ended for got in gots) - began < 2.0
    running.wait_until(lambda: running.log.count("http_response_timeout") == 60, "the log")
    idle(running)
