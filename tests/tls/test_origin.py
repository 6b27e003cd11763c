"""Contexts for origins, shaken hands over memory."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from porch.config.steps import complete
from porch.tls.certificate import Pair
from porch.tls.client_certificate import ClientCertificate
from porch.tls.origin import (
    SYSTEM,
    Authorities,
    OriginTls,
    client_context,
    client_context_in_steps,
    system_authorities,
)
from porch.tls.presented import Kind, Presented
from tests.support.handshake import AUTHORITY, certificate, far_side, files, shake


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


def test_an_origin_that_asks_is_shown_a_certificate(presented: Presented, tmp_path: Path) -> None:
    cert, key = files(tmp_path, "door.test")
    pair = Pair(cert.read_bytes(), key.read_bytes(), cert, key)
    trusting = Authorities(AUTHORITY.cert_pem.bytes())
    context = complete(client_context_in_steps(OriginTls(authorities=trusting, pair=pair)))
    asking = replace(presented, kind=Kind(client_ca=AUTHORITY.cert_pem.bytes()))
    shown = ClientCertificate.shown_in(far_side(asking, "a.test", context))
    assert shown is not None
    assert shown.names == ("door.test",)
    none = client_context(authorities=trusting)
    assert ClientCertificate.shown_in(far_side(asking, "a.test", none)) is None


def test_a_key_of_another_certificate_is_said(tmp_path: Path) -> None:
    cert, key = files(tmp_path, "a.test")[0], files(tmp_path, "b.test")[1]
    pair = Pair(cert.read_bytes(), key.read_bytes(), cert, key)
    with pytest.raises(ValueError, match="is not the key of"):
        complete(client_context_in_steps(OriginTls(verify=False, pair=pair)))


def test_the_oldest_version_is_1_2_or_what_is_said() -> None:
    assert client_context().minimum_version == ssl.TLSVersion.TLSv1_2
    newer = complete(client_context_in_steps(OriginTls(verify=False, oldest="1.3")))
    assert newer.minimum_version == ssl.TLSVersion.TLSv1_3


@pytest.mark.parametrize(
    ("protocols", "agreed"), [(("h2",), "h2"), (("http/1.1",), "http/1.1"), (("tea",), None)]
)
def test_what_is_offered_is_what_was_said(
    presented: Presented, protocols: tuple[str, ...], agreed: str | None
) -> None:
    context = complete(client_context_in_steps(OriginTls(verify=False, protocols=protocols)))
    assert shake(presented, "a.test", context).selected_alpn_protocol() == agreed
