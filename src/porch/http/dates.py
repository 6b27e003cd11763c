"""HTTP dates, read strictly (RFC 9110 5.6.7): three formats, names in any case, nothing else.

What is nearly a date is none: an Expires that another cache reads in another way is stale for
both. Whether the name of the day is that of the date is not checked.
"""

import re
from calendar import timegm
from datetime import UTC, date, datetime
from functools import lru_cache

from porch.http.message import Field

__all__ = ["date_of", "http_date"]

_DAY = rb"(?:mon|tue|wed|thu|fri|sat|sun)"
_LONG_DAY = rb"(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_MONTHS = b"jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = rb"(%b)" % b"|".join(_MONTHS)
_TIME = rb"([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)"

_FIXED = re.compile(_DAY + rb", ([0-9]{2}) " + _MONTH + rb" ([0-9]{4}) " + _TIME + rb" gmt", re.I)
_RFC_850 = re.compile(
    _LONG_DAY + rb", ([0-9]{2})-" + _MONTH + rb"-([0-9]{2}) " + _TIME + rb" gmt", re.I
)
_ASCTIME = re.compile(
    _DAY + rb" " + _MONTH + rb" ([0-9]{2}| [0-9]) " + _TIME + rb" ([0-9]{4})", re.I
)

_FIFTY_YEARS = 50 * 365.2425 * 86400
_FIXED_SIZE = len(b"Sun, 06 Nov 1994 08:49:37 GMT")


def http_date(value: bytes, now: float) -> float | None:
    """Seconds since 1970 of an HTTP date, None for what is none.

    now: seconds since 1970, for a year of two digits: one that would be more than 50 years ahead
    is the last one past with these digits.
    """
    if len(value) == _FIXED_SIZE:
        return _fixed(value)
    if found := _RFC_850.fullmatch(value):
        day, month, digits, *clock = found.groups()
        latest = datetime.fromtimestamp(now, UTC).year + 50
        year = latest - (latest - int(digits)) % 100
        moment = _seconds(year, month, day, clock)
        if moment is not None and moment > now + _FIFTY_YEARS:
            moment = _seconds(year - 100, month, day, clock)
        return moment
    if found := _ASCTIME.fullmatch(value):
        month, day, *clock, digits = found.groups()
        return _seconds(int(digits), month, day, clock)
    return None


def date_of(name: bytes, fields: list[Field], now: float) -> float | None:
    """The moment that field `name` (lower-case) tells; None where it is not there, no date, or
    there several times."""
    values = [field[1] for field in fields if field[0] == name]
    return http_date(values[0], now) if len(values) == 1 else None


@lru_cache(maxsize=1024)
def _fixed(value: bytes) -> float | None:
    found = _FIXED.fullmatch(value)
    if found is None:
        return None
    day, month, year, *clock = found.groups()
    return _seconds(int(year), month, day, clock)


def _seconds(year: int, month: bytes, day: bytes, clock: list[bytes]) -> float | None:
    hour, minute, second = map(int, clock)
    try:
        found = date(year, _MONTHS.index(month.lower()) + 1, int(day))
    except ValueError:  # 30 February
        return None
    return float(timegm((found.year, found.month, found.day, hour, minute, second)))
