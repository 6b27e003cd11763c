"""Structured fields: the dictionary, as it is needed to read targeted cache control, and whether
something is a list.

RFC 9651 4.2, whole or not at all: one octet out of place and there is no dictionary. Parameters
are checked and dropped: no cache directive has any (RFC 9213 2.1).
"""

import re
from base64 import b64decode
from typing import NamedTuple

__all__ = ["Moment", "Text", "Token", "Value", "dictionary", "is_list"]


class Token(NamedTuple):
    """A token (RFC 9651 3.3.4)."""

    text: bytes


class Text(NamedTuple):
    """A string (3.3.3), without its quotes and escapes; or a display string (3.3.8)."""

    text: bytes


class Moment(NamedTuple):
    """A date (3.3.7): whole seconds since 1970."""

    seconds: int


Value = bool | int | float | Token | Text | bytes | Moment | tuple["Value", ...]
"""A boolean, integer, decimal, token, string, byte sequence, date or inner list."""

_KEY = re.compile(rb"[a-z*][a-z0-9_\-.*]*")
_NUMBER = re.compile(rb"(-?[0-9]+)(\.[0-9]+)?")
_TOKEN = re.compile(rb"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*")
_STRING = re.compile(rb'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BYTES = re.compile(rb":([A-Za-z0-9+/]*={0,2}):")
_BOOLEAN = re.compile(rb"\?([01])")
_DISPLAY = re.compile(rb'%"((?:[ !#$&-~]|%[0-9a-f]{2})*)"')
_SPACES = re.compile(rb" *")
_WHITE = re.compile(rb"[ \t]*")
_ESCAPED = re.compile(rb"\\(.)")
_PERCENT = re.compile(rb"%([0-9a-f]{2})")

_LONGEST_INTEGER = 15
_LONGEST_WHOLE = 12
_LONGEST_FRACTION = 3


def dictionary(value: bytes) -> dict[bytes, Value] | None:
    """The members of a dictionary (3.2), of several the last; None for what is none.

    value: of all field lines, joined by commas. An empty one is an empty dictionary.
    """
    try:
        return _members(value.strip(b" "))
    except ValueError:
        return None


def is_list(value: bytes) -> bool:
    """Whether it is a list (3.1) of one member at least. value: of one line."""
    value = value.strip(b" ")
    at = 0
    try:
        while True:
            _, at = _inner(value, at)
            at = _past_parameters(value, at)
            _, at = _taken(_WHITE, value, at)
            if value[at : at + 1] != b",":
                return at == len(value)
            _, at = _taken(_WHITE, value, at + 1)
    except ValueError:
        return False


def _members(value: bytes) -> dict[bytes, Value]:
    members: dict[bytes, Value] = {}
    at = 0
    while at < len(value):
        key, at = _taken(_KEY, value, at)
        member: Value = True
        if value[at : at + 1] == b"=":
            member, at = _inner(value, at + 1)
        at = _past_parameters(value, at)
        members[key[0]] = member
        _, at = _taken(_WHITE, value, at)
        if at == len(value):
            break
        if value[at : at + 1] != b",":
            raise ValueError
        _, at = _taken(_WHITE, value, at + 1)
        if at == len(value):  # a comma at the end
            raise ValueError
    return members


def _taken(pattern: re.Pattern[bytes], value: bytes, at: int) -> tuple[re.Match[bytes], int]:
    found = pattern.match(value, at)
    if found is None:
        raise ValueError
    return found, found.end()


def _inner(value: bytes, at: int) -> tuple[Value, int]:
    """An item or an inner list (3.1.1) that begins at `at`, and where it ends."""
    if value[at : at + 1] != b"(":
        return _item(value, at)
    items: list[Value] = []
    at += 1
    while True:
        spaces, at = _taken(_SPACES, value, at)
        if value[at : at + 1] == b")":
            return tuple(items), at + 1
        if items and not spaces[0]:
            raise ValueError
        item, at = _item(value, at)
        items.append(item)
        at = _past_parameters(value, at)


def _past_parameters(value: bytes, at: int) -> int:
    while value[at : at + 1] == b";":
        _, at = _taken(_SPACES, value, at + 1)
        _, at = _taken(_KEY, value, at)
        if value[at : at + 1] == b"=":
            _, at = _item(value, at + 1)
    return at


def _item(value: bytes, at: int) -> tuple[Value, int]:
    match value[at : at + 1]:
        case b'"':
            found, at = _taken(_STRING, value, at)
            return Text(_ESCAPED.sub(rb"\1", found[1])), at
        case b":":
            found, at = _taken(_BYTES, value, at)
            return b64decode(found[1] + b"=" * (-len(found[1]) % 4)), at
        case b"?":
            found, at = _taken(_BOOLEAN, value, at)
            return found[1] == b"1", at
        case b"@":
            number, at = _number(value, at + 1)
            if not isinstance(number, int):
                raise ValueError
            return Moment(number), at
        case b"%":
            found, at = _taken(_DISPLAY, value, at)
            text = _PERCENT.sub(lambda escape: bytes((int(escape[1], 16),)), found[1])
            text.decode("utf-8")  # raises ValueError
            return Text(text), at
        case first if first == b"-" or first.isdigit():
            return _number(value, at)
    found, at = _taken(_TOKEN, value, at)
    return Token(found[0]), at


def _number(value: bytes, at: int) -> tuple[int | float, int]:
    found, at = _taken(_NUMBER, value, at)
    digits = len(found[1].lstrip(b"-"))
    if found[2] is None:
        # "12." is no decimal, and the dot behind the integer stops the dictionary.
        if digits > _LONGEST_INTEGER:
            raise ValueError
        return int(found[1]), at
    if digits > _LONGEST_WHOLE or len(found[2]) - 1 > _LONGEST_FRACTION:
        raise ValueError
    return float(found[0]), at
