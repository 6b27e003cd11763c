"""A way to show who one is that cannot be asked: nobody is let in by it."""

from porch.exchange import Exchange
from porch.shield.auth_errors import CannotTell

__all__ = ["Unasked"]


class Unasked:
    """See auth.Way. why: in words."""

    challenge = b""

    __slots__ = ("_why",)

    def __init__(self, why: str) -> None:
        self._why = why

    def identify(self, exchange: Exchange) -> CannotTell:
        """See auth.Way."""
        return CannotTell(self._why)
