"""Tokens (JWT), those that an issuer signs and those that others forge."""

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

__all__ = [
    "EC",
    "ED",
    "NOW",
    "RSA",
    "SECRET",
    "b64",
    "claims",
    "key_set",
    "public",
    "signed",
    "unsigned",
]

NOW = 1_700_000_000.0
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
SECRET = "a secret of the issuer and the door, long enough"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(**more: Any) -> dict[str, Any]:
    """Those of a token that holds; one that is None is left out."""
    found = {"sub": "ann", "iss": "https://id.test", "aud": "door", "exp": NOW + 300} | more
    return {name: value for name, value in found.items() if value is not None}


def unsigned(
    header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes | None = None
) -> str:
    """The first two parts."""
    payload = claims() if payload is None else payload
    parts = (
        each if isinstance(each, bytes) else json.dumps(each).encode() for each in (header, payload)
    )
    return ".".join(map(b64, parts))


def signed(
    key: Key | bytes = RSA,
    algorithm: str = "RS256",
    header: Mapping[str, Any] | bytes | None = None,
    payload: Mapping[str, Any] | bytes | None = None,
    *,
    named: bool = True,
    by: str = "",
) -> bytes:
    """A token. key: bytes sign with HMAC, whatever they are.

    header: in place of, or beside, the usual one. named: whether it names its key. by:
    the algorithm that it is really signed with."""
    usual: dict[str, Any] = {"alg": algorithm, "typ": "JWT"}
    if named and not isinstance(key, bytes) and key.kid:
        usual["kid"] = key.kid
    whole = header if isinstance(header, bytes) else usual | dict(header or {})
    start = unsigned(whole, payload)
    if isinstance(key, bytes):
        signature = hmac.digest(key, start.encode(), f"sha{algorithm[2:]}")
    else:
        signature = JWSRegistry.algorithms[by or algorithm].sign(start.encode(), key)
    return f"{start}.{b64(signature)}".encode()


def public(key: Key, **more: Any) -> dict[str, Any]:
    """The public half, as a set has it."""
    return key.as_dict(private=False) | more


def key_set(*keys: Key, **more: Any) -> bytes:
    """A JWK Set."""
    found = [public(each, **more) for each in keys or (RSA, EC, ED)]
    return json.dumps({"keys": found}).encode()
