"""Endpoints that are found: real name servers, files and services, a real door, real sockets."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.conftest import Connection, Door, Origin
from tests.support.name_server import NameServer, closed_port

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
    made.wait_until(lambda: answers(made) == {"b"}, "the change")
    assert time.monotonic() - changed < 2.5
