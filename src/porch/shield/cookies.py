"""Cookies that an origin sets, hardened on their way to the client (RFC 6265bis 4.1, 5.6).

What is missing is put behind what is there; nothing is taken away and nothing reordered, so that a
cookie that is odd stays what it was to a browser.
"""

from dataclasses import dataclass, field
from typing import Literal

from porch.exchange import Exchange
from porch.filter import Filter
from porch.route.scheme import Trusts, client_scheme

__all__ = ["CookieRules", "HardenCookies", "hardened"]

SameSite = Literal["lax", "strict"] | None
_SAME_SITE = frozenset((b"lax", b"strict", b"none"))
_PREFIXES = (b"__secure-", b"__host-")


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieRules:
    """secure: over HTTPS alone, where the client came so. http_only: no script reads it, but
    those that are `readable`. same_site: said where the origin says nothing. leave: names that stay
    as they are. Names are compared as browsers do, case and all."""

    secure: bool = True
    http_only: bool = True
    same_site: SameSite = "lax"
    readable: frozenset[bytes] = field(default_factory=frozenset)
    leave: frozenset[bytes] = field(default_factory=frozenset)


class HardenCookies(Filter):
    """Hardens each Set-Cookie, the door's own too."""

    __slots__ = ("_trusts", "rules")

    def __init__(self, rules: CookieRules, trusts: Trusts = None) -> None:
        """trusts: see client_scheme."""
        self._trusts = trusts
        self.rules = rules

    def on_response(self, exchange: Exchange) -> None:
        """See Filter."""
        response = exchange.response
        assert response is not None
        if not any(each[0] == b"set-cookie" for each in response.fields):
            return
        scheme = client_scheme(exchange.request, exchange.client.peer, self._trusts)
        is_secured = scheme == b"https"
        response.fields = [
            (name, hardened(value, self.rules, is_secured=is_secured))
            if name == b"set-cookie"
            else (name, value)
            for name, value in response.fields
        ]

    def described(self) -> list[str]:
        """What it does, in words."""
        rules = self.rules
        words = ["Secure"] * rules.secure + ["HttpOnly"] * rules.http_only
        words += [f"SameSite={rules.same_site.capitalize()}"] if rules.same_site else []
        return [f"cookies get {', '.join(words)} where it is missing"]


def hardened(value: bytes, rules: CookieRules, *, is_secured: bool) -> bytes:
    """The value of a Set-Cookie with what is missing. is_secured: whether it goes over HTTPS: by
    plain HTTP a browser refuses a cookie that is Secure."""
    pair, *attributes = value.split(b";")
    name, has_value, _ = pair.partition(b"=")
    name = name.strip(b" \t") if has_value else b""
    if not pair.strip(b" \t") or name in rules.leave:
        return value
    said: dict[bytes, bytes] = {}
    for each in attributes:
        word, _, text = each.partition(b"=")
        said[word.strip(b" \t").lower()] = text.strip(b" \t").lower()
    more = b""
    is_cross_site = said.get(b"samesite") == b"none"
    needs = rules.secure or is_cross_site or name.lower().startswith(_PREFIXES)
    if is_secured and needs and b"secure" not in said:
        more += b"; Secure"
    if rules.http_only and b"httponly" not in said and name not in rules.readable:
        more += b"; HttpOnly"
    if rules.same_site and said.get(b"samesite") not in _SAME_SITE:
        more += b"; SameSite=" + rules.same_site.capitalize().encode()
    return value + more
