"""Records: one stored answer as bytes of the database, and the list of a key's variants.

Every one carries a checksum (CRC-32 by zlib: 3 GB/s, against 0.4 of BLAKE2b) that counts its own
key in, so that neither a flipped bit nor a value in another's place is taken for an answer.
"""

import struct
import zlib

import msgspec

from porch.cache.entry import Entry, decoded
from porch.cache.store import Variant

__all__ = [
    "FILE",
    "PAGE",
    "RECORD",
    "Record",
    "cost_of",
    "ident_of",
    "list_variants",
    "pack",
    "pack_variants",
    "position_of",
    "unpack",
]

RECORD, FILE = b"r", b"f"
"""What an ident begins with: whether the body stands in the record or in a file."""

_CHECK = struct.Struct("<I")
_HEAD = struct.Struct("<QQIHB")
"""Purges that it has outlived, bytes of its body, of its entry, of its key; softly purged."""
_WHOLE = struct.Struct("<IQQIHB")
"""Both, the first in front."""
_START = _WHOLE.size

_encode = msgspec.msgpack.Encoder().encode
_decode_variants = msgspec.msgpack.Decoder(list[Variant]).decode

PAGE = 4096
INLINE = 2000
"""Bytes: about what LMDB keeps in a leaf; what is longer has pages of its own."""
KEY = 150
"""Bytes: what a key and its list of one take, in pages that are two thirds full."""


class Record:
    """What a record says. tail: the body, or the checksums of a file's blocks: bytes that go when
    the transaction ends. is_purged: softly, as far as was found when it was written."""

    __slots__ = ("entry", "is_purged", "moment", "primary", "size", "tail")

    def __init__(
        self,
        primary: bytes,
        entry: Entry,
        size: int,
        tail: bytes | memoryview,
        marks: tuple[int, bool],
    ) -> None:
        self.primary = primary
        self.entry = entry
        self.size = size
        self.tail = tail
        self.moment, self.is_purged = marks


def ident_of(kind: bytes, position: int) -> bytes:
    """How an answer is called that came as number `position`."""
    return kind + position.to_bytes(8, "big")


def position_of(ident: bytes) -> int:
    """The number it came as."""
    return int.from_bytes(ident[1:], "big")


def pack(ident: bytes, record: Record, entry: bytes) -> bytes:
    """The record as bytes. entry: its entry, encoded."""
    head = _HEAD.pack(record.moment, record.size, len(entry), len(record.primary), record.is_purged)
    rest = b"".join((head, record.primary, entry, record.tail))
    return _CHECK.pack(zlib.crc32(rest, zlib.crc32(ident))) + rest


def unpack(ident: bytes, value: memoryview) -> Record | None:
    """What `pack` made; None for what is damaged."""
    if len(value) < _START:
        return None
    check, moment, size, entry_size, primary_size, is_purged = _WHOLE.unpack_from(value)
    if check != zlib.crc32(value[_CHECK.size :], zlib.crc32(ident)):
        return None
    entry_at = _START + primary_size
    tail_at = entry_at + entry_size
    try:
        entry = decoded(value[entry_at:tail_at])
    except msgspec.DecodeError:
        return None
    primary = bytes(value[_START:entry_at])
    return Record(primary, entry, size, value[tail_at:], (moment, bool(is_purged)))


def cost_of(ident: bytes, value: memoryview | bytes) -> int:
    """Bytes of disk that a record takes in full pages with its place in its key's list, or its
    file. Not checked: a damaged one costs anything."""
    if ident[:1] == FILE and len(value) >= _START:
        return _pages(int(_HEAD.unpack_from(value, _CHECK.size)[1])) + PAGE
    if len(value) > INLINE:
        return _pages(len(value) + 16) + KEY
    return PAGE // ((PAGE - 16) // (len(value) + 20)) + KEY


def _pages(size: int) -> int:
    return -(-size // PAGE) * PAGE


def pack_variants(primary: bytes, variants: list[Variant]) -> bytes:
    """The list of a key as bytes."""
    rest = _encode(variants)
    return _CHECK.pack(zlib.crc32(rest, zlib.crc32(primary))) + rest


def list_variants(primary: bytes, value: bytes | memoryview | None) -> list[Variant]:
    """What `pack_variants` made; empty for what is missing or damaged."""
    if value is None or len(value) < _CHECK.size:
        return []
    rest = value[_CHECK.size :]
    if _CHECK.unpack_from(value)[0] != zlib.crc32(rest, zlib.crc32(primary)):
        return []
    try:
        return _decode_variants(rest)
    except msgspec.DecodeError:
        return []
