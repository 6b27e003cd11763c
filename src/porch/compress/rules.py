"""Rules: what a route's words make of compression."""

from dataclasses import dataclass

from porch.compress.coder import USUAL
from porch.compress.types import Types

__all__ = ["CODINGS", "LEAST", "MOST_PADDING", "Rules"]

CODINGS = (b"zstd", b"gzip", b"br")
"""In the order of what they save for what they cost, by the corpus: where a client takes several,
the first is sent."""

LEAST = 1024
"""Bytes of body from which on it is worth the time: a smaller one fits into the packet that goes
out anyway."""

MOST_PADDING = 1024
"""Bytes of a field that only makes a head longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """codings: in the order of preference. least: bytes. effort: see coder.py. padding: most bytes
    that the head is made longer by, at random; 0 for none. brakes: whether a busy worker does less.
    """

    codings: tuple[bytes, ...] = CODINGS
    types: Types
    least: int = LEAST
    effort: int = USUAL
    padding: int = 0
    brakes: bool = True
