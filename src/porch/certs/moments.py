"""Moments: dates with their zone, as certificates and authorities have them, and in words.

What waits for seconds counts with `clock.monotonic`; what waits for a date, with these.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from porch import clock

__all__ = ["at", "now", "parse", "retry_after", "span", "text", "words"]

MINUTE = 60
HOUR = 3600
DAY = 86400

LATEST = timedelta(days=8)
"""The longest that a Retry-After is believed: limits of a week exist, longer ones are a mistake."""


def at(seconds: float) -> datetime:
    """A time since 1970, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def now() -> datetime:
    """The present, in UTC."""
    return at(clock.wall())


def text(moment: datetime) -> str:
    """As RFC 3339 writes it, to the second: 2026-03-01T12:00:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def words(seconds: float) -> str:
    """A time since 1970 to the minute, for a person: "2026-03-01 12:00 UTC"."""
    return f"{at(seconds):%Y-%m-%d %H:%M} UTC"


def span(seconds: float) -> str:
    """How long, in one unit and rounded down: "3 days", "1 hour", "less than a minute"."""
    for unit, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        count = int(seconds // unit)
        if count >= 1:
            return f"{count} {word}{'' if count == 1 else 's'}"
    return "less than a minute"


def parse(written: object) -> datetime | None:
    """What `text` wrote; None for what is no such date."""
    try:
        moment = datetime.fromisoformat(str(written))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def retry_after(field: str | None, present: datetime) -> datetime | None:
    """When to come again by a Retry-After field (RFC 9110 10.2.3): seconds, or a date.

    None if it is absent or cannot be read. Never before `present`, at most LATEST after it.
    """
    if field is None:
        return None
    field = field.strip()
    if field.isascii() and field.isdigit():
        # Digits without end would overflow a timedelta.
        moment = present + timedelta(seconds=min(int(field[:9]), LATEST.total_seconds()))
    else:
        try:
            moment = parsedate_to_datetime(field)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
    return min(max(moment, present), present + LATEST)
