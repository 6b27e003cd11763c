"""CORS: which pages of other origins may read answers (the Fetch standard, 3.3).

The door answers preflights itself, before anybody is asked who he is: a browser sends them without
cookies. It is no protection of the origin from requests: a browser keeps answers from a page, and
whoever is no browser reads them anyway.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Filter, Response
from porch.http.fields import tokens
from porch.http.message import Field, RequestHead
from porch.route.scheme import Trusts, client_scheme
from porch.shield.origins import Origins, is_own, origin_of

__all__ = ["METHODS", "SAID", "Cors", "CorsRules", "OriginRefused"]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""That a page may use if nothing is said."""
SAID = frozenset(
    (
        b"access-control-allow-credentials",
        b"access-control-allow-headers",
        b"access-control-allow-methods",
        b"access-control-allow-origin",
        b"access-control-allow-private-network",
        b"access-control-expose-headers",
        b"access-control-max-age",
    )
)
"""What an origin says of it, in place of which the door speaks: never two answers."""

_NAMES = re.compile(
    rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*,[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+)*\Z"
)
_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}\Z")
_LONGEST = 4096
_ASKED = b"access-control-request-"
_ANY: Field = (b"access-control-allow-origin", b"*")
_CREDENTIALS: Field = (b"access-control-allow-credentials", b"true")


class OriginRefused(PorchError):
    """A preflight, or the handshake of a WebSocket, of a page that may not."""

    word = "http_request_denied"
    status = 403
    source: ClassVar[Literal["client"]] = "client"
    sentence = "Pages of this origin may not ask for it; `cors` of the route names those that may."


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsRules:
    """origins: whose pages. methods: that they may use; None for any. headers: that they may set;
    None for any. expose: that they may read besides what all may. credentials: whether cookies and
    the like go along, and answers to them may be read. max_age: seconds that a preflight is
    remembered. private_network: whether a public page may reach a private address.
    websocket: whether the handshake of a WebSocket needs one of the origins, or its own.
    """

    origins: Origins
    methods: Sequence[str] | None = METHODS
    headers: Sequence[str] | None = None
    expose: Sequence[str] = ()
    credentials: bool = False
    max_age: int = 600
    private_network: bool = False
    websocket: bool = False


class Cors(Filter):
    """Says to browsers who may read."""

    __slots__ = ("_always", "_headers", "_max_age", "_methods", "_trusts", "rules")

    def __init__(self, rules: CorsRules, trusts: Trusts = None) -> None:
        """trusts: see client_scheme."""
        self.rules = rules
        self._trusts = trusts
        always: list[Field] = [_CREDENTIALS] * rules.credentials
        if rules.expose:
            always.append((b"access-control-expose-headers", ", ".join(rules.expose).encode()))
        self._always = always
        self._methods = None if rules.methods is None else ", ".join(rules.methods).encode()
        self._headers = None if rules.headers is None else ", ".join(rules.headers).encode()
        self._max_age: Field = (b"access-control-max-age", b"%d" % rules.max_age)

    def on_request(self, exchange: Exchange) -> Response | None:
        """See Filter. What a preflight is answered stands in `on_response`."""
        request = exchange.request
        origin = origin_of(request)
        if origin is None:
            return None
        if _is_preflight(request):
            if not self.rules.origins.has(origin):
                raise OriginRefused(f"a preflight from {_shown(origin)}")
            return Response(204)
        if (
            self.rules.websocket
            and request.upgrade == b"websocket"
            and not (self.rules.origins.has(origin) or self._is_own(origin, exchange))
        ):
            raise OriginRefused(f"a WebSocket from {_shown(origin)}")
        return None

    def _is_own(self, origin: bytes, exchange: Exchange) -> bool:
        request = exchange.request
        return is_own(origin, request, client_scheme(request, exchange.client.peer, self._trusts))

    def on_response(self, exchange: Exchange) -> None:
        """See Filter. It comes behind a cache, and of the door's own answers too: a page is told
        why it was refused."""
        response, request, rules = exchange.response, exchange.request, self.rules
        assert response is not None
        fields = [each for each in response.fields if each[0] not in SAID]
        origin = origin_of(request)
        if rules.origins.any and not rules.credentials:
            fields += (_ANY, *self._always)
        else:
            fields = varied(fields, b"Origin")
            if origin is not None and rules.origins.has(origin):
                fields += ((_ANY[0], origin), *self._always)
        if origin is not None and _is_preflight(request):
            fields = self._permits(fields, request)
        response.fields = fields

    def described(self) -> list[str]:
        """What it does, in words, one fact each."""
        rules = self.rules
        methods = self._methods.decode() if self._methods is not None else "any method"
        headers = self._headers.decode() if self._headers is not None else "any field"
        cookies = "with" if rules.credentials else "without"
        return [
            f"preflights are answered here: {methods}; {headers or 'no field'}; {cookies} cookies"
        ]

    def _permits(self, fields: list[Field], request: RequestHead) -> list[Field]:
        """What a page may do, to a preflight."""
        methods, headers = self._methods, self._headers
        if methods is None:
            asked = request.get(_ASKED + b"method") or b""
            methods = asked if _METHOD.match(asked) else b""
        if headers is None:
            asked = b",".join(
                value for name, value in request.fields if name == _ASKED + b"headers"
            )
            headers = asked if len(asked) <= _LONGEST and _NAMES.match(asked) else b""
        found = varied(
            varied(fields, b"Access-Control-Request-Method"), b"Access-Control-Request-Headers"
        )
        if methods:
            found.append((b"access-control-allow-methods", methods))
        if headers:
            found.append((b"access-control-allow-headers", headers))
        if self.rules.private_network and request.get(_ASKED + b"private-network") == b"true":
            found.append((b"access-control-allow-private-network", b"true"))
        found.append(self._max_age)
        return found


def varied(fields: list[Field], name: bytes) -> list[Field]:
    """With a name in Vary, once: answers that are alike to a cache are alike (RFC 9110 12.5.5)."""
    wanted = name.lower()
    for field, value in fields:
        if field == b"vary":
            named = tokens(value)
            if wanted in named or b"*" in named:
                return fields
    for place, (field, value) in enumerate(fields):
        if field == b"vary" and value:
            return [*fields[:place], (field, value + b", " + name), *fields[place + 1 :]]
    return [*fields, (b"vary", name)]


def _is_preflight(request: RequestHead) -> bool:
    return request.method == b"OPTIONS" and request.get(_ASKED + b"method") is not None


def _shown(origin: bytes) -> str:
    """As the log shows it."""
    return ascii(origin[:200].decode("latin-1")) if origin else "several origins"
