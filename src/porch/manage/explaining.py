"""The command `explain`: where a request would go now, asked of those who would send it there.

Balancers are the workers' own, so that all of them are asked: where they differ each is told.
"""

import os

from porch.manage.asking import Answers, Asking, Silent
from porch.manage.control.operating import Command, Question
from porch.manage.in_force import InForce
from porch.manage.orders.ordered import ordered
from porch.observe.stamp import utc

__all__ = ["Explaining"]

_NO_WORKER = "porch: no worker has answered; porch status shows them"


class Explaining:
    """Of one door."""

    def __init__(self, asking: Asking, in_force: InForce) -> None:
        self._asking = asking
        self._in_force = in_force

    @property
    def commands(self) -> dict[str, Command]:
        """See Operating."""
        return {"explain": self._explain}

    def _explain(self, question: Question) -> None:
        """words: see explained.explained. The answer: `workers`, what each says; `silent`, who has
        not answered; `orders`, what operators have said; `hash`, of the files that run."""
        words = {
            "method": _text(question.words.get("method")) or "GET",
            "url": _text(question.words.get("url")),
            "headers": _texts(question.words.get("headers")),
            "client": _text(question.words.get("client")) or "192.0.2.1",
            "certificate": _text(question.words.get("certificate")) or None,
        }

        def told(answers: Answers) -> None:
            found = [each for each in answers if isinstance(each, dict)]
            wrong = next((each["error"] for each in found if "error" in each), None)
            if wrong is not None or not found:
                question.reply({"error": f"porch: {wrong}" if found else _NO_WORKER})
                return
            silent = [each.pid for each in answers if isinstance(each, Silent)]
            question.reply(
                {
                    **self._door,
                    "workers": sorted(found, key=lambda each: int(each["pid"])),
                    "silent": silent,
                }
            )

        self._asking.tell("explain", words, told, only=self._asking.waited_for)

    @property
    def _door(self) -> dict[str, object]:
        in_force = self._in_force
        running = in_force.history.running
        return {
            "pid": os.getpid(),
            "hash": running.snapshot.short if running is not None else "",
            "loaded": utc(in_force.loaded_at),
            "refused": in_force.was_refused,
            "orders": ordered(in_force.orders),
        }


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
