"""Grants: a code or a refresh token for what a provider says of somebody (RFC 6749 4.1.3, 6).

Asked at the provider's token endpoint, never by way of the browser. What it answers is believed
only as far as its ID token is signed, see oidc_token.py.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote_plus, urlencode

from porch import clock
from porch.client import Answer
from porch.errors import PorchError
from porch.http.message import Field
from porch.shield.auth_claims import Claims
from porch.shield.auth_errors import CannotTell
from porch.shield.jwt_token import BadToken
from porch.shield.oidc_discovery import Discovery, Metadata, target_of
from porch.shield.oidc_errors import LoginFailed
from porch.shield.oidc_token import IdTerms, checked, signed_by

__all__ = ["MOST", "ClientRules", "Granted", "Grants"]

MOST = 64
"""Questions of a worker to one provider at a time: whoever sends codes has not the door flood it.
"""
_MOST_BYTES = 256 * 1024
_LONGEST = 8192
_JSON = (b"accept", b"application/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRules:
    """Who this door is to the provider. secret: "" for none. post: whether it goes in the body;
    None as the provider likes. userinfo: whether it is asked for more claims. timeout: seconds."""

    terms: IdTerms
    secret: str = field(default="", repr=False)
    post: bool | None = None
    userinfo: bool = False
    timeout: float = 5.0


class Granted(NamedTuple):
    """claims: None where a renewal says nothing new. refresh: "" for none. seconds: that the
    provider gives it; None where it does not say."""

    claims: Claims | None
    refresh: str
    seconds: float | None


class Grants:
    """Of one client at one provider. What cannot be had raises CannotTell, what is refused
    LoginFailed."""

    __slots__ = ("_discovery", "_rules", "_running", "_warn")

    def __init__(
        self, discovery: Discovery, rules: ClientRules, warn: Callable[[str], None]
    ) -> None:
        self._discovery = discovery
        self._rules = rules
        self._warn = warn
        self._running = 0

    async def redeem(self, code: str, verifier: str, redirect: str, nonce: str) -> Granted:
        """For the code of a login. redirect: the very URL that it came to (RFC 6749 4.1.3)."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
        }
        table = await self._ask(form)
        if not isinstance(table.get("id_token"), str):
            raise LoginFailed("the provider gave no ID token; take openid into scopes")
        return await self._granted(table, nonce)

    async def ready(self) -> None:
        """Wait until the provider is known, or was asked in vain: a worker that has just begun may
        be the one that a login comes back to."""
        if self._discovery.metadata is None:
            import asyncio  # late, as below

            asked = asyncio.Event()
            if self._discovery.when_known(asked.set):
                await asked.wait()

    async def renew(self, refresh: str, subject: object) -> Granted:
        """subject: whose it is; a provider that names another has made a mistake."""
        table = await self._ask({"grant_type": "refresh_token", "refresh_token": refresh})
        granted = await self._granted(table, None)
        if granted.claims is not None and granted.claims.get("sub") != subject:
            raise LoginFailed("the provider has renewed another's session (sub)")
        return granted

    async def revoke(self, refresh: str) -> None:
        """Have nobody renew by this any more (RFC 7009), where the provider has a place for that
        and can be reached."""
        metadata = self._known()
        if metadata.revocation:
            form = {"token": refresh, "token_type_hint": "refresh_token"}
            fields, body = self._shown(metadata, form)
            await self._request(b"POST", metadata.revocation, fields, body)

    async def _granted(self, table: dict[str, Any], nonce: str | None) -> Granted:
        access, text = table.get("access_token"), table.get("id_token")
        if not isinstance(access, str) or not _is_token(access):
            raise LoginFailed("the provider gave no access token")
        refresh, seconds = table.get("refresh_token"), table.get("expires_in")
        claims: dict[str, Any] | None = None
        if isinstance(text, str):
            claims = await self._claims(text, access, nonce)
            if self._rules.userinfo:
                claims = await self._more(access, claims)
        return Granted(
            claims,
            refresh if isinstance(refresh, str) and _is_token(refresh) else "",
            _seconds(seconds),
        )

    async def _claims(self, text: str, access: str, nonce: str | None) -> dict[str, Any]:
        keys = self._discovery.keys
        assert keys is not None  # with what says where the tokens are
        try:
            token = checked(text, self._rules.terms, clock.wall(), access, nonce)
            if not keys.has(token.algorithm, token.key_id):
                import asyncio  # late: who only checks a configuration has no loop

                asked = asyncio.Event()
                if keys.when_known(asked.set):
                    await asked.wait()
            if not keys.keys:
                raise CannotTell(f"the keys at {keys.url} cannot be had: {keys.why}")
            signed_by(token, keys.keys)
        except BadToken as error:
            raise LoginFailed(f"the ID token does not hold: {error}") from None
        return dict(token.claims)

    async def _more(self, access: str, claims: dict[str, Any]) -> dict[str, Any]:
        """With what the userinfo endpoint says (Core 1.0, 5.3); the signed claims go before it."""
        url = self._known().userinfo
        if not url:
            raise CannotTell("the provider has no userinfo endpoint; take out userinfo")
        bearer = (b"authorization", b"Bearer " + access.encode())
        answer = await self._request(b"GET", url, [_JSON, bearer], b"")
        table = _table(answer)
        if answer.status != 200 or table.get("sub") != claims["sub"]:
            raise LoginFailed(f"the userinfo endpoint answers {answer.status}, or of another")
        return table | claims

    async def _ask(self, form: dict[str, str]) -> dict[str, Any]:
        metadata = self._known()
        fields, body = self._shown(metadata, form)
        answer = await self._request(b"POST", metadata.token, fields, body)
        table = _table(answer)
        if answer.status == 200:
            return table
        why = _error_of(table)
        if answer.status == 401 or why in ("invalid_client", "unauthorized_client"):
            text = f"{self._discovery.issuer} does not take client_id and client_secret ({why})"
            self._warn(text)
            raise CannotTell(text)
        raise LoginFailed(f"the provider answers {answer.status} {why}")

    def _shown(self, metadata: Metadata, form: dict[str, str]) -> tuple[list[Field], bytes]:
        """A form, with who asks (RFC 6749 2.3.1)."""
        rules = self._rules
        fields: list[Field] = [_JSON, (b"content-type", b"application/x-www-form-urlencoded")]
        client_id = rules.terms.client_id
        is_basic = metadata.takes_basic if rules.post is None else not rules.post
        if rules.secret and is_basic:
            pair = f"{quote_plus(client_id)}:{quote_plus(rules.secret)}".encode()
            fields.append((b"authorization", b"Basic " + b64encode(pair)))
        else:
            form = form | {"client_id": client_id}
            if rules.secret:
                form["client_secret"] = rules.secret
        return fields, urlencode(form).encode()

    async def _request(self, method: bytes, url: str, fields: list[Field], body: bytes) -> Answer:
        if self._running >= MOST:
            raise CannotTell(f"{MOST} questions to {self._discovery.issuer} are under way")
        self._running += 1
        try:
            client = self._discovery.client(url)
            answer = await client.request(
                method,
                target_of(url),
                fields,
                body,
                timeout=self._rules.timeout,
                most_bytes=_MOST_BYTES,
            )
        except (PorchError, OSError, ValueError) as error:
            raise CannotTell(f"{self._discovery.issuer} gives no answer: {error}") from None
        finally:
            self._running -= 1
        if answer.status >= 500 or answer.status == 429:
            raise CannotTell(f"{self._discovery.issuer} answers {answer.status}")
        return answer

    def _known(self) -> Metadata:
        found = self._discovery.metadata
        if found is None:
            raise CannotTell(f"{self._discovery.issuer} cannot be had: {self._discovery.why}")
        return found


def _table(answer: Answer) -> dict[str, Any]:
    """Of JSON; an empty one for whatever else it is."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _error_of(table: dict[str, Any]) -> str:
    """The word of an error (RFC 6749 5.2), never what a stranger has put there."""
    word = table.get("error")
    is_word = isinstance(word, str) and word.replace("_", "").isalpha() and word.isascii()
    return word if isinstance(word, str) and is_word and len(word) <= 40 else "without a reason"


def _is_token(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and text.isascii() and text.isprintable()


def _seconds(value: object) -> float | None:
    """None for what is no time."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value < 1e9 else None  # type: ignore[arg-type, operator]
