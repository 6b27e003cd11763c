"""The commands of captures: what one client's heads are, for ten minutes at most.

Workers send what they see (observe/capture.py); here it waits, in memory alone, for whoever has
asked for it. It ends by itself: by its time, when it is full, or when nobody reads it any more.
"""

import ipaddress
from collections.abc import Mapping

from porch import clock
from porch.config.units import spell_duration
from porch.manage.asking import Answers, Asking, pending, taken
from porch.manage.in_force import InForce
from porch.manage.loop import Loop, Timer
from porch.manage.naming import route_named
from porch.manage.operating import Answer, ByItself, Command, Question
from porch.observe.capture import MOST_BYTES, MOST_HEADS, Captured, Heads
from porch.observe.messages import Messages
from porch.observe.stamp import iso

__all__ = ["LONGEST", "UNREAD", "Capturings"]

LONGEST = 600.0
"""Seconds that a capture lasts at most, and does where nobody says for how long."""
UNREAD = 60.0
"""Seconds after which one ends that nobody reads; and for which one that has ended can be read."""
_LOOK = 5.0
"""Seconds between two looks whether somebody reads."""


class _Running:
    """One capture. who: has begun it. read_at: when somebody read it last. ended: why, "" while it
    runs."""

    def __init__(self, client: str, route: str, seconds: float, who: str) -> None:
        self.client = client
        self.route = route
        self.who = who
        self.since = clock.wall()
        self.until = clock.monotonic() + seconds
        self.heads: Heads = []
        self.count = self.bytes = 0
        self.read_at = clock.monotonic()
        self.ended = ""

    @property
    def told(self) -> Answer:
        """What of it is shown."""
        return {
            "client": self.client,
            "route": self.route or None,
            "by": self.who,
            "since": _stamp(self.since),
            "seconds_left": round(max(self.until - clock.monotonic(), 0.0))
            if not self.ended
            else 0,
            "heads": self.count,
            "ended": self.ended or None,
        }


class Capturings:
    """Of one door, one at a time. Workers that are forked meanwhile have it from in_force."""

    def __init__(
        self,
        loop: Loop,
        asking: Asking,
        in_force: InForce,
        messages: Messages,
        by_itself: ByItself,
    ) -> None:
        """by_itself: see Operating."""
        self._by_itself = by_itself
        self._loop = loop
        self._asking = asking
        self._in_force = in_force
        self._messages = messages
        self._running: _Running | None = None
        self._timer: Timer | None = None

    @property
    def commands(self) -> dict[str, Command]:
        """See Operating."""
        return {"capture": self._begin, "captured": self._read, "capture-end": self._stop}

    @property
    def told(self) -> Answer | None:
        """What status shows: the one that runs."""
        running = self._running
        return running.told if running is not None and not running.ended else None

    def on_captured(self, heads: Heads) -> None:
        """A worker has seen these."""
        running = self._running
        if running is None or running.ended:
            return
        for each in heads:
            if running.count >= MOST_HEADS or running.bytes >= MOST_BYTES:
                self._end_itself("it is full")
                return
            running.heads.append(each)
            running.count += each["what"] != "ended"
            running.bytes += _size(each)

    # --- commands ------------------------------------------------------------------------------

    def _begin(self, question: Question) -> None:
        """words: client, an address; route, a key, or "" for all; `for`, seconds."""
        words = question.words
        try:
            client, route, seconds = self._wanted(words)
        except (ValueError, LookupError) as error:
            question.reply({"error": f"porch: {error.args[0]}"})
            return
        now = self._running
        if now is not None and not now.ended:
            text = (
                f"porch: {now.client} is captured already, begun by {now.who} at "
                f"{_stamp(now.since)}; porch capture --end ends it"
            )
            question.reply({"error": text})
            return
        running = self._running = _Running(client, route, seconds, question.who)
        self._in_force.capture = (client, route, running.until)
        self._messages.tell(
            f"the heads of {client} are captured for {spell_duration(seconds)}, begun by "
            f"{question.who}; porch capture --end ends it"
        )
        self._look()
        self._tell(question, running)

    def _wanted(self, words: Mapping[str, object]) -> tuple[str, str, float]:
        """Raises ValueError or LookupError with a sentence."""
        client, route, seconds = words.get("client"), words.get("route"), words.get("for", LONGEST)
        try:
            address = str(ipaddress.ip_address(str(client))) if client != "unix" else "unix"
        except ValueError:
            raise ValueError(
                f"'{client}' is not the address of a client; write 192.0.2.1"
            ) from None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
            raise ValueError("'for' is a number of seconds above 0")
        if seconds > LONGEST:
            raise ValueError(f"a capture lasts {spell_duration(LONGEST)} at most")
        keys = [each.key for each in self._in_force.candidate.loaded.routes]
        key = route_named(route, keys) if isinstance(route, str) and route else ""
        return address, key, float(seconds)

    def _read(self, question: Question) -> None:
        """words: behind, the number of the last head that was read, 0 for none."""
        running, behind = self._running, question.words.get("behind", 0)
        if running is None:
            question.reply({"error": "porch: nothing is captured; porch capture CLIENT begins it"})
            return
        running.read_at = clock.monotonic()
        start = behind if isinstance(behind, int) else 0
        heads = running.heads[start:]
        question.reply(
            {"capture": running.told, "heads": heads, "behind": max(start, len(running.heads))}
        )

    def _stop(self, question: Question) -> None:
        running = self._running
        if running is None or running.ended:
            question.reply({"error": "porch: nothing is captured"})
            return
        self._end(f"{question.who} has ended it", running, question)

    # --- the end -------------------------------------------------------------------------------

    def _end(self, why: str, running: _Running, question: Question) -> None:
        running.ended = why
        self._in_force.capture = None
        self._messages.tell(f"the heads of {running.client} are captured no more: {why}")
        self._tell(question, running)

    def _end_itself(self, why: str) -> None:
        assert self._running is not None
        question = self._by_itself("capture-end", f"the door: {why}", {})
        with question.changing():
            self._end(why, self._running, question)

    def _look(self) -> None:
        """Whether its time is over, or nobody reads it."""
        running, now = self._running, clock.monotonic()
        if running is None:
            return
        if not running.ended and now >= running.until:
            self._end_itself("its time is over")
        elif not running.ended and now - running.read_at >= UNREAD:
            self._end_itself("nobody reads it")
        if running.ended and now - running.read_at >= UNREAD:
            self._running = None  # and all that it has
            return
        self._look_later(min(_LOOK, max(running.until - now, 0.1)))

    def _look_later(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.after(seconds, self._look)

    def _tell(self, question: Question, running: _Running) -> None:
        """All workers: what is captured now."""

        def told(answers: Answers) -> None:
            question.reply(*taken({"capture": running.told}, pending(answers)))

        self._asking.tell("capture", self._in_force.capture, told)


def _size(head: Captured) -> int:
    """As observe/capture.py counts it."""
    fields = head.get("fields", ())
    return len(head.get("line", "")) + sum(len(name) + len(value) + 16 for name, value in fields)


def _stamp(seconds: float) -> str:
    return iso(int(seconds)).decode() + "Z"
