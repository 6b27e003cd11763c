"""Control: how a command speaks to a running door.

A Unix socket beside nobody's traffic that speaks HTTP/1.1 and JSON: see operations.py for what can
be asked. Its name follows from the configuration file's real path, so that two doors on one machine
have two. Only the user who runs the door, and root, may open it.
"""

import contextlib
import hashlib
import json
import os
import socket
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from porch import clock
from porch.manage.control.operations import OPERATIONS, Operation

if TYPE_CHECKING:
    from porch.manage.control.operating import Answer

__all__ = [
    "PATIENCE",
    "NotRunning",
    "ask",
    "ask_at",
    "check_folder",
    "second_path",
    "socket_path",
]

_AT_ONCE = 1 << 18
AGAIN = 0.01
"""Seconds between two tries to reach a door that has not taken others yet."""
PATIENCE = 300.0
"""Seconds a command waits for its answer. A reload of many thousand routes takes some."""
SOCKET_PATH = 107
"""Bytes that the path of a Unix socket may have (unix(7): 108 with the zero at its end)."""
LOGINS = Path("/run/user")
"""Where systemd has the $XDG_RUNTIME_DIR of each user who is logged in."""
SYSTEM = Path("/run/porch")
"""Where a system's door has its socket: as root, or as the user who owns this folder."""


class NotRunning(Exception):
    """No door runs with this configuration file."""


def socket_path(config: Path) -> Path:
    """Where the door that runs `config` listens for commands.

    In `$XDG_RUNTIME_DIR/porch`, else `/run/porch` for root and for who owns it, else a folder of
    the user's own under the temporary folder; made with mode 0700 by `Control.open`.
    """
    return _folder() / _name(config)


def second_path(config: Path) -> Path:
    """The same by the name that was written: it still leads to the door when `config` is a link
    that has been set to another file (a release folder, a Kubernetes volume)."""
    return _folder() / _hashed(os.path.abspath(config))


def _name(config: Path) -> str:
    # realpath, unlike Path.resolve, does not mind a name that links to itself.
    return _hashed(os.path.realpath(config))


def _hashed(path: str) -> str:
    return f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}.sock"


def _folder() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / "porch"
    user = os.geteuid()
    if user == 0 or _owner(SYSTEM) == user:
        return SYSTEM
    return Path(tempfile.gettempdir()) / f"porch-{user}"


def _owner(folder: Path) -> int | None:
    try:
        return folder.lstat().st_uid
    except OSError:
        return None


def ask(
    config: Path,
    command: str,
    words: Mapping[str, object] | None = None,
    *,
    patience: float = 0.0,
    users: Iterable[int] = (),
) -> "Answer":
    """Ask the door that runs `config`. Raises NotRunning, and OSError if it gives no answer.

    words: beside the command. patience: seconds; PATIENCE if 0. users: whose door is meant too,
    where root asks.
    """
    folders = [_folder()]
    if os.geteuid() == 0:
        folders.append(SYSTEM)  # a login of root may have XDG_RUNTIME_DIR, systemd's door has not
        for user in users:
            theirs = (LOGINS / str(user) / "porch", Path(tempfile.gettempdir()) / f"porch-{user}")
            folders += [folder for folder in theirs if _owner(folder) == user]
    names = [_name(config), second_path(config).name]
    for path in dict.fromkeys(folder / name for name in names for folder in folders):
        try:
            check_folder(path)
            return ask_at(path, command, words or {}, patience or PATIENCE)
        except (FileNotFoundError, ConnectionRefusedError):
            continue
    raise NotRunning(f"no door runs with {config}; porch run {config} starts one")


def ask_at(path: Path, command: str, words: Mapping[str, object], patience: float) -> "Answer":
    """Ask the door that has this socket. Raises OSError if there is none, or it gives no answer."""
    question = _request(OPERATIONS[command], words)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(patience)
        _connect(connection, path, clock.monotonic() + patience)
        answer = bytearray()
        # A door may answer and close before it was told all.
        with contextlib.suppress(BrokenPipeError):
            connection.sendall(question)
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(_AT_ONCE):
                answer += piece
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    try:
        if not head.startswith(b"HTTP/1.1 "):
            raise ValueError
        return dict(json.loads(body))
    except (ValueError, TypeError):
        raise OSError("the door ended before it answered; porch run starts it") from None


def _request(operation: Operation, words: Mapping[str, object]) -> bytes:
    """In bytes. Without words of a GET that are None: it has no way to say so."""
    if operation.changes:
        body = json.dumps(words).encode()
        fields = f"Host: porch\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        return f"POST {operation.path} HTTP/1.1\r\n{fields}\r\n\r\n".encode() + body
    said = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in words.items()
        if value is not None
    }
    query = f"?{urlencode(said)}" if said else ""
    return f"GET {operation.path}{query} HTTP/1.1\r\nHost: porch\r\n\r\n".encode()


def _connect(connection: socket.socket, path: Path, until: float) -> None:
    """connect(2): a Unix socket whose backlog is full is not waited for by itself."""
    while True:
        try:
            connection.connect(str(path))
            return
        except BlockingIOError:
            if clock.monotonic() >= until:
                raise TimeoutError("timed out") from None
            clock.sleep(AGAIN)


def check_folder(path: Path) -> None:
    """Raise OSError unless the socket's folder is the user's own, and no link to another. Root may
    speak to any user's door."""
    folder = path.parent
    if len(os.fsencode(path)) > SOCKET_PATH:
        raise OSError(f"{path} is too long for a socket; set XDG_RUNTIME_DIR to a shorter folder")
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise OSError(f"{folder} is no folder; remove it")
    if os.geteuid() not in (0, found.st_uid):
        raise OSError(f"{folder} belongs to another user; remove it, or set XDG_RUNTIME_DIR")
