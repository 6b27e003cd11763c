"""Which keys may be for a token."""

import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from porch.shield.jwt_keys import SYMMETRIC, keys_of_set, local_key, secret_key, verify
from porch.shield.jwt_token import BadToken, taken_apart
from tests.support.tokens import EC, ED, RSA, SECRET, key_set, public, signed

KEYS = keys_of_set(key_set())


def holds(token: bytes, keys: Any = KEYS) -> bool:
    return verify(taken_apart(token), keys)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        *((RSA, each) for each in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
        (EC, "ES256"),
        (ED, "EdDSA"),
        (ED, "Ed25519"),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_a_token_holds_by_the_key_that_has_signed_it(key: Any, algorithm: str, named: bool) -> None:
    token = signed(key, algorithm, named=named)
    assert holds(token)
    others = keys_of_set(key_set(*(each for each in (RSA, EC, ED) if each is not key)))
    with pytest.raises(BadToken):
        holds(token, others)


def test_one_that_was_changed_does_not() -> None:
    start, _, signature = signed().rpartition(b".")
    other = signed(payload={"sub": "admin"}).rpartition(b".")[0]
    assert not holds(other + b"." + signature)
    assert holds(start + b"." + signature)


@pytest.mark.parametrize(
    "more",
    [
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"alg": "RSA-OAEP"},
        {"alg": "HS256"},
        {"kid": 7},
        {"alg": 7},
        {"kty": "oct"},
        {"n": "AQAB"},
        {"n": None},
        {"e": "!"},
    ],
)
def test_a_key_for_something_else_is_left_out(more: dict[str, Any]) -> None:
    assert keys_of_set(json.dumps({"keys": [public(RSA, **more)]}).encode()) == []


def test_a_key_for_one_algorithm_is_for_no_other() -> None:
    (key,) = keys_of_set(key_set(RSA, alg="PS256"))
    assert key.algorithms == {"PS256"}
    (ed,) = keys_of_set(key_set(ED, alg="EdDSA"))
    assert ed.algorithms == {"EdDSA", "Ed25519"}


@pytest.mark.filterwarnings("ignore")
def test_a_secret_in_a_set_is_left_out_and_so_are_weak_keys_and_curves_that_nobody_knows() -> None:
    listed = [
        OctKey.import_key(SECRET.encode()).as_dict(),
        RSAKey.generate_key(1024).as_dict(private=False),
        OKPKey.generate_key("X25519").as_dict(private=False),
        OKPKey.generate_key("Ed448").as_dict(private=False),
        ECKey.generate_key("secp256k1").as_dict(private=False),
        "key",
        public(EC),
    ]
    found = keys_of_set(json.dumps({"keys": listed}).encode())
    assert [each.key_id for each in found] == ["ec"]


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"keys":{}}', b"<html>", b"[" * 100000])
def test_what_is_no_set(text: bytes) -> None:
    with pytest.raises(ValueError, match="it is no"):
        keys_of_set(text)


def test_a_private_half_that_was_published_is_not_kept() -> None:
    (key,) = keys_of_set(json.dumps({"keys": [RSA.as_dict(private=True)]}).encode())
    assert not key.key.is_private


def test_a_shared_secret_is_for_its_algorithms_alone() -> None:
    key = secret_key(SECRET)
    assert key.algorithms == set(SYMMETRIC)
    token = signed(SECRET.encode(), "HS256", named=False)
    assert holds(token, [key])
    assert not holds(signed(b"x" * 40, "HS256", named=False), [key])
    with pytest.raises(BadToken):
        holds(signed(), [key])


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        secret_key("x" * 31)


@pytest.mark.parametrize("key", [RSA, EC, ED])
def test_a_file_has_pem_a_key_or_a_set(key: Any) -> None:
    pem = key.as_pem(private=False)
    for text in (pem, json.dumps(public(key)).encode(), key_set(key)):
        (found,) = local_key(text)
        assert found.algorithms


def test_a_file_of_no_use_is_refused() -> None:
    with pytest.raises(ValueError, match="private key"):
        local_key(RSA.as_pem(private=True))
    for text in (b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", b"secret"):
        with pytest.raises(ValueError, match="no public key"):
            local_key(text)
    with pytest.raises(ValueError, match="can be used"):
        local_key(json.dumps(OctKey.generate_key().as_dict()).encode())


def test_where_nobody_says_which_key_few_are_tried() -> None:
    many = keys_of_set(
        key_set(*(EC if each == 9 else ECKey.generate_key("P-256") for each in range(10)))
    )
    assert not holds(signed(EC, "ES256", named=False), many)
    assert holds(signed(EC, "ES256"), many)
