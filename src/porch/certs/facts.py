"""Facts: what a certificate chain says, read for those who choose, renew and explain it."""

import base64
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from porch.certs.names import shown

__all__ = ["Facts", "is_anchor", "is_pair", "is_signed_by", "load_chain", "read_facts"]

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the first certificate of a chain says, and how the chain is.

    names: those it is for, as porch.certs.names has them; empty if it is for none, which no
    client accepts. not_before, not_after: seconds since 1970. issuer: who signed it, in words;
    "itself" if nobody else did. key_type: "ECDSA P-256", "RSA 2048". serial, fingerprint
    (SHA-256): lower-case hex. ari_id: what its authority calls it when asked when to renew
    (RFC 9773 4.1), or None. length: certificates in the chain. is_in_order: whether each is
    signed by the next.
    """

    names: tuple[str, ...]
    not_before: int
    not_after: int
    issuer: str
    key_type: str
    serial: str
    fingerprint: str
    ari_id: str | None
    length: int
    is_in_order: bool


def read_facts(chain: bytes) -> Facts:
    """The facts of a PEM chain. Raises ValueError with a sentence if it cannot be read."""
    certificates = load_chain(chain)
    first = certificates[0]
    try:
        return Facts(
            names=_names(first),
            not_before=int(first.not_valid_before_utc.timestamp()),
            not_after=int(first.not_valid_after_utc.timestamp()),
            issuer="itself" if first.issuer == first.subject else _words(first.issuer),
            key_type=_key_type(first),
            serial=f"{first.serial_number:x}",
            fingerprint=first.fingerprint(hashes.SHA256()).hex(),
            ari_id=_ari_id(first),
            length=len(certificates),
            is_in_order=all(map(is_signed_by, certificates, certificates[1:])),
        )
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"the certificate cannot be read: {error}; get it anew") from error


def load_chain(chain: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM chain, one at least. Raises ValueError with a sentence."""
    try:
        return x509.load_pem_x509_certificates(chain)
    except ValueError as error:
        if b"-----BEGIN CERTIFICATE-----" not in chain:
            raise ValueError(
                "there is no certificate in it, in PEM (-----BEGIN CERTIFICATE-----)"
            ) from error
        raise ValueError(f"a certificate in it is damaged: {error}; get it anew") from error


def is_pair(chain: bytes, key: bytes) -> bool:
    """Whether `key` (PEM, not encrypted) is that of the first certificate of `chain`.

    Raises ValueError with a sentence if one of them cannot be read.
    """
    first = load_chain(chain)[0]
    try:
        private = serialization.load_pem_private_key(key, None)
        return _public(private.public_key()) == _public(first.public_key())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(f"the key cannot be read: {error}") from error


def is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` signed `certificate`, by name and by signature."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def is_anchor(certificate: x509.Certificate) -> bool:
    """Whether others can be verified by it: it is an authority's (RFC 5280 4.2.1.9), or has signed
    itself, and so vouches for itself at least. That it has is believed by its names."""
    if certificate.issuer == certificate.subject:
        return True
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):  # ValueError: it has one twice, or damaged
        return False


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    hosts = [name.lower() for name in found.get_values_for_type(x509.DNSName)]
    addresses = [
        shown(address)
        for address in found.get_values_for_type(x509.IPAddress)
        if not hasattr(address, "netmask")  # a network names nobody
    ]
    return tuple(dict.fromkeys(hosts + addresses))


def _words(name: x509.Name) -> str:
    """A name as people say it: the organisation and what it calls this one."""
    found = [
        str(each.value)
        for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
        for each in name.get_attributes_for_oid(kind)[:1]
    ]
    if len(found) == 2 and found[0] in found[1]:
        del found[0]
    return " ".join(found) or name.rfc4514_string()


def _key_type(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    match key:
        case ec.EllipticCurvePublicKey():
            return f"ECDSA {_CURVES.get(key.curve.name, key.curve.name)}"
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case ed25519.Ed25519PublicKey():
            return "Ed25519"
        case ed448.Ed448PublicKey():
            return "Ed448"
    return type(key).__name__.removesuffix("PublicKey")


def _ari_id(certificate: x509.Certificate) -> str | None:
    """RFC 9773 4.1: the keyIdentifier of the AKI, a dot, and the serial number's DER value; both
    base64url, "Trailing '=' padding characters MUST be stripped"."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        return None
    if not found.key_identifier:
        return None
    number = certificate.serial_number
    # DER: one bit more than the number has, for the sign.
    serial = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return f"{_base64url(found.key_identifier)}.{_base64url(serial)}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _public(key: object) -> bytes:
    dump = key.public_bytes  # type: ignore[attr-defined]
    found: bytes = dump(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return found
