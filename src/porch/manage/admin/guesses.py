"""Guesses: how often one client may show a wrong token.

A token of 24 characters is not found by trying; this keeps a weak one of the operator's own safe,
and the door's messages readable. Who guesses too often is not heard for a while, with a right token
neither: else the next guess would be free. Sessions and certificates go on, and so do commands.
"""

from collections import OrderedDict
from collections.abc import Callable

from porch import clock
from porch.ip import packed

__all__ = ["AT_ONCE", "EVERY", "MOST", "Guesses"]

AT_ONCE, EVERY = 10, 6.0
"""Wrong tokens that a client may show together, and the seconds after which it may show one more:
a person who pastes the wrong one sees no difference."""
MOST = 4096
"""Clients that are remembered; of more, those that were wrong last."""


class Guesses:
    """A client is an address, of IPv6 a /64, or who comes by a file. warn: see Messages.warn."""

    __slots__ = ("_until", "_warn")

    def __init__(self, warn: Callable[[str, str], None]) -> None:
        self._warn = warn
        self._until: OrderedDict[bytes, float] = OrderedDict()  # when all is forgotten

    def wait(self, peer: bytes) -> float:
        """Seconds until this one is heard again; 0.0 for now."""
        until = self._until.get(_client(peer), 0.0)
        return max(0.0, until - clock.monotonic() - (AT_ONCE - 1) * EVERY)

    def note(self, peer: bytes) -> None:
        """It has shown one. The operator is told from where, and not what it was."""
        client = _client(peer)
        now = clock.monotonic()
        self._until[client] = max(self._until.get(client, now), now) + EVERY
        self._until.move_to_end(client)
        if len(self._until) > MOST:
            self._until.popitem(last=False)
        text = "a wrong token was shown to the admin door"
        self._warn(f"{text} from {peer.decode('latin-1')}", text)

    def forgive(self) -> None:
        """Forget all of it: other tokens are right now."""
        self._until.clear()


def _client(peer: bytes) -> bytes:
    found = packed(peer.decode("latin-1"))
    return peer if found is None else found if len(found) == 4 else found[:8]
