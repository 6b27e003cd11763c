"""Benches with a pool whose endpoint speaks HTTP/2."""

from collections.abc import Iterator

import pytest

from tests.support.shared import Bench


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(monkeypatch)
    yield made
    made.close()
