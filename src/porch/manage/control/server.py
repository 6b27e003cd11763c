"""The door's end of the control socket: who may ask, how many at once, and who that is."""

import contextlib
import functools
import os
import pwd
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from porch.manage.control.client import ask_at, check_folder
from porch.manage.control.connection import ControlConnection, Operate, encoded
from porch.manage.control.operating import Reply
from porch.manage.loop import Loop

__all__ = ["AlreadyRuns", "Control", "started_by"]

MOST = 64
"""Questions at once."""
BACKLOG = 1024
"""Who asks while the door has other things to do."""
BUSY = f"porch: {MOST} questions wait for their answers; ask again when one of them has it"
SHORT_PATIENCE = 5.0
"""Seconds that a starting door gives the one that may run."""
RETRY = 1.0
"""Seconds until it is looked again whether there are descriptors for who asks."""
NO_LOGIN = (1 << 32) - 1
"""What loginuid is for whom nobody has logged in."""


class AlreadyRuns(Exception):
    """Another door runs with this configuration file."""


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
        self._warn: Callable[[str], None] = lambda text: None
        self._is_short = False
        self._connections: dict[ControlConnection, None] = {}

    def open(self) -> None:
        """Listen; questions are not answered before `start`.

        Raises AlreadyRuns if another door does, and OSError with a sentence if the socket cannot
        be made, or would stand where others could take its place.
        """
        folder = self.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_folder(self.path)
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

    def start(self, loop: Loop, warn: Callable[[str], None]) -> None:
        """Answer from now on. warn: tells the operator what keeps us from it, once."""
        self._loop = loop
        self._warn = warn
        self._listen()

    def _listen(self) -> None:
        if self._server is not None and self._loop is not None:
            self._loop.on_readable(self._server, self._accept)

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
        except (BlockingIOError, ConnectionAbortedError):
            return  # whoever came has left
        except OSError as error:
            self._wait(error)
            return
        self._is_short = False
        sock.setblocking(False)
        pid, user = _peer(sock)
        if user not in (0, os.geteuid()):
            sock.close()
        elif not self._has_room():
            with contextlib.suppress(OSError):
                sock.send(b"".join(encoded(503, {"error": BUSY}, "")))
            sock.close()
        else:
            self._add(sock, who_is(user, pid))

    def _wait(self, error: OSError) -> None:
        """Whoever asks waits in the backlog: the loop would call again at once, and again."""
        assert self._server is not None
        assert self._loop is not None
        if not self._is_short:
            self._is_short = True
            self._warn(
                f"commands wait: {error.strerror or error}; a higher limit of open files"
                " (ulimit -n, LimitNOFILE, fs.file-max) lets them in"
            )
        self._loop.forget(self._server)
        self._loop.after(RETRY, self._listen)

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


def _peer(sock: socket.socket) -> tuple[int, int]:
    """The process and the user at the other end (unix(7), SO_PEERCRED); 0 and ours where the system
    does not tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return 0, os.geteuid()
    found = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, user, _ = struct.unpack("3i", found)
    return pid, user


def who_is(user: int, pid: int) -> str:
    """In words for the audit. Who has become root by sudo is told by the number of the login
    (proc(5), loginuid), which stays what it was."""
    login = ""
    with contextlib.suppress(OSError, ValueError):
        found = int(Path(f"/proc/{pid}/loginuid").read_text())
        if found not in (NO_LOGIN, user):
            login = f", login of user {found}"
    return f"{_name_of(user)}, process {pid}{login}"


def started_by() -> str:
    """Who runs this process."""
    return who_is(os.geteuid(), os.getpid())


@functools.cache
def _name_of(user: int) -> str:
    """Asked once: a directory of users may be far away, or gone."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def _check_free(path: Path) -> None:
    """Raise AlreadyRuns unless the socket was left behind, or its door is about to end."""
    try:
        answer = ask_at(path, "status", {}, SHORT_PATIENCE)
        is_stopping = answer.get("stopping") is True
    except (FileNotFoundError, ConnectionRefusedError):
        return
    except OSError:
        is_stopping = False
    if not is_stopping:
        raise AlreadyRuns("a door already runs with this file; porch stop ends it")
