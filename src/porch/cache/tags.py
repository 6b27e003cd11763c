"""Tags: the names that an origin gives its answers, to purge them by."""

from operator import itemgetter

from porch.http.message import Field

__all__ = ["LONGEST", "MOST", "TAGS", "tags_of"]

MOST = 1000
"""Tags of one answer."""
LONGEST = 1024
"""Bytes of one."""
TAGS = frozenset((b"cache-tag", b"surrogate-key", b"xkey"))
"""The fields that have them."""
_NAME = itemgetter(0)


def tags_of(fields: list[Field]) -> list[bytes] | None:
    """The tags of all Cache-Tag, Surrogate-Key and xkey lines, each once, in order, as written.

    Those who made the fields up part Cache-Tag by commas, Surrogate-Key by white space, xkey by
    both. Here all are parted by both: a name with a space in it could not be told from two where
    it is purged, and a purge of more is no harm. None where they are more than MOST or one is
    longer than LONGEST: to keep some of them would be to miss a purge later.
    """
    if TAGS.isdisjoint(map(_NAME, fields)):
        return []
    found: dict[bytes, None] = {}
    for name, value in fields:
        if name in TAGS:
            found.update(dict.fromkeys(value.replace(b",", b" ").split()))
    if len(found) > MOST or any(len(tag) > LONGEST for tag in found):
        return None
    return list(found)
