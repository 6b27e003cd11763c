"""Tags: the names that an origin gives its answers, to purge them by."""

from operator import itemgetter

from porch.http.message import Field

__all__ = ["LONGEST", "MOST", "tags_of"]

MOST = 1000
"""Tags of one answer."""
LONGEST = 1024
"""Bytes of one."""
_NAMES = frozenset((b"cache-tag", b"surrogate-key", b"xkey"))
_NAME = itemgetter(0)


def tags_of(fields: list[Field]) -> list[bytes] | None:
    """The tags of all Cache-Tag, Surrogate-Key and xkey lines, each once, in order, as written.

    Cache-Tag is parted by commas, Surrogate-Key by white space, xkey by both, as those who made
    them up do it. None where they are more than MOST or one is longer than LONGEST: to keep some
    of them would be to miss a purge later.
    """
    if _NAMES.isdisjoint(map(_NAME, fields)):
        return []
    found: dict[bytes, None] = {}
    for name, value in fields:
        if name == b"cache-tag":
            names = [tag.strip(b" \t") for tag in value.split(b",")]
        elif name == b"surrogate-key":
            names = value.split()
        elif name == b"xkey":
            names = value.replace(b",", b" ").split()
        else:
            continue
        found.update(dict.fromkeys(filter(None, names)))
    if len(found) > MOST or any(len(tag) > LONGEST for tag in found):
        return None
    return list(found)
