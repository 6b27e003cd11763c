"""Link: what lies between a door and an origin that speaks HTTP/2 without TLS, on loopback.

It passes on what both say, some time later, and keeps account at the origin's end of what the
origin may still send: what it has to wait for is counted, not measured.
"""

import contextlib
import queue
import socket
import threading
import time

from tests.support.h2_frames import DATA, PREFACE, SETTINGS, WINDOW, Frame, Frames, settings

__all__ = ["Link", "Windows"]

PIECE = 1 << 16
"""Bytes of a read."""
GREETING = len(PREFACE) - len(settings())
"""Bytes that a client says before its first frame."""
INITIAL_WINDOW = 4
"""The setting: bytes that may come on each stream (RFC 9113 6.5.2)."""
UNSAID = 65535
"""Bytes of a window of which nothing was said."""


class Windows:
    """What an origin may send on a connection (RFC 9113 5.2).

    widest: the most that it might send of one answer at once. waits: how often it had sent all
    that it might, and not the end. sent: bytes of bodies.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asks, self._answers = Frames(), Frames()
        self._greeting = GREETING
        self._initial = self._whole = UNSAID
        self._own: dict[int, int] = {}
        self.widest = self.waits = self.sent = 0

    def asked(self, data: bytes) -> None:
        """The door says this."""
        greeting = data[: self._greeting]
        self._greeting -= len(greeting)
        with self._lock:
            for frame in self._asks.read(data[len(greeting) :]):
                self._open(frame)

    def answered(self, data: bytes) -> None:
        """The origin has said this."""
        with self._lock:
            for frame in self._answers.read(data):
                if frame.kind == DATA:
                    self._spend(frame)

    def _open(self, frame: Frame) -> None:
        payload = frame.payload
        if frame.kind == SETTINGS:
            for at in range(0, len(payload), 6):
                if int.from_bytes(payload[at : at + 2], "big") == INITIAL_WINDOW:
                    self._initial = int.from_bytes(payload[at + 2 : at + 6], "big")
        elif frame.kind == WINDOW and not frame.stream:
            self._whole += int.from_bytes(payload, "big")
        elif frame.kind == WINDOW:
            own = self._own.get(frame.stream, self._initial) + int.from_bytes(payload, "big")
            self._own[frame.stream] = own
            self.widest = max(self.widest, min(own, self._whole))

    def _spend(self, frame: Frame) -> None:
        size = len(frame.payload)
        own = self._own.get(frame.stream, self._initial) - size
        self._own[frame.stream] = own
        self._whole -= size
        self.sent += size
        assert min(own, self._whole) >= 0, "the origin sends more than it may"
        self.waits += not frame.ends and not min(own, self._whole)


class Line(threading.Thread):
    """One direction. account: who is told of what leaves it, just before."""

    def __init__(self, to: socket.socket, delay: float, account: Windows | None = None) -> None:
        super().__init__(daemon=True)
        self._to = to
        self._delay = delay
        self._account = account
        self._on_its_way = queue.SimpleQueue[tuple[float, bytes]]()

    def put(self, data: bytes) -> None:
        """Send this, later; the end is b""."""
        self._on_its_way.put((time.monotonic() + self._delay, data))

    def run(self) -> None:
        """Until the end."""
        with contextlib.suppress(OSError):
            while True:
                due, data = self._on_its_way.get()
                time.sleep(max(0.0, due - time.monotonic()))
                if not data:
                    self._to.shutdown(socket.SHUT_RDWR)
                    return
                if self._account is not None:
                    self._account.asked(data)
                self._to.sendall(data)


class Link:
    """to: the origin's port. delay: seconds that anything takes, either way. windows: of each
    connection there was."""

    def __init__(self, to: int, delay: float) -> None:
        self._to = to
        self._delay = delay
        self.windows: list[Windows] = []

    def serve(self, door: socket.socket) -> None:
        """One connection of a door, until it or the origin closes."""
        account = Windows()
        self.windows.append(account)
        with socket.create_connection(("127.0.0.1", self._to)) as origin:
            origin.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            there, back = Line(origin, self._delay, account), Line(door, self._delay)
            asking = threading.Thread(target=_ask, args=(door, there), daemon=True)
            for thread in (there, back, asking):
                thread.start()
            with contextlib.suppress(OSError):
                while data := origin.recv(PIECE):
                    account.answered(data)
                    back.put(data)
            back.put(b"")
            for thread in (back, asking, there):
                thread.join()


def _ask(door: socket.socket, there: Line) -> None:
    with contextlib.suppress(OSError):
        while data := door.recv(PIECE):
            there.put(data)
    there.put(b"")
