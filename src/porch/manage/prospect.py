"""Prospect: a configuration that may come into force, with all that takes time done.

Nothing that runs is touched here, so it can be done beside it (errand.py).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from porch.config.difference import difference
from porch.config.handover import pack
from porch.config.loaded import Loaded
from porch.manage.candidate import Candidate, Stamp, stamps
from porch.manage.columns import Columns
from porch.manage.columns import pack as pack_columns
from porch.manage.parcel import Parcel

__all__ = ["UNCHANGED", "Load", "Prospect", "Refusal", "compared", "examined"]

Load = Callable[[], Loaded]

UNCHANGED = "nothing was changed, the running configuration stays."


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A configuration that does not come into force. text: every reason.

    stamps: of the files to be watched from now on, as they were before they were read; None if
    none were.
    """

    text: str
    stamps: dict[Path, Stamp] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """load: what gave it. columns: how many of the parcel's pieces say where workers count its
    endpoints; the others are what they build it from. stamps: see Refusal."""

    load: Load
    candidate: Candidate
    columns: int
    parcel: Parcel
    stamps: dict[Path, Stamp]


def examined(load: Load, watched: Iterable[Path], columns: Columns) -> Prospect | Refusal:
    """Load, check and pack. watched: the files of the configuration that runs. columns: new
    endpoints get theirs."""
    before = stamps(watched)
    try:
        loaded = load()
    except LookupError as error:
        return Refusal(text=f"{error.args[0]}\n{UNCHANGED}")
    candidate = Candidate.examine(loaded)
    if candidate is None:
        return Refusal(text=loaded.report(running=True), stamps=stamps(loaded.files) | before)
    try:
        pieces = pack(loaded)
        of_columns = pack_columns(columns.assign(candidate.endpoints))
        parcel = Parcel(chain(of_columns, pieces))
    except (ValueError, OSError) as error:
        return Refusal(text=f"{error}\n{UNCHANGED}", stamps=stamps(loaded.files) | before)
    now = stamps(candidate.files)
    return Prospect(
        load=load,
        candidate=candidate,
        columns=len(of_columns),
        parcel=parcel,
        stamps={file: before.get(file, stamp) for file, stamp in now.items()},
    )


def compared(running: Loaded, load: Load) -> list[str] | Refusal:
    """What `load` would change, in words."""
    loaded = load()
    if Candidate.examine(loaded) is None:
        return Refusal(text=loaded.report(running=True))
    return difference(running, loaded)
