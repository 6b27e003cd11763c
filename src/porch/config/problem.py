"""Problem: one thing that is wrong with a configuration, where it stands, and the way out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Problem", "render"]

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """file: as the operator named it. line and column: from 1; 0 where there is no place."""

    file: str
    line: int = 0
    column: int = 0
    severity: Severity = "error"
    text: str

    @property
    def place(self) -> str:
        """Where it stands, as editors and terminals know it: "porch.toml:3:52"."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    @property
    def is_error(self) -> bool:
        """Whether the configuration cannot be used."""
        return self.severity == "error"


def render(problems: Sequence[Problem], *, running: bool = False) -> str:
    """All problems in the order given, a line each, and what follows from them.

    running: a door runs with an older configuration and goes on with it.
    """
    places = [_printable(each.place) for each in problems]
    wide = max(map(len, places), default=0)
    mark = max((len(each.severity) for each in problems), default=0)
    lines = [
        f"{place:<{wide}}  {each.severity:<{mark}}  {_printable(each.text)}"
        for place, each in zip(places, problems, strict=True)
    ]
    errors = sum(each.is_error for each in problems)
    if errors:
        count = _count(errors, "problem")
        if errors < len(problems):
            count += f" and {_count(len(problems) - errors, 'warning')}"
        kept = ", the running configuration stays" if running else ""
        lines.append(f"{count}; nothing was changed{kept}.")
    return "\n".join(lines)


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def _printable(text: str) -> str:
    """A problem stays on its line, and what a file says cannot steer a terminal."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
