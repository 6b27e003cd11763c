"""What has to hold of an ID token, and every way to forge one that we know."""

import base64
import hashlib
from typing import Any

import pytest

from porch.shield.jwt_keys import keys_of_set
from porch.shield.jwt_token import BadToken
from porch.shield.oidc_token import IdTerms, checked, signed_by
from tests.support.tokens import EC, NOW, RSA, claims, key_set, public, signed

TERMS = IdTerms(issuer="https://id.test", client_id="door", algorithms=("RS256", "ES256"))
ACCESS = "the access token"
KEYS = keys_of_set(key_set(RSA, EC))


def half(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def token(key: Any = RSA, algorithm: str = "RS256", header: Any = None, **more: Any) -> str:
    usual = {"nonce": "n", "iat": NOW, "at_hash": half(ACCESS)}
    return signed(key, algorithm, header, claims(**usual | more)).decode()


def holds(text: str, nonce: str | None = "n") -> None:
    signed_by(checked(text, TERMS, NOW, ACCESS, nonce), KEYS)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"aud": ["door"]},
        {"aud": ["door", "other"], "azp": "door"},
        {"azp": "door"},
        {"at_hash": None},
        {"iat": NOW + 29},
        {"exp": NOW - 29},
        {"iat": NOW - 600},
    ],
)
def test_one_of_this_login_holds(more: dict[str, Any]) -> None:
    holds(token(**more))
    holds(token(EC, "ES256", **more))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"iss": "https://evil.test"}, "issuer"),
        ({"iss": "https://id.test/"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"iss": ["https://id.test"]}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": []}, "audience"),
        ({"aud": "door2"}, "audience"),
        ({"aud": ["door", "other"]}, "azp"),
        ({"aud": ["door", "other"], "azp": "other"}, "azp"),
        ({"azp": "other"}, "azp"),
        ({"azp": ["door"]}, "azp"),
        ({"exp": NOW - 31}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": "never"}, "exp"),
        ({"iat": None}, "iat"),
        ({"iat": NOW + 31}, "iat"),
        ({"iat": NOW - 631}, "iat"),
        ({"nbf": NOW + 31}, "nbf"),
        ({"nonce": "m"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": ["n"]}, "nonce"),
        ({"nonce": ""}, "nonce"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": "a" * 256}, "sub"),
        ({"at_hash": half("another")}, "at_hash"),
        ({"at_hash": 7}, "at_hash"),
        ({"at_hash": ""}, "at_hash"),
    ],
)
def test_one_of_another_login_client_or_issuer_does_not(more: dict[str, Any], why: str) -> None:
    with pytest.raises(BadToken, match=why):
        holds(token(**more))


def test_a_renewal_needs_no_nonce() -> None:
    holds(token(nonce=None), None)
    with pytest.raises(BadToken, match="nonce"):
        holds(token(nonce=None))


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS512", "PS256", "", "dir"])
def test_no_other_algorithm_is_taken(algorithm: str) -> None:
    with pytest.raises(BadToken):
        holds(token(RSA, "RS256", {"alg": algorithm}))


def test_no_public_key_is_a_secret() -> None:
    for secret in (RSA.as_pem(private=False), str(public(RSA)).encode()):
        with pytest.raises(BadToken):
            holds(token(secret, "HS256", {"alg": "HS256", "kid": "rsa"}))
        with pytest.raises(BadToken):
            holds(token(secret, "HS256", {"alg": "RS256", "kid": "rsa"}))


def test_another_key_signs_nothing_whatever_its_name() -> None:
    from joserfc.jwk import RSAKey

    other = RSAKey.generate_key(2048, {"kid": "rsa"})
    with pytest.raises(BadToken, match="not signed"):
        holds(token(other))
    with pytest.raises(BadToken, match="not known"):
        holds(token(header={"kid": "revoked"}))
    with pytest.raises(BadToken, match="not signed"):
        holds(token(other, header={"jwk": public(other), "jku": "https://evil.test/"}))


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "é.é.é", "x" * 40000, "a.b.c.d.e"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(BadToken):
        holds(text)


def test_a_signature_is_of_what_is_said() -> None:
    first, second = token().split("."), token(sub="root").split(".")
    with pytest.raises(BadToken, match="not signed"):
        holds(".".join((first[0], second[1], first[2])))
