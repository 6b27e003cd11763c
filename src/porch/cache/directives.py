"""Directives: what Cache-Control says, in a request or an answer (RFC 9111 5.2).

Names in any case, arguments as tokens or quoted strings, over all field lines. What is not known
is kept and asked for by nobody. The fields come in few spellings, so that each is read once and
remembered, bounded in number and length.
"""

import re
from collections.abc import Iterable, Mapping

from porch.cache.entry import IMMUTABLE, MUST_REVALIDATE, NO_CACHE
from porch.cache.lists import pieces
from porch.http.fields import tokens
from porch.http.message import Field

__all__ = ["FOREVER", "NONE", "VALIDATED", "Directives", "cache_control"]

FOREVER = float(1 << 31)
"""Seconds: what a number of seconds counts for that is this long or longer (RFC 9111 1.2.2)."""

VALIDATED = frozenset((b"must-revalidate", b"proxy-revalidate"))
"""What is not given when it is stale (RFC 9111 4.2.4)."""

REMEMBERED = 2048
"""Field values that are remembered."""
LONGEST = 1024
"""Bytes of one that is."""

_SECONDS = re.compile(rb'("?)([0-9]+)\1')
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")


class Directives(dict[bytes, list[bytes | None]]):
    """The directives of one message by lower-case name, each with its arguments as they stood:
    several if it was said several times, None for none. Not changed once made: what each answer
    is asked for is found out then.

    lasts: s-maxage, else max-age, with its seconds; None for neither. limited: the fields that
    `private` and `no-cache` are limited to. must: NO_CACHE, MUST_REVALIDATE and IMMUTABLE, or-ed,
    for what an answer says. `no-cache` that is limited to fields is no NO_CACHE: those fields are
    not stored, which is what RFC 9111 3.1 has it for, and the rest is reused.
    """

    __slots__ = ("lasts", "limited", "must")

    def __init__(self, said: Mapping[bytes, list[bytes | None]]) -> None:
        super().__init__(said)
        self.lasts: tuple[bytes, float] | None = None
        for name in (b"max-age", b"s-maxage"):
            if (seconds := self.seconds(name)) is not None:
                self.lasts = name, seconds
        of_no_cache = self.fields(b"no-cache")
        self.limited = self.fields(b"private") | of_no_cache
        self.must = NO_CACHE if b"no-cache" in self and not of_no_cache else 0
        if not VALIDATED.isdisjoint(self) or b"s-maxage" in self:  # RFC 9111 5.2.2.10
            self.must |= MUST_REVALIDATE
        if b"immutable" in self:
            self.must |= IMMUTABLE

    def seconds(self, name: bytes, bare: float = 0.0) -> float | None:
        """The seconds that directive `name` gives, at most FOREVER; None where it is not there.

        What is no number of seconds is 0, that is, stale at once (RFC 9111 4.2.1: "caches are
        encouraged to consider responses that have invalid freshness information to be stale").
        Of several the shortest counts, for the same reason. bare: for one without an argument.
        """
        said = self.get(name)
        if said is None:
            return None
        return min([bare if argument is None else _seconds(argument) for argument in said])

    def fields(self, name: bytes) -> frozenset[bytes]:
        """The field names, lower-case, that `name` is limited to: `no-cache` and `private`
        (RFC 9111 5.2.2.4, 5.2.2.7). Empty where it is not there, or not limited."""
        listed: set[bytes] = set()
        for argument in self.get(name, ()):
            names = () if argument is None else tokens(_unquoted(argument))
            if not names or not all(map(_TOKEN.match, names)):
                return frozenset()
            listed.update(names)
        return frozenset(listed)

    def __repr__(self) -> str:
        return f"<{super().__repr__()}>"


NONE = Directives({})


def cache_control(fields: Iterable[Field]) -> Directives:
    """The directives of all Cache-Control lines among `fields`; NONE where there is no line."""
    lines = [value for name, value in fields if name == b"cache-control"]
    if not lines:
        return NONE
    return _remembered[lines[0] if len(lines) == 1 else b",".join(lines)]


class _Remembered(dict[bytes, Directives]):
    """value -> its directives."""

    __slots__ = ()

    def __missing__(self, value: bytes) -> Directives:
        directives = Directives(_parsed(value))
        if len(value) <= LONGEST:
            if len(self) >= REMEMBERED:
                self.clear()
            self[value] = directives
        return directives


_remembered = _Remembered()


def _parsed(value: bytes) -> dict[bytes, list[bytes | None]]:
    said: dict[bytes, list[bytes | None]] = {}
    for member in pieces(value):
        name, equals, argument = member.partition(b"=")
        # White space around "=" is not in the grammar. It stays at the argument, which makes that
        # invalid, while the directive counts as said: `no-store =1` must not be overheard.
        if name.endswith((b" ", b"\t")):
            argument = b" " + argument
        if name := name.strip(b" \t").lower():
            said.setdefault(name, []).append(argument if equals else None)
    return said


def _seconds(argument: bytes) -> float:
    found = _SECONDS.fullmatch(argument)
    return min(float(found[2]), FOREVER) if found else 0.0


def _unquoted(argument: bytes) -> bytes:
    quoted = _QUOTED.fullmatch(argument)
    return _ESCAPED.sub(rb"\1", quoted[1]) if quoted else argument
