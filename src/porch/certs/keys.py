"""Keys: made, asked to be certified, and read from the forms in which operators have them."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import pkcs12

from porch.certs.facts import is_pair, is_signed_by, load_chain
from porch.certs.names import address_of, normal

__all__ = ["Kind", "Pair", "general_name", "make_csr", "make_key", "read_pem", "read_pkcs12"]

Kind = Literal["ecdsa", "rsa"]

RSA_BITS = 2048
"""What all authorities take and all clients know; it is for clients too old for ECDSA."""

_HOST = re.compile(r"(?:\*\.)?(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")

_KEY = re.compile(
    rb"-----BEGIN (?P<kind>(?:[A-Z]+ )?PRIVATE KEY)-----.*?-----END (?P=kind)-----", re.DOTALL
)


class Pair(NamedTuple):
    """A chain, the certificate first, and its key, not encrypted; both PEM."""

    chain: bytes
    key: bytes


def make_key(kind: Kind = "ecdsa") -> bytes:
    """A new key, PEM (PKCS #8), not encrypted: ECDSA P-256 (30 us), or RSA 2048 (60 ms or more)."""
    if kind == "rsa":
        return _dumped(rsa.generate_private_key(65537, RSA_BITS))
    return _dumped(ec.generate_private_key(ec.SECP256R1()))


def make_csr(key: bytes, names: Sequence[str]) -> bytes:
    """A request (PEM) that `key` be certified for `names`: hosts, "*.host", addresses.

    Raises ValueError with a sentence for a name that no certificate can have, or no name.
    """
    if not names:
        raise ValueError("a certificate needs a name")
    alternatives = x509.SubjectAlternativeName([general_name(name) for name in names])
    # No subject: the name there has no meaning (RFC 9525 2.1), and room for 64 characters.
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    private = _loaded(key, None)
    if not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("a certificate is asked for with a key of ECDSA or RSA")
    signed = request.add_extension(alternatives, critical=False).sign(private, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def general_name(name: str) -> x509.GeneralName:
    """A name as a certificate has it. Raises ValueError with a sentence."""
    address = address_of(name)
    if address is not None:
        return x509.IPAddress(address)
    host = normal(name)
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise ValueError(f"'{name}' is no name for a certificate; an IDN is written with xn--")
    return x509.DNSName(host)


def read_pem(chain: bytes, key: bytes, password: str | None = None) -> Pair:
    """The pair that two PEM files hold; they may be one, and in any order.

    password: of the key, if it is encrypted. Raises ValueError with a sentence.
    """
    certificates = load_chain(chain)
    found = _KEY.search(key)
    if found is None:
        raise ValueError("there is no private key in it, in PEM (-----BEGIN PRIVATE KEY-----)")
    return _pair(certificates, _dumped(_loaded(found[0], password)))


def read_pkcs12(data: bytes, password: str | None = None) -> Pair:
    """The pair in a PKCS #12 file (.p12, .pfx). Raises ValueError with a sentence."""
    secret = (password or "").encode()
    try:
        found = pkcs12.load_pkcs12(data, secret)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(_refused(data, password)) from error
    if found.key is None:
        raise ValueError("there is no key in it; export it again, with the key")
    if found.cert is None:
        raise ValueError("there is no certificate for its key in it; export it again, with it")
    others = [each.certificate for each in found.additional_certs]
    return _pair([found.cert.certificate, *others], _dumped(found.key))


def _pair(certificates: list[x509.Certificate], key: bytes) -> Pair:
    """With the certificate of `key` first, then each one's issuer, for clients older than TLS 1.3
    insist on that order (RFC 8446 4.4.2); then the rest, which harms nobody."""
    rest = list(certificates)
    found = next((each for each in rest if is_pair(_pem(each), key)), None)
    if found is None:
        raise ValueError("the key is not that of the certificate; give two that belong together")
    chain: list[x509.Certificate] = []
    while found is not None:
        chain.append(found)
        rest = [each for each in rest if each != found]
        found = next((each for each in rest if is_signed_by(chain[-1], each)), None)
    return Pair(b"".join(map(_pem, chain + rest)), key)


def _loaded(pem: bytes, password: str | None) -> PrivateKeyTypes:
    is_encrypted = b"ENCRYPTED" in pem
    if is_encrypted and password is None:
        raise ValueError("the key is encrypted; give its password")
    try:
        return serialization.load_pem_private_key(
            pem, password.encode() if is_encrypted and password is not None else None
        )
    except UnsupportedAlgorithm as error:
        raise ValueError("the key is of a kind that is not known here; use ECDSA or RSA") from error
    except (ValueError, TypeError) as error:
        if is_encrypted:
            raise ValueError(
                "the password is not that of the key, or the key is damaged"
            ) from error
        raise ValueError("the key is damaged; write it anew (PEM, PKCS #8)") from error


def _refused(data: bytes, password: str | None) -> str:
    if not data.startswith(b"\x30"):
        return "it is no PKCS #12 file (.p12, .pfx)"
    if password is None:
        return "it has a password; give it"
    return "its password is another, or it is damaged"


def _dumped(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
