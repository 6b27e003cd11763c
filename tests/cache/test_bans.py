"""Purges by name: what they fit, and how many there may be."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from porch.cache.bans import GONE, PREFIXES, SOFT, VALID, Bans, host_of
from porch.cache.board import SWEPT, Board
from porch.cache.database import Database
from tests.support.storing import answer, key

LIMIT = 1000


class Purges:
    """Bans with a database around them."""

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.descriptor = Board.make()
        self.board = Board(self.descriptor)
        self.database = Database(folder, 8 << 20, self.board)
        self.bans = Bans(self.database, self.board, limit)

    def add(self, scope, value: bytes = b"", soft: bool = False) -> None:
        with self.database.writing() as (txn, meta):
            self.bans.add(txn, meta, scope, value, soft=soft)

    def add_key(self, primary: bytes) -> None:
        with self.database.writing() as (txn, meta):
            self.bans.add_key(txn, meta, primary)

    def verdict(self, url: bytes, moment: int = 0, primary: bytes = b"", tags=()) -> int:
        with self.database.reading() as txn:
            entry = answer(url=url, tags=[*tags])
            return self.bans.verdict(txn, entry, moment, primary)

    def sweep_to(self, moment: int) -> None:
        """As if the sweep had gone all the way since."""
        self.board.numbers[SWEPT] = moment
        with self.database.writing() as (txn, meta):
            self.bans.drop_swept(txn, meta, 10_000)

    def count(self) -> int:
        with self.database.reading() as txn:
            return txn.stat(self.database.log)["entries"]


@pytest.fixture
def purges(tmp_path: Path) -> Iterator[Purges]:
    made = Purges(tmp_path)
    yield made
    made.database.close()
    os.close(made.descriptor)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (b"https://a.test/x", b"a.test"),
        (b"http://A.Test:8080/x", b"a.test"),
        (b"https://a.test", b"a.test"),
        (b"https://a.test?x:y", b"a.test"),
        (b"https://[::1]:8443/", b"[::1]"),
        (b"nonsense", b""),
        (b"", b""),
    ],
)
def test_the_host_of_a_url(url: bytes, host: bytes) -> None:
    assert host_of(url) == host


def test_what_was_stored_after_a_purge_is_valid(purges: Purges) -> None:
    purges.add("url", b"https://a.test/")
    assert purges.verdict(b"https://a.test/", 0) == GONE
    assert purges.verdict(b"https://a.test/", 1) == VALID
    purges.add("url", b"https://a.test/", soft=True)
    assert purges.verdict(b"https://a.test/", 0) == GONE
    assert purges.verdict(b"https://a.test/", 1) == SOFT
    assert purges.verdict(b"https://a.test/", 2) == VALID


def test_a_prefix_fits_what_begins_with_it(purges: Purges) -> None:
    for number in range(10):
        purges.add("prefix", b"https://a.test/%d/" % number)
    assert purges.verdict(b"https://a.test/3/x", 3) == GONE
    assert purges.verdict(b"https://a.test/3/x", 4) == VALID
    assert purges.verdict(b"https://a.test/x", 0) == VALID
    purges.add("prefix", b"https://a.test/x", soft=True)
    assert purges.verdict(b"https://a.test/x", 0) == SOFT


def test_a_forgotten_key_counts_for_what_is_to_be_stored_alone(purges: Purges) -> None:
    purges.add_key(key("a"))
    assert purges.verdict(b"https://a.test/", 0) == VALID
    assert purges.verdict(b"https://a.test/", 0, key("a")) == GONE
    assert purges.verdict(b"https://a.test/", 1, key("a")) == VALID
    assert purges.verdict(b"https://a.test/", 0, key("b")) == VALID


def test_a_purge_that_is_repeated_is_kept_once(purges: Purges) -> None:
    for _ in range(50):
        purges.add("tag", b"t")
        purges.add("tag", b"t", soft=True)
        purges.add("tag", b"u")
    assert purges.count() == 2
    assert purges.verdict(b"", 147, tags=[b"t"]) == GONE
    assert purges.verdict(b"", 148, tags=[b"t"]) == SOFT
    assert purges.verdict(b"", 149, tags=[b"t"]) == VALID


def test_beyond_the_limit_all_that_is_older_is_purged(tmp_path: Path) -> None:
    purges = Purges(tmp_path, limit=100)
    for number in range(150):
        purges.add("tag", b"%d" % number)
    assert purges.count() == 100
    assert purges.verdict(b"https://other.test/", 49) == GONE
    assert purges.verdict(b"https://other.test/", 50) == VALID
    assert purges.verdict(b"", 60, tags=[b"60"]) == GONE
    purges.database.close()


def test_too_many_forgotten_keys_purge_nothing_that_is_stored(tmp_path: Path) -> None:
    purges = Purges(tmp_path, limit=100)
    purges.add("tag", b"t")
    purges.sweep_to(1)
    for number in range(150):
        purges.add_key(key(number))
    assert purges.verdict(b"https://a.test/", 0) == VALID
    assert purges.verdict(b"https://a.test/", 0, key("other")) == GONE  # who knows
    purges.database.close()


def test_what_the_sweep_has_passed_is_dropped(purges: Purges) -> None:
    for number in range(10):
        purges.add("tag", b"%d" % number)
    purges.add("prefix", b"https://a.test/x")
    purges.sweep_to(5)
    assert purges.count() == 6
    assert purges.verdict(b"", 0, tags=[b"3"]) == VALID  # the sweep would have removed it
    assert purges.verdict(b"", 4, key("a"), tags=[b"3"]) == GONE  # on its way since before
    assert purges.verdict(b"", 5, tags=[b"7"]) == GONE
    assert purges.verdict(b"https://a.test/x/y", 5) == GONE
    purges.sweep_to(11)
    assert purges.count() == 0
    assert not purges.bans.may_fit(0)
    purges.add_key(key("b"))
    assert not purges.bans.may_fit(0)
    assert purges.verdict(b"https://a.test/x/y", 5) == VALID


def test_the_oldest_of_too_many_prefixes_becomes_a_purge_of_its_host(purges: Purges) -> None:
    purges.add("prefix", b"https://first.test/x/")
    for number in range(PREFIXES):
        purges.add("prefix", b"https://a.test/%d/" % number)
    moment = PREFIXES
    assert purges.verdict(b"http://first.test/other", moment) == GONE
    assert purges.verdict(b"https://second.test/other", moment) == VALID
    assert purges.verdict(b"https://a.test/0/x", 0) == GONE
    assert purges.verdict(b"https://a.test/other", 0) == VALID
    assert purges.count() == PREFIXES + 1


def test_a_prefix_without_a_whole_host_becomes_a_purge_of_all(purges: Purges) -> None:
    purges.add("prefix", b"https://a.te", soft=True)
    for number in range(PREFIXES):
        purges.add("prefix", b"https://a.test/%d/" % number)
    assert purges.verdict(b"https://other.test/", PREFIXES) == SOFT


def test_another_workers_prefixes_are_seen(tmp_path: Path, purges: Purges) -> None:
    assert purges.verdict(b"https://a.test/x", 0) == VALID
    purges.add("prefix", b"https://b.test/")
    assert purges.verdict(b"https://a.test/x", 0) == VALID
    second = Bans(purges.database, purges.board, LIMIT)
    with purges.database.writing() as (txn, meta):
        second.add(txn, meta, "prefix", b"https://a.test/", soft=False)
    assert purges.verdict(b"https://a.test/x", 0) == GONE
