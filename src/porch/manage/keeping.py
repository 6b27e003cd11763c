"""Keeping: what operators have ordered, on disk, so that a crash of the door does not undo it.

A folder of the supervisor's own beside the certificates: where workers run as another user, that
one must not be able to drain a pool for good. What cannot be read or written is said, and the door
serves without.
"""

import json
import os
import stat
from pathlib import Path

from porch import clock
from porch.certs.files import make_folder, put
from porch.config.orders import Orders

__all__ = ["Keeping"]

FOLDER = "orders"


class Keeping:
    """folder: of the state. name: of the door among those that share it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.file = folder / FOLDER / f"{name}.json"

    def __repr__(self) -> str:
        return f"<Keeping {self.file}>"

    def read(self) -> Orders:
        """What was ordered before; none if nothing was. Raises OSError or ValueError with a
        sentence."""
        try:
            self._check()
            content = self.file.read_bytes()
        except FileNotFoundError:
            return Orders.none()
        try:
            return Orders.load(json.loads(content), clock.wall())
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f"{self.file} is damaged ({error}); drains, weights and maintenance of before are "
                "forgotten"
            ) from error

    def write(self, orders: Orders) -> None:
        """Keep these in place of what was kept. Raises OSError."""
        if not orders and not self.file.exists():
            return
        make_folder(self.file.parent)
        self._check()
        put(self.file, json.dumps(orders.dump()).encode())

    def _check(self) -> None:
        """Raise OSError if the folder is not ours alone."""
        folder = self.file.parent
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise OSError(f"{folder} is not the door's own; remove it")
