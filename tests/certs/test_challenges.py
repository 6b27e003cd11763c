"""The challenges that the library lacks."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from acme import challenges, messages
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.jwk import JWK, JWKEC

from porch.certs.challenges import ACME_IDENTIFIER, TLSALPN01, DNSPersist01

TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"


@pytest.fixture(scope="module")
def key() -> JWK:
    return JWKEC(key=ec.generate_private_key(ec.SECP256R1()))


def tls_alpn() -> TLSALPN01:
    said = {"type": "tls-alpn-01", "url": "https://ca.example/1", "token": TOKEN}
    found = messages.ChallengeBody.from_json(said).chall
    assert isinstance(found, TLSALPN01)
    return found


def test_the_answer_is_a_critical_extension_of_32_bytes(key: JWK) -> None:
    challenge = tls_alpn()
    chain, _ = challenge.validation(key, name="shop.example")
    certificate = x509.load_pem_x509_certificate(chain)
    extension = certificate.extensions.get_extension_for_oid(ACME_IDENTIFIER)
    digest = sha256(challenge.key_authorization(key).encode()).digest()
    assert extension.critical
    assert isinstance(extension.value, x509.UnrecognizedExtension)
    assert extension.value.value == b"\x04\x20" + digest


def test_its_certificate_is_for_the_one_name_and_the_key_is_its_own(key: JWK) -> None:
    chain, private = tls_alpn().validation(key, name="shop.example")
    certificate = x509.load_pem_x509_certificate(chain)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.DNSName("shop.example")]
    loaded = serialization.load_pem_private_key(private, None)
    assert loaded.public_key() == certificate.public_key()
    assert loaded.public_key() != key.key.public_key()


def test_an_address_is_named_as_one(key: JWK) -> None:
    chain, _ = tls_alpn().validation(key, name="192.0.2.7")
    certificate = x509.load_pem_x509_certificate(chain)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name) for name in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]


def test_what_is_said_to_the_authority_is_an_empty_object(key: JWK) -> None:
    assert tls_alpn().response(key).json_dumps() == "{}"
    assert challenges.ChallengeResponse.TYPES["dns-persist-01"]().json_dumps() == "{}"


def test_a_persistent_record_names_the_authority_and_our_account() -> None:
    said = {
        "type": "dns-persist-01",
        "url": "https://ca.example/1",
        "issuer-domain-names": ["ca.example", "other.example"],
    }
    challenge = messages.ChallengeBody.from_json(said).chall
    assert isinstance(challenge, DNSPersist01)
    account = "https://ca.example/acct/1"
    assert challenge.record(account) == "ca.example; accounturi=https://ca.example/acct/1"
    until = datetime(2026, 3, 1, tzinfo=UTC)
    assert challenge.record(account, wildcard=True, until=until) == (
        "ca.example; accounturi=https://ca.example/acct/1; policy=wildcard; persistUntil=1772323200"
    )
