"""`porch purge`, `porch cache` and `porch explain` with a real door of two workers."""

import re
from collections.abc import Callable
from typing import Any
from unittest import mock
from urllib.parse import unquote_to_bytes

import pytest

import porch
from tests.e2e.conftest import Client, Connection, Door, Origin

Start = Callable[..., Door]
Scripted = Callable[[Callable[[Connection], None]], Origin]

CLIENTS = 8
"""Connections: each worker has some of them."""
WORDS = "log = false\nworkers = 2\ncache = true\n"


class Counting:
    """An origin that numbers its answers: `fresh` for a minute, with their path as a tag."""

    def __init__(self, start: Scripted) -> None:
        self.asked: list[bytes] = []
        self.port = start(self._serve).port

    def _serve(self, connection: Connection) -> None:
        while True:
            path = connection.read_head().split(b" ")[1]
            self.asked.append(path)
            body = b"%d" % len(self.asked)
            tag = unquote_to_bytes(path.rpartition(b"/")[2])
            lasts = b"private" if tag == b"private" else b"max-age=60"
            connection.send(
                b"HTTP/1.1 200 OK\r\nCache-Control: %b\r\nCache-Tag: all, %b\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (lasts, tag, len(body), body)
            )


@pytest.fixture
def counting(origin: Scripted) -> Counting:
    return Counting(origin)


def started(door: Start, counting: Counting, words: str = "") -> Door:
    return door(f'{WORDS}{words}[routes]\n"*" = "127.0.0.1:{counting.port}"\n')


def bodies(running: Door, path: bytes, host: bytes = b"a.test") -> set[bytes]:
    """What clients of all workers get."""
    clients = [Client(running) for _ in range(CLIENTS)]
    asked = b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (path, host)
    found = {each.send(asked).read_answer()[2] for each in clients}
    for each in clients:
        each.close()
    return found


@pytest.mark.parametrize(
    ("words", "purged"),
    [
        ({"urls": ["http://a.test/x/1"]}, {b"/x/1"}),
        ({"urls": ["a.test/x/*"]}, {b"/x/1", b"/x/2"}),
        ({"tags": ["2"]}, {b"/x/2"}),
        ({"hosts": ["a.test"]}, {b"/x/1", b"/x/2", b"/y"}),
        ({"hosts": ["b.test"]}, set()),
        ({"all": True}, {b"/x/1", b"/x/2", b"/y"}),
        ({"urls": ["http://a.test/x/1"], "soft": True}, {b"/x/1"}),
    ],
)
def test_a_purge_is_in_force_in_all_workers_when_it_is_answered(
    door: Start, counting: Counting, words: dict[str, Any], purged: set[bytes]
) -> None:
    running = started(door, counting)
    paths = (b"/x/1", b"/x/2", b"/y")
    before = {path: bodies(running, path) for path in paths}
    assert all(len(found) == 1 for found in before.values())
    assert len(counting.asked) == 3
    assert "error" not in running.ask("purge", **words)
    after = {path: bodies(running, path) for path in paths}
    assert {path for path in paths if after[path] != before[path]} == purged
    assert all(len(found) == 1 for found in after.values())


@pytest.mark.parametrize(("tag", "path"), [("caf\u00e9", b"/caf%C3%A9"), ("\udce9", b"/%E9")])
def test_a_tag_that_is_not_ascii_is_purged_by_its_bytes(
    door: Start, counting: Counting, tag: str, path: bytes
) -> None:
    running = started(door, counting)
    before = {each: bodies(running, each) for each in (path, b"/x")}
    done = running.porch("purge", "--tag", tag)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(before[path]) == 1
    assert not bodies(running, path) & before[path]
    assert bodies(running, b"/x") == before[b"/x"]


def test_a_host_with_a_dot_behind_it_is_the_host(door: Start, counting: Counting) -> None:
    running = started(door, counting)
    first = bodies(running, b"/x", b"a.test.")
    assert bodies(running, b"/x", b"A.test") == first
    assert len(counting.asked) == 1
    assert running.porch("purge", "--host", "a.test.").returncode == 0
    assert not bodies(running, b"/x") & first
    explained = running.porch("explain", "GET", "http://a.test./x").stdout
    assert re.search("^key +http://a.test/x$", explained, re.M)


def test_a_store_in_memory_is_purged_in_each_worker(door: Start, counting: Counting) -> None:
    running = started(door, counting, "cache_store = { memory = true }\n")
    clients = [Client(running) for _ in range(CLIENTS)]  # each stays with its worker

    def found() -> list[bytes]:
        asked = b"GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"
        return [each.send(asked).read_answer()[2] for each in clients]

    before = found()
    assert found() == before
    running.ask("purge", tags=["all"])
    assert not set(found()) & set(before)
    for each in clients:
        each.close()


def test_commands_say_what_they_did(door: Start, counting: Counting) -> None:
    running = started(door, counting)
    bodies(running, b"/x")
    done = running.porch("purge", "http://a.test/x", "--tag", "none", "--soft")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["purged", "softly", "http://a.test/x", "tag", "none"]
    assert running.porch("purge").returncode == 2
    assert bodies(running, b"/private") != bodies(running, b"/private")
    shown = running.porch("cache").stdout
    assert re.search(r"requests were answered from the store: \d+ fresh, 0 stale", shown)
    assert re.search(r"^17 +uri-miss: Nothing", shown, re.M)
    assert re.search(r"^[12] +private: The answer says private", shown, re.M)
    assert re.search(r"^1[45] +passed: The last one of its key could not be kept", shown, re.M)
    assert re.search(r"^\d+ +http://a.test/x$", shown, re.M)
    assert re.search(r"1 answers, 0 of them in files", shown)
    assert str(running.folder / "cache") in shown
    explained = running.porch("explain", "GET", "http://a.test/private").stdout
    assert re.search(
        r"^passed +goes past the cache: the last answer to it could not", explained, re.M
    )
    explained = running.porch("explain", "GET", "http://a.test/x").stdout
    assert "goes past" not in explained
    assert re.search(r"^key +http://a\.test/x$", explained, re.M)
    assert re.search(r"^stored +200, 1 bytes, \d+ s old", explained, re.M)
    assert re.search(r"^then +the origin is asked .*purged softly", explained, re.M)


def test_python_purges_too(door: Start, counting: Counting) -> None:
    running = started(door, counting)
    before = bodies(running, b"/x")
    with mock.patch.dict("os.environ", XDG_RUNTIME_DIR=str(running.folder)):
        assert porch.purge(tags="all", config=running.file) == ["tag all"]
    assert not bodies(running, b"/x") & before


def test_a_door_that_keeps_nothing_says_so(door: Start, counting: Counting) -> None:
    running = door(f'log = false\n[routes]\n"*" = "127.0.0.1:{counting.port}"\n')
    for answer in (running.ask("purge", all=True), running.ask("cache")):
        assert "no route has 'cache'" in answer["error"]
