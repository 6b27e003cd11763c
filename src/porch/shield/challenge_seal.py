"""What a challenge gives away, signed: the puzzle, and the pass of whoever has solved it.

Nothing is kept of either. Both hold for one host and for one network of clients (an IPv4 /24, an
IPv6 /64) alone, and for a time that stands in them; the HMAC says that the door has made them, and
for which of the two uses.
"""

import base64
import binascii
import hashlib
import hmac
import struct

from porch.ip import packed

__all__ = ["FRESH", "Seal", "network_of"]

FRESH = 300.0
"""Seconds in which a puzzle is to be solved: a slow phone needs some."""
_WORDS = struct.Struct(">IB")
"""Seconds since 1970, and how many bits have to be zero."""
_MAC = 16
_LENGTH = (_WORDS.size + _MAC) * 4 // 3
"""Of either as text: 28, without padding."""
_MOST_DIGITS = 15
_PUZZLE = b"puzzle"
_PASS = b"pass"


class Seal:
    """Makes puzzles and passes, and knows its own again. secret: of the door, or of several."""

    __slots__ = ("_key",)

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"porch challenge", "sha256")

    def puzzle(self, now: float, bits: int, host: bytes, network: bytes) -> bytes:
        """What is to be solved: find a number so that SHA-256 of the puzzle, a dot and the number
        begins with so many zero bits."""
        return self._sealed(_PUZZLE, now, bits, host, network)

    def is_solved(self, proof: bytes, now: float, bits: int, host: bytes, network: bytes) -> bool:
        """Whether a proof, `puzzle.number`, is one of at least so many bits, and fresh."""
        puzzle, dot, number = proof.partition(b".")
        if not dot or not number.isdigit() or len(number) > _MOST_DIGITS:
            return False
        made, needed = self._opened(_PUZZLE, puzzle, host, network)
        if needed < bits or not -1.0 <= now - made <= FRESH:
            return False
        first = int.from_bytes(hashlib.sha256(proof).digest()[:4], "big")
        return first >> (32 - needed) == 0

    def grant(self, until: float, bits: int, host: bytes, network: bytes) -> bytes:
        """A pass that holds until then."""
        return self._sealed(_PASS, until, bits, host, network)

    def holds(self, shown: bytes, now: float, bits: int, host: bytes, network: bytes) -> bool:
        """Whether this is a pass that holds, of one who has solved at least so many bits."""
        until, solved = self._opened(_PASS, shown, host, network)
        return solved >= bits and now < until

    def _sealed(self, use: bytes, time: float, bits: int, host: bytes, network: bytes) -> bytes:
        words = _WORDS.pack(int(time), bits)
        return base64.urlsafe_b64encode(words + self._mac(use, words, host, network))

    def _opened(self, use: bytes, text: bytes, host: bytes, network: bytes) -> tuple[int, int]:
        """Time and bits of one of its own; (0, 0) of any other, for which nothing holds."""
        if len(text) != _LENGTH:
            return 0, 0
        try:
            found = base64.b64decode(text, b"-_", validate=True)
        except (binascii.Error, ValueError):
            return 0, 0
        if base64.urlsafe_b64encode(found) != text:  # b64decode takes `+` and `/` too
            return 0, 0
        words, mac = found[: _WORDS.size], found[_WORDS.size :]
        if not hmac.compare_digest(mac, self._mac(use, words, host, network)):
            return 0, 0
        time, bits = _WORDS.unpack(words)
        return time, bits

    def _mac(self, use: bytes, words: bytes, host: bytes, network: bytes) -> bytes:
        """Lengths are in it, so that no host with something of a network reads as another pair."""
        said = b"%b %d %d %b%b%b" % (use, len(host), len(network), words, host, network)
        return hmac.digest(self._key, said, "sha256")[:_MAC]


def network_of(client: bytes) -> bytes:
    """The network that a client is taken for."""
    address = packed(client.decode("latin-1"))
    if address is None:
        return client
    return address[:3] if len(address) == 4 else address[:8]
