"""Name servers: what DNS knows of a name, and for how long. dnspython, imported when it is used."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import dns.asyncresolver

__all__ = ["NameServers", "Service"]

PATIENCE = 5.0
"""Seconds that an answer may take, of all name servers together."""
SHORTEST, LONGEST = 1.0, 300.0
"""Bounds on a TTL in seconds, as for origins that are dialled by name (forward/resolve.py)."""


class Service(NamedTuple):
    """An SRV record (RFC 2782)."""

    priority: int
    host: str
    port: int
    weight: int


class NameServers:
    """address, port: of one to ask in place of the system's; "" for those."""

    def __init__(self, address: str = "", port: int = 53) -> None:
        self._address = address
        self._port = port

    async def addresses(self, name: str) -> tuple[list[str], float]:
        """Of both families, in one order always, and seconds until they should be asked for again.

        Raises OSError with a sentence, also where one of the two families cannot be had.
        """
        import dns.asyncresolver
        import dns.exception

        resolver = self._resolver()
        try:
            answers = await resolver.resolve_name(name, lifetime=PATIENCE, search=True)
        except dns.exception.DNSException as error:
            raise OSError(_why(error)) from error
        ttls = [each.rrset.ttl for each in answers.values() if each.rrset is not None]
        return sorted(answers.addresses()), _bounded(min(ttls, default=0))

    async def services(self, name: str) -> tuple[list[Service], float]:
        """The same of SRV records."""
        import dns.asyncresolver
        import dns.exception

        resolver = self._resolver()
        try:
            answer = await resolver.resolve(name, "SRV", lifetime=PATIENCE, search=True)
        except dns.exception.DNSException as error:
            raise OSError(_why(error)) from error
        records = [*(answer.rrset or ())]
        found = [
            Service(each.priority, each.target.to_text(), each.port, each.weight)
            for each in records
        ]
        return sorted(found), _bounded(answer.rrset.ttl if answer.rrset is not None else 0)

    def _resolver(self) -> "dns.asyncresolver.Resolver":
        """Made anew for each look: resolv.conf changes with the network."""
        import dns.asyncresolver
        import dns.resolver

        if self._address:
            made = dns.asyncresolver.Resolver(configure=False)
            made.nameservers = [self._address]
            made.port = self._port
            return made
        try:
            return dns.asyncresolver.Resolver()
        except dns.resolver.NoResolverConfiguration as error:
            raise OSError("no name server is known; see resolv.conf") from error


def _bounded(ttl: float) -> float:
    return min(max(float(ttl), SHORTEST), LONGEST)


def _why(error: Exception) -> str:
    import dns.resolver

    if isinstance(error, dns.resolver.NXDOMAIN):
        return "DNS knows no such name"
    if isinstance(error, dns.resolver.NoAnswer):
        return "DNS has no such record of this name"
    if isinstance(error, dns.resolver.LifetimeTimeout):
        return f"no name server answered within {PATIENCE:g} s"
    if isinstance(error, dns.resolver.NoNameservers):
        return f"the name servers failed: {error}"
    return f"{type(error).__name__}: {error}"
