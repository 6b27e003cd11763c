"""Patient: what `porch doctor` looks at, and what it says of it.

A finding is one sentence with the way out. Nothing here looks at anything: its neighbours do.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from porch.config.build import Built
from porch.config.loaded import Loaded

if TYPE_CHECKING:
    import dns.resolver

__all__ = ["Check", "Found", "Patient", "Said", "look", "ok", "wrong"]

Said = Literal["ok", "look", "wrong"]
"""ok: as it should be. look: it may hinder, or cannot be told from here. wrong: it hinders."""


@dataclass(frozen=True, slots=True)
class Found:
    """check: what was looked at, in a word or two. sentence: what was found, and the way out where
    one is needed; no full stop."""

    check: str
    said: Said
    sentence: str


def ok(check: str, sentence: str) -> Found:
    """All is well."""
    return Found(check, "ok", sentence)


def look(check: str, sentence: str) -> Found:
    """Somebody should look at it."""
    return Found(check, "look", sentence)


def wrong(check: str, sentence: str) -> Found:
    """It hinders the door, or will."""
    return Found(check, "wrong", sentence)


def _system_resolver() -> "dns.resolver.Resolver":
    import dns.resolver  # late: it costs 60 ms

    return dns.resolver.Resolver()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """config: the file of the door. loaded, built: what it says; None where it cannot be loaded.
    status: what the door that runs has answered, None if none does. root: of the file system that
    tells of the machine. resolver: makes who is asked for public names; raises DNSException."""

    config: Path
    loaded: Loaded | None = None
    built: Built | None = None
    status: Mapping[str, Any] | None = None
    root: Path = Path("/")
    resolver: "Callable[[], dns.resolver.Resolver]" = field(default=_system_resolver)

    def read(self, path: str) -> str:
        """What a file of the system says; "" where it does not."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    @property
    def processes(self) -> list[int]:
        """The door's, the supervisor first; none where none runs."""
        if self.status is None:
            return []
        return [self.status["pid"], *(each["pid"] for each in self.status["workers"])]


Check = Callable[[Patient], Iterable[Found]]
"""Looks at one thing. It may raise: see examination.py."""
