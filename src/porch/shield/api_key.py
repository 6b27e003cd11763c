"""API keys: what programs show of themselves in a field or a parameter of the URL.

Of a key only its SHA-256 is known here. That suffices for what is drawn at random (`new_key`, 256
bits): nobody finds it by trying, as a password would be. A key that is looked up by its hash tells
nothing by the time it takes.
"""

import base64
import re
import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from porch.exchange import Exchange
from porch.shield.auth import Judge, Verdict
from porch.shield.auth_errors import Unauthorized

__all__ = ["ApiKeys", "Known", "new_key"]

LONGEST = 512
"""Bytes of a key that is looked at."""
_BEARER = b"bearer "


class Known(NamedTuple):
    """One key. name: for whom, as the log has it. digest: SHA-256. scopes: what it is for."""

    name: str
    digest: bytes
    scopes: tuple[str, ...] = ()


def new_key() -> str:
    """One that nobody guesses: "pk_" and 43 characters that need no escaping anywhere."""
    return "pk_" + base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()


class ApiKeys:
    """See auth.Way. field: where a key stands, lower-case; in Authorization behind Bearer. query: a
    parameter that it may stand in too, b"" for none; it is taken out of the target, so that neither
    origin, cache nor log has it."""

    __slots__ = ("_field", "_is_bearer", "_known", "_query", "_taken", "challenge")

    def __init__(
        self,
        known: Sequence[Known],
        judge: Judge,
        *,
        field: bytes = b"x-api-key",
        query: bytes = b"",
        realm: str = "restricted",
    ) -> None:
        self._known: dict[bytes, Verdict] = {
            each.digest: judge.judge(each.name, "key", {"scope": list(each.scopes)})
            for each in known
        }
        self._field = field
        self._is_bearer = field == b"authorization"
        self._query = query
        self._taken = re.compile(rb"(?<=[?&])%b=[^&]*&?" % re.escape(query)) if query else None
        scheme = b"Bearer" if self._is_bearer else b"ApiKey"
        self.challenge = b'%b realm="%b"' % (scheme, realm.encode("ascii", "replace"))

    def identify(self, exchange: Exchange) -> Verdict:
        """See auth.Way."""
        field, shown = self._field, None
        for name, value in exchange.request.fields:
            if name == field:
                if shown is not None or self._is_bearer:
                    break
                shown = value
        else:
            if self._taken is None or self._query not in exchange.request.target:
                return None if shown is None else self._whose(shown)
        return self._choose(exchange)

    def _choose(self, exchange: Exchange) -> Verdict:
        """Where it is not one field, and nothing else, that has a key."""
        shown = [value for name, value in exchange.request.fields if name == self._field]
        if self._is_bearer:
            shown = [each[7:].strip() for each in shown if each[:7].lower() == _BEARER]
        if self._taken is not None:
            shown += self._take(exchange, self._taken)
        if not shown:
            return None
        if any(each != shown[0] for each in shown):
            return Unauthorized("several keys were shown, which differ")
        return self._whose(shown[0])

    def _whose(self, key: bytes) -> Verdict:
        if len(key) > LONGEST:
            return Unauthorized("the key is too long for one")
        return self._known.get(sha256(key).digest()) or Unauthorized("nobody has this key")

    def _take(self, exchange: Exchange, pattern: re.Pattern[bytes]) -> list[bytes]:
        """The keys in the query, which has none behind this."""
        path, mark, query = exchange.request.target.partition(b"?")
        found = pattern.findall(mark + query)
        if found:
            rest = pattern.sub(b"", mark + query).rstrip(b"&")
            exchange.request.target = path + (rest if rest != b"?" else b"")
        size = len(self._query) + 1
        return [unquote_to_bytes(each.rstrip(b"&")[size:]) for each in found]
