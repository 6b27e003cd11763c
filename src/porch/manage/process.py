"""Process: a worker as its supervisor sees it, and its first steps as a process of its own."""

import asyncio
import contextlib
import errno
import faulthandler
import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial

from porch import clock
from porch.config.logs import stderr_messages
from porch.manage.channel import Channel
from porch.manage.equipment import Equipment
from porch.manage.heap import keep_heap
from porch.manage.user import Identity, confine, drop, unreadable
from porch.manage.worker import Worker
from porch.observe.messages import Messages

__all__ = ["IGNORED", "SHOW_STACK", "Process", "fork", "fork_to", "new_loop", "settle"]

SHOW_STACK = signal.SIGUSR2
"""What a worker writes its stack at. The interpreter's own C code does so, whatever hangs."""

IGNORED = (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE)
"""Of these a terminal or an operator may send to the whole group; the supervisor acts on them."""

FAILED, FAULT = 1, 70
"""Exit codes of a worker that could not start, and of one that met a fault of ours."""


class Process:
    """pid, slot, row: which worker, whose sockets it has, and where it counts.

    since: when it was forked. is_ready: it serves. is_leaving: it finishes what runs, and another
    has its sockets. has_said: why it ends was told. has_ended: the system says so. stacks: a file
    where it writes its stack. beat, missed: its heartbeat when it was looked at last, and how often
    that was the same one.
    """

    __slots__ = (
        "beat",
        "channel",
        "has_ended",
        "has_said",
        "is_leaving",
        "is_ready",
        "missed",
        "pid",
        "row",
        "since",
        "slot",
        "stacks",
    )

    def __init__(self, pid: int, slot: int, row: int, channel: Channel | None, stacks: int) -> None:
        self.pid = pid
        self.slot = slot
        self.row = row
        self.channel = channel
        self.stacks = stacks
        self.since = clock.monotonic()
        self.is_ready = self.is_leaving = self.has_said = self.has_ended = False
        self.beat = self.missed = 0

    def __repr__(self) -> str:
        state = "leaving" if self.is_leaving else "serves" if self.is_ready else "starts"
        return f"<Process {self.pid} slot {self.slot} {state}>"

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal; who has ended meanwhile does not mind."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def stack(self) -> str:
        """What it has written of its stack."""
        size = os.fstat(self.stacks).st_size
        return os.pread(self.stacks, size, 0).decode("utf-8", "replace")

    def close(self) -> None:
        """It has ended."""
        if self.channel is not None:
            self.channel.close()
            self.channel = None
        if self.stacks >= 0:
            os.close(self.stacks)
            self.stacks = -1


def fork(equipment: Equipment, slot: int, leave: Callable[[int], None]) -> Process:
    """Start a worker. leave: called in the child with its slot, closes what is not its own.

    Raises OSError where the system has no room for another process.
    """
    pid, channel = fork_to(partial(_child, equipment), partial(leave, slot))
    return Process(pid, slot, equipment.row, channel, equipment.stacks)


def fork_to(run: Callable[[Channel], int], leave: Callable[[], None]) -> tuple[int, Channel]:
    """Start a process that runs this, given its end of a channel, and ends with the code that it
    returns. leave: called in it first, closes what is not its own. Raises OSError as `fork` does.
    """
    ours, theirs = Channel.pair()
    try:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or none
                stream.flush()
        pid = os.fork()
    except OSError:
        ours.close()
        theirs.close()
        raise
    if pid:
        theirs.close()
        return pid, ours
    code = FAULT
    try:
        ours.close()
        leave()
        code = run(theirs)
    except BaseException as error:
        theirs.send("failed", _reason(error))
    finally:
        os._exit(code)


def _reason(error: BaseException) -> str:
    """What an operator is told: of a defect all, of a lack of descriptors what to raise. The loop
    without one fails once more while it ends, and again."""
    first = error
    while first.__context__ is not None:
        first = first.__context__
    if isinstance(first, OSError) and first.errno == errno.EMFILE:
        return f"{first.strerror}; a higher limit of them (ulimit -n, LimitNOFILE) is needed"
    return "".join(traceback.format_exception(error)).rstrip()


def settle(identity: Identity | None) -> Messages:
    """In a process that was just forked: what signals do in it, and who it is. Returns where it
    says what it has to say. Raises OSError where it may not become who it should."""
    for ignored in IGNORED:
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    messages = stderr_messages()
    if identity is None:
        confine()
        return messages
    drop(identity)
    hidden = unreadable()
    if hidden:
        messages.warn(hidden)
    return messages


def _child(equipment: Equipment, channel: Channel) -> int:
    faulthandler.register(SHOW_STACK, file=equipment.stacks, all_threads=True)
    try:
        messages = settle(equipment.identity)
        worker = Worker(equipment, channel, messages)
        for number in equipment.files.values():
            os.close(number)
    except (OSError, ValueError) as error:
        channel.send("failed", str(error))
        return FAILED

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, worker.leave)
        await worker.serve()

    # What was made so far lives as long as the process: the collector need not look at it again,
    # and rarely at what exchanges make, which has no cycles (-5 %, bench/run.py).
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    keep_heap()
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())
    return 0


def new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's loop, or asyncio's own where there is no uvloop."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
