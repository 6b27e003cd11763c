"""What getting certificates needs of others: a store, and the certificates that are there.

Interfaces alone. Any object with these functions will do.
"""

from typing import Protocol

__all__ = ["Held", "Lease", "Store"]


class Lease(Protocol):
    """A lock of the store that its holder has for some seconds, and may have for longer."""

    def renew(self) -> object:
        """Have it for its time again. False, or an exception, says that it is lost."""

    def release(self) -> object:
        """Give it back."""


class Store(Protocol):
    """Named contents that processes, and machines, share. A write is whole or did not happen."""

    def read(self, name: str, /) -> bytes | None:
        """What is kept under `name`; None if nothing is."""

    def write(self, name: str, data: bytes, /) -> object:
        """Keep `data`, also over a loss of power."""

    def delete(self, name: str, /) -> object:
        """Keep it no more. There need not be any."""

    def names(self, prefix: str = "", /) -> list[str]:
        """All that begin with `prefix`."""

    def lock(self, name: str, seconds: float, /) -> Lease | None:
        """Have `name` alone for `seconds`; None if somebody else has it."""


class Held(Protocol):
    """A certificate that is there already."""

    @property
    def names(self) -> tuple[str, ...]:
        """Whom it is for."""

    @property
    def chain(self) -> bytes:
        """PEM, its own certificate first."""

    @property
    def directory(self) -> str:
        """The URL of the authority that made it; "" for none that can be asked."""

    @property
    def not_before(self) -> int:
        """Seconds since 1970."""

    @property
    def not_after(self) -> int:
        """Seconds since 1970."""
