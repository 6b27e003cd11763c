"""A JSON Web Token taken apart (RFC 7515 7.1, RFC 7519), without believing anything in it.

Strict, for what two readers take differently is how such tokens are forged: the alphabet and its
last bits, names that stand twice, numbers that are none. What is not understood is refused: `crit`,
`b64`, compression, encryption, a token within a token, and types that are for something else.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["LONGEST", "BadToken", "Token", "taken_apart"]

LONGEST = 8192
"""Bytes of a token that is looked at; what is longer does not fit into many servers' fields."""
_MOST_HEADER = 2048
_LONGEST_ID = 256
_TYPES = (None, "jwt", "at+jwt", "application/jwt", "application/at+jwt")
"""Of access tokens. Others are for logout, proofs of possession or events (RFC 8725 3.11)."""
_NOT_UNDERSTOOD = ("crit", "b64", "zip", "enc")


class BadToken(ValueError):
    """Why a token is not looked at any further: a sentence, in which nothing of it is."""


class Token:
    """algorithm, key_id: of the header; the key is "" where none is named. claims: what it says.
    signed: the bytes that `signature` is of."""

    __slots__ = ("algorithm", "claims", "key_id", "signature", "signed")

    def __init__(
        self,
        algorithm: str,
        key_id: str,
        claims: Mapping[str, Any],
        signed: bytes,
        signature: bytes,
    ) -> None:
        self.algorithm = algorithm
        self.key_id = key_id
        self.claims = claims
        self.signed = signed
        self.signature = signature


def taken_apart(text: bytes, longest: int = LONGEST) -> Token:
    """The parts of a token. longest: bytes. Raises BadToken."""
    if len(text) > longest:
        raise BadToken(f"it has more than {longest} bytes")
    parts = text.split(b".")
    if len(parts) == 5:
        raise BadToken("it is encrypted (JWE), which nobody here can read")
    if len(parts) != 3:
        raise BadToken("it has not three parts")
    if len(parts[0]) > _MOST_HEADER:
        raise BadToken("its header is too long")
    header = _table(_decoded(parts[0]), "header")
    claims = _table(_decoded(parts[1]), "payload")
    _review_header(header)
    signature = _decoded(parts[2])
    if not signature:
        raise BadToken("it is not signed")
    signed = parts[0] + b"." + parts[1]
    return Token(header["alg"], header.get("kid", ""), claims, signed, signature)


def _review_header(header: Mapping[str, Any]) -> None:
    if not isinstance(header.get("alg"), str):
        raise BadToken("its header names no algorithm")
    for name in _NOT_UNDERSTOOD:
        if name in header:
            raise BadToken(f"its header has '{name}', which is not understood here")
    kind = header.get("typ")
    if (kind.lower() if isinstance(kind, str) else kind) not in _TYPES:
        raise BadToken("it is a token of another type")
    if "cty" in header:
        raise BadToken("there is something in it that is no table of claims")
    key_id = header.get("kid", "")
    if not isinstance(key_id, str) or len(key_id) > _LONGEST_ID:
        raise BadToken("its header names its key by what is no name")


def _decoded(part: bytes) -> bytes:
    """Base64url without padding (RFC 7515 2), and in the one way to write it."""
    try:
        found = base64.b64decode(part + b"=" * (-len(part) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadToken("a part of it is not Base64url") from None
    if base64.urlsafe_b64encode(found).rstrip(b"=") != part:
        raise BadToken("a part of it is not Base64url as it is written")
    return found


def _table(text: bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except BadToken:
        raise
    except (ValueError, RecursionError):
        raise BadToken(f"its {what} is not JSON") from None
    if not isinstance(found, dict):
        raise BadToken(f"its {what} is no table")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadToken("a name stands in it twice")
    return found


def _no_number(text: str) -> float:
    raise BadToken(f"there is a {text} in it, which is no number of JSON")
