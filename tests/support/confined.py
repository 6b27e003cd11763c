"""Runs a command as a systemd unit would confine it, where there is no systemd to do it.

    python -m tests.support.confined UNIT COMMAND...

Only what the kernel checks at each call: the filter of system calls (by libseccomp, which systemd
uses too), address families, MemoryDenyWriteExecute, capabilities, no new privileges. Not the
unit's user, nor its view of the file system. Linux, and `systemd-analyze` for the names of calls.
"""

import ctypes
import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM
_EQUAL = 4
_PR_SET_NO_NEW_PRIVS, _PR_SET_KEEPCAPS, _PR_CAPBSET_DROP = 38, 8, 24
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _PR_SET_MDWE = 47, 2, 65
_CAP_NET_BIND_SERVICE = 10


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("how", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def values(unit: Path, name: str) -> list[str]:
    """What the unit says to `name`, in order."""
    lines = unit.read_text(encoding="utf-8").splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{name}=")]


def calls(unit: Path) -> set[str]:
    """The system calls that the unit allows; @default is always (systemd.exec(5))."""
    allowed = _expand("@default")
    for value in values(unit, "SystemCallFilter"):
        named = set().union(*(_expand(each) for each in value.removeprefix("~").split()))
        allowed = allowed - named if value.startswith("~") else allowed | named
    return allowed


def _expand(name: str) -> set[str]:
    if not name.startswith("@"):
        return {name}
    ran = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager", name],
        capture_output=True,
        text=True,
        check=True,
    )
    inside = [line.strip() for line in ran.stdout.splitlines() if line.startswith("    ")]
    names = [line for line in inside if line and not line.startswith("#")]
    return set().union(*(_expand(each) for each in names))


def _confine(unit: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    allowed = calls(unit)
    if os.geteuid() == 0:
        _keep_one_capability(libc)
    _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    if values(unit, "MemoryDenyWriteExecute") == ["yes"]:
        result = libc.prctl(_PR_SET_MDWE, 1, 0, 0, 0)
        if result and ctypes.get_errno() != errno.EINVAL:  # Linux before 6.3 does not know it
            _check(result)
    families = [
        getattr(socket, each) for each in values(unit, "RestrictAddressFamilies")[0].split()
    ]
    _filter(allowed, families)


def _keep_one_capability(libc: ctypes.CDLL) -> None:
    for number in range(64):
        if number != _CAP_NET_BIND_SERVICE:
            libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)  # fails for those that do not exist
    only = 1 << _CAP_NET_BIND_SERVICE
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _check(libc.capset(header, (ctypes.c_uint32 * 6)(only, only, only, 0, 0, 0)))
    _check(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_NET_BIND_SERVICE, 0, 0))


def _filter(allowed: set[str], families: list[int]) -> None:
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_REFUSE)))
    for name in sorted(allowed):
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            continue  # of another architecture
        if name != "socket":
            _check(-library.seccomp_rule_add_array(rules, ctypes.c_uint32(_ALLOW), number, 0, None))
            continue
        for family in families:
            is_it = ctypes.byref(_Comparison(0, _EQUAL, family, 0))
            add = library.seccomp_rule_add_array
            _check(-add(rules, ctypes.c_uint32(_ALLOW), number, 1, is_it))
    _check(-library.seccomp_load(rules))


def _check(result: int) -> None:
    if result != 0:
        number = result if result > 0 else ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    _confine(Path(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
