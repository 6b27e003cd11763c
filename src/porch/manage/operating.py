"""Operating: one way in for all that a running door is asked, whoever asks and wherever.

A connection of the control socket and an order that came from the observer both call `operate`;
what does it is a command, which is given a Question and answers it, now or later.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from socket import socket
from typing import TYPE_CHECKING

from porch.manage.operation_schema import wrong
from porch.manage.operations import OPERATIONS, Operation

if TYPE_CHECKING:
    from porch.manage.in_force import InForce

__all__ = ["Answer", "Command", "Operating", "Question", "Reply"]

Answer = dict[str, object]
"""What is said, as JSON has it; "error" is a sentence of why nothing was done."""
Reply = Callable[[int, Answer, str], None]
"""Told once: a status of HTTP, the answer, and the revision behind it as an ETag."""

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
    ) -> None:
        """answered: told of the first answer, with its status."""
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


class Operating:
    """Of one door. commands: what does each operation, by its name.

    in_force: None until it serves.
    """

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self.commands = dict(commands)
        self.in_force: InForce | None = None
        self._life = secrets.token_hex(4)

    @property
    def revision(self) -> str:
        """Of what runs and what was ordered, as an ETag: another one behind each change."""
        in_force = self.in_force
        changes, ordered = (0, 0) if in_force is None else (in_force.changes, in_force.ordered)
        return f'"{self._life}-{changes}-{ordered}"'

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
            reply(412, {"error": "porch: what runs has changed meanwhile"}, self.revision)
            return
        question = Question(words, who, partial(self._answered, operation, reply), sock)
        try:
            command(question)
        except Exception:
            question.reply({"error": _FAULT}, 500)
            raise

    def going_on(self, name: str, reply: Reply) -> Question:
        """A question that the version before this one was asked, and has begun to answer."""
        return Question({}, "", partial(self._answered, OPERATIONS[name], reply))

    def _answered(self, operation: Operation, reply: Reply, answer: Answer, status: int) -> None:
        reply(status, answer, self.revision)
