"""What a request of HTTP asks of a door: the same at the control socket and at `admin`'s address.

Words of a GET stand in its query, each as text or, where it is none, as JSON; those of a POST are
the members of its body. Nothing is read in two ways: a word that is said twice is refused.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from porch.http.message import RequestHead
from porch.manage.control.operations import OPERATIONS, Operation, at
from porch.manage.control.schema import Schema, types

__all__ = ["LONGEST", "METHODS", "Asked", "Refused", "read"]

LONGEST = 1 << 20
"""Bytes of a body."""
METHODS = "GET, HEAD, POST"
"""All that is asked by. There is no OPTIONS, neither for a path nor for `*` (RFC 9110 9.3.7)."""
_MOST_DIGITS = 100
"""Of a number: no word takes one that is as long, and to read a very long one takes a while."""
_MOST_TAGS = 16
"""Revisions that one If-Match names."""
_JSON = re.compile(rb"application/json[ \t]*(?:;[ \t]*charset=\"?utf-8\"?[ \t]*)?\Z", re.I)
_TAG = re.compile(r'"[!#-~]{0,64}"\Z')
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Refused(Exception):
    """A request that asks for nothing. status: of HTTP. text: a sentence. allow: the methods that
    are taken instead, for the field of that name."""

    def __init__(self, status: int, text: str, allow: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.allow = allow


@dataclass(frozen=True, slots=True)
class Asked:
    """operation: which. words: as they came, not yet checked against its schema. if_match: the
    revisions of which one must be that of now; empty for any."""

    operation: Operation
    words: dict[str, object]
    if_match: tuple[str, ...]


def read(head: RequestHead, body: bytes) -> Asked:
    """What is asked. Raises Refused."""
    path, mark, query = head.target.decode("ascii", "replace").partition("?")
    if path == "*":
        raise Refused(405, f"this door is for {METHODS}", METHODS)
    operation = at(path)
    if operation is None:
        raise Refused(404, f"nothing is here; {OPERATIONS['openapi'].path} lists what there is")
    method = head.method.decode("ascii", "replace")
    allow = operation.method if operation.changes else f"{operation.method}, HEAD"
    if method not in allow.split(", "):
        raise Refused(405, f"{operation.path} is for {allow}", allow)
    if_match = _if_match(head)
    if operation.changes:
        if mark:
            raise Refused(400, "the words of a change stand in its body; leave the query out")
        return Asked(operation, _of_body(head, body), if_match)
    if body:
        raise Refused(400, "the words of a question stand in its query; leave the body out")
    return Asked(operation, _of_query(query, operation.takes), if_match)


def _of_body(head: RequestHead, body: bytes) -> dict[str, object]:
    if not body:
        return {}
    kinds = [value for name, value in head.fields if name == b"content-type"]
    if len(kinds) != 1 or _JSON.match(kinds[0]) is None:
        raise Refused(415, "the body is JSON; say so with Content-Type: application/json")
    if any(name == b"content-encoding" for name, _ in head.fields):
        raise Refused(415, "the body is taken as it is; leave Content-Encoding out")
    words = _json(body, "the body")
    if not isinstance(words, dict):
        raise Refused(400, "the body is an object: {}")
    return words


def _of_query(query: str, schema: Schema) -> dict[str, object]:
    words: dict[str, object] = {}
    parts = schema.get("properties", {})
    for piece in query.split("&") if query else []:
        name, _, spelled = piece.partition("=")
        name = _plain(name)
        if name in words:
            raise Refused(400, f"'{name[:64]}' is said twice")
        value: object = _plain(spelled)
        if name in parts and "string" not in types(parts[name]):
            value = _json(_plain(spelled).encode("utf-8", "surrogatepass"), f"'{name}'")
        words[name] = value
    return words


def _plain(text: str) -> str:
    if _ESCAPE.search(text):
        raise Refused(400, "a % in the query stands before two hexadecimal digits")
    try:
        return unquote(text.replace("+", " "), errors="strict")
    except UnicodeDecodeError:
        raise Refused(400, "the query is not UTF-8") from None


def _json(data: bytes, what: str) -> Any:
    try:
        return json.loads(
            data.decode(),
            object_pairs_hook=_members,
            parse_constant=_constant,
            parse_int=_integer,
        )
    except (ValueError, RecursionError) as error:
        why = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise Refused(400, f"{what} is no JSON: {why}") from None


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a name twice")
    return found


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise Refused(400, f"a number has {len(digits)} digits; none here has over {_MOST_DIGITS}")
    return int(digits)


def _constant(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _if_match(head: RequestHead) -> tuple[str, ...]:
    """RFC 9110 13.1.1."""
    values = [value for name, value in head.fields if name == b"if-match"]
    tags = [each.strip(" \t") for each in b",".join(values).decode("latin-1").split(",")]
    if not values or tags == ["*"]:  # something runs, whatever it is
        return ()
    if len(tags) > _MOST_TAGS or not all(map(_TAG.match, tags)):
        raise Refused(400, 'If-Match is an ETag of before, with its quotes: "1-2"')
    return tuple(tags)
