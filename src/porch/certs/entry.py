"""An entry: all that is kept for one certificate, written at once so that its parts always fit."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, get_args

__all__ = ["Entry", "Source"]

Source = Literal["acme", "local", "files"]

VERSION = 1
"""Of the form in which it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A certificate with its key.

    names: those it is for, lower-case; the first is the one it is kept under.
    chain: PEM, the certificate first. key: PEM, not encrypted, and never shown.
    source: "acme" (got from an authority), "local" (made by this machine's), "files" (given).
    issuer: who signed it, in words. directory: the URL of the authority's directory, or "".
    obtained, not_before, not_after: seconds since 1970.
    extras: what only its source knows ("ari", "profile", ...); anything that JSON can hold.
    """

    names: tuple[str, ...]
    chain: bytes = field(repr=False)
    key: bytes = field(repr=False)
    source: Source
    issuer: str
    directory: str = ""
    obtained: int
    not_before: int
    not_after: int
    extras: Mapping[str, object] = field(default_factory=dict, hash=False)

    def dump(self) -> bytes:
        """As it is kept; `load` makes it again."""
        words: dict[str, object] = {"version": VERSION}
        for each in fields(self):
            value = getattr(self, each.name)
            words[each.name] = value.decode("ascii") if isinstance(value, bytes) else value
        words["extras"] = dict(self.extras)
        return json.dumps(words, indent=1).encode() + b"\n"

    @classmethod
    def load(cls, data: bytes) -> "Entry":
        """The entry that was dumped. Raises ValueError with a sentence if it is none, or was
        written by a Porch that is newer. That chain and key fit is not looked at (facts.py)."""
        try:
            words = json.loads(data)
        except (ValueError, RecursionError):
            words = None
        if not isinstance(words, dict) or not isinstance(words.get("version"), int):
            raise ValueError("what is kept here is no certificate of Porch; remove it")
        if words["version"] > VERSION:
            raise ValueError(
                f"this certificate was kept by a newer Porch (form {words['version']}, this one"
                f" knows {VERSION}); upgrade, or remove it"
            )
        return cls(
            names=_names(words),
            chain=_text(words, "chain").encode("ascii", "replace"),
            key=_text(words, "key").encode("ascii", "replace"),
            source=_source(words),
            issuer=_text(words, "issuer"),
            directory=_text(words, "directory"),
            obtained=_seconds(words, "obtained"),
            not_before=_seconds(words, "not_before"),
            not_after=_seconds(words, "not_after"),
            extras=_extras(words),
        )


def _wrong(word: str) -> ValueError:
    return ValueError(f"a certificate is kept here whose '{word}' is missing or wrong; remove it")


def _text(words: Mapping[str, object], word: str) -> str:
    value = words.get(word)
    if not isinstance(value, str):
        raise _wrong(word)
    return value


def _seconds(words: Mapping[str, object], word: str) -> int:
    value = words.get(word)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(word)
    return value


def _names(words: Mapping[str, object]) -> tuple[str, ...]:
    value = words.get("names")
    if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
        raise _wrong("names")
    return tuple(value)


def _source(words: Mapping[str, object]) -> Source:
    for source in get_args(Source):
        if words.get("source") == source:
            known: Source = source
            return known
    raise _wrong("source")


def _extras(words: Mapping[str, object]) -> dict[str, object]:
    value = words.get("extras")
    if not isinstance(value, dict):
        raise _wrong("extras")
    return value
