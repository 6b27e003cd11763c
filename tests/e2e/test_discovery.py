"""Endpoints that are found: real name servers, files and services, a real door, real sockets."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dns.rcode
import httpx

from tests.e2e.conftest import ROOT, SOURCE, Connection, Door, Origin
from tests.support.resolving import NameServer

TWO = "workers = 2\n"


def named(name: str) -> Callable[[Connection], None]:
    """An origin that answers with its name."""

    def serve(connection: Connection) -> None:
        while True:
            connection.read_head()
            body = name.encode()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    return serve


def source(door: Door) -> dict[str, Any]:
    """What `porch status` says of the only source."""
    (found,) = door.ask("status")["discovery"]  # type: ignore[misc]
    return found  # type: ignore[no-any-return]


def answers(door: Door, count: int = 20) -> set[str]:
    """Of that many requests, each by a connection of its own, so that both workers are asked."""
    return {httpx.get(door.url).text for _ in range(count)}


def test_a_file_is_read_again_within_two_seconds(door: Any, origin: Any, tmp_path: Path) -> None:
    a, b = origin(named("a")), origin(named("b"))
    file = tmp_path / "endpoints.json"
    file.write_text(json.dumps([f"127.0.0.1:{a.port}"]))
    made = door(TWO + f'[routes]\n"*" = "list:{file}"')
    assert answers(made) == {"a"}
    file.write_text(json.dumps({"endpoints": [f"127.0.0.1:{b.port}"]}))
    changed = time.monotonic()
    made.wait_until(lambda: httpx.get(made.url).text == "b", "the change")
    assert time.monotonic() - changed < 2
    made.wait_until(lambda: answers(made) == {"b"}, "the change in both workers")


def test_an_address_that_dns_adds_under_load_costs_nobody_anything(door: Any, origin: Any) -> None:
    """127.0.0.1 and 127.0.0.2 are two endpoints of one origin port; requests go on meanwhile."""
    seen: list[str] = []

    def serve(connection: Connection) -> None:
        seen.append(connection.socket.getsockname()[0])
        named("x")(connection)

    listener = AnyAddress(serve)
    with NameServer() as names:
        names.add("api.test", "A", "127.0.0.1")
        target = f'{{ to = "dns:api.test:{listener.port}", every = "200ms"'
        words = f'{target}, resolver = "127.0.0.1:{names.port}" }}'
        made = door(TWO + f'balance = "round-robin"\n[routes]\n"*" = {{ to = {words} }}')
        clients = [httpx.Client() for _ in range(4)]
        statuses = []

        def load() -> None:
            statuses.extend(each.get(made.url).status_code for each in clients)

        for _ in range(10):
            load()
        before = len(listener.connections)
        names.add("api.test", "A", "127.0.0.1", "127.0.0.2")
        made.wait_until(lambda: load() or "127.0.0.2" in seen, "the second address")
        for _ in range(5):
            load()
        assert not any(each.gone.is_set() for each in listener.connections[:before])
        names.add("api.test", "A", "127.0.0.2")
        made.wait_until(lambda: load() or source(made)["endpoints"] == 1, "its end")
        firsts = [c for c, at in zip(listener.connections, seen, strict=True) if at == "127.0.0.1"]
        made.wait_until(lambda: load() or all(c.gone.is_set() for c in firsts), "idle ones closed")
        left = [c for c, at in zip(listener.connections, seen, strict=True) if at == "127.0.0.2"]
        assert not any(each.gone.is_set() for each in left)
        assert set(statuses) == {200}
        for each in clients:
            each.close()
    listener.close()


class AnyAddress(Origin):
    """An origin on every address of loopback."""

    def __init__(self, serve: Callable[[Connection], None]) -> None:
        super().__init__(serve)
        port = self.port
        self.close()
        self.__dict__.clear()
        with contextlib.ExitStack():
            self._serve = serve
            self._listener = socket.create_server(("0.0.0.0", port))
        self.port = port
        self.connections = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()


def test_a_name_that_dns_loses_keeps_its_endpoints_and_that_is_said_once(
    door: Any, origin: Any
) -> None:
    a = origin(named("a"))
    with NameServer() as names:
        names.add("api.test", "A", "127.0.0.1")
        options = f'every = "200ms", resolver = "127.0.0.1:{names.port}"'
        made = door(
            TWO + f'[routes]\n"*" = {{ to = {{ to = "dns:api.test:{a.port}", {options} }} }}'
        )
        assert answers(made) == {"a"}
        names.fail("api.test")
        made.wait_until(lambda: source(made)["trouble"], "the trouble")
        time.sleep(1.2)  # it is asked again meanwhile
        assert source(made)["endpoints"] == 1
        assert answers(made) == {"a"}
        names.fail("api.test", dns.rcode.NOERROR)
        made.wait_until(lambda: not source(made)["trouble"], "the end of it")
        made.wait_until(lambda: "is well again: 1 found" in made.errors, "the word of it")
    assert made.errors.count("fails: the name servers failed") == 1
    assert made.errors.count("is well again: 1 found") == 1


def test_records_of_a_service_have_weights_and_priorities(door: Any, origin: Any) -> None:
    a, b = origin(named("a")), origin(named("b"))
    with NameServer() as names:
        records = [f"1 1 {a.port} a.test.", f"1 3 {b.port} b.test."]
        names.add("_http._tcp.api.test", "SRV", *records)
        options = f'resolver = "127.0.0.1:{names.port}"'
        made = door(f'[routes]\n"*" = {{ to = {{ to = "srv:_http._tcp.api.test", {options} }} }}')
        shown: Any = made.ask("status")["upstreams"]
    assert [each["endpoint"] for each in shown] == [f"a.test:{a.port}", f"b.test:{b.port}"]


class Lists:
    """A service that tells endpoints, with an ETag."""

    def __init__(self, *endpoints: object) -> None:
        self.body = json.dumps({"endpoints": endpoints}).encode()
        self.status = 200
        self.not_modified = 0

    def serve(self, connection: Connection) -> None:
        head = connection.read_head().lower()
        etag = b'"%d"' % hash(self.body)
        if self.status == 200 and b"if-none-match: " + etag in head:
            self.not_modified += 1
            connection.send(b"HTTP/1.1 304 Not Modified\r\n\r\n")
            return
        connection.send(
            b"HTTP/1.1 %d X\r\nETag: %b\r\nContent-Length: %d\r\n\r\n%b"
            % (self.status, etag, len(self.body), self.body)
        )


def test_a_list_by_http_is_asked_for_with_its_tag_and_flaps_without_harm(
    door: Any, origin: Any
) -> None:
    a, b = origin(named("a")), origin(named("b"))
    lists = Lists(f"127.0.0.1:{a.port}", {"to": "nonsense"}, {"to": ":1", "weight": -1})
    service = origin(lists.serve)
    target = f'{{ to = "list:http://127.0.0.1:{service.port}/list", every = "200ms" }}'
    made = door(TWO + f'[routes]\n"*" = {{ to = {target} }}')
    assert answers(made) == {"a"}
    assert "left out of 3 entries: 2: 'nonsense' is no endpoint" in made.errors
    made.wait_until(lambda: lists.not_modified > 2, "an answer without a body")
    for number in range(3):
        lists.status = 500
        made.wait_until(lambda: "answered 500" in source(made)["trouble"], "the failure")
        assert answers(made, 5) <= {"a", "b"}
        lists.status, origins = 200, (a, b) if number % 2 else (b,)
        lists.body = json.dumps([f"127.0.0.1:{each.port}" for each in origins]).encode()
        made.wait_until(lambda: not source(made)["trouble"], "the end of it")
        wanted = {"a", "b"} if number % 2 else {"b"}
        made.wait_until(lambda: answers(made) == wanted, "the new list")  # noqa: B023
    lists.body = b"[]"
    made.wait_until(lambda: "found nothing" in source(made)["trouble"], "nothing")
    assert answers(made) == {"b"}


def test_a_pool_of_which_nothing_is_found_says_why_and_is_there_when_it_is(
    door: Any, origin: Any, tmp_path: Path
) -> None:
    a = origin(named("a"))
    file = tmp_path / "endpoints.toml"
    began = time.monotonic()
    made = door(TWO + f'debug = true\n[routes]\n"*" = "list:{file}"')
    assert time.monotonic() - began < 10
    answer = httpx.get(made.url)
    assert answer.status_code == 503
    assert "has found nothing yet" in answer.text
    assert "No such file" in answer.text
    file.write_text(f'endpoints = [{{ to = "127.0.0.1:{a.port}", weight = 2 }}]')
    made.wait_until(lambda: httpx.get(made.url).status_code == 200, "its file")


def test_a_reload_has_its_new_source_heard_before_it_is_in_force(
    door: Any, origin: Any, tmp_path: Path
) -> None:
    a, b = origin(named("a")), origin(named("b"))
    for each, name in ((a, "a"), (b, "b")):
        (tmp_path / f"{name}.json").write_text(json.dumps([f"127.0.0.1:{each.port}"]))
    made = door(TWO + f'[routes]\n"*" = "list:{tmp_path}/a.json"')
    with httpx.Client() as client:
        assert client.get(made.url).text == "a"
        for name in "bab":
            made.write(TWO + f'[routes]\n"*" = "list:{tmp_path}/{name}.json"')
            assert made.reload() == ""
            assert client.get(made.url).text == name
            assert answers(made, 6) == {name}
    made.write(TWO + f'[routes]\n"*" = "list:{tmp_path}/b.json"\n"x.test" = ":1"')
    held = len(b.connections)
    assert made.reload() == ""
    assert answers(made, 6) == {"b"}
    assert not any(each.gone.is_set() for each in b.connections[held - 1 : held])


def test_the_worker_that_looks_has_a_successor(door: Any, origin: Any, tmp_path: Path) -> None:
    a, b = origin(named("a")), origin(named("b"))
    file = tmp_path / "endpoints.json"
    file.write_text(json.dumps([f"127.0.0.1:{a.port}"]))
    made = door(TWO + f'[routes]\n"*" = "list:{file}"')
    time.sleep(5.1)  # a worker that dies young has a successor later
    os.kill(made.workers[0], signal.SIGKILL)
    made.wait_until(lambda: "takes its place" in made.errors, "its successor")
    file.write_text(json.dumps([f"127.0.0.1:{b.port}"]))
    made.wait_until(lambda: answers(made) == {"b"}, "its look")


def test_a_restart_while_nothing_can_be_found_serves_by_the_list_of_before(
    door: Any, origin: Any, tmp_path: Path
) -> None:
    a = origin(named("a"))
    with NameServer() as names:
        names.add("api.test", "A", "127.0.0.1")
        resolver = f'resolver = "127.0.0.1:{names.port}"'
        words = f'[routes]\n"*" = {{ to = {{ to = "dns:api.test:{a.port}", {resolver} }} }}'
        state = {"STATE_DIRECTORY": str(tmp_path / "state")}
        first = door(TWO + words, environ=state)
        kept = tmp_path / "state" / "found.json"
        first.wait_until(kept.exists, "the file")
        first.stop()
    made = door(TWO + words, environ=state)
    assert answers(made) == {"a"}
    found = source(made)
    assert found["endpoints"] == 1
    assert found["trouble"] or found["since"]


def test_an_upgrade_knows_what_was_found(door: Any, origin: Any, tmp_path: Path) -> None:
    a = origin(named("a"))
    file = tmp_path / "endpoints.json"
    file.write_text(json.dumps([f"127.0.0.1:{a.port}"]))
    made = door(TWO + f'[routes]\n"*" = "list:{file}"')
    file.unlink()
    made.wait_until(lambda: source(made)["trouble"], "the loss")
    assert "error" not in made.ask("upgrade")
    assert answers(made) == {"a"}
    assert source(made)["endpoints"] == 1


PROVIDER = """
import time
from porch import Found

async def endpoints():
    yield [Found("127.0.0.1:%d")]
    time.sleep(3600)
"""


def test_a_function_of_the_operators_own_may_block_and_nobody_waits(
    door: Any, origin: Any, tmp_path: Path
) -> None:
    a = origin(named("a"))
    (tmp_path / "door0").mkdir()
    (tmp_path / "door0" / "shop.py").write_text(PROVIDER % a.port)
    (tmp_path / "door0").rename(tmp_path / "made")
    folder = tmp_path / "made"
    made = door(
        '[routes]\n"*" = "find:shop:endpoints"', environ={"PYTHONPATH": f"{SOURCE}:{folder}"}
    )
    for _ in range(10):
        began = time.monotonic()
        assert httpx.get(made.url).text == "a"
        assert time.monotonic() - began < 1
    assert made.stop() == 0


def test_ten_thousand_endpoints_are_found_and_nobody_waits(
    door: Any, origin: Any, tmp_path: Path
) -> None:
    a = origin(named("a"))
    file = tmp_path / "endpoints.json"
    file.write_text(json.dumps([f"127.0.0.1:{a.port}"]))
    made = door(TWO + f'[routes]\n"a.test" = "127.0.0.1:{a.port}"\n"*" = "list:{file}"')
    many = [f"127.1.{each // 250}.{each % 250}:{a.port}" for each in range(11_000)]
    file.write_text(json.dumps(many))
    worst = 0.0
    with httpx.Client(headers={"host": "a.test"}) as client:
        while source(made)["endpoints"] < 10_000:
            began = time.monotonic()
            assert client.get(made.url).status_code == 200
            worst = max(worst, time.monotonic() - began)
    assert "only the first 10000 of 11000" in made.errors
    assert worst < 1


def test_the_provider_of_the_page_runs(door: Any, origin: Any, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "discovery.md").read_text(encoding="utf-8")
    code = page.partition("```python\n")[2].partition("```")[0]
    assert len(code.splitlines()) <= 20
    a, b = origin(named("a")), origin(named("b"))
    (tmp_path / "backends.py").write_text(code)
    database = sqlite3.connect(tmp_path / "deploys.db")
    database.execute("CREATE TABLE backends (address TEXT, weight INT, healthy INT)")
    for each, healthy in ((a, 1), (b, 0)):
        row = (f"127.0.0.1:{each.port}", 1, healthy)
        database.execute("INSERT INTO backends VALUES (?, ?, ?)", row)
    database.commit()
    made = door(
        '[routes]\n"*" = "find:backends:endpoints"',
        environ={"PYTHONPATH": f"{SOURCE}:{tmp_path}"},
        prepare=lambda: os.chdir(tmp_path),
    )
    assert answers(made) == {"a"}
    database.execute("UPDATE backends SET healthy = 1 - healthy")
    database.commit()
    database.close()
    made.wait_until(lambda: answers(made, 6) == {"b"}, "the change")


def test_workers_are_told_within_200_ms(door: Any, origin: Any, tmp_path: Path) -> None:
    """From the provider's word to the last of two workers, with room for a busy machine."""
    a, b = origin(named("a")), origin(named("b"))
    (tmp_path / "own.py").write_text(TOLD % (tmp_path, a.port, b.port))
    made = door(
        TWO + '[routes]\n"*" = "find:own:endpoints"',
        environ={"PYTHONPATH": f"{SOURCE}:{tmp_path}"},
    )
    assert answers(made) == {"a"}
    clients = [httpx.Client() for _ in range(8)]  # kept connections, of both workers
    for each in clients:
        each.get(made.url)
    (tmp_path / "now").touch()
    made.wait_until((tmp_path / "said").exists, "the word")
    said = time.monotonic()
    while {each.get(made.url).text for each in clients} != {"b"}:
        assert time.monotonic() - said < 2
    late = time.monotonic() - said
    for each in clients:
        each.close()
    assert late < 0.5


TOLD = """
import asyncio, pathlib
from porch import Found
folder = pathlib.Path("%s")

async def endpoints():
    yield [Found("127.0.0.1:%d")]
    while not (folder / "now").exists():
        await asyncio.sleep(0.01)
    (folder / "said").touch()
    yield [Found("127.0.0.1:%d")]
    await asyncio.sleep(3600)
"""
