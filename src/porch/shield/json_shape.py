"""JSON whose shape is bounded, read in a time and a memory that grow with its bytes alone.

RFC 8259, and no more than that: UTF-8 without a mark, no NaN, no name twice in one object. What two
readers could take for two things is refused, so that the origin reads what was looked at.

Depth and lengths are bounded before anything is built, by a few looks at all bytes that cost a
nanosecond each.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from porch.shield.content_errors import BadContent, named

__all__ = ["DEEPEST", "Shape", "parse", "pointer"]

DEEPEST = 200
"""The most that `depth` may be: the parser of Python, which calls itself, takes 900."""

_HALF = re.compile(rb"\\u[dD][89a-fA-F]").search
"""Maybe a half of a surrogate pair; what JSON.parse and others make of one alone differs."""
_HUGE = re.compile(rb"[0-9.][eE]").search
_KINDS = bytes.maketrans(b"{}", b"[]")
_OTHERS = bytes(sorted(set(range(256)) - set(b"[]{}")))

_Steps = tuple["_Steps", str | int] | None
"""The way to a value, from its end."""


class Shape(NamedTuple):
    """Bounds on JSON. depth: of objects and arrays in one another. keys: members of an object.
    items: of an array. string: bytes of a text or a name, in UTF-8. number: characters. values: of
    all together, where an object or array that is empty counts twice."""

    depth: int = 32
    keys: int = 1000
    items: int = 10_000
    string: int = 65536
    number: int = 64
    values: int = 100_000


def parse(body: bytes, shape: Shape) -> Any:
    """What a body says. Raises BadContent with what is wrong with it, and where that is known."""
    if body.startswith(b"\xef\xbb\xbf"):
        _refuse("it begins with a byte order mark; send it without (RFC 8259 8.1)")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        _refuse(f"byte {error.start} is not UTF-8 (RFC 8259 8.1)")
    bare, longest = _without_texts(body)
    brackets = bare.translate(_KINDS, _OTHERS)
    _check_depth(brackets, shape.depth)
    commas = bare.count(b",")
    if commas + brackets.count(b"[") >= shape.values:
        _refuse(f"it has more than {shape.values} values")
    if re.search(rb"[-+.0-9eE]{%d}" % (shape.number + 1), bare):
        _refuse(f"a number has more than {shape.number} characters")
    try:
        value = json.loads(
            text, object_pairs_hook=_Members(shape.keys).read, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        what = error.msg[:1].lower() + error.msg[1:]
        _refuse(f"it is no JSON: {what} at character {error.pos}")
    except RecursionError:
        _refuse(f"it is nested more than {shape.depth} deep")
    if longest > shape.string or commas >= shape.items or shape.number > 300 or _HUGE(bare):
        _check_lengths(value, shape)
    if _HALF(body):
        _check_text(value)
    return value


def pointer(steps: Iterator[str | int] | list[str | int]) -> str:
    """A way through JSON as RFC 6901 writes it, "/items/0/name"; "" for all of it."""
    parts = (named(str(each)).replace("~", "~0").replace("/", "~1") for each in steps)
    return "".join(f"/{each}" for each in parts)


def _refuse(why: str) -> NoReturn:
    raise BadContent(f"The body is refused: {why}.")


def _without_texts(body: bytes) -> tuple[bytes, int]:
    """What stands between texts, and the bytes of the longest as it is spelled."""
    if b"\\" in body:  # a quote behind one, unless that is behind one itself, ends no text
        body = body.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    pieces = body.split(b'"')
    return b"".join(pieces[::2]), max(map(len, pieces[1::2]), default=0)


def _check_depth(brackets: bytes, most: int) -> None:
    """brackets: of one kind. Each look takes the innermost pairs away."""
    if b"[" * (most + 1) in brackets:  # so much of it is no long look
        _refuse(f"it is nested more than {most} deep")
    for _ in range(most):
        if not brackets:
            return
        size = len(brackets)
        brackets = brackets.replace(b"[]", b"")
        if len(brackets) == size:
            _refuse("it is no JSON: its brackets do not match")
    if brackets:
        _refuse(f"it is nested more than {most} deep")


class _Members:
    """Reads objects. most: members of one."""

    __slots__ = ("_most",)

    def __init__(self, most: int) -> None:
        self._most = most

    def read(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Names are compared as they are meant, however they are spelled."""
        if len(pairs) > self._most:
            _refuse(f"an object has more than {self._most} members")
        found = dict(pairs)
        if len(found) != len(pairs):
            seen: set[str] = set()
            for name, _ in pairs:
                if name in seen:
                    _refuse(f"an object has the name '{named(name)}' twice")
                seen.add(name)
        return found


def _constant(word: str) -> NoReturn:
    _refuse(f"{word} is no JSON")


def _check_lengths(value: Any, shape: Shape) -> None:
    """Of arrays, texts and names; and that each number is one."""
    waiting: list[tuple[Any, _Steps]] = [(value, None)]
    while waiting:
        each, steps = waiting.pop()
        if isinstance(each, dict):
            for name in each:
                _check_string(name, shape.string, steps)
            waiting += [(inner, (steps, name)) for name, inner in each.items()]
        elif isinstance(each, list):
            if len(each) > shape.items:
                _refuse(f"{_at(steps)} has more than {shape.items} items")
            waiting += [(inner, (steps, number)) for number, inner in enumerate(each)]
        elif isinstance(each, str):
            _check_string(each, shape.string, steps)
        elif isinstance(each, float) and each in (float("inf"), float("-inf")):
            _refuse(f"{_at(steps)} is a number too large for any reader")


def _check_string(text: str, most: int, steps: _Steps) -> None:
    if len(text) * 4 > most and len(text.encode("utf-8", "surrogatepass")) > most:
        _refuse(f"{_at(steps)} has a text of more than {most} bytes")


def _check_text(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        _refuse("an escape is half of a character (RFC 8259 8.2)")


def _at(steps: _Steps) -> str:
    found: list[str | int] = []
    while steps is not None:
        steps, step = steps
        found.append(step)
    return pointer(found[::-1]) or "all of it"
