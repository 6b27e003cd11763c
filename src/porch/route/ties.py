"""What is wrong with routes as a set: ties, and routes that no request can take.

Both are found at load, all at once, since they would otherwise show only when a request goes
astray.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from porch.route.entry import Entry
from porch.route.pattern import Kind
from porch.route.regex import literal_start, may_overlap

__all__ = ["Clash", "ties", "unreachable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Two entries that do not go together; `first` stood first in the configuration."""

    first: Entry
    second: Entry
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def ties(entries: Iterable[Entry]) -> list[Clash]:
    """Each entry that an earlier one ties with: both can match a request and neither is first.

    An entry with several ties is reported with the first of them.
    """
    groups: dict[Hashable, list[Entry]] = {}
    found: list[Clash] = []
    for entry in entries:
        pattern = entry.pattern
        path = b"" if pattern.kind is Kind.REGEX else pattern.path
        key = (pattern.host, pattern.kind, path, len(entry.conditions), entry.priority)
        earlier = groups.setdefault(key, [])
        other = next((each for each in earlier if _can_both_match(each, entry)), None)
        if other is not None:
            found.append(Clash(first=other, second=entry, sentence=_tie(other, entry)))
        earlier.append(entry)
    return found


def unreachable(entries: Sequence[Entry]) -> list[Clash]:
    """Each regex that begins below a prefix of its host which takes every request first."""
    prefixes = {
        (entry.pattern.host, entry.pattern.path): entry
        for entry in entries
        if entry.pattern.kind is Kind.PREFIX and not entry.conditions
    }
    found: list[Clash] = []
    for entry in entries:
        if entry.pattern.regex is None:
            continue
        start = literal_start(entry.pattern.regex).encode("ascii")
        cut = start.find(b"/", 1)
        while cut > 0:
            first = prefixes.get((entry.pattern.host, start[:cut]))
            if first is not None:
                found.append(Clash(first=first, second=entry, sentence=_shadow(first, entry)))
                break
            cut = start.find(b"/", cut + 1)
    return found


def _can_both_match(one: Entry, two: Entry) -> bool:
    first, second = one.pattern.regex, two.pattern.regex
    if first is not None and second is not None and not may_overlap(first, second):
        return False
    return one.conditions.can_hold_with(two.conditions)


def _tie(one: Entry, two: Entry) -> str:
    what = "may match one path" if one.pattern.regex is not None else "match the same requests"
    return (
        f"{_name(one)} and {_name(two)} {what} with equal weight; "
        "add priority = 1 to one of them, or a condition"
    )


def _shadow(prefix: Entry, regex: Entry) -> str:
    return (
        f"{_name(regex)} is never taken, since {_name(prefix)} comes before a regex; "
        "make one of them longer or drop it"
    )


def _name(entry: Entry) -> str:
    where = f" ({entry.route.where})" if entry.route.where else ""
    return f'"{entry.pattern.key}"{where}'
