"""The commands of captures: what one client's heads are, for ten minutes at most.

Workers send what they see (observe/capture.py); here it waits, in memory alone, for whoever has
asked for it. It ends by itself: by its time, when it is full, or when nobody reads it any more.
"""

import ipaddress

from porch import clock
from porch.config.units import spell_duration
from porch.manage.control.operating import Answer, Command, Question
from porch.manage.naming import route_named
from porch.manage.temporary import Temporary
from porch.observe.capture import MOST_BYTES, MOST_HEADS, Captured, Heads
from porch.observe.stamp import utc

__all__ = ["UNREAD", "Captures"]

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
            "since": utc(self.since),
            "seconds_left": 0 if self.ended else round(max(self.until - clock.monotonic(), 0.0)),
            "heads": self.count,
            "ended": self.ended or None,
        }


class Captures(Temporary):
    """Of one door, one at a time."""

    WORD = "capture"
    USUAL = LONGEST = 600.0

    _running: _Running | None = None

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
        try:
            client, route = self._whom(question)
            seconds = self._seconds(question)
        except (ValueError, LookupError) as error:
            question.reply({"error": f"porch: {error.args[0]}"})
            return
        now = self._running
        if now is not None and not now.ended:
            text = (
                f"porch: {now.client} is captured already, begun by {now.who} at "
                f"{utc(now.since)}; porch capture --end ends it"
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
        self._tell(self._in_force.capture, question, lambda: {"capture": running.told})

    def _whom(self, question: Question) -> tuple[str, str]:
        """Its address, and the key of the route, "" for all. Raises ValueError or LookupError with
        a sentence."""
        client, route = question.words.get("client"), question.words.get("route")
        try:
            address = str(ipaddress.ip_address(str(client))) if client != "unix" else "unix"
        except ValueError:
            raise ValueError(
                f"'{client}' is not the address of a client; write 192.0.2.1"
            ) from None
        keys = [each.key for each in self._in_force.candidate.loaded.routes]
        return address, route_named(route, keys) if isinstance(route, str) and route else ""

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
        self._tell(None, question, lambda: {"capture": running.told})

    def _end_itself(self, why: str) -> None:
        assert self._running is not None
        question = self._asked_by_itself("capture-end", why, {})
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
        self._later(min(_LOOK, max(running.until - now, 0.1)), self._look)


def _size(head: Captured) -> int:
    """As observe/capture.py counts it."""
    fields = head.get("fields", ())
    return len(head.get("line", "")) + sum(len(name) + len(value) + 16 for name, value in fields)
