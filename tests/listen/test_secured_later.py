"""Hellos that are held until it is known who is served."""

import contextlib
import ssl
from pathlib import Path
from typing import Any, cast

import pytest

from porch.tls.hello import LONGEST
from porch.tls.later import Later
from porch.tls.presented import Presented, Presenter
from tests.listen.conftest import Run
from tests.listen.test_secured import FATAL_UNRECOGNIZED, Pair
from tests.support.handshake import certificate


@pytest.fixture
def presented(tmp_path: Path) -> Presented:
    return Presented({"a.test": certificate(tmp_path, "a.test")})


class Slow:
    """Chooses later, and then by `presented`. clients: whose addresses it was told."""

    def __init__(self, presented: Presented) -> None:
        self.presented: Presented | None = None
        self.then = presented
        self.clients: list[str] = []
        self.left = 0
        self.later = Later(self.clients.append, self._on_left)

    def _on_left(self) -> None:
        self.left += 1

    def choose(self, *asked: Any) -> object:
        return Presenter(self.presented).choose(*asked) if self.presented else self.later

    def come(self, presented: Presented | None = None) -> None:
        self.presented = presented or self.then
        self.later.come()


def waiting(presented: Presented) -> tuple[Slow, Pair]:
    """A client whose hello is held."""
    slow, pair = Slow(presented), Pair(presented)
    pair.secured._choose = cast("Any", slow.choose)
    with contextlib.suppress(ssl.SSLWantReadError):
        pair.near.do_handshake()
    pair.secured.data_received(pair.said())
    return slow, pair


def test_a_hello_is_held_until_it_is_known_who_is_served(run: Run, presented: Presented) -> None:
    async def main() -> None:
        slow, pair = waiting(presented)
        assert (pair.transport.written, slow.clients) == (b"", ["127.0.0.1"])
        slow.come()
        pair.shake()
        assert pair.inner.told == ["made"]
        pair.secured.connection_lost(None)
        assert slow.left == 0

    run(main())


def test_one_that_is_held_for_nobody_ends_with_the_alert(run: Run, presented: Presented) -> None:
    async def main() -> None:
        slow, pair = waiting(presented)
        slow.come(Presented({}, refuse_unknown=True))
        assert (pair.transport.written, pair.transport.closed) == (FATAL_UNRECOGNIZED, True)

    run(main())


def test_who_goes_or_is_late_waits_no_more(run: Run, presented: Presented) -> None:
    async def main() -> None:
        slow, pair = waiting(presented)
        pair.secured.on_deadline()
        assert pair.transport.aborted
        pair.secured.connection_lost(None)
        assert (slow.left, len(slow.later), pair.sessions) == (1, 0, set())

    run(main())


def test_one_that_closes_in_the_turn_in_which_it_is_told_is_not_answered(
    run: Run, presented: Presented
) -> None:
    async def main() -> None:
        slow, pair = waiting(presented)
        pair.secured.close_now()
        slow.come()
        assert (pair.transport.written, pair.secured.chosen) == (b"", None)

    run(main())


def test_what_comes_while_a_hello_is_held_is_kept_and_bounded(
    run: Run, presented: Presented
) -> None:
    async def main() -> None:
        _, pair = waiting(presented)
        for _ in range(2):
            pair.secured.data_received(bytes(LONGEST // 3))
        assert not pair.transport.aborted
        for _ in range(2):
            pair.secured.data_received(bytes(LONGEST // 3))
        assert pair.transport.aborted

    run(main())
