"""Units are words: durations "90s", sizes "64MB", shares "5%". A bare number says nothing."""

import re

__all__ = [
    "parse_duration",
    "parse_share",
    "parse_size",
    "spell_duration",
    "spell_share",
    "spell_size",
]

_NUMBER = r"(\d{1,9}(?:\.\d{1,9})?)"
_DURATION = re.compile(rf"{_NUMBER} ?(ms|s|m|h|d|w|y)\Z")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_SIZE = re.compile(rf"{_NUMBER} ?(B|[KMGT]i?B)\Z", re.IGNORECASE)
_POWERS = {"b": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_SHARE = re.compile(rf"{_NUMBER} ?%\Z")


def parse_duration(value: object) -> float:
    """Seconds. Raises ValueError with a sentence."""
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            "a duration is a number with its unit (ms, s, m, h, d), "
            f'such as "{_with_unit(value, "s", "90s")}"'
        )
    return float(match[1]) * _SECONDS[match[2]]


def parse_size(value: object) -> int:
    """Bytes: "64KB" is 64 * 1024, as "64KiB" is. Raises ValueError with a sentence."""
    match = _SIZE.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            "a size is a number with its unit (B, KB, MB, GB), "
            f'such as "{_with_unit(value, "B", "64MB")}"'
        )
    return int(float(match[1]) * 1024 ** _POWERS[match[2][0].lower()])


def parse_share(value: object) -> float:
    """A part of the whole, 0 to 1: "5%" is 0.05. Raises ValueError with a sentence."""
    match = _SHARE.match(value) if isinstance(value, str) else None
    if match is None or float(match[1]) > 100:
        raise ValueError('a share is a number up to 100 with %, such as "5%"')
    return float(match[1]) / 100


def spell_duration(seconds: float) -> str:
    """A plain spelling of a duration that parse_duration reads: "60s", "5m", "1h", "500ms"."""
    for unit in ("d", "h", "m", "s"):
        least = 120 if unit == "m" else _SECONDS[unit]
        if seconds >= least and seconds % _SECONDS[unit] == 0:
            return f"{seconds / _SECONDS[unit]:.0f}{unit}"
    return f"{seconds * 1000:.0f}ms" if seconds else "0s"


def spell_share(share: float) -> str:
    """A share as parse_share reads it: "5%"."""
    return f"{share * 100:g}%"


def spell_size(size: int) -> str:
    """The shortest spelling of a size that parse_size reads: "64KB"."""
    power = 0
    while power < 4 and size >= 1024 and size % 1024 == 0:
        size //= 1024
        power += 1
    return f"{size}{('B', 'KB', 'MB', 'GB', 'TB')[power]}"


def _with_unit(value: object, unit: str, example: str) -> str:
    """What was probably meant: a bare number with the plainest unit."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_digits = isinstance(value, str) and value.isdecimal() and len(value) < 10
    if is_digits or (is_number and str(value)[0] != "-"):
        return f"{value}{unit}"
    return example
