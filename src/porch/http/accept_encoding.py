"""Which codings a client takes (RFC 9110 12.5.3).

Nothing here raises: what a client says that is no weight or no coding asks for nothing.
"""

import re
from functools import lru_cache

__all__ = ["ALIASES", "LONGEST", "in_order", "weights"]

LONGEST = 1024
"""Bytes of Accept-Encoding that are read; browsers send about 30."""

_WEIGHT = re.compile(rb"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\Z")
ALIASES = {b"x-gzip": b"gzip", b"x-compress": b"compress"}
"""RFC 9110 8.4.1: the same as those without x-."""


@lru_cache(maxsize=512)
def in_order(accept: bytes | None, codings: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Those of `codings` that the client takes, what it wants most first, and among equals in the
    order of `codings`. Those are left out that it wants less than the answer as it is, by a weight
    that it gave that itself. accept: None where it says nothing: it takes anything then, and is
    sent what everybody can read."""
    if accept is None:
        return ()
    found = weights(accept)
    rest = found.get(b"*", 0)
    least = max(1, found.get(b"identity", 0))
    taken = [each for each in codings if found.get(each, rest) >= least]
    return tuple(sorted(taken, key=lambda each: -found.get(each, rest)))


def weights(accept: bytes) -> dict[bytes, int]:
    """Coding -> its weight in thousandths, as named: `identity` and `*` are among them where they
    are said. One that is named twice has the smaller."""
    if len(accept) > LONGEST:
        accept = accept[:LONGEST].rpartition(b",")[0]
    found: dict[bytes, int] = {}
    for member in accept.lower().split(b","):
        name, *parameters = (each.strip(b" \t") for each in member.split(b";"))
        if not name:
            continue
        weight = 1000
        for parameter in parameters:
            key, _, value = parameter.partition(b"=")
            if key.rstrip(b" \t") == b"q":
                value = value.lstrip(b" \t")
                weight = _thousandths(value) if _WEIGHT.match(value) else 0
        name = ALIASES.get(name, name)
        found[name] = min(weight, found.get(name, 1000))
    return found


def _thousandths(weight: bytes) -> int:
    whole, _, part = weight.partition(b".")
    return int(whole) * 1000 + int(part.ljust(3, b"0") or b"0")
