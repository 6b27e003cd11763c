"""H2Socket: a blocking client of HTTP/2 on a real socket, without TLS or within it."""

import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from tests.support.speaker import Answer, Speaker

__all__ = ["H2Socket"]

PATIENCE = 20.0


class H2Socket(Speaker):
    """port: of a door on this machine. context: to speak TLS in; None for none. A context manager.

    ended: whether the door has closed the connection.
    """

    def __init__(
        self,
        port: int,
        context: ssl.SSLContext | None = None,
        host: str = "a.test",
        stream_window: int = 1 << 20,
        window: int = 1 << 24,
    ) -> None:
        self._host = host.encode()
        self._sock: socket.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.ended = False
        if context is not None:
            context.set_alpn_protocols(["h2", "http/1.1"])
            wrapped = context.wrap_socket(self._sock, server_hostname=host)
            assert wrapped.selected_alpn_protocol() == "h2"
            self._sock = wrapped
        self.begin(stream_window, window)
        self.flush()

    def __enter__(self) -> "H2Socket":
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()

    def opens(self, *words: Any, **more: Any) -> int:
        """See Speaker; for the host of the connection."""
        return super().opens(*words, **{"authority": self._host} | more)

    def asks(self, *words: Any, **more: Any) -> int:
        """Begin a request and send it."""
        number = self.opens(*words, **more)
        self.flush()
        return number

    def flush(self) -> None:
        """Send what there is to say."""
        if data := self.far.data_to_send():
            self._sock.sendall(data)

    def says(self, number: int, data: bytes, end: bool = True) -> None:
        """A body, piece by piece as windows allow."""
        while data:
            size = min(self.far.local_flow_control_window(number), 16384)
            if size:
                self.far.send_data(number, data[:size])
                data = data[size:]
                self.flush()
            else:
                self.read(PATIENCE)
        if end:
            self.far.end_stream(number)
        self.flush()

    def read(self, seconds: float) -> bool:
        """Take what comes next, if anything comes in time."""
        self._sock.settimeout(seconds)
        try:
            data = self._sock.recv(1 << 16)
        except TimeoutError:
            return False
        except ConnectionResetError:
            data = b""
        self.ended = not data
        self.hear(data)
        if not self.ended:
            self.flush()
        return bool(data)

    def until(self, true: Callable[[], object]) -> None:
        """Read until it holds."""
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, self.answers
            assert not self.ended, "the door has closed the connection"
            self.read(0.5)

    def answered(self, number: int) -> Answer:
        """The answer of a stream, whole."""
        answer = self.answers[number]
        self.until(lambda: answer.ended or answer.reset is not None)
        return answer

    def until_ended(self) -> None:
        """Read until the door closes."""
        end = time.monotonic() + PATIENCE
        while not self.ended:
            assert time.monotonic() < end, "the door has not closed the connection"
            self.read(0.5)
