"""Keys that tokens are verified with, and which of them may be for a token (RFC 7517, RFC 7518).

A key is for the algorithms of its type alone: what is public is never taken for a shared secret.
Whatever a token's header says of where its key is (jku, x5u, jwk, x5c) is not looked at.
"""

import json
import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from porch.shield.jwt_token import BadToken, Token

if TYPE_CHECKING:
    from joserfc.jwk import Key

__all__ = ["ASYMMETRIC", "SYMMETRIC", "JwtKey", "keys_of_set", "local_key", "secret_key", "verify"]

SYMMETRIC = ("HS256", "HS384", "HS512")
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_OKP = ("Ed25519", "EdDSA")
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ASYMMETRIC = (*_RSA, *_CURVES, *_OKP)
_LEAST_RSA = 2048
"""Bits (RFC 7518 3.3)."""
_LEAST_SECRET = 32
"""Bytes (RFC 7518 3.2)."""
_MOST_KEYS = 64
_MOST_TRIED = 4
"""Keys that are tried for a token that names none."""


class JwtKey:
    """One key. key_id: its name, "" for none. algorithms: that it is for."""

    __slots__ = ("algorithms", "key", "key_id")

    def __init__(self, key: "Key", key_id: str, algorithms: Collection[str]) -> None:
        self.key = key
        self.key_id = key_id
        self.algorithms = frozenset(algorithms)


def secret_key(secret: str) -> JwtKey:
    """A secret that is shared with who signs. Raises ValueError with a sentence."""
    from joserfc.jwk import OctKey

    data = secret.encode()
    if len(data) < _LEAST_SECRET:
        raise ValueError(
            f"a secret of less than {_LEAST_SECRET} bytes can be found by trying (RFC 7518 3.2)"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return JwtKey(OctKey.import_key(data), "", SYMMETRIC)


def local_key(text: bytes) -> list[JwtKey]:
    """The public keys of a file: PEM, a JWK or a set of them. Raises ValueError with a sentence."""
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    if b"PRIVATE KEY" in text:
        raise ValueError("it is a private key; who only verifies needs the public one")
    if not text.lstrip().startswith(b"{"):
        for kind in (RSAKey, ECKey, OKPKey):
            try:
                key = kind.import_key(text)
            except Exception:
                continue
            found = _made(key, "", None)
            return [found]
        raise ValueError("there is no public key of RSA, EC or Ed25519 in it")
    table = _json(text)
    found_keys = keys_of_set(text if "keys" in table else json.dumps({"keys": [table]}).encode())
    if not found_keys:
        raise ValueError("there is no public key in it that can be used")
    return found_keys


def keys_of_set(text: bytes) -> list[JwtKey]:
    """The keys of a JWK Set that can be used here; others are left out, as RFC 7517 5 has it.
    Raises ValueError with a sentence."""
    listed = _json(text).get("keys")
    if not isinstance(listed, list):
        raise ValueError("it is no set of keys (RFC 7517 5)")
    found = []
    for each in listed[:_MOST_KEYS]:
        if isinstance(each, dict) and (made := _imported(each)) is not None:
            found.append(made)
    return found


def verify(token: Token, keys: Sequence[JwtKey]) -> bool:
    """Whether one of the keys has signed it. Raises BadToken where none of them could have."""
    from joserfc.jws import JWSRegistry

    fitting = [each for each in keys if token.algorithm in each.algorithms]
    if token.key_id:
        exact = [each for each in fitting if each.key_id == token.key_id]
        fitting = exact or [each for each in fitting if not each.key_id]
    if not fitting:
        raise BadToken("its key is not known")
    algorithm = JWSRegistry.algorithms[token.algorithm]
    for each in fitting[:_MOST_TRIED]:
        try:
            if algorithm.verify(token.signed, token.signature, each.key):
                return True
        except Exception:
            continue
    return False


def _json(text: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(found, dict):
        raise ValueError("it is no table of JSON")
    return found


def _imported(table: dict[str, Any]) -> JwtKey | None:
    """None for a key that is for something else, too weak, or a secret: those have no place where
    anybody can read them."""
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    kinds: dict[object, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    kind = kinds.get(table.get("kty"))
    operations = table.get("key_ops")
    if kind is None or table.get("use", "sig") != "sig":
        return None
    if isinstance(operations, list) and "verify" not in operations:
        return None
    public = {name: table[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in table}
    key_id, algorithm = table.get("kid", ""), table.get("alg")
    if not isinstance(key_id, str) or not (algorithm is None or isinstance(algorithm, str)):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _made(kind.import_key(public), key_id, algorithm)
    except Exception:  # whatever the library makes of a stranger's key
        return None


def _made(key: "Key", key_id: str, algorithm: str | None) -> JwtKey:
    """Raises ValueError with a sentence."""
    made: tuple[str, ...]
    if key.key_type == "RSA":
        size = key.public_key.key_size  # type: ignore[union-attr]
        if size < _LEAST_RSA:
            raise ValueError(f"an RSA key of {size} bits is too short (RFC 7518 3.3)")
        made = _RSA
    elif key.key_type == "EC":
        made = tuple(name for name, curve in _CURVES.items() if curve == key.curve_name)  # type: ignore[union-attr]
    else:
        made = _OKP if key.as_dict().get("crv") == "Ed25519" else ()
    if algorithm is not None:
        both = _OKP if algorithm in _OKP else (algorithm,)
        made = tuple(name for name in made if name in both)
    if not made:
        raise ValueError("no algorithm is known for a key of its kind")
    return JwtKey(key, key_id, made)
