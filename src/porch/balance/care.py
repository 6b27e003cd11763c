"""Care: how the endpoints of a pool are looked after."""

from dataclasses import dataclass, field

from porch.balance.check import Check
from porch.balance.eject import Eject

__all__ = ["Care"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """check: what they are asked now and then; None for nothing. eject: when one is left out for
    how it answers; None for never. slow_start: seconds until one that is new or back has all of its
    weight, 0.0 for at once. panic: while less than this share of the pool is in rotation, who is
    out for a lesser reason is used all the same; 0.0: only when nobody is in."""

    check: Check | None = None
    eject: Eject | None = field(default_factory=Eject)
    slow_start: float = 0.0
    panic: float = 0.0
