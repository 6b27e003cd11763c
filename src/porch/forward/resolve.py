"""Names into addresses, off the loop, for as long as their TTL says.

The hosts file first, then DNS itself (dnspython: `getaddrinfo` knows no TTL), then the system's
resolver for whatever else it may know. A name that stops resolving keeps its last good answer.
"""

import asyncio
import ipaddress
import os
import socket

from porch import clock

__all__ = ["AddrInfo", "Resolver"]

AddrInfo = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]

SYSTEM_TTL = 10.0
"""Seconds an answer without a TTL is kept."""
SHORTEST = 1.0
LONGEST = 300.0
"""Bounds on a TTL: nobody is asked more often than once a second, and a moved origin is found
within five minutes."""
PATIENCE = 2.0
"""Seconds DNS may take before the system's resolver is asked."""

HOSTS = "/etc/hosts"


class Resolver:
    """Remembers what names resolve to. One a worker."""

    __slots__ = ("_asking", "_hosts", "_hosts_read", "_known")

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, list[str]]] = {}
        self._asking: dict[str, asyncio.Task[list[str]]] = {}
        self._hosts: dict[str, list[str]] = {}
        self._hosts_read = -1.0

    async def resolve(self, host: str, port: int) -> list[AddrInfo]:
        """The addresses of `host`, IPv6 and IPv4 as they were given. Raises socket.gaierror."""
        literal = _literal(host)
        if literal is not None:
            return [_info(literal, port)]
        until, addresses = self._known.get(host, (0.0, []))
        if until < clock.monotonic():
            task = self._asking.get(host)
            if task is None:
                task = asyncio.get_running_loop().create_task(self._ask(host))
                self._asking[host] = task
                task.add_done_callback(lambda done: self._asked(host, done))
            try:
                addresses = await asyncio.shield(task)
            except OSError:
                if not addresses:
                    raise
                self._known[host] = (clock.monotonic() + SHORTEST, addresses)
        return [_info(address, port) for address in addresses]

    def _asked(self, host: str, task: asyncio.Task[list[str]]) -> None:
        del self._asking[host]
        if not task.cancelled():
            task.exception()  # looked at, since whoever waited for it may have left

    async def _ask(self, host: str) -> list[str]:
        ttl = SYSTEM_TTL
        addresses = self._from_hosts(host)
        if not addresses and "." in host:
            addresses, ttl = await _from_dns(host)
        if not addresses:
            addresses = await _from_system(host)
            ttl = SYSTEM_TTL
        until = clock.monotonic() + min(max(ttl, SHORTEST), LONGEST)
        self._known[host] = (until, addresses)
        return addresses

    def _from_hosts(self, host: str) -> list[str]:
        """What the hosts file says, read again when it has changed."""
        try:
            changed = os.stat(HOSTS).st_mtime
            if changed != self._hosts_read:
                with open(HOSTS, encoding="utf-8", errors="replace") as file:
                    self._hosts = _parse_hosts(file.read())
                self._hosts_read = changed
        except OSError:
            return []
        return self._hosts.get(host.lower().rstrip("."), [])


def _parse_hosts(text: str) -> dict[str, list[str]]:
    hosts: dict[str, list[str]] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if _literal(address) is not None:
            for name in names:
                hosts.setdefault(name.lower(), []).append(address)
    return hosts


def _literal(host: str) -> str | None:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return host


def _info(address: str, port: int) -> AddrInfo:
    if ":" in address:
        return (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0))
    return (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))


async def _from_dns(host: str) -> tuple[list[str], float]:
    """(addresses, TTL) from the name servers; nothing where they know nothing."""
    import dns.asyncresolver
    import dns.exception

    addresses: list[str] = []
    ttl = LONGEST
    try:
        answers = await dns.asyncresolver.resolve_name(host, lifetime=PATIENCE)
        addresses += answers.addresses()
        for answer in answers.values():
            if answer.rrset is not None:  # the shorter of the two families' wins
                ttl = min(ttl, float(answer.rrset.ttl))
    except (dns.exception.DNSException, OSError):
        return [], SYSTEM_TTL
    return addresses, ttl


async def _from_system(host: str) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        infos = await loop.run_in_executor(
            None, lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        )
    except UnicodeError as error:  # a label over 63 characters, say
        raise socket.gaierror(socket.EAI_NONAME, f"not a host name: {error}") from error
    return list(dict.fromkeys(str(info[4][0]) for info in infos))
