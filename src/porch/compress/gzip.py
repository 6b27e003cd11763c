"""gzip (RFC 1952) by ISA-L: at zlib's size for a tenth of its time."""

import zlib
from typing import Protocol, cast

from isal import igzip_lib, isal_zlib

from porch.compress.coder import HOT, Stream

__all__ = ["Gzip"]

_LEVELS = (1, 1, 2)
"""Level 0 leaves a tenth more for a tenth less time, level 3 takes twice the time for little."""
_MEMORY = (172_000, 172_000, 212_000)
_CONTAINER = 31
"""Of zlib's window bits: 32 KB, and a gzip header around it."""


class _Compress(Protocol):
    def compress(self, data: bytes) -> bytes: ...

    def flush(self, mode: int) -> bytes: ...


class Gzip:
    """See coder.Coder."""

    __slots__ = ()

    name = b"gzip"

    def whole(self, data: bytes, effort: int) -> bytes:
        """See Coder. HOT is zlib's best, which ISA-L has no level for."""
        if effort == HOT:
            return zlib.compress(data, 9, _CONTAINER)
        coded: bytes = igzip_lib.compress(data, _LEVELS[effort], igzip_lib.COMP_GZIP)
        return coded

    def plain(self, coded: bytes) -> bytes:
        """See Coder."""
        return zlib.decompress(coded, _CONTAINER)

    def stream(self, effort: int) -> Stream:
        """See Coder."""
        made = isal_zlib.compressobj(_LEVELS[effort], isal_zlib.DEFLATED, _CONTAINER)
        return _Gzipping(cast("_Compress", made))

    def memory(self, effort: int) -> int:
        """See Coder."""
        return _MEMORY[effort]


class _Gzipping:
    __slots__ = ("_compress",)

    def __init__(self, compress: _Compress) -> None:
        self._compress = compress

    def change(self, data: bytes, end: bool) -> bytes:
        coded = self._compress.compress(data) if data else b""
        if data or end:
            coded += self._compress.flush(isal_zlib.Z_FINISH if end else isal_zlib.Z_SYNC_FLUSH)
        return coded
