"""The Cache-Status field (RFC 9211): what this cache did with a request, for who looks at it."""

from dataclasses import dataclass
from math import floor
from operator import itemgetter

from porch.cache.structured import is_list
from porch.http.fields import quoted
from porch.http.message import Field

__all__ = ["CacheStatus", "appended"]

NAME = b"cache-status"
_NAME = itemgetter(0)
FARTHEST = 999_999_999_999_999
"""The largest integer of a structured field (RFC 8941 3.3.1)."""


@dataclass(slots=True, kw_only=True)
class CacheStatus:
    """One cache's part in an answer.

    hit: the answer came from the store, without the origin (2.1).
    fwd: why the request went on: "bypass", "method", "uri-miss", "vary-miss", "miss", "request",
    "stale", "partial"; "" where it did not (2.2).
    fwd_status: what the origin answered, where that is not the status of this answer (2.3).
    ttl: seconds for which the answer stays fresh, negative for a stale one; None where nobody
    knows (2.4). stored: whether the origin's answer was kept (2.5). collapsed: whether another's
    request was waited for (2.6). detail: a word for anything more (2.8). What it is kept by (2.7)
    is for nobody outside: `porch explain` says it.
    """

    hit: bool = False
    fwd: str = ""
    fwd_status: int = 0
    ttl: float | None = None
    stored: bool = False
    collapsed: bool = False
    detail: bytes = b""

    def __bytes__(self) -> bytes:
        """The member of the list: b"Porch; hit; ttl=30"."""
        said = b"Porch"
        if self.hit:
            said += b"; hit"
        elif self.fwd:
            said += b"; fwd=%b" % self.fwd.encode()
            if self.fwd_status:
                said += b"; fwd-status=%d" % self.fwd_status
        if self.ttl is not None:
            said += b"; ttl=%d" % floor(max(-FARTHEST, min(self.ttl, FARTHEST)))
        if self.stored:
            said += b"; stored"
        if self.collapsed:
            said += b"; collapsed"
        if self.detail:
            said += b"; detail=" + quoted(self.detail)
        return said


def appended(fields: list[Field], status: CacheStatus) -> list[Field]:
    """`fields` with `status` behind what other caches said: the one nearest to the origin stands
    first (RFC 9211 2). All in one line, for many who read the field read the first line alone.
    What is no list is left out: nobody could read what stands behind it (RFC 9651 4.2)."""
    if NAME not in map(_NAME, fields):
        return [*fields, (NAME, bytes(status))]
    said = [value for name, value in fields if name == NAME and is_list(value)]
    kept = [field for field in fields if field[0] != NAME]
    kept.append((NAME, b", ".join((*said, bytes(status)))))
    return kept
