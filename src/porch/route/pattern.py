"""Pattern: what a route's key says (`"POST *.a.test/x/*"`), compiled.

A key is an optional method, a host and a path. Everything else that a request may have to
fulfil is a condition (condition.py); which route comes first is decided in entry.py.
"""

import re
from dataclasses import dataclass, field
from enum import Enum

from porch.route.host import parse_host
from porch.route.paths import readings, to_wire
from porch.route.regex import compile_regex

__all__ = ["Kind", "Pattern", "parse_key"]

_METHOD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Z]+\Z")
_NEVER = ("CONNECT", "TRACE")
_LOWER_HEX = re.compile(r"%[0-9A-Fa-f]{2}")


class Kind(Enum):
    """How a key names paths, the best match first."""

    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"
    WHOLE = "whole host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A key, compiled. Two keys of one meaning differ in `key` alone and are equal.

    key: as written. method: b"POST", or None for any. host: in normal form; b"*.a.test" stands
    for one or more labels before a.test, b"*" for any host.
    path: EXACT the path, PREFIX the path without `/*`, REGEX its source, WHOLE b"".
    regex: of a REGEX, to be matched from the start of the whole path.
    """

    key: str = field(compare=False)
    method: bytes | None = None
    host: bytes
    kind: Kind
    path: bytes = b""
    regex: re.Pattern[bytes] | None = None

    def matches_host(self, host: bytes) -> bool:
        """Whether a host in normal form (host.normal_host) is meant."""
        if self.host == b"*":
            return True
        if not self.host.startswith(b"*."):
            return host == self.host
        suffix = self.host[1:]
        return host.endswith(suffix) and b"" not in host[: -len(suffix)].split(b".")

    def matches_path(self, path: bytes) -> bool:
        """Whether a path, without its query, is meant."""
        if self.kind is Kind.WHOLE:
            return True
        if self.kind is Kind.EXACT:
            return path == self.path
        if self.kind is Kind.PREFIX:
            return path == self.path or path.startswith(self.path + b"/")
        return self.regex is not None and self.regex.match(path) is not None


def parse_key(key: str) -> Pattern:
    """The pattern that a key means. Raises ValueError with one sentence that says the way out."""
    method, rest = _split_method(key)
    if "://" in rest.partition("/~")[0]:
        raise ValueError(f"a key has no scheme; write '{rest.partition('://')[2]}'")
    if rest.startswith("/"):
        raise ValueError(f"a key begins with a host; for any host write '*{rest}'")
    name, slash, tail = rest.partition("/")
    host = parse_host(name)
    if not slash or tail == "*":
        return Pattern(key=key, method=method, host=host, kind=Kind.WHOLE)
    if tail.startswith("~"):
        regex = _parse_regex(name, tail[1:])
        return Pattern(
            key=key, method=method, host=host, kind=Kind.REGEX, path=regex.pattern, regex=regex
        )
    kind = Kind.PREFIX if tail.endswith("/*") else Kind.EXACT
    path = _parse_path(name, "/" + (tail[:-1] if kind is Kind.PREFIX else tail), kind)
    return Pattern(key=key, method=method, host=host, kind=kind, path=path)


def _split_method(key: str) -> tuple[bytes | None, str]:
    words = key.split(maxsplit=1)
    if not words:
        raise ValueError("a key is empty; the key for any host is '*'")
    if len(words) == 1:
        return None, words[0]
    method, rest = words[0], words[1].rstrip()
    if "/" in method or any(character.isspace() for character in rest):
        raise ValueError(f"'{key}' has a space too many; one in a path is written %20")
    if not _METHOD.match(method):
        capitals = method.upper()
        if _METHOD.match(capitals) and "," not in method:
            raise ValueError(f"methods are written in capitals: '{capitals} {rest}'")
        raise ValueError(
            f"'{method}' is not one method; several are a condition: "
            'when = { method = ["GET", "POST"] }'
        )
    if method in _NEVER:
        raise ValueError(f"{method} is never forwarded, so that no route can have it")
    return method.encode("ascii"), rest


def _parse_regex(host: str, text: str) -> re.Pattern[bytes]:
    if not text.isascii():
        raise ValueError(f"in the regex '{text}' write what is not ASCII as it is sent: %C3%9F")
    first = text.removeprefix("^")[:1]
    if first.isalnum() or first in ("_", "-", "%", "~"):
        raise ValueError(
            f"a regex sees the whole path with its first slash; write '{host}/~/{text.lstrip('^')}'"
        )
    return compile_regex(text)


def _parse_path(host: str, text: str, kind: Kind) -> bytes:
    """The path of an EXACT key, or of a PREFIX key that was cut behind its last slash."""
    star = "*" if kind is Kind.PREFIX else ""
    if "?" in text:
        raise ValueError("a key has no query; a condition does: when = { query = { name = … } }")
    if "*" in text:
        plain = text.partition("*")[0].rpartition("/")[0]
        raise ValueError(
            f"a * in a path can only be all behind the last slash, '{host}{plain}/*'; "
            "anything else is a regex, '~/…'"
        )
    path = _LOWER_HEX.sub(lambda escape: escape[0].upper(), to_wire(text)).encode("ascii")
    plainest = readings(path)[-1]
    if plainest != path:
        raise ValueError(
            f"'{text}{star}' has a plainer form that origins read it as; "
            f"write '{host}{plainest.decode('ascii')}{star}'"
        )
    return path.removesuffix(b"/") if kind is Kind.PREFIX else path
