"""Level: how much is refused, from the least important on.

All requests stand in one row: by their importance, and within one by a number of their client's.
The level is a place in that row: what stands below it is refused. So who is of less importance
goes first, and of those who are alike some are served whole instead of all a little. It moves by
shares of what was let in, counted by importance, as in WeChat's DAGOR.
"""

from porch.route.route import HIGH

__all__ = ["KINDS", "NAMES", "Level"]

KINDS = HIGH + 1
"""Of importance that may be refused: from LOW to HIGH."""
NAMES = ("low", "normal", "high")
"""As they are written and counted."""

_FAR = 0.25
"""How much the level falls at a time, at most."""
_FEW = 0.02
"""The part of all that is let in below which an importance does not count."""


class Level:
    """at: from 0.0, nobody is refused, to KINDS. let_in, refused: since the last move, by
    importance; who judges counts."""

    __slots__ = ("at", "let_in", "refused")

    def __init__(self) -> None:
        self.at = 0.0
        self.let_in = [0] * KINDS
        self.refused = [0] * KINDS

    def __repr__(self) -> str:
        return f"<Level {self.at:.2f}>"

    def rise(self, part: float) -> None:
        """Refuse this part of what was let in, from 0 to 1."""
        wanted = part * sum(self.let_in)
        for kind, count in enumerate(self.let_in):
            width = kind + 1 - max(self.at, kind)
            if width <= 0:
                continue
            if wanted < count:
                self.at = kind + 1 - width + width * wanted / count
                return
            self.at = kind + 1.0
            wanted -= count

    def fall(self, part: float) -> None:
        """Let in so much more, as a part of what was let in; a little where nothing was. Who did
        not come lately may come again: it does not fall far at a time."""
        wanted = part * max(sum(self.let_in), sum(self.refused) / 4)
        lowest = self.at - _FAR
        for kind in reversed(range(KINDS)):
            width = min(self.at, kind + 1) - kind
            if width <= 0:
                continue
            count = self.refused[kind]
            if wanted < count:
                self.at -= width * wanted / count
                break
            self.at = float(kind)
            wanted -= count
        self.at = max(self.at, lowest)

    def least(self) -> int:
        """The least importance of those let in, but for a few; the last one's where none was."""
        few = sum(self.let_in) * _FEW
        return next((kind for kind, count in enumerate(self.let_in) if count > few), HIGH)

    def begin(self) -> None:
        """Count anew."""
        self.let_in = [0] * KINDS
        self.refused = [0] * KINDS
