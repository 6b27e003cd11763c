"""Control: how a command speaks to a running door.

A Unix socket beside nobody's traffic: one line of JSON asks, one answers. Its name follows from
the configuration file's real path, so that two doors on one machine have two. Only the user who
runs the door, and root, may open it.
"""

import contextlib
import hashlib
import json
import os
import socket
import stat
import struct
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from porch.manage.loop import Loop

__all__ = [
    "AlreadyRuns",
    "Answer",
    "Control",
    "NotRunning",
    "Question",
    "ask",
    "second_path",
    "socket_path",
]

Answer = dict[str, object]
Command = Callable[["Question"], None]
"""Does what a word asks for, and answers when it is done."""

LONGEST = 65536
"""Bytes of a question."""
MOST = 64
"""Questions at once."""
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
    """The door's end. commands: word -> what does it; "status" tells whether it is stopping.

    second: another name of the socket, see second_path. replaced: whether a socket was left behind
    by a door that was killed.
    """

    def __init__(
        self, path: Path, commands: Mapping[str, Command], second: Path | None = None
    ) -> None:
        self.path = path
        self._second = second if second != path else None
        self.replaced = False
        self._commands = commands
        self._server: socket.socket | None = None
        self._inode = 0
        self._loop: Loop | None = None
        self._questions: dict[Question, None] = {}

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
            server.listen(MOST)
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
        for question in self._questions:
            question.sock.close()
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
        if _peer(sock) not in (0, os.geteuid()) or not self._has_room():
            sock.close()
            return
        self._add(Question(sock, self._commands, self._loop, self._forget))

    def _has_room(self) -> bool:
        """For one more; who has been silent for longest makes room."""
        if len(self._questions) < MOST:
            return True
        silent = next((each for each in self._questions if not each.is_asked), None)
        if silent is not None:
            silent.end()
        return silent is not None

    def _add(self, question: "Question") -> "Question":
        self._questions[question] = None
        return question

    def _forget(self, question: "Question") -> None:
        self._questions.pop(question, None)

    def adopt_question(self, sock: socket.socket) -> "Question":
        """One that was asked before an upgrade and is still to be answered."""
        assert self._loop is not None
        return self._add(Question(sock, {}, self._loop, self._forget))


class Question:
    """One question. sock: whoever asked is at its other end. is_asked: the whole of it is here."""

    def __init__(
        self,
        sock: socket.socket,
        commands: Mapping[str, Command],
        loop: "Loop",
        on_end: "Callable[[Question], None]",
    ) -> None:
        self.sock = sock
        self._commands = commands
        self._loop = loop
        self._on_end = on_end
        self._line = b""
        self._out = b""
        self._ended = self.is_asked = False
        loop.on_readable(sock, self._read)

    def _read(self) -> None:
        try:
            data = self.sock.recv(LONGEST)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data or len(self._line) > LONGEST:
            self.end()
            return
        self._line += data
        if b"\n" in self._line and not self.is_asked:
            self.is_asked = True
            self._run()

    def _run(self) -> None:
        try:
            question = json.loads(self._line)
            command = self._commands[question["command"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            self.reply({"error": "not a command of this door"})
            return
        try:
            command(self)
        except Exception:
            self.reply({"error": "a fault of Porch, see its messages; the door serves on"})
            raise

    def reply(self, answer: Answer) -> None:
        """Answer, once."""
        if self._ended:
            return  # whoever asked has left
        self._out = json.dumps(answer).encode() + b"\n"
        self._write()

    def _write(self) -> None:
        try:
            sent = self.sock.send(self._out)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.end()
            return
        self._out = self._out[sent:]
        if self._out:
            self._loop.on_writable(self.sock, self._write)
        else:
            self.end()

    def end(self) -> None:
        """Close it."""
        if not self._ended:
            self._ended = True
            self._loop.forget(self.sock)
            self.sock.close()
            self._on_end(self)


def ask(config: Path, command: str, users: Iterable[int] = ()) -> Answer:
    """Ask the door that runs `config`. Raises NotRunning, and OSError if it gives no answer.

    users: whose door is meant too, where root asks.
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
            _check(path)
            return _ask(path, command, PATIENCE)
        except (FileNotFoundError, ConnectionRefusedError):
            continue
    raise NotRunning(f"no door runs with {config}; porch run {config} starts one")


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
        raise OSError("the door ended before it answered; porch run starts it") from None


def _peer(sock: socket.socket) -> int:
    """The user at the other end (unix(7), SO_PEERCRED); ours where the system does not tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return os.geteuid()
    found = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", found)[1])


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
        is_stopping = _ask(path, "status", SHORT_PATIENCE).get("stopping") is True
    except (FileNotFoundError, ConnectionRefusedError):
        return
    except OSError:
        is_stopping = False
    if not is_stopping:
        raise AlreadyRuns("a door already runs with this file; porch stop ends it")
