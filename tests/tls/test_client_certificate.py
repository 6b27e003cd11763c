"""What a certificate of a client says, from certificates made for it."""

import datetime
import ipaddress
import ssl
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from porch.tls.client_certificate import ClientCertificate
from tests.support.certificates import Made, make


def shown(made: Made, *chain: Made) -> ClientCertificate:
    ders = [each.certificate.public_bytes(Encoding.DER) for each in (made, *chain)]
    return ClientCertificate(ders[0], ders[1:])


def test_the_field_is_a_byte_sequence_of_the_certificate() -> None:
    found = shown(make("device"))
    assert found.field.startswith(b":MII")
    assert found.field.endswith(b":")
    assert found.field is found.field
    assert b"\n" not in found.field


def test_the_chain_is_a_list_of_them_without_the_certificate_itself() -> None:
    root = make("root")
    issuer = make("issuer", by=root)
    found = shown(make("device", by=issuer), issuer, root)
    assert found.chain_field == b", ".join(each.field for each in (shown(issuer), shown(root)))
    assert shown(root).chain_field == b""


def test_the_subject_is_written_as_rfc_4514_has_it() -> None:
    found = shown(make("device, 7", organisation="Example"))
    assert found.subject == r"CN=device\, 7,O=Example"
    assert repr(found) == r"<ClientCertificate CN=device\, 7,O=Example>"


def test_other_names_are_hosts_addresses_of_two_kinds_and_uris() -> None:
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("Device-7.a.test"),
            x509.DNSName("*.b.test"),
            x509.RFC822Name("Ops@a.test"),
            x509.UniformResourceIdentifier("spiffe://a.test/ns/x"),
            x509.IPAddress(ipaddress.ip_address("10.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("fe80::1")),
            x509.RegisteredID(NameOID.COMMON_NAME),
        ]
    )
    assert shown(make("device", names)).names == (
        "device-7.a.test",
        "*.b.test",
        "Ops@a.test",
        "spiffe://a.test/ns/x",
        "10.0.0.1",
        "fe80::1",
    )


@pytest.mark.parametrize(
    "name",
    [
        x509.DNSName("10.0.0.1"),
        x509.DNSName("spiffe://a.test/x"),
        x509.DNSName("ops@a.test"),
        x509.UniformResourceIdentifier("a.test"),
        x509.UniformResourceIdentifier("fe80::1"),
        x509.UniformResourceIdentifier("ops@a.test"),
        x509.RFC822Name("spiffe:ops@a.test"),
        x509.IPAddress(ipaddress.ip_network("10.0.0.0/8")),
    ],
)
def test_a_name_that_passes_for_one_of_another_kind_is_none(name: x509.GeneralName) -> None:
    assert shown(make("device", x509.SubjectAlternativeName([name]))).names == ()


def test_a_certificate_without_names_has_none() -> None:
    assert shown(make("device")).names == ()


def test_one_that_cannot_be_read_fulfils_nothing_and_goes_on_all_the_same() -> None:
    found = ClientCertificate(b"no certificate")
    assert (found.subject, found.names) == ("", ())
    assert found.field == b":bm8gY2VydGlmaWNhdGU=:"


class Side:
    """A server's side as Python 3.13 has it."""

    session_reused = False

    def __init__(self, *chain: bytes) -> None:
        self._chain = chain

    def getpeercert(self, binary_form: bool) -> bytes | None:
        return self._chain[0] if binary_form and self._chain else None

    def get_verified_chain(self) -> list[bytes]:
        return [*self._chain]


def test_the_chain_is_taken_where_python_has_it() -> None:
    found = ClientCertificate.shown_in(cast("ssl.SSLObject", Side(b"own", b"issuer", b"root")))
    assert found is not None
    assert (found.der, found.chain) == (b"own", (b"issuer", b"root"))
    assert ClientCertificate.shown_in(cast("ssl.SSLObject", Side())) is None


def test_reading_is_not_about_the_time() -> None:
    old = make("device", start=datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC), days=1)
    assert shown(old).subject == "CN=device"
