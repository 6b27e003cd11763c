"""nghttpd: the server of libnghttp2, with files of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.support.ports import free_port

__all__ = ["BIG", "Nghttpd"]

BIG = 20_000_000
PATIENCE = 15.0


class Nghttpd:
    """A running one. more: its words, the last two behind the port. folder: of what it serves, as
    `small` and `big`. said: what it says, where that is kept; with -v all that it hears."""

    def __init__(self, folder: Path, *more: str, said: str = os.devnull) -> None:
        self.port = free_port()
        (folder / "small").write_bytes(b"small")
        with (folder / "big").open("wb") as file:
            file.write(os.urandom(BIG))
        self.folder = folder
        words = ["nghttpd", "-a", "127.0.0.1", "-d", str(folder), *more[:-2], str(self.port)]
        self.said = folder / said
        with self.said.open("wb") as output:
            self.process = subprocess.Popen(
                [*words, *more[-2:]], stdout=output, stderr=subprocess.DEVNULL
            )
        until = time.monotonic() + PATIENCE
        while True:
            assert self.process.poll() is None, "nghttpd ended at once"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            assert time.monotonic() < until
            time.sleep(0.02)

    def stop(self) -> None:
        """End it, even if it hangs."""
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait(PATIENCE)
