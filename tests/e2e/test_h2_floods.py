"""Hostile clients of HTTP/2 at a real door, each with bounded traffic.

Whatever they do, the door spends little on them, holds little for them, serves somebody else in
the meantime, and says to its operator what it cut them for.
"""

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from porch.http.h2 import FLOW
from tests.e2e.conftest import Connection, Door, Origin, memory
from tests.support import h2_frames as wire
from tests.support.h2_attack import Attacker
from tests.support.handshake import client, files

CPU = 0.3
"""Seconds that an attack may cost."""
HELD = 16 * 1024
"""KiB that may be held for it at any time."""
WAIT = 1.0
"""Seconds that somebody else may wait."""
ROUNDS = 3
"""Of what is measured: others use this machine too, and the best round is ours."""
BIG = 1 << 20


class Stage(NamedTuple):
    """A door and the origin behind it."""

    door: Door
    origin: Origin
    secure: bool

    def attacker(self, **words: Any) -> Attacker:
        """Another of them."""
        return Attacker(self.door.port, secure=self.secure, **words)

    @property
    def worker(self) -> int:
        (pid,) = self.door.workers
        return pid

    def said(self, text: str) -> None:
        """Its operator was told so: a thread of the door's writes it, soon after."""
        self.door.wait_until(lambda: text in self.door.errors, text)


def serve(connection: Connection) -> None:
    """Answers at once, with much to /big, never to /hang."""
    while True:
        head = connection.read_head()
        connection.read_body(head)
        path = head.split(b" ")[1]
        if path == b"/hang":
            connection.wait_closed()
            return
        body = b"x" * (BIG if path == b"/big" else 2)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


@contextlib.contextmanager
def staged(folder: Path, secure: bool) -> Iterator[Stage]:
    origin = Origin(serve)
    config = (
        'workers = 1\ntimeouts = { head = "1s", idle = "2s" }\n'
        f'[routes]\n"a.test" = "127.0.0.1:{origin.port}"\n'
    )
    if secure:
        cert, key = files(folder, "a.test")
        config = 'listen = ["https://127.0.0.1:0"]\n' + config
        config += f'[site."a.test"]\ncert = "{cert}"\nkey = "{key}"\n'
    else:
        config = 'listen = ["127.0.0.1:0"]\nh2c = true\n' + config
    door = Door(folder, config)
    door.wait_ready()
    made = Stage(door, origin, secure)
    with made.attacker() as first:  # what is made once is made
        first.pour(get(1), get(3, b"/big"), wire.window_update(0, BIG)).read_until([1])
    innocent(made)
    try:
        yield made
    finally:
        door.stop()
        origin.close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("door"), True) as made:
        yield made


@pytest.fixture(scope="module", params=[True, False], ids=["TLS", "h2c"])
def either(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """By TLS and without."""
    with staged(tmp_path_factory.mktemp("door"), request.param) as made:
        yield made


def cpu(pid: int) -> float:
    """Seconds that a process has had."""
    words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(words[11]) + int(words[12])) / 100


def watch(pid: int) -> int:
    """KiB that a process has now. From here on `peak` counts."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
    return memory(pid)


def peak(pid: int) -> int:
    """The most KiB that a process has had since `watch`."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    return int(re.findall(r"^VmHWM:\s*(\d+)", text, re.M)[0])


def innocent(stage: Stage) -> float:
    """Seconds until somebody else has an answer."""
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        to = ("127.0.0.1", stage.door.port)
        other = stack.enter_context(socket.create_connection(to, timeout=10))
        if stage.secure:
            context = client("a.test", "http/1.1")
            other = stack.enter_context(context.wrap_socket(other, server_hostname="a.test"))
        other.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
        assert other.recv(65536).startswith(b"HTTP/1.1 200 ")
    return time.monotonic() - began


def head(stream: int, *more: tuple[bytes, bytes], path: bytes = b"/", end: bool = True) -> bytes:
    fields = [(name, path if name == b":path" else value) for name, value in wire.BASIC]
    return wire.headers(stream, [*fields, *more], end=end)


def get(stream: int, path: bytes = b"/") -> bytes:
    return head(stream, path=path)


def many(count: int, make: Callable[[int], bytes]) -> bytes:
    """Frames for so many streams of the client's."""
    return b"".join(make(1 + 2 * number) for number in range(count))


# --- those that are cut ------------------------------------------------------------------------

OPEN = head(1, path=b"/hang", end=False)
"""A request that hangs, so that its end shows in the log."""


def behind(frames: bytes) -> bytes:
    """The same with other streams, as stream 1 is taken."""
    return OPEN + frames


def bomb() -> bytes:
    """One entry of 4,000 bytes in the table, and a head that names it again and again."""
    entry = b"\x40\x01x" + wire.block([(b"", b"a" * 4000)])[2:]
    basic = wire.block(wire.BASIC)
    return wire.frame(1, 5, 3, basic + entry) + wire.frame(1, 5, 5, basic + b"\xbe" * 8000)


SETTLED = wire.settings(ack=True)
HEADS = "requests that are refused for their head"
MALFORMED = "malformed messages"
NOISE = "bytes that are neither head nor body"

# The second half of each is a pattern of all that the client is told, and so is the operator.
CUT = {
    "rapid reset": (
        many(3000, lambda n: get(n + 2) + wire.reset(n + 2)),
        "too many resets of its own requests",
    ),
    "resets of requests that are over": (
        get(3) + wire.reset(3) * 20_000,
        "too many resets of requests that are over",
    ),
    "streams that we have to reset": (
        many(
            2000,
            lambda n: head(n + 2, (b"content-length", b"1"), end=False) + wire.data(n + 2, b"ab"),
        ),
        f"too many {MALFORMED}",
    ),
    "malformed heads": (
        many(2000, lambda n: head(n + 2, (b"X", b""))),
        f"too many {MALFORMED}",
    ),
    "heads over the limit": (
        many(300, lambda n: head(n + 2, *[(b"x", b"a" * 300)] * 200)),
        f"too many {HEADS}",
    ),
    "heads far over the limit": (head(3, *[(b"x", b"a" * 30_000)] * 9), ".*header list.*"),
    "an HPACK bomb": (bomb(), ".*header list.*"),
    "CONTINUATION without end": (
        wire.frame(1, 1, 3, wire.block(wire.BASIC)) + wire.continuation(3, b"", end=False) * 9000,
        ".*CONTINUATION.*",
    ),
    "SETTINGS": (wire.settings() * 5000, "too many SETTINGS frames"),
    "SETTINGS that change the table": (
        b"".join(wire.settings((1, 4096 * (n % 2))) for n in range(5000)),
        "too many SETTINGS frames",
    ),
    "PING": (wire.ping() * 5000, "too many PING frames"),
    "WINDOW_UPDATE by one": (wire.window_update(0, 1) * 9000, "too many WINDOW_UPDATE frames"),
    "PRIORITY": (SETTLED + many(80_000, lambda n: wire.priority(n)), f"too many {NOISE}"),
    "PRIORITY before our settings are known": (
        many(150_000, lambda n: wire.priority(n)),
        f"too many {NOISE}",
    ),
    "PRIORITY_UPDATE": (wire.priority_update(1) * 9000, "too many PRIORITY_UPDATE frames"),
    "empty DATA": (wire.data(1, b"") * 9000, "too many empty DATA frames"),
    "DATA with next to nothing in it": (
        (wire.data(1, b"a") * 250_000),
        "too many DATA frames with next to nothing in them",
    ),
    "padding": (SETTLED + wire.data(1, b"a", padding=255) * 4000, f"too many {NOISE}"),
    "unknown frames": (SETTLED + wire.frame(0x77, 0, 0, b"x" * 1000) * 1000, f"too many {NOISE}"),
    "streams beyond the bound": (
        SETTLED + many(1000, lambda n: head(n + 2, path=b"/hang", end=False)),
        ".*max concurrent streams.*",
    ),
    "streams beyond a bound that it does not know": (
        many(40_000, lambda n: head(n + 2, path=b"/hang", end=False)),
        f"too many {NOISE}",
    ),
}


@pytest.mark.parametrize("name", CUT)
def test_a_flood_is_cut_off_and_costs_little(either: Stage, name: str) -> None:
    frames, why = CUT[name]
    stage = either
    best, least = 9.0, HELD
    for _ in range(ROUNDS):
        held, spent = watch(stage.worker), cpu(stage.worker)
        with stage.attacker() as attacker:
            attacker.pour(behind(frames))
            waited = innocent(stage)
            attacker.read()
            assert attacker.ended
            assert re.fullmatch(why, attacker.reason), attacker.reason
        best = min(best, cpu(stage.worker) - spent)
        least = min(least, peak(stage.worker) - held)
        if best < CPU and waited < WAIT and least < HELD:
            break
    assert best < CPU
    assert least < HELD
    assert waited < WAIT
    stage.said(f"127.0.0.1 was cut: {attacker.reason}\n")


def test_a_window_too_wide_ends_its_connection_and_the_log_says_why(either: Stage) -> None:
    with either.attacker() as attacker:
        attacker.pour(OPEN, wire.window_update(0, 0x7FFFFFFF)).read()
        assert attacker.ended
        assert attacker.farewell == FLOW
    either.said("127.0.0.1 was cut: a window that is too large")


def test_rapid_resets_in_packets_of_their_own_are_cut_off_and_cost_little(stage: Stage) -> None:
    """So that each of the requests has begun."""
    best = 9.0
    for _ in range(ROUNDS):
        spent = cpu(stage.worker)
        with stage.attacker() as attacker:
            for first in range(1, 8001, 80):
                streams = range(first, first + 80, 2)
                for frames in (map(get, streams), map(wire.reset, streams)):
                    attacker.pour(*frames)
                    time.sleep(0.002)
            attacker.read()
            assert attacker.ended
        best = min(best, cpu(stage.worker) - spent)
        if best < CPU:
            break
    assert best < CPU
    stage.said("was cut: too many resets of its own requests")


def test_what_a_flood_ends_is_logged_with_its_reason(stage: Stage) -> None:
    with stage.attacker() as attacker:
        attacker.pour(OPEN)
        innocent(stage)  # what comes in one read with a flood has not begun
        attacker.pour(wire.window_update(0, 1) * 3000).read()
    stage.door.wait_until(
        lambda: re.search(r"/hang.*client_flood", stage.door.log), "the line of the log"
    )


def test_resets_in_one_read_cost_no_request_to_the_origin(stage: Stage) -> None:
    with stage.attacker() as attacker:
        attacker.pour(
            many(100, lambda n: get(n, b"/given-up") + wire.reset(n)) + get(999, b"/meant")
        )
        attacker.read_until([999])
        assert attacker.statuses == {999: 200}
    assert b"/given-up" not in stage.origin.received
    assert b"/meant" in stage.origin.received


# --- those that are served as far as they go ----------------------------------------------------


def quiet(stage: Stage, attack: Callable[[Attacker], object], **words: object) -> Attacker:
    """The attacker, after what it did has cost little and kept nobody waiting."""
    held, spent = watch(stage.worker), cpu(stage.worker)
    with stage.attacker(**words) as attacker:
        attack(attacker)
        assert innocent(stage) < WAIT
        assert peak(stage.worker) - held < HELD
        assert cpu(stage.worker) - spent < CPU
    return attacker


def test_heads_over_the_limit_are_431_before_anybody_is_cut(stage: Stage) -> None:
    frames = many(5, lambda n: head(n, *[(b"x", b"a" * 300)] * 200))
    attacker = quiet(stage, lambda it: it.pour(frames).read_until(range(1, 11, 2)))
    assert attacker.statuses == dict.fromkeys(range(1, 11, 2), 431)
    assert not attacker.ended


def test_many_heads_that_are_240_kb_each_in_15_kb_are_not_held(either: Stage) -> None:
    basic = wire.block(wire.BASIC)
    entry = b"\x40\x01x" + wire.block([(b"", b"a" * 4000)])[2:]
    frames = wire.frame(1, 5, 1, basic + entry)
    frames += many(125, lambda n: wire.frame(1, 5, n + 2, basic + b"\xbe" * 58))
    streams = range(3, 253, 2)
    held = watch(either.worker)
    with either.attacker() as attacker:
        attacker.pour(SETTLED + frames).read_until(streams)
        assert {attacker.statuses[stream] for stream in streams} == {431}
    assert peak(either.worker) - held < 6 * 1024


def test_crumbs_of_cookies_are_served_within_the_limits(stage: Stage) -> None:
    crumbs = [(b"cookie", b"c%d=1" % number) for number in range(400)]
    frames = many(40, lambda n: head(n, *crumbs))
    attacker = quiet(stage, lambda it: it.pour(frames).read_until(range(1, 80, 2)))
    assert attacker.statuses == dict.fromkeys(range(1, 80, 2), 200)


def test_a_table_that_is_filled_anew_with_each_head_costs_little(stage: Stage) -> None:
    def churn(stream: int) -> bytes:
        entries = b"".join(
            b"\x40" + wire.block([(b"x-%d" % n, b"a" * 90)])[1:] for n in range(stream, stream + 40)
        )
        return wire.frame(1, 5, stream, b"\x20\x3f\xe1\x1f" + wire.block(wire.BASIC) + entries)

    def attack(attacker: Attacker) -> None:
        for first in range(1, 201, 100):
            attacker.pour(*[churn(stream) for stream in range(first, first + 100, 2)])
            attacker.read_until(range(first, first + 100, 2))

    assert {*quiet(stage, attack).statuses.values()} == {200}


def test_a_head_that_comes_slowly_is_left(stage: Stage) -> None:
    frame = get(1)
    attacker = quiet(stage, lambda it: it.pour(frame[:-5]).read(8))
    assert attacker.ended
    assert attacker.statuses == {}


ZERO = wire.PREFACE[:24] + wire.settings((4, 0))


@pytest.mark.parametrize("buffer", [0, 4096])
def test_a_hundred_answers_that_nobody_takes_are_not_held(stage: Stage, buffer: int) -> None:
    """By windows that stay shut, or by a socket that is not read."""
    wide = wire.PREFACE[:24] + wire.settings((4, 1 << 30)) + wire.window_update(0, 1 << 30)

    def attack(attacker: Attacker) -> None:
        attacker.pour(many(100, lambda n: get(n, b"/big")))
        time.sleep(0.5)

    quiet(stage, attack, hello=wide if buffer else ZERO, buffer=buffer)


def test_a_window_that_opens_by_one_byte_is_left_after_a_while(stage: Stage) -> None:
    def attack(attacker: Attacker) -> None:
        attacker.pour(get(1, b"/big"), *[wire.window_update(1, 1) for _ in range(3000)]).read()

    assert quiet(stage, attack, hello=ZERO).ended


def test_the_door_told_of_no_defect_and_holds_nothing(stage: Stage) -> None:
    assert "defect" not in stage.door.errors
    assert "Traceback" not in stage.door.errors
    assert memory(stage.worker) < 150 * 1024
