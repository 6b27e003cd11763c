"""Control: how a command speaks to a running door.

A Unix socket beside nobody's traffic that speaks HTTP/1.1 and JSON: see operations.py for what can
be asked. Its name follows from the configuration file's real path, so that two doors on one machine
have two. Only the user who runs the door, and root, may open it.
"""

import contextlib
import functools
import hashlib
import json
import os
import pwd
import socket
import stat
import struct
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from porch import clock
from porch.manage.control_connection import ControlConnection, Operate, encoded
from porch.manage.operating import Answer, Reply
from porch.manage.operations import OPERATIONS, Operation

if TYPE_CHECKING:
    from porch.manage.loop import Loop

__all__ = [
    "PATIENCE",
    "AlreadyRuns",
    "Control",
    "NotRunning",
    "ask",
    "second_path",
    "socket_path",
]

MOST = 64
"""Questions at once."""
BACKLOG = 1024
"""Who asks while the door has other things to do."""
AGAIN = 0.01
"""Seconds between two tries where that is full."""
BUSY = f"porch: {MOST} questions wait for their answers; ask again when one of them has it"
PATIENCE = 300.0
"""Seconds a command waits for its answer. A reload of many thousand routes takes some."""
SHORT_PATIENCE = 5.0
"""Seconds that a starting door gives the one that may run."""
SOCKET_PATH = 107
"""Bytes that the path of a Unix socket may have (unix(7): 108 with the zero at its end)."""
LOGINS = Path("/run/user")
"""Where systemd has the $XDG_RUNTIME_DIR of each user who is logged in."""
SYSTEM = Path("/run/porch")
"""Where a system's door has its socket: as root, or as the user who owns this folder."""


class NotRunning(Exception):
    """No door runs with this configuration file."""


class AlreadyRuns(Exception):
    """Another door runs with this configuration file."""


def socket_path(config: Path) -> Path:
    """Where the door that runs `config` listens for commands.

    In `$XDG_RUNTIME_DIR/porch`, else `/run/porch` for root and for who owns it, else a folder of
    the user's own under the temporary folder; made with mode 0700 by `Control.start`.
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


class Control:
    """The door's end. operate: see Operating; "status" tells whether it is stopping.

    second: another name of the socket, see second_path. replaced: whether a socket was left behind
    by a door that was killed.
    """

    def __init__(self, path: Path, operate: Operate, second: Path | None = None) -> None:
        self.path = path
        self._second = second if second != path else None
        self.replaced = False
        self._operate = operate
        self._server: socket.socket | None = None
        self._inode = 0
        self._loop: Loop | None = None
        self._connections: dict[ControlConnection, None] = {}

    def open(self) -> None:
        """Listen; questions are not answered before `start`.

        Raises AlreadyRuns if another door does, and OSError with a sentence if the socket cannot
        be made, or would stand where others could take its place.
        """
        folder = self.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check(self.path)
        folder.chmod(0o700)
        if self.path.exists():
            _check_free(self.path)
            self.path.unlink()
            self.replaced = True
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            server.bind(str(self.path))
            self.path.chmod(0o600)
            server.listen(BACKLOG)
        except OSError:
            server.close()
            raise
        self._use(server)
        if self._second is not None:
            with contextlib.suppress(OSError):  # a second name is a help, not a need
                self._second.unlink(missing_ok=True)
                self._second.symlink_to(self.path)

    def adopt(self, server: socket.socket) -> None:
        """Listen with a socket that listens already: after an upgrade. Raises as `open` does, for
        somebody may have removed its name, and then another is made."""
        path = Path(server.getsockname())
        if path.is_socket():
            self.path = path
            self._use(server)
        else:
            server.close()
            self.open()

    def _use(self, server: socket.socket) -> None:
        server.setblocking(False)
        self._server = server
        self._inode = self.path.stat().st_ino

    @property
    def server(self) -> socket.socket | None:
        """The listening socket."""
        return self._server

    def start(self, loop: "Loop") -> None:
        """Answer from now on."""
        self._loop = loop
        if self._server is not None:
            loop.on_readable(self._server, self._accept)

    def close(self) -> None:
        """Listen no more. The socket stays if it is another door's by now."""
        if self._server is None:
            return
        try:
            if self.path.stat().st_ino == self._inode:
                self.path.unlink()
                if self._second is not None and self._second.is_symlink():
                    self._second.unlink()
        except OSError:
            pass  # somebody has removed it already
        self.close_in_child()

    def close_in_child(self) -> None:
        """Close what is open, and leave the file alone."""
        for connection in self._connections:
            connection.sock.close()
        if self._server is not None:
            self._server.close()
            self._server = None

    def _accept(self) -> None:
        assert self._server is not None
        assert self._loop is not None
        try:
            sock, _ = self._server.accept()
        except OSError:
            return
        sock.setblocking(False)
        pid, user = _peer(sock)
        if user not in (0, os.geteuid()):
            sock.close()
        elif not self._has_room():
            with contextlib.suppress(OSError):
                sock.send(b"".join(encoded(503, {"error": BUSY}, "")))
            sock.close()
        else:
            self._add(sock, f"{_name_of(user)}, process {pid}")

    def _has_room(self) -> bool:
        """For one more; who has been silent for longest makes room."""
        if len(self._connections) < MOST:
            return True
        silent = next((each for each in self._connections if not each.is_asked), None)
        if silent is not None:
            silent.end()
        return silent is not None

    def _add(self, sock: socket.socket, who: str) -> ControlConnection:
        assert self._loop is not None
        connection = ControlConnection(sock, who, self._operate, self._loop, self._forget)
        self._connections[connection] = None
        return connection

    def _forget(self, connection: ControlConnection) -> None:
        self._connections.pop(connection, None)

    def adopt_question(self, sock: socket.socket) -> Reply:
        """One that was asked before an upgrade and is still to be answered; who answers it."""
        connection = self._add(sock, "")
        connection.await_answer()
        return connection.reply


def ask(
    config: Path,
    command: str,
    words: Mapping[str, object] | None = None,
    *,
    patience: float = 0.0,
    users: Iterable[int] = (),
) -> Answer:
    """Ask the door that runs `config`. Raises NotRunning, and OSError if it gives no answer.

    words: beside the command. patience: seconds; PATIENCE if 0. users: whose door is meant too,
    where root asks.
    """
    question = _request(OPERATIONS[command], words or {})
    folders = [_folder()]
    if os.geteuid() == 0:
        folders.append(SYSTEM)  # a login of root may have XDG_RUNTIME_DIR, systemd's door has not
        for user in users:
            theirs = (LOGINS / str(user) / "porch", Path(tempfile.gettempdir()) / f"porch-{user}")
            folders += [folder for folder in theirs if _owner(folder) == user]
    names = [_name(config), second_path(config).name]
    for path in dict.fromkeys(folder / name for name in names for folder in folders):
        try:
            _check(path)
            return _ask(path, question, patience or PATIENCE)
        except (FileNotFoundError, ConnectionRefusedError):
            continue
    raise NotRunning(f"no door runs with {config}; porch run {config} starts one")


def _request(operation: Operation, words: Mapping[str, object]) -> bytes:
    """In bytes. Without words of a GET that are None: it has no way to say so."""
    if operation.changes:
        body = json.dumps(words).encode()
        more = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        return b"POST %b HTTP/1.1\r\nHost: porch\r\n%b\r\n%b" % (
            operation.path.encode(),
            more,
            body,
        )
    said = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in words.items()
        if value is not None
    }
    query = f"?{urlencode(said)}" if said else ""
    return f"GET {operation.path}{query} HTTP/1.1\r\nHost: porch\r\n\r\n".encode()


def _ask(path: Path, question: bytes, patience: float) -> Answer:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(patience)
        _connect(connection, path, clock.monotonic() + patience)
        with contextlib.suppress(BrokenPipeError):  # it has answered before it was told all
            connection.sendall(question)
        with connection.makefile("rb") as file:
            answer = file.read()
    head, _, body = answer.partition(b"\r\n\r\n")
    try:
        if not head.startswith(b"HTTP/1.1 "):
            raise ValueError
        return dict(json.loads(body))
    except (ValueError, TypeError):
        raise OSError("the door ended before it answered; porch run starts it") from None


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


def _peer(sock: socket.socket) -> tuple[int, int]:
    """The process and the user at the other end (unix(7), SO_PEERCRED); 0 and ours where the system
    does not tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return 0, os.geteuid()
    found = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, user, _ = struct.unpack("3i", found)
    return pid, user


@functools.cache
def _name_of(user: int) -> str:
    """Asked once: a directory of users may be far away, or gone."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def _check(path: Path) -> None:
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


def _check_free(path: Path) -> None:
    """Raise AlreadyRuns unless the socket was left behind, or its door is about to end."""
    try:
        is_stopping = (
            _ask(path, _request(OPERATIONS["status"], {}), SHORT_PATIENCE).get("stopping") is True
        )
    except (FileNotFoundError, ConnectionRefusedError):
        return
    except OSError:
        is_stopping = False
    if not is_stopping:
        raise AlreadyRuns("a door already runs with this file; porch stop ends it")
