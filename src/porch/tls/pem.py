"""PEM: certificates in a text, whatever stands between them (RFC 7468)."""

import re

__all__ = ["CERTIFICATE"]

CERTIFICATE = re.compile(
    rb"-----BEGIN CERTIFICATE-----[\x00-\x7f]*?-----END CERTIFICATE-----",
)
"""One of them, whole. ASCII alone: OpenSSL is given it as a text."""
