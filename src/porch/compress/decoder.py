"""Decoder: bodies that somebody else has coded, back to what they were; within bounds, for a few
bytes may stand for gigabytes."""

import zlib
from typing import Protocol, cast

import brotli  # type: ignore[import-untyped]
import zstandard
from isal import isal_zlib

from porch.compress.coder import Stream

__all__ = ["CODINGS", "FLOOR", "RATIO", "Damaged", "Decoder", "TooMuch"]

CODINGS = frozenset((b"gzip", b"x-gzip", b"deflate", b"br", b"zstd"))

RATIO = 200
"""How many bytes a byte may stand for, behind the first FLOOR. Text has 3 to 50; gzip can have
1000, the others more."""
FLOOR = 16 << 20
_SLICE = 256
"""Bytes of zstd that are decoded at a time: its library has no other bound, and a block of a few
bytes may be 128 KB."""
_OUTPUT = 1 << 18
"""Bytes that brotli makes at a time, up to twice as many."""
_WINDOW = 8 << 20
"""The largest that need be read (RFC 9659 3)."""

_ERRORS: tuple[type[Exception], ...] = (
    zlib.error,
    cast("type[Exception]", isal_zlib.IsalError),
    brotli.error,
    zstandard.ZstdError,
)


class Damaged(Exception):
    """It is no such coding, or it is cut off."""


class TooMuch(Exception):
    """More came of it than may."""


class _Part(Protocol):
    """One member or frame; several may stand behind each other."""

    eof: bool
    unused_data: bytes


class Decoder(Stream):
    """One body. Raises Damaged and TooMuch."""

    __slots__ = ("_decoder", "_in", "_most", "_out")

    def __init__(self, coding: bytes, most: int | None = None) -> None:
        """coding: one of CODINGS. most: bytes that may come of it, None for no bound but RATIO."""
        self._decoder = _decoder(coding)
        self._most = most
        self._in = self._out = 0

    def change(self, data: bytes, end: bool) -> bytes:
        """The next piece."""
        self._in += len(data)
        bound = max(FLOOR, RATIO * self._in)
        left = min(bound, bound if self._most is None else self._most) - self._out
        try:
            made = self._decoder.feed(data, left) if data else b""
        except _ERRORS as error:
            raise Damaged(str(error)) from None
        self._out += len(made)
        if len(made) > left:
            raise TooMuch(f"more than {self._out} bytes of {self._in}")
        if end and self._in and not self._decoder.is_over:
            raise Damaged("it is cut off")
        return made


class _Decodes(Protocol):
    """is_over: whether what came is whole."""

    @property
    def is_over(self) -> bool: ...

    def feed(self, data: bytes, most: int) -> bytes:
        """What comes of it; a little more than `most` where that is passed."""


class _Inflates(_Part, Protocol):
    unconsumed_tail: bytes

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Zlib:
    """gzip, of one or more members; or deflate, which is zlib's form or, from some, a bare one."""

    def __init__(self, bits: int) -> None:
        """bits: zlib's window bits; 0 to find out."""
        self._bits = bits
        self._held = b""
        self._part: _Inflates | None = None
        self.is_over = False

    def feed(self, data: bytes, most: int) -> bytes:
        """See _Decodes."""
        if not self._bits:
            data = self._held + data
            if len(data) < 2:
                self._held = data
                return b""
            has_head = data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._bits = 15 if has_head else -15
        made, size = [], 0
        while data and size <= most:
            if self._part is None:
                self._part = cast("_Inflates", isal_zlib.decompressobj(self._bits))
            made.append(self._part.decompress(data, most - size + 1))
            size += len(made[-1])
            self.is_over = self._part.eof
            data = self._part.unused_data if self.is_over else self._part.unconsumed_tail
            if self.is_over:
                self._part = None
                if self._bits != 31 and data:
                    raise zlib.error("something stands behind it")
        return b"".join(made)


class _Brotli:
    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()

    @property
    def is_over(self) -> bool:
        """See _Decodes."""
        return bool(self._decompressor.is_finished())

    def feed(self, data: bytes, most: int) -> bytes:
        """See _Decodes."""
        made: list[bytes] = [self._decompressor.process(data, output_buffer_limit=_OUTPUT)]
        size = len(made[0])
        while size <= most and not self._decompressor.can_accept_more_data():
            made.append(self._decompressor.process(b"", output_buffer_limit=_OUTPUT))
            size += len(made[-1])
        return b"".join(made)


class _Zstd:
    def __init__(self) -> None:
        self._context = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        self._part: zstandard.ZstdDecompressionObj | None = None
        self.is_over = False

    def feed(self, data: bytes, most: int) -> bytes:
        """See _Decodes."""
        made, size, place = [], 0, 0
        rest = b""
        while (rest or place < len(data)) and size <= most:
            if not rest:
                rest = data[place : place + _SLICE]
                place += _SLICE
            if self._part is None:
                self._part = self._context.decompressobj()
            made.append(self._part.decompress(rest))
            size += len(made[-1])
            self.is_over = self._part.eof
            rest = self._part.unused_data if self.is_over else b""
            if self.is_over:
                self._part = None
        return b"".join(made)


def _decoder(coding: bytes) -> _Decodes:
    if coding == b"br":
        return _Brotli()
    if coding == b"zstd":
        return _Zstd()
    return _Zlib(0 if coding == b"deflate" else 31)
