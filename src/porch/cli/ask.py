"""A word to a running door, and what it answers: `porch reload`, `drain` and the others."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from porch.manage.control.client import NotRunning, ask

__all__ = ["answer_of", "ask_door", "show_answer"]


def ask_door(
    config: Path,
    command: str,
    words: Mapping[str, object] | None = None,
    patience: float = 0.0,
) -> int:
    """Ask and print. words, patience: see control.client.ask. Returns 0, or 1 with the reason: it
    was refused, or not all workers have taken it yet."""
    answer = answer_of(config, command, words, patience)
    if answer is None:
        return 1
    for name, value in answer.items():
        for line in value if isinstance(value, list) else [value]:
            print(f"{name:<12} {line}")
            name = ""
    if "pending" in answer:
        print("porch: not all workers have taken it yet, see pending", file=sys.stderr)
        return 1
    return 0


def show_answer(
    config: Path,
    command: str,
    lines: Callable[[dict[str, Any]], Iterable[str]],
    words: Mapping[str, object] | None = None,
    *,
    as_json: bool,
) -> int:
    """Ask and print: what `lines` makes of the answer, or the answer itself for a program. Returns
    0, or 1 with the reason."""
    answer = answer_of(config, command, words)
    if answer is None:
        return 1
    print(json.dumps(answer, indent=2) if as_json else "\n".join(lines(answer)))
    return 0


def answer_of(
    config: Path,
    command: str,
    words: Mapping[str, object] | None = None,
    patience: float = 0.0,
) -> dict[str, object] | None:
    """What the door answers; None where it refuses or does not, with the reason on stderr."""
    try:
        answer = ask(config, command, words, patience=patience)
    except NotRunning as error:
        reason = f"porch: {error}"
        if not config.exists():
            reason = f"porch: {config} does not exist; name the file of the door with --config"
    except OSError as error:
        reason = f"porch: the door does not answer: {error.strerror or error}"
    else:
        if "error" not in answer:
            return answer
        reason = str(answer["error"])
    print(reason, file=sys.stderr)
    return None
