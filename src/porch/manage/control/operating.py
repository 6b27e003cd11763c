"""Operating: one way in for all that a running door is asked, whoever asks and wherever.

A connection of the control socket and an order that came from the observer both call `operate`;
what does it is a command, which is given a Question and answers it, now or later.
"""

import secrets
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from socket import socket
from typing import TYPE_CHECKING

from porch.manage.control.case import Answer, Case, Made, Reply
from porch.manage.control.operations import OPERATIONS
from porch.manage.control.refusing import Refusal
from porch.manage.control.schema import wrong

if TYPE_CHECKING:
    from porch.manage.control.auditing import Auditing
    from porch.manage.in_force import InForce
    from porch.manage.loop import Loop

__all__ = ["Answer", "ByItself", "Command", "Leave", "Operating", "Question", "Reply"]

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
    is_left: whoever asked is there no more; what he asked for is done, and nothing is waited for.
    """

    def __init__(
        self,
        words: Mapping[str, object],
        who: str,
        case: Case,
        sock: socket | None = None,
        *,
        is_waited_for: bool = True,
    ) -> None:
        """case: what is said and written down of it. is_waited_for: whether somebody waits for an
        answer; nobody does where a signal has asked, or the door itself."""
        self.is_waited_for = is_waited_for
        self.is_left = False
        self.words = dict(words)
        self.who = who
        self.sock = sock
        self.case = case
        self._is_over = False

    def begin(self) -> bool:
        """Its turn has come, and it takes a while, so that it is written down now that it was
        begun. False where what runs is another revision than it was asked for: that is answered.
        """
        if self._is_over:
            return False
        refused = self.case.refused()
        if refused is not None:
            self.reply(refused, 412)
            return False
        self.case.tell_begun()
        return True

    def changing(self) -> AbstractContextManager[None]:
        """What it changes is changed within, in one piece. See Case."""
        return self.case.changing()

    def note(self, name: str, before: object, after: object) -> None:
        """For the audit: something that is not of what it compares by itself."""
        self.case.note(name, before, after)

    def reply(self, answer: Answer, status: int = 0) -> None:
        """Answer, once. status: 0 is 200, or for an error 409: it does not fit what runs."""
        if self._is_over:
            return
        self._is_over = True
        self.case.end(answer, status or (409 if "error" in answer else 200))

    def promise(self, answer: Answer) -> None:
        """Answer whoever asked, and go on (202, RFC 9110 15.3.3). `reply` ends it all the same."""
        if not self._is_over:
            self.case.promise(answer, 202)

    def leave(self) -> None:
        """Whoever asked is there no more."""
        self.is_left = True
        self.case.forget()

    def drop(self) -> None:
        """Nothing comes of it, for another like it is about to be done."""
        self._is_over = True

    @property
    def is_over(self) -> bool:
        """Whether it was answered."""
        return self._is_over


Command = Callable[[Question], None]
"""Does what a word asks for, and answers when it is done."""
Leave = Callable[[], None]
"""Told that whoever asked has left."""
ByItself = Callable[[str, str, Mapping[str, object]], Question]
"""See Operating.by_itself."""


class Operating:
    """Of one door. commands: what does each operation, by its name."""

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self.commands = dict(commands)
        self._life = secrets.token_hex(4)
        self._open: dict[Question, str] = {}
        self._made: deque[Made] = deque(maxlen=REMEMBERED)

    def begin(self, loop: "Loop", in_force: "InForce", auditing: "Auditing") -> None:
        """Before anybody may ask."""
        self._loop = loop
        self._in_force = in_force
        self.auditing = auditing
        self.commands["audit"] = auditing.tell
        self.add(Made(self.revision, {}))  # behind it all others are

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
    ) -> Leave:
        """Have it done. if_match: revisions of which one must be that of now, empty for any.
        sock: see Question. Returns what is to be called when whoever asked has left before he was
        answered. Raises only what is a fault of ours, and then has answered."""
        operation, command = OPERATIONS.get(name), self.commands.get(name)
        if operation is None or command is None:
            reply(404, {"error": "not a command of this door"}, self.revision)
            return _nothing
        refused = wrong(operation.takes, words)
        if refused:
            reply(400, {"error": f"porch: {refused}"}, self.revision)
            return _nothing
        answer = self.judge(if_match)
        if answer is None and if_match and operation.changes:
            answer = self._is_under_way()
        if answer is not None:
            if operation.changes:
                self.auditing.refusing.note(Refusal(name, who, str(answer["error"]), words))
            reply(412, answer, self.revision)
            return _nothing
        entry = self.auditing.begin(name, who, words) if operation.changes else None
        question = Question(words, who, Case(self, entry, reply, if_match), sock)
        if operation.changes:
            self._watch(name, question)
        try:
            with question.changing():
                command(question)
        except Exception:
            question.reply({"error": _FAULT}, 500)
            raise
        return question.leave

    def by_itself(self, name: str, who: str, words: Mapping[str, object] | None = None) -> Question:
        """Of a change for whose answer nobody waits: a signal has asked for it, or the door itself.
        who: in words. It is audited when it is answered."""
        case = Case(self, self.auditing.begin(name, who, words or {}), None)
        question = Question(words or {}, who, case, is_waited_for=False)
        self._watch(name, question)
        return question

    def going_on(self, name: str, asked: Mapping[str, object], reply: Reply | None) -> Question:
        """Of one that the version before this one has begun. asked: what that has said of it."""
        who = str(asked["who"])
        entry = self.auditing.go_on(name, who, asked)
        return Question({}, who, Case(self, entry, reply))

    def judge(self, if_match: Sequence[str]) -> Answer | None:
        """See Records."""
        if not if_match or self.revision in if_match:
            return None
        places = [place for place, each in enumerate(self._made) if each.revision in if_match]
        if not places:
            return {"error": _UNKNOWN_REVISION, "changed": []}
        behind = [*self._made][places[-1] + 1 :]
        return {"error": _MEANWHILE, "changed": [dict(each.line) for each in behind]}

    def add(self, made: Made) -> None:
        """See Records."""
        self._made.append(made)

    def tell_begun(self, but: Question) -> None:
        """Write down what is under way: nobody will know how it ends."""
        for question in self._open:
            if question is not but and not question.is_over:
                question.case.tell_begun()

    def _watch(self, name: str, question: Question) -> None:
        self._open = {each: its for each, its in self._open.items() if not each.is_over}
        self._open[question] = name
        self._loop.after(BEGUN, partial(self._tell_late, question))

    @staticmethod
    def _tell_late(question: Question) -> None:
        if not question.is_over:
            question.case.tell_begun()

    def _is_under_way(self) -> Answer | None:
        """What is answered while another configuration comes."""
        names = [name for each, name in self._open.items() if name in _ANEW and not each.is_over]
        return {"error": _UNDER_WAY.format(names[0]), "changed": []} if names else None


def _nothing() -> None:
    """It was answered already."""
