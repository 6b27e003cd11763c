"""zstd (RFC 8878, RFC 9659)."""

import zstandard

from porch.compress.coder import HOT, Stream

__all__ = ["Zstd"]

_LEVELS = (1, 3, 5)
_MEMORY = (412_000, 1_170_000, 1_350_000)
_WINDOW = 17
"""Bits of a stream's window, 128 KB. Nobody has to read more than 8 MB (RFC 9659 3)."""
_IDLE = 8
"""Contexts that wait for the next stream, of each effort: the large tables are not made anew."""


class Zstd:
    """See coder.Coder."""

    __slots__ = ("_idle", "_whole")

    name = b"zstd"

    def __init__(self) -> None:
        self._whole = [zstandard.ZstdCompressor(level=level) for level in _LEVELS]
        self._idle: list[list[zstandard.ZstdCompressor]] = [[] for _ in _LEVELS]

    def whole(self, data: bytes, effort: int) -> bytes:
        """See Coder."""
        if effort == HOT:  # in a thread of its own, so with a context of its own
            best = zstandard.ZstdCompressionParameters.from_level(
                19, source_size=len(data), window_log=min(23, max(10, len(data).bit_length()))
            )
            return zstandard.ZstdCompressor(compression_params=best).compress(data)
        return self._whole[effort].compress(data)

    def plain(self, coded: bytes) -> bytes:
        """See Coder."""
        return zstandard.ZstdDecompressor().stream_reader(coded).read()

    def stream(self, effort: int) -> Stream:
        """See Coder."""
        idle = self._idle[effort]
        return _Zstding(idle.pop() if idle else _context(effort), idle)

    def memory(self, effort: int) -> int:
        """See Coder."""
        return _MEMORY[effort]


def _context(effort: int) -> zstandard.ZstdCompressor:
    settings = zstandard.ZstdCompressionParameters.from_level(_LEVELS[effort], window_log=_WINDOW)
    return zstandard.ZstdCompressor(compression_params=settings)


class _Zstding:
    """A context is used again only behind a stream that has ended: another's rest is in it else."""

    __slots__ = ("_compressor", "_context", "_idle")

    def __init__(
        self, context: zstandard.ZstdCompressor, idle: list[zstandard.ZstdCompressor]
    ) -> None:
        self._context = context
        self._idle = idle
        self._compressor = context.compressobj()

    def change(self, data: bytes, end: bool) -> bytes:
        coded = self._compressor.compress(data) if data else b""
        if end:
            coded += self._compressor.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH)
            if len(self._idle) < _IDLE:
                self._idle.append(self._context)
        elif data:
            coded += self._compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        return coded
