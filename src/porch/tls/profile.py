"""Profiles: which TLS is spoken with clients. Mozilla's recommendations of that name, version 5.7.

"intermediate" is TLS 1.2 and 1.3 with forward secrecy and authenticated ciphers alone. "modern" is
TLS 1.3. The order is ours, but for ChaCha20: a client that names it first, such as a phone without
AES instructions, gets it.
"""

import ssl
from collections.abc import Sequence
from typing import Literal

from porch.tls.pem import CERTIFICATE

__all__ = ["ALPN", "Profile", "believe_clients", "server_context"]

Profile = Literal["intermediate", "modern"]

ALPN = ("h2", "http/1.1")
"""Protocols spoken inside, in the order of preference."""

_PRIORITIZE_CHACHA = 1 << 21
"""SSL_OP_PRIORITIZE_CHACHA of OpenSSL, for which `ssl` has no name."""

_CIPHERS = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)


def server_context(
    protocols: Sequence[str] = ALPN, profile: Profile = "intermediate"
) -> ssl.SSLContext:
    """A context without a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    modern = profile == "modern"
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if modern else ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | _PRIORITIZE_CHACHA
    # Each costs 18 us of the handshake's 300, and who resumes is given the next one.
    context.num_tickets = 1
    context.set_alpn_protocols([*protocols])
    return context


def believe_clients(context: ssl.SSLContext, client_ca: bytes) -> None:
    """Ask clients for a certificate of one of these authorities (PEM).

    Who shows none is let in all the same: the route answers, in words. Who shows one that does not
    verify is refused by the handshake (RFC 8446 4.4.2.4). A certificate in the file is believed
    whoever has signed it, so that one issuer of many can be named, or a client's own certificate.
    Raises ValueError with the reason if there is none, or one that cannot be used.
    """
    found = CERTIFICATE.findall(client_ca)
    if not found:
        raise ValueError("there is no certificate in it, in PEM")
    try:
        context.load_verify_locations(cadata=b"\n".join(found).decode("latin-1"))
    except ssl.SSLError as error:
        raise ValueError(error.reason or str(error)) from error
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
