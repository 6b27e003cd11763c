"""Control: how a command speaks to a running door.

A Unix socket beside nobody's traffic: one line of JSON asks, one answers. Its name follows from
the configuration file's real path, so that two doors on one machine have two. Only the user who
runs the door may open it.
"""

import asyncio
import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

__all__ = ["Control", "NotRunning", "ask", "socket_path"]

Answer = dict[str, object]

LONGEST = 65536
"""Bytes of a question."""
PATIENCE = 10.0
"""Seconds a command waits for its answer."""


class NotRunning(Exception):
    """No door runs with this configuration file."""


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
    """The door's end. commands: word -> what answers it."""

    def __init__(self, path: Path, commands: dict[str, Callable[[], Answer]]) -> None:
        self._path = path
        self._commands = commands
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises OSError if the folder is not ours or another door runs already."""
        folder = self._path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat()
        if owner.st_uid != os.geteuid():
            raise OSError(f"{folder} belongs to another user; remove it")
        folder.chmod(0o700)
        if self._path.exists():
            if _answers(self._path):
                raise OSError("a door already runs with this file; porch stop ends it")
            self._path.unlink()
        self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=LONGEST)
        self._path.chmod(0o600)

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
    """Ask the door that runs `config`. Raises NotRunning."""
    path = socket_path(config)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        try:
            connection.connect(str(path))
            connection.sendall(json.dumps({"command": command}).encode() + b"\n")
            answer = connection.makefile("rb").readline()
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunning(
                f"no door runs with {config}; porch run {config} starts one"
            ) from error
    decoded = json.loads(answer or b'{"error": "the door ended before it answered"}')
    return dict(decoded)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
