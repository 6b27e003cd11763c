"""Where in a TOML text each key and array item stands: tomllib does not tell.

A scanner for text that tomllib has accepted already: it follows structure and checks nothing.
A place is (line, column), both from 1, the column in characters.
"""

import bisect
import contextlib
import re
from typing import NamedTuple, TypeAlias

__all__ = ["DottedName", "KeyPath", "Place", "Places", "locate", "repeated"]

KeyPath: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]

_SKIP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)+")
_BLANK = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^"\\]++|\\.|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']++|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\\n]++|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|(.))")
_ESCAPED = {"b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class DottedName(NamedTuple):
    """A name of several parts: `[a.b]`, or `a.b = 1` within `table`."""

    table: KeyPath
    parts: tuple[str, ...]
    is_header: bool
    place: Place


class Places(dict[KeyPath, Place]):
    """The place of every key, table header and array item, by its path in the parsed data.

    A dotted name has a place for each of its parts, that of the whole. repeats: the paths of
    `[[a]]`. dotted: all names of several parts.
    """

    __slots__ = ("dotted", "repeats")

    def __init__(self, scanner: "_Scanner") -> None:
        super().__init__((path, scanner.place(at)) for path, at in scanner.found.items())
        self.repeats = frozenset(scanner.arrays)
        self.dotted = [
            DottedName(table, parts, is_header, scanner.place(at))
            for table, parts, is_header, at in scanner.dotted
        ]


def locate(text: str) -> Places:
    """The places in a text that tomllib accepts. What it does for another is undefined."""
    scanner = _Scanner(text)
    scanner.scan()
    return Places(scanner)


def repeated(text: str, end: int) -> tuple[KeyPath, Place, Place] | None:
    """The last thing before offset `end` that is named a second time: its path and both places.

    For a text that tomllib refuses, there, for a name given twice. None if there is no such.
    """
    scanner = _Scanner(text[:end])
    with contextlib.suppress(AssertionError, IndexError):  # cut in the middle of something
        scanner.scan()
    if scanner.second is None:
        return None
    path, offset = scanner.second
    return path, scanner.place(scanner.found[path]), scanner.place(offset)


class _Scanner:
    """found: offsets. arrays: of each `[[a]]` the index of the last. second: what came twice."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[KeyPath, int] = {}
        self.arrays: dict[KeyPath, int] = {}
        self.second: tuple[KeyPath, int] | None = None
        self.dotted: list[tuple[KeyPath, tuple[str, ...], bool, int]] = []
        self._named: set[KeyPath] = set()
        self._lines = [0] + [match.end() for match in re.finditer("\n", text)]

    def place(self, offset: int) -> Place:
        """(line, column) of an offset."""
        line = bisect.bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def scan(self) -> None:
        """The whole document."""
        table: KeyPath = ()
        while self._skip():
            if self.text.startswith("[", self.at):
                table = self._header(self.at)
            else:
                self._pair(table)

    def _header(self, start: int) -> KeyPath:
        several = self.text.startswith("[[", self.at)
        self.at += 2 if several else 1
        keys = self._keys()
        self.at += 2 if several else 1
        if len(keys) > 1:
            self.dotted.append(((), tuple(keys), True, start))
        path: KeyPath = ()
        for key in keys[:-1]:
            path = self._inside((*path, key))
            self.found.setdefault(path, start)
        path = (*path, keys[-1])
        self.found.setdefault(path, start)
        if several:
            index = self.arrays[path] = self.arrays.get(path, -1) + 1
            path = (*path, index)
            self.found[path] = start
        else:
            self._name(path, start)
        return path

    def _inside(self, path: KeyPath) -> KeyPath:
        """Where a header goes on: in the last table of an array of tables."""
        if path not in self.arrays:
            return path
        return (*path, self.arrays[path])

    def _name(self, path: KeyPath, start: int) -> None:
        """Notes that something is defined, and whether it was before."""
        if path in self._named:
            self.second = path, start
        self._named.add(path)

    def _keys(self) -> list[str]:
        """A dotted key."""
        keys = []
        while True:
            self._blank()
            keys.append(self._key())
            self._blank()
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _key(self) -> str:
        match = _STRING.match(self.text, self.at) or _BARE.match(self.text, self.at)
        assert match is not None, "tomllib accepts no other key"
        self.at = match.end()
        key = match[0]
        if key.startswith("'"):
            return key[1:-1]
        if key.startswith('"'):
            return _ESCAPE.sub(_unescape, key[1:-1]) if "\\" in key else key[1:-1]
        return key

    def _pair(self, table: KeyPath) -> None:
        self._blank()
        start = self.at
        keys = self._keys()
        if len(keys) > 1:
            self.dotted.append((table, tuple(keys), False, start))
        path = table
        for key in keys:
            path = (*path, key)
            self.found.setdefault(path, start)
        self._name(path, start)
        self.at += 1  # the "="
        self._blank()
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        start = self.text[self.at]
        if start == "{":
            self._inline_table(path)
        elif start == "[":
            self._array(path)
        else:
            match = _STRING.match(self.text, self.at) or _SCALAR.match(self.text, self.at)
            assert match is not None, "tomllib accepts no other value"
            self.at = match.end()

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while self._skip() and self.text[self.at] != "}":
            if self.text[self.at] == ",":
                self.at += 1
            else:
                self._pair(path)
        self.at += 1

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while self._skip() and self.text[self.at] != "]":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            item = (*path, index)
            self.found[item] = self.at
            self._value(item)
            index += 1
        self.at += 1

    def _skip(self) -> bool:
        """Over white space, line ends and comments. False at the end of the text."""
        match = _SKIP.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
        return self.at < len(self.text)

    def _blank(self) -> None:
        match = _BLANK.match(self.text, self.at)
        assert match is not None, "it matches nothing too"
        self.at = match.end()


def _unescape(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3]
    return chr(int(digits, 16)) if digits else _ESCAPED.get(match[4], match[4])
