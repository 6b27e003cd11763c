"""Named: which file below a root a path names. Nothing is looked up here.

A path is read as RFC 3986 6.2.2 has it: escapes are decoded once, `//` is one slash, `.` is
nothing. It is one of the readings that the router has matched (route/paths.py), and all of them
led to this route; no other is made here.
"""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from porch.errors import BadRequest
from porch.route.paths import climbs, odd
from porch.serve.file_errors import NoFile

__all__ = ["WELL_KNOWN", "Named", "can_be_asked", "is_hidden", "named"]

WELL_KNOWN = b".well-known"
"""RFC 8615: the one name with a dot before it that is meant for everybody."""
_NEVER = (b"/", b"\\", b"\0")
"""What is in no name: the system's ends of names, and a slash of other systems."""


class Named(NamedTuple):
    """names: of the folders and the file, b"" and b"." not among them. is_folder: whether the path
    ends in a slash, so that no file is meant."""

    names: tuple[bytes, ...]
    is_folder: bool


def named(path: bytes, *, hidden: bool = False) -> Named:
    """What a path names. path: as it came, or as a rewrite made it, without its query.

    hidden: whether names that begin with a dot may be known of. Raises NoFile where no file can
    have such a name, and BadRequest for a path with `..` in any spelling: browsers have resolved
    it before they ask, so nobody means it well.
    """
    if odd(path) is not None and climbs(path):
        raise BadRequest("the path has a .. segment, and could leave the root")
    parts = path.split(b"/")
    if b"%" in path:
        parts = [unquote_to_bytes(each) for each in parts]
        for each in parts:
            if any(mark in each for mark in _NEVER):
                raise NoFile("a slash or zero is encoded in the path")
    elif b"\\" in path:
        raise NoFile("the path has a backslash")
    is_folder = parts[-1] in (b"", b".")
    names = tuple(each for each in parts if each not in (b"", b"."))
    if b".." in names:
        raise BadRequest("the path has a .. segment, and could leave the root")
    if not hidden and is_hidden(names):
        raise NoFile("a name in it begins with a dot; files.hidden = true shows such")
    return Named(names, is_folder)


def is_hidden(names: Sequence[bytes]) -> bool:
    """Whether any of these begins with a dot."""
    return any(each[:1] == b"." and each != WELL_KNOWN for each in names)


def can_be_asked(name: bytes) -> bool:
    """Whether there is a path for a file of this name."""
    return b"\\" not in name
