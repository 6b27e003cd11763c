"""The backends of `porch demo`: small, but real Starlette applications on uvicorn, and files.

`api` answers JSON and counts; `live` has the home page, server-sent events and a WebSocket;
`files` is Python's static file server. Each ends when its stdin does, so that no backend outlives
the demo, even a killed one.
"""

import asyncio
import functools
import http.server
import os
import sys
import threading
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

__all__ = ["api", "live", "serve"]

HOME = """<!doctype html><meta charset="utf-8"><title>Porch demo</title>
<style>body{font:16px system-ui;max-width:42rem;margin:3rem auto;padding:0 1rem}
code,pre{background:#8882;border-radius:4px;padding:.1em .3em}</style>
<h1>This page came through Porch</h1>
<p>Three backends stand behind one door: <code>/api/*</code> is a pool of two, any other path is
this one, and the host <code>images.localhost</code> is a static file server.</p>
<p>Server-sent events: <code id="sse">waiting</code></p>
<p>WebSocket echo: <code id="ws">waiting</code></p>
<p>API: <code id="api">waiting</code></p>
<script>
new EventSource("/events").onmessage = e => sse.textContent = e.data
const socket = new WebSocket("ws://" + location.host + "/ws")
socket.onopen = () => socket.send("hello through the door")
socket.onmessage = e => ws.textContent = e.data
fetch("/api/hello").then(r => r.json()).then(j => api.textContent = JSON.stringify(j))
</script>
"""


async def _hello(request: Request) -> JSONResponse:
    """Who answered, and what the door told it about the client."""
    told = {name: value for name, value in request.headers.items() if name.startswith("x-forw")}
    return JSONResponse({"hello": request.url.path, "process": os.getpid(), "told": told})


async def _upload(request: Request) -> JSONResponse:
    """Counts the bytes of a body as they arrive."""
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return JSONResponse({"received": size})


async def _home(request: Request) -> HTMLResponse:
    return HTMLResponse(HOME)


async def _events(request: Request) -> StreamingResponse:
    """An event a second, for a minute."""

    async def count() -> AsyncIterator[str]:
        for number in range(60):
            yield f"data: event {number}\n\n"
            await asyncio.sleep(1)

    return StreamingResponse(count(), media_type="text/event-stream")


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        return


api = Starlette(
    routes=[
        Route("/api/upload", _upload, methods=["POST", "PUT"]),
        Route("/api/{rest:path}", _hello),
    ]
)
live = Starlette(
    routes=[
        Route("/", _home),
        Route("/events", _events),
        WebSocketRoute("/ws", _echo),
    ]
)


def serve(kind: str, port: int, folder: str = "") -> None:
    """Serve on the loopback address until the process ends. folder: of `files`."""
    if kind == "files":
        files = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
        http.server.ThreadingHTTPServer(("127.0.0.1", port), files).serve_forever()
        return
    import uvicorn

    app = {"api": api, "live": live}[kind]
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


def _end_with_stdin() -> None:
    """Whoever started this is gone: so are its pipes."""
    while os.read(0, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    serve(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
