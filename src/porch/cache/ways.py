"""Ways: by which keys the answers of each host are let go of when their URL is changed.

A store outlives a configuration. What was kept by keys that the next one knows nothing of would be
missed by whoever changes its URL meanwhile, and found again when the first is back. So a store is
told the ways of each configuration that comes into force, and what was kept by others is purged.
"""

from hashlib import blake2b

from porch import clock
from porch.cache.store import Scope, Ways

__all__ = ["ALL", "LEAVING", "MOST", "Attended", "unattended", "way"]

MOST = 64
"""Hosts that are purged one by one."""
ALL = b"*"
"""Of routes for more than one host."""
LEAVING = 120.0
"""Seconds in which workers of before an upgrade may still answer from what is kept: what was asked
of them by then, and once more on each connection that was idle."""
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


class Attended:
    """Whether all workers keep by the same ways, which what one lets go of by its own depends on.
    cells: two, zero at first, that the workers of one store share."""

    __slots__ = ("_cells", "_mine")

    def __init__(self, cells: memoryview) -> None:
        self._cells = cells
        self._mine = 0

    def take(self, ways: Ways, *, parts: bool) -> None:
        """They are in force in this worker, the last of all to change them. parts: whether others
        may keep by ways that are none of these."""
        said = repr(sorted(ways.items())).encode()
        self._mine = int.from_bytes(blake2b(said, digest_size=_SIZE).digest()) >> 1 or 1
        last, until = self._cells
        if last != self._mine:
            if last and parts:
                self._cells[1] = max(until, int(clock.uptime() + LEAVING))
            self._cells[0] = self._mine

    def is_alone(self) -> bool:
        """Nobody keeps anything by other ways than this worker."""
        last, until = self._cells
        return last == self._mine and (not until or clock.uptime() >= until)


def _set(ways: bytes) -> set[bytes]:
    return {ways[at : at + _SIZE] for at in range(0, len(ways), _SIZE)}
