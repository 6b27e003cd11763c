"""Vary: which requests a stored answer is for (RFC 9111 4.1).

What a request says for a nominated field is compared in a normal form, so that spellings of one
wish share an answer. White space around commas and how lines are joined count for nothing in lists
(RFC 9111 4.1): in fields that are known as such, and in unknown ones whose members are all tokens
(RFC 9110 5.6.2), but for what the door tells of who comes. Else a value is as it was sent:
`Cookie: s=a ,b` is not `s=a,b`. Two are understood:

- Accept-Encoding: which of gzip, br and zstd are taken, in any order and weight.
- Accept-Language: the languages in the order of their weights, in any case; those of one weight
  have no order.

An answer is for other requests too than for those that say the same: one in German, with
Content-Language, is for who wants German before all else. And it is not for all that say the same
in the normal form: one with an odd content coding is only for those that take it. So a part of
what the answer is goes with what chose it, under names that begin with a colon.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from porch.cache.lists import pieces
from porch.http.fields import tokens
from porch.http.message import Field, RequestHead

__all__ = ["MOST_NAMES", "OF_ANSWER", "TOLD_BY", "chosen", "described", "matches", "nominated"]

MOST_NAMES = 32
"""Fields that one answer may nominate; more is as good as `*`."""

_CODINGS = (b"br", b"gzip", b"zstd")
_ALIASES = {b"x-gzip": b"gzip"}
_CODING = b":coding"
_LANGUAGE = b":language"

OF_ANSWER = frozenset((_CODING, _LANGUAGE))
"""Names in Entry.vary that are of the answer itself, and no request has."""

_ABSENT = b""
_LINE = b"\n"
_EMPTY = b" "
"""There, but with an empty value: no value in the normal form has a space at its end."""

# What is a list by its definition, and what is none whatever it looks like.
_LISTS = frozenset(
    (
        *(b"accept", b"accept-charset", b"a-im", b"prefer", b"te", b"via", b"cache-control"),
        *(b"access-control-request-headers", b"if-match", b"if-none-match", b"pragma"),
        *(b"sec-ch-ua", b"sec-ch-ua-full-version-list", b"sec-ch-ua-form-factors"),
        b"surrogate-capability",
    )
)
_WHOLE = frozenset(
    (
        *(b"cookie", b"authorization", b"proxy-authorization", b"user-agent", b"referer"),
        *(b"origin", b"from"),
    )
)
TOLD_BY = b":told"
"""In a request as asker.told has it: by which fields the door tells. No client can send such a
name."""

_REMEMBERED_LENGTH = 512
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LANGUAGE_RANGE = re.compile(rb"\*|[a-z0-9]{1,8}(?:-[a-z0-9]{1,8}|-\*)*")
_WEIGHT = re.compile(rb"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def nominated(fields: Iterable[Field]) -> tuple[bytes, ...] | None:
    """The request fields that an answer's Vary lines name, lower-case and sorted.

    None where no other request can be known to match: `*` anywhere, what is no field name, or
    more than MOST_NAMES.
    """
    lines = [value for name, value in fields if name == b"vary"]
    if not lines:
        return ()
    value = lines[0] if len(lines) == 1 else b",".join(lines)
    return _names(value) if len(value) > _REMEMBERED_LENGTH else _remembered_names(value)


def chosen(names: Sequence[bytes], request: RequestHead) -> list[Field]:
    """What the request says for each of `names`, in the normal form; b"" where it says nothing."""
    return [(name, _said(name, request)) for name in names]


def described(names: Sequence[bytes], fields: Sequence[Field]) -> list[Field]:
    """What of an answer with these fields goes with what chose it (see above): behind `chosen` in
    Entry.vary."""
    about: list[Field] = []
    if not names:
        return about
    if b"accept-encoding" in names:
        known = (*_CODINGS, *_ALIASES, b"identity")
        if odd := [each for each in _members(b"content-encoding", fields) if each not in known]:
            about.append((_CODING, b",".join(odd)))
    if b"accept-language" in names:
        languages = _members(b"content-language", fields)
        if len(languages) == 1:
            about.append((_LANGUAGE, languages[0]))
    return about


def matches(vary: Sequence[Field], request: RequestHead) -> bool:
    """Whether an answer with this Entry.vary is one for the request. If several are, the latest
    is to be taken (RFC 9111 4.1)."""
    for name, value in vary:
        if name == _CODING:
            if not _takes(value, request):
                return False
        elif name != _LANGUAGE and _said(name, request) != value:
            wanted = _best_language(request) if name == b"accept-language" else None
            if wanted is None or (_LANGUAGE, wanted) not in vary:
                return False
    return True


def _names(value: bytes) -> tuple[bytes, ...] | None:
    names = frozenset(tokens(value))
    if b"*" in names or len(names) > MOST_NAMES or not all(map(_TOKEN.fullmatch, names)):
        return None
    return tuple(sorted(names))


_remembered_names = lru_cache(maxsize=1024)(_names)


def _members(wanted: bytes, fields: Iterable[Field]) -> list[bytes]:
    return [each for name, value in fields if name == wanted for each in tokens(value)]


def _said(name: bytes, request: RequestHead) -> bytes:
    lines = [field[1] for field in request.fields if field[0] == name]
    if not lines:
        return _ABSENT
    value = lines[0] if len(lines) == 1 else _LINE.join(lines)
    if b"," in value and name in (request.get(TOLD_BY) or b"").split(b","):
        return value
    if len(value) > _REMEMBERED_LENGTH:
        return _normal(name, value)
    return _remembered(name, value)


def _normal(name: bytes, value: bytes) -> bytes:
    """value: the lines, parted by what no line has."""
    listed = value.replace(_LINE, b",")
    if name == b"accept-encoding":
        return _codings(listed)
    if name == b"accept-language":
        return _languages(listed)
    members = pieces(listed)
    if name in _LISTS or (name not in _WHOLE and all(map(_TOKEN.fullmatch, members))):
        return b",".join(members) or _EMPTY
    return value.strip(b" \t") or _EMPTY


_remembered = lru_cache(maxsize=2048)(_normal)


def _weighed(value: bytes) -> dict[bytes, float]:
    """Member, in lower case -> its weight, 0 to 1; of several the first (RFC 9110 12.4.2). One
    that is no weight is 0: what is not understood is not taken."""
    weights: dict[bytes, float] = {}
    for piece in pieces(value.lower()):
        member, *parameters = (part.strip(b" \t") for part in piece.split(b";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith(b"q="):
                weight = float(parameter[2:]) if _WEIGHT.fullmatch(parameter[2:]) else 0.0
        if member:
            weights.setdefault(_ALIASES.get(member, member), weight)
    return weights


def _codings(value: bytes) -> bytes:
    weights = _weighed(value)
    others = weights.get(b"*", 0.0)
    taken = [coding for coding in _CODINGS if weights.get(coding, others) > 0]
    # Without its mention identity is taken, but for a `*` that says 0 (RFC 9110 12.5.3).
    if weights.get(b"identity", others if b"*" in weights else 1.0) == 0:
        return b",".join([*taken, b"!identity"])
    return b",".join(taken) or b"identity"


def _takes(codings: bytes, request: RequestHead) -> bool:
    """Whether the request names each of these codings, or takes all that it does not name."""
    lines = [field[1] for field in request.fields if field[0] == b"accept-encoding"]
    weights = _weighed(b",".join(lines))
    others = weights.get(b"*", 0.0)
    return all(weights.get(coding, others) > 0 for coding in codings.split(b","))


def _languages(value: bytes) -> bytes:
    """`de,en>fr>!it`: German or English, else French, never Italian."""
    weights = _weighed(value)
    if not all(map(_LANGUAGE_RANGE.fullmatch, weights)):
        return b"?" + b",".join(pieces(value))
    ranks: dict[float, list[bytes]] = {}
    for language, weight in weights.items():
        ranks.setdefault(weight, []).append(language)
    never = ranks.pop(0.0, [])
    order = [b",".join(sorted(ranks[weight])) for weight in sorted(ranks, reverse=True)]
    return b">".join(order + [b"!" + language for language in sorted(never)]) or _EMPTY


def _best_language(request: RequestHead) -> bytes | None:
    """The one language that the request wants before all others."""
    best = _said(b"accept-language", request).partition(b">")[0]
    return best if best and _LANGUAGE_RANGE.fullmatch(best) and b"*" not in best else None
