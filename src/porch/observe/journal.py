"""Log lines to systemd's journal, by its own protocol: a datagram an entry, with fields.

https://systemd.io/JOURNAL_NATIVE_PROTOCOL: each field a line NAME=value, or, where the value has
line feeds or the like, NAME, its length and the value as it is, so that no value can make another
field. An entry that is too long for a datagram goes as a sealed file in memory.
"""

import fcntl
import json
import os
import re
import socket

from porch.observe.wire import Wire

__all__ = ["PLACE", "journal"]

PLACE = "/run/systemd/journal/socket"

_INFO, _WARNING = b"6", b"4"
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
_NOT_IN_NAMES = re.compile(r"[^A-Z0-9_]")
_LONGEST_NAME = 64
_plain = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*").fullmatch


def journal(place: str = PLACE) -> Wire:
    """To the journal that listens there."""

    def connect() -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            made.connect(place)
        except OSError:
            made.close()
            raise
        return made

    return Wire("journald", connect, _entry, _send_file)


def _entry(line: bytes) -> bytes:
    """The line as MESSAGE and, of one of JSON, each of its keys as a field: PORCH_STATUS."""
    priority = _INFO
    fields = []
    try:
        found = json.loads(line) if line.startswith(b"{") else {}
    except ValueError:
        found = {}
    for key, value in found.items():
        if value is None:
            continue
        text = value if isinstance(value, str) else json.dumps(value)
        fields.append(_field(_name(key), text.encode("utf-8", "backslashreplace")))
    status = found.get("status")
    if isinstance(status, int) and status >= 500:
        priority = _WARNING
    return b"".join(
        (
            _field(b"MESSAGE", line),
            b"PRIORITY=%b\nSYSLOG_IDENTIFIER=porch\n" % priority,
            *fields,
        )
    )


def _name(key: str) -> bytes:
    return ("PORCH_" + _NOT_IN_NAMES.sub("_", key.upper()))[:_LONGEST_NAME].encode()


def _field(name: bytes, value: bytes) -> bytes:
    if _plain(value):
        return b"%b=%b\n" % (name, value)
    return b"%b\n%b%b\n" % (name, len(value).to_bytes(8, "little"), value)


def _send_file(to: socket.socket, entry: bytes) -> None:
    """The entry's descriptor with an empty datagram. Sealed, for the journal takes no file that may
    still change."""
    descriptor = os.memfd_create("porch journal", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(entry)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
        socket.send_fds(to, [b""], [descriptor])
    finally:
        os.close(descriptor)
