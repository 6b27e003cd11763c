"""Auditing: what is written down of each change of a running door, whoever has made it.

Who, what, when, with which words, and what of the door was another way behind it. A change is made
even where nothing can be written: a full disk must not keep an operator from draining what fails.
It is said then, with the line itself, and counted.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from porch import clock
from porch.manage.control.audit_file import AuditFile, paired
from porch.manage.control.operating import Answer, Question
from porch.manage.control.refusing import Refusal, Refusing
from porch.observe.redact import REDACTED, is_secret, redact_text
from porch.observe.stamp import utc_ms

__all__ = ["Auditing", "Entry"]

LONGEST = 1000
"""Characters of one text in a line."""
MOST = 20
"""Entries of one list in a line; of more, how many there were."""
LONGEST_LINE, LONGEST_REFUSED = 8192, 2048
"""Bytes of a line, and of one by which nothing was changed: whoever may ask for little cannot have
what others did turned out of the files by a few requests. What is longer lacks its words."""
TAIL = 1 << 18
"""Bytes of the file that one answer is taken from."""

State = Mapping[str, object]
"""What a change may change, by its name: plain data."""


class Auditing:
    """Of one door. file: None for a door that no command finds. state: as it is now. warn: tells
    the operator. lost: lines that could not be written. refusing: what came to no command, such as
    by a role that may not; it is written down within bounds."""

    def __init__(
        self, file: AuditFile | None, state: Callable[[], State], warn: Callable[[str], None]
    ) -> None:
        self.lost = 0
        self.state = state
        self.refusing = Refusing(self._write_refused)
        self._file = file
        self._warn = warn

    @property
    def told(self) -> Answer:
        """For status."""
        return {"file": str(self._file.file) if self._file else None, "lost": self.lost}

    def begin(self, what: str, who: str, words: Mapping[str, object]) -> "Entry":
        """A change is about to be made."""
        return Entry(what, who, words, self.state())

    def go_on(self, what: str, who: str, asked: Mapping[str, Any]) -> "Entry":
        """One that the version before this one has begun and written down. asked: `at`, when, and
        `before`, the door then."""
        entry = Entry(what, who, {}, asked["before"])
        entry.is_told = True
        entry.at = asked.get("at", entry.at)
        return entry

    def write(self, entry: "Entry", outcome: str, answer: Answer) -> dict[str, Any]:
        """Write down what came of one. Returns the line."""
        after = entry.after
        if after is None:
            after = {} if outcome == "begun" else self.state()
        line = entry.line(outcome, after)
        if "error" in answer:
            line["error"] = _shown("error", answer["error"])
        if "pending" in answer:
            line["pending"] = answer["pending"]
        size = len(json.dumps(line))
        if size > (LONGEST_LINE if outcome in ("done", "begun") else LONGEST_REFUSED):
            line["words"] = {"left out": f"{size} bytes"}
        if self._file is not None:
            try:
                self._file.append(line)
            except OSError as error:
                self.lost += 1
                why = error.strerror or str(error)
                done = "it was done all the same, and" if outcome == "done" else "this"
                self._warn(f"{self._file.file}: {why}; {done} is in no audit: {json.dumps(line)}")
        return line

    def _write_refused(self, refusal: Refusal, times: int) -> None:
        entry = self.begin(refusal.what, refusal.who, refusal.words)
        entry.at = refusal.at
        entry.times = times
        self.write(entry, "refused", {"error": refusal.error})

    def tell(self, question: Question) -> None:
        """The operation `audit`: the latest lines."""
        most = question.words.get("most", 100)
        try:
            lines = self._file.latest(TAIL) if self._file else []
        except FileNotFoundError:
            lines = []
        except OSError as error:
            question.reply({"error": f"porch: {error.strerror or error}"})
            return
        assert isinstance(most, int)
        question.reply({"entries": paired(lines, most) if most else []})


class Entry:
    """One change. at: when it was asked for, in seconds of the wall clock. before, after: the door
    right before and right behind it; after is None while it is not made. notes: what else was one
    thing and is another, by its name. is_told: whether a line says that it was begun. times: how
    many one line stands for, 0 for itself alone."""

    def __init__(self, what: str, who: str, words: Mapping[str, object], before: State) -> None:
        self.what = what
        self.who = _shown("", who)  # the name in a certificate may be long
        self.before = before
        self.after: State | None = None
        self.notes: dict[str, tuple[object, object]] = {}
        self.is_told = False
        self.times = 0
        self.at = clock.wall()
        self._words = {name: _shown(name, value) for name, value in words.items()}
        self._began = clock.monotonic()

    def line(self, outcome: str, after: State) -> dict[str, Any]:
        """As it is written. after: of the door; empty where it was not made yet."""
        before = self.before
        both = {name: (before.get(name), after[name]) for name in after} | self.notes
        changed = {name: each for name, each in both.items() if each[0] != each[1]}
        times = {"times": self.times} if self.times else {}
        return {
            "at": utc_ms(self.at),
            "what": self.what,
            "who": self.who,
            "words": self._words,
            "before": {name: _less(old, new) for name, (old, new) in changed.items()},
            "after": {name: _less(new, old) for name, (old, new) in changed.items()},
            "outcome": outcome,
            "seconds": round(clock.monotonic() - self._began, 3),
            **times,
        }


def _less(value: object, other: object) -> object:
    """Of a list what the other has not: the rest is as it was."""
    if isinstance(value, list):
        rest = other if isinstance(other, list) else []
        return _shown("", [each for each in value if each not in rest])
    return value


def _shown(name: str, value: object) -> object:
    """Without secrets, and bounded."""
    if is_secret(name.encode("utf-8", "surrogatepass")) and value not in (None, "", False, True):
        return REDACTED.decode()
    if isinstance(value, str):
        text = redact_text(value.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"
    if isinstance(value, list):
        shown = [_shown(name, each) for each in value[:MOST]]
        return [*shown, f"and {len(value) - MOST} more"] if len(value) > MOST else shown
    if isinstance(value, dict):
        return {each: _shown(each, value[each]) for each in [*value][:MOST]}
    return value
