"""Spool: a large body on its way into the store.

Its file is where it will stay, and is readable from the beginning; the database lists it with its
head, so that others find it, and the room that it has taken so far.
"""

import contextlib
from pathlib import Path
from typing import Protocol

import msgspec

from porch.cache.bodies import GrowingFile, Writer, path_of
from porch.cache.entry import Entry

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

    __slots__ = ("_growing", "_keeper", "_primary", "_writer", "ident")

    def __init__(self, keeper: Keeper, primary: bytes, growing: Growing, writer: Writer) -> None:
        self._keeper = keeper
        self._primary = primary
        self._growing = growing
        self._writer: Writer | None = writer
        self.ident = growing.ident

    def __del__(self) -> None:
        self.abandon()

    def write(self, data: bytes) -> bool:
        """See store.Spool."""
        writer, growing = self._writer, self._growing
        if writer is None:
            return False
        need = writer.size + len(data)
        if need > growing.reserved:
            growing.reserved = -(-need // STEP) * STEP
            if not self._keeper.take_room(self._primary, growing):
                self.abandon()
                return False
        try:
            writer.write(data)
        except OSError as error:
            self.abandon()
            self._keeper.on_trouble(error)
            return False
        return True

    def finish(self, entry: Entry) -> bytes | None:
        """See store.Spool."""
        writer, growing = self._writer, self._growing
        if writer is None:
            return None
        self._writer = None
        growing.entry = entry
        kept = self._keeper.keep(self._primary, growing, writer)
        writer.complete(is_kept=kept == self.ident)
        return kept

    def abandon(self) -> None:
        """See store.Spool."""
        if self._writer is not None:
            self._writer.fail()
            self._writer = None
            self._keeper.give_up(self._primary, self._growing)
