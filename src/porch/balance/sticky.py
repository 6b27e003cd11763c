"""Sticky: a client stays with the endpoint that answered it first, by a cookie.

The cookie is an HMAC-SHA256 of the endpoint's name, so that it says nothing about the endpoint and
nobody can choose one. It is looked up in a table: one that is forged, or of an endpoint that is
gone, is like none, and the next answer replaces it. It goes on to the origin like other cookies.

An endpoint that is drained, or of weight 0, serves its sticky clients as long as they come and
gets no new ones, as HAProxy has it; `drain` ends that after a time. Where the endpoint is out for
any other reason, or full, the client goes to another one and stays there.
"""

import base64
import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from porch import clock
from porch.balance.budget import Budget
from porch.balance.endpoint import Endpoint
from porch.balance.upstream import Upstream
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Filter
from porch.route.scheme import Trusts, client_scheme

__all__ = ["Cookie", "Sticky"]

_BYTES = 15
"""Of the HMAC in the cookie: 120 bits, 20 characters without padding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """How the cookie is set (RFC 6265 4.1).

    name, path: of the cookie. secret: the key of the HMAC. max_age: seconds after its first setting
    that the browser keeps it; None for until it closes. drain: seconds for which a drained endpoint
    keeps its clients; None for as long as they come. trusts: see client_scheme.
    """

    name: str
    path: str
    secret: bytes
    max_age: float | None = None
    drain: float | None = None
    trusts: Trusts = None


class Sticky(Filter):
    """A pool with sticky clients. See route.Destination; the filter sets the cookie."""

    __slots__ = (
        "_end",
        "_endpoints",
        "_known",
        "_start",
        "_upstream",
        "_values",
        "_word",
        "cookie",
        "manner",
        "name",
    )

    def __init__(self, upstream: Upstream, cookie: Cookie) -> None:
        self.name = upstream.name
        self.manner = f"{upstream.manner}; sticky by the cookie {cookie.name}"
        self.cookie = cookie
        self._upstream = upstream
        self._word = cookie.name.encode()
        self._start = self._word + b"="
        self._end = _attributes(cookie)
        self._values: dict[Endpoint, bytes] = {}
        self._endpoints: dict[bytes, Endpoint] = {}
        self._known: tuple[Endpoint, ...] = ()

    def __repr__(self) -> str:
        return f"<Sticky {self.cookie.name} {self._upstream!r}>"

    @property
    def filters(self) -> Sequence[Filter]:
        """What its exchanges pass besides those of their route."""
        return (*self._upstream.filters, self)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Of the pool."""
        return self._upstream.endpoints

    @property
    def budget(self) -> Budget:
        """See route.Destination."""
        return self._upstream.budget

    def candidates(self, exchange: Exchange) -> Iterator[Endpoint]:
        """See route.Destination."""
        own = self.kept_by(exchange)
        others = self._upstream.candidates(exchange)  # by which the budget knows that it came
        if own is None:
            return others
        return chain((own,), (each for each in others if each is not own))

    def leading(self, exchange: Exchange) -> Sequence[Endpoint]:
        """See upstream.Upstream."""
        own = self.kept_by(exchange)
        return self._upstream.leading(exchange) if own is None else (own,)

    def kept_by(self, exchange: Exchange) -> Endpoint | None:
        """The endpoint that the client belongs to, if that serves it now."""
        own = self._own(exchange)
        return own if own is not None and self._keeps(own) else None

    def is_full(self, endpoint: Endpoint) -> bool:
        """See upstream.Upstream."""
        return self._upstream.is_full(endpoint)

    def is_used(self, endpoint: Endpoint) -> bool:
        """See upstream.Upstream."""
        return self._upstream.is_used(endpoint)

    def nobody(self, error: PorchError | None) -> PorchError:
        """See route.Destination."""
        return self._upstream.nobody(error)

    def on_response(self, exchange: Exchange) -> None:
        """Tell a client whom it belongs to from now on, if it did not know."""
        chosen = exchange.endpoint
        if chosen is None or exchange.error is not None or exchange.response is None:
            return  # the door answered
        assert isinstance(chosen, Endpoint)
        if chosen.roster.name == self.name and self._own(exchange) is not chosen:
            value = self._start + self._value(chosen) + self._end
            peer = exchange.client.peer
            if client_scheme(exchange.request, peer, self.cookie.trusts) == b"https":
                value += b"; Secure"
            exchange.response.fields.append((b"set-cookie", value))

    def knowing(self, endpoints: Iterable[Endpoint]) -> Iterator[None]:
        """Make the table of these in steps; it grows by itself when it is needed."""
        for each in endpoints:
            self._value(each)
            yield

    def _own(self, exchange: Exchange) -> Endpoint | None:
        """Whom the client belongs to, by its cookie."""
        found = None
        for field, content in exchange.request.fields:
            if field == b"cookie" and self._start in content:
                for pair in content.split(b";"):
                    name, _, value = pair.partition(b"=")
                    if name.strip(b" \t") == self._word and found is None:
                        found = self._table().get(value.strip(b" \t"))
        return found

    def _table(self) -> dict[bytes, Endpoint]:
        endpoints = self._upstream.endpoints
        if endpoints is not self._known:
            self._known = endpoints
            self._values = {each: self._value(each) for each in endpoints}
            self._endpoints = {value: each for each, value in self._values.items()}
        return self._endpoints

    def _value(self, endpoint: Endpoint) -> bytes:
        value = self._values.get(endpoint)
        if value is None:
            words = f"{self.name}\n{endpoint.name}".encode()
            made = hmac.digest(self.cookie.secret, words, "sha256")[:_BYTES]
            value = self._values[endpoint] = base64.urlsafe_b64encode(made)
        return value

    def _keeps(self, endpoint: Endpoint) -> bool:
        """Whether an endpoint serves its sticky clients now."""
        out = endpoint.out
        if self._upstream.is_full(endpoint):
            return False
        if not out:
            return True
        if out.keys() == {"drained"}:
            drain = self.cookie.drain
            return drain is None or clock.wall() - out["drained"].since < drain
        return self._upstream.is_used(endpoint)


def _attributes(cookie: Cookie) -> bytes:
    age = "" if cookie.max_age is None else f"; Max-Age={int(cookie.max_age)}"
    return f"; Path={cookie.path}{age}; HttpOnly; SameSite=Lax".encode()
