"""Observing: the supervisor's side of the observer. Starts it, answers it, replaces it.

It has no part in serving: where it cannot be started the door says so and serves on.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from socket import socket

from porch.manage.channel import Channel
from porch.manage.facts import Facts
from porch.manage.in_force import InForce
from porch.manage.loop import Loop
from porch.manage.observer import Observer
from porch.manage.page.drawing import Drawing, Revision
from porch.manage.process import fork_to, new_loop, settle
from porch.observe.messages import Messages

__all__ = ["Observing"]


class Observing:
    """One door's. facts, draw: what it is told. leave: closes, in its process, what is not its own.

    pid: of the one that runs, 0 for none.
    """

    def __init__(
        self,
        loop: Loop,
        in_force: InForce,
        messages: Messages,
        facts: Callable[[], Facts],
        draw: Callable[[Revision], Drawing],
        leave: Callable[[], None],
    ) -> None:
        self.pid = 0
        self._loop = loop
        self._in_force = in_force
        self._messages = messages
        self._facts = facts
        self._draw = draw
        self._leave = leave
        self._channel: Channel | None = None
        self._served: list[list[socket]] = []
        self._has_said = False

    def look(self) -> None:
        """Whether it is there, and for the addresses of now; called every second. Another is
        started a second behind the end of one, at the soonest."""
        wanted = [*self._in_force.observed.sockets.values()]
        if wanted != self._served:
            self.close()
        if wanted and not self.pid:
            self._served = wanted
            self._start()

    def _start(self) -> None:
        try:
            self.pid, self._channel = fork_to(self._run, self._leave)
        except OSError as error:
            self._messages.warn(f"metrics are not served: {error.strerror}; tried again")
            return
        self._loop.on_readable(self._channel, self._receive)

    def close(self) -> None:
        """Have it end. The sockets are ours still."""
        pid, self.pid = self.pid, 0
        self._drop_channel()
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def close_in_child(self) -> None:
        """In a forked process: the channel to it is not its own."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def reap(self) -> None:
        """Take notice of its end."""
        if not self.pid:
            return
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            pid, status = self.pid, 0
        if pid:
            self.pid = 0
            self._drop_channel()
            if not self._has_said:
                self._has_said = True
                code = os.waitstatus_to_exitcode(status)
                text = (
                    f"the process that serves metrics has ended ({code}); another takes its place"
                )
                self._messages.warn(text)

    def _drop_channel(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            self._loop.forget(channel)
            channel.close()

    def _receive(self) -> None:
        channel = self._channel
        if channel is None:
            return
        try:
            messages = channel.receive()
        except EOFError:
            self._drop_channel()
            return
        for message in messages:
            if message.word == "facts":
                channel.send("facts", self._facts())
            elif message.word == "drawing":
                channel.send("drawing", self._draw(message.data))
        self._flush()

    def _flush(self) -> None:
        channel = self._channel
        if channel is not None:
            channel.flush()
            self._loop.on_writable(channel, self._flush if channel.is_full else None)

    def _run(self, channel: Channel) -> int:
        """In its own process."""
        in_force = self._in_force
        messages = settle(in_force.candidate.identity)
        observer = Observer(
            {address: each[0] for address, each in in_force.observed.sockets.items()},
            in_force.table,
            in_force.tables,
            channel,
            messages,
        )
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(observer.serve())
        return 0
