"""The `cached` fixture: scenarios with a cache, finished when the test is over."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.cached import Cached


@pytest.fixture
def cached(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Cached]]:
    made: list[Cached] = []

    def make(**settings: object) -> Cached:
        made.append(Cached(monkeypatch, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.finish()
