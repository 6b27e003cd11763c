"""Profiles: which TLS is spoken with clients. Mozilla's recommendations of that name, version 5.7.

"intermediate" is TLS 1.2 and 1.3 with forward secrecy and authenticated ciphers alone, in the
client's order: a phone without AES instructions knows best. "modern" is TLS 1.3.
"""

import ssl
from collections.abc import Sequence
from typing import Literal

__all__ = ["ALPN", "Profile", "server_context"]

Profile = Literal["intermediate", "modern"]

ALPN = ("http/1.1",)
"""Protocols spoken inside, in the order of preference."""

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
    context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    # Each costs 18 us of the handshake's 300, and who resumes is given the next one.
    context.num_tickets = 1
    context.set_alpn_protocols([*protocols])
    return context
