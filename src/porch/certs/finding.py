"""A finding: what one check saw, in a sentence that somebody can act on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "State", "fail", "is_hindered", "ok", "warn"]

State = Literal["ok", "warn", "fail"]
"""ok: as it should be. warn: may be what hinders, or cannot be told from here. fail: an order
would fail, so none should be made."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check saw.

    what: what was looked at, in a word or two ("DNS", "port 80"). sentence: what it found, and
    the way out where one is needed; no full stop.
    """

    what: str
    state: State
    sentence: str


def ok(what: str, sentence: str) -> Finding:
    """All is well with `what`."""
    return Finding(what, "ok", sentence)


def warn(what: str, sentence: str) -> Finding:
    """Something about `what` may hinder."""
    return Finding(what, "warn", sentence)


def fail(what: str, sentence: str) -> Finding:
    """An order would fail for `what`."""
    return Finding(what, "fail", sentence)


def is_hindered(findings: Iterable[Finding]) -> bool:
    """Whether one of them says that an order would fail."""
    return any(each.state == "fail" for each in findings)
