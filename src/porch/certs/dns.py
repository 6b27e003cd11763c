"""DNS: how a TXT record comes into a zone, and when everybody can see it.

A provider is any object with `present` and `cleanup`: from a package that offers it as an entry
point of the group "porch.dns", from a file of the operator's own, or `dns_rfc2136.py`.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Protocol

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from porch import clock
from porch.certs.dns_rfc2136 import Rfc2136
from porch.certs.failure import IssueError

__all__ = ["GROUP", "Propagation", "Provider", "check", "find", "made"]

GROUP = "porch.dns"
LINKS = 8
"""CNAME records that are followed; public resolvers stop at about as many."""
ANSWER = 3.0
"""Seconds for one name server's answer."""
TRIES = 2
"""Questions to one that is silent: a datagram may be lost."""
MOST = 13
"""Name servers of a zone that are asked."""


class Provider(Protocol):
    """Whoever can write TXT records into the zone."""

    def present(self, name: str, value: str, /) -> object:
        """Add a TXT record with `value` at `name` ("_acme-challenge.example.com"), beside others
        that may be there. Returns when the zone has it. Raises whatever it likes."""

    def cleanup(self, name: str, value: str, /) -> object:
        """Remove that record, and no other."""


def find(name: str) -> object:
    """What that name is of: `rfc2136`, or what a package offers. Raises ValueError with a
    sentence."""
    if name == "rfc2136":
        return Rfc2136
    offered = {each.name: each for each in entry_points(group=GROUP)}
    if name not in offered:
        known = ", ".join(sorted({"rfc2136", *offered}))
        raise ValueError(
            f"no DNS provider '{name}' is installed ({known}): install the package that "
            "offers it, or name an object of your own (py:module:object)"
        )
    try:
        return offered[name].load()
    except (Exception, SystemExit) as error:  # another's code
        text = f"the DNS provider '{name}' cannot be loaded: {type(error).__name__}: {error}"
        raise ValueError(text) from error


def check(name: str, found: object, settings: Mapping[str, str]) -> None:
    """Raises ValueError with a sentence if `found` is no provider, or has no use for these words.

    A class is not called: it may speak with a network.
    """
    _check_kind(name, found)
    if isinstance(found, type):
        _check_words(name, found, settings)
    elif settings:
        words = ", ".join(sorted(settings))
        raise ValueError(f"'{name}' is an object, not a class: nobody reads {words} of `dns`")


def made(name: str, found: object, settings: Mapping[str, str]) -> Provider:
    """`found` as a provider: itself, or what a class makes of `settings`. Else ValueError."""
    provider = found
    if isinstance(found, type):
        _check_words(name, found, settings)
        try:
            provider = found(**settings)
        except (Exception, SystemExit) as error:  # another's code, which may tell its secrets
            is_ours = found is Rfc2136 and isinstance(error, ValueError)  # a sentence, without any
            text = str(error) if is_ours else f"{type(error).__name__}: {error}"
            for secret in settings.values() if not is_ours else ():
                text = text.replace(secret, "...") if secret else text
            raise ValueError(f"the DNS provider '{name}' cannot be set up: {text}") from error
    _check_kind(name, provider)
    return provider  # type: ignore[return-value]  # it has been looked at


def _check_kind(name: str, found: object) -> None:
    if not all(callable(getattr(found, each, None)) for each in ("present", "cleanup")):
        raise ValueError(
            f"'{name}' is no DNS provider: it needs present(name, value) and cleanup(name, value)"
        )


def _check_words(name: str, kind: type, settings: Mapping[str, str]) -> None:
    """That a class takes these settings, as far as it tells."""
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):  # one in C may not
        return
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = {each.name: each.default is each.empty for each in parameters if each.kind in by_name}
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters)
    unknown = [word for word in settings if word not in known and not takes_any]
    if unknown:
        has = f"it has {', '.join(known)}" if known else "it has none"
        raise ValueError(f"the DNS provider '{name}' has no word '{unknown[0]}'; {has}")
    missing = [word for word, is_needed in known.items() if is_needed and word not in settings]
    if missing:
        raise ValueError(f"the DNS provider '{name}' lacks {', '.join(missing)} in `dns`")


class Propagation:
    """Whether the zone's own servers have a record: what an authority asks, or will.

    resolvers: addresses to find zones by; none for the system's. port: of all these servers.
    patience: seconds until a record that is not there counts as a failure. pause: between looks.
    """

    def __init__(
        self,
        resolvers: Sequence[str] = (),
        port: int = 53,
        patience: float = 180.0,
        pause: float = 2.0,
    ) -> None:
        self._resolvers = resolvers
        self._port = port
        self._patience = patience
        self._pause = pause

    def target(self, name: str) -> str:
        """Where the record has to be: `name`, or where a CNAME there leads. An operator points
        _acme-challenge to another zone so that no key to the first lies about."""
        for _ in range(LINKS):
            try:
                found = self._resolver().resolve(name, "CNAME", raise_on_no_answer=False)
            except (dns.exception.DNSException, OSError):
                break
            if found.rrset is None:
                break
            name = found.rrset[0].target.to_text(omit_final_dot=True)
        return name

    def wait(self, name: str, value: str, alive: Callable[[], None] = lambda: None) -> None:
        """Return when every name server of the zone has it, or none can be asked from here.

        alive: called between looks. Raises IssueError if one that answers still lacks it after
        `patience`: to ask the authority then would cost one of the few failures that it allows.
        """
        until = clock.monotonic() + self._patience
        servers = self._servers(name)
        while True:
            alive()
            servers, late = self._look(servers, name, value)
            if not late:
                return
            if clock.monotonic() > until:
                raise IssueError(
                    "dns",
                    f"{late} has no TXT record {name} = {value} after {self._patience:.0f} s: see "
                    "that the DNS provider writes into the zone that is served, and how long it "
                    "takes",
                    name=name,
                )
            clock.sleep(self._pause)

    def _look(
        self, servers: dict[str, str], name: str, value: str
    ) -> tuple[dict[str, str], str | None]:
        """Those that answer and lack it, and the name of one. Who is silent is asked no more: a
        server may be for others, or speak a version of IP that is not spoken here."""
        late = {
            address: server
            for address, server in servers.items()
            if self._has(address, name, value) is False
        }
        return late, next(iter(late.values()), None)

    def _resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=not self._resolvers)
        if self._resolvers:
            resolver.nameservers = list(self._resolvers)
            resolver.port = self._port
        resolver.lifetime = 2 * ANSWER
        return resolver

    def _servers(self, name: str) -> dict[str, str]:
        """Address -> name of the zone's servers; none if they cannot be found from here."""
        found: dict[str, str] = {}
        try:
            resolver = self._resolver()
            zone = dns.resolver.zone_for_name(dns.name.from_text(name), resolver=resolver)
            for server in list(resolver.resolve(zone, "NS"))[:MOST]:
                host = server.target.to_text()
                for kind in ("A", "AAAA"):
                    answer = resolver.resolve(host, kind, raise_on_no_answer=False)
                    found |= {each.address: host.rstrip(".") for each in answer.rrset or ()}
        except (dns.exception.DNSException, OSError):
            pass  # a private zone, or no DNS: only the authority can tell
        return found

    def _has(self, address: str, name: str, value: str) -> bool | None:
        """Whether that server has the record; None if it does not answer."""
        query = dns.message.make_query(name, "TXT")
        query.flags &= ~dns.flags.RD
        for _ in range(TRIES):
            try:
                answer, _ = dns.query.udp_with_fallback(query, address, ANSWER, port=self._port)
                break
            except (dns.exception.DNSException, OSError):
                continue
        else:
            return None
        return any(
            b"".join(record.strings) == value.encode()
            for rrset in answer.answer
            if rrset.rdtype == dns.rdatatype.TXT
            for record in rrset
            if isinstance(record, TXT)
        )
