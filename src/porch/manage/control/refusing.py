"""Refusing: what somebody asked for and may not have, or had asked for too late, told in few lines.

Whoever may do little can ask for much, and as often as he likes: a line for each would fill disks,
and turn out of the audit what others have done. So the first is told at once, and those that are
alike are counted, and told together once in a while.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from porch import clock

__all__ = ["MOST", "OTHERS", "QUIET", "Refusal", "Refusing"]

QUIET = 600.0
"""Seconds within which what is refused once more is only counted."""
MOST = 64
"""Kinds of refusals that are told apart at once. A line has 2 KiB at most, most have 300 bytes: 64
of them every ten minutes are 3 MB a day, where the audit keeps 50."""
OTHERS = "others"
"""Who, where those who are told apart are too many."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """what: the operation. who: has asked. error: a sentence. words: checked; empty where nobody
    has looked at them. at: when, in seconds of the wall clock."""

    what: str
    who: str
    error: str
    words: Mapping[str, object] = field(default_factory=dict)
    at: float = field(default_factory=clock.wall)


class _Counted:
    """latest: of those that came behind the one that was told. times: how many. until: told then,
    in seconds of a clock that never goes back."""

    __slots__ = ("latest", "times", "until")

    def __init__(self, until: float) -> None:
        self.latest: Refusal | None = None
        self.times = 0
        self.until = until


class Refusing:
    """tell: called with one, and how many others like it came since the last one that was told,
    itself among them; 0 for the first. quiet: seconds, see QUIET."""

    __slots__ = ("_known", "_quiet", "_tell")

    def __init__(self, tell: Callable[[Refusal, int], None], quiet: float = QUIET) -> None:
        self._tell = tell
        self._quiet = quiet
        self._known: dict[tuple[str, ...], _Counted] = {}

    def __repr__(self) -> str:
        return f"<Refusing {len(self._known)}>"

    def note(self, refusal: Refusal, times: int = 1) -> None:
        """Something was refused. times: so often since the last word of it."""
        kind: tuple[str, ...] = refusal.what, refusal.who, refusal.error
        if kind not in self._known and len(self._known) >= MOST:
            refusal = replace(refusal, who=OTHERS, words={})
            kind = (refusal.what,)
        counted = self._known.get(kind)
        if counted is None:
            counted = self._known[kind] = _Counted(clock.monotonic() + self._quiet)
            self._tell(refusal, 0)
            times -= 1
        if times:
            counted.latest = replace(refusal, words={})  # those of others may be others, and long
            counted.times += times

    def tick(self) -> None:
        """Tell what was counted for long enough. Called every now and then."""
        now = clock.monotonic()
        for kind in [kind for kind, each in self._known.items() if each.until <= now]:
            counted = self._known[kind]
            latest, times = counted.latest, counted.times
            if latest is None:
                del self._known[kind]
                continue
            self._known[kind] = _Counted(now + self._quiet)
            self._tell(latest, times)

    def close(self) -> None:
        """Tell all that was counted: nobody will be there to do so later."""
        known, self._known = self._known, {}
        for each in known.values():
            if each.latest is not None:
                self._tell(each.latest, each.times)
