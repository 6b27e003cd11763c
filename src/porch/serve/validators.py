"""Validators: what tells one state of a file from another (RFC 9110 8.8)."""

import os
from email.utils import formatdate

from porch import clock
from porch.http.message import Field

__all__ = ["is_dated", "validators"]

_FIRST = -30_610_224_000
_LAST = 253_402_300_799
"""Seconds of the first and the last year that have four digits, as dates of HTTP do."""


def validators(stat: os.stat_result) -> list[Field]:
    """ETag and Last-Modified of a file. The tag has all that changes with the content: an old date
    may be put on new content (`touch -d`, `cp -p`), but when it was put there is the system's own.
    """
    tag = b'"%x-%x-%x-%x"' % (stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_ctime_ns)
    fields = [(b"etag", tag)]
    changed = stat.st_mtime
    if is_dated(changed) and changed <= clock.wall():  # 8.8.2.1: never later than the answer
        fields.append((b"last-modified", formatdate(changed, usegmt=True).encode()))
    return fields


def is_dated(seconds: float) -> bool:
    """Whether a moment that a file system tells can be written as a date."""
    return _FIRST <= seconds <= _LAST
