"""Where a login comes back to, and where it ends: paths of the host that lead to no origin."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from porch.exchange import Exchange
from porch.filter import SUSPEND, Filter, Response, Suspend
from porch.route.host import normal_host
from porch.shield.fetched import Spawn
from porch.shield.oidc_cookies import cookies_of, ended, joined
from porch.shield.oidc_errors import LoginFailed, LogoutRefused
from porch.shield.oidc_party import NO_STORE, Party

__all__ = ["Callback", "Logout"]

_LONGEST = 8192
"""Bytes of a query that is looked at: some codes are long."""
_MOST = 32
"""Parameters."""
_OUT = b"You are logged out here. The provider may still know you.\n"


class Callback(Filter):
    """Finishes a login. parties: by their names, those of the host."""

    __slots__ = ("_parties", "_spawn")

    def __init__(self, parties: Mapping[str, Party], spawn: Spawn) -> None:
        self._parties = parties
        self._spawn = spawn

    def on_request(self, exchange: Exchange) -> Suspend:
        """See Filter. The query ends here: no log has the code."""
        path, _, query = exchange.request.target.partition(b"?")
        exchange.request.target = path
        if exchange.request.method != b"GET":
            raise LoginFailed("a login comes back by GET")
        told = _parameters(query)
        party = self._parties.get(told.get("state", "").partition(".")[0])
        if party is None:
            raise LoginFailed("its state was not made here")
        self._spawn(self._finish(exchange, party, told))
        return SUSPEND

    async def _finish(self, exchange: Exchange, party: Party, told: Mapping[str, str]) -> None:
        try:
            answer = await party.finish(exchange, told)
        except Exception as error:
            if not exchange.ended:
                exchange.on_raised(error)
            return
        if not exchange.ended:
            exchange.resume(answer)


def _parameters(query: bytes) -> dict[str, str]:
    """Raises LoginFailed. None stands twice (RFC 6749 3.1)."""
    try:
        if len(query) > _LONGEST:
            raise ValueError
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(query),
            errors="strict",
            max_num_fields=_MOST,
        )
    except ValueError:
        raise LoginFailed("its query cannot be read") from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise LoginFailed("a parameter stands in it twice")
    return found


class Logout(Filter):
    """Ends the sessions of a browser on the host, here and, where the provider has a place for
    that, there too (RP-Initiated Logout 1.0)."""

    __slots__ = ("_parties",)

    def __init__(self, parties: Mapping[str, Party]) -> None:
        self._parties = parties

    def on_request(self, exchange: Exchange) -> Response:
        """See Filter."""
        shown = cookies_of(exchange.request.fields)
        host = normal_host(exchange.request.authority)
        party = next(iter(self._parties.values()))
        if not _is_own(exchange, party.base(exchange)):
            raise LogoutRefused
        over = ended([key for key, _ in shown], is_secure=party.is_secure(exchange))
        after = party.rules.after_logout
        location = party.base(exchange) + after if after else ""
        for each in self._parties.values():
            sealed = joined(shown, each.cookie(exchange))
            session = each.opened(sealed, host) if sealed else None
            if session is not None:
                each.end(session)
                location = _elsewhere(each, each.base(exchange)) or location
        if location:
            return Response(303, [(b"location", location.encode()), *over, *NO_STORE])
        kind = (b"content-type", b"text/plain; charset=utf-8")
        return Response(200, [kind, *over, *NO_STORE], _OUT)


def _elsewhere(party: Party, base: str) -> str:
    """The provider's own logout, "" if it has none, or is not known."""
    metadata, rules = party.discovery.metadata, party.rules
    if metadata is None or not metadata.end_session:
        return ""
    asked = {"client_id": rules.client_id}
    if rules.after_logout:
        asked["post_logout_redirect_uri"] = base + rules.after_logout
    mark = "&" if "?" in metadata.end_session else "?"
    return f"{metadata.end_session}{mark}{urlencode(asked)}"


def _is_own(exchange: Exchange, base: str) -> bool:
    """Whether a page of this host asks, or a person who has typed it."""
    request = exchange.request
    site = request.get(b"sec-fetch-site")
    if site is not None:
        return site in (b"same-origin", b"none") and request.method in (b"GET", b"POST")
    return request.method == b"POST" and request.get(b"origin") == base.encode("latin-1")
