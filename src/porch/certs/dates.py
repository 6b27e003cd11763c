"""Dates and spans in words, as what is said about certificates has them."""

from datetime import UTC, datetime

__all__ = ["iso", "moment", "span"]

MINUTE = 60
HOUR = 3600
DAY = 86400


def moment(seconds: float) -> str:
    """A time since 1970 to the minute, for a person: "2026-03-01 12:00 UTC"."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def iso(seconds: float) -> str:
    """A time since 1970 to the second, for a program (RFC 3339): "2026-03-01T12:00:00Z"."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def span(seconds: float) -> str:
    """How long, in one unit and rounded down: "3 days", "1 hour", "less than a minute"."""
    for unit, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        count = int(seconds // unit)
        if count >= 1:
            return f"{count} {word}{'' if count == 1 else 's'}"
    return "less than a minute"
