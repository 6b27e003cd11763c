"""Claims: what is known of somebody, as conditions (`require`) and as fields for the origin.

A claim is found by its name, then by a path with dots (`realm_access.roles`). What a provider calls
`scp`, `scopes` or `scope` is one claim, `scope`.
"""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from porch.http.message import Field

__all__ = [
    "NOBODY",
    "Claims",
    "Requirement",
    "Wanted",
    "claim",
    "field_value",
    "is_plain_name",
    "lacking",
    "told",
]

Claims = Mapping[str, object]
Wanted = str | bool | int | Sequence[str]

NOBODY = "-"
"""The name of one who is let in by somebody that says not who it is. Nobody else has it, and no
origin is told it."""

_SCOPES = ("scope", "scopes", "scp")
_CONTROLS = {each: f"%{each:02X}" for each in (*range(0x20), 0x7F)}
_IN_TEXT = _CONTROLS | {ord(","): "%2C", ord("%"): "%25"}


class Requirement:
    """One word of `require`. name: of the claim, "user" for who it is. wanted: one of these; all of
    them if `is_all`."""

    __slots__ = ("_is_all", "_name", "_wanted")

    def __init__(self, name: str, wanted: Wanted) -> None:
        """wanted: a text or several, of which one has to be there. A text of `scope` may have
        several with spaces between, which all have to be there (RFC 6749 3.3)."""
        self._name = "scope" if name in _SCOPES else name
        self._is_all = self._name == "scope" and isinstance(wanted, str)
        if isinstance(wanted, str):
            texts = wanted.split() if self._is_all else [wanted]
        elif isinstance(wanted, bool | int):
            texts = [_text(wanted)]
        else:
            texts = list(wanted)
        self._wanted = frozenset(texts)

    def __str__(self) -> str:
        texts = (" and " if self._is_all else " or ").join(sorted(self._wanted))
        return f"{self._name} {texts}"

    def holds(self, name: str, claims: Claims) -> bool:
        """Of somebody. name: who it is."""
        has = {name} if self._name == "user" else _texts(claim(claims, self._name), self._name)
        return self._wanted <= has if self._is_all else not self._wanted.isdisjoint(has)


def lacking(required: Sequence[Requirement], name: str, claims: Claims) -> str:
    """The first that does not hold, in words; "" where all do."""
    return next((str(each) for each in required if not each.holds(name, claims)), "")


def claim(claims: Claims, name: str) -> object:
    """The value of a claim; None where there is none."""
    if name == "scope":
        return next((claims[each] for each in _SCOPES if each in claims), None)
    if name in claims or "." not in name:
        return claims.get(name)
    found: object = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _texts(value: object, name: str) -> set[str]:
    """What of a claim can be compared with texts."""
    if isinstance(value, str):
        return set(value.split()) if name == "scope" else {value}
    if isinstance(value, list | tuple | frozenset | set):
        return {_text(each) for each in value if isinstance(each, str | bool | int)}
    return {_text(value)} if isinstance(value, bool | int) else set()


def _text(value: str | bool | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_plain_name(text: object) -> bool:
    """Whether it can be somebody's name: something, not too long, without controls, and the same
    for whoever trims it."""
    return (
        isinstance(text, str)
        and 0 < len(text) <= 256
        and text.isprintable()
        and text != NOBODY
        and text.strip() == text
        and not any("\ud800" <= each <= "\udfff" for each in text)
    )


def field_value(value: object) -> bytes | None:
    """A claim as the value of a field; None where there is nothing to say. Of a list the items
    stand with commas between. In a text and in each item %2C stands for a comma, %25 for a `%` and
    so on for controls and for white space at its ends, which who reads it takes away: so none
    passes for two, nor for another. A table is JSON."""
    if isinstance(value, str):
        text = _escaped(value)
    elif isinstance(value, bool | int | float):
        text = json.dumps(value)
    elif isinstance(value, list | tuple | frozenset | set):
        items = (each if isinstance(each, str) else json.dumps(each) for each in value)
        text = ", ".join(map(_escaped, items))
    elif isinstance(value, Mapping):
        text = json.dumps(value)
    else:
        return None
    return text.encode("utf-8", "replace")


def _escaped(text: str) -> str:
    text = text.translate(_IN_TEXT)
    inner = text.strip()
    if inner == text:
        return text
    start, _, end = text.partition(inner) if inner else (text, "", "")
    return quote(start) + inner + quote(end)


def told(name: str, claims: Claims, fields: Mapping[bytes, str]) -> tuple[Field, ...]:
    """The fields that tell an origin of somebody. fields: their names, lower-case, and the claim of
    each; "user" is who it is."""
    found = (
        (field, field_value(name if each == "user" else claim(claims, each)))
        for field, each in fields.items()
        if each != "user" or name != NOBODY
    )
    return tuple((field, value) for field, value in found if value is not None)
