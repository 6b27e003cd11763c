"""Whether what an authority gave is what was asked for."""

from datetime import UTC, datetime, timedelta

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from porch import clock
from porch.certs import chain as chains

ROOT = trustme.CA(organization_name="Tests")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ONE = ROOT.issue_cert(
    "shop.example",
    "*.shop.example",
    "2001:db8::1",
    not_before=NOW,
    not_after=NOW + timedelta(days=90),
)
CHAIN, KEY = ONE.cert_chain_pems[0].bytes(), ONE.private_key_pem.bytes()


def test_one_for_all_names_and_the_key_is_right() -> None:
    chains.check(CHAIN, KEY, ["shop.example", "*.shop.example", "2001:db8::1"])


def test_one_that_lacks_a_name_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"lacks b\.example"):
        chains.check(CHAIN, KEY, ["shop.example", "b.example"])


def test_one_without_names_lacks_them_all() -> None:
    root = ROOT.cert_pem.bytes()
    with pytest.raises(ValueError, match=r"lacks a\.example"):
        chains.check(root, ROOT.private_key_pem.bytes(), ["a.example"])


def test_one_for_another_key_is_wrong() -> None:
    other = ROOT.issue_cert("shop.example").private_key_pem.bytes()
    with pytest.raises(ValueError, match="for another key"):
        chains.check(CHAIN, other, ["shop.example"])


def test_one_that_openssl_would_show_to_nobody_is_wrong() -> None:
    """Else it would take the place of a good one, and serve nobody until it is renewed."""
    key = rsa.generate_private_key(65537, 1024)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "weak")])
    weak = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + timedelta(days=90))
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    with pytest.raises(ValueError, match="the key of an authority in its chain is too small"):
        chains.check(CHAIN + weak, KEY, ["shop.example"])
    damaged = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    with pytest.raises(ValueError, match="its certificate"):
        chains.check(CHAIN + damaged, KEY, ["shop.example"])


@pytest.mark.parametrize("chain", [b"", b"<html>", b"-----BEGIN CERTIFICATE-----\nx\n"])
def test_what_is_no_chain_is_wrong(chain: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        chains.check(chain, KEY, [])


@pytest.mark.parametrize(("days", "expected"), [(0, True), (29, True), (31, False), (99, False)])
def test_it_is_fresh_for_a_third_of_its_lifetime(
    monkeypatch: pytest.MonkeyPatch, days: int, expected: bool
) -> None:
    monkeypatch.setattr(clock, "wall", (NOW + timedelta(days=days)).timestamp)
    assert chains.is_fresh(CHAIN) is expected
