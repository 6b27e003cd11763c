"""What a door is to a command whose effect lasts a while: its loop, workers, and who else asks."""

from contextlib import nullcontext
from typing import Any

__all__ = ["FakeAsking", "FakeLoop", "asked", "itself"]


class FakeTimer:
    """See manage/loop.py."""

    def __init__(self, seconds: float, work: Any) -> None:
        self.seconds, self.work, self.is_cancelled = seconds, work, False

    def cancel(self) -> None:
        self.is_cancelled = True


class FakeLoop:
    """timers: all that were ever begun."""

    def __init__(self) -> None:
        self.timers: list[FakeTimer] = []

    def after(self, seconds: float, work: Any) -> FakeTimer:
        self.timers.append(FakeTimer(seconds, work))
        return self.timers[-1]


class FakeAsking:
    """All workers obey at once. told: [(word, data), ...]."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def tell(self, word: str, data: Any, then: Any) -> None:
        self.told.append((word, data))
        then([])


def asked(command: Any, **words: object) -> Any:
    """What `command` answers ann."""
    answers: list[Any] = []
    question: Any = type("Question", (), {"words": words, "who": "ann"})()
    question.reply = lambda answer, _=0: answers.append(answer)
    command(question)
    (answer,) = answers
    return answer


def itself(noted: list[tuple[str, str]]) -> Any:
    """In place of Operating.by_itself: what the door does so is noted, and answered to nobody."""

    def by_itself(name: str, who: str, words: object = None) -> Any:
        noted.append((name, who))
        question: Any = type("Question", (), {"words": words, "who": who})()
        question.changing = nullcontext
        question.reply = lambda answer, _=0: None
        return question

    return by_itself
