"""What `headers` says, as changes of fields. Names are lower-case bytes from here on."""

import re
from collections.abc import Sequence
from typing import Literal

from porch.config.schema import HeadersModel
from porch.http.fields import HOP_BY_HOP
from porch.shield.headers import SECURE, Changes

__all__ = ["Direction", "changes", "parse_name", "parse_value"]

Direction = Literal["request", "response"]

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_VALUE = re.compile(rb"[\t -~\x80-\xff]*\Z")


def changes(tables: Sequence[HeadersModel], direction: Direction) -> Changes | None:
    """What the tables say together, the later over the earlier; None if nothing.

    Raises ValueError with a sentence for a name or value that no field has.
    """
    said: dict[bytes, str | list[str] | Literal[False]] = {}
    secure = False
    for table in tables:
        secure = secure if table.secure is None else table.secure
        for name, value in getattr(table, direction).items():
            said[parse_name(name)] = value
    made = Changes(
        set=[(name, parse_value(each)) for name, each in said.items() if isinstance(each, str)],
        add=[
            (name, parse_value(each))
            for name, values in said.items()
            if isinstance(values, list)
            for each in values
        ],
        remove=frozenset(name for name, value in said.items() if value is False),
        default=tuple(SECURE.items()) if secure and direction == "response" else (),
    )
    return made if made.set or made.add or made.remove or made.default else None


def parse_name(text: str) -> bytes:
    """The name of a field (RFC 9110 5.1). Raises ValueError with a sentence."""
    if _NAME.match(text) is None:
        raise ValueError(f"'{text}' is not the name of a field")
    name = text.lower().encode("ascii")
    if name in HOP_BY_HOP or name in (b"content-length", b"transfer-encoding"):
        raise ValueError(f"'{text}' belongs to the connection; Porch sets it itself")
    return name


def parse_value(text: str) -> bytes:
    """The value of a field (RFC 9110 5.5). Raises ValueError with a sentence."""
    value = text.strip(" \t").encode("utf-8")
    if _VALUE.match(value) is None:
        raise ValueError("the value of a field has no line ends or control characters")
    return value
