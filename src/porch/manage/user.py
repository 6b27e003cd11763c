"""User: whom the workers run as, where the door itself was started as root.

The supervisor stays root, for it binds ports and reads keys; whatever reads a stranger's bytes
does not. Called in the child right after the fork, before there is a loop, a thread or a client.
"""

import ctypes
import grp
import os
import pwd
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Identity", "confine", "drop", "identity", "obstacle", "unreadable"]

_LARGEST = 2**32 - 2
"""Of numbers of users and groups."""
# prctl(2)
_SET_DUMPABLE = 4
_SET_NO_NEW_PRIVS = 38
# capget(2): the version with 64 capabilities, which are two sets of three 32-bit words
_CAPABILITY_VERSION = 0x20080522
_CAPABILITY_WORDS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """name: as the configuration has it. groups: all of them, `gid` included."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} (uid {self.uid}, gid {self.gid})"


def identity(user: str, group: str | None = None) -> Identity:
    """Who `user` is, with `group` in place of the own one if given.

    Both may be numbers; a number that no user has, as in a container, needs a group too. Looked
    up once, by the supervisor: a name service that hangs must not hang a forked worker. Raises
    ValueError with a sentence.
    """
    found = _user(user)
    if found is None and not user.isdecimal():
        raise ValueError(
            f"no user '{user}' on this machine; make one (useradd --system --user-group {user}), "
            "or name another as user"
        )
    uid = found.pw_uid if found is not None else int(user)
    if uid > _LARGEST:
        raise ValueError(f"no user can have the number {user}; the largest is {_LARGEST}")
    if uid == 0:
        raise ValueError(
            f'user = "{user}" would change nothing; name one with fewer rights, or leave user out'
        )
    if group is not None:
        gid = _group(group)
    elif found is not None:
        gid = found.pw_gid
    else:
        raise ValueError(f"no user has the number {user} here, so its group must be named: group")
    # Without a name the system knows no other groups.
    others = os.getgrouplist(found.pw_name, gid) if found is not None else [gid]
    return Identity(name=user, uid=uid, gid=gid, groups=tuple(sorted({gid, *others})))


def obstacle(wanted: Identity) -> str:
    """Why this process cannot become `wanted`: a sentence for the operator; "" if it can."""
    uid = os.geteuid()
    if uid in (0, wanted.uid):
        return ""
    return (
        f"only root can run workers as {wanted}, and this door runs with uid {uid}; "
        "start it as root, or leave user out"
    )


def drop(wanted: Identity) -> None:
    """Become `wanted`, with no way back. Raises OSError with a sentence; the worker must end.

    The groups go first, for without root they could not; the user goes last. Where the process
    has this uid already, it keeps its groups and gives up the rest.
    """
    refusal = obstacle(wanted)
    if refusal:
        raise PermissionError(refusal)
    try:
        if os.geteuid() == 0:
            os.setgroups(wanted.groups)
            os.setgid(wanted.gid)
            os.setuid(wanted.uid)
        confine()
        if sys.platform == "linux":
            # setuid has set this to fs.suid_dumpable, 0 nearly everywhere: no core file has our
            # keys in it, and others of the same user (PHP, say) cannot trace this process.
            _prctl(_SET_DUMPABLE, 0)
    except OSError as error:
        raise OSError(error.errno, f"cannot become {wanted}: {error.strerror}") from error
    _verify(wanted)


def confine() -> None:
    """Give up what a worker never needs. Raises OSError.

    No new privileges: a program with a setuid bit or file capabilities, started by whoever breaks
    in, gains nothing (PR_SET_NO_NEW_PRIVS, prctl(2); it also holds for all children, for good).
    No capability: one given for ports below 1024 is the supervisor's alone. A worker that is
    root keeps its own: where no user is named, root is what it has to be.
    """
    if sys.platform != "linux":
        return
    _prctl(_SET_NO_NEW_PRIVS, 1)
    if os.geteuid() != 0:
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
        none = (ctypes.c_uint32 * _CAPABILITY_WORDS)()
        # The ambient ones go with the permitted (capabilities(7)).
        _check(_libc().capset(header, none))


def unreadable(files: Sequence[str | Path] = (__file__, os.__file__, ctypes.__file__)) -> str:
    """A sentence if the present user cannot read Porch's code or Python's, "" if it can.

    A door installed under /root starts well as root, and its workers fail at the first module
    that is imported late.
    """
    for file in files:
        if not os.access(file, os.R_OK):
            return (
                f"the workers' user cannot read {file}: what is loaded late will fail; install "
                "Porch and its Python where all may read, /opt/porch for one"
            )
    return ""


def _verify(wanted: Identity) -> None:
    """Trust nothing: a system that says yes and does not would leave root to a stranger."""
    for back, number in ((os.setuid, 0), (os.setgid, 0)):
        if back is os.setgid and wanted.gid == 0:
            continue
        try:
            back(number)
        except PermissionError:
            continue
        raise PermissionError(f"became {wanted}, but could go back to root; nothing is served so")
    users = {os.getuid(), os.geteuid()}
    if users != {wanted.uid}:
        raise PermissionError(f"did not become {wanted}, but {users}")


def _user(text: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(int(text)) if text.isdecimal() else pwd.getpwnam(text)
    except (KeyError, OverflowError):
        return None


def _group(text: str) -> int:
    if text.isdecimal():
        if int(text) > _LARGEST:
            raise ValueError(f"no group can have the number {text}; the largest is {_LARGEST}")
        return int(text)
    try:
        return grp.getgrnam(text).gr_gid
    except KeyError:
        raise ValueError(
            f"no group '{text}' on this machine; make one (groupadd --system {text}), "
            "or name another as group"
        ) from None


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> None:
    # It takes any number of arguments, so that each must be said to be an unsigned long.
    zero = ctypes.c_ulong(0)
    _check(_libc().prctl(option, ctypes.c_ulong(value), zero, zero, zero))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
