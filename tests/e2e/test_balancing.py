"""Sticky clients and hashes through real workers: all of them, and the door that starts next, send
a client to the same endpoint."""

import http.client
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from tests.e2e.conftest import Connection, Door, Origin

COUNT = 24
"""Connections, so that two workers have some each (the chance that one has none is 1 in 8
million)."""


@pytest.fixture
def origins() -> Iterator[list[Origin]]:
    """Three that answer with their number."""

    def origin(number: int) -> Origin:
        body = b"%d" % number

        def serve(connection: Connection) -> None:
            while connection.read_head():
                connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n" + body)

        return Origin(serve)

    made = [origin(number) for number in range(3)]
    yield made
    for each in made:
        each.close()


def servers(origins: Sequence[Origin]) -> str:
    return ", ".join(f'"127.0.0.1:{each.port}"' for each in origins)


def ask(door: Door, **fields: str) -> tuple[str, str]:
    """Whom a new connection reaches, and what cookie it is given."""
    with closing(http.client.HTTPConnection("127.0.0.1", door.port, timeout=15)) as connection:
        connection.request("GET", "/", headers=fields)
        answer = connection.getresponse()
        cookie = answer.getheader("set-cookie") or ""
        return answer.read().decode(), cookie


def test_a_sticky_client_stays_over_workers_reloads_and_restarts(door, origins):
    start = 'workers = 2\nbalance = "random"\n{}[routes]\n"*" = {{ to = [{}], sticky = true }}\n'
    config = start.format("", servers(origins))
    started = door(config)
    number, cookie = ask(started)
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax")
    own = cookie.partition(";")[0]
    assert {ask(started, Cookie=own) for _ in range(COUNT)} == {(number, "")}
    started.write(start.format("grace = '2s'\n", servers(origins)))
    assert started.reload() == ""
    assert {ask(started, Cookie=own) for _ in range(COUNT)} == {(number, "")}
    keys = [*(started.folder / "state").glob("*.kept")]
    assert [each.stat().st_mode & 0o777 for each in keys] == [0o600]
    started.stop()
    next_door = door(config, environ={"STATE_DIRECTORY": str(started.folder / "state")})
    assert {ask(next_door, Cookie=own) for _ in range(COUNT)} == {(number, "")}
    left = [each for each in range(3) if str(each) != number]
    next_door.write(start.format("", servers([origins[each] for each in left])))
    assert next_door.reload() == ""
    found = {ask(next_door, Cookie=own) for _ in range(COUNT)}
    assert {each for each, _ in found} == {str(each) for each in left}
    assert all(cookie for _, cookie in found), "it is replaced"


def test_a_hash_is_the_same_in_all_workers(door, origins):
    config = 'workers = 2\nbalance = "hash header X-Tenant"\n[routes]\n"*" = [{}]\n'
    started = door(config.format(servers(origins)))
    found = set()
    for tenant in ("a", "b", "c", "d", "e", "f", "g", "h"):
        numbers = {ask(started, **{"X-Tenant": tenant})[0] for _ in range(COUNT // 2)}
        assert len(numbers) == 1
        found |= numbers
    assert len(found) > 1


def test_a_key_of_the_operators_own_is_loaded_by_the_workers(door, origins):
    config = 'workers = 2\nbalance = "hash py:porch_test_e2e_key:tenant"\n[routes]\n"*" = [{}]\n'
    started = door(config.format(servers(origins)))
    assert "porch_test_e2e_key:tenant cannot be loaded: ModuleNotFoundError" in started.errors
    assert ask(started)[0] in "012"
    (started.folder / "porch_test_e2e_key.py").write_text(
        "def tenant(exchange):\n    return exchange.request.get(b'x-tenant')\n"
    )
    assert started.reload() == ""
    for tenant in "abcd":
        numbers = {ask(started, **{"X-Tenant": tenant})[0] for _ in range(COUNT // 2)}
        assert len(numbers) == 1
