"""Observing: the supervisor's side of the observer. Starts it, answers it, replaces it.

It has no part in serving: where it cannot be started the door says so and serves on.
"""

import asyncio
import os
import select
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from socket import socket
from typing import Any, Protocol

from porch import clock
from porch.manage.admin.operated import file_refused
from porch.manage.channel import Channel, Message, NotData
from porch.manage.control.operations import OPERATIONS
from porch.manage.control.refusing import Refusal
from porch.manage.facts import Facts
from porch.manage.heap import LARGEST, keep_heap
from porch.manage.in_force import InForce
from porch.manage.loop import Loop
from porch.manage.observer import Observer, Served
from porch.manage.page.drawing import Drawing, Revision
from porch.manage.process import fork_to, new_loop, settle
from porch.observe.messages import Messages

__all__ = ["FINISH", "MOST", "Observing", "Operate"]

MOST = 64
"""Operations of the admin door that wait at once. It has the same bound itself."""
FINISH = 3.0
"""Seconds in which one that is to end has told all who wait: longer than it takes for that itself,
see observer.py."""
_OLD = {
    "error": "the rules of the admin door were changed while this was asked for; nothing was done; "
    "ask again"
}
_BEGUN = {
    "begun": "upgrade",
    "next": "ask /v1/status until it answers; the last of /v1/audit says what came of it",
}
_ENDS = {
    "error": "the door becomes another version; what was asked for may hold or be done all the "
    "same: look at /v1/orders and /v1/audit"
}


class Operate(Protocol):
    """Has an operation done, and answers once: status, answer, ETag. See admin/relay.py. Returns
    what is to be called when whoever asked has left."""

    def __call__(
        self,
        name: str,
        words: Mapping[str, object],
        who: str,
        if_match: Sequence[str],
        reply: Callable[[int, Any, str], None],
    ) -> Callable[[], None]: ...


class Observing:
    """One door's. facts, draw: what it is told. leave: closes, in its process, what is not its own.
    operate: does what comes by the admin door. refuse: told of what it has refused itself, and how
    often.

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
        operate: Operate,
        refuse: Callable[[Refusal, int], None],
    ) -> None:
        self.pid = 0
        self._loop = loop
        self._in_force = in_force
        self._messages = messages
        self._facts = facts
        self._draw = draw
        self._leave = leave
        self._operate = operate
        self._refuse = refuse
        self._channel: Channel | None = None
        self._served = Served()
        self._generation = 0
        self._sockets: list[socket] = []
        self._under_way: dict[int, tuple[str, Callable[[], None] | None]] = {}
        self._has_said = False

    def look(self) -> None:
        """Whether it is there, and serves what is to be served now; called every second, and when
        that has changed. Another is started a second behind the end of one, at the soonest."""
        candidate = self._in_force.candidate
        served = Served(candidate.metrics, candidate.admin)
        known = self._in_force.observed.sockets
        sockets = [known[each][0] for each in candidate.observed if each in known]
        if not sockets:
            self.close()
        elif not self.pid:
            self._start()
            self._tell(served, sockets)
        elif sockets != self._sockets or not served.is_same(self._served):
            self._tell(served, sockets)

    def _start(self) -> None:
        try:
            self.pid, self._channel = fork_to(self._run, self._leave)
        except OSError as error:
            text = f"metrics and admin are not served: {error.strerror}; tried again"
            self._messages.warn(text)
            return
        self._loop.on_readable(self._channel, self._receive)

    def _tell(self, served: Served, sockets: list[socket]) -> None:
        """Have it serve this. Where there are no descriptors for that, at the next look."""
        channel = self._channel
        if channel is None:
            return
        self._generation += 1
        served = replace(served, generation=self._generation)
        try:
            channel.send("serve", served, [each.fileno() for each in sockets])
        except OSError as error:
            text = f"metrics and admin are as they were: {error.strerror}; tried again"
            self._messages.warn(text)
            return
        self._flush()
        self._served, self._sockets = served, sockets

    def close(self) -> None:
        """Have it end. The sockets are ours still."""
        pid, self.pid = self.pid, 0
        self._drop_channel()
        if pid > 0:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def hand_over(self) -> None:
        """Another version of this process takes over, and starts one of its own: whoever waits for
        an answer is told what is known, and this one lives until it has told them. Its addresses
        are free behind that. Blocks for FINISH seconds at most, and only where somebody waits."""
        channel = self._channel
        if channel is not None and self._under_way:
            for number, (name, _) in self._under_way.items():
                status, answer = (202, _BEGUN) if name == "upgrade" else (503, _ENDS)
                channel.send("operated", (number, status, answer, ""))
            channel.send("finish")
            _wait_for_end(channel)
        self.close()

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
                self._messages.warn(
                    f"the process that serves metrics and admin has ended ({code}); another takes "
                    "its place"
                )

    def _drop_channel(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            self._loop.forget(channel)
            channel.close()
            under_way, self._under_way = self._under_way, {}
            for _, leave in under_way.values():
                if leave is not None:
                    leave()

    def _receive(self) -> None:
        channel = self._channel
        if channel is None:
            return
        try:
            messages = channel.receive()
        except EOFError as error:
            self._drop_channel()
            if isinstance(error, NotData):
                self._end_odd(error)
            return
        for message in messages:  # each by itself: a fault with one is none of those behind it
            self._loop.call(partial(self._take, channel, message))

    def _take(self, channel: Channel, message: Message) -> None:
        if message.word == "facts":
            channel.send("facts", self._facts())
            self._flush()
        elif message.word == "drawing":
            channel.send("drawing", self._draw(message.data))
            self._flush()
        elif message.word == "operate" and _is_operation(message.data):
            self._operate_for(channel, *message.data)
        elif message.word == "refused" and _is_refusal(message.data):
            *words, times = message.data
            self._refuse(Refusal(*words), times)
        elif message.word == "left":
            _, leave = self._under_way.pop(message.data, ("", None))
            if leave is not None:
                leave()

    def _end_odd(self, error: NotData) -> None:
        """It is under somebody's hand, or has a fault: it must not let anybody in any more. What
        comes of it is told when its end is noticed."""
        self._messages.tell(
            f"the process that serves metrics and admin is ended: what it sends is no message of "
            f"its own ({error}); somebody may have taken it over, or this is a fault of Porch",
            "error",
        )
        self._has_said = True
        if self.pid > 0:  # 0 would be all of us
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def _operate_for(
        self,
        channel: Channel,
        number: int,
        name: str,
        words: Mapping[str, object],
        who: str,
        if_match: Sequence[str],
        generation: int,
    ) -> None:
        """An operation of the admin door: its answer goes to who asked, if that is still there.

        By the rules that hold now. Whoever was let in by others could be one who may not any more:
        it is refused, and can ask again when they are known over there.
        """
        self.look()
        reply = partial(self._reply, channel, number)
        if generation != self._generation:
            reply(503, _OLD, "")
            return
        refused = file_refused(name, words)
        if refused:
            reply(403, {"error": f"porch: {refused}"}, "")
            return
        if len(self._under_way) >= MOST:
            reply(503, {"error": "too many operations are under way; try again soon"}, "")
            return
        self._under_way[number] = name, None
        leave = self._operate(name, words, who, if_match, reply)
        if number in self._under_way:
            self._under_way[number] = name, leave

    def _reply(self, channel: Channel, number: int, status: int, answer: object, etag: str) -> None:
        if channel is self._channel:
            self._under_way.pop(number, None)
            channel.send("operated", (number, status, answer, etag))
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
        in_force.observed.close_in_child(slot=-1)  # it is given what it serves
        observer = Observer(in_force.table, in_force.tables, channel, messages)
        # A page of metrics of a large door is 28 MB: 14 ms of page faults, each time.
        keep_heap(kept=2 * LARGEST, large=LARGEST)
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(observer.serve())
        return 0


def _is_operation(data: object) -> bool:
    """Whether the words have the types that an audit can be written of: what comes is from a
    process that faces networks. What they mean is checked by who carries them out."""
    match data:
        case (int(), str(), dict(), str(), tuple() as if_match, int()):
            return all(isinstance(each, str) for each in if_match)
    return False


def _is_refusal(data: object) -> bool:
    """As `_is_operation`; of what is no operation nothing is written down."""
    match data:
        case (str(what), str(), str(), int(times)):
            return what in OPERATIONS and times > 0
    return False


def _wait_for_end(channel: Channel) -> None:
    """Of the other end, for FINISH seconds; what it says meanwhile is for nobody."""
    until = clock.monotonic() + FINISH
    look = select.poll()
    while (left := until - clock.monotonic()) > 0:
        look.register(channel, select.POLLIN | (select.POLLOUT if channel.is_full else 0))
        look.poll(left * 1000)
        channel.flush()
        try:
            channel.receive()
        except EOFError:
            return
