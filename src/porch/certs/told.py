"""How those who trust roots are told: by commands that must not ask anybody anything."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from typing import NamedTuple

__all__ = ["Run", "Told", "last_line", "run"]

Run = Callable[[Sequence[str]], tuple[int, str]]
"""Runs a command and returns its exit code and what it wrote. Raises FileNotFoundError."""

PATIENCE = 120
"""Seconds that a command may take."""
SBIN = "/usr/sbin:/sbin:/usr/local/sbin"
"""Where commands are that a user's PATH may not have."""


class Told(NamedTuple):
    """Sentences; one of them is "". done: what is so now. missing: what is not, with the way
    out. Both are "" if there was nothing to do."""

    done: str = ""
    missing: str = ""


def run(command: Sequence[str]) -> tuple[int, str]:
    """Run a command; see Run. The code is 124 if it took too long."""
    path = f"{os.environ.get('PATH', os.defpath)}:{SBIN}"
    found = shutil.which(command[0], path=path)
    if found is None:
        raise FileNotFoundError(command[0])
    try:
        done = subprocess.run(
            [found, *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # certutil would ask for a password on the terminal
            timeout=PATIENCE,
            env=os.environ | {"PATH": path, "LC_ALL": "C"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 124, f"it took longer than {PATIENCE} s"
    return done.returncode, done.stdout.decode(errors="replace")


def last_line(output: str) -> str:
    """What a command said last, which is mostly why it failed."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it did not say why"
