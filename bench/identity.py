"""What `auth` costs a request that is let in, in processor time, in process.

    python -m bench.identity

Beside an empty hook each way is called for a request that was let in before, with the fields of a
browser; then what the fields of an identity add to a head that repeats itself. Rounds alternate,
and the median is shown, for others may use the machine. What is verified for the first time is
shown too: a token by its algorithm, and a password.
"""

import statistics
import sys
from collections.abc import Callable
from hashlib import sha256
from time import process_time, time
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jwt import encode

from porch.exchange import Exchange
from porch.filter import Filter
from porch.forward.headers import Forwarding, ForwardingHeaders
from porch.http.h1_encode import request_head
from porch.http.message import Field, Repeats, RequestHead
from porch.route.route import Route
from porch.shield.api_key import ApiKeys, Known, new_key
from porch.shield.auth import TELL_IDENTITY, Authenticate, Judge, Way
from porch.shield.auth_claims import Requirement
from porch.shield.auth_failures import MOST_FORGERIES, Failures
from porch.shield.basic import Basic, Passwords
from porch.shield.basic_hash import make_hash, verify
from porch.shield.jwt import Jwt, JwtRules
from porch.shield.jwt_claims import Terms
from porch.shield.jwt_keys import keys_of_set
from porch.shield.jwt_keys import verify as verify_token
from porch.shield.jwt_token import taken_apart

CALLS = 20_000
ROUNDS = 9
BROWSER: list[Field] = [
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (b"accept-language", b"en-US,en;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"sec-fetch-dest", b"document"),
    (b"sec-fetch-mode", b"navigate"),
    (b"sec-fetch-site", b"none"),
    (b"cookie", b"sid=0123456789abcdef0123456789abcdef"),
]
JUDGE = Judge([Requirement("scope", "read")], {b"x-forwarded-user": "user"})


class _Client:
    """As much of a client as the forwarding fields look at."""

    peer = b"192.0.2.7"
    port = b"443"
    security = None


def main() -> int:
    """Print the table."""
    key = new_key()
    known = [Known("partner", sha256(key.encode()).digest(), ("read",))]
    keys = ApiKeys(known, JUDGE)
    basic = _passwords()
    rsa = RSAKey.generate_key(2048, {"kid": "a"})
    token = _token(rsa, "RS256")
    empty = _asking([])
    rows: dict[str, Callable[[], object]] = {
        "an empty hook": lambda: _EMPTY(empty),
        "API key": _hook(keys, (b"x-api-key", key.encode())),
        "password that has held": _hook(basic, (b"authorization", b"Basic YW5uOnB3")),
        f"token that has held ({len(token)} bytes)": _hook(
            _jwt(rsa), (b"authorization", b"Bearer " + token)
        ),
        "head, repeated": _head(with_identity=False),
        "head, repeated, with an identity": _head(with_identity=True),
    }
    taken: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(ROUNDS):
        for name, call in rows.items():
            taken[name].append(_seconds(call, CALLS))
    for name, rounds in taken.items():
        print(f"{name:45}{statistics.median(rounds) * 1e6:8.2f} us")
    print()
    for name, call in _first(rsa).items():
        print(f"{name:45}{_seconds(call, 20) * 1e6:8.0f} us")
    return 0


def _seconds(call: Callable[[], object], calls: int) -> float:
    begun = process_time()
    for _ in range(calls):
        call()
    return (process_time() - begun) / calls


def _asking(more: list[Field]) -> Exchange:
    nothing: Any = None
    client: Any = _Client()
    head = RequestHead(b"GET", b"/a", b"a.test", b"https", [*BROWSER, *more])
    return Exchange(nothing, client, head, Route(key="a.test"), b"192.0.2.7")


class _Empty(Filter):
    def on_request(self, exchange: Exchange) -> None:
        """Let in everybody."""


_EMPTY = _Empty().on_request


def _hook(way: Way, field: Field) -> Callable[[], object]:
    hook = Authenticate([way]).on_request
    exchange = _asking([field])
    hook(exchange)
    assert exchange.identity is not None
    return lambda: hook(exchange)


def _passwords() -> Basic:
    passwords = Passwords(None)
    hashed = make_hash(b"pw")
    passwords.held.put(passwords.held.digest(hashed.encode(), b"pw"), True, 3600)
    return Basic({"ann": hashed}, Judge([], {}), passwords, "bench")


def _token(key: Key, algorithm: str) -> bytes:
    now = int(time())
    claims = {
        "iss": "https://id.example.com/realms/shop",
        "aud": ["shop", "account"],
        "sub": "3f1c9f6e-6a0e-4c9e-9a0b-2f6f3c7d1e55",
        "scope": "openid read write",
        "groups": ["staff", "shop-admins"],
        "exp": now + 3600,
        "iat": now,
    }
    header = {"alg": algorithm, "kid": key.kid, "typ": "JWT"}
    return encode(header, claims, key, algorithms=[algorithm]).encode()


def _set_of(key: Key) -> bytes:
    import json

    return json.dumps({"keys": [key.as_dict(private=False)]}).encode()


def _jwt(key: Key) -> Jwt:
    rules = JwtRules(("RS256", "ES256", "Ed25519"), Terms(audiences=("shop",)))
    return Jwt(rules, keys_of_set(_set_of(key)), JUDGE, Failures("forged tokens", MOST_FORGERIES))


def _head(*, with_identity: bool) -> Callable[[], object]:
    headers = ForwardingHeaders(Forwarding(withheld=frozenset((b"x-forwarded-user",))))
    exchange = _asking([])
    request = exchange.request
    request.repeats = Repeats()
    found = JUDGE.judge("ann", "key", {"scope": ["read"]})
    exchange.identity = found if with_identity else None  # type: ignore[assignment]

    def send() -> bytes:
        outgoing = RequestHead(
            b"GET", b"/a", request.authority, request.scheme, request.fields, version=b"1.1"
        )
        exchange.outgoing = outgoing
        headers.on_upstream_request(exchange)
        if with_identity:
            TELL_IDENTITY.on_upstream_request(exchange)
        return request_head(outgoing)

    return send


def _first(rsa: RSAKey) -> dict[str, Callable[[], object]]:
    found: dict[str, Callable[[], object]] = {}
    signers: dict[str, Key] = {
        "RS256": rsa,
        "ES256": ECKey.generate_key("P-256", {"kid": "a"}),
        "Ed25519": OKPKey.generate_key("Ed25519", {"kid": "a"}),
    }
    for algorithm, key in signers.items():
        keys, token = keys_of_set(_set_of(key)), _token(key, algorithm)
        assert verify_token(taken_apart(token), keys)
        found[f"token for the first time, {algorithm}"] = lambda t=token, k=keys: verify_token(  # type: ignore[misc]
            taken_apart(t), k
        )
    hashed = make_hash(b"pw")
    found["password for the first time, argon2id"] = lambda: verify(hashed, b"pw")
    return found


if __name__ == "__main__":
    sys.exit(main())
