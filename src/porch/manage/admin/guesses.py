"""Guesses: how often one client may show a wrong token.

A token that was drawn is not found by trying, however often: one that looks so is always compared,
so that nobody who guesses keeps another of his address out. One that somebody may have thought of
is not heard for a while behind too many guesses, right or wrong: else the next guess would be free.
Who is wrong then is told so by 429. Sessions and certificates go on, and so do commands.
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from math import log2

from porch import clock
from porch.ip import packed

__all__ = ["AT_ONCE", "EVERY", "LONGEST", "MOST", "Guesses", "is_drawn"]

AT_ONCE, EVERY = 10, 6.0
"""Wrong tokens that a client may show together, and the seconds after which it may show one more:
a person who pastes the wrong one sees no difference."""
MOST = 4096
"""Clients that are remembered; of more, those that were wrong last."""
LONGEST = 128
"""Characters of a token that is compared whatever else came from there. To look at one of 43 takes
4 us, and to compare it 0.4 and 0.1 for each token of the configuration: less than to refuse it."""
BITS = 128
"""What has as many is not found before the sun goes out."""
_WORDS = re.compile(rb"[A-Za-z0-9._~+/-]+=*")
_HEX = re.compile(rb"[0-9a-f]+|[0-9A-F]+")
_KINDS = ((re.compile(rb"[a-z]"), 26), (re.compile(rb"[A-Z]"), 26), (re.compile(rb"[0-9]"), 10))
_TURN = re.compile(rb"[a-z](?=[A-Z0-9])|[A-Z](?=[0-9])|[0-9](?=[A-Za-z])")
_BETWEEN = re.compile(rb"[._~+/=-]")
_OF_TEN = 2


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


def is_drawn(token: bytes) -> bool:
    """Whether a token looks as if it was drawn, from 2**128 at least, and not thought of.

    What is drawn changes between small letters, capitals and digits all the time: two characters in
    ten are before another kind, where a word has a capital in front and a number behind. Of 32
    random hexadecimal digits one in 350 does not look so, of `secrets.token_urlsafe(32)` one in
    2,000, of 24 of its characters one in 22. The digest of a word does, and is no better than it.
    """
    if len(token) > LONGEST or _WORDS.fullmatch(token) is None:
        return False
    core = _BETWEEN.sub(b"", token)
    of = 16 if _HEX.fullmatch(core) else sum(size for kind, size in _KINDS if kind.search(core))
    if not core or len(core) * log2(of) < BITS:
        return False
    return 10 * len(_TURN.findall(core)) >= _OF_TEN * len(core)


def _client(peer: bytes) -> bytes:
    found = packed(peer.decode("latin-1"))
    return peer if found is None else found if len(found) == 4 else found[:8]
