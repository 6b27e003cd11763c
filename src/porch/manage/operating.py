"""Operating: one way in for all that a running door is asked, whoever asks and wherever.

A connection of the control socket and an order that came from the observer both call `operate`;
what does it is a command, which is given a Question and answers it, now or later.
"""

import secrets
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from socket import socket
from typing import TYPE_CHECKING

from porch.manage.operation_schema import wrong
from porch.manage.operations import OPERATIONS

if TYPE_CHECKING:
    from porch.manage.auditing import Auditing, Entry
    from porch.manage.in_force import InForce
    from porch.manage.loop import Loop

__all__ = ["Answer", "ByItself", "Command", "Operating", "Question", "Reply"]

Answer = dict[str, object]
"""What is said, as JSON has it; "error" is a sentence of why nothing was done."""
Reply = Callable[[int, Answer, str], None]
"""Told once: a status of HTTP, the answer, and the revision behind it as an ETag."""

REMEMBERED = 100
"""Changes of which a 412 can tell."""
BEGUN = 0.5
"""Seconds behind which it is written down that a change was begun, if it is not over by then."""
_MEANWHILE = (
    "porch: what runs has changed since this revision, see 'changed'; nothing was done; look again "
    "and ask with the ETag of that"
)
_UNDER_WAY = (
    "porch: a {} is under way, behind which this revision is another; nothing was done; look again "
    "when it is over"
)
_ANEW = ("reload", "rollback", "upgrade")
"""Operations behind which another configuration runs, perhaps a while after they were asked for."""
_UNKNOWN_REVISION = (
    "porch: this revision is of long ago, or of before the door was started; nothing was done; "
    "look again and ask with the ETag of that"
)
_FAULT = "a fault of Porch, see its messages; the door serves on"


class Question:
    """What somebody has asked for. words: those of its operation, checked. who: has asked.

    sock: by which a new version of the door can answer in place of this one; None for none.
    """

    def __init__(
        self,
        words: Mapping[str, object],
        who: str,
        answered: Callable[[Answer, int], None],
        sock: socket | None = None,
        *,
        is_waited_for: bool = True,
    ) -> None:
        """answered: told of the first answer, with its status. is_waited_for: whether somebody
        waits for it; nobody does where a signal has asked, or the door itself."""
        self.is_waited_for = is_waited_for
        self.words = dict(words)
        self.who = who
        self.sock = sock
        self._answered = answered
        self._is_over = False

    def reply(self, answer: Answer, status: int = 0) -> None:
        """Answer, once. status: 0 is 200, or for an error 409: it does not fit what runs."""
        if self._is_over:
            return
        self._is_over = True
        self._answered(answer, status or (409 if "error" in answer else 200))

    @property
    def is_over(self) -> bool:
        """Whether it was answered."""
        return self._is_over


Command = Callable[[Question], None]
"""Does what a word asks for, and answers when it is done."""
ByItself = Callable[[str, str, Mapping[str, object]], Question]
"""See Operating.by_itself."""


class Operating:
    """Of one door. commands: what does each operation, by its name."""

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self.commands = dict(commands)
        self._life = secrets.token_hex(4)
        self._begun: dict[Question, Entry] = {}
        self._changed: deque[tuple[str, Mapping[str, object]]] = deque(maxlen=REMEMBERED)

    def begin(self, loop: "Loop", in_force: "InForce", auditing: "Auditing") -> None:
        """Before anybody may ask."""
        self._loop = loop
        self._in_force = in_force
        self._auditing = auditing
        self.commands["audit"] = auditing.tell

    @property
    def revision(self) -> str:
        """Of what runs and what was ordered, as an ETag: another one behind each change."""
        return f'"{self._life}-{self._in_force.changes}-{self._in_force.ordered}"'

    def operate(
        self,
        name: str,
        words: Mapping[str, object],
        who: str,
        if_match: Sequence[str],
        reply: Reply,
        sock: socket | None = None,
    ) -> None:
        """Have it done. if_match: revisions of which one must be that of now, empty for any.
        sock: see Question. Raises only what is a fault of ours, and then has answered."""
        operation, command = OPERATIONS.get(name), self.commands.get(name)
        if operation is None or command is None:
            reply(404, {"error": "not a command of this door"}, self.revision)
            return
        refused = wrong(operation.takes, words)
        if refused:
            reply(400, {"error": f"porch: {refused}"}, self.revision)
            return
        if if_match and self.revision not in if_match:
            reply(412, self._meanwhile(if_match), self.revision)
            return
        under_way = [
            entry.what
            for each, entry in self._begun.items()
            if entry.what in _ANEW and not each.is_over
        ]
        if if_match and operation.changes and under_way:
            answer: Answer = {"error": _UNDER_WAY.format(under_way[0]), "changed": []}
            reply(412, answer, self.revision)
            return
        entry = self._auditing.begin(name, who, words) if operation.changes else None
        question = Question(words, who, partial(self._answered, entry, reply), sock)
        try:
            command(question)
        except Exception:
            question.reply({"error": _FAULT}, 500)
            raise
        if entry is not None and not question.is_over:
            self._begun = {each: its for each, its in self._begun.items() if not each.is_over}
            self._begun[question] = entry
            self._loop.after(BEGUN, partial(self._tell_begun, question))

    def by_itself(self, name: str, who: str, words: Mapping[str, object] | None = None) -> Question:
        """Of a change for whose answer nobody waits: a signal has asked for it, or the door itself.
        who: in words. It is audited when it is answered."""
        entry = self._auditing.begin(name, who, words or {})
        return Question(words or {}, who, partial(self._answered, entry, None), is_waited_for=False)

    def going_on(
        self, name: str, who: str, before: Mapping[str, object], reply: Reply | None
    ) -> Question:
        """Of one that the version before this one has begun. before: the door then."""
        entry = self._auditing.begin(name, who, {}, before)
        return Question({}, who, partial(self._answered, entry, reply))

    def _answered(
        self, entry: "Entry | None", reply: Reply | None, answer: Answer, status: int
    ) -> None:
        if entry is not None:
            outcome = "done" if status < 400 else "refused" if status < 500 else "failed"
            self._changed.append((self.revision, self._auditing.write(entry, outcome, answer)))
        if reply is not None:
            reply(status, answer, self.revision)

    def tell_begun(self, but: Question) -> None:
        """Write down what is under way: nobody will know how it ends."""
        for question in [*self._begun]:
            if question is not but:
                self._tell_begun(question)

    def _tell_begun(self, question: Question) -> None:
        entry = self._begun.get(question)
        if entry is not None and not question.is_over and not entry.is_told:
            entry.is_told = True
            self._auditing.write(entry, "begun", {})

    def _meanwhile(self, if_match: Sequence[str]) -> Answer:
        """What has changed since any of these revisions."""
        places = [place for place, each in enumerate(self._changed) if each[0] in if_match]
        if not places:
            return {"error": _UNKNOWN_REVISION, "changed": []}
        behind = [*self._changed][places[-1] + 1 :]
        return {"error": _MEANWHILE, "changed": [dict(line) for _, line in behind]}
