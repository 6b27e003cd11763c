"""Spool: a large body on its way into the store.

Its file is where it will stay, and is readable from the beginning; the database lists it with its
head, so that others find it, and the room that it has taken so far.
"""

import contextlib
from pathlib import Path
from typing import Protocol

import msgspec

from porch.cache.bodies import BLOCK, GrowingFile, Writer, path_of
from porch.cache.entry import Entry
from porch.cache.wanted import free, wanted
from porch.reader import OPEN

__all__ = [
    "STEP",
    "DiskSpool",
    "Growing",
    "Keeper",
    "growing_key",
    "growing_prefix",
    "listed",
    "living",
    "read",
]

STEP = 1 << 20
"""Bytes of room that are taken at a time."""


class Growing(msgspec.Struct, array_like=True):
    """What the database says of a body on its way. moment: see Store.moment."""

    ident: bytes
    entry: Entry
    moment: int
    reserved: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Growing).decode


def growing_prefix(primary: bytes) -> bytes:
    """What the keys of all bodies on their way under one key begin with."""
    return bytes((len(primary),)) + primary


def growing_key(primary: bytes, ident: bytes) -> bytes:
    """Of one of them."""
    return growing_prefix(primary) + ident


def listed(growing: Growing) -> bytes:
    """As it stands in the database."""
    return _encode(growing)


def read(value: bytes | memoryview) -> Growing | None:
    """What `listed` made; None for what is damaged."""
    with contextlib.suppress(msgspec.DecodeError):
        return _decode(value)
    return None


def living(folder: Path, growing: Growing) -> GrowingFile | None:
    """Its file; None if nobody writes it any more, and then it is removed."""
    path = path_of(folder, growing.ident)
    with contextlib.suppress(OSError):
        growth = GrowingFile(path, growing.ident, growing.entry)
        if growth.state() != "failed":
            return growth
        path.unlink()
    return None


class Keeper(Protocol):
    """What a spool asks of its store."""

    def take_room(self, primary: bytes, growing: Growing) -> bool:
        """Reserve what `growing` says by now."""

    def keep(self, primary: bytes, growing: Growing, writer: Writer) -> bytes | None:
        """The file is whole: make it part of the store, no longer on its way. The ident of what
        is kept; another than the file's means that the file is not."""

    def give_up(self, primary: bytes, growing: Growing) -> None:
        """It is not on its way any more."""

    def on_trouble(self, error: OSError) -> None:
        """The disk did not take it."""


class DiskSpool:
    """A store.Spool."""

    __slots__ = (
        "_freed",
        "_growing",
        "_is_short",
        "_keeper",
        "_lent",
        "_primary",
        "_writer",
        "ident",
    )

    def __init__(self, keeper: Keeper, primary: bytes, growing: Growing, writer: Writer) -> None:
        self._keeper = keeper
        self._primary = primary
        self._growing = growing
        self._writer: Writer | None = writer
        self._lent = -1  # the descriptor, of one that is
        self._freed = 0
        self._is_short = False  # something of it was not written
        self.ident = growing.ident

    def __del__(self) -> None:
        self.abandon()

    def write(self, data: bytes) -> bool:
        """See store.Spool."""
        writer = self._writer
        if writer is None:
            return False
        if self._lent < 0:
            self._is_short = self._is_short or not self._has_room(writer.size + len(data))
            if self._is_short:
                return False
        try:
            writer.write(data)
        except OSError as error:
            self._is_short = True
            if self._lent < 0:
                self._keeper.on_trouble(error)
            return False
        return True

    def _has_room(self, need: int) -> bool:
        growing = self._growing
        if need <= growing.reserved:
            return True
        growing.reserved = -(-need // STEP) * STEP
        return self._keeper.take_room(self._primary, growing)

    def growth(self) -> GrowingFile | None:
        """See store.Spool."""
        if self._writer is not None:
            with contextlib.suppress(OSError):
                return GrowingFile(self._writer.path, self.ident, self._growing.entry)
        return None

    def lend(self) -> bool:
        """See store.Spool."""
        writer = self._writer
        if writer is None:
            return False
        try:
            descriptor = writer.lend()
            if wanted(descriptor) == OPEN:
                return False
            free(descriptor, writer.size, writer.size + STEP)  # whether that can be done at all
        except OSError:
            return False
        self._lent = descriptor
        self._keeper.give_up(self._primary, self._growing)
        return True

    def free(self, low: int) -> int:
        """See store.Spool."""
        writer = self._writer
        if writer is None or self._lent < 0:
            return OPEN
        first = OPEN
        with contextlib.suppress(OSError):
            first = wanted(self._lent)
            end = min(first, low, writer.size)
            if end - self._freed >= STEP or (end > self._freed and end == writer.size):
                free(self._lent, self._freed // BLOCK * BLOCK, end)
                self._freed = end
        return first

    def finish(self, entry: Entry) -> bytes | None:
        """See store.Spool."""
        if self._is_short and self._lent < 0:
            self.abandon()
        writer, growing = self._writer, self._growing
        if writer is None:
            return None
        self._writer = None
        if self._lent >= 0:
            writer.complete(is_kept=False)
            return None
        growing.entry = entry
        kept = self._keeper.keep(self._primary, growing, writer)
        writer.complete(is_kept=kept == self.ident)
        return kept

    def abandon(self) -> None:
        """See store.Spool."""
        if self._writer is not None:
            self._writer.fail()
            self._writer = None
            if self._lent < 0:
                self._keeper.give_up(self._primary, self._growing)
