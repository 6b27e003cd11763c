"""The name of an address, and whether it leads back: of name servers, off the loop's time."""

import ipaddress
from collections.abc import Awaitable, Callable, Sequence

__all__ = ["Asked", "NotFound", "find"]

PATIENCE = 2.0
"""Seconds for each of two questions."""
_MOST_NAMES = 4

Asked = Callable[[str, Sequence[str]], Awaitable[bool]]
"""See `find`."""


class NotFound(Exception):
    """No name server could tell."""


async def find(address: str, ends: Sequence[str]) -> bool:
    """Whether the address has a name with one of these ends that leads back to it. Raises
    NotFound."""
    import dns.asyncresolver  # late: it takes 60 ms, and few need it
    import dns.exception
    import dns.resolver

    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    missing = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)
    try:
        answer = await dns.asyncresolver.resolve_address(address, lifetime=PATIENCE)
    except missing:
        return False
    except (dns.exception.DNSException, OSError) as error:
        raise NotFound(str(error)) from error
    names = [each.target.to_text().rstrip(".").lower() for each in answer][:_MOST_NAMES]
    for name in names:
        if not name.endswith(tuple(ends)):
            continue
        try:
            found = await dns.asyncresolver.resolve_name(name, lifetime=PATIENCE)
        except missing:
            continue
        except (dns.exception.DNSException, OSError) as error:
            raise NotFound(str(error)) from error
        if any(_same(each, address) for each in found.addresses()):
            return True
    return False


def _same(one: str, other: str) -> bool:
    return ipaddress.ip_address(one) == ipaddress.ip_address(other)
