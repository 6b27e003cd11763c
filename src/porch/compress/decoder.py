"""Decoder: bodies that somebody else has coded, back to what they were; within bounds, for a few
bytes may stand for gigabytes."""

import zlib
from collections.abc import Iterator
from typing import Protocol, cast

import brotli  # type: ignore[import-untyped]
import zstandard
from isal import isal_zlib

__all__ = [
    "CODINGS",
    "FLOOR",
    "RATIO",
    "ROOM",
    "STEP",
    "Crowded",
    "Damaged",
    "Decoder",
    "TooMuch",
    "windows",
]

CODINGS = frozenset((b"gzip", b"x-gzip", b"deflate", b"br", b"zstd"))

RATIO = 200
"""How many bytes a byte may stand for, behind the first FLOOR. Text has 3 to 50; gzip can have
1000, the others more."""
FLOOR = 16 << 20
STEP = 1 << 17
"""Bytes that are decoded at once, up to twice as many; who asks for more has had these taken."""
_WINDOW = 8 << 20
"""The largest that need be read (RFC 9659 3)."""
_WINDOWS = {b"zstd": _WINDOW, b"br": 16 << 20}
"""Bytes that a decoder keeps of what it has made, at most; 32 KB of the others."""
_SMALL = 32 << 10
ROOM = 128 << 20
"""Bytes of the windows of all bodies that a worker decodes at a time."""

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


class Crowded(Exception):
    """Others that are being decoded have all the memory that there is for it."""


class Windows:
    """used: bytes that all decoders of this process keep of what they have made."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used = 0


windows = Windows()


class Decoder:
    """One body. What comes of a piece is asked for step by step: all of it at once might be a
    thousand times as much.

    waits: whether more may come of what was given. held: bytes that were given and not decoded yet.
    """

    __slots__ = ("_decoder", "_end", "_in", "_most", "_out", "_widest", "_window", "waits")

    def __init__(self, coding: bytes, most: int | None = None) -> None:
        """coding: one of CODINGS. most: bytes that may come of it, None for no bound but RATIO."""
        self._decoder = _decoder(coding)
        self._widest = _WINDOWS.get(coding, _SMALL)
        self._window = 0
        self._most = most
        self._in = self._out = 0
        self._end = self.waits = False

    @property
    def held(self) -> int:
        """See the class."""
        return len(self._decoder.held)

    def give(self, data: bytes, end: bool) -> None:
        """The next piece of the coded body."""
        self._in += len(data)
        self._decoder.held += data
        self._end = end
        self.waits = True

    def take(self) -> bytes:
        """What comes next, about STEP bytes at most. Raises Damaged, TooMuch and Crowded, which
        keep nothing of it."""
        self._widen()
        bound = max(FLOOR, RATIO * self._in)
        left = min(bound, bound if self._most is None else self._most) - self._out
        size = min(STEP, left + 1)
        why = ""
        try:
            made = self._decoder.take(size)
        except _ERRORS as error:
            why = str(error) or "it is no such coding"
        if why:
            raise Damaged(why)
        self._out += len(made)
        if len(made) > left:
            del made
            raise TooMuch(f"more than {self._out} bytes of {self._in}")
        self.waits = len(made) >= size
        if self._end and not self.waits:
            self.close()
        is_cut = self._in and (self._decoder.held or not self._decoder.is_over)
        if self._end and not self.waits and is_cut:
            del made
            raise Damaged("it is cut off")
        return made

    def close(self) -> None:
        """It is over, or nobody wants more of it. Whoever has one calls it, once or more."""
        windows.used -= self._window
        self._window = self._widest = 0

    __del__ = close

    def _widen(self) -> None:
        """Its window has as much of what was made as it is wide."""
        wide = min(self._out, self._widest)
        if wide > self._window:
            if windows.used + wide - self._window > ROOM:
                raise Crowded
            windows.used += wide - self._window
            self._window = wide

    def steps(self, data: bytes, end: bool) -> Iterator[bytes]:
        """All that comes of a piece."""
        self.give(data, end)
        while self.waits:
            yield self.take()


class _Decodes(Protocol):
    """held: what was given and is not decoded yet. is_over: whether what came is whole."""

    held: bytes

    @property
    def is_over(self) -> bool: ...

    def take(self, size: int) -> bytes:
        """What comes of it: less than `size` where that is all, for now, and not much more."""


class _Inflates(Protocol):
    """One member; several may stand behind each other."""

    eof: bool
    unused_data: bytes
    unconsumed_tail: bytes

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Zlib:
    """gzip, of one or more members; or deflate, which is zlib's form or, from some, a bare one."""

    def __init__(self, bits: int) -> None:
        """bits: zlib's window bits; 0 to find out."""
        self._bits = bits
        self._part: _Inflates | None = None
        self.held = b""
        self.is_over = False

    def take(self, size: int) -> bytes:
        """See _Decodes."""
        made, left = [], size
        while left > 0:
            if self._part is None and not self._begin():
                break
            assert self._part is not None
            piece = self._part.decompress(self.held, left)
            made.append(piece)
            if self._part.eof:
                self.is_over = True
                self.held = self._part.unused_data
                self._part = None
            else:
                self.held = self._part.unconsumed_tail
                if len(piece) < left:
                    break
            left -= len(piece)
        return b"".join(made)

    def _begin(self) -> bool:
        """Begin with what stands there, if anything does."""
        data = self.held
        if not data:
            return False
        if self.is_over and self._bits != 31:
            raise zlib.error("something stands behind it")
        if not self._bits:
            if len(data) < 2:
                return False
            has_head = data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._bits = 15 if has_head else -15
        self._part = cast("_Inflates", isal_zlib.decompressobj(self._bits))
        self.is_over = False
        return True


class _Brotli:
    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()
        self.held = b""

    @property
    def is_over(self) -> bool:
        """See _Decodes."""
        return bool(self._decompressor.is_finished())

    def take(self, size: int) -> bytes:
        """See _Decodes. It says that it takes more while some of the last is still in it."""
        made, left = [], size
        while left > 0:
            data = b""
            if self.held and self._decompressor.can_accept_more_data():
                data, self.held = self.held, b""
            piece: bytes = self._decompressor.process(data, output_buffer_limit=left)
            made.append(piece)
            left -= len(piece)
            if not piece and not self.held:
                break
        return b"".join(made)


class _Zstd:
    """Its library has no bound for what it makes, but no block makes more than 128 KB (RFC 8878
    3.1.1.2.4): it is given one at a time. left: bytes of the present one yet to be given."""

    def __init__(self) -> None:
        self._context = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        self._part: zstandard.ZstdDecompressionObj | None = None
        self._left = self._sum = 0
        self._in_frame = False
        self.held = b""
        self.is_over = False

    def take(self, size: int) -> bytes:
        """See _Decodes."""
        made, left, place, held = [], size, 0, self.held
        while left > 0:
            self._left = self._left or self._next(held[place : place + 18])
            piece = held[place : place + self._left]
            if not piece:
                break
            place += len(piece)
            self._left -= len(piece)
            part = self._part = self._part or self._context.decompressobj()
            made.append(part.decompress(piece))
            left -= len(made[-1])
            self.is_over = part.eof
            if part.eof:
                self._part = None
        self.held = held[place:]
        return b"".join(made)

    def _next(self, data: bytes) -> int:
        """Bytes of what comes next, a frame's head or a block; 0 where too little is here to tell.
        What is neither is given whole: the library says what it is."""
        if self._in_frame:
            if len(data) < 3:
                return 0
            head = int.from_bytes(data[:3], "little")
            self._in_frame = not head & 1
            content = 1 if head >> 1 & 3 == 1 else head >> 3
            return 3 + content + (0 if self._in_frame else self._sum)
        if len(data) < 5:
            return 0
        if data[1:4] == b"\x2a\x4d\x18":  # it is skipped
            return 8 + int.from_bytes(data[4:8], "little") if len(data) >= 8 else 0
        flags = data[4]
        is_single = flags >> 5 & 1
        size_of_size = (is_single, 2, 4, 8)[flags >> 6]
        self._sum = 4 if flags & 4 else 0
        self._in_frame = True
        return 5 + (not is_single) + (0, 1, 2, 4)[flags & 3] + size_of_size


def _decoder(coding: bytes) -> _Decodes:
    if coding == b"br":
        return _Brotli()
    if coding == b"zstd":
        return _Zstd()
    return _Zlib(0 if coding == b"deflate" else 31)
