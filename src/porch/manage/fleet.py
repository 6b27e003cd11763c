"""Fleet: all workers. Forks them, replaces the dead and the hanging, and passes word to them.

A worker has a slot, which is its sockets; a successor gets the same slot, and with it what waits
in the backlog. It has a row, which is where it counts, given back when the process has ended.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from socket import socket

from porch import clock
from porch.listen.address import ListenAddress
from porch.listen.sockets import is_own
from porch.manage.channel import Message, NotData
from porch.manage.columns import HEARTBEAT
from porch.manage.equipment import Equipment
from porch.manage.loop import Loop, Timer
from porch.manage.process import SHOW_STACK, Process, fork
from porch.observe.messages import Messages
from porch.shared import SharedTable

__all__ = ["HANGS_AFTER", "KILL_AFTER", "Fleet"]

LOOK = 1.0
"""Seconds between two looks at the heartbeats."""
HANGS_AFTER = 10
"""Looks without a heartbeat until a worker is taken for hanging. Counted and not timed: a machine
that was stopped as a whole for an hour has missed one."""
STARTS_WITHIN = 60
"""The same for one that does not serve yet."""
KILL_AFTER = 5.0
"""Seconds behind `grace` in which a worker that was told to leave must have ended."""
STACK_TIME = 0.5
"""Seconds that a hanging worker has to write its stack."""
YOUNG = 5.0
"""Seconds of life under which a death counts as one at once."""
LEND = 0.5
"""Seconds between two times that the sockets of a slot without a worker are lent to another, who
accepts from them for a second (worker.ON_THE_WAY)."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds until the next try after a first death at once, and at most."""
ALONE = 1.0
"""The same at most where no other worker serves."""


class Fleet:
    """slots: the worker of each, None while there is none. leaving: those that have no slot.

    strangers: children that are no workers, and that another waits for.
    on_message, on_gone: see Supervisor. on_empty: told of a row whose worker has ended. sockets_of:
    those of a slot. holds: while True no successor is forked: an errand runs, or a reload is about
    to change what it would be forked with.
    """

    def __init__(
        self,
        loop: Loop,
        messages: Messages,
        table: SharedTable,
        equip: Callable[[int, int, int], Equipment],
        leave: Callable[[int], None],
    ) -> None:
        """equip: (slot, row, stacks) -> what a worker is forked with. leave: see process.fork."""
        self.slots: list[Process | None] = []
        self.leaving: list[Process] = []
        self.on_message: Callable[[Process, Message], None] = lambda *_: None
        self.on_gone: Callable[[Process, str], None] = lambda *_: None
        self.counters: Callable[[], Iterable[int]] = tuple
        self.on_empty: Callable[[int], object] = lambda row: None
        self.sockets_of: Callable[[int], dict[ListenAddress, socket]] = lambda _: {}
        self.strangers: set[int] = set()
        self._loop = loop
        self._messages = messages
        self._table = table
        self._equip = equip
        self._leave = leave
        self._holds = self._stopping = False
        self._deaths: dict[int, int] = {}  # slot -> deaths at once in a row
        self._waiting: dict[int, Timer] = {}  # slot -> when its next worker is forked
        self._lending: dict[int, Timer] = {}  # slot -> when its sockets are lent again
        loop.after(LOOK, self._look)

    def __repr__(self) -> str:
        return f"<Fleet {self.slots} leaving {self.leaving}>"

    @property
    def serving(self) -> list[Process]:
        """Those with a slot."""
        return [each for each in self.slots if each is not None]

    @property
    def all(self) -> list[Process]:
        """Everyone."""
        return [*self.serving, *self.leaving]

    def resize(self, count: int) -> None:
        """So many slots: fork what is missing, have the others finish and leave."""
        while len(self.slots) > count:
            slot = len(self.slots) - 1
            timer = self._waiting.pop(slot, None)
            if timer is not None:
                timer.cancel()
            process = self.slots.pop()
            if process is not None:
                process.is_leaving = True
                self.leaving.append(process)
                self.tell_one(process, "leave")
        for slot in range(len(self.slots), count):
            self.slots.append(None)
            self._fork(slot)

    def kill_late(self, seconds: float) -> None:
        """Those that are leaving now have so long."""
        late = [*self.leaving]

        def kill() -> None:
            for process in late:
                if process in self.leaving:
                    process.kill()

        if late:
            self._loop.after(seconds, kill)

    def serve_out(self, left: list[tuple[ListenAddress, socket]]) -> None:
        """Have one that serves accept what waits in the sockets of slots that are no more."""
        if not left or self._stopping:
            _close(left)
        elif not self.serving:
            self._loop.after(FIRST_PAUSE, lambda: self.serve_out(left))
        else:
            addresses = [address for address, _ in left]
            descriptors = [each.fileno() for _, each in left]
            try:
                self.tell_one(self.serving[0], "serve out", addresses, descriptors)
            finally:
                _close(left)

    def tell(self, processes: Iterable[Process], word: str, data: object = None) -> None:
        """Send the same to several."""
        for process in processes:
            self.tell_one(process, word, data)

    def stop(self) -> None:
        """Have all finish and end; no successors. Again: at once."""
        self._stopping = True
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()
        self.tell(self.all, "stop")

    def kill(self) -> None:
        """End all that is left, now."""
        for process in self.all:
            process.kill()

    def hold(self, *, holds: bool) -> None:
        """See the class. What died meanwhile is replaced when it is over."""
        self._holds = holds
        if not holds and not self._stopping:
            for slot, process in enumerate(self.slots):
                if process is None and slot not in self._waiting:
                    self._fork(slot)

    def adopt(self, process: Process) -> None:
        """A worker of before an upgrade. It serves until it is told that others do."""
        process.is_leaving = True
        self.leaving.append(process)
        assert process.channel is not None
        self._loop.on_readable(process.channel, lambda: self._receive(process))

    def reap(self) -> None:
        """Take notice of those that have ended. As process 1 also of strangers' orphans."""
        for process in self.all:
            if process.has_ended:  # its last word has led here
                continue
            pid, status = os.waitpid(process.pid, os.WNOHANG)
            if pid:
                process.has_ended = True
                try:
                    self._hear(process)
                finally:  # whatever is wrong with its last word, its slot gets another
                    self._on_end(process, status)
        if os.getpid() == 1:
            self._reap_orphans()

    def _reap_orphans(self) -> None:
        """Processes whose parents have died are given to process 1, which must take notice."""
        known = {each.pid for each in self.all} | self.strangers
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitid(os.P_ALL, 0, flags)) is not None:
                if found.si_pid in known:
                    return  # its turn comes, and then that of those behind it
                os.waitpid(found.si_pid, os.WNOHANG)

    def close_in_child(self) -> None:
        """In a forked worker: the channels to the others are not its own."""
        for process in self.all:
            process.close()

    # --- a life ------------------------------------------------------------------------------

    def _fork(self, slot: int) -> None:
        self._waiting.pop(slot, None)
        used = {each.row for each in self.all}
        row = next((each for each in range(1, len(self._table.rows)) if each not in used), 0)
        if not row:
            self._messages.warn("too many workers are still finishing; a new one waits for them")
            self._wait(slot)
            return
        self._table.use(row)
        stacks = -1
        try:
            stacks = os.memfd_create("porch stacks")
            process = fork(self._equip(slot, row, stacks), slot, self._leave)
        except OSError as error:
            if stacks >= 0:
                os.close(stacks)
            self._messages.warn(f"no new worker can be started: {error.strerror}; tried again")
            self._wait(slot)
            return
        self.slots[slot] = process
        assert process.channel is not None
        self._loop.on_readable(process.channel, lambda: self._receive(process))

    def _receive(self, process: Process) -> None:
        self._hear(process)
        if process.channel is None:
            self.reap()

    def _hear(self, process: Process) -> None:
        """Take in what it says; nothing more of one that has gone."""
        if process.channel is None:
            return
        try:
            messages = process.channel.receive()
        except EOFError as error:
            self._loop.forget(process.channel)
            process.channel.close()
            process.channel = None
            if isinstance(error, NotData):
                self._end_odd(process, error)
            return
        for message in messages:  # each by itself: a fault with one is none of those behind it
            self._loop.call(partial(self._take, process, message))

    def _take(self, process: Process, message: Message) -> None:
        match message.word:
            case "ready":
                process.is_ready = True
            case "failed":
                process.has_said = True
            case "leaving":
                self._let_leave(process)
        self.on_message(process, message)

    def _end_odd(self, process: Process, error: NotData) -> None:
        """It is under somebody's hand, or has a fault: it must not serve on by itself."""
        process.has_said = True
        self._messages.tell(
            f"worker {process.pid} is ended: what it sends is no message of a worker's ({error}); "
            "somebody may have taken it over, or this is a fault of Porch",
            "error",
        )
        process.kill()

    def _let_leave(self, process: Process) -> None:
        """Somebody told it to end: its slot gets another at once."""
        if self.slots[process.slot : process.slot + 1] != [process]:
            return  # it leaves already, or is one of before an upgrade
        self.slots[process.slot] = None
        process.is_leaving = True
        self.leaving.append(process)
        self._messages.tell(f"worker {process.pid} was told to end; a new one takes its place")
        self.on_gone(process, "leaves")
        if not self._holds and not self._stopping:
            self._fork(process.slot)

    def tell_one(
        self, process: Process, word: str, data: object = None, descriptors: Sequence[int] = ()
    ) -> None:
        """Send one its own."""
        channel = process.channel
        if channel is None:
            return
        channel.send(word, data, descriptors)
        if channel.is_full:
            self._loop.on_writable(channel, lambda: self._flush(process))

    def _flush(self, process: Process) -> None:
        channel = process.channel
        if channel is not None:
            channel.flush()
            if not channel.is_full:
                self._loop.on_writable(channel, None)

    def _on_end(self, process: Process, status: int) -> None:
        if process.channel is not None:
            self._loop.forget(process.channel)
        process.close()
        if process.row:
            self._table.clear(process.row, self.counters())
            self.on_empty(process.row)
        how = _how(status)
        if process in self.leaving:
            self.leaving.remove(process)
        else:
            self.slots[process.slot] = None
            if not self._stopping:
                self._replace(process, how)
        self.on_gone(process, how)

    def _replace(self, process: Process, how: str) -> None:
        slot = process.slot
        if clock.monotonic() - process.since >= YOUNG:
            self._deaths[slot] = 0
            if not process.has_said:
                text = f"worker {process.pid} {how}; a new one takes its place"
                self._messages.tell(text, "warning")
            if not self._holds:
                self._fork(slot)
            return
        if not process.has_said:
            self._messages.warn(
                f"a worker {how} soon after its start; one more is tried, then later"
            )
        self._wait(slot)

    def _wait(self, slot: int) -> None:
        """Try again a while later, each time a longer one."""
        deaths = self._deaths[slot] = self._deaths.get(slot, 0) + 1
        longest = LONGEST_PAUSE if self.serving else ALONE
        pause = min(FIRST_PAUSE * 2 ** (deaths - 1), longest)
        self._waiting[slot] = self._loop.after(pause, lambda: self._try(slot))
        self._lend(slot)

    def _lend(self, slot: int) -> None:
        """While there is no worker for a slot, another serves those who wait in its sockets."""
        timer = self._lending.pop(slot, None)
        if timer is not None:
            timer.cancel()
        if slot not in self._waiting:
            return
        with contextlib.suppress(OSError):  # no descriptors: those who wait, wait
            self._lend_once(slot)
        self._lending[slot] = self._loop.after(LEND, lambda: self._lend(slot))

    def _lend_once(self, slot: int) -> None:
        if self.serving:
            sockets = self.sockets_of(slot).items()
            self.serve_out([(address, each.dup()) for address, each in sockets if is_own(each)])

    def lend_all(self) -> None:
        """The door stops: who waits in the socket of a dead worker is served by another."""
        for slot, process in enumerate(self.slots):
            if process is None:
                with contextlib.suppress(OSError):
                    self._lend_once(slot)

    def _try(self, slot: int) -> None:
        self._waiting.pop(slot, None)
        if not self._holds and slot < len(self.slots) and self.slots[slot] is None:
            self._fork(slot)

    # --- hanging -----------------------------------------------------------------------------

    def _look(self) -> None:
        self._loop.after(LOOK, self._look)
        self.reap()
        for process in self.serving:
            beat = self._table.rows[process.row][HEARTBEAT]
            if beat != process.beat:
                process.beat, process.missed = beat, 0
                continue
            process.missed += 1
            if not process.is_ready and process.missed < STARTS_WITHIN:
                continue  # it builds what it serves
            if process.missed == (HANGS_AFTER if process.is_ready else STARTS_WITHIN):
                self._ask_stack(process)

    def _ask_stack(self, process: Process) -> None:
        os.ftruncate(process.stacks, 0)
        process.kill(SHOW_STACK)
        self._loop.after(STACK_TIME, lambda: self._end_hanging(process))

    def _end_hanging(self, process: Process) -> None:
        if process not in self.all:
            return
        if self._table.rows[process.row][HEARTBEAT] != process.beat:
            process.missed = 0
            return
        stack = process.stack().rstrip() or "no stack: it is stopped, or in the system"
        seconds = process.missed * LOOK
        self._messages.tell(
            f"worker {process.pid} has hung for {seconds:g} s and is replaced; a call that blocks "
            f"holds up everything in its worker\n{stack}",
            "error",
        )
        process.has_said = True
        process.kill(signal.SIGKILL)


def _close(left: Iterable[tuple[ListenAddress, socket]]) -> None:
    for _, each in left:
        each.close()


def _how(status: int) -> str:
    """How a process ended, in words."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = f"signal {number}"
        why = " (by somebody, or out of memory: dmesg tells)" if number == signal.SIGKILL else ""
        return f"was killed by {name}{why}"
    return f"ended with code {os.waitstatus_to_exitcode(status)}"
