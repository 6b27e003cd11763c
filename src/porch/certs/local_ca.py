"""The local authority: certificates for names that no public one vouches for.

Each machine (each store) has its own: a root that people let their browsers trust, an
intermediate that signs, and leaves of a week. What the root may vouch for stands in it (RFC 5280
4.2.1.10), so that whoever steals its key cannot pretend to be a bank.
"""

import contextlib
import datetime
import ipaddress
from collections.abc import Sequence
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from porch import clock
from porch.certs.entry import Entry
from porch.certs.facts import is_pair, is_signed_by, load_chain, read_facts
from porch.certs.keys import general_name, make_key
from porch.certs.names import DOMAINS, NETWORKS, Network, address_of, bare, is_local, is_within
from porch.certs.store import DamagedError, Store, StoreError

__all__ = ["INTERMEDIATE", "LEAF_LIFE", "ROOT", "LocalAuthority", "is_local"]

ROOT = "local/root"
INTERMEDIATE = "local/intermediate"
"""Where the store has them. Who removes the first has a new one made, to be trusted anew."""

DAY = 86400
ROOT_LIFE = 3650 * DAY
INTERMEDIATE_LIFE = 365 * DAY
LEAF_LIFE = 7 * DAY
"""Seconds; short, for nobody can revoke one."""
EARLY = 60 * DAY
"""Seconds before its end that the root or the intermediate is made anew."""
BACKDATED = 3600
"""Seconds that the clock of a client may be behind."""

LEASE = 10.0
PATIENCE = 20.0
"""Seconds that another process may take to make the authority: it takes 50 ms, unless it is
killed, and then its lease has to end."""

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class _Authority(NamedTuple):
    """A certificate that signs others."""

    certificate: x509.Certificate
    key: SigningKey
    entry: Entry


class _Span(NamedTuple):
    """From when to when, in seconds since 1970."""

    start: int
    end: int


class LocalAuthority:
    """The authority of a store. Made by `open`."""

    def __init__(self, store: Store, root: _Authority, between: _Authority) -> None:
        self._store = store
        self._root = root
        self._between = between
        self._domains, self._networks = _permitted(root.certificate)

    def __repr__(self) -> str:
        return f"<LocalAuthority {self.name}>"

    @classmethod
    def open(cls, store: Store, permit: Sequence[str] = ()) -> "LocalAuthority":
        """The authority that the store has; made, by one process alone, if it has none.

        permit: domains and networks that a root that is made now may vouch for beyond DOMAINS
        and NETWORKS (porch.certs.names); one that is there stays as it is. Raises StoreError,
        DamagedError, and ValueError for what is no domain or network.
        """
        return cls(store, *_ready(store, permit))

    @property
    def name(self) -> str:
        """What people find the root by where they have it trusted."""
        return self._root.entry.names[0]

    @property
    def root_pem(self) -> bytes:
        """The root's certificate: what clients have to trust."""
        return self._root.entry.chain

    def permits(self, name: str) -> bool:
        """Whether the root may vouch for `name`."""
        return is_within(name, self._domains, self._networks)

    def issue(self, names: Sequence[str]) -> Entry:
        """A new certificate, for a week, with a new key. It is not kept.

        Raises ValueError with a sentence for a name that the root does not permit, and StoreError
        if the intermediate is near its end and no new one can be kept.
        """
        hosts = tuple(dict.fromkeys(name.lower().removesuffix(".") for name in names))
        if not hosts:
            raise ValueError("a certificate needs a name")
        alternatives = x509.SubjectAlternativeName([general_name(host) for host in hosts])
        for host in hosts:
            if not self.permits(host):
                raise ValueError(self._refusal(host))
        self._refresh()
        key = make_key()
        leaf = _signed(
            _subject("", "Porch local certificate"),
            _loaded(key),
            self._between,
            _span(LEAF_LIFE, within=self._between.entry),
            [
                (x509.BasicConstraints(ca=False, path_length=None), True),
                (_usage(signs=False), True),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
                (alternatives, False),
            ],
        )
        return _entry(hosts, _pem(leaf) + self._between.entry.chain, key)

    def _refresh(self) -> None:
        remaining = self._between.entry.not_after - clock.wall()
        if remaining > EARLY:
            return
        # There are two months for it: a disk that is full now is no reason to serve nobody.
        with contextlib.suppress(*((StoreError,) if remaining > LEAF_LIFE else ())):
            self._root, self._between = _ready(self._store, ())
            self._domains, self._networks = _permitted(self._root.certificate)

    def _refusal(self, name: str) -> str:
        domains = ", ".join(self._domains)
        return (
            f"the local authority may not vouch for '{name}': its root permits {domains} and what"
            " is below them, and private addresses. Give it a certificate of its own, or choose"
            " another name"
        )


def _ready(store: Store, permit: Sequence[str]) -> tuple[_Authority, _Authority]:
    """Root and intermediate as they are kept, made where they are missing or near their end."""
    constraints = _constraints(permit)
    since = clock.monotonic()
    while True:
        root, between = _load(store, ROOT), _load(store, INTERMEDIATE)
        if root and between and _lasts(root) and _lasts(between) and _belongs(between, root):
            return root, between
        lock = store.lock(ROOT, LEASE)
        if lock is not None:
            try:
                return _make_missing(store, constraints)
            finally:
                lock.release()
        if clock.monotonic() - since > PATIENCE:
            raise StoreError(
                "another process has been making the local authority for too long; is its machine's"
                " clock right? Try again"
            )
        clock.sleep(0.05)


def _make_missing(store: Store, constraints: x509.NameConstraints) -> tuple[_Authority, _Authority]:
    root, between = _load(store, ROOT), _load(store, INTERMEDIATE)
    if root is None or not _lasts(root):
        root = _make(None, constraints)
        store.write(ROOT, root.entry.dump())
    if between is None or not _lasts(between) or not _belongs(between, root):
        found = root.certificate.extensions.get_extension_for_class(x509.NameConstraints)
        between = _make(root, found.value)
        store.write(INTERMEDIATE, between.entry.dump())
    return root, between


def _make(root: _Authority | None, constraints: x509.NameConstraints) -> _Authority:
    """A root, or with a root an intermediate."""
    key = make_key()
    private = _loaded(key)
    # What tells it from those of other machines, and says nothing about this one: clients see it.
    digest = x509.SubjectKeyIdentifier.from_public_key(private.public_key()).digest.hex()[:8]
    name = f"Porch local {'intermediate' if root else 'authority'} {digest}"
    span = _span(INTERMEDIATE_LIFE, within=root.entry) if root else _span(ROOT_LIFE)
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=True, path_length=0 if root else 1), True),
        (_usage(signs=True), True),
        (constraints, True),
    ]
    if root:
        extensions.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False))
    certificate = _signed(_subject(name, "Porch"), private, root, span, extensions)
    return _Authority(certificate, private, _entry((name,), _pem(certificate), key))


def _load(store: Store, name: str) -> _Authority | None:
    data = store.read(name)
    if data is None:
        return None
    try:
        entry = Entry.load(data)
        if not is_pair(entry.chain, entry.key):
            raise ValueError("its key is another's")
        return _Authority(load_chain(entry.chain)[0], _loaded(entry.key), entry)
    except ValueError as error:
        raise DamagedError(
            f"'{name}' in the store is damaged: {error}; put it back from a backup, or remove it"
            " and a new one is made"
        ) from error


def _lasts(authority: _Authority) -> bool:
    """Whether it is long before its end. Not whether it has begun: a small computer may start in
    1970, and a root that people trust must outlive that."""
    return authority.entry.not_after - clock.wall() > EARLY


def _belongs(between: _Authority, root: _Authority) -> bool:
    return is_signed_by(between.certificate, root.certificate)


def _constraints(permit: Sequence[str]) -> x509.NameConstraints:
    subtrees: list[x509.GeneralName] = [x509.DNSName(domain) for domain in DOMAINS]
    subtrees += [x509.IPAddress(network) for network in NETWORKS]
    for each in permit:
        try:
            address = address_of(each)
            network = ipaddress.ip_network(address if address is not None else each)
        except ValueError:
            subtrees.append(general_name(bare(each)))
        else:
            subtrees.append(x509.IPAddress(network))
    return x509.NameConstraints(list(dict.fromkeys(subtrees)), None)


def _permitted(root: x509.Certificate) -> tuple[tuple[str, ...], tuple[Network, ...]]:
    found = root.extensions.get_extension_for_class(x509.NameConstraints).value
    subtrees = found.permitted_subtrees or []
    return (
        tuple(each.value for each in subtrees if isinstance(each, x509.DNSName)),
        tuple(
            each.value
            for each in subtrees
            if isinstance(each, x509.IPAddress)
            and isinstance(each.value, ipaddress.IPv4Network | ipaddress.IPv6Network)
        ),
    )


def _signed(
    subject: x509.Name,
    key: SigningKey,
    by: _Authority | None,
    span: _Span,
    extensions: list[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    """A certificate for `key`, signed `by` an authority, or by itself."""
    signer = by.key if by else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime.fromtimestamp(span.start, datetime.UTC))
        .not_valid_after(datetime.datetime.fromtimestamp(span.end, datetime.UTC))
    )
    extensions = [
        *extensions,
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),
    ]
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256())


def _span(life: int, within: Entry | None = None) -> _Span:
    """From an hour ago, for `life`, and not beyond that of who signs."""
    now = int(clock.wall())
    if within is None:
        return _Span(now - BACKDATED, now + life)
    start = max(now - BACKDATED, within.not_before)
    return _Span(start, min(max(now, start) + life, within.not_after))


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(common: str, organisation: str) -> x509.Name:
    # A leaf has no common name: OpenSSL holds one that looks like a host against the constraints.
    words = [(NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, common)]
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in words if text])


def _entry(names: tuple[str, ...], chain: bytes, key: bytes) -> Entry:
    facts = read_facts(chain)
    return Entry(
        names=names,
        chain=chain,
        key=key,
        source="local",
        issuer=facts.issuer,
        obtained=int(clock.wall()),
        not_before=facts.not_before,
        not_after=facts.not_after,
    )


def _loaded(key: bytes) -> SigningKey:
    private = serialization.load_pem_private_key(key, None)
    assert isinstance(private, SigningKey)
    return private


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
