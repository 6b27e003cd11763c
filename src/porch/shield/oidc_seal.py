"""What the door gives a browser to keep, and nobody else can read or change: AES-256-GCM.

Its key is derived from the door's own (HKDF, RFC 5869), one for each purpose; for whom and for
which host something was sealed is authenticated with it, so that it opens nowhere else.
"""

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from typing import Any

__all__ = ["LONGEST", "Sealer", "b64"]

LONGEST = 16384
"""Bytes of what is opened: what is longer was not sealed here."""
_NONCE = 12
_TAG = 16


class Sealer:
    """Of one purpose."""

    __slots__ = ("_cipher", "_purpose")

    def __init__(self, key: bytes, purpose: str) -> None:
        """key: of the door, 32 bytes. purpose: what it is used for, and for whom."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # late: 20 ms
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        self._purpose = purpose.encode()
        derived = HKDF(SHA256(), 32, salt=None, info=b"porch " + self._purpose).derive(key)
        self._cipher = AESGCM(derived)

    def seal(self, content: Mapping[str, Any], host: bytes) -> bytes:
        """`content` for a browser that speaks with `host`, in the alphabet of cookies."""
        text = json.dumps(content, separators=(",", ":")).encode()
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, text, self._bound(host))
        return b64(sealed)

    def open(self, sealed: bytes, host: bytes) -> dict[str, Any] | None:
        """What was sealed; None for what was not by this door, for this and for `host`."""
        from cryptography.exceptions import InvalidTag

        if not 0 < len(sealed) <= LONGEST:
            return None
        try:
            data = base64.b64decode(sealed + b"=" * (-len(sealed) % 4), b"-_", validate=True)
            # One spelling alone: no `+`, `=` or bits that mean nothing.
            if len(data) < _NONCE + _TAG or b64(data) != sealed:
                return None
            text = self._cipher.decrypt(data[:_NONCE], data[_NONCE:], self._bound(host))
        except (binascii.Error, ValueError, InvalidTag):
            return None
        found = json.loads(text)
        return found if isinstance(found, dict) else None

    def _bound(self, host: bytes) -> bytes:
        return b"%d:%b%b" % (len(self._purpose), self._purpose, host)


def b64(data: bytes) -> bytes:
    """Base64url without padding (RFC 7515 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")
