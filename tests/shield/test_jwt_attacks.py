"""What is known of how tokens are forged: none of it lets anybody in (RFC 8725)."""

import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from porch import clock
from porch.identity import Identity
from porch.shield.auth import Later
from porch.shield.auth_errors import Unauthorized
from porch.shield.jwt import JwtRules
from porch.shield.jwt_claims import Terms
from porch.shield.jwt_keys import keys_of_set, secret_key
from tests.shield.test_jwt import JUDGE, jwt, shown
from tests.support.hooks import seen
from tests.support.tokens import (
    EC,
    ED,
    NOW,
    RSA,
    SECRET,
    b64,
    claims,
    key_set,
    public,
    signed,
    unsigned,
)

ALL = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "EdDSA", "Ed25519")
TERMS = Terms(issuers=("https://id.test",), audiences=("door",))
OTHER_RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
OTHER_EC = ECKey.generate_key("P-256", {"kid": "ec"})
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256."""
GOOD = signed()
START, _, SIGNATURE = GOOD.rpartition(b".")
ADMIN = claims(sub="admin")


def bare(header: Any, signature: str = "", payload: Any = ADMIN) -> bytes:
    return f"{unsigned(header, payload)}.{signature}".encode()


def none() -> Iterator[tuple[str, bytes]]:
    for name in ("none", "None", "NONE", "nOnE", "NoNe", "none ", "", "null"):
        yield f"alg {name!r}", bare({"alg": name})
        yield f"alg {name!r} with a signature", bare({"alg": name}, SIGNATURE.decode())
    yield "no alg", bare({"typ": "JWT"}, SIGNATURE.decode())
    yield "alg null", bare({"alg": None}, SIGNATURE.decode())
    yield "the signature is cut off", START + b"."
    yield "the signature and its dot are", START
    yield "none with a kid", bare({"alg": "none", "kid": "rsa"})


def confusion() -> Iterator[tuple[str, bytes]]:
    pem = RSA.as_pem(private=False)
    shapes = {
        "PEM": pem,
        "PEM without its last line end": pem.rstrip(b"\n"),
        "DER": RSA.as_der(private=False),
        "JWK": json.dumps(public(RSA)).encode(),
        "JWK without spaces": json.dumps(public(RSA), separators=(",", ":")).encode(),
        "modulus": public(RSA)["n"].encode(),
        "key set": key_set(),
    }
    for what, secret in shapes.items():
        for algorithm in ("HS256", "HS384", "HS512"):
            token = signed(secret, algorithm, {"kid": "rsa"}, ADMIN)
            yield f"{algorithm} by the public {what}", token
    yield "PS for RS", bare({"alg": "PS256", "kid": "rsa"}, SIGNATURE.decode(), claims())
    yield "RSA key for ES256", bare({"alg": "ES256", "kid": "rsa"}, SIGNATURE.decode())
    yield "EC key for RS256", signed(EC, "RS256", {"alg": "RS256"}, ADMIN, by="ES256")
    yield "ES384 by P-256", signed(EC, "ES384", None, ADMIN, by="ES256")
    yield "lower case", signed(header={"alg": "rs256"}, payload=ADMIN)
    yield "spaces", signed(header={"alg": " RS256"}, payload=ADMIN)
    yield "no such algorithm", signed(header={"alg": "RS1"}, payload=ADMIN)
    yield "HS by an empty secret", signed(b"\0", "HS256", None, ADMIN)


def key_ids() -> Iterator[tuple[str, bytes]]:
    for kid in (
        "../../../../dev/null",
        "/dev/null",
        "file:///etc/passwd",
        "' OR 1=1 --",
        "x' UNION SELECT 'secret",
        "rsa\0",
        "RSA",
        "rsa;id",
        "`id`",
        "https://evil.test/jwks.json",
        "{{7*7}}",
        "%00rsa",
    ):
        yield f"kid {kid!r}", signed(OTHER_RSA, header={"kid": kid}, payload=ADMIN)
        yield f"kid {kid!r} with HS", signed(b"\0", "HS256", {"kid": kid}, ADMIN)
    yield "kid of another key", signed(RSA, header={"kid": "ec"}, payload=ADMIN)
    yield "kid that is a list", signed(OTHER_RSA, header={"kid": ["rsa"]}, payload=ADMIN)
    yield "kid that is too long", signed(OTHER_RSA, header={"kid": "x" * 5000}, payload=ADMIN)


def embedded() -> Iterator[tuple[str, bytes]]:
    jwk = public(OTHER_RSA)
    for name, value in (
        ("jwk", jwk),
        ("jku", "https://evil.test/jwks.json"),
        ("jku", "http://169.254.169.254/latest/meta-data"),
        ("x5u", "https://evil.test/cert.pem"),
        ("x5c", [b64(OTHER_RSA.as_der(private=False))]),
        ("x5t", "evil"),
    ):
        yield f"{name} of the forger", signed(OTHER_RSA, header={name: value}, payload=ADMIN)
        header = {name: value, "kid": "forger"}
        yield f"{name} and a kid", signed(OTHER_RSA, header=header, payload=ADMIN)
    yield "a key of the same name", signed(OTHER_RSA, payload=ADMIN)
    yield "a key without a name", signed(OTHER_RSA, payload=ADMIN, named=False)
    yield "an EC key of the same name", signed(OTHER_EC, "ES256", payload=ADMIN)


def signatures() -> Iterator[tuple[str, bytes]]:
    def es256(r: int, s: int) -> bytes:
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return bare({"alg": "ES256", "kid": "ec"}, b64(raw))

    yield "psychic: all zeros", es256(0, 0)
    yield "r 0", es256(0, 1)
    yield "s 0", es256(1, 0)
    yield "r and s of the order", es256(ORDER, ORDER)
    yield "r 1, s 1", es256(1, 1)
    yield "r beyond the order", es256(ORDER + 1, 1)
    yield "DER in place of r and s", bare({"alg": "ES256"}, b64(bytes.fromhex("3006020101020101")))
    yield "an empty DER", bare({"alg": "ES256"}, b64(bytes.fromhex("30060201000201 00")))
    yield "too short", bare({"alg": "ES256", "kid": "ec"}, b64(b"x" * 63))
    yield "too long", bare({"alg": "ES256", "kid": "ec"}, b64(b"x" * 65))
    yield "zeros for RSA", bare({"alg": "RS256", "kid": "rsa"}, b64(b"\0" * 256))
    yield "one for RSA", bare({"alg": "RS256", "kid": "rsa"}, b64(b"\0" * 255 + b"\1"))
    yield "zeros for Ed25519", bare({"alg": "EdDSA", "kid": "ed"}, b64(b"\0" * 64))
    yield "that of another token", unsigned({"alg": "RS256"}, ADMIN).encode() + b"." + SIGNATURE
    yield (
        "one bit of the signature",
        START + b"." + (b"A" if SIGNATURE[:1] != b"A" else b"B") + SIGNATURE[1:],
    )
    yield "with padding", GOOD + b"="
    yield "with a line end", GOOD + b"\r\n"
    yield "in two lines", START + b".\n" + SIGNATURE


def shapes() -> Iterator[tuple[str, bytes]]:
    header = {"alg": "RS256", "kid": "rsa"}
    yield "huge", signed(payload=claims(x="y" * 100_000))
    yield "many dots", b"." * 8000
    yield "many parts", b".".join([START] * 20)
    yield "a part more", GOOD + b"." + SIGNATURE
    yield "four parts", b"." + GOOD
    yield "JSON serialisation", json.dumps({"payload": "e30", "signatures": []}).encode()
    yield "no JSON", f"{b64(b'hello')}.{b64(b'world')}.{b64(b'!')}".encode()
    yield "a list", signed(payload=b'["admin"]')
    yield "a claim twice", signed(payload=json.dumps(claims()).encode()[:-1] + b',"sub":"admin"}')
    yield "alg twice", signed(header=b'{"alg":"RS256","kid":"rsa","alg":"RS256"}', payload=ADMIN)
    yield "crit", signed(header={"crit": ["exp"]}, payload=ADMIN)
    yield "crit that nobody knows", signed(header={"crit": ["x"], "x": 1}, payload=ADMIN)
    yield "crit that is empty", signed(header={"crit": []}, payload=ADMIN)
    yield "b64 false", signed(header={"b64": False, "crit": ["b64"]}, payload=ADMIN)
    yield (
        "a token in a token",
        signed(header={"cty": "JWT"}, payload=json.dumps(GOOD.decode()).encode()),
    )
    yield "a token as its own payload", signed(payload=GOOD)
    bomb = zlib.compress(b"{" + b" " * 1_000_000 + b"}")
    yield "zip", signed(header={"zip": "DEF"}, payload=bomb)
    encrypted = {"alg": "RSA-OAEP", "enc": "A256GCM", "zip": "DEF"}
    jwe = [
        b64(json.dumps(encrypted).encode()),
        b64(b"k" * 256),
        b64(b"i" * 12),
        b64(bomb[:3000]),
        b64(b"t" * 16),
    ]
    yield "JWE with a bomb", ".".join(jwe).encode()
    yield (
        "JWE by a password",
        ".".join(
            [b64(b'{"alg":"PBES2-HS256+A128KW","p2c":2147483647,"enc":"A128GCM"}'), *jwe[1:]]
        ).encode(),
    )
    yield "PBES2 as a signature", bare({"alg": "PBES2-HS256+A128KW", "p2c": 2**31 - 1}, b64(b"x"))
    yield "nested deeply", signed(payload=b'{"a":' + b"[" * 2900 + b"]" * 2900 + b"}")
    yield "a number without end", signed(payload=b'{"sub":"admin","exp":' + b"9" * 5000 + b"}")
    yield "Infinity", signed(payload=b'{"sub":"admin","exp":Infinity}')
    yield "UTF-16", signed(payload=json.dumps(ADMIN).encode("utf-16"))
    yield "for logout", signed(header={"typ": "logout+jwt"}, payload=ADMIN)
    yield "an identity of a proof", signed(header={"typ": "dpop+jwt"}, payload=ADMIN)
    yield "Base64 of the other alphabet", GOOD.replace(b"-", b"+").replace(b"_", b"/") + b"+/"
    yield "percent-encoded", GOOD.replace(b".", b"%2E")
    yield "in quotes", b'"' + GOOD + b'"'
    yield "header alone", b64(json.dumps(header).encode()).encode()


def times() -> Iterator[tuple[str, bytes]]:
    for what, more in {
        "expired": {"exp": NOW - 31},
        "expired long ago": {"exp": 1},
        "no exp": {"exp": None},
        "exp as a text": {"exp": str(NOW + 300)},
        "exp true": {"exp": True},
        "exp in milliseconds": {"exp": NOW * 1000 * 1000},
        "nbf in the future": {"nbf": NOW + 31},
        "iat in the future": {"iat": NOW + 31},
        "another audience": {"aud": "other"},
        "several others": {"aud": ["a", "b"]},
        "no audience": {"aud": None},
        "an audience that begins so": {"aud": "door.evil.test"},
        "an audience in a table": {"aud": {"door": True}},
        "another issuer": {"iss": "https://evil.test"},
        "an issuer that begins so": {"iss": "https://id.test.evil.test"},
        "no issuer": {"iss": None},
        "an issuer in a list": {"iss": ["https://id.test"]},
    }.items():
        yield what, signed(payload=claims(**more))


FORGED = [*none(), *confusion(), *key_ids(), *embedded(), *signatures(), *shapes(), *times()]


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall", lambda: NOW)
    monkeypatch.setattr(clock, "now", 5000.0)


@pytest.mark.parametrize("by_keys", [True, False])
@pytest.mark.parametrize("token", [token for _, token in FORGED], ids=[name for name, _ in FORGED])
def test_nobody_is_let_in_by_what_is_forged(token: bytes, by_keys: bool) -> None:
    keys = keys_of_set(key_set(RSA, EC, ED)) if by_keys else [secret_key(SECRET)]
    algorithms = ALL if by_keys else ("HS256", "HS384", "HS512")
    way = jwt(keys, JUDGE, JwtRules(algorithms, TERMS))
    found = way.identify(seen(shown(token)))
    assert isinstance(found, Unauthorized), found
    assert not isinstance(found, Identity | Later)
    assert token.decode("latin-1") not in found.detail


def test_there_are_enough_of_them_and_what_is_not_forged_lets_in() -> None:
    assert len(FORGED) > 120
    assert len({token for _, token in FORGED}) == len(FORGED)
    way = jwt(keys_of_set(key_set(RSA, EC, ED)), JUDGE, JwtRules(ALL, TERMS))
    for key, algorithm in ((RSA, "RS256"), (RSA, "PS512"), (EC, "ES256"), (ED, "EdDSA")):
        assert isinstance(way.identify(seen(shown(signed(key, algorithm)))), Identity)
    shared = jwt([secret_key(SECRET)], JUDGE, JwtRules(("HS256",), TERMS))
    token = signed(SECRET.encode(), "HS256")
    assert isinstance(shared.identify(seen(shown(token))), Identity)
