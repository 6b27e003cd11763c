"""Expiry: warns of certificates that nothing will renew, some days before they end."""

import contextlib
from collections.abc import Callable, Iterator

from porch import clock
from porch.certs.store import FileStore, StoreError
from porch.manage.candidate import Candidate
from porch.manage.certs.renewed import ADMIN
from porch.manage.loop import Loop

__all__ = ["Expiry"]

EVERY = 3600.0
"""Seconds between two looks."""
SLOWLY = 0.01
"""Seconds between two certificates: to read one takes 0.1 ms, of a core that serves."""


class Expiry:
    """candidate: what runs. say: tells the operator, each thing once. ends: when certificates end,
    by host, that of the admin door by ADMIN, in seconds of the wall clock, as of the last look."""

    def __init__(
        self, loop: Loop, candidate: Callable[[], Candidate], say: Callable[[str], None]
    ) -> None:
        self._loop = loop
        self._candidate = candidate
        self._say = say
        self._said: set[str] = set()
        self.ends: dict[str, float] = {}
        loop.after(1.0, self._begin)

    def _begin(self) -> None:
        self._loop.after(EVERY, self._begin)
        self._go_on(self._look(self._candidate()))

    def _go_on(self, steps: Iterator[None]) -> None:
        if next(steps, self) is not self:
            self._loop.after(SLOWLY, lambda: self._go_on(steps))

    def _look(self, candidate: Candidate) -> Iterator[None]:
        given = dict(candidate.given)
        admin = candidate.admin
        if admin is not None and admin.certificate is not None:
            given[ADMIN] = admin.certificate
        if not given and not candidate.managed:
            return
        from porch.certs.report import NameState, expiry_warnings  # late: cryptography
        from porch.certs.states import states

        store = None
        if candidate.store is not None:
            with contextlib.suppress(StoreError):  # which was told, and files end all the same
                store = FileStore(candidate.store)
        found: list[NameState] = []
        for state in states(store, candidate.managed, given):
            found.append(state)
            yield
        self.ends = {each.name: each.not_after for each in found if each.not_after is not None}
        for text in expiry_warnings(found, clock.wall(), self._said):
            self._said.add(text)
            self._say(text)
