"""Which coding an answer goes out in (RFC 9110 12.5.3).

Nothing here raises: what a client says that is no weight or no coding asks for nothing.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from porch.http.message import Field

__all__ = ["LONGEST", "asked", "chosen", "takes"]

LONGEST = 1024
"""Bytes of Accept-Encoding that are read, of all its lines together; browsers send about 30."""

_WEIGHT = re.compile(rb"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\Z")
_ALIASES = {b"x-gzip": b"gzip", b"x-compress": b"compress"}
"""RFC 9110 8.4.1: the same as those without x-."""


def asked(fields: Iterable[Field]) -> bytes | None:
    """What a request says in Accept-Encoding, its lines joined; None where it has none."""
    found: bytes | None = None
    for name, value in fields:
        if name == b"accept-encoding":
            found = value if found is None else b"%b,%b" % (found, value)
    return found


@lru_cache(maxsize=512)
def chosen(accept: bytes | None, codings: Sequence[bytes]) -> bytes | None:
    """The coding, one of `codings` (a tuple), or None for the answer as it is.

    The highest weight wins; among equals the one that stands first in `codings`. The answer as it
    is wins only over what the client wants less, by a weight that it gave itself. Who says nothing
    takes anything, and is sent what everybody can read.
    """
    if accept is None:
        return None
    weights = _weights(accept)
    rest = weights.get(b"*", 0)
    best, most = None, weights.get(b"identity", 0)
    for coding in codings:
        weight = weights.get(coding, rest)
        if weight > most or (weight == most and weight and best is None):
            best, most = coding, weight
    return best


@lru_cache(maxsize=512)
def takes(accept: bytes | None, coding: bytes) -> bool:
    """Whether a client reads an answer in this coding, which may be b"identity"."""
    if accept is None:
        return True
    coding = coding.lower()
    weights = _weights(accept)
    otherwise = weights.get(b"*", 1 if coding == b"identity" else 0)
    return weights.get(_ALIASES.get(coding, coding), otherwise) > 0


def _weights(accept: bytes) -> dict[bytes, int]:
    """Coding -> its weight in thousandths. One that is named twice has the smaller."""
    if len(accept) > LONGEST:
        accept = accept[:LONGEST].rpartition(b",")[0]
    weights: dict[bytes, int] = {}
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
        name = _ALIASES.get(name, name)
        weights[name] = min(weight, weights.get(name, 1000))
    return weights


def _thousandths(weight: bytes) -> int:
    whole, _, part = weight.partition(b".")
    return int(whole) * 1000 + int(part.ljust(3, b"0") or b"0")
