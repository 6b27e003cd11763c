"""The certificate that every proxy shows: ECDSA P-256, signed by an authority made for the run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from peers import Pair

__all__ = ["make_pair"]

LIFE = timedelta(days=60)  # some warn of one that ends soon


def make_pair(directory: Path, host: str) -> Pair:
    """A certificate for `host`, without a chain, its files in `directory`, which is made too."""
    directory.mkdir()
    signer = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(_name(host))
        .issuer_name(_name("bench's authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    pem = cert.public_bytes(Encoding.PEM)
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Pair(
        cert=_written(directory / "door.crt", pem),
        key=_written(directory / "door.key", key_pem),
        both=_written(directory / "both", pem + key_pem),
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _written(file: Path, content: bytes) -> Path:
    file.touch(0o600)
    file.write_bytes(content)
    return file
