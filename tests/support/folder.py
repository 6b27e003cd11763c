"""A folder that is served, and what a client would get of it, without a network."""

import os
from pathlib import Path
from typing import Any, cast

from porch.exchange import Exchange
from porch.filter import Response, Suspend
from porch.http.message import Field, RequestHead, ResponseHead
from porch.serve.files import Files, Serving
from porch.serve.listings import Listings
from porch.serve.remembered import Memory

__all__ = ["LONG_AGO", "Answer", "Served", "descriptors", "write"]

LONG_AGO = 1_700_000_000
"""When files were written, if nothing else is said."""


def write(folder: Path, name: str, content: bytes = b"", at: float = LONG_AGO) -> Path:
    """A file in a folder, with the folders that it needs."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    os.utime(file, (at, at))
    return file


def descriptors() -> int:
    """How many this process has open."""
    return len(os.listdir("/proc/self/fd"))


class _Keeper:
    """See keeper.Keeper."""

    def __init__(self) -> None:
        self.own_fields: tuple[Field, ...] = ((b"server", b"porch"),)
        self.calls: list[Any] = []

    def later(self, seconds: float, call: Any) -> None:
        self.calls.append(call)


class _Client:
    """See keeper.ClientStream: the answer lands in pieces. It takes no file."""

    def send_file(self, descriptor: int, first: int, size: int) -> int:
        return 0

    def unsent(self) -> int:
        return 0


class _Exchange:
    """What the filter and a reader see of one."""

    def __init__(self, request: RequestHead) -> None:
        self.request = request
        self.keeper = _Keeper()
        self.client = _Client()
        self.client_full = self.sips = False
        self.ended = 0.0
        self.bytes_out = 0
        self.body = b""
        self.error: Exception | None = None
        self.resumed: Response | None = None

    def on_made(self, head: None, data: bytes, end: bool) -> None:
        self.body += data
        self.ended = float(end)

    def fail(self, error: Exception) -> None:
        self.error = error
        self.ended = 1.0

    on_raised = fail

    def resume(self, result: Response) -> None:
        self.resumed = result


class Answer:
    """head, body: as they go to the client. error: why it was cut."""

    def __init__(self, head: ResponseHead, body: bytes, error: Exception | None) -> None:
        self.head = head
        self.status = head.status
        self.body = body
        self.error = error

    def __getitem__(self, name: str) -> str:
        return (self.head.get(name.encode()) or b"").decode("latin-1")


class Served:
    """words: of Serving."""

    def __init__(self, folder: Path, rewrite: Any = None, **words: Any) -> None:
        self.folder = folder
        self.memory = Memory()
        self.listings = Listings()
        serving = Serving(root=os.fsencode(folder), **words)
        self.files = Files(serving, self.memory, self.listings, rewrite)

    def begun(
        self, path: str, *, method: str = "GET", full: bool = False, **fields: str
    ) -> tuple[Response, Any]:
        """The response and its exchange, of which nothing is sent yet."""
        named = [(n.replace("_", "-").encode(), v.encode("latin-1")) for n, v in fields.items()]
        request = RequestHead(method.encode(), path.encode("latin-1"), b"a.test", b"http", named)
        exchange = _Exchange(request)
        exchange.client_full = full
        result = self.files.on_request(cast("Exchange", exchange))
        while isinstance(result, Suspend):
            calls, exchange.keeper.calls = exchange.keeper.calls, []
            for call in calls:
                call()
            if exchange.error is not None:
                raise exchange.error
            if exchange.resumed is not None:
                result = exchange.resumed
        while exchange.keeper.calls:
            exchange.keeper.calls.pop()()
        return result, exchange

    def get(self, path: str, *, method: str = "GET", full: bool = False, **fields: str) -> Answer:
        """What a client gets. Raises what the filter does."""
        response, exchange = self.begun(path, method=method, full=full, **fields)
        head = response.head(exchange)
        exchange.body = b"" if method == "HEAD" else response.body
        if response.source is not None:
            response.source.begin(exchange)
            while exchange.keeper.calls and not exchange.ended:
                exchange.keeper.calls.pop()()
        return Answer(head, exchange.body, exchange.error)
