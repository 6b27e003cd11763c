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
        if config.exists():
            return _refused(f"porch: {error}")
        return _refused(f"porch: {config} does not exist; name the file of the door with --config")
    except OSError as error:
        return _refused(f"porch: the door does not answer: {error.strerror or error}")
    reason = answer.pop("error", None)
    for name, value in answer.items():
        for line in value if isinstance(value, list) else [value]:
            print(f"{name:<12} {line}")
            name = ""
    return 0 if reason is None else _refused(str(reason))


def _refused(text: str) -> int:
    print(text, file=sys.stderr)
    return 1
