"""Small JSON that may be lost."""

import pytest

from porch.certs.notes import read_note, write_note
from tests.support.store import MemoryStore


def test_what_was_noted_is_read(store: MemoryStore) -> None:
    write_note(store, "a/b", {"number": 7, "list": [1]})
    assert read_note(store, "a/b") == {"number": 7, "list": [1]}


@pytest.mark.parametrize("data", [None, b"", b"{", b"[]", b"7", b"\xff", b"[" * 99999])
def test_what_is_no_note_is_nothing(store: MemoryStore, data: bytes | None) -> None:
    if data is not None:
        store.write("a/b", data)
    assert read_note(store, "a/b") == {}


def test_what_cannot_be_read_is_nothing() -> None:
    class Damaged(MemoryStore):
        def read(self, name: str) -> bytes | None:
            raise RuntimeError("not what was written")

    assert read_note(Damaged(), "a/b") == {}
