"""How old an answer is when it comes (RFC 9111 4.2.3)."""

import re

from porch.cache.directives import FOREVER
from porch.http.message import Field

__all__ = ["initial_age"]

_DIGITS = re.compile(rb"[0-9]+")


def initial_age(
    fields: list[Field], date: float | None, *, requested: float, received: float
) -> float:
    """The corrected initial age, 0 to FOREVER.

    date: what Date says, None where it says nothing valid. requested, received: when the request
    went and when the head of the answer came, by the clock that dates are compared with.

    Date has whole seconds. One that may be of this very exchange tells no more than how long that
    took; or an answer for one second would be stale whenever a second ends on its way.
    """
    delay = max(0.0, received - requested)
    apparent = received - date if date is not None else 0.0
    if apparent < 1.0 + delay:
        apparent = 0.0
    return min(max(apparent, _said(fields) + delay), FOREVER)


def _said(fields: list[Field]) -> float:
    """What Age says: the first member of the first line. What is no number is not heard
    (RFC 9111 5.1)."""
    for name, value in fields:
        if name == b"age":
            first = value.partition(b",")[0].strip(b" \t")
            return min(float(first), FOREVER) if _DIGITS.fullmatch(first) else 0.0
    return 0.0
