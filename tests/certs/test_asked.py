"""What strangers may have looked for, and for how much of the time."""

from collections.abc import Callable
from pathlib import Path

import pytest

from porch.certs.answers import Answers
from porch.certs.asked import SHARE, Asked
from porch.certs.store import FileStore
from tests.support.hands import Hands
from tests.support.store import MemoryStore

TOKEN = "t" * 20
LOOK = 0.001


class Slow(MemoryStore):
    """Each look takes a millisecond, as on a network's disk. looks: how many there were."""

    def __init__(self, hands: Hands) -> None:
        super().__init__()
        self._hands = hands
        self.looks = 0

    def read(self, name: str) -> bytes | None:
        self.looks += 1
        self._hands.advance(LOOK)
        return super().read(name)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


@pytest.fixture
def slow(hands: Hands) -> Slow:
    return Slow(hands)


KINDS: list[Callable[[Asked, int], object]] = [
    lambda asked, number: asked.http(f"{number:020}"),
    lambda asked, number: asked.alpn(f"a{number}.example"),
]


@pytest.mark.parametrize("ask", KINDS, ids=["http", "alpn"])
def test_what_is_looked_for_in_vain_takes_a_share_of_each_second(
    slow: Slow, hands: Hands, ask: Callable[[Asked, int], object]
) -> None:
    asked = Asked(slow)
    most = SHARE / LOOK
    for number in range(1000):
        assert ask(asked, number) is None
    assert most - 1 <= slow.looks <= most + 1
    Answers(slow).present_http(TOKEN, "it")
    assert asked.http(TOKEN) is None
    hands.advance(1.0)
    assert asked.http(TOKEN) == b"it"


def test_what_is_there_is_shown_however_often(slow: Slow, hands: Hands) -> None:
    Answers(slow).present_http(TOKEN, "it")
    Answers(slow).present_alpn("a.example", b"chain", b"key")
    asked = Asked(slow)
    for _ in range(500):
        assert asked.http(TOKEN) == b"it"
        assert asked.alpn("a.example") == (b"chain", b"key")


def test_what_has_not_the_form_costs_no_look(slow: Slow, hands: Hands) -> None:
    asked = Asked(slow)
    for token in ("", "short", "../../local/root", "x" * 129, "\u00e9" * 20):
        assert asked.http(token) is None
        assert asked.alpn(f"{token}/") is None
    assert slow.looks == 0


def test_on_a_disk_that_is_well_what_is_there_is_found_behind_what_is_not(tmp_path: Path) -> None:
    """By the real clock: a look must stay far below what is told of it."""
    asked = Asked(FileStore(tmp_path / "store"))
    for number in range(50):
        asked.http(f"{number:020}")
    Answers(FileStore(tmp_path / "store")).present_http(TOKEN, "it")
    assert asked.http(TOKEN) == b"it"
