"""Sink: where log lines go, so that serving never waits for them.

A thread of its own writes; a disk that is full or slow, a pipe that nobody reads or a terminal
that was closed hold up that thread alone. What waits is bounded. Lines that do not fit are lost
and counted, and the operator is told once when it begins and once when it is over.
"""

import os
import select
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

__all__ = ["BACKLOG", "CLOSE_PATIENCE", "MODE", "RETRY", "Carrier", "Sink", "open_log"]

BACKLOG = 8 * 1024 * 1024
"""Bytes that may wait: about 30,000 lines of JSON."""

RETRY = 1.0
"""Seconds until what could not be written is tried again."""

CLOSE_PATIENCE = 1.0
"""Seconds that `close` gives to what waits."""

MODE = 0o640
"""Of a file made by us: addresses of people are not for everybody on the machine."""


class Carrier(Protocol):
    """Who carries lines elsewhere (wire.py). Used by a sink's thread alone."""

    name: str

    def send(self, lines: bytes, start: int) -> int:
        """Whole lines from `start` on; how many bytes of them are gone. Raises OSError."""

    def fileno(self) -> int:
        """What may be waited for."""

    def close(self) -> None:
        """Let go of it."""


class Sink:
    """A descriptor that was there before (1 is stdout, 2 stderr), a file: see `open_log`, or a
    carrier, which becomes ours.

    lost: lines that were never written. The thread starts with the first write, so that a sink
    may be made before a fork.
    """

    def __init__(
        self,
        to: int | Carrier,
        *,
        path: Path | None = None,
        say: Callable[[str], None] | None = None,
        backlog: int = BACKLOG,
    ) -> None:
        """path: of the file that the descriptor was opened from; it is ours then, and closed at
        the end. say: tells the operator something; called inside `write` and `close`, never by
        the thread. backlog: bytes that may wait."""
        self.lost = 0
        self._path = path
        self._is_pipe = False
        self._carrier: Carrier | None = None
        if isinstance(to, int):
            self._fd = to
            given = {1: "stdout", 2: "stderr"}.get(to, f"descriptor {to}")
            self.name = given if path is None else str(path)
            self._is_pipe = path is None and stat.S_ISFIFO(os.fstat(to).st_mode)
        else:
            self._carrier, self._fd = to, -1
            self.name = to.name
        self._say = say
        self._backlog = backlog
        self._waiting: list[bytes] = []
        self._size = 0  # of what waits or is being written
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._fresh = -1  # the descriptor to go on with
        self._trouble = ""  # why the last write failed
        self._told = False
        self._lost_before = 0

    def __repr__(self) -> str:
        return f"<Sink {self.name} {self._size} bytes waiting, {self.lost} lines lost>"

    @property
    def is_terminal(self) -> bool:
        """Whether somebody may be watching."""
        return self._carrier is None and os.isatty(self._fd)

    def write(self, lines: bytes) -> None:
        """Take whole lines. Never waits for the system, never raises."""
        with self._changed:
            has_room = self._size + len(lines) <= self._backlog and not self._closing
            if has_room:
                self._waiting.append(lines)
                self._size += len(lines)
            else:
                self.lost += lines.count(b"\n")
            self._wake()
        self._tell(is_losing=not has_room)

    def go_on_with(self, fd: int) -> None:
        """Write to the file that was opened anew from now on: logrotate has moved the old one
        away, or it was full. `fd` is ours, and closed if the sink is."""
        with self._changed:
            if self._closing:  # the number that it had is somebody else's by now
                os.close(fd)
                return
            if self._fresh >= 0:
                os.close(self._fresh)
            self._fresh = fd
            self._wake()

    def close(self, patience: float = CLOSE_PATIENCE) -> None:
        """Write what waits, for `patience` seconds at most. What comes behind it is lost."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._wake()
        thread = self._thread
        if thread is not None:
            thread.join(patience)
        else:
            self._run()  # nothing waits, or no thread could be had: the interpreter is ending
        with self._changed:
            self.lost += sum(lines.count(b"\n") for lines in self._waiting)
            self._waiting.clear()
        if thread is None or not thread.is_alive():
            self._let_go()
        if self._say is not None and self.lost > self._lost_before:
            self._say(f"{self.name}: {self.lost - self._lost_before} log lines were lost")

    def _let_go(self) -> None:
        if self._carrier is not None:
            self._carrier.close()
        elif self._path is not None:
            self._change_over()
            os.close(self._fd)

    def _tell(self, *, is_losing: bool) -> None:
        """Say what is wrong, once, and when it is over."""
        if self._say is None:
            return
        trouble = self._trouble
        if not self._told and (trouble or is_losing):
            self._told = True
            self._say(
                f"{self.name}: {trouble or 'lines are taken too slowly'}; up to "
                f"{self._backlog / 1_000_000:.1f} MB of log lines wait, the others are lost"
            )
        elif self._told and not trouble and self._size <= self._backlog // 2:
            self._told = False
            lost, self._lost_before = self.lost - self._lost_before, self.lost
            self._say(f"{self.name}: lines are taken again; {lost} were lost")

    # --- the thread ------------------------------------------------------------------------------

    def _wake(self) -> None:
        """Have the thread look. Called with `_changed` held."""
        if self._thread is None and (self._waiting or self._fresh >= 0):
            thread = threading.Thread(target=self._run, name="porch log", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no thread can be had now; the next write tries again
                return
            self._thread = thread
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._waiting or self._fresh >= 0 or self._closing):
                    self._changed.wait()
                if not self._waiting and self._fresh < 0:
                    return
                lines = b"".join(self._waiting)
                self._waiting.clear()
            self._change_over()
            if lines:
                self._write_out(lines)

    def _write_out(self, lines: bytes) -> None:
        """One write, usually. What the system does not take is tried again until it does, or
        until the end."""
        rest = memoryview(lines)
        while rest:
            try:
                written = self._put(lines, len(lines) - len(rest))
            except BlockingIOError:  # a pipe, or a descriptor shared with who made it so
                if self._wait_writable() or not self._closing:
                    continue
                self._give_up(rest)
                return
            except OSError as error:
                self._trouble = error.strerror or str(error)
                if self._wait_for_better():
                    continue
                self._give_up(rest)
                return
            rest = rest[written:]
            self._trouble = ""
            with self._changed:
                self._size -= written

    def _put(self, lines: bytes, start: int) -> int:
        if self._carrier is not None:
            return self._carrier.send(lines, start)
        end = start + self._whole(lines, start)
        return os.write(self._fd, memoryview(lines)[start:end])

    def _whole(self, lines: bytes, start: int) -> int:
        """How much of `lines` from `start` one write should take: all, but into a pipe only what
        the system writes in one piece, for other workers write there too (pipe(7), PIPE_BUF)."""
        size = len(lines) - start
        if size <= select.PIPE_BUF or not self._is_pipe:
            return size
        end = lines.rfind(b"\n", start, start + select.PIPE_BUF) + 1
        return (end or lines.find(b"\n", start) + 1 or len(lines)) - start

    def _give_up(self, rest: memoryview) -> None:
        with self._changed:
            self._size -= len(rest)
            self.lost += bytes(rest).count(b"\n")

    def _wait_writable(self) -> bool:
        poll = select.poll()
        poll.register(self._fd if self._carrier is None else self._carrier.fileno(), select.POLLOUT)
        return bool(poll.poll(RETRY * 1000))

    def _wait_for_better(self) -> bool:
        """Wait before another attempt. False if there is to be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._fresh >= 0, RETRY)
        return self._change_over() or not self._closing

    def _change_over(self) -> bool:
        """Go on with the fresh descriptor, if there is one."""
        with self._changed:
            fd, self._fresh = self._fresh, -1
        if fd < 0:
            return False
        os.close(self._fd)
        self._fd = fd
        return True


def open_log(path: Path) -> int:
    """A file to append to, made if need be. Raises OSError.

    O_NONBLOCK: a named pipe without a reader is an error, and no wait without end."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
    return os.open(path, flags, MODE)
