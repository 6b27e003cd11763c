"""The `scenario` fixture: builds scenarios and finishes each when the test is over."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.scenario import Scenario


@pytest.fixture
def scenario(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Scenario]]:
    made: list[Scenario] = []

    def make(**settings: object) -> Scenario:
        made.append(Scenario(monkeypatch, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.finish()
