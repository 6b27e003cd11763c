"""Whether a sample is a fair one."""

from collections.abc import Sequence

__all__ = ["is_fair"]

_EXCEEDED = {1: 10.83, 2: 13.82, 3: 16.27, 4: 18.47, 5: 20.52, 9: 27.88, 19: 43.82}
"""Degrees of freedom -> the chi-square that a fair sample exceeds once in a thousand."""


def is_fair(found: Sequence[int], shares: Sequence[float]) -> bool:
    """Whether counts `found` go with `shares` by the chi-square test, at one in a thousand."""
    total = sum(found)
    wanted = [total * share / sum(shares) for share in shares]
    square = sum((have - want) ** 2 / want for have, want in zip(found, wanted, strict=True))
    return square < _EXCEEDED[len(found) - 1]
