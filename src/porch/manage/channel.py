"""Channel: messages between the supervisor and a worker, or the observer, over a pair of sockets.

A message is a word, plain data, and open descriptors: listening sockets and log files are handed
over as they are. Both ends never wait: what the other does not take yet stays here.

Those at the other ends face networks and have fewer rights than the supervisor. So what comes is
data and nothing that runs: of all that pickle could make, only values of ours and of a few types.
And to the supervisor it comes with a bound, and without descriptors: nobody hands it any.
"""

import array
import importlib
import io
import os
import pickle
import socket
import struct
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, is_dataclass
from enum import Enum
from typing import Any

__all__ = ["LARGEST", "SHORT", "Channel", "Message", "NotData"]

LARGEST = 64 << 20
"""Bytes of one message to the supervisor: a list of ten thousand endpoints has 1 MB, what a capture
has kept 4."""
SHORT = "short"

_TYPES = frozenset(
    (
        ("builtins", "bytearray"),
        ("builtins", "frozenset"),
        ("builtins", "set"),
        ("ipaddress", "IPv4Address"),
        ("ipaddress", "IPv4Network"),
        ("ipaddress", "IPv6Address"),
        ("ipaddress", "IPv6Network"),
        ("pathlib", "PosixPath"),
        ("porch.tls.certificate", "Certificate"),
    )
)
"""What is no dataclass, tuple or enum: to make one does nothing else."""

_AT_ONCE = 250
"""Descriptors that go with one piece of a message; the kernel takes 253 (SCM_MAX_FD)."""

_HEAD = struct.Struct("!IH")
_PIECE = 1 << 18
_ROOM = socket.CMSG_SPACE(_AT_ONCE * array.array("i").itemsize)


@dataclass(frozen=True, slots=True)
class Message:
    """word: what is meant. data: as it was sent. descriptors: open here now, the taker's own.

    Where there was no room for all of them the word is SHORT, the data the word that was meant.
    """

    word: str
    data: Any
    descriptors: tuple[int, ...]


class NotData(EOFError):
    """The other end has sent what could run, or is no message at all: it is not what it was, and
    whoever can should end it."""


class _Data(pickle.Unpickler):
    """Takes values apart from what runs code."""

    def find_class(self, module: str, name: str) -> Any:
        """See pickle.Unpickler. A name with dots in it leads nowhere here: no module has one."""
        if (module, name) in _TYPES:
            return getattr(importlib.import_module(module), name)
        if module.startswith("porch."):
            found = getattr(importlib.import_module(module), name, None)
            if isinstance(found, type) and found.__module__ == module and _is_value(found):
                return found
        raise NotData(f"{module}.{name}")


def _read(body: bytes) -> tuple[str, Any]:
    try:
        word, data = _Data(io.BytesIO(body)).load()
    except NotData:
        raise
    except Exception as error:  # what pickle raises of bytes that nobody has pickled is any
        raise NotData(f"{type(error).__name__}: {error}") from None
    if not isinstance(word, str):
        raise NotData("a message without a word")
    return word, data


def _is_value(found: type) -> bool:
    return is_dataclass(found) or issubclass(found, (tuple, Enum))


class Channel:
    """One end. trusts: whether the supervisor is at the other: of it alone descriptors are taken,
    and messages of any size."""

    __slots__ = ("_buffer", "_descriptors", "_out", "_sock", "_trusts")

    def __init__(self, sock: socket.socket, *, trusts: bool = False) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._trusts = trusts
        self._buffer = bytearray()
        self._descriptors: deque[int] = deque()
        self._out: deque[tuple[memoryview, tuple[int, ...]]] = deque()

    @classmethod
    def pair(cls) -> tuple["Channel", "Channel"]:
        """Both ends: the supervisor's, then that of who is forked."""
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        return cls(one), cls(other, trusts=True)

    def fileno(self) -> int:
        """Of the socket."""
        return self._sock.fileno()

    @property
    def is_full(self) -> bool:
        """Whether something waits: call `flush` when the socket may be written to."""
        return bool(self._out)

    def send(self, word: str, data: object = None, descriptors: Sequence[int] = ()) -> None:
        """Send now as much as fits. The descriptors stay the caller's, who may close them.

        Raises OSError where there is no room for copies of them. An other end that has gone is not
        noticed here but when reading.
        """
        body = pickle.dumps((word, data), pickle.HIGHEST_PROTOCOL)
        rest = memoryview(_HEAD.pack(len(body), len(descriptors)) + body)
        copies = _copies(descriptors)
        while len(copies) > _AT_ONCE:  # a byte with each
            self._out.append((rest[:1], tuple(copies[:_AT_ONCE])))
            rest, copies = rest[1:], copies[_AT_ONCE:]
        self._out.append((rest, tuple(copies)))
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as it fits."""
        while self._out:
            rest, descriptors = self._out[0]
            ancillary = []
            if descriptors:
                numbers = array.array("i", descriptors)
                ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)]
            try:
                sent = self._sock.sendmsg([rest[:_PIECE]], ancillary)
            except BlockingIOError:
                return
            except OSError:  # the other end has gone
                self._drop()
                return
            _close(descriptors)
            if sent < len(rest):
                self._out[0] = (rest[sent:], ())
            else:
                self._out.popleft()

    def receive(self) -> list[Message]:
        """What has come, at most one read of it. Raises EOFError when the other end has gone, and
        NotData, which is one, where more than data came."""
        try:
            room = _ROOM if self._trusts else 0  # for what has none the kernel opens nothing
            data, ancillary, _, _ = self._sock.recvmsg(_PIECE, room, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return []
        except OSError as error:
            raise EOFError from error
        if not data:
            raise EOFError
        for level, kind, numbers in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                found = array.array("i")
                found.frombytes(numbers[: len(numbers) - len(numbers) % found.itemsize])
                self._descriptors.extend(found)
        self._buffer += data
        return self._whole()

    def close(self) -> None:
        """The other end reads an end."""
        self._drop()
        _close(self._descriptors)
        self._sock.close()

    def detach(self) -> int:
        """The descriptor, no more ours: it outlives an exec."""
        return self._sock.detach()

    def _drop(self) -> None:
        for _, descriptors in self._out:
            _close(descriptors)
        self._out.clear()

    def _whole(self) -> list[Message]:
        messages = []
        while len(self._buffer) >= _HEAD.size:
            size, count = _HEAD.unpack_from(self._buffer)
            if size > LARGEST and not self._trusts:
                raise NotData(f"a message of {size} bytes")
            if len(self._buffer) < _HEAD.size + size:
                break
            body = bytes(self._buffer[_HEAD.size : _HEAD.size + size])
            del self._buffer[: _HEAD.size + size]
            word, data = _read(body)
            if count > len(self._descriptors):  # the kernel had to leave some out (MSG_CTRUNC)
                _close(self._descriptors)
                self._descriptors.clear()
                messages.append(Message(SHORT, word, ()))
                continue
            descriptors = tuple(self._descriptors.popleft() for _ in range(count))
            messages.append(Message(word, data, descriptors))
        return messages


def _copies(descriptors: Iterable[int]) -> list[int]:
    """All or none. Raises OSError."""
    made: list[int] = []
    try:
        for number in descriptors:
            made.append(os.dup(number))
    except OSError:
        _close(made)
        raise
    return made


def _close(descriptors: Iterable[int]) -> None:
    for number in descriptors:
        os.close(number)
