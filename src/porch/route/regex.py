"""Regular expressions of the configuration: over bytes, matched from the start.

Python's own syntax. `$` ends a match where the whole has to fit. An expression that backtracks
without end is not noticed: nested repetition such as `(a+)+` stops a worker (docs/routing.md).
"""

import re
from weakref import WeakValueDictionary

__all__ = ["compile_regex", "literal_start", "may_overlap"]

_PLAIN = re.compile(r"[A-Za-z0-9/_~%@!&',:;=<> \"-]")
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]", re.DOTALL)
"""What is escaped, a class, or a character that groups."""
_REPEATS = "?*{+"


_in_use: WeakValueDictionary[str, re.Pattern[bytes]] = WeakValueDictionary()
"""To compile one can take milliseconds, in which a worker serves nobody; after a reload most are
the same."""


def compile_regex(text: str) -> re.Pattern[bytes]:
    """`text` as an expression over bytes; one that is in use is not made again.

    Raises ValueError with one sentence.
    """
    if not text:
        raise ValueError("the regex behind ~ is empty")
    regex = _in_use.get(text)
    if regex is None:
        try:
            regex = re.compile(text.encode("utf-8"))
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"'{text}' is not a regex: {error}") from None
        _in_use[text] = regex
    return regex


def may_overlap(one: re.Pattern[bytes], other: re.Pattern[bytes]) -> bool:
    """Whether some text may match both. False only where their literal beginnings differ."""
    first, second = literal_start(one), literal_start(other)
    return first.startswith(second) or second.startswith(first)


def literal_start(regex: re.Pattern[bytes]) -> str:
    """Characters that everything begins with that matches from the start; "" where unknown."""
    text = regex.pattern.decode("utf-8")
    if _has_alternatives(text):
        return ""
    start = ""
    rest = text.removeprefix("^")
    while rest:
        if rest[0] == "\\" and rest[1:2] and not rest[1].isalnum():
            character, rest = rest[1], rest[2:]
        elif _PLAIN.match(rest):
            character, rest = rest[0], rest[1:]
        else:
            break
        if rest[:1] and rest[0] in _REPEATS:
            return start + character * (rest[0] == "+")
        start += character
    return start


def _has_alternatives(text: str) -> bool:
    """Whether a `|` stands outside of groups and classes."""
    depth = 0
    for token in _TOKEN.findall(text):
        if token == "(":
            depth += 1
        elif token == ")":
            depth -= 1
        elif token == "|" and not depth:
            return True
    return False
