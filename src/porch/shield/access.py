"""Access by address: who may come in, by networks, countries and operators of networks.

The most exact word wins: the longest network, then the operator's number, then the country, then a
network of all addresses. Where nothing names a client, it is let in, unless there is a list of
those who are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Filter
from porch.ip import packed
from porch.route.host import normal_host
from porch.shield.country import Places
from porch.shield.network import ALLOWED, UNNAMED, Table

__all__ = ["Access", "AccessByHost", "AccessDenied", "Lists", "Verdicts"]

_REMEMBERED = 8192


class AccessDenied(PorchError):
    """The client's address is in `deny`, or not in `allow`."""

    word = "http_request_denied"
    status = 403
    source = "client"
    sentence = "This address may not come in; allow and deny say which may."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lists:
    """Both lists. unix, countries, operators: what they say of these, as in network.py; unix is of
    peers by a Unix socket. default: whether who is not named comes in. allow, deny: as written."""

    table: Table
    default: bool
    unix: int = UNNAMED
    countries: Mapping[bytes, int] = field(default_factory=dict)
    operators: Mapping[int, int] = field(default_factory=dict)
    places: Places | None = None
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def lets_in(self, client: bytes) -> bool:
        """Whether a client comes in, by its address. What is no address does not."""
        address = packed(client.decode("latin-1"))
        if address is None:
            if client != b"unix":
                return False
            said = self.unix
        elif not (said := self.table.of(address)):
            if self.places is not None:
                place = self.places[client]
                said = self.operators.get(place.operator, UNNAMED)
                said = said or self.countries.get(place.country, UNNAMED)
            said = said or self.table.everybody[len(address)]
        return said == ALLOWED if said else self.default


class Verdicts(dict[bytes, bool]):
    """address -> whether it comes in, each judged once. Bounded."""

    __slots__ = ("_judge",)

    def __init__(self, lists: Lists) -> None:
        super().__init__()
        self._judge = lists.lets_in

    def __missing__(self, client: bytes) -> bool:
        verdict = self._judge(client)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[client] = verdict
        return verdict


class Access(Filter):
    """Answers 403 to who may not come in, before anything is done for it. lists: see Lists."""

    __slots__ = ("_lets_in", "lists")

    def __init__(self, lists: Lists) -> None:
        self.lists = lists
        self._lets_in = Verdicts(lists).__getitem__

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        if not self._lets_in(exchange.client_ip):
            raise AccessDenied(f"{exchange.client_ip.decode('latin-1')} may not come in")


class AccessByHost(Filter):
    """The same where no route is found that could say it. by_host: of hosts with words of their
    own, `*.a.test` and `*` too. other: of all others; None lets everybody in."""

    __slots__ = ("_by_host", "_other")

    def __init__(self, by_host: Mapping[str, Access | None], other: Access | None) -> None:
        self._by_host = dict(by_host)
        self._other = by_host.get("*", other)

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        access = self._of(normal_host(exchange.request.authority).decode("latin-1"))
        if access is not None:
            access.on_request(exchange)

    def _of(self, host: str) -> Access | None:
        if host in self._by_host:
            return self._by_host[host]
        while host:
            host = host.partition(".")[2]
            if f"*.{host}" in self._by_host:
                return self._by_host[f"*.{host}"]
        return self._other
