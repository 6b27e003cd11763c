"""`porch status`, `reload` and `stop`: a word to a running door."""

import sys
from pathlib import Path

from porch.manage.control import NotRunning, ask

__all__ = ["ask_door"]


def ask_door(config: Path, command: str) -> int:
    """Ask and print. Returns 0, or 1 with the reason."""
    try:
        answer = ask(config, command)
    except NotRunning as error:
        print(f"porch: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"porch: the door does not answer: {error}", file=sys.stderr)
        return 1
    error_text = answer.pop("error", None)
    for name, value in answer.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        print(f"{name:<12} {shown}")
    if error_text:
        print(error_text, file=sys.stderr)
        return 1
    return 0
