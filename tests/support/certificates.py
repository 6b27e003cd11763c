"""Certificates made for a test: of any content, signed by any other."""

import datetime
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

START = datetime.datetime(2027, 1, 15, 8, 0, tzinfo=datetime.UTC)
"""1_800_000_000 s since 1970."""

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Made:
    """A certificate and its key. pem, key: as files hold them."""

    def __init__(self, certificate: x509.Certificate, private: SigningKey) -> None:
        self.certificate = certificate
        self.private = private
        self.pem = certificate.public_bytes(Encoding.PEM)
        self.key = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def subject(common: str, organisation: str = "") -> x509.Name:
    """A name of an authority or a subject."""
    words = [(NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, common)]
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in words if text])


def signing_key(pem: bytes) -> SigningKey:
    """The key in a PEM file."""
    key = load_pem_private_key(pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    return key


def make(
    common: str = "made for a test",
    *extensions: x509.ExtensionType,
    by: Made | None = None,
    organisation: str = "",
    private: SigningKey | None = None,
    serial: int = 0,
    start: datetime.datetime = START,
    days: int = 90,
) -> Made:
    """A certificate, signed `by` another or by itself."""
    private = private or ec.generate_private_key(ec.SECP256R1())
    own = subject(common, organisation)
    builder = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(by.certificate.subject if by else own)
        .public_key(private.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=days))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return Made(builder.sign(by.private if by else private, hashes.SHA256()), private)


def names(*hosts: str) -> x509.SubjectAlternativeName:
    """The extension that names hosts."""
    return x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])


def pem(chain: Sequence[Made]) -> bytes:
    """A chain as a file holds it."""
    return b"".join(each.pem for each in chain)
