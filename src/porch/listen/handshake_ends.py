"""Why a handshake came to nothing, in a word that is counted: few, whatever a client sends."""

import ssl

__all__ = [
    "CERTIFICATE",
    "CLIENT_GONE",
    "CROWDED",
    "MALFORMED",
    "NOT_TLS",
    "NO_HELLO",
    "STOPPED",
    "TIMEOUT",
    "UNKNOWN_NAME",
    "WORDS",
    "word_of",
]

NO_HELLO = "no_hello"
"""It left and had said nothing: somebody looks whether the port is open."""
CLIENT_GONE = "client_gone"
NOT_TLS = "not_tls"
"""http:// for https://, and answered so."""
UNKNOWN_NAME = "unknown_name"
"""There is no certificate for the host."""
TIMEOUT = "timeout"
CROWDED = "crowded"
"""So many others were under way."""
STOPPED = "stopped"
"""The door was."""
CERTIFICATE = "certificate"
"""Ours could not be used."""
MALFORMED = "malformed"
_REFUSED, _ALERT = "certificate_refused", "client_alert"
"""The client does not believe our certificate; it gave up for another reason."""
_VERSION, _COMMON = "version", "nothing_in_common"
_SHOWN = "client_certificate"
"""The client's is missing, or nobody's that is believed."""

WORDS = (
    *(NO_HELLO, CLIENT_GONE, NOT_TLS, UNKNOWN_NAME, TIMEOUT, CROWDED, STOPPED, CERTIFICATE),
    *(MALFORMED, _REFUSED, _ALERT, _VERSION, _COMMON, _SHOWN),
)

_REASONS = {
    "UNSUPPORTED_PROTOCOL": _VERSION,
    "VERSION_TOO_LOW": _VERSION,
    "NO_PROTOCOLS_AVAILABLE": _VERSION,
    "NO_SHARED_CIPHER": _COMMON,
    "NO_SHARED_GROUP": _COMMON,
    "NO_SUITABLE_KEY_SHARE": _COMMON,
    "NO_SUITABLE_GROUPS": _COMMON,
    "NO_SUITABLE_SIGNATURE_ALGORITHM": _COMMON,
    "NO_SHARED_SIGNATURE_ALGORITHMS": _COMMON,
    "NO_APPLICATION_PROTOCOL": _COMMON,
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": _SHOWN,
    "CERTIFICATE_VERIFY_FAILED": _SHOWN,
}
_BELIEF = ("UNKNOWN_CA", "CERTIFICATE_UNKNOWN", "BAD_CERTIFICATE", "CERTIFICATE_EXPIRED")


def word_of(error: ssl.SSLError | ValueError) -> str:
    """Of WORDS, what OpenSSL's error in a handshake is. ValueError: see Secured."""
    if not isinstance(error, ssl.SSLError):
        return CERTIFICATE
    reason = error.reason or ""
    if "ALERT" in reason:
        return _REFUSED if reason.endswith(_BELIEF) else _ALERT
    return _REASONS.get(reason, MALFORMED)
