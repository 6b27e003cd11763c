"""Chain: whether what an authority gave is what was asked for."""

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from porch.certs import moments
from porch.certs.identifiers import canonical
from porch.tls.certificate import Pair, add_pair
from porch.tls.profile import server_context

__all__ = ["check", "is_fresh", "issuers"]


def check(chain: bytes, key: bytes, names: Sequence[str]) -> None:
    """Raises ValueError unless `chain` (PEM) is for `key` (PEM) and all `names`, canonical, and
    OpenSSL would show it: it takes the place of one that it shows."""
    certificate = x509.load_pem_x509_certificate(chain)
    if certificate.public_key() != serialization.load_pem_private_key(key, None).public_key():
        raise ValueError("its certificate is for another key")
    missing = set(names) - _names_in(certificate)
    if missing:
        raise ValueError(f"its certificate lacks {min(missing)}")
    place = Path("its certificate")
    add_pair(server_context(), Pair(chain, key, place, place))


def is_fresh(chain: bytes) -> bool:
    """Whether two thirds of its lifetime are left: worth having, though it is not of now."""
    certificate = x509.load_pem_x509_certificate(chain)
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return moments.now() < begins + (ends - begins) / 3


def issuers(chain: bytes) -> set[str]:
    """The common names of whoever signed something in it."""
    return {
        str(attribute.value)
        for certificate in x509.load_pem_x509_certificates(chain)
        for attribute in certificate.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    }


def _names_in(certificate: x509.Certificate) -> set[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    hosts = extension.value.get_values_for_type(x509.DNSName)
    return {canonical(name) for name in (*hosts, *(str(each) for each in addresses))}
