"""Rehearsal: a worker of this version is started, and asked to serve an address of nobody's.

Before an upgrade: what is installed may load and check everything, and fail only where it serves.
"""

import signal
from pathlib import Path

from porch.listen.address import ListenAddress
from porch.manage.candidate import Candidate
from porch.manage.channel import Message
from porch.manage.fleet import Fleet
from porch.manage.in_force import InForce
from porch.manage.listening import Listening
from porch.manage.loop import Loop
from porch.manage.process import Process
from porch.observe.direct import Direct
from porch.observe.messages import Messages

__all__ = ["Rehearsal"]

PATIENCE = 15.0
"""Seconds until the worker must serve."""


class Rehearsal:
    """One. files: the open log files. Raises OSError if there is no loopback address to bind."""

    def __init__(self, candidate: Candidate, files: dict[Path, int]) -> None:
        self._listening = Listening()
        plain = ListenAddress(host="127.0.0.1")
        secure = ListenAddress(host="127.0.0.1", tls=True)
        has_tls = any(each.tls for each in candidate.listen)
        self._listening.open([plain, secure] if has_tls else [plain], 1)
        self._in_force = InForce(candidate, self._listening, files)
        self._loop = Loop()
        self._messages = Messages(Direct(2))
        self._fleet = Fleet(
            self._loop, self._messages, self._in_force.table, self._in_force.equip, self._leave
        )
        self._fleet.on_message = self._on_message
        self._fleet.on_gone = self._on_gone
        self._loop.on_signal(signal.SIGCHLD, self._fleet.reap)
        self._reason: str | None = None

    def run(self) -> str:
        """What stands in the way, or ""."""
        self._loop.after(PATIENCE, self._give_up)
        self._fleet.resize(1)
        self._loop.run()
        self._loop.close()
        self._listening.close_all()
        self._messages.close()
        return self._reason or ""

    def _leave(self, slot: int) -> None:
        self._loop.close()
        self._fleet.close_in_child()
        self._listening.close_in_child(slot)

    def _on_message(self, process: Process, message: Message) -> None:
        if message.word == "ready":
            self._end("")
        elif message.word == "failed":
            self._end(f"a worker cannot start: {message.data}")

    def _on_gone(self, process: Process, how: str) -> None:
        self._end(f"a worker {how} before it served")
        if not self._fleet.all:
            self._loop.stop()

    def _give_up(self) -> None:
        self._end(f"a worker does not serve within {PATIENCE:g} s")
        self._fleet.kill()

    def _end(self, reason: str) -> None:
        if self._reason is None:
            self._reason = reason
            self._fleet.stop()
