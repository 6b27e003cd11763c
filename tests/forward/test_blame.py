"""What is said of a certificate that was refused, and of a handshake that failed."""

import datetime
import errno
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from porch import clock
from porch.errors import (
    HandshakeFailed,
    HandshakeRefused,
    PorchError,
    TlsError,
)
from porch.forward.blame import blame, broken
from porch.tls.refused import (
    CertificateExpired,
    CertificateForAnother,
    CertificateNotYetValid,
    CertificateSelfSigned,
    CertificateUnknown,
)
from tests.support.certificates import make, names

WHERE = "10.0.0.1:443"
START = datetime.datetime(2026, 1, 1, 12, 0, tzinfo=datetime.UTC)


def said(code: int, *extensions: x509.ExtensionType, message: str = "") -> TlsError:
    """Of a certificate that is valid for ninety days of 2026."""
    der = make("origin", *extensions, start=START).certificate.public_bytes(Encoding.DER)
    return blame(WHERE, "a.test", failure(code, message), der)


def failure(code: int, message: str = "") -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    error.verify_message = message
    return error


def test_one_that_has_expired_says_since_when(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall", lambda: START.timestamp() + 91 * 86400)
    error = said(10)
    assert type(error) is CertificateExpired
    expected = "10.0.0.1:443: its certificate has expired: it was valid until 2026-04-01 12:00 UTC"
    assert error.detail == expected


def test_or_that_it_is_one_of_its_issuers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall", START.timestamp)
    assert said(10).detail == "10.0.0.1:443: a certificate of its chain has expired"


def test_one_that_is_not_valid_yet_says_until_when() -> None:
    error = said(9)
    assert type(error) is CertificateNotYetValid
    assert error.detail == "10.0.0.1:443: its certificate is not valid before 2026-01-01 12:00 UTC"


@pytest.mark.parametrize("code", [62, 64])
def test_one_for_another_name_says_for_whom(code: int) -> None:
    error = said(code, names("b.test", "c.test"))
    assert type(error) is CertificateForAnother
    assert error.detail == "10.0.0.1:443: its certificate is not for a.test but for b.test, c.test"
    many = said(code, names(*(f"{number}.test" for number in range(9))))
    assert many.detail.endswith("but for 0.test, 1.test, 2.test, …")
    assert said(code).detail.endswith("is not for a.test, and names nobody")


def test_one_of_its_own_and_one_of_a_stranger_are_told_apart() -> None:
    assert type(said(18)) is CertificateSelfSigned
    assert {type(said(code)) for code in (2, 19, 20, 21)} == {CertificateUnknown}


def test_what_else_is_wrong_is_said_in_the_words_of_openssl() -> None:
    error = said(23, message="certificate revoked")
    assert type(error) is TlsError
    assert error.detail == "10.0.0.1:443: certificate revoked"


@pytest.mark.parametrize("der", [None, b"unreadable"])
def test_without_the_certificate_no_more_is_said_than_is_known(der: bytes | None) -> None:
    texts = [blame(WHERE, "a.test", failure(code), der).detail for code in (9, 10, 62)]
    assert texts == [
        "10.0.0.1:443: its certificate is not valid yet",
        "10.0.0.1:443: its certificate has expired",
        "10.0.0.1:443: its certificate is not for a.test",
    ]


def test_each_has_the_same_word_and_a_way_out_of_its_own() -> None:
    errors = [said(code) for code in (9, 10, 18, 20, 23, 62)]
    assert {error.word for error in errors} == {"tls_certificate_error"}
    assert len({error.sentence for error in errors}) == len(errors)


def reasoned(reason: str) -> ssl.SSLError:
    """As OpenSSL's come."""
    error = ssl.SSLError(1, f"[SSL: {reason}] in lower case (_ssl.c:1)")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (
            OSError(errno.ECONNRESET, "x"),
            HandshakeFailed,
            "it reset the connection in the TLS hands",
        ),
        (ConnectionResetError(), HandshakeFailed, "it closed the connection in the TLS handshake"),
        (reasoned("WRONG_VERSION_NUMBER"), HandshakeFailed, "what it answers is not TLS (WRONG_"),
        (reasoned("UNSUPPORTED_PROTOCOL"), HandshakeFailed, "UNSUPPORTED_PROTOCOL"),
        (ssl.SSLEOFError(8, "EOF"), HandshakeFailed, "it closed the connection in the TLS hands"),
        (reasoned("TLSV13_ALERT_CERTIFICATE_REQUIRED"), HandshakeRefused, "TLSV13_ALERT_CERT"),
        (reasoned("TLSV1_UNRECOGNIZED_NAME"), HandshakeRefused, "TLSV1_UNRECOGNIZED_NAME"),
    ],
)
def test_a_handshake_that_failed_says_who_ended_it(
    error: OSError, kind: type[PorchError], text: str
) -> None:
    said = broken(WHERE, error)
    assert type(said) is kind
    assert text in said.detail
    assert said.detail.startswith(f"{WHERE}: ")
