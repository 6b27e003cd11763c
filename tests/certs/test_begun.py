"""The note of an order that is not over."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from porch.certs import moments
from porch.certs.begun import STALE, Begun, place
from tests.support.store import MemoryStore

NAMES = ("shop.example", "*.shop.example")
PLACE = "orders/ca/shop.example.json"


def begun() -> Begun:
    made = moments.now().replace(microsecond=0)
    return Begun("https://ca.example/order/1", NAMES, b"key", "shortlived", made)


def test_it_is_kept_by_its_first_name_and_its_authority() -> None:
    assert place(NAMES, "ca") == PLACE


def test_it_is_found_as_it_was_kept(store: MemoryStore) -> None:
    one = begun()
    one.keep(store, "ca")
    assert Begun.kept(store, "ca", NAMES, "shortlived") == one


def test_for_other_names_another_profile_or_another_authority_there_is_none(
    store: MemoryStore,
) -> None:
    begun().keep(store, "ca")
    assert Begun.kept(store, "ca", NAMES[:1], "shortlived") is None
    assert Begun.kept(store, "ca", NAMES, "") is None
    assert Begun.kept(store, "other", NAMES, "shortlived") is None


@pytest.mark.parametrize("way", [1, -1])
def test_an_old_one_is_none_also_one_of_the_future(store: MemoryStore, way: int) -> None:
    one = begun()
    replace(one, made=one.made - way * (STALE + timedelta(minutes=1))).keep(store, "ca")
    assert Begun.kept(store, "ca", NAMES, "shortlived") is None


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b"7"])
def test_a_damaged_one_is_none(store: MemoryStore, data: bytes) -> None:
    store.write(PLACE, data)
    assert Begun.kept(store, "ca", NAMES, "shortlived") is None


@pytest.mark.parametrize("key", ["order", "names", "key", "profile", "made"])
def test_one_that_lacks_something_is_none(store: MemoryStore, key: str) -> None:
    begun().keep(store, "ca")
    found = json.loads(store.contents[PLACE])
    del found[key]
    store.write(PLACE, json.dumps(found).encode())
    assert Begun.kept(store, "ca", NAMES, "shortlived") is None
