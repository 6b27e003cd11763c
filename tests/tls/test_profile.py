"""Which TLS is spoken."""

import ssl
from pathlib import Path

import pytest

from porch.tls.presented import Presented
from porch.tls.profile import believe_clients, server_context
from tests.support.handshake import AUTHORITY, certificate, client, shake


def test_intermediate_is_tls_1_2_and_1_3_and_modern_is_1_3_alone() -> None:
    assert server_context().minimum_version == ssl.TLSVersion.TLSv1_2
    assert server_context(profile="modern").minimum_version == ssl.TLSVersion.TLSv1_3


@pytest.mark.parametrize("profile", ["intermediate", "modern"])
def test_every_cipher_has_forward_secrecy_and_authenticates(profile: str) -> None:
    found = server_context(profile=profile).get_ciphers()  # type: ignore[arg-type]
    assert found
    for cipher in found:
        assert cipher["aead"]
        assert cipher["kea"] in ("kx-ecdhe", "kx-any")


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256", "AES128-GCM"),
        ("AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305", "AES128-GCM"),
        ("CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256", "CHACHA20"),
    ],
)
def test_the_order_is_ours_but_who_wants_chacha20_first_gets_it(
    tmp_path: Path, offered: str, chosen: str
) -> None:
    context = client("a.test")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"ECDHE-ECDSA-{offered}")
    side = shake(Presented({"a.test": certificate(tmp_path, "a.test")}), "a.test", context)
    cipher = side.cipher()
    assert cipher is not None
    assert chosen in cipher[0]


def test_one_ticket_is_sent() -> None:
    assert server_context().num_tickets == 1


def test_clients_are_asked_for_a_certificate_and_let_in_without() -> None:
    context = server_context()
    assert context.verify_mode == ssl.CERT_NONE
    believe_clients(context, b"# ours\n" + AUTHORITY.cert_pem.bytes() * 2)
    assert context.verify_mode == ssl.CERT_OPTIONAL
    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "there is no certificate in it"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "."),
        (b"-----BEGIN CERTIFICATE-----\n\xff\n-----END CERTIFICATE-----\n", "."),
    ],
)
def test_who_is_to_be_believed_must_be_in_the_file(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        believe_clients(server_context(), content)
