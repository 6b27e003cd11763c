"""Asked: the answers of a store, as strangers ask for them.

It looks into the store where requests are served: there are answers for seconds a month, and a look
takes 0.05 ms of a disk that is well. What misses may take is bounded, for on a network's disk one
takes as long as twenty requests.
"""

from porch import clock
from porch.certs.answers import Answers
from porch.certs.needs import Store

__all__ = ["SHARE", "Asked"]

SHARE = 0.1
"""Of each second, what looks for nothing may take. An authority asks a handful of times."""


class Asked:
    """Those of one store."""

    __slots__ = ("_answers", "_begins", "_taken")

    def __init__(self, store: Store) -> None:
        self._answers = Answers(store)
        self._begins = 0.0
        self._taken = 0.0

    def http(self, token: str) -> bytes | None:
        """See Answers.http_answer. None also for who asks when too many have asked for nothing."""
        begins = clock.monotonic()
        if not self._may_look(begins):
            return None
        found = self._answers.http_answer(token)
        if found is None:
            self._taken += clock.monotonic() - begins
        return found

    def alpn(self, name: str) -> tuple[bytes, bytes] | None:
        """See Answers.alpn_answer, and `http`."""
        begins = clock.monotonic()
        if not self._may_look(begins):
            return None
        found = self._answers.alpn_answer(name)
        if found is None:
            self._taken += clock.monotonic() - begins
        return found

    def _may_look(self, now: float) -> bool:
        if now - self._begins >= 1.0:
            self._begins, self._taken = now, 0.0
        return self._taken < SHARE
