"""A measured program: started on chosen cores, measured by /proc, ended by its pid.

It leads a session of its own, so that its children (nginx's worker, Porch's) are known by it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from peers import Command

__all__ = ["TICK", "Process", "StartError", "cpu_seconds", "free_port", "pinned"]

# Words of /proc/PID/stat, counted from the one behind the name (proc(5)).
SESSION, UTIME, STIME = 3, 11, 12
TICK = os.sysconf("SC_CLK_TCK")  # of them make a second


class StartError(Exception):
    """A program did not come up; the text is the end of what it said."""


class Process:
    """`command`, running on `cores` until `stop()`."""

    def __init__(self, command: Command, *, cores: set[int], log: Path, errors: Path) -> None:
        self._errors = errors
        with errors.open("ab") as err, self._stdout(command, log, err) as out:
            self._popen = subprocess.Popen(
                command.arguments,
                env=os.environ | command.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                preexec_fn=pinned(cores),
            )

    @staticmethod
    def _stdout(command: Command, log: Path, errors: BinaryIO) -> BinaryIO:
        return (
            log.open("ab") if command.logs_to_stdout else os.fdopen(os.dup(errors.fileno()), "ab")
        )

    def wait_for_port(self, port: int, seconds: float = 20) -> None:
        """Return when 127.0.0.1:`port` takes connections. Raises StartError if that never comes."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._popen.poll() is not None:
                raise StartError(f"ended with {self._popen.returncode}: {self.last_words()}")
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise StartError(f"not listening after {seconds:g} s: {self.last_words()}")

    def last_words(self) -> str:
        """The end of what it wrote to standard error."""
        text = self._errors.read_text(errors="replace").strip()
        return " ".join(text[-400:].split()) or "it said nothing"

    def pids(self) -> list[int]:
        """It and its children, and theirs."""
        return [pid for pid, session in _sessions() if session == self._popen.pid]

    def cpu_ns(self) -> int:
        """Nanoseconds on a CPU so far: all its threads in all its processes, kernel time too."""
        total = 0
        for pid in self.pids():
            for task in Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_bytes().split()[0])
        return total

    def memory_kib(self) -> int:
        """KiB it holds; a page shared by several processes counts by its share (PSS)."""
        return sum(_pss_kib(pid) for pid in self.pids())

    def stop(self) -> None:
        """End it and its children: asked first, then made to."""
        for kind, seconds in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
            for pid in self.pids():
                with suppress(ProcessLookupError):
                    os.kill(pid, kind)
            deadline = time.monotonic() + seconds
            while self.pids() and time.monotonic() < deadline:
                time.sleep(0.02)
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(5)


def pinned(cores: set[int]) -> Callable[[], None]:
    """What a child runs before its program, to stay on `cores`."""
    return lambda: os.sched_setaffinity(0, cores)


def cpu_seconds(pid: int) -> float:
    """Seconds on a CPU so far, to the tick; also of one that ended and was not waited for yet."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[UTIME]) + int(words[STIME])) / TICK


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _sessions() -> Iterator[tuple[int, int]]:
    """Each living process' pid and the session it is in."""
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = Path(f"/proc/{entry}/stat").read_text()
        except OSError:  # it ended meanwhile
            continue
        words = stat.rpartition(")")[2].split()
        if words[0] != "Z":
            yield int(entry), int(words[SESSION])


def _pss_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise LookupError(f"/proc/{pid}/smaps_rollup has no Pss")
