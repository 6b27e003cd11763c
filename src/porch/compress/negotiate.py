"""Which coding an answer goes out in (RFC 9110 12.5.3).

Nothing here raises: what a client says that is no weight or no coding asks for nothing.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from porch.http.accept_encoding import ALIASES, weights
from porch.http.message import Field

__all__ = ["asked", "chosen", "takes"]


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
    found = weights(accept)
    rest = found.get(b"*", 0)
    best, most = None, found.get(b"identity", 0)
    for coding in codings:
        weight = found.get(coding, rest)
        if weight > most or (weight == most and weight and best is None):
            best, most = coding, weight
    return best


@lru_cache(maxsize=512)
def takes(accept: bytes | None, coding: bytes) -> bool:
    """Whether a client reads an answer in this coding, which may be b"identity"."""
    if accept is None:
        return True
    coding = coding.lower()
    found = weights(accept)
    otherwise = found.get(b"*", 1 if coding == b"identity" else 0)
    return found.get(ALIASES.get(coding, coding), otherwise) > 0
