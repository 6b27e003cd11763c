"""Outcomes: how a question to the origin ended of which nothing is stored, for those who wait for
its answer in other workers: all of them go on at once, none asks in the others' stead.

A table in the file that `passes` is in, one place a name. An outcome that another's has taken the
place of is not heard of: then one of those who wait asks again, dear, not wrong.
"""

import os
import struct
from typing import NamedTuple

from porch import clock, errors
from porch.cache.lost import FillLost, FillNotStored
from porch.cache.passes import SIZE
from porch.errors import PorchError

__all__ = ["PLACES", "Outcome", "Outcomes"]

PLACES = 4096
"""How many outcomes are remembered, at most."""

_PLACE = struct.Struct("<16sdH102s")
_ERRORS: dict[str, type[PorchError]] = {
    **{name: getattr(errors, name) for name in errors.__all__ if name != "METHODS"},
    "FillNotStored": FillNotStored,
}


class Outcome(NamedTuple):
    """status: of the answer; 0 where there was none. word: why it is not stored (Refusal), or the
    name of the error. detail: of the error."""

    status: int
    word: str
    detail: str = ""

    def error(self) -> PorchError:
        """Of one without an answer, as others are told it."""
        return _ERRORS.get(self.word, FillLost)(self.detail)


class Outcomes:
    """descriptor: of a file in memory that all workers have. Names are of up to 16 bytes. Times are
    by the monotonic clock, which all processes of a machine share."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def tell(self, name: bytes, outcome: Outcome) -> None:
        """So it ended just now. Before others may ask, that they do not."""
        text = f"{outcome.word}\n{outcome.detail}".encode("ascii", "replace")[:102]
        place = _PLACE.pack(name, clock.monotonic(), outcome.status, text)
        os.pwrite(self._descriptor, place, _offset(name))

    def tell_error(self, name: bytes, error: PorchError) -> None:
        """There was no answer, or not all of it."""
        self.tell(name, Outcome(0, type(error).__name__, error.detail))

    def told(self, name: bytes, since: float) -> Outcome | None:
        """How it ended, if that was at this time or later: about 1 us."""
        found = os.pread(self._descriptor, _PLACE.size, _offset(name))
        if len(found) < _PLACE.size:
            return None
        kept, ended, status, text = _PLACE.unpack(found)
        if ended < since or kept != name.ljust(16, b"\0"):
            return None
        word, _, detail = text.rstrip(b"\0").decode("ascii", "replace").partition("\n")
        return Outcome(status, word, detail)


def _offset(name: bytes) -> int:
    return SIZE + int.from_bytes(name[-4:], "big") % PLACES * _PLACE.size
