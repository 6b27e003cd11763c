"""Reload: one new configuration, in all workers or in none.

First every worker builds it beside what runs and says so; then all are told to swap. Until the
last has built it nothing is in force anywhere, and any refusal or error leaves it so.
"""

from collections.abc import Callable
from pathlib import Path

from porch.listen.address import ListenAddress
from porch.manage.channel import Message
from porch.manage.fleet import Fleet
from porch.manage.listening import Listening
from porch.manage.prepared import Change
from porch.manage.process import Process
from porch.manage.prospect import Prospect

__all__ = ["Reload"]


class Reload:
    """on_end: called once, with the reason why nothing was changed, or "" when it is in force in
    every worker that serves. A worker that dies meanwhile is not waited for: its successor starts
    with what is in force then."""

    def __init__(
        self,
        fleet: Fleet,
        listening: Listening,
        prospect: Prospect,
        files: dict[Path, int],
        on_end: Callable[[str], None],
    ) -> None:
        """files: the log files if they change, opened. Raises OSError if a new address cannot be
        bound; then nothing has begun."""
        self.prospect = prospect
        self.files = files
        self._fleet = fleet
        self._listening = listening
        self._on_end = on_end
        self._waited: set[Process] = set()
        self._word = "prepared"
        candidate = prospect.candidate
        slots = max(len(fleet.slots), candidate.workers)
        listening.widen(slots)
        self.fresh: list[ListenAddress] = listening.open(candidate.listen, slots)
        self._change = Change(
            columns=prospect.columns,
            listen=self.fresh,
            files=[*files],
        )

    def start(self) -> None:
        """Have all workers build it."""
        fleet = self._fleet
        fleet.hold(holds=True)
        self._waited = set(fleet.serving)
        for process in fleet.serving:
            sockets = self._listening.of_slot(process.slot)
            descriptors = [
                self.prospect.parcel.descriptor,
                *(sockets[address].fileno() for address in self.fresh),
                *self.files.values(),
            ]
            fleet.tell_one(process, "prepare", self._change, descriptors)
        self.prospect.parcel.close()
        self._go_on()

    def on_message(self, process: Process, message: Message) -> None:
        """What a worker says to it."""
        if message.word == "refused" and process in self._waited:
            self._give_up(str(message.data))
        elif message.word == self._word:
            self.on_gone(process)

    def on_gone(self, process: Process) -> None:
        """It has said what was waited for, or will never say it."""
        self._waited.discard(process)
        self._go_on()

    def _go_on(self) -> None:
        if self._waited:
            return
        if self._word == "prepared":
            self._word = "committed"
            self._waited = set(self._fleet.serving)
            self._fleet.tell(self._fleet.serving, "commit")
            if self._waited:
                return
        if self._word == "committed":
            self._word = ""
            self._on_end("")

    def _give_up(self, reason: str) -> None:
        self._word = ""
        self._waited = set()
        self._fleet.tell(self._fleet.serving, "forget")
        self._on_end(reason)
