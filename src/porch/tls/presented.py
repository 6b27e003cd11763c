"""Presented: which certificate a client is shown, by what it said in its hello."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from porch.tls.certificate import Certificate
from porch.tls.hello import Hello
from porch.tls.later import Later
from porch.tls.profile import Profile, believe_clients, server_context

__all__ = ["ACME", "Choice", "Demand", "Kind", "Presented", "Presenter"]

ACME = (b"acme-tls/1",)
"""What an authority offers that looks whether a name is ours, and nothing else (RFC 8737 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What of a connection is settled before its certificate: hosts of one kind may share it, and
    a ticket of one is none for another. profile: see there. client_ca: authorities of clients
    (PEM), of whom a certificate is asked for; b"" for none. http2: whether it is spoken."""

    profile: Profile = "intermediate"
    client_ca: bytes = field(default=b"", repr=False)
    http2: bool = field(default=True, repr=False)

    def first_context(self) -> ssl.SSLContext:
        """A context to begin connections with. It has ticket keys, which are shared by processes
        forked later, and has no certificate. Whether a client is asked for one is settled by it;
        against what that is verified is not, see Certificate.context_for."""
        context = server_context(profile=self.profile)
        if self.client_ca:
            believe_clients(context, self.client_ca)
        return context


@dataclass(frozen=True, slots=True)
class Presented:
    """by_host: host or "*.host", which stands for one label, to its certificate. kinds: by host
    or "*.host", which stands for any labels as in a route, whether or not it has a certificate of
    its own; all others are of `kind`.

    refuse_unknown: who asks for no name, or for one that has no certificate, gets none, instead of
    the first.
    """

    by_host: Mapping[str, Certificate] = field(default_factory=dict)
    kind: Kind = field(default_factory=Kind)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    refuse_unknown: bool = False

    def key(self, host: str) -> str | None:
        """What has the certificate of a host (lower-case)."""
        if host in self.by_host:
            return host
        wildcard = "*." + host.partition(".")[2]
        return wildcard if wildcard in self.by_host else None

    def key_shown_to(self, name: str, address: str = "") -> str | None:
        """The same for who asks for `name` in a handshake. address: that it came to, which is meant
        where there is no name ("")."""
        host = name or address
        key = self.key(host) if host else None
        if key is None and not self.refuse_unknown:
            key = next(iter(self.by_host), None)
        return key

    def kind_of(self, host: str) -> Kind:
        """Of the connections that a host is served by."""
        kinds = self.kinds
        found = kinds.get(host) if kinds else self.kind
        while found is None and host:
            host = host.partition(".")[2]
            found = kinds.get(f"*.{host}")
        return found or self.kind


class Demand(Protocol):
    """Certificates that are got when a client asks for them."""

    def covers(self, name: str) -> bool:
        """Whether one could be got for this name."""

    def find(self, name: str) -> Certificate | Later | None:
        """It; None: nobody of this name is served."""


class Choice:
    """What one client is served with.

    first: the context that its connection begins with, whose ticket keys all workers share.
    certificate: what it is shown.
    """

    __slots__ = ("_kind", "_presenter", "certificate", "first")

    def __init__(self, presenter: "Presenter", kind: Kind, certificate: Certificate) -> None:
        self._presenter = presenter
        self._kind = kind
        self.first = presenter.first(kind)
        self.certificate = certificate

    @property
    def context(self) -> ssl.SSLContext:
        """The context that has the certificate. Raises ValueError if it cannot be used."""
        return self.certificate.context_for(self._kind.client_ca, self._kind.http2)

    def covers(self, host: str) -> bool:
        """Whether a request for another host may come by this connection: the client has seen a
        certificate that is for it, and the host asks nothing else of a connection."""
        same = self._presenter.presented.kind_of(host) == self._kind
        return same and self.certificate.is_for(host)

    def is_spoken_to(self, host: str) -> bool:
        """Whether this host takes the TLS that is spoken by this connection."""
        return self._presenter.presented.kind_of(host).profile == self._kind.profile

    def asks(self, host: str) -> bool:
        """Whether the client was asked for a certificate as this host now wants it: one of the
        same authorities. What it has shown to another host is nothing to this one."""
        kind = self._kind
        return kind.client_ca != b"" and self._presenter.presented.kind_of(host) == kind


class Presenter:
    """Chooses. presented: of the running configuration; a reload assigns another.

    challenge: what an authority is shown that looks whether a name is ours. demand: where those
    come from that are got when a client asks for them; None: from nowhere.
    firsts: made before a fork; others are made when they are first needed, and then a client can
    resume with this worker alone.
    """

    __slots__ = ("_firsts", "challenge", "demand", "presented")

    def __init__(
        self, presented: Presented, firsts: Mapping[Kind, ssl.SSLContext] | None = None
    ) -> None:
        self.presented = presented
        self.challenge: Callable[[str], Certificate | None] = lambda name: None
        self.demand: Demand | None = None
        self._firsts = dict(firsts or {})

    def first(self, kind: Kind) -> ssl.SSLContext:
        """Where a connection of this kind begins."""
        found = self._firsts.get(kind)
        if found is None:
            found = self._firsts[kind] = kind.first_context()
        return found

    def choose(self, hello: Hello, address: str = "") -> Choice | Later | None:
        """What a client is served with that came to `address`; None: there is no certificate."""
        presented = self.presented
        if hello.protocols == ACME:
            challenge = self.challenge(hello.name)
            return Choice(self, presented.kind, challenge) if challenge is not None else None
        demand = self.demand
        if demand is not None and presented.key(hello.name) is None and demand.covers(hello.name):
            found = demand.find(hello.name)
            if not isinstance(found, Certificate):
                return found
            return Choice(self, presented.kind_of(hello.name), found)
        key = presented.key_shown_to(hello.name, address)
        if key is None:
            return None
        # Of whom the client asks for, and where it names nobody of whom it is shown.
        kind = presented.kind_of(hello.name or key)
        return Choice(self, kind, presented.by_host[key])
