"""Blame: why there is no TLS with an origin, in words that name the way out.

Of a certificate that was refused OpenSSL says in a number what was wrong; from when to when it is
valid and for whom only itself can tell, which the handshake that failed does not hand out.
"""

import errno
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING

from porch import clock
from porch.errors import (
    HandshakeFailed,
    HandshakeRefused,
    PorchError,
    TlsError,
)
from porch.tls.refused import (
    CertificateExpired,
    CertificateForAnother,
    CertificateNotYetValid,
    CertificateSelfSigned,
    CertificateUnknown,
)

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.x509 import Certificate

__all__ = ["TELLING", "blame", "broken"]

_NOT_YET, _EXPIRED, _SELF_SIGNED = 9, 10, 18
_OTHER_HOST, _OTHER_ADDRESS = 62, 64
_UNKNOWN = (2, 19, 20, 21, 27)
"""X509_V_ERR_* of x509_vfy.h."""

TELLING = frozenset((_NOT_YET, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS))
"""Of which the certificate itself tells more."""

_KINDS: Mapping[int, type[TlsError]] = {
    _NOT_YET: CertificateNotYetValid,
    _EXPIRED: CertificateExpired,
    _SELF_SIGNED: CertificateSelfSigned,
    _OTHER_HOST: CertificateForAnother,
    _OTHER_ADDRESS: CertificateForAnother,
    **dict.fromkeys(_UNKNOWN, CertificateUnknown),
}
_ALERTS = ("SSLV3_ALERT_", "TLSV1")
"""How OpenSSL's names begin for what the other side has said."""
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_MESSAGE", "PACKET_LENGTH_TOO_LONG")
_ENDS = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
_MOST_NAMES = 3
"""That are told of those in a certificate."""


def blame(
    where: str, wanted: str, error: ssl.SSLCertVerificationError, der: bytes | None
) -> TlsError:
    """The error for an origin at `where` that should be `wanted`.

    der: its certificate, if it was to be had.
    """
    code = error.verify_code
    kind = _KINDS.get(code, TlsError)
    shown = _read(der)
    if code == _EXPIRED:
        text = _expired(shown)
    elif code == _NOT_YET:
        when = "yet" if shown is None else f"before {_date(shown.not_valid_before_utc)}"
        text = f"its certificate is not valid {when}"
    elif kind is CertificateForAnother:
        text = f"its certificate is not for {wanted}" + _names(shown)
    elif code == _SELF_SIGNED:
        text = "its certificate is signed by itself alone"
    elif kind is CertificateUnknown:
        text = "its certificate is of an authority that is not known here, or its chain is not sent"
    else:
        text = error.verify_message or str(error)
    return kind(f"{where}: {text}")


def broken(where: str, error: OSError) -> PorchError:
    """The error for an origin at `where` that was connected and with which a handshake failed."""
    if not isinstance(error, ssl.SSLError) or isinstance(error, _ENDS):
        verb = "reset" if error.errno == errno.ECONNRESET else "closed"
        return HandshakeFailed(f"{where}: it {verb} the connection in the TLS handshake")
    reason = error.reason or ""
    if reason.startswith(_ALERTS):
        return HandshakeRefused(f"{where}: {reason}")
    if reason in _NO_TLS:
        return HandshakeFailed(f"{where}: what it answers is not TLS ({reason})")
    return HandshakeFailed(f"{where}: {reason or error}")


def _expired(shown: "Certificate | None") -> str:
    if shown is None:
        return "its certificate has expired"
    until = shown.not_valid_after_utc
    if until.timestamp() > clock.wall():
        return "a certificate of its chain has expired"
    return f"its certificate has expired: it was valid until {_date(until)}"


def _names(shown: "Certificate | None") -> str:
    """For whom it is, to be compared by eye."""
    if shown is None:
        return ""
    from cryptography import x509

    try:
        found = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ", and names nobody"
    names = [*found.get_values_for_type(x509.DNSName)]
    names += map(str, found.get_values_for_type(x509.IPAddress))
    more = ", …" if len(names) > _MOST_NAMES else ""
    return f" but for {', '.join(names[:_MOST_NAMES])}{more}" if names else ", and names nobody"


def _date(moment: "datetime") -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _read(der: bytes | None) -> "Certificate | None":
    if der is None:
        return None
    from cryptography import x509  # late: 30 ms that a door without such trouble need not spend

    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        return None
