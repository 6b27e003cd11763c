"""`porch drain`, `undrain`, `weight`, `maintenance`, `canary`, `log-level`: orders to a running
door."""

import sys
from collections.abc import Sequence
from pathlib import Path

from porch.cli.ask import ask_door
from porch.config.units import parse_duration, spell_duration
from porch.manage.control.client import PATIENCE
from porch.manage.control.operations import LONGEST_WAIT

__all__ = ["canary", "drain", "log_level", "maintenance", "undrain", "weight"]


def drain(config: Path, endpoint: str, within: str | None, *, all_pools: bool) -> int:
    """within: how long to wait until nothing runs there; None: not at all. Returns 0, or 1 with
    the reason, or 2 for words that are none."""
    try:
        wait = parse_duration(within) if within is not None else 0.0
    except ValueError as error:
        return _wrong(f"--within: {error}")
    if wait > LONGEST_WAIT:
        return _wrong(f"--within is at most {spell_duration(LONGEST_WAIT)}")
    words = {"endpoint": endpoint, "all_pools": all_pools, "wait": wait}
    return ask_door(config, "drain", words, wait + PATIENCE)


def undrain(config: Path, endpoint: str, *, all_pools: bool) -> int:
    """See drain."""
    return ask_door(config, "undrain", {"endpoint": endpoint, "all_pools": all_pools})


def weight(config: Path, endpoint: str, number: str, *, all_pools: bool) -> int:
    """number: in digits, or "file"."""
    if number != "file" and not (number.isascii() and number.isdecimal() and len(number) < 10):
        return _wrong(f"'{number}' is no weight; write 0 to 1000, or file")
    value = None if number == "file" else int(number)
    words = {"endpoint": endpoint, "all_pools": all_pools, "weight": value}
    return ask_door(config, "weight", words)


def maintenance(
    config: Path,
    route: str,
    state: str,
    page: Path | None,
    times: tuple[str, str],
    allow: Sequence[str],
) -> int:
    """times: when to come again and how long it lasts, "" where that is not said."""
    if state not in ("on", "off"):
        return _wrong(f"'{state}' is neither on nor off")
    if state == "off" and (page or any(times) or allow):
        return _wrong("off takes no options")
    try:
        retry_after, lasts = (parse_duration(each) if each else 0.0 for each in times)
    except ValueError as error:
        return _wrong(str(error))
    words = {
        "route": route,
        "on": state == "on",
        "page": str(page.absolute()) if page is not None else "",
        "retry_after": retry_after,
        "for": lasts,
        "allow": [*allow],
    }
    return ask_door(config, "maintenance", words)


def canary(config: Path, route: str, state: str) -> int:
    """See drain."""
    if state not in ("on", "off"):
        return _wrong(f"'{state}' is neither on nor off")
    return ask_door(config, "canary", {"route": route, "on": state == "on"})


def log_level(config: Path, level: str, lasts: str) -> int:
    """See drain. lasts: for how long, where it is debug."""
    if level not in ("debug", "normal"):
        return _wrong(f"'{level}' is neither debug nor normal")
    try:
        seconds = parse_duration(lasts)
    except ValueError as error:
        return _wrong(f"--for: {error}")
    return ask_door(config, "log-level", {"level": level, "for": seconds})


def _wrong(text: str) -> int:
    print(f"porch: {text}", file=sys.stderr)
    return 2
