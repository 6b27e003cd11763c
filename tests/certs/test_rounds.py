"""Those that were got on demand, by and by."""

from pathlib import Path

import pytest

from porch.certs.kept import PREFIX
from porch.certs.rounds import A_LOOK, EVERY, PAUSE, Rounds
from porch.certs.store import FileStore, StoreError
from tests.support.hands import Hands


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


def test_all_that_are_meant_are_seen_once_a_round_and_some_at_a_look(
    tmp_path: Path, hands: Hands
) -> None:
    store = FileStore(tmp_path / "store")
    hosts = {f"h{number}.example" for number in range(2 * A_LOOK + 5)}
    for host in (*hosts, "other.test"):
        store.write(PREFIX + host, b"x")
    rounds = Rounds(store, lambda host: host.endswith(".example"))
    for _ in range(2):
        seen: list[str] = []
        for count in (A_LOOK, A_LOOK, 5):
            found = rounds.look()
            assert len(found) == count
            assert rounds.look() == []
            seen += found
            assert rounds.wait == pytest.approx(PAUSE if count == A_LOOK else EVERY)
            hands.advance(rounds.wait)
        assert {*seen} == hosts


def test_a_store_that_cannot_be_listed_is_looked_at_again_later(
    tmp_path: Path, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore(tmp_path / "store")

    def fails(prefix: str = "") -> list[str]:
        raise StoreError("it cannot be listed")

    monkeypatch.setattr(store, "names", fails)
    rounds = Rounds(store, lambda host: True)
    with pytest.raises(StoreError):
        rounds.look()
    assert rounds.look() == []
    assert rounds.wait == pytest.approx(EVERY)
