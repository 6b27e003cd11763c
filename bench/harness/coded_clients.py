"""Clients that take a coding: the answer has it, and is smaller than the text by far. HAProxy's
own coder leaves 52 % of it, the others' a third."""

from __future__ import annotations

import re
import select
import zlib
from collections.abc import Iterator

from harness.clients import OK, LoadError, connect
from harness.origin import JSON

__all__ = ["Coded"]

LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)
CODING = re.compile(rb"\r\nContent-Encoding: *(\S+)", re.IGNORECASE)
LAST = b"\r\n0\r\n\r\n"
MOST = len(JSON) * 0.6


class Coded:
    """GETs of the JSON over one connection. size: bytes of the last body, as they came."""

    __slots__ = ("_coding", "_held", "_requests", "_whole", "done", "size", "socket")

    def __init__(
        self, port: int, epoll: select.epoll, requests: Iterator[bytes], coding: bytes
    ) -> None:
        self.socket = connect(port, epoll)
        self.done = self.size = 0
        self._requests = requests
        self._coding = coding
        self._held = bytearray()
        self._whole = -1

    def start(self) -> None:
        self.socket.send(next(self._requests))

    def on_event(self, events: int) -> None:
        data = self.socket.recv(262144)
        if not data:
            raise LoadError("closed inside an answer")
        held = self._held
        held += data
        if self._whole < 0:
            end = held.find(b"\r\n\r\n")
            if end < 0:
                return
            self._read_head(bytes(held[:end]), end + 4)
        if len(held) >= self._whole if self._whole else held.endswith(LAST):
            self._end()

    def _read_head(self, head: bytes, end: int) -> None:
        coding, length = CODING.search(head), LENGTH.search(head)
        if not head.startswith(OK) or coding is None or coding[1] != self._coding:
            raise LoadError(f"answered {head[:300]!r}")
        self._whole = end + int(length[1]) if length is not None else 0

    def _end(self) -> None:
        self.size = len(self._held)
        if self.size > MOST:
            raise LoadError(f"{self.size} bytes of {len(JSON)} are hardly coded")
        if not self.done and self._whole and self._coding == b"gzip":
            self._check()
        self._held.clear()
        self._whole = -1
        self.done += 1
        self.start()

    def _check(self) -> None:
        head, _, body = bytes(self._held).partition(b"\r\n\r\n")
        if zlib.decompress(body, 31) != JSON:
            raise LoadError(f"another text than the origin's, {head[:60]!r}")
