"""br (RFC 7932)."""

import brotli  # type: ignore[import-untyped]

from porch.compress.coder import HOT, Stream

__all__ = ["Brotli"]

_QUALITIES = (1, 4, 5, 11)
_MEMORY = (300_000, 1_260_000, 2_150_000)
_WINDOW = 18
"""Bits of a stream's window, 256 KB: browsers hold 16 MB, but then so would each stream here."""


class Brotli:
    """See coder.Coder."""

    __slots__ = ()

    name = b"br"

    def whole(self, data: bytes, effort: int) -> bytes:
        """See Coder."""
        window = 22 if effort == HOT else _WINDOW
        coded: bytes = brotli.compress(data, quality=_QUALITIES[effort], lgwin=window)
        return coded

    def plain(self, coded: bytes) -> bytes:
        """See Coder."""
        data: bytes = brotli.decompress(coded)
        return data

    def stream(self, effort: int) -> Stream:
        """See Coder."""
        return _Brotling(brotli.Compressor(quality=_QUALITIES[effort], lgwin=_WINDOW))

    def memory(self, effort: int) -> int:
        """See Coder."""
        return _MEMORY[effort]


class _Brotling:
    __slots__ = ("_compressor",)

    def __init__(self, compressor: "brotli.Compressor") -> None:
        self._compressor = compressor

    def change(self, data: bytes, end: bool) -> bytes:
        coded: bytes = self._compressor.process(data) if data else b""
        if end:
            coded += self._compressor.finish()
        elif data:
            coded += self._compressor.flush()
        return coded
