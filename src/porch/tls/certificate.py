"""Certificate: what a host is served with: chains with their keys, one a kind of key.

What files hold comes here as bytes: who serves may not be able to read them, or to find them. A
context is made of them when the first client asks for the host, and those asked for last are kept:
so thousands of hosts cost no more than those that are visited.
"""

import contextlib
import hashlib
import os
import ssl
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from porch.tls.pem import CERTIFICATE
from porch.tls.profile import ALPN, believe_clients, server_context

__all__ = ["KEPT", "Certificate", "Pair", "add_pair", "keep_only", "load_certificate", "tried"]

Read = Callable[[Path], bytes]
"""What a file holds. Raises OSError as `open` would."""

KEPT = 1000
"""Contexts that are kept. To make one takes half a millisecond."""
MOST_GOOD = 100_000

_WEAK = {
    "EE_KEY_TOO_SMALL": "its key is too small; make one of RSA 2048 or ECDSA P-256, and a new"
    " certificate for it",
    "CA_KEY_TOO_SMALL": "the key of an authority in its chain is too small; get one of another",
    "CA_MD_TOO_WEAK": "it, or one in its chain, is signed with SHA-1 or MD5; get one with SHA-256",
}
"""What OpenSSL refuses to show anybody, and browsers refuse to see."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A chain and its key, PEM, with the files they came from (for messages, and to be watched)."""

    chain: bytes
    key: bytes
    cert_file: Path
    key_file: Path


class Certificate:
    """One or more pairs for the same names, of which the client's abilities choose one.

    digest: of all of it; two with the same are the same.
    """

    __slots__ = ("_names", "_protocols", "digest", "pairs")

    def __init__(self, pairs: Sequence[Pair], protocols: Sequence[str] = ALPN) -> None:
        """protocols: that are spoken under it (RFC 7301)."""
        self.pairs = tuple(pairs)
        self._protocols = tuple(protocols)
        self._names: frozenset[str] | None = None
        made = hashlib.sha256("\0".join(protocols).encode())
        for pair in pairs:
            made.update(b"%d %d " % (len(pair.chain), len(pair.key)))
            made.update(pair.chain + pair.key)
        self.digest = made.digest()

    def __repr__(self) -> str:
        return f"<Certificate {', '.join(str(pair.cert_file) for pair in self.pairs)}>"

    @property
    def names(self) -> frozenset[str]:
        """The hosts it is for, lower-case; addresses as they are written (RFC 6125 6.4)."""
        if self._names is None:
            from cryptography import x509  # late: 30 ms that a door without HTTPS need not spend

            leaf = x509.load_pem_x509_certificate(self.pairs[0].chain)
            try:
                found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            except x509.ExtensionNotFound:
                self._names = frozenset()
            else:
                hosts = {name.lower() for name in found.get_values_for_type(x509.DNSName)}
                addresses = found.get_values_for_type(x509.IPAddress)
                self._names = frozenset(hosts | {str(address) for address in addresses})
        return self._names

    @property
    def hosts(self) -> list[str]:
        """The same as hosts of routes, sorted: an IPv6 address in brackets."""
        return sorted(f"[{name}]" if ":" in name else name for name in self.names)

    def is_for(self, host: str) -> bool:
        """Whether a client that asks for `host` may take it."""
        names = self.names
        return host.strip("[]") in names or "*." + host.partition(".")[2] in names

    @property
    def context(self) -> ssl.SSLContext:
        """To serve it with. Raises ValueError with a sentence if it cannot be used."""
        return self.context_for(b"")

    def context_for(self, client_ca: bytes, http2: bool = True) -> ssl.SSLContext:
        """The same for connections where clients are asked for a certificate of these authorities,
        and where HTTP/2 is spoken or not.

        They are verified against those of the context that a connection has when their certificate
        comes, which is this one, and not against those of the context that it began with.
        """
        key = (self.digest, client_ca, http2)
        context = _contexts.get(key)
        if context is not None:
            with contextlib.suppress(KeyError):  # another thread has just forgotten it
                _contexts.move_to_end(key)
            return context
        context = server_context([each for each in self._protocols if http2 or each != "h2"])
        for pair in self.pairs:
            add_pair(context, pair)
        if client_ca:
            believe_clients(context, client_ca)
        _contexts[key] = context
        if len(_contexts) > KEPT:
            _contexts.popitem(last=False)
        return context


_contexts: OrderedDict[tuple[bytes, bytes, bool], ssl.SSLContext] = OrderedDict()
"""Those used last, by digest, authorities of clients and whether HTTP/2 is spoken: most are the
same after a reload."""
_good: set[bytes] = set()
"""Digests of those that were found good: to try one takes half a millisecond."""


def load_certificate(
    files: Sequence[tuple[Path, Path]], read: Read = Path.read_bytes
) -> Certificate:
    """The certificate of these PEM files, each a chain and its key.

    Raises ValueError with a sentence if they cannot be read or do not belong together.
    """
    return tried(Certificate([Pair(_content(c, read), _content(k, read), c, k) for c, k in files]))


def tried(found: Certificate) -> Certificate:
    """The same, if it can be used. Raises ValueError with a sentence."""
    if found.digest not in _good:
        found.context  # noqa: B018  whether it can be used is found out now
        if len(_good) > MOST_GOOD:
            _good.clear()
        _good.add(found.digest)
    return found


def keep_only(certificates: Iterable[Certificate]) -> None:
    """Forget the contexts of all others: nobody else is served any more. For several threads: the
    supervisor looks at files that change while a reload is examined."""
    wanted = {each.digest for each in certificates}
    for key in tuple(_contexts):
        if key[0] not in wanted:
            _contexts.pop(key, None)


def _content(file: Path, read: Read) -> bytes:
    try:
        return read(file)
    except FileNotFoundError as error:
        raise ValueError(f"{file} does not exist") from error
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror or error}") from error


def add_pair(context: ssl.SSLContext, pair: Pair) -> None:
    """Have a context show this certificate. Raises ValueError with a sentence if it cannot be."""
    try:
        with (
            _named(pair.chain, pair.cert_file) as first,
            _named(pair.key, pair.key_file) as second,
        ):
            # Without a password at hand OpenSSL would ask for it on the terminal.
            context.load_cert_chain(first, second, password=lambda: b"")
    except ssl.SSLError as error:
        raise ValueError(_reason(pair, error)) from error


@contextlib.contextmanager
def _named(content: bytes, file: Path) -> Iterator[str]:
    """A name under which OpenSSL, which takes only names, finds `content`: in memory that this
    process alone sees, so that a key touches no disk. Where there is no such, the file itself."""
    try:
        descriptor = os.memfd_create("porch", os.MFD_CLOEXEC)
    except (AttributeError, OSError):
        yield str(file)
        return
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as opened:
            opened.write(content)
        name = f"/proc/self/fd/{descriptor}"
        yield name if os.path.exists(name) else str(file)
    finally:
        os.close(descriptor)


def _reason(pair: Pair, error: ssl.SSLError) -> str:
    if error.reason in _WEAK:
        return f"{pair.cert_file} is of no use: {_WEAK[error.reason]}"
    if "MISMATCH" in (error.reason or ""):
        return f"{pair.key_file} is not the key of {pair.cert_file}"
    if b"ENCRYPTED" in pair.key:
        return f"{pair.key_file} is encrypted; give its password as key_password"
    file = pair.key_file if _is_whole(pair.chain) else pair.cert_file
    return f"{file} is not a PEM file that can be used: {error.reason or error}"


def _is_whole(chain: bytes) -> bool:
    """Whether it is certificates, so that the trouble is with the key. One that is being written
    may be cut anywhere."""
    found = CERTIFICATE.findall(chain)
    if not found or len(found) != chain.count(b"-----BEGIN CERTIFICATE-----"):
        return False
    try:
        cadata = b"\n".join(found).decode("ascii")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=cadata)
    except ssl.SSLError:
        return False
    return True
