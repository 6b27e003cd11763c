"""Relay: from the admin door to the supervisor, which alone carries out operations, and back.

An operation goes over the channel with a number, and its answer comes with the same one. How many
may wait, and how much of them, is bounded; a supervisor that is silent is told of. When this
process dies the supervisor finishes what it does, and its answer is for nobody.

What is refused here is told to it too, for the audit: of those that are alike once a second at
most.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from porch.manage.control.refusing import Refusal, Refusing

__all__ = [
    "MOST",
    "MOST_BYTES",
    "MOST_CHANGES",
    "MOST_OF_ONE",
    "PATIENCE",
    "QUIET",
    "Relay",
    "Relayed",
    "Told",
]

MOST, MOST_CHANGES = 64, 48
"""Operations that may wait at once, as many as commands may, and those that change something."""
MOST_OF_ONE = 16
"""Changes of one who asks: a drain that waits for an hour must not keep others from changing."""
MOST_BYTES = 4 << 20
"""Bytes of what these say. One has at most 1 MiB."""
PATIENCE = 60.0
"""Seconds: a reload of ten thousand routes takes fewer. What waits by its own words has more."""

QUIET = 1.0
"""Seconds within which the supervisor is not told again of what is refused alike."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an operation. status: of HTTP. answer: for JSON. etag: of the state that it
    is about, "" for none."""

    status: int
    answer: object
    etag: str = ""


_BUSY = Told(503, {"error": "too many operations wait already; try again when one has ended"})
_SILENT = Told(
    504,
    {
        "error": "the supervisor does not answer; what was asked for may still be done: porch "
        "status tells, or a restart helps"
    },
)

Tell = Callable[[Told], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """An operation on its way. name: which. words: checked. who: for the audit. if_match: see
    Operating.operate. changes: whether it changes something. size: bytes of its words. wait:
    seconds that it takes by its own words."""

    name: str
    words: Mapping[str, object]
    who: str
    if_match: Sequence[str] = ()
    changes: bool = False
    size: int = 0
    wait: float = 0.0


class Relay:
    """send: a word and what goes with it, to the supervisor. generation: of the rules by which is
    let in who asks; the supervisor carries out nothing by older ones than those that it has."""

    def __init__(self, send: Callable[[str, object], None]) -> None:
        self.generation = 0
        self._send = send
        self._number = 0
        self._waiting: dict[int, tuple[Relayed, Tell, asyncio.TimerHandle]] = {}
        self._refusing = Refusing(self._tell_refused, QUIET)

    def operate(self, relayed: Relayed, tell: Tell) -> int:
        """Have it done. tell: called once, later. Returns its number, for `leave`."""
        loop = asyncio.get_running_loop()
        if not self._has_room(relayed):
            loop.call_soon(tell, _BUSY)
            return 0
        self._number += 1
        number = self._number
        timer = loop.call_later(PATIENCE + relayed.wait, self._give_up, number)
        self._waiting[number] = relayed, tell, timer
        words, if_match = dict(relayed.words), tuple(relayed.if_match)
        self._send("operate", (number, relayed.name, words, relayed.who, if_match, self.generation))
        return number

    def leave(self, number: int) -> None:
        """Whoever asked is there no more: nobody is told, and its place is free."""
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            waiting[2].cancel()
            self._send("left", number)

    def refuse(self, refusal: Refusal) -> None:
        """Somebody may not: for the audit."""
        self._refusing.note(refusal)

    def tick(self) -> None:
        """Called a few times a second."""
        self._refusing.tick()

    def _tell_refused(self, refusal: Refusal, times: int) -> None:
        self._send("refused", (refusal.what, refusal.who, refusal.error, times or 1))

    def _has_room(self, relayed: Relayed) -> bool:
        """Some room is left for questions: changes that wait for long must not hide what runs."""
        waiting = [each for each, _, _ in self._waiting.values()]
        most = MOST_CHANGES if relayed.changes else MOST
        alike = sum(each.changes for each in waiting) if relayed.changes else len(waiting)
        if relayed.changes:
            own = sum(each.changes and each.who == relayed.who for each in waiting)
            if own >= MOST_OF_ONE:
                return False
        return alike < most and sum(each.size for each in waiting) + relayed.size <= MOST_BYTES

    def on_operated(self, number: int, status: int, answer: object, etag: str) -> None:
        """The supervisor has answered; perhaps nobody waits for it any more."""
        self._end(number, Told(status, answer, etag))

    def _give_up(self, number: int) -> None:
        self._end(number, _SILENT)
        self._send("left", number)

    def _end(self, number: int, told: Told) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is None:
            return
        _, tell, timer = waiting
        timer.cancel()
        tell(told)
