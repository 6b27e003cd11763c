"""Many patterns over one text in one look, in a time that only grows with the text.

google-re2 makes one automaton of all; nothing in it goes back, so that no request can make it work
longer than its length says. Case never matters: an origin may not care for it.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re2  # type: ignore[import-untyped]

__all__ = ["LARGEST", "Patterns", "check_pattern"]

MEMORY = 8 << 20
"""Bytes that the automaton of one set may take; what does not fit is made anew."""
LARGEST = 1000
"""Instructions of one pattern. `.{0,500}` is a thousand, and a set of such takes a second for a
long body."""
_SENTINEL = b"\xff\x00porch\x00\xff"


def check_pattern(text: str) -> None:
    """Raises ValueError with a sentence where a pattern is of no use."""
    import re2

    try:
        found = re2.compile(text.encode(), _options())
    except re2.error as error:
        why = error.args[0]
        words = why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)
        raise ValueError(
            f"'{text}' is no pattern: {words}; it is RE2's syntax, without look-around and "
            "back-references"
        ) from None
    if found.programsize > LARGEST:
        raise ValueError(f"'{text}' is too large a pattern; take out counts such as {{0,500}}")
    if found.search(b"") is not None:
        raise ValueError(f"'{text}' matches everything, also nothing at all")


class Patterns:
    """A set of patterns, each of which stands for bits of a mask."""

    __slots__ = ("_bits", "_set")

    def __init__(self, patterns: Sequence[tuple[str, int]]) -> None:
        """patterns: (the regular expression, its bits). Raises ValueError where they do not fit
        into MEMORY together."""
        import re2

        self._bits = [bits for _, bits in patterns]
        self._set: re2.Set = re2.Set.SearchSet(_options())
        for text, _ in patterns:
            self._set.Add(text.encode())
        self._set.Add(_SENTINEL.replace(b"\x00", b"\\x00"))
        try:
            self._set.Compile()
            # One whose automaton finds no room matches nothing, and says nothing.
            is_whole = self._set.Match(_SENTINEL) is not None
        except re2.error:
            is_whole = False
        if not is_whole:
            raise ValueError("the patterns of block are too large together; take some out")

    def of(self, texts: Iterable[bytes]) -> int:
        """The bits of all that match any of the texts."""
        mask = 0
        bits = self._bits
        for text in texts:
            for number in self._set.Match(text) or ():
                mask |= bits[number] if number < len(bits) else 0
        return mask


def _options() -> "re2.Options":
    import re2

    options = re2.Options()
    options.case_sensitive = False
    options.encoding = re2.Options.Encoding.LATIN1
    options.dot_nl = True
    options.log_errors = False
    options.max_mem = MEMORY
    return options
