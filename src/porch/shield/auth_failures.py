"""Who shows wrong credentials: counted by address, by all workers together, over reloads.

In the memory of limits (limit_table.py), which is of a fixed size, for clients choose where they
come from.
"""

from porch import clock
from porch.shield.auth_errors import TooManyFailures
from porch.shield.limit_keys import network
from porch.shield.limit_table import LimitRow, LimitTable
from porch.shield.limit_window import Window

__all__ = ["LONGEST_WAIT", "MOST_FORGERIES", "Failures"]

LONGEST_WAIT = 60.0
"""Seconds in which wrong credentials of an address are counted together."""
MOST_FORGERIES = 100
"""Forged tokens of an address within LONGEST_WAIT: 429 to more. A signature takes 100 us to look
at, a password ever so much longer (basic.py)."""
_ALONE = 1024
"""Addresses, of a door that has no workers."""


class Failures:
    """Wrong credentials of one kind, by address; of IPv6 by the network of a site (/64), in which
    one client has as many addresses as it likes.

    kind: in words. most: within LONGEST_WAIT, beyond which none is looked at; those that are being
    looked at by then are counted over it.
    """

    __slots__ = ("_kind", "_most", "_row", "_window")

    def __init__(self, kind: str, most: int) -> None:
        self._kind = kind
        self._most = most
        self._row: LimitRow | None = None
        self._window: Window | None = None

    def count_in(self, row: LimitRow) -> None:
        """Where this worker counts, and sees what others have."""
        if row is not self._row:
            self._row = row
            name = f"auth: {self._kind}"
            self._window = Window(row, name, self._most, LONGEST_WAIT, late=True)

    def check(self, client_ip: bytes) -> TooManyFailures | None:
        """Why nothing from there is looked at now; None if it is."""
        window, key = self._window, network(client_ip)
        if window is None or window.take(key, clock.now, 0) >= 0:
            return None
        wait = window.wait(key, clock.now)
        return TooManyFailures(f"{self._most} {self._kind} from there", max(1.0, wait))

    def count(self, client_ip: bytes) -> None:
        """One more."""
        if self._window is None:
            self.count_in(LimitTable(2, _ALONE).row(1))
        assert self._window is not None
        self._window.charge(network(client_ip), clock.now, 1)
