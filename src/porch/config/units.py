"""Units are words: durations "90s", sizes "64MB". Never a bare number, which says nothing."""

import re

__all__ = ["parse_duration", "parse_size"]

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|y)\Z")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|[KMGT]i?B)\Z", re.IGNORECASE)
_POWERS = {"b": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def parse_duration(value: object) -> float:
    """Seconds. Raises ValueError with a sentence."""
    if isinstance(value, str):
        match = _DURATION.match(value.strip())
        if match is not None:
            return float(match[1]) * _SECONDS[match[2]]
    shown = f"{value}s" if isinstance(value, int | float) else "90s"
    raise ValueError(f'a duration is a number with its unit (ms, s, m, h, d), such as "{shown}"')


def parse_size(value: object) -> int:
    """Bytes: "64KB" is 64 × 1024, as "64KiB" is. Raises ValueError with a sentence."""
    if isinstance(value, str):
        match = _SIZE.match(value.strip())
        if match is not None:
            return int(float(match[1]) * 1024 ** _POWERS[match[2][0].lower()])
    shown = f"{value}B" if isinstance(value, int) else "64MB"
    raise ValueError(f'a size is a number with its unit (B, KB, MB, GB), such as "{shown}"')
