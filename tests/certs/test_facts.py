"""Facts of chains made for the tests."""

import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from porch.certs.facts import is_anchor, is_pair, read_facts
from tests.support.certificates import Made, make, pem


@pytest.fixture(scope="module")
def chain() -> list[Made]:
    root = make("Root X1", organisation="Trust Ltd")
    between = make("R3", by=root, organisation="Let's Encrypt")
    alternatives = x509.SubjectAlternativeName(
        [
            x509.DNSName("Example.com"),
            x509.DNSName("*.example.com"),
            x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
            x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
            x509.RFC822Name("somebody@example.com"),
        ]
    )
    aki = x509.AuthorityKeyIdentifier(
        bytes.fromhex("69885b6b87464041e1b37b847ba0ae2cde01c8d4"), None, None
    )
    return [make("", alternatives, aki, by=between, serial=0x87654321), between, root]


def test_what_a_certificate_says(chain: list[Made]) -> None:
    facts = read_facts(pem(chain))
    assert facts.names == ("example.com", "*.example.com", "192.0.2.7", "[2001:db8::1]")
    assert facts.not_before == 1_800_000_000
    assert facts.not_after == 1_800_000_000 + 90 * 86400
    assert facts.issuer == "Let's Encrypt R3"
    assert facts.key_type == "ECDSA P-256"
    assert facts.serial == "87654321"
    assert len(facts.fingerprint) == 64
    assert facts.length == 3
    assert facts.is_in_order


def test_its_name_for_renewal_is_that_of_rfc_9773_4_1(chain: list[Made]) -> None:
    assert read_facts(pem(chain)).ari_id == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"


def test_without_an_authority_key_there_is_no_name_for_renewal() -> None:
    nobody = x509.AuthorityKeyIdentifier(None, [x509.DNSName("a.test")], 1)
    assert read_facts(make().pem).ari_id is None
    assert read_facts(make("a", nobody).pem).ari_id is None


def test_a_chain_that_is_mixed_up_is_noticed(chain: list[Made]) -> None:
    leaf, between, root = chain
    assert not read_facts(pem([leaf, root, between])).is_in_order
    assert not read_facts(pem([leaf, root])).is_in_order
    assert not read_facts(pem([leaf, make("R3", organisation="Let's Encrypt")])).is_in_order
    assert read_facts(pem([leaf])).is_in_order


@pytest.mark.parametrize(
    ("common", "organisation", "words"),
    [
        ("R3", "Let's Encrypt", "Let's Encrypt R3"),
        ("ZeroSSL RSA CA", "ZeroSSL", "ZeroSSL RSA CA"),
        ("Only a name", "", "Only a name"),
        ("", "Only Ltd", "Only Ltd"),
    ],
)
def test_who_signed_it_is_said_in_words(common: str, organisation: str, words: str) -> None:
    authority = make(common, organisation=organisation)
    assert read_facts(make("leaf", by=authority).pem).issuer == words
    assert read_facts(authority.pem).issuer == "itself"


def test_a_certificate_for_no_name_has_none() -> None:
    assert read_facts(make("example.com").pem).names == ()


def test_kinds_of_keys_are_said() -> None:
    assert read_facts(make(private=ec.generate_private_key(ec.SECP384R1())).pem).key_type == (
        "ECDSA P-384"
    )
    assert read_facts(make(private=rsa.generate_private_key(65537, 2048)).pem).key_type == (
        "RSA 2048"
    )


def test_a_key_belongs_to_one_certificate(chain: list[Made]) -> None:
    leaf, between, _ = chain
    assert is_pair(pem(chain), leaf.key)
    assert not is_pair(pem(chain), between.key)
    with pytest.raises(ValueError, match="the key cannot be read"):
        is_pair(pem(chain), b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")


@pytest.mark.parametrize("content", [b"", b"\x30\x82", b"-----BEGIN PRIVATE KEY-----\n"])
def test_what_is_no_chain_is_said(content: bytes) -> None:
    with pytest.raises(ValueError, match="there is no certificate in it, in PEM"):
        read_facts(content)


def test_damage_is_said(chain: list[Made]) -> None:
    whole = chain[0].pem
    with pytest.raises(ValueError, match=r"a certificate in it is damaged: .*; get it anew"):
        read_facts(whole[:200] + whole[260:])


def test_others_are_verified_by_an_authority_and_by_what_has_signed_itself() -> None:
    def says(ca: bool) -> x509.BasicConstraints:
        return x509.BasicConstraints(ca=ca, path_length=None)

    root = make("root", says(ca=True))
    for made, expected in (
        (root, True),
        (make("between", says(ca=True), by=root), True),
        (make("alone"), True),
        (make("leaf", by=root), False),
        (make("leaf", says(ca=False), by=root), False),
    ):
        assert is_anchor(made.certificate) is expected
