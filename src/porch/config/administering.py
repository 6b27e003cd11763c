"""What `admin` says, as the one that serves it wants it: files read, tokens as digests.

Plain data, for it goes to another process. No token is in it.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from porch.config.address import parse_listen
from porch.config.loaded import Loaded
from porch.config.pairs import load_pairs
from porch.config.review_admin import is_loopback
from porch.config.schema_admin import AdminModel, Role
from porch.config.withheld import DIGEST, as_digest
from porch.listen.address import ListenAddress
from porch.route.host import parse_host
from porch.tls.certificate import Certificate

__all__ = ["Administered", "Key", "administered", "admitted"]


@dataclass(frozen=True, slots=True)
class Key:
    """digest: the SHA-256 of a token. name: whose it is. role: what it may do."""

    digest: bytes = field(repr=False)
    name: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Administered:
    """listen: where. keys: of tokens. certificate: for HTTPS, None for plain HTTP. client_ca: whose
    certificates are asked for (PEM), b"" for nobody's. clients: which of them, by name, and what
    they may do; empty for all. hosts: that may be named in Host, lower-case and without a port;
    read_only: nobody changes anything. files: all this came from."""

    listen: tuple[ListenAddress, ...]
    keys: tuple[Key, ...] = ()
    certificate: Certificate | None = None
    client_ca: bytes = field(default=b"", repr=False)
    clients: Mapping[str, Role] = field(default_factory=dict)
    hosts: frozenset[bytes] = frozenset()
    is_everywhere: bool = False
    read_only: bool = False
    files: tuple[Path, ...] = ()

    def knows(self, host: bytes) -> bool:
        """Whether somebody may come by this name (normal_host).

        A page whose own name leads here by DNS could else read all as if it were of the door (DNS
        rebinding). No name leads to an address: where the door has all of the machine's it may be
        any.
        """
        return host in self.hosts or (self.is_everywhere and is_address(host))

    def is_same(self, other: "Administered") -> bool:
        """Whether nobody could tell one from the other."""
        pairs = [each.certificate.digest if each.certificate else b"" for each in (self, other)]
        return pairs[0] == pairs[1] and replace(self, certificate=None) == replace(
            other, certificate=None
        )


def admitted(before: Administered | None, now: Administered | None) -> list[str]:
    """Whom the second lets in at the admin door, or lets do more or less, and the first did not: by
    name."""
    keys = () if now is None else now.keys
    known = () if before is None else before.keys
    clients = {} if now is None else now.clients
    old = {} if before is None else before.clients
    found = [each.name for each in keys if each not in known]
    return found + [name for name, role in clients.items() if old.get(name) != role]


def administered(loaded: Loaded) -> Administered | None:
    """None where there is no `admin`, or with a problem noted where a file is of no use."""
    admin = loaded.config.admin
    if admin is None:
        return None
    try:
        certificate = _certificate(loaded, admin)
    except ValueError as error:
        loaded.add(("admin", "cert"), str(error))
        return None
    is_tls = certificate is not None
    listen = [parse_listen(text) for text in admin.listen]
    files = [loaded.base / each for each in (admin.cert, admin.key, admin.client_ca) if each]
    return Administered(
        listen=tuple(replace(each, tls=is_tls and not each.path) for each in listen),
        keys=tuple(
            Key(_digest(words.token), name, words.role) for name, words in admin.tokens.items()
        ),
        certificate=certificate,
        client_ca=loaded.read(loaded.base / admin.client_ca) if admin.client_ca else b"",
        clients=admin.clients,
        hosts=_hosts(admin, listen, certificate),
        is_everywhere=any(_is_everywhere(each) for each in listen),
        read_only=admin.read_only,
        files=tuple(files),
    )


def _certificate(loaded: Loaded, admin: AdminModel) -> Certificate | None:
    if admin.cert is None or admin.key is None:
        return None
    pair = (loaded.base / admin.cert, loaded.base / admin.key)
    found = load_pairs([pair], None, loaded.read)
    if admin.client_ca:
        try:
            found.context_for(loaded.read(loaded.base / admin.client_ca))
        except ValueError as error:
            raise ValueError(f"{loaded.base / admin.client_ca}: {error}") from error
    return found


def _digest(token: str) -> bytes:
    return bytes.fromhex(as_digest(token).removeprefix(DIGEST))


def _hosts(
    admin: AdminModel, listen: list[ListenAddress], certificate: Certificate | None
) -> frozenset[bytes]:
    """Those of the certificate too: whoever has no certificate for them is no such host."""
    found = {parse_host(each) for each in admin.hosts}
    if certificate is not None:
        found |= {each.encode("ascii", "replace") for each in certificate.hosts if "*" not in each}
    for address in listen:
        if is_loopback(address) or _is_everywhere(address):
            found |= {b"localhost", b"127.0.0.1", b"[::1]"}
        if address.host:
            found.add(parse_host(f"[{address.host}]" if ":" in address.host else address.host))
    return frozenset(found)


def _is_everywhere(address: ListenAddress) -> bool:
    if address.path:
        return False
    return not address.host or ipaddress.ip_address(address.host).is_unspecified


def is_address(host: bytes) -> bool:
    """Whether a host is an address."""
    try:
        ipaddress.ip_address(host.decode("latin-1").strip("[]"))
    except ValueError:
        return False
    return True
