"""The backends of the demo: asked over ASGI without a server, and ended with their stdin."""

import asyncio
import socket
import subprocess
import sys
from typing import Any

import httpx
import pytest

from porch.cli.demo_backends import HOME, api, live, serve


def ask(app: Any, method: str, path: str, **words: Any) -> httpx.Response:
    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://a.test") as client:
            return await client.request(method, path, **words)

    return asyncio.run(main())


def test_the_api_says_what_the_door_told_it() -> None:
    answer = ask(api, "GET", "/api/hello", headers={"X-Forwarded-For": "192.0.2.1"}).json()
    assert answer["hello"] == "/api/hello"
    assert answer["told"] == {"x-forwarded-for": "192.0.2.1"}


def test_an_upload_is_counted() -> None:
    assert ask(api, "PUT", "/api/upload", content=b"x" * 1000).json() == {"received": 1000}


def test_the_home_page_tries_everything() -> None:
    answer = ask(live, "GET", "/")
    assert (answer.status_code, answer.text) == (200, HOME)
    for path in ("/events", "/ws", "/api/hello"):
        assert path in HOME


def test_events_come_one_by_one() -> None:
    sent: list[dict[str, Any]] = []
    first = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await first.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if message.get("body"):
            first.set()

    scope = {"type": "http", "method": "GET", "path": "/events", "headers": [], "query_string": b""}
    asyncio.run(live(scope, receive, send))
    assert dict(sent[0]["headers"])[b"content-type"].startswith(b"text/event-stream")
    assert sent[1]["body"] == b"data: event 0\n\n"


def test_a_websocket_is_echoed() -> None:
    sent: list[dict[str, Any]] = []
    coming: list[dict[str, Any]] = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "hello"},
        {"type": "websocket.disconnect", "code": 1000},
    ]

    async def receive() -> dict[str, Any]:
        return coming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/ws", "headers": [], "query_string": b""}
    asyncio.run(live(scope, receive, send))
    assert [each["type"] for each in sent] == ["websocket.accept", "websocket.send"]
    assert sent[1]["text"] == "hello"


def test_a_kind_that_there_is_not_is_an_error() -> None:
    with pytest.raises(KeyError):
        serve("nonsense", 0)


def test_a_backend_ends_with_its_stdin() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "porch.cli.demo_backends", "files", str(port), "."],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(20) == 0
