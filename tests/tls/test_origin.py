"""Contexts for origins, shaken hands over memory."""

import ssl
from pathlib import Path

import pytest
import trustme

from porch.tls.origin import (
    SYSTEM,
    Authorities,
    OriginTls,
    client_context,
    client_context_in_steps,
    system_authorities,
)
from porch.tls.presented import Presented
from tests.support.tls import AUTHORITY, certificate, shake


@pytest.fixture
def presented(tmp_path: Path) -> Presented:
    return Presented({"a.test": certificate(tmp_path, "a.test")})


def test_origins_are_verified_by_name_against_the_system() -> None:
    context = client_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_an_authority_of_their_own_stands_for_the_system(
    presented: Presented, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(file)
    context = client_context(authorities=Authorities(file.read_bytes()))
    assert len(context.get_ca_certs()) == 1
    assert shake(presented, "a.test", context).version() == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(presented, "a.test", client_context())


def test_unverified_takes_any_certificate(presented: Presented) -> None:
    context = client_context(verify=False)
    assert shake(presented, "z.test", context).version() == "TLSv1.3"


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"]
)
def test_an_authority_that_is_no_pem_file_is_an_error(content: bytes) -> None:
    with pytest.raises(ssl.SSLError):
        client_context(authorities=Authorities(content))


def test_authorities_are_taken_one_a_step_whatever_stands_between_them() -> None:
    pems = [trustme.CA(organization_name=f"{number}").cert_pem.bytes() for number in range(5)]
    content = "Größe\n".encode() + b"# a comment\n".join(pems)
    steps = client_context_in_steps(OriginTls(authorities=Authorities(content)))
    assert len([*steps]) == 5
    assert len(client_context(authorities=Authorities(content)).get_ca_certs()) == 5


def test_unverified_needs_no_authority_and_no_step() -> None:
    assert [*client_context_in_steps(OriginTls(verify=False))] == []


def test_those_of_the_system_are_read_like_any_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "all.pem"
    AUTHORITY.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert system_authorities() == Authorities(file.read_bytes(), str(tmp_path))
    assert system_authorities(lambda path: str(path).encode()).pem == str(file).encode()


def test_a_system_without_a_file_of_them_is_left_to_openssl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(path: Path) -> bytes:
        raise PermissionError

    (tmp_path / "all.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "all.pem"))
    assert system_authorities(unreadable) is SYSTEM
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
    assert system_authorities() is SYSTEM
    context = client_context(authorities=Authorities(AUTHORITY.cert_pem.bytes(), str(tmp_path)))
    assert len(context.get_ca_certs()) == 1
