"""Problem: one thing that is wrong with a configuration, where it stands, and the way out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Problem", "render"]

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """file: as the operator named it. line and column: from 1; 0 where there is no place."""

    file: str
    line: int = 0
    column: int = 0
    severity: Severity = "error"
    text: str = ""

    @property
    def place(self) -> str:
        """ "porch.toml:3:52" """
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    @property
    def is_error(self) -> bool:
        """Whether the configuration cannot be used."""
        return self.severity == "error"


def render(problems: Sequence[Problem], *, running: bool = False) -> str:
    """All problems, a line each, and what follows from them.

    running: a door runs with an older configuration and goes on with it.
    """
    width = max((len(each.place) for each in problems), default=0)
    lines = [f"{each.place:<{width}}  {each.severity:<5}  {each.text}" for each in sorted(problems)]
    errors = sum(each.is_error for each in problems)
    if errors:
        count = "1 problem" if errors == 1 else f"{errors} problems"
        kept = ", the running configuration stays" if running else ""
        lines.append(f"{count}; nothing was changed{kept}.")
    return "\n".join(lines)
