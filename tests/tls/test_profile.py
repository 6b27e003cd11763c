"""Which TLS is spoken."""

import ssl

import pytest

from porch.tls.profile import server_context


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


def test_the_client_knows_best_which_cipher_is_cheap_for_it() -> None:
    assert not server_context().options & ssl.OP_CIPHER_SERVER_PREFERENCE


def test_one_ticket_is_sent() -> None:
    assert server_context().num_tickets == 1
