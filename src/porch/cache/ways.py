"""Ways: by which keys the answers of each host are let go of when their URL is changed.

A store outlives a configuration. What was kept by keys that the next one knows nothing of would be
missed by whoever changes its URL meanwhile, and found again when the first is back. So a store is
told the ways of each configuration that comes into force, and what was kept by others is purged.
"""

from hashlib import blake2b

from porch.cache.store import Scope, Ways

__all__ = ["ALL", "MOST", "unattended", "way"]

MOST = 64
"""Hosts that are purged one by one."""
ALL = b"*"
"""Of routes for more than one host."""
_SIZE = 8


def way(*parts: object) -> bytes:
    """One of them. parts: what makes it the same again, by their texts."""
    return blake2b(repr(parts).encode(), digest_size=_SIZE).digest()


def unattended(before: Ways, now: Ways) -> list[tuple[Scope, bytes]]:
    """What is to be purged, since something may have been kept by ways that are none any more."""
    gone = [host for host, ways in before.items() if not _set(ways) <= _set(now.get(host, b""))]
    if ALL in gone or len(gone) > MOST:
        return [("all", b"")]
    return [("host", host) for host in gone]


def _set(ways: bytes) -> set[bytes]:
    return {ways[at : at + _SIZE] for at in range(0, len(ways), _SIZE)}
