"""Many clients of two workers want the same at once: the origin is asked once."""

import os
import re
import signal
import threading
import time
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Connection, Door, Origin, clients_of
from tests.support.crowd import Crowd, Got

Start = Callable[..., Door]
Scripted = Callable[[Callable[[Connection], None]], Origin]

WORDS = "log = false\nworkers = 2\ncache = true\n"
GET = b"GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n"
FRESH = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n"
MANY = 1000


class Slow:
    """An origin that answers behind a pause, in pieces with pauses between them. last: seconds
    before the last piece, if it is not `pause`. go: nobody waits any more."""

    def __init__(
        self, start: Scripted, *pieces: bytes, pause: float = 0.5, last: float | None = None
    ) -> None:
        self.go = threading.Event()
        self.asked = 0
        self.heads: list[bytes] = []
        self.sent: list[float] = []
        self._pieces = pieces
        self._pauses = [pause] * (len(pieces) - 1) + [pause if last is None else last]
        self._lock = threading.Lock()
        self.port = start(self._serve).port

    def _serve(self, connection: Connection) -> None:
        while True:
            head = connection.read_head()
            with self._lock:
                self.asked += 1
                self.heads.append(head)
            for piece, pause in zip(self._pieces, self._pauses, strict=True):
                self.go.wait(pause)
                self.sent.append(time.monotonic())
                connection.send(piece)


def started(door: Start, port: int, words: str = "") -> Door:
    return door(f'{WORDS}{words}[routes]\n"*" = "127.0.0.1:{port}"\n')


def whole(body: bytes, *more: bytes) -> bytes:
    return FRESH + b"".join(more) + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def idle(running: Door) -> None:
    """Nothing runs any more."""

    def rests() -> bool:
        shown = running.ask("status")
        return not re.search(r"'running': [1-9-]", str(shown))

    running.wait_until(rests, "the end of all exchanges")


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_thousand_clients_of_a_cold_key_are_one_request(
    door: Start, origin: Scripted, size: int
) -> None:
    body = os.urandom(size)
    slow = Slow(origin, whole(body), pause=1.5)
    running = started(door, slow.port)
    gots = Crowd(running.port, MANY, lambda _: GET).run()
    assert slow.asked == 1
    assert [got.status for got in gots] == [200] * MANY
    assert all(got.is_whole and got.body == body for got in gots)
    said = [re.search(rb"cache-status: (.*)\r", got.head)[1] for got in gots]  # type: ignore[index]
    others = [each for each in said if b"; stored" not in each]
    assert len(others) > 100, "those of the other worker, from the store or on its way there"
    assert sum(b"; collapsed" in each for each in said) > 100, "those who waited in the one"
    assert sum(b"; hit" not in each and b"; collapsed" not in each for each in said) == 1
    idle(running)


def test_all_read_while_it_comes_in_both_workers(door: Start, origin: Scripted) -> None:
    chunk = b"4\r\nabcd\r\n"
    head = FRESH + b"Transfer-Encoding: chunked\r\n\r\n"
    slow = Slow(origin, head + chunk, *[chunk] * 9, b"0\r\n\r\n", pause=0.3)
    running = started(door, slow.port)
    gots = Crowd(running.port, 40, lambda _: GET).run()
    assert slow.asked == 1
    assert all(got.is_whole and got.body == b"abcd" * 10 for got in gots)
    late = [got.first - slow.sent[0] for got in gots]
    assert max(late) < 0.15, "the first byte, of a body that is small and slow"
    pieces = [
        at - sent
        for got in gots
        for at, sent in zip(got.pieces[1:], slow.sent[1:], strict=False)
        if len(got.pieces) == 10
    ]
    assert len(pieces) > 300
    assert sorted(pieces)[len(pieces) // 2] < 0.01


def test_the_death_of_the_worker_that_asks_leaves_nobody_waiting(
    door: Start, origin: Scripted
) -> None:
    slow = Slow(origin, whole(b"hi"), pause=2.0)
    running = started(door, slow.port)
    crowd = Crowd(running.port, 60, lambda _: GET)
    gots: list[Got] = []
    thread = threading.Thread(target=lambda: gots.extend(crowd.run()))
    thread.start()
    running.wait_until(lambda: slow.asked, "the question")
    asker = _asker(running, slow.port)
    theirs = clients_of(asker, running.port)
    os.kill(asker, signal.SIGKILL)
    killed = time.monotonic()
    thread.join(20)
    assert slow.asked == 2, "one more, for all who were left"
    for number, got in enumerate(gots):
        if crowd.ports[number] in theirs:
            assert not got.is_whole
            assert got.ended - killed < 1.0
        else:
            assert got.body == b"hi"
            assert got.ended - killed < 3.5


def test_the_death_of_the_worker_in_the_middle_is_seen(door: Start, origin: Scripted) -> None:
    head = FRESH + b"Content-Length: 200000\r\n\r\n"
    slow = Slow(origin, head + bytes(100000), bytes(100000), pause=1.5)
    running = started(door, slow.port)
    crowd = Crowd(running.port, 20, lambda _: GET)
    gots: list[Got] = []
    thread = threading.Thread(target=lambda: gots.extend(crowd.run()))
    thread.start()
    running.wait_until(lambda: slow.sent, "the first half")
    time.sleep(0.3)
    os.kill(_asker(running, slow.port), signal.SIGKILL)
    killed = time.monotonic()
    thread.join(20)
    assert not any(got.is_whole for got in gots)
    assert all(got.ended - killed < 1.0 for got in gots)
    assert slow.asked == 1
    got = Crowd(running.port, 1, lambda _: GET).run()[0]
    assert got.is_whole
    assert slow.asked == 2


def _asker(running: Door, port: int) -> int:
    """The worker that has a connection to the origin."""
    (found,) = [pid for pid in running.workers if _dials(pid, port)]
    return found


def _dials(pid: int, port: int) -> bool:
    held = set()
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            held.add(os.readlink(f"/proc/{pid}/fd/{number}"))
        except OSError:
            continue
    with open("/proc/net/tcp", encoding="ascii") as file:
        lines = file.read().splitlines()[1:]
    return any(
        int(words[2].rpartition(":")[2], 16) == port and f"socket:[{words[9]}]" in held
        for words in map(str.split, lines)
    )


def test_an_origin_that_breaks_off_is_seen_by_all_and_nothing_is_stored(
    door: Start, origin: Scripted
) -> None:
    asked: list[bytes] = []

    def breaks(connection: Connection) -> None:
        asked.append(connection.read_head())
        connection.send(FRESH + b"Content-Length: 200000\r\n\r\n" + bytes(100000))
        time.sleep(0.5)

    running = started(door, origin(breaks).port)
    gots = Crowd(running.port, 60, lambda _: GET).run()
    assert len(asked) == 1
    assert not any(got.is_whole for got in gots)
    assert all(len(got.body) == 100000 for got in gots)
    assert not Crowd(running.port, 1, lambda _: GET).run()[0].is_whole
    assert len(asked) == 2
    idle(running)


def test_an_answer_for_one_lets_all_go_at_once_and_is_remembered(
    door: Start, origin: Scripted
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: 2\r\n\r\nhi"
    slow = Slow(origin, answer, pause=0.5)
    running = started(door, slow.port)
    began = time.monotonic()
    gots = Crowd(running.port, 100, lambda _: GET).run()
    assert all(got.body == b"hi" for got in gots)
    assert slow.asked == 100
    assert max(got.ended for got in gots) - began < 2.5, "two rounds, not a hundred"
    began = time.monotonic()
    gots = Crowd(running.port, 100, lambda _: GET).run()
    assert slow.asked == 200
    assert max(got.ended for got in gots) - began < 1.4, "one round"
    idle(running)


def test_those_who_differ_in_what_vary_names_get_theirs(door: Start, origin: Scripted) -> None:
    heads: list[bytes] = []

    def speaks(connection: Connection) -> None:
        while True:
            head = connection.read_head()
            heads.append(head)
            time.sleep(0.5)
            language = re.search(rb"accept-language: (\w+)", head)
            assert language is not None
            connection.send(whole(language[1], b"Vary: Accept-Language\r\n"))

    running = started(door, origin(speaks).port)
    languages = (b"de", b"en", b"fr")

    def asked(number: int) -> bytes:
        return GET[:-2] + b"Accept-Language: %b\r\n\r\n" % languages[number % 3]

    gots = Crowd(running.port, 150, asked).run()
    assert [got.body for got in gots] == [languages[number % 3] for number in range(150)]
    assert len(heads) <= 6, "each language once a worker at the most, where none was known"


@pytest.mark.parametrize("said", [b"max-age=1", b"s-maxage=1", b"max-age=1, must-revalidate"])
def test_a_thousand_clients_of_what_is_stale_when_it_comes_are_one_request(
    door: Start, origin: Scripted, said: bytes
) -> None:
    """The origin takes longer than its answer is good for: all have asked before it was made."""
    start = b"HTTP/1.1 200 OK\r\nCache-Control: %b\r\nContent-Length: 2\r\n\r\nhi" % said
    slow = Slow(origin, start, pause=7.0)
    running = started(door, slow.port)
    gots = Crowd(running.port, MANY, lambda _: GET).run()
    assert slow.asked == 1
    assert [got.body for got in gots] == [b"hi"] * MANY
    got = Crowd(running.port, 1, lambda _: GET).run()[0]
    assert slow.asked == 2, "who comes behind it"
    assert b"fwd=stale" in got.head
    idle(running)


def test_of_what_nobody_may_have_unasked_each_user_has_his_own(
    door: Start, origin: Scripted
) -> None:
    """An origin that tells users apart, and says neither `private` nor for how long."""
    asked: list[bytes] = []

    def serve(connection: Connection) -> None:
        while True:
            head = connection.read_head()
            user = re.search(rb"(?i)cookie: (\w+)", head)
            name = user[1] if user else b"nobody"
            asked.append(name)
            time.sleep(1.5)  # all have come by then, on a busy machine too
            body = name * 10
            tag = b'ETag: "%b"\r\n' % name
            if re.search(rb'(?i)if-none-match: "%b"' % name, head):
                connection.send(b"HTTP/1.1 304 Not Modified\r\n%b\r\n" % tag)
            else:
                length = b"Content-Length: %d\r\n" % len(body)
                connection.send(b"HTTP/1.1 200 OK\r\n%b%b\r\n%b" % (tag, length, body))

    users = [b"", b"anna", b"bert", b"carla", b"dora"]

    def of(number: int) -> bytes:
        user = users[number % len(users)]
        return GET.replace(b"\r\n\r\n", b"\r\nCookie: %b\r\n\r\n" % user if user else b"\r\n\r\n")

    running = started(door, origin(serve).port)
    for _ in range(3):
        before = len(asked)
        gots = Crowd(running.port, 200, of).run()
        for number, got in enumerate(gots):
            assert got.body == (users[number % len(users)] or b"nobody") * 10
        assert len(asked) - before <= 3 * len(users), "of each user one a worker, or one more"
    idle(running)
