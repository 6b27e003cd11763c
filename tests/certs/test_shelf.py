"""Certificates that were got on demand: from a real store, and those asked for last."""

from dataclasses import replace
from pathlib import Path

import pytest

from porch.certs import shelf
from porch.certs.entry import Entry
from porch.certs.kept import PREFIX, keep_entry
from porch.certs.shelf import Shelf, Shelved, take_down
from porch.certs.store import FileStore, StoreError
from tests.support.certificates import make, names
from tests.support.hands import Hands

HOST = "a.example"
DAY = 86400


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store")


def entry(host: str = HOST) -> Entry:
    made = make(host, names(host))
    start, end = made.certificate.not_valid_before_utc, made.certificate.not_valid_after_utc
    return Entry(
        names=(host,),
        chain=made.pem,
        key=made.key,
        source="acme",
        issuer="R12",
        obtained=0,
        not_before=int(start.timestamp()),
        not_after=int(end.timestamp()),
    )


def test_what_is_kept_is_taken_down_with_its_times(hands: Hands, store: FileStore) -> None:
    assert take_down(store, HOST) is None
    kept = entry()
    keep_entry(store, kept)
    found = take_down(store, HOST)
    assert found is not None
    assert found.certificate.pairs[0].chain == kept.chain
    assert found.ends == kept.not_after
    assert kept.not_after - 35 * DAY < found.renews < kept.not_after - 25 * DAY


def test_what_is_over_damaged_or_of_another_source_is_none(hands: Hands, store: FileStore) -> None:
    kept = entry()
    for other in (
        replace(kept, source="local"),
        replace(kept, key=entry().key),
        replace(kept, not_after=int(hands.wall)),
    ):
        keep_entry(store, other)
        assert take_down(store, HOST) is None
    store.write(PREFIX + HOST, b"{}")
    assert take_down(store, HOST) is None


def test_a_store_that_cannot_be_read_is_told(store: FileStore, tmp_path: Path) -> None:
    keep_entry(store, entry())
    (place,) = (tmp_path / "store").rglob("a.example*")
    place.unlink()
    place.mkdir()
    with pytest.raises(StoreError):
        take_down(store, HOST)


def test_those_asked_for_last_stay(
    hands: Hands, store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "MOST", 2)
    keep_entry(store, entry())
    one = take_down(store, HOST)
    assert one is not None
    found = Shelf()
    for name in ("a", "b"):
        found.put(name, one)
    assert found.find("a") is one
    found.put("c", one)
    assert ("a" in found, "b" in found, "c" in found, len(found)) == (True, False, True, 2)
    assert found.certificates == [one.certificate] * 2
    found.clear()
    assert found.find("a") is None


def test_one_that_is_valid_no_more_is_none(hands: Hands, store: FileStore) -> None:
    keep_entry(store, entry())
    one = take_down(store, HOST)
    assert one is not None
    found = Shelf()
    found.put(HOST, Shelved(one.certificate, 0.0, hands.wall + 1))
    assert found.find(HOST) is not None
    hands.advance(1)
    assert found.find(HOST) is None
    assert len(found) == 0
