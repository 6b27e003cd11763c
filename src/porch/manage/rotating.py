"""Rotating: log files that are moved away when they are long or old enough.

The supervisor alone does it, for all workers write to the same file; behind it they are told to
open it by its name again, and nothing is lost in between.
"""

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

from porch import clock
from porch.config.loaded import Loaded
from porch.config.logs import rotations
from porch.config.schema_log import RotateModel
from porch.observe.addresses import KEY

__all__ = ["PAUSE", "Rotating"]

PAUSE = 60.0
"""Seconds between two files that are moved for their age, whatever the clock does; and until one
that could not be moved is tried again."""


class Rotating:
    """Of one door. warn: tells the operator."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._period: dict[Path, int] = {}
        self._not_before: dict[Path, float] = {}

    def __repr__(self) -> str:
        return f"<Rotating {len(self._period)} files>"

    def look(self, loaded: Loaded) -> bool:
        """Move what is to be moved; whether anything was. A look at each file is 2 us.

        Yesterday's key of hashed addresses is forgotten here too.
        """
        KEY.now()
        wanted = rotations(loaded.config, loaded.base)
        self._period = {path: period for path, period in self._period.items() if path in wanted}
        return any([self._moved(path, rotate) for path, rotate in wanted.items()])

    def _moved(self, path: Path, rotate: RotateModel) -> bool:
        now = clock.monotonic()
        if now < self._not_before.get(path, now):
            return False
        try:
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode) or not found.st_size:
                self._period.pop(path, None)  # its age begins with its first line
                return False
            is_old = self._is_old(path, rotate, found.st_mtime)
            if not is_old and (rotate.size is None or found.st_size < rotate.size):
                return False
            _move(path, rotate.keep)
        except FileNotFoundError:
            return False
        except OSError as error:
            self._not_before[path] = now + PAUSE
            self._warn(
                f"{path}: {error.strerror}; it is not rotated and goes on to grow: the user of "
                "the supervisor needs to write to its folder"
            )
            return False
        self._period.pop(path, None)
        if is_old:
            self._not_before[path] = now + PAUSE
        return True

    def _is_old(self, path: Path, rotate: RotateModel, written: float) -> bool:
        """Whether its lines are of another period than this one: those of before the door was
        started by when it was written last."""
        if rotate.every is None:
            return False
        current = _period(clock.wall(), rotate.every)
        known = self._period.setdefault(path, _period(written, rotate.every))
        return known != current


def _period(at: float, every: float) -> int:
    """Which of the periods that begin at midnight, and then each `every` seconds."""
    return int((at + time.localtime(at).tm_gmtoff) // every)


def _move(path: Path, keep: int) -> None:
    """x to x.1, that one to x.2; what is beyond `keep` goes. Raises OSError."""
    number = keep
    while (last := _numbered(path, number)).exists():
        last.unlink()
        number += 1
    for number in range(keep - 1, 0, -1):
        if (older := _numbered(path, number)).exists():
            os.replace(older, _numbered(path, number + 1))
    os.replace(path, _numbered(path, 1))


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")
