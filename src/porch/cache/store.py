"""The store: where answers are kept, as the rest of the cache knows it.

`disk_store.DiskStore` (shared by all workers) and `memory_store.MemoryStore` (one process) are
stores; `opening` makes the first. All calls are synchronous, short, and come from one thread of a
process. None of them raises for what a disk does: a store that cannot, keeps less.

    number, moment = store.generations[store.cell(primary)], store.moment()
    for variant in store.variants(primary): ...             # chosen by what the request says
    found = store.load(variant.ident)                       # None: a miss
    store.seen(found.ident)
    ...                                                     # the origin is asked
    store.save(primary, entry, body, moment)                # the moment before it was asked
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

import msgspec

from porch.cache.entry import Entry
from porch.http.message import Field

__all__ = [
    "LEAST",
    "SMALL",
    "VARIANTS",
    "FileBody",
    "Growth",
    "GrowthState",
    "Save",
    "Scope",
    "Spool",
    "Stat",
    "Store",
    "StoreError",
    "Stored",
    "Variant",
    "Ways",
]

LEAST = 8 << 20
"""Bytes: a smaller store on a disk would be full of its own pages."""
SMALL = 64 * 1024
"""Bytes: a body up to this is kept beside its entry and comes as bytes, a larger one as a file."""
VARIANTS = 64
"""The most variants of one primary key; the oldest goes for one more."""

Scope = Literal["url", "prefix", "host", "tag", "all"]
"""What a purge names: an Entry.url, what it begins with, its host (lower-case, without port, of
either scheme), one of Entry.tags, everything (the value is then b"")."""

Ways = Mapping[bytes, bytes]
"""By hosts, or b"*" for more than one: by what keys what is kept of them is let go of (ways.py)."""

GrowthState = Literal["growing", "complete", "failed"]


class StoreError(Exception):
    """The store cannot be opened. It says why and what to change."""


class Variant(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """One stored answer of a primary key. ident: to load it by. vary, received: of its entry."""

    ident: bytes
    vary: list[Field]
    received: float


class Save(NamedTuple):
    """An answer to be kept, with a body of up to SMALL bytes (Store.save); or, with the ident of
    one that is kept, what its entry is from now on, whatever `body` (Store.freshen)."""

    primary: bytes
    entry: Entry
    body: bytes
    moment: int
    ident: bytes = b""


class FileBody(Protocol):
    """A large body. It stays readable when the store lets go of it; the descriptor closes when
    this object goes.

    length: bytes. descriptor: of a file that holds the body and nothing else, for os.sendfile;
    nobody moves its position, and it must not be closed.
    """

    length: int
    descriptor: int

    def read(self, first: int, size: int) -> bytes | None:
        """Up to `size` bytes from `first`, checked. None: the file is damaged; the answer is to
        be cut, and the store has let go of it."""

    def is_sound(self, first: int, end: int) -> bool:
        """Whether the bytes from `first` to before `end` are what was written: for who sends them
        by the descriptor. Each 256 KiB are looked at once a worker (about 0.1 ms), then known."""


class Stored:
    """What was loaded. is_purged: softly: stale from now on whatever its lifetime says, but good
    for stale-while-revalidate, stale-if-error and validation."""

    __slots__ = ("body", "entry", "ident", "is_purged")

    def __init__(self, ident: bytes, entry: Entry, body: bytes | FileBody, is_purged: bool) -> None:
        self.ident = ident
        self.entry = entry
        self.body = body
        self.is_purged = is_purged


class Spool(Protocol):
    """A body on its way in, in a file that others can read from meanwhile. One of `finish` and
    `abandon` ends it, lent or not; a worker's death does too, as abandon would.

    ident: that of its Growth too. What is kept may have another, which `finish` says.
    """

    ident: bytes

    def write(self, data: bytes) -> bool:
        """Add to the body. False: there is no room, or the body is longer than half of the store
        may be: it will not be kept. How much of it is there all the same says its Growth; it is to
        be lent or abandoned then."""

    def growth(self) -> "Growth | None":
        """Itself, as others follow it. None where its file has gone."""

    def lend(self) -> bool:
        """It will not be kept, and nobody else finds it; those in other workers who follow it read
        on. False where there is none, or the system cannot do it. From now on `write` takes no room
        but what the disk has, and may be tried again."""

    def free(self, low: int) -> int:
        """Of one that is lent: bytes before `low` are not wanted here any more. The first that
        anybody wants yet; those before it take no room any more. reader.OPEN where nobody in
        another worker wants any."""

    def finish(self, entry: Entry) -> bytes | None:
        """All is there: keep it, under this entry, whose length is the right one by now. The
        ident, or None where it could not be kept (who follows has it whole all the same)."""

    def abandon(self) -> None:
        """Keep nothing of it; who follows sees "failed". Once more does nothing."""


class Growth(Protocol):
    """A body that another worker (or this one) is writing. The descriptor closes with the object.

    entry: as it began: its length is what the origin said, -1 for not known.
    descriptor: of its file; what `size` says can be read with os.pread, also when it is complete
    and when the store has let go of it.
    """

    ident: bytes
    entry: Entry
    descriptor: int

    def size(self) -> int:
        """Bytes that are there by now: about 1 us."""

    def state(self) -> GrowthState:
        """Look at it after `size`, and where it says "complete" ask `size` once more. "failed":
        abandoned, or its worker died."""


class Stat(msgspec.Struct, frozen=True, kw_only=True):
    """The store in numbers, over all workers; what counts events, since the door was started.

    size, max_size: bytes, of the database's pages and of files. objects: stored answers; files:
    those with a file. growing: bodies on their way. purges: those that are still looked at.
    evicted: for room. expired: swept. damaged: found so and removed. refused: not stored for want
    of room.
    """

    size: int = 0
    max_size: int
    objects: int = 0
    files: int = 0
    growing: int = 0
    purges: int = 0
    evicted: int = 0
    expired: int = 0
    damaged: int = 0
    refused: int = 0


class Store(Protocol):
    """See above. primary: 1 to 64 bytes, a digest of the key.

    generations: numbers that all workers share; that of `cell(primary)` changes whenever an answer
    stored under that key may no longer be served as it was: replaced, joined by a variant,
    freshened, removed, purged. Read it BEFORE what is kept with it is loaded; while it is the same
    afterwards, what was loaded may be served without asking the store, for as long as its entry is
    fresh. A new key changes no number, and neither does eviction.
    writes: one number that all workers share, another one whenever anything has been stored. While
    it is as it was before what is stored was looked up, there is no more than was found.
    """

    generations: memoryview
    writes: memoryview

    def cell(self, primary: bytes) -> int:
        """Which of `generations` is that of this key."""

    def now(self) -> float:
        """The clock of the store, that Entry.received is by: seconds that run on over restarts of
        the door and are never set. After a restart of the machine with a time of day that lies
        before what is stored, it has leapt so far that all that is stored has expired."""

    def moment(self) -> int:
        """To be read before the origin is asked, and given to what stores its answer: a purge
        that came between is a purge of that answer too."""

    def variants(self, primary: bytes) -> list[Variant]:
        """What is stored under this key, the newest first. Purged ones may be among them."""

    def load(self, ident: bytes) -> Stored | None:
        """A stored answer; None where it is missing, purged or damaged (and then removed)."""

    def seen(self, ident: bytes) -> None:
        """It was served: counts for eviction. At most one byte is written."""

    def save(self, primary: bytes, entry: Entry, body: bytes, moment: int) -> bytes | None:
        """Keep an answer, in place of the one under this key whose `vary` is the same. Its ident;
        None where it is not kept (no room, the disk is full, purged meanwhile)."""

    def save_all(self, saves: Sequence[Save]) -> list[bytes | None] | None:
        """Keep or freshen several in one write, in this order: for each its ident, or None where
        that cannot be. None of them is there before all are. It waits for nobody: None where
        another worker writes just now, and nothing was done."""

    def on_hanging(self) -> None:
        """Others wrote each time that `save_all` was tried: what was to be saved is not, and the
        operator is told."""

    def spool(self, primary: bytes, entry: Entry, moment: int) -> Spool | None:
        """Begin to keep a body that is large or of unknown length, and let others follow it.
        None where it cannot be."""

    def follow(self, primary: bytes) -> list[Growth]:
        """The bodies on their way under this key, by spools of all workers: which of them fits
        the request is said by the `vary` of its entry."""

    def freshen(self, primary: bytes, ident: bytes, entry: Entry, moment: int) -> bool:
        """It was validated: from now on its entry is this. False where it is not there any more.
        moment: before the origin was asked; no soft purge before it counts any more."""

    def remove(self, primary: bytes, ident: bytes) -> bool:
        """Keep this variant no longer. Whether it was there."""

    def forget(self, primary: bytes, *made: bytes) -> bool:
        """Keep nothing under this key (RFC 9111 4.4), and nothing that was asked for before now; in
        force in all workers when this returns. Nor under the keys `made`, by which the door keeps
        what no origin was asked for. Whether there was anything. What can't be noted purges
        everything instead."""

    def purge(self, scope: Scope, value: bytes = b"", *, soft: bool = False) -> None:
        """Whatever is named was purged: in force in all workers when this returns, however much
        it is; about 0.1 ms. What can't be noted (a full disk) purges everything instead."""

    def attend(self, ways: Ways) -> None:
        """A configuration has come into force in this worker, by which what is kept is let go of
        so when its URL is changed. What was kept by other ways is purged; in a store that outlives
        the door, those of before its start count too."""

    def is_attended(self) -> bool:
        """Whether what is kept by the ways of this worker is all that is kept. It is not while a
        configuration with other ways comes into force, by an upgrade say."""

    def sweep(self) -> None:
        """A small step (under 1 ms) of looking for what has expired or was purged, and for what
        dead workers left. To be called now and then, by one of the workers or by all."""

    def stat(self) -> Stat:
        """The store in numbers."""

    def top(self, count: int) -> list[tuple[bytes, int]]:
        """The urls that were served most of late, with how often (up to 255, and counted anew
        each time that eviction comes by); under 50 ms."""

    def close(self) -> None:
        """This worker is done with it."""
