"""Snapshot: a configuration as it was when it ran, to run again whatever the disk says now."""

import base64
import contextlib
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from porch import clock
from porch.config.load import load, load_mapping
from porch.config.loaded import Loaded, content
from porch.config.withheld import DIGEST

__all__ = ["SHOWN", "Snapshot"]

SHOWN = 12
"""Digits of a hash that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that `load` and `build` need of the disk.

    name: what problems without a file are reported for. files: those with words, the first one
    named by the operator; none of a configuration from Python. contents: of these and of all that
    they name: certificates, keys, secrets. They are in memory alone and never shown; `dump` has
    them too. What `${NAME}` stood for is not in here: the environment of a process stays. lists:
    those of them that hold networks.
    data: the words of a configuration from Python. again: what loads one whose words are not known.
    hash: of all names and contents, in hex. at: when it was loaded, in seconds of the wall clock.
    """

    name: str
    files: tuple[Path, ...] = ()
    contents: Mapping[Path, bytes] = field(default_factory=dict, repr=False)
    lists: tuple[Path, ...] = ()
    data: Mapping[str, Any] | None = field(default=None, repr=False)
    again: Callable[[], Loaded] | None = field(default=None, repr=False, compare=False)
    hash: str
    at: float

    @property
    def short(self) -> str:
        """The hash as it is shown."""
        return self.hash[:SHOWN]

    @classmethod
    def of(
        cls,
        loaded: Loaded,
        *,
        data: Mapping[str, Any] | None = None,
        again: Callable[[], Loaded] | None = None,
        lists: Sequence[Path] = (),
    ) -> "Snapshot":
        """What was loaded just now, and built: that reads certificates. It must be ok.

        data, again: see above; of a configuration from files they are not needed.
        """
        contents = dict(loaded.contents)
        return cls(
            name=loaded.name,
            files=tuple(loaded.files),
            contents=contents,
            lists=tuple(each for each in lists if each in contents),
            data=data,
            again=again,
            hash=_hash_files(loaded) if loaded.files else _hash_words(loaded),
            at=clock.wall(),
        )

    def load(self) -> Loaded:
        """Load it again, without the disk. Raises LookupError if it came from Python and its
        words are not known any more.

        But what proves who somebody is, is as the disk has it now, where it is there: a key that
        was replaced since, because it was stolen, or an authority that was taken out, must not
        come back. Nor may an address that is blocked by now.
        """
        if self.files:
            words = {*self.files}
            contents = dict(self.contents)
            for file in [each for each in contents if each not in words]:
                with contextlib.suppress(OSError, ValueError):
                    fresh = content(file)
                    if (
                        file in self.lists
                        or contents[file].startswith(DIGEST.encode())  # a token's, see withheld.py
                        or b"-----BEGIN " in fresh
                        or file.suffix.lower() in (".p12", ".pfx")
                    ):
                        contents[file] = fresh
            return load(self.files[0], contents=contents, included=self.files[1:])
        if self.data is not None:
            return load_mapping(self.data, self.name)
        if self.again is not None:
            return self.again()
        raise LookupError(f"configuration {self.short} came from Python and cannot be loaded again")

    def dump(self) -> dict[str, Any]:
        """Plain data, for JSON too as long as `data` is. `again` is lost."""
        return {
            "name": self.name,
            "files": [str(file) for file in self.files],
            "contents": {
                str(file): base64.b64encode(content).decode()
                for file, content in self.contents.items()
            },
            "lists": [str(file) for file in self.lists],
            "data": self.data,
            "hash": self.hash,
            "at": self.at,
        }

    @classmethod
    def restore(cls, dumped: Mapping[str, Any]) -> "Snapshot":
        """What `dump` gave. Raises LookupError, TypeError or ValueError for anything else."""
        return cls(
            name=str(dumped["name"]),
            files=tuple(map(Path, dumped["files"])),
            contents={
                Path(file): base64.b64decode(text, validate=True)
                for file, text in dumped["contents"].items()
            },
            lists=tuple(map(Path, dumped.get("lists", ()))),
            data=dumped["data"],
            hash=str(dumped["hash"]),
            at=float(dumped["at"]),
        )


def _hash_files(loaded: Loaded) -> str:
    """The same on another machine, if the files lie there in the same way."""
    parts = [
        part
        for file in sorted(loaded.contents, key=str)
        for part in (os.path.relpath(file, loaded.base).encode(), loaded.contents[file])
    ]
    return _hash(parts)


def _hash_words(loaded: Loaded) -> str:
    routes = [(entry.key, entry.raw) for entry in loaded.routes]
    words = (loaded.config, loaded.sites, loaded.pools, routes)
    return _hash([repr(each).encode() for each in words])


def _hash(parts: list[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        # With their lengths, so that nothing can move from one part to the next.
        digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()
