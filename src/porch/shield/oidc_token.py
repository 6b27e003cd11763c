"""What has to hold of an ID token (OpenID Connect Core 1.0, 3.1.3.7), beside its signature."""

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256, sha384, sha512
from typing import Any

from porch.shield.jwt_claims import Terms
from porch.shield.jwt_keys import JwtKey, verify
from porch.shield.jwt_token import BadToken, Token, taken_apart
from porch.shield.oidc_seal import b64

__all__ = ["IdTerms", "checked", "signed_by"]

_LONGEST = 32768
"""Bytes: it comes from the provider itself, and may have many groups."""
_OLDEST = 600.0
"""Seconds: a token that was made before is of another login."""
_HASHES = {"256": sha256, "384": sha384, "512": sha512}


@dataclass(frozen=True, slots=True, kw_only=True)
class IdTerms:
    """For whom, and signed by what. leeway: seconds that clocks may differ."""

    issuer: str
    client_id: str
    algorithms: Collection[str]
    leeway: float = 30.0


def checked(
    text: str, terms: IdTerms, now: float, access_token: str, nonce: str | None = None
) -> Token:
    """The token, of which all holds but the signature, see `signed_by`. now: seconds since 1970.
    access_token: that came with it. nonce: of the login; None where it was renewed, when there need
    be none. Raises BadToken."""
    token = taken_apart(text.encode("ascii", "replace"), _LONGEST)
    claims = token.claims
    if token.algorithm not in terms.algorithms:
        raise BadToken("its algorithm is not one of `algorithms`")
    known = Terms(issuers=(terms.issuer,), audiences=(terms.client_id,), leeway=terms.leeway)
    known.check(claims, now)
    _check_party(claims, terms.client_id)
    made = claims.get("iat")
    if made is None:
        raise BadToken("it says not when it was made (iat)")
    if made + _OLDEST + terms.leeway < now:
        raise BadToken("it was made long ago (iat)")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise BadToken("it says not whom it is of (sub)")
    if nonce is not None:
        said = claims.get("nonce")
        if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
            raise BadToken("it is of another login (nonce)")
    _check_hash(token, access_token)
    return token


def signed_by(token: Token, keys: Sequence[JwtKey]) -> None:
    """Raises BadToken where none of the keys has signed it."""
    if not verify(token, keys):
        raise BadToken("it is not signed by a key of the issuer")


def _check_party(claims: Mapping[str, Any], client_id: str) -> None:
    """Of several audiences it has to be made for this one (azp)."""
    party, audience = claims.get("azp"), claims["aud"]
    is_several = isinstance(audience, list) and len(audience) > 1
    if party != client_id and (party is not None or is_several):
        raise BadToken("it was made for another client (azp)")


def _check_hash(token: Token, access_token: str) -> None:
    said = token.claims.get("at_hash")
    if said is None:
        return
    digest = _HASHES.get(token.algorithm[-3:], sha512)(access_token.encode()).digest()
    half = b64(digest[: len(digest) // 2])
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), half):
        raise BadToken("another access token belongs to it (at_hash)")
