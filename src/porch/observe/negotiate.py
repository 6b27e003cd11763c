"""Which kind of error page a client wants (RFC 9110 12.5.1)."""

from functools import lru_cache

__all__ = ["KINDS", "LONGEST", "page_kind"]

KINDS = {
    "text": ("text/plain",),
    "json": ("application/problem+json", "application/json"),
    "html": ("text/html", "application/xhtml+xml"),
}
"""Kind -> the media types that ask for it. Where a client does not care, the first kind is
answered: a person with curl wants a line, and browsers name HTML."""

LONGEST = 1024
"""Bytes of Accept that are read; browsers send about 150."""


@lru_cache(maxsize=256)
def page_kind(accept: bytes) -> str:
    """The kind for an Accept field (b"" where there is none).

    The highest weight wins; among equals the more specific range, then the one named first. If
    nothing suits, it is text: RFC 9110 prefers that to a 406 about an error.
    """
    ranges = [_range(each) for each in accept[:LONGEST].decode("latin-1").lower().split(",")]
    best = "text"
    best_rank = (0.0, 0, 0)
    for kind, types in KINDS.items():
        rank = max(_rank(each, ranges) for each in types)
        if rank[0] > 0 and rank > best_rank:
            best, best_rank = kind, rank
    return best


def _range(text: str) -> tuple[str, float]:
    """A media range and its weight, "text/html;q=0.5"; parameters other than q are not told
    apart. A weight that is none counts as 0."""
    media, *parameters = text.split(";")
    weight = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            weight = _weight(value.strip())
    return media.strip(), weight


def _weight(text: str) -> float:
    digits = text.replace(".", "", 1)
    if not digits.isascii() or not digits.isdigit() or len(text) > 5:
        return 0.0
    return min(float(text), 1.0)


def _rank(media: str, ranges: list[tuple[str, float]]) -> tuple[float, int, int]:
    """(weight, how specific, how early) of the most specific range that covers `media`."""
    patterns = ("*/*", media.partition("/")[0] + "/*", media)
    found = (-1, 0.0, 0)
    for place, (pattern, weight) in enumerate(ranges):
        if pattern in patterns and patterns.index(pattern) > found[0]:
            found = (patterns.index(pattern), weight, -place)
    specific, weight, early = found
    return weight, specific, early
