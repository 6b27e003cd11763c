"""A real authority for the tests that are marked `system`, and a clock that wastes no time."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from porch import clock
from porch.certs.account import open_account
from porch.certs.authority import Authority
from porch.certs.network import Conversation
from tests.support import front
from tests.support.front import Front
from tests.support.pebble import Pebble, running
from tests.support.store import MemoryStore


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for an authority are short: it is on this machine. No proxy is between."""
    monkeypatch.setattr(clock, "sleep", lambda seconds: time.sleep(min(seconds, 0.02)))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="session")
def pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    """One for all tests, that proves every name anew."""
    folder = tmp_path_factory.mktemp("pebble")
    environment = {"PEBBLE_AUTHZREUSE": "0", "PEBBLE_ALTERNATE_ROOTS": "2"}
    with running(folder, environment) as one:
        yield one


@pytest.fixture
def authority(pebble: Pebble) -> Authority:
    return Authority(directory=pebble.directory, ca=pebble.ca, email="ops@shop.example")


@pytest.fixture
def conversation(authority: Authority, store: MemoryStore) -> Conversation:
    """As an account of its own."""
    return open_account(authority, store)


@pytest.fixture
def fronted(pebble: Pebble) -> Iterator[Front]:
    with front.before(pebble) as one:
        yield one


@pytest.fixture
def at_front(fronted: Front, pebble: Pebble) -> Authority:
    """Pebble with what it lacks."""
    return Authority(directory=fronted.directory, ca=pebble.ca)


@pytest.fixture
def nowhere(tmp_path: Path) -> Authority:
    """An authority that nobody runs."""
    return Authority(directory="https://127.0.0.1:9/dir")
