"""Case: one thing that was asked of a running door, from the asking to the last that is said of it.

What a change changes is changed in one piece, between two events, however long others are waited
for before and behind it. So the audit compares the door right before that piece with the door
right behind it, and the revision that is answered is of then: two changes at once do not tell each
other's.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from porch.manage.control.auditing import Auditing, Entry

__all__ = ["Answer", "Case", "Made", "Records", "Reply"]

Answer = dict[str, object]
"""What is said, as JSON has it; "error" is a sentence of why nothing was done."""
Reply = Callable[[int, Answer, str], None]
"""Told once: a status of HTTP, the answer, and the revision behind it as an ETag."""


class Made:
    """A change that was made. revision: behind it. line: as in the audit."""

    __slots__ = ("line", "revision")

    def __init__(self, revision: str, line: dict[str, Any]) -> None:
        self.revision = revision
        self.line = line


class Records(Protocol):
    """What a case is told to. See Operating."""

    @property
    def revision(self) -> str: ...

    @property
    def auditing(self) -> "Auditing": ...

    def judge(self, if_match: Sequence[str]) -> Answer | None:
        """What is answered with 412; None where one of these is the revision of now, or none is."""
        ...

    def add(self, made: Made) -> None:
        """A change was made."""
        ...


class Case:
    """records: of the door. entry: of the audit, None for what changes nothing. reply: to who asks,
    None where nobody waits. if_match: revisions of which one must be that of then."""

    def __init__(
        self,
        records: Records,
        entry: "Entry | None",
        reply: Reply | None,
        if_match: Sequence[str] = (),
    ) -> None:
        self.entry = entry
        self._records = records
        self._reply = reply
        self._if_match = if_match
        self._made: Made | None = None
        self._revision = ""

    @property
    def at(self) -> float:
        """When it was asked, in seconds of the wall clock; 0.0 for what changes nothing."""
        return self.entry.at if self.entry is not None else 0.0

    def refused(self) -> Answer | None:
        """What is answered with 412 because something has changed since it was asked."""
        self._revision = ""
        return self._records.judge(self._if_match)

    def tell_begun(self) -> None:
        """Write down that it was begun, once: it may be that nobody is there to say how it ends."""
        entry = self.entry
        if entry is not None and not entry.is_told:
            entry.is_told = True
            self._records.auditing.write(entry, "begun", {})

    @contextmanager
    def changing(self) -> Iterator[None]:
        """What it changes is changed within."""
        entry, records = self.entry, self._records
        if entry is None:
            yield
            return
        revision = records.revision
        entry.before, entry.after = records.auditing.state(), None
        yield
        self.made()
        if records.revision != revision and self._made is None:
            self._add(entry.line("begun", entry.after or {}))

    def made(self) -> None:
        """What it changes was changed."""
        if self.entry is not None:
            self.entry.after = self._records.auditing.state()
            self._revision = self._records.revision

    def note(self, name: str, before: object, after: object) -> None:
        """Something of it that no other change can touch was one thing, and is another."""
        if self.entry is not None:
            self.entry.notes[name] = before, after

    def promise(self, answer: Answer, status: int) -> None:
        """Answer whoever asked; it goes on."""
        self.tell_begun()
        reply, self._reply = self._reply, None
        if reply is not None:
            reply(status, answer, self._revision or self._records.revision)

    def forget(self) -> None:
        """Whoever asked has left."""
        self._reply = None

    def end(self, answer: Answer, status: int) -> None:
        """It is over."""
        entry = self.entry
        if entry is not None:
            outcome = "done" if status < 400 else "refused" if status < 500 else "failed"
            line = self._records.auditing.write(entry, outcome, answer)
            if self._made is not None:
                self._made.line = line
            elif outcome == "done":
                self._add(line)
        reply, self._reply = self._reply, None
        if reply is not None:
            reply(status, answer, self._revision or self._records.revision)

    def _add(self, line: dict[str, Any]) -> None:
        self._made = Made(self._revision or self._records.revision, line)
        self._records.add(self._made)
