"""Control: how a command speaks to a running door.

A Unix socket beside nobody's traffic: one line of JSON asks, one answers. Its name follows from
the configuration file's real path, so that two doors on one machine have two. Only the user who
runs the door may open it.
"""

import hashlib
import json
import os
import socket
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

__all__ = ["AlreadyRuns", "Control", "NotRunning", "ask", "socket_path"]

Answer = dict[str, object]

LONGEST = 65536
"""Bytes of a question."""
PATIENCE = 10.0
"""Seconds a command waits for its answer."""
SOCKET_PATH = 107
"""Bytes that the path of a Unix socket may have (unix(7): 108 with the zero at its end)."""


class NotRunning(Exception):
    """No door runs with this configuration file."""


class AlreadyRuns(Exception):
    """Another door runs with this configuration file."""


def socket_path(config: Path) -> Path:
    """Where the door that runs `config` listens for commands.

    In `$XDG_RUNTIME_DIR/porch`, else `/run/porch` as root, else a folder of the user's own under
    the temporary folder, which is made with mode 0700 by `Control.start`.
    """
    name = hashlib.sha256(os.fsencode(config.resolve())).hexdigest()[:16]
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        folder = Path(runtime) / "porch"
    elif os.geteuid() == 0:
        folder = Path("/run/porch")
    else:
        folder = Path(tempfile.gettempdir()) / f"porch-{os.geteuid()}"
    return folder / f"{name}.sock"


class Control:
    """The door's end. commands: word -> what answers it; "status" tells whether it is stopping."""

    def __init__(self, path: Path, commands: dict[str, Callable[[], Answer]]) -> None:
        self._path = path
        self._commands = commands
        self._server: asyncio.Server | None = None
        self._inode = 0

    async def start(self) -> None:
        """Listen.

        Raises AlreadyRuns if another door does, and OSError with a sentence if the socket cannot
        be made, or would stand where others could take its place.
        """
        import asyncio  # the commands, which only ask, are faster without

        folder = self._path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check(self._path)
        folder.chmod(0o700)
        if self._path.exists():
            await asyncio.to_thread(_check_free, self._path)
            self._path.unlink()
        self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=LONGEST)
        self._path.chmod(0o600)
        self._inode = self._path.stat().st_ino

    def close(self) -> None:
        """Listen no more. The socket stays if it is another door's by now."""
        if self._server is None:
            return
        self._server.close()
        try:
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
        except OSError:
            pass  # somebody has removed it already

    async def _serve(self, reader: "asyncio.StreamReader", writer: "asyncio.StreamWriter") -> None:
        try:
            line = await reader.readline()
            answer = self._answer(line)
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError):
            pass  # whoever asked has left, or asked for too much
        finally:
            writer.close()

    def _answer(self, line: bytes) -> Answer:
        try:
            word = json.loads(line)["command"]
            command = self._commands[word]
        except (ValueError, KeyError, TypeError):
            return {"error": "not a command of this door"}
        return command()


def ask(config: Path, command: str) -> Answer:
    """Ask the door that runs `config`. Raises NotRunning, and OSError if it gives no answer."""
    path = socket_path(config)
    try:
        _check(path)
        return _ask(path, command, PATIENCE)
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NotRunning(f"no door runs with {config}; porch run {config} starts one") from error


def _ask(path: Path, command: str, patience: float) -> Answer:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(patience)
        connection.connect(str(path))
        connection.sendall(json.dumps({"command": command}).encode() + b"\n")
        with connection.makefile("rb") as file:
            line = file.readline()
    try:
        return dict(json.loads(line))
    except (ValueError, TypeError):
        raise OSError("it ended before it answered") from None


def _check(path: Path) -> None:
    """Raise OSError unless the socket's folder is the user's own, and no link to another."""
    folder = path.parent
    if len(os.fsencode(path)) > SOCKET_PATH:
        raise OSError(f"{path} is too long for a socket; set XDG_RUNTIME_DIR to a shorter folder")
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise OSError(f"{folder} is no folder; remove it")
    if found.st_uid != os.geteuid():
        raise OSError(f"{folder} belongs to another user; remove it, or set XDG_RUNTIME_DIR")


def _check_free(path: Path) -> None:
    """Raise AlreadyRuns unless the socket was left behind, or its door is about to end."""
    try:
        is_stopping = _ask(path, "status", PATIENCE).get("stopping") is True
    except (FileNotFoundError, ConnectionRefusedError):
        return
    except OSError:
        is_stopping = False
    if not is_stopping:
        raise AlreadyRuns("a door already runs with this file; porch stop ends it")
