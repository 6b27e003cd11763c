"""Upgrade: the supervisor becomes the new version, with the same process id and the same sockets.

First a trial: a child runs what is installed now, loads and checks the configuration and binds
what would be new. Then the supervisor replaces itself by exec. The old workers serve on until the
new ones do; no listening socket is ever closed.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import asdict, dataclass, field
from socket import socket
from typing import Any

from porch.listen.address import ListenAddress
from porch.manage.cache_keeping import Handed
from porch.manage.channel import Channel
from porch.manage.columns import COLUMNS, rows_for
from porch.manage.loop import Loop, Timer
from porch.manage.process import Process
from porch.shared import SharedTable

__all__ = [
    "FORMAT",
    "HANDOVER",
    "TRIAL",
    "Handover",
    "Trial",
    "become",
    "command",
    "listening_words",
    "tried",
]

FORMAT = 3
"""Of what one version hands to the next. Another number is not understood, and refused on trial."""
TRIAL, HANDOVER = "PORCH_TRIAL", "PORCH_HANDOVER"
"""Words of the environment: what a trial should find out, and the descriptor of what is handed
over."""
PATIENCE = 60.0
"""Seconds that a trial may take."""
LONGEST = 65536
"""Bytes of a trial's words that are kept."""


@dataclass(slots=True, kw_only=True)
class Handover:
    """What outlives the exec. Descriptors stay open over it.

    since: when the door was started. listening: each address and its sockets' descriptors.
    lent: which of them are lent (see Listening), by their place. control: the commands' socket,
    question: who asked for the upgrade; -1 for none. asked: the same in words, and the door
    before, see auditing.py. workers: the process ids of the old ones, the descriptors of their
    channels and their rows in the table. table: where they count: its descriptor, its rows and
    columns, and which endpoint has which. tables: the descriptors of all else that they share,
    see Tables. history: see history.py. orders: see orders.py. found: see discovered.py. cache:
    see cache_keeping.py.
    """

    since: float
    listening: list[tuple[dict[str, Any], list[int]]]
    lent: list[int] = field(default_factory=list)
    control: int = -1
    question: int = -1
    asked: dict[str, Any] = field(default_factory=lambda: {"who": "", "before": {}})
    workers: list[tuple[int, int, int]] = field(default_factory=list)
    table: int = -1
    table_shape: tuple[int, int] = (0, 0)
    endpoints: list[tuple[str, str, int]] = field(default_factory=list)
    tables: dict[str, int] = field(default_factory=dict)
    history: Any = None
    orders: Any = None
    found: list[dict[str, Any]] = field(default_factory=list)
    cache: Handed = field(default_factory=list)

    @classmethod
    def take(cls, environ: MutableMapping[str, str] = os.environ) -> "Handover | None":
        """What was handed to this process; None for an ordinary start."""
        number = environ.pop(HANDOVER, "")
        if not number:
            return None
        with os.fdopen(int(number), "rb") as file:
            file.seek(0)
            words = json.load(file)
        del words["format"]
        return cls(**words)

    def give(self) -> dict[str, str]:
        """Make everything ready for an exec. Returns the words for its environment."""
        text = json.dumps(asdict(self) | {"format": FORMAT}).encode()
        memory = os.memfd_create("porch handover", 0)
        os.write(memory, text)
        for number in self._descriptors:
            os.set_inheritable(number, True)
        return {HANDOVER: str(memory)}

    def keep(self) -> None:
        """The exec has failed: nothing is to be inherited."""
        for number in self._descriptors:
            os.set_inheritable(number, False)

    @property
    def sockets(self) -> dict[ListenAddress, list[socket]]:
        """The listening sockets, opened."""
        found = {}
        for words, numbers in self.listening:
            address = ListenAddress(**words)
            found[address] = [_socket(number) for number in numbers]
        return found

    @property
    def lent_addresses(self) -> list[ListenAddress]:
        """See `lent`."""
        return [ListenAddress(**self.listening[place][0]) for place in self.lent]

    @property
    def control_socket(self) -> socket:
        """The commands' socket, opened."""
        return _socket(self.control)

    @property
    def question_socket(self) -> socket:
        """Who asked for the upgrade."""
        return _socket(self.question)

    def counts(self, workers: int) -> SharedTable | None:
        """The table, opened; None if this version has another, or it has no room for so many."""
        if self.table < 0:
            return None
        os.set_inheritable(self.table, False)
        rows, columns = self.table_shape
        if columns == COLUMNS and rows >= rows_for(workers):
            return SharedTable(rows, columns, self.table)
        os.close(self.table)
        return None

    def processes(self, *, counted: bool) -> list[Process]:
        """The old workers. counted: they count in our table; else in row 0, which is nobody's."""
        return [
            Process(pid, -1, row if counted else 0, Channel(_socket(number)), -1)
            for pid, number, row in self.workers
        ]

    @property
    def _descriptors(self) -> list[int]:
        found = [number for _, numbers in self.listening for number in numbers]
        found += [number for _, number, _ in self.workers]
        found += [self.control, self.question, self.table, *self.tables.values(), *self.cache[:3]]
        return [number for number in found if number >= 0]


def listening_words(
    sockets: Mapping[ListenAddress, list[socket]],
) -> list[tuple[dict[str, Any], list[int]]]:
    """See Handover.listening."""
    return [
        (asdict(address), [each.fileno() for each in each_sockets])
        for address, each_sockets in sockets.items()
    ]


class Trial:
    """A child that finds out whether the new version would serve.

    on_end: called once, with what stands in the way, or "". The child has ended then.
    """

    def __init__(
        self, loop: Loop, held: list[ListenAddress], on_end: Callable[[str], None]
    ) -> None:
        """held: addresses that are bound already. Raises OSError if there is nothing to run."""
        question = {"format": FORMAT, "held": [asdict(each) for each in held]}
        self._loop = loop
        self._on_end = on_end
        self._words = b""
        self._child = subprocess.Popen(
            command(),
            env=os.environ | {TRIAL: json.dumps(question)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._child.stdout is not None
        self._out = self._child.stdout
        os.set_blocking(self._out.fileno(), False)
        loop.on_readable(self._out, self._read)
        self._timer: Timer = loop.after(PATIENCE, self._child.kill)

    @property
    def pid(self) -> int:
        """Of the child."""
        return self._child.pid

    def cancel(self) -> None:
        """Nothing comes of it: the door stops."""
        self._child.kill()

    def close_in_child(self) -> None:
        """In a forked worker: not its own."""
        self._out.close()

    def _read(self) -> None:
        try:
            data = os.read(self._out.fileno(), LONGEST)
        except BlockingIOError:
            return
        self._words = (self._words + data)[-LONGEST:]
        if data:
            return
        self._loop.forget(self._out)
        self._out.close()
        self._timer.cancel()
        code = self._child.wait()
        words = self._words.decode("utf-8", "replace").strip()
        if code == 0:
            self._on_end("")
        else:
            how = "it took too long" if code == -signal.SIGKILL else f"it ended with code {code}"
            self._on_end(_essence(words) or how)


def _essence(words: str) -> str:
    """Of a traceback its end: where it broke, and how."""
    if "Traceback (most recent call last)" not in words:
        return words
    lines = words.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith('  File "')]
    return "\n".join(lines[starts[-1] :] if starts else lines[-1:])


def command() -> list[str]:
    """What started this process: the same again is the version that is installed now."""
    return [sys.executable, *sys.orig_argv[1:]]


def tried(environ: MutableMapping[str, str] = os.environ) -> list[ListenAddress] | None:
    """The addresses that are held already, if this process is a trial. Raises ValueError if the
    running version hands over in a way that this one does not know."""
    text = environ.pop(TRIAL, "")
    if not text:
        return None
    question = json.loads(text)
    if question["format"] != FORMAT:
        raise ValueError(
            "the running version hands over in another way; stop the door and start it anew"
        )
    return [ListenAddress(**words) for words in question["held"]]


def become(handover: Handover) -> None:
    """Replace this process. Returns only by raising OSError, and then nothing has changed.

    Signals wait meanwhile: what ends a process that has no handlers yet must not end the door.
    """
    words = handover.give()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        os.execve(sys.executable, command(), os.environ | words)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        handover.keep()
        os.close(int(words[HANDOVER]))


def _socket(number: int) -> socket:
    os.set_inheritable(number, False)
    return socket(fileno=number)
