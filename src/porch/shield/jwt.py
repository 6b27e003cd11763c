"""Tokens (JWT): who a client is by what an issuer has signed (RFC 6750, RFC 8725).

A token that has held is known by a keyed digest until it ends, but no longer than keys are, so that
most are verified once a worker. What can be seen without a key is looked at first: a token that has
expired, or is for another audience, costs no signature.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from porch import clock
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.identity import Identity
from porch.shield.auth import Judge, Later, Verdict
from porch.shield.auth_claims import claim
from porch.shield.auth_errors import CannotTell, Unauthorized
from porch.shield.auth_failures import Failures
from porch.shield.auth_memory import Remembered
from porch.shield.fetched import FRESH
from porch.shield.jwks import KeySet
from porch.shield.jwt_claims import Terms
from porch.shield.jwt_keys import JwtKey, verify
from porch.shield.jwt_token import BadToken, Token, taken_apart

__all__ = ["Jwt", "JwtRules"]

_SCHEME = b"bearer "


class JwtRules(NamedTuple):
    """algorithms: that may be. terms: see Terms. name: the claim that is the name. cookie: where a
    token may stand too, b"" for none. realm: what a client is told."""

    algorithms: Collection[str]
    terms: Terms
    name: str = "sub"
    cookie: bytes = b""
    realm: str = "restricted"


class Jwt:
    """See auth.Way. keys: those that are known here; or a set that is fetched. failures: where who
    forges is counted, for all routes."""

    __slots__ = ("_cookie", "_failures", "_judge", "_kept", "_keys", "_rules", "challenge")

    def __init__(
        self,
        rules: JwtRules,
        keys: Sequence[JwtKey] | KeySet,
        judge: Judge,
        failures: Failures,
    ) -> None:
        self._rules = rules
        self._keys = keys
        self._judge = judge
        self._kept: Remembered[Identity | PorchError] = Remembered()
        self._failures = failures
        self._cookie = rules.cookie + b"=" if rules.cookie else b""
        shown = rules.realm.encode("ascii", "replace").replace(b"\\", b"").replace(b'"', b"")
        self.challenge = b'Bearer realm="%b"' % shown

    def identify(self, exchange: Exchange) -> Verdict | Later:
        """See auth.Way."""
        token = b""
        for name, value in exchange.request.fields:
            if name == b"authorization" and value[:7].lower() == _SCHEME:
                if token:
                    return Unauthorized("several tokens were shown")
                token = value[7:]
        if not token:
            token = self._in_cookie(exchange) if self._cookie else b""
            if not token:
                return None
        digest, found = self._kept.find(token)
        if found is not None:
            return found
        return self._look(exchange.client_ip, token, digest)

    def _in_cookie(self, exchange: Exchange) -> bytes:
        for name, value in exchange.request.fields:
            if name == b"cookie" and self._cookie in value:
                for each in value.split(b";"):
                    if each.strip().startswith(self._cookie):
                        return each.strip()[len(self._cookie) :].strip(b'"')
        return b""

    def _look(self, client: bytes, text: bytes, digest: bytes) -> Verdict | Later:
        try:
            token = taken_apart(text.strip(b" "))
            if token.algorithm not in self._rules.algorithms:
                raise BadToken("its algorithm is not one of `algorithms`")
            ends = self._rules.terms.check(token.claims, clock.wall())
        except BadToken as error:
            return Unauthorized(str(error))
        refusal = self._failures.check(client)
        if refusal is not None:
            return refusal
        keys = self._keys
        if isinstance(keys, KeySet) and not keys.has(token.algorithm, token.key_id):
            later = Later()
            if keys.when_known(lambda: later.tell(self._verify(client, token, digest, ends))):
                return later
        return self._verify(client, token, digest, ends)

    def _verify(self, client: bytes, token: Token, digest: bytes, ends: float) -> Verdict:
        keys = self._keys
        if isinstance(keys, KeySet):
            if not keys.keys:
                return CannotTell(f"the keys at {keys.url} cannot be had: {keys.why}")
            keys = keys.keys
        try:
            if not verify(token, keys):
                self._failures.count(client)
                return Unauthorized("it is not signed by a key that is known")
        except BadToken as error:
            return Unauthorized(str(error))
        name = claim(token.claims, self._rules.name)
        shown = str(name) if isinstance(name, int) and not isinstance(name, bool) else name
        verdict = self._judge.judge(shown, "jwt", token.claims)
        self._kept.put(digest, verdict, min(ends - clock.wall(), FRESH))
        return verdict
