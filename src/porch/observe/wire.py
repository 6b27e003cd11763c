"""Wire: a socket that log lines go to, one message each. What a message is, is syslog.py's and
journal.py's.

Only a sink's thread uses one, so that nobody waits for it. It is opened with the first line, and
anew when it broke; a receiver that is not there is tried again by the sink, every second.
"""

import errno
from collections.abc import Callable
from socket import MSG_DONTWAIT, socket

__all__ = ["PATIENCE", "Wire"]

PATIENCE = 2.0
"""Seconds that a connection may take."""

_TOO_LONG = (errno.EMSGSIZE, errno.ENOBUFS)
_READ = 4096


class Wire:
    """See sink.Carrier. connect: makes the socket, in PATIENCE; raises OSError. message: of a line
    without its line feed. send_long: what to do with one that the socket does not take as it is;
    raises OSError. is_stream: messages may go out in parts, and the other side's end is seen."""

    __slots__ = (
        "_at",
        "_connect",
        "_is_stream",
        "_message",
        "_send_long",
        "_socket",
        "_waiting",
        "name",
    )

    def __init__(
        self,
        name: str,
        connect: Callable[[], socket],
        message: Callable[[bytes], bytes],
        send_long: Callable[[socket, bytes], None],
        *,
        is_stream: bool = False,
    ) -> None:
        self.name = name
        self._connect = connect
        self._message = message
        self._send_long = send_long
        self._is_stream = is_stream
        self._socket: socket | None = None
        self._waiting = b""  # the message that was begun
        self._at = 0  # so much of it is gone

    def __repr__(self) -> str:
        return f"<Wire {self.name} {'closed' if self._socket is None else 'open'}>"

    def fileno(self) -> int:
        """Of the socket; -1 while there is none."""
        return -1 if self._socket is None else self._socket.fileno()

    def send(self, lines: bytes, start: int) -> int:
        """Send the line at `start`. How much of `lines` is gone: the line, or nothing where a part
        of its message has to wait. Raises OSError."""
        end = lines.find(b"\n", start)
        self._waiting = self._waiting or self._message(lines[start:end])
        try:
            if not self._at:
                self._look()
            if self._socket is None:
                self._socket = self._connect()
                self._socket.setblocking(False)
            self._at += self._send(self._socket)
        except BlockingIOError:
            raise
        except OSError:
            self.close()
            raise
        if self._at < len(self._waiting):
            return 0
        self._waiting, self._at = b"", 0
        return end + 1 - start

    def close(self) -> None:
        """Close the socket. A message that was begun begins again on the next one."""
        self._at = 0
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, to: socket) -> int:
        try:
            return to.send(memoryview(self._waiting)[self._at :])
        except OSError as error:
            if error.errno not in _TOO_LONG:
                raise
        self._send_long(to, self._waiting)
        return len(self._waiting)

    def _look(self) -> None:
        """Whether the other side has closed: what is written behind that nobody reads."""
        if not self._is_stream or self._socket is None:
            return
        try:
            while data := self._socket.recv(_READ, MSG_DONTWAIT):
                del data  # it has nothing to say to us
        except BlockingIOError:
            return
        except OSError:
            pass
        self.close()
