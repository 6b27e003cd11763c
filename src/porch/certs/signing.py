"""Signing: certificates that are made here, and what an authority may vouch for (RFC 5280)."""

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
from porch.certs.facts import is_pair, load_chain, read_facts
from porch.certs.keys import general_name, make_key
from porch.certs.names import DOMAINS, NETWORKS, Network, address_of, bare

__all__ = [
    "BACKDATED",
    "Authority",
    "constraints",
    "make_authority",
    "make_leaf",
    "permitted",
]

BACKDATED = 3600
"""Seconds that the clock of a client may be behind."""

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Authority(NamedTuple):
    """A certificate that signs others. entry: as it is kept."""

    certificate: x509.Certificate
    key: SigningKey
    entry: Entry

    @classmethod
    def of(cls, entry: Entry) -> "Authority":
        """The one that an entry holds. Raises ValueError if its key is not its own."""
        if not is_pair(entry.chain, entry.key):
            raise ValueError("its key is another's")
        return cls(load_chain(entry.chain)[0], _loaded(entry.key), entry)


def make_authority(
    life: int, limits: x509.NameConstraints, by: Authority | None = None
) -> Authority:
    """A root that may vouch for what is within `limits`, or, signed `by` one, an intermediate.

    life: seconds from now, or fewer if who signs ends before.
    """
    key = make_key()
    private = _loaded(key)
    # What tells it from those of other machines, and says nothing about this one: clients see it.
    digest = x509.SubjectKeyIdentifier.from_public_key(private.public_key()).digest.hex()[:8]
    name = f"Porch local {'intermediate' if by else 'authority'} {digest}"
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=True, path_length=0 if by else 1), True),
        (_usage(signs=True), True),
        (limits, True),
    ]
    if by:
        extensions.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False))
    subject = [(NameOID.ORGANIZATION_NAME, "Porch"), (NameOID.COMMON_NAME, name)]
    certificate = _signed(subject, private, by, life, extensions)
    return Authority(certificate, private, _entry((name,), _pem(certificate), key))


def make_leaf(names: tuple[str, ...], life: int, by: Authority) -> Entry:
    """A certificate for servers with these names, and a new key. It is not looked at whether `by`
    may vouch for them. Raises ValueError with a sentence for what is no name."""
    key = make_key()
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(signs=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName([general_name(name) for name in names]), False),
    ]
    # No common name: OpenSSL holds one that looks like a host against the constraints too.
    subject = [(NameOID.ORGANIZATION_NAME, "Porch local certificate")]
    leaf = _signed(subject, _loaded(key), by, life, extensions)
    return _entry(names, _pem(leaf) + by.entry.chain, key)


def constraints(permit: Sequence[str]) -> x509.NameConstraints:
    """What may be vouched for: DOMAINS, NETWORKS, and the domains, addresses and networks in
    `permit`. Raises ValueError with a sentence for what is none of these."""
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


def permitted(root: x509.Certificate) -> tuple[tuple[str, ...], tuple[Network, ...]]:
    """The domains and the networks that a root may vouch for."""
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
    subject: Sequence[tuple[x509.ObjectIdentifier, str]],
    key: SigningKey,
    by: Authority | None,
    life: int,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    """A certificate for `key`, signed `by` an authority, or by itself."""
    signer = by.key if by else key
    name = x509.Name([x509.NameAttribute(kind, text) for kind, text in subject])
    start, end = _span(life, by.entry if by else None)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.certificate.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime.fromtimestamp(start, datetime.UTC))
        .not_valid_after(datetime.datetime.fromtimestamp(end, datetime.UTC))
    )
    for extension, critical in (
        *extensions,
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),
    ):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256())


def _span(life: int, within: Entry | None) -> tuple[int, int]:
    """From an hour ago, for `life`, and not beyond that of who signs; seconds since 1970."""
    now = int(clock.wall())
    if within is None:
        return now - BACKDATED, now + life
    start = max(now - BACKDATED, within.not_before)
    return start, min(max(now, start) + life, within.not_after)


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
