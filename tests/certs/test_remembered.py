"""What a store tells of an authority's limits."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from porch.certs import backoff, moments
from porch.certs.failure import IssueError
from porch.certs.kept import PREFIX, keep_entry
from porch.certs.remembered import history, limited_until
from porch.certs.store import FileStore
from tests.certs.test_shelf import entry

CA = "https://ca.example/directory"


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store")


def keep(store: FileStore, host: str, at: int, directory: str = CA) -> None:
    keep_entry(store, replace(entry(host), directory=directory, obtained=at))


def test_of_what_was_got_that_of_the_name_and_that_of_its_domain_is_told(store: FileStore) -> None:
    keep(store, "a.shop.dev", 1)
    keep(store, "shop.dev", 2)
    keep(store, "b.shop.dev", 3, "https://other.example/")
    keep(store, "a.other.dev", 4)
    store.write(f"{PREFIX}c.shop.dev", b"damaged")
    found = history(store, "a.shop.dev", CA)
    assert (found.same, sorted(found.domain), found.failures) == ([1], [1, 2], [])


@pytest.mark.parametrize(
    ("name", "domains"),
    [("a.co.uk", 1), ("a.shop.de", 1), ("c.bahn.de", 2), ("c.db.de", 1), ("com", 0)],
)
def test_a_domain_is_known_by_its_looks(store: FileStore, name: str, domains: int) -> None:
    for number, host in enumerate(
        ("a.co.uk", "b.co.uk", "shop.de", "a.bahn.de", "c.bahn.de", "a.db.de", "c.db.de")
    ):
        keep(store, host, number)
    assert len(history(store, name, CA).domain) == domains


def test_failures_are_as_far_apart_as_they_have_waited(store: FileStore) -> None:
    now = moments.now().replace(microsecond=0)
    record = backoff.Record()
    for _ in range(3):
        record = backoff.failed(record, IssueError("connection", "closed"), {}, now)
    backoff.keep(store, "a.shop.dev", record)
    last, second, first = history(store, "a.shop.dev", CA).failures
    assert last == now.timestamp()
    waited = [backoff.delay("a.shop.dev", number).total_seconds() for number in (2, 1)]
    assert [last - second, second - first] == pytest.approx(waited, abs=0.001)


def test_what_was_no_validation_is_no_failure_of_one(store: FileStore) -> None:
    record = backoff.failed(backoff.Record(), IssueError("network", "down"), {}, moments.now())
    backoff.keep(store, "a.shop.dev", record)
    assert history(store, "a.shop.dev", CA).failures == []


def test_until_when_an_authority_is_not_to_be_asked_is_told(store: FileStore) -> None:
    now = moments.now().replace(microsecond=0)
    until = now + timedelta(hours=2)
    error = IssueError("rate_limited", "too many")
    backoff.keep(store, "a.shop.dev", backoff.failed(backoff.Record(), error, {CA: until}, now))
    assert limited_until(store, "a.shop.dev", CA, now) == until.timestamp()
    assert limited_until(store, "a.shop.dev", CA, until) is None
    assert limited_until(store, "a.shop.dev", "https://other.example/", now) is None
    assert limited_until(store, "b.shop.dev", CA, now) is None
