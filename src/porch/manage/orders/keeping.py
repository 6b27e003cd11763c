"""Keeping: what operators have ordered, on disk, so that a crash of the door does not undo it.

A folder of the supervisor's own beside the certificates: where workers run as another user, that
one must not be able to drain a pool for good. What cannot be read or written is said, and the door
serves without.
"""

import contextlib
import json
import os
from pathlib import Path

from porch import clock
from porch.config.orders import Orders
from porch.manage.own_folder import make_own_folder, own_folder

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
            with own_folder(self.file.parent) as folder:
                # A pipe is not waited for: the workers' user may be that of the door.
                flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
                with open(os.open(self.file.name, flags, dir_fd=folder), "rb") as file:
                    content = file.read()
        except FileNotFoundError:
            return Orders.none()
        try:
            return Orders.load(json.loads(content), clock.wall(), clock.monotonic())
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f"{self.file} is damaged ({error}); drains, weights and maintenance of before are "
                "forgotten"
            ) from error

    def write(self, orders: Orders) -> None:
        """Keep these in place of what was kept. Raises OSError."""
        if not orders and not self.file.exists():
            return
        make_own_folder(self.file.parent)
        with own_folder(self.file.parent) as folder:
            new = f".{self.file.name}.new"
            with contextlib.suppress(FileNotFoundError):  # of a door that was killed in the middle
                os.unlink(new, dir_fd=folder)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            with open(os.open(new, flags, 0o600, dir_fd=folder), "wb") as file:
                file.write(json.dumps(orders.dump()).encode())
                file.flush()
                os.fsync(file.fileno())
            os.rename(new, self.file.name, src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
