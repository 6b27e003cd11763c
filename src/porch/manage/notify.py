"""Notify: what the service manager that started the door is told, by sd_notify(3)'s datagrams.

One socket named by $NOTIFY_SOCKET, a few lines of text, no answer. Where the variable is absent
nothing is sent. Only the process that made the `Notify` speaks: what it forks keeps silent.
"""

import os
import socket
from collections.abc import Mapping

from porch import clock

__all__ = ["LONGEST_STATUS", "Notify"]

LONGEST_STATUS = 500
"""Characters of a STATUS=, which `systemctl status` shows in one line."""
MOST_UNSENT = 32
"""Datagrams kept for a service manager that does not read; older ones are given up."""
MARGIN = 10.0
"""Seconds that are asked for beyond the grace: closing and writing the logs takes some too."""


class Notify:
    """The way to the service manager. Never waits, never raises.

    is_on: whether there is one that listens. interval: seconds between two signs of life, half
    of what it allows (as sd_watchdog_enabled(3) advises); None where it asks for none.
    """

    __slots__ = ("_due", "_name", "_pid", "_unsent", "interval", "is_on")

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Read what `environ` says and leave it there: an upgrade is an exec, and needs it
        again."""
        self._pid = os.getpid()
        self._name = _name(environ.get("NOTIFY_SOCKET", ""))
        self._unsent: list[bytes] = []
        self.is_on = self._name is not None
        self.interval = _interval(environ, self._pid) if self.is_on else None
        self._due = clock.monotonic() if self.interval is not None else clock.INFINITY

    def ready(self, status: str = "") -> None:
        """It serves; or a reload has ended, well or refused. status: one line for the operator."""
        self._send("READY=1", *_status(status))

    def reloading(self, status: str = "") -> None:
        """A reload or an upgrade begins; `ready` must follow, whatever comes of it.

        The time tells systemd that this answers its signal and not an older one
        (Type=notify-reload, systemd.service(5)).
        """
        began = int(clock.monotonic() * 1e6)
        self._send("RELOADING=1", f"MONOTONIC_USEC={began}", *_status(status))

    def stopping(self, grace: float, status: str = "") -> None:
        """It stops, within `grace` seconds: that long it may take, whatever TimeoutStopSec is."""
        usec = int((grace + MARGIN) * 1e6)
        self._send("STOPPING=1", f"EXTEND_TIMEOUT_USEC={usec}", *_status(status))

    def status(self, text: str) -> None:
        """One line that `systemctl status` shows."""
        self._send(*_status(text))

    def on_tick(self, now: float) -> float:
        """Give a sign of life where one is due, and send what could not be sent before.

        now: as `clock.monotonic()`. Returns when to call it again at the latest, INFINITY for
        never. Called by the loop that would not come round if the door hung.
        """
        self._flush()
        if self.interval is not None and now >= self._due:
            self._due = now + self.interval
            # Not kept if it cannot be sent: the next one says the same.
            self._deliver(b"WATCHDOG=1")
        return min(self._due, now + clock.TICK) if self._unsent else self._due

    def _send(self, *lines: str) -> None:
        if self._name is None:
            return
        self._unsent.append("\n".join(lines).encode("utf-8", "replace"))
        del self._unsent[:-MOST_UNSENT]
        self._flush()

    def _flush(self) -> None:
        while self._unsent and self._deliver(self._unsent[0]):
            del self._unsent[0]

    def _deliver(self, message: bytes) -> bool:
        """Whether `message` is done with: sent, or never to be."""
        if self._name is None or os.getpid() != self._pid:
            return True
        try:
            # A socket each time: nothing for a fork or an exec to carry on, and it is seldom.
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.setblocking(False)
                out.sendto(message, self._name)
        except BlockingIOError:
            return False
        except OSError:
            return True  # nobody listens any more: then nobody misses it either
        return True


def _name(value: str) -> bytes | None:
    """The socket's name; None for none. "@" begins an abstract one (unix(7))."""
    if value.startswith("@"):
        return b"\0" + os.fsencode(value[1:])
    return os.fsencode(value) if value.startswith("/") else None


def _interval(environ: Mapping[str, str], pid: int) -> float | None:
    if environ.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None  # meant for the process that started this one
    try:
        usec = int(environ.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    return usec / 2e6 if usec > 0 else None


def _status(text: str) -> tuple[str, ...]:
    """A line break would begin another assignment, so there is none."""
    line = " ".join(text.split())[:LONGEST_STATUS]
    return (f"STATUS={line}",) if line else ()
