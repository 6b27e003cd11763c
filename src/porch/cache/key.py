"""The key of a request: what a stored answer is found by, as text that a person can read.

    https://a.test/x?y=1 field:x-tenant=7 cookie:theme=dark

Two requests share a key only if no origin can tell them apart by what the key is made of, or the
rules say that it does not matter. The safe way for that: the origin is asked for just what is in
the key, that is for `target(request.target, rules)` at `host(request.scheme, request.authority)`,
not for what the client sent. Else a client could have the answer to `/%61` kept for `/a`, or that
to `?utm_source=<script>` for all (unkeyed input).

What is made equal (RFC 3986 6.2.2, 6.2.3): the case of the host, a dot at its end, the default port
of the scheme, the case of the digits of an escape, an escape of a letter, a digit, `-`, `_` or `~`.
What is not:
`%2E` and `.`, dot segments, `//`, a slash at the end, `;`, `+` and `%20`, `?` without a query, the
order of parameters, anything in a target with a `%` that escapes nothing: there are origins to
which those are different things.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from porch.http.cookies import folded
from porch.http.message import RequestHead

__all__ = [
    "KeyRules",
    "NoKey",
    "body_digest",
    "cookies",
    "digest",
    "escaped",
    "host",
    "make",
    "port",
    "target",
    "url",
]

_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_NO_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_DECODED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~")
_DOTTED = re.compile(rb"\A([^\[:]*[^.:])\.(:[0-9]+)?\Z")
_PARTING = re.compile(rb"[;,]")
_SEPARATORS = re.compile(rb"[ \\]")
_ESCAPED = {b" ": rb"\s", b"\\": rb"\\"}
_PORT = {b"http": b"80", b"https": b"443"}
_DEFAULT_PORT = {scheme: b":" + port for scheme, port in _PORT.items()}


class NoKey(Exception):
    """The operator's part of a key cannot be known, and so not whose an answer would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRules:
    """What of a request is in its key, besides scheme, host and path.

    ignore: names of query parameters that are left out; `*` in one stands for any characters, as
    in b"utm_*". keep: the only names that are not left out; None for all. sort: whether the order
    of parameters does not matter (that of several with one name always does). fields: names of
    request fields, lower-case. cookies: names of cookies, with all that an origin may take for the
    same. Names of parameters are told apart by case.
    """

    ignore: tuple[bytes, ...] = ()
    keep: tuple[bytes, ...] | None = None
    sort: bool = False
    fields: tuple[bytes, ...] = ()
    cookies: tuple[bytes, ...] = ()


_AS_IS = KeyRules()


def make(request: RequestHead, rules: KeyRules) -> bytes:
    """The primary key of a request: the URL, then parts behind one space each.

    The method is in no key: only GET and HEAD, which share their answers, and QUERY, behind whose
    key stands what it asks, get here.
    """
    text = _origin(request) + target(request.target, rules)
    if _SEPARATORS.search(text) is not None:
        text = escaped(text)
    if rules.fields or rules.cookies:
        return b" ".join([text, *_parts(request, rules)])
    return text


def digest(key: bytes) -> bytes:
    """What the answers of a key are stored by."""
    return blake2b(key, digest_size=16).digest()


def url(request: RequestHead, rules: KeyRules = _AS_IS) -> bytes:
    """Scheme, host and target as a key by these rules has them. Entry.url is that of what the
    origin was asked for, so by the rules of its route."""
    sent = request.target
    if rules is _AS_IS and b"%" not in sent:  # most
        return _origin(request) + sent
    return _origin(request) + target(sent, rules)


@lru_cache(maxsize=256)
def host(scheme: bytes, authority: bytes) -> bytes:
    """The authority in lower case, without the default port of the scheme, and without one dot
    behind the name (RFC 3986 3.2.2); the same once more gives the same."""
    lower = authority.lower()
    lower = lower.removesuffix(_DEFAULT_PORT.get(scheme, b":")).removesuffix(b":")
    return _DOTTED.sub(rb"\1\2", lower) if lower.endswith(b".") or b".:" in lower else lower


def port(request: RequestHead) -> bytes:
    """That of the authority, or the default one of the scheme."""
    _, colon, found = request.authority.rpartition(b":")
    return found if colon and found.isdigit() else _PORT[request.scheme]


def target(sent: bytes, rules: KeyRules) -> bytes:
    """The path and query that are in the key; the same once more gives the same."""
    normal = _normalised(sent) if b"%" in sent else sent
    if not (rules.ignore or rules.sort or rules.keep is not None):
        return normal
    path, mark, query = normal.partition(b"?")
    if not mark:
        return normal
    parameters = query.split(b"&")
    kept = [each for each in parameters if _is_kept(each.partition(b"=")[0], rules)]
    if rules.sort:
        kept.sort(key=lambda each: each.partition(b"=")[0])
    if not kept and parameters:
        return path
    return path + mark + b"&".join(kept)


def body_digest(request: RequestHead, body: bytes) -> bytes:
    """What stands for the body of a QUERY in its key: 32 hexadecimal digits, of the body and of
    the fields that say how it is to be read (RFC 10008)."""
    told = blake2b(digest_size=16)
    for name in (b"content-type", b"content-encoding"):
        value = request.get(name) or b""
        told.update(b"%d:%b" % (len(value), value))
    told.update(body)
    return told.hexdigest().encode()


def cookies(request: RequestHead) -> Iterator[tuple[bytes, bytes]]:
    """What the name of each may be read as (`folded`), and its pair, in order: of two with one
    name, some origins take the first, some the last. What any of them parts by parts here: some
    take a comma too (RFC 2109 4.3.4)."""
    for field in request.fields:
        if field[0] == b"cookie":
            for pair in _PARTING.split(field[1]):
                name, equals, value = pair.partition(b"=")
                name = name.strip(b" \t")
                yield folded(name), name + equals + value.strip(b" \t")


def _origin(request: RequestHead) -> bytes:
    return request.scheme + b"://" + host(request.scheme, request.authority)


def _normalised(sent: bytes) -> bytes:
    if _NO_ESCAPE.search(sent):
        return sent
    return _ESCAPE.sub(_decoded, sent)


def _decoded(escape: re.Match[bytes]) -> bytes:
    code = int(escape[1], 16)
    return bytes((code,)) if code in _DECODED else escape[0].upper()


def _is_kept(name: bytes, rules: KeyRules) -> bool:
    if rules.keep is not None and not _any_of(rules.keep).fullmatch(name):
        return False
    return not rules.ignore or not _any_of(rules.ignore).fullmatch(name)


@lru_cache(maxsize=1024)
def _any_of(names: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """The pattern of all names of which `*` stands for any characters."""
    patterns = [b".*".join(map(re.escape, name.split(b"*"))) for name in names]
    return re.compile(b"|".join(patterns) if patterns else b"(?!)", re.DOTALL)


def _parts(request: RequestHead, rules: KeyRules) -> Iterator[bytes]:
    for name in rules.fields:
        lines = [field[1] for field in request.fields if field[0] == name]
        if lines:
            yield b"field:%b=%b" % (name, escaped(b",".join(lines)))
    if rules.cookies:
        pairs = list(cookies(request))
        for name in rules.cookies:
            known = folded(name)
            yield from (b"cookie:" + escaped(pair) for found, pair in pairs if found == known)


def escaped(text: bytes) -> bytes:
    r"""Without a space, which parts the parts of a key: it becomes `\s`, and a backslash two."""
    if _SEPARATORS.search(text) is None:
        return text
    return _SEPARATORS.sub(lambda found: _ESCAPED[found[0]], text)
