"""Where in a TOML text each key and array item stands: tomllib does not tell.

A scanner for text that tomllib has accepted already: it follows structure and checks nothing.
A place is (line, column), both from 1.
"""

import bisect
import re
from collections.abc import Mapping
from typing import TypeAlias

__all__ = ["Path", "Place", "locate"]

Path: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]

_SKIP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)+")
_BLANK = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|"{1,2}(?!")|[^"\\])*"{3,5}'
    r"|'''(?:'{1,2}(?!')|[^'])*'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(["\\bfnrt]))')
_ESCAPED = {'"': '"', "\\": "\\", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def locate(text: str) -> Mapping[Path, Place]:
    """The place of every key, table header and array item, by its path in the parsed data."""
    scanner = _Scanner(text)
    scanner.scan()
    return {path: scanner.place(offset) for path, offset in scanner.found.items()}


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {}
        self._arrays: dict[Path, int] = {}
        self._lines = [0] + [match.end() for match in re.finditer("\n", text)]

    def place(self, offset: int) -> Place:
        """(line, column) of an offset."""
        line = bisect.bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def scan(self) -> None:
        """The whole document."""
        table: Path = ()
        while self._skip():
            start = self.at
            if self.text.startswith("[", self.at):
                table = self._header(start)
            else:
                self._pair(table)

    def _header(self, start: int) -> Path:
        several = self.text.startswith("[[", self.at)
        self.at += 2 if several else 1
        keys = self._keys()
        self.at += 2 if several else 1
        path: Path = ()
        for number, key in enumerate(keys):
            path = (*path, key)
            last = number == len(keys) - 1
            if not (last and several) and path in self._arrays:
                path = (*path, self._arrays[path])
            self.found.setdefault(path, start)
        if several:
            index = self._arrays[path] = self._arrays.get(path, -1) + 1
            path = (*path, index)
            self.found[path] = start
        return path

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
        assert match is not None, "tomllib accepted it"
        self.at = match.end()
        key = match[0]
        if key.startswith("'"):
            return key[1:-1]
        if key.startswith('"'):
            return _ESCAPE.sub(_unescape, key[1:-1])
        return key

    def _pair(self, table: Path) -> None:
        self._blank()
        start = self.at
        path = table
        for key in self._keys():
            path = (*path, key)
            self.found.setdefault(path, start)
        self.at += 1  # the "="
        self._blank()
        self._value(path)

    def _value(self, path: Path) -> None:
        start = self.text[self.at]
        if start == "{":
            self._inline_table(path)
        elif start == "[":
            self._array(path)
        else:
            match = _STRING.match(self.text, self.at) or _SCALAR.match(self.text, self.at)
            assert match is not None, "tomllib accepted it"
            self.at = match.end()

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while self._skip() and self.text[self.at] != "}":
            if self.text[self.at] == ",":
                self.at += 1
            else:
                self._pair(path)
        self.at += 1

    def _array(self, path: Path) -> None:
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
        assert match is not None
        self.at = match.end()


def _unescape(match: re.Match[str]) -> str:
    digits = match[1] or match[2]
    return chr(int(digits, 16)) if digits else _ESCAPED[match[3]]
