"""TLS 1.3 records of a client's own making, for what no library lets a client say.

The keys are those of a real handshake: OpenSSL writes them down for whoever asks (`keylog`).
"""

import hashlib
import hmac
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["KeyUpdates"]

_HANDSHAKE, _KEY_UPDATE, _APPLICATION = 22, 24, 23


class KeyUpdates:
    """Goes on where a client's handshake has ended, before it has said a byte of its own.

    keylog: the file of its context. Of TLS_AES_256_GCM_SHA384, which OpenSSL asks for first.
    """

    def __init__(self, keylog: Path) -> None:
        line = next(
            line
            for line in keylog.read_text(encoding="ascii").splitlines()[::-1]
            if line.startswith("CLIENT_TRAFFIC_SECRET_0")
        )
        self._secret = bytes.fromhex(line.split(" ")[2])
        self._number = 0

    def update(self, *, asks: bool) -> bytes:
        """A record that says that the next one has another key (RFC 8446 4.6.3). asks: for the
        same of the other side."""
        record = self._record(_HANDSHAKE, bytes((_KEY_UPDATE, 0, 0, 1, asks)))
        self._secret = self._derived(b"traffic upd", len(self._secret))
        self._number = 0
        return record

    def data(self, data: bytes) -> bytes:
        """A record of what is said inside."""
        return self._record(_APPLICATION, data)

    def _record(self, kind: int, content: bytes) -> bytes:
        """RFC 8446 5.2 and 5.3."""
        key, start = self._derived(b"key", 32), self._derived(b"iv", 12)
        nonce = (int.from_bytes(start, "big") ^ self._number).to_bytes(12, "big")
        self._number += 1
        inner = content + bytes((kind,))
        head = b"\x17\x03\x03" + (len(inner) + 16).to_bytes(2, "big")
        return head + AESGCM(key).encrypt(nonce, inner, head)

    def _derived(self, label: bytes, size: int) -> bytes:
        """HKDF-Expand-Label (RFC 8446 7.1), of no more than one hash."""
        name = b"tls13 " + label
        info = size.to_bytes(2, "big") + bytes((len(name),)) + name + b"\0\x01"
        return hmac.digest(self._secret, info, hashlib.sha384)[:size]
