"""Targeted cache control (RFC 9213): what an origin says to the caches near it, and not to all.

`Porch-Cache-Control` is for this door alone, `CDN-Cache-Control` for every cache that stands for
the origin. The first of them that is there and valid is in force, and Cache-Control and Expires
are then not looked at. One that is empty, no dictionary, or gives a directive what it does not
take (`max-age="60"`, `max-age=1.5`) is as if it were not there.
"""

from porch.cache.directives import Directives, cache_control
from porch.cache.structured import Text, Token, Value, dictionary
from porch.http.message import Field

__all__ = ["TARGETS", "in_force"]

TARGETS = (b"porch-cache-control", b"cdn-cache-control")
"""The target list (RFC 9213 2.2), the first first."""

_SECONDS = (b"max-age", b"s-maxage", b"stale-while-revalidate", b"stale-if-error")


def in_force(fields: list[Field]) -> tuple[Directives, str]:
    """The directives of an answer that count here, and the field that says them: one of TARGETS
    or "cache-control"."""
    there = dict(fields)
    for target in TARGETS:
        if target in there:
            lines = [value for name, value in fields if name == target]
            directives = _directives(b",".join(lines))
            if directives is not None:
                return directives, target.decode()
    return cache_control(fields), "cache-control"


def _directives(value: bytes) -> Directives | None:
    members = dictionary(value)
    if not members:
        return None
    said: dict[bytes, list[bytes | None]] = {}
    for name, member in members.items():
        if name in _SECONDS and (isinstance(member, bool) or not isinstance(member, int)):
            return None
        if member is not False:  # `no-store=?0` says that it is not said
            said[name] = [_argument(member)]
    return Directives(said)


def _argument(member: Value) -> bytes | None:
    """As Cache-Control would have it; None for none, and for what no directive takes."""
    if isinstance(member, Text):
        return b'"' + member.text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    if isinstance(member, Token):
        return member.text
    if isinstance(member, int) and not isinstance(member, bool):
        return b"%d" % member
    return None
