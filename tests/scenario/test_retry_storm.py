"""When all endpoints answer badly, origins get at most a fifth more than came, plus the floor."""

from collections.abc import Callable

import pytest

from porch.balance.budget import FLOOR, SHARE, WINDOW
from porch.config.schema_retry import RetryModel
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
DOWN = b"HTTP/1.1 503 X\r\ncontent-length: 4\r\n\r\ndown"
OK = b"HTTP/1.1 200 X\r\ncontent-length: 4\r\n\r\nfine"
END = b"\r\n\r\n"


class Storm:
    """One client that sends again and again, and origins that all do the same."""

    def __init__(self, story: Scenario, *, eof: bool = False) -> None:
        self.story = story
        self.eof = eof
        self.came = self.load = 0

    def answer(self, data: bytes) -> None:
        """Until nobody has a request any more."""
        story = self.story
        while asked := [n for n, far in enumerate(story.upstreams) if far.transport.arrived]:
            for at in asked:
                far = story.upstreams[at]
                self.load += far.transport.arrived.count(END)
                far.transport.arrived.clear()
                if self.eof:
                    story.upstream_eof(at=at)
                else:
                    story.upstream(data, at=at)
            story.advance(seconds=0.001, tick=0.001)

    def goes_on(self, seconds: int, rate: int, data: bytes = DOWN) -> None:
        for _ in range(seconds * rate):
            self.story.client(GET)
            self.came += 1
            self.answer(data)
            self.story.clients[-1].transport.arrived.clear()
            self.story.advance(seconds=1 / rate, tick=1 / rate)


@pytest.mark.parametrize("eof", [False, True], ids=["503", "lost"])
def test_a_storm_is_bounded(scenario: Make, eof: bool) -> None:
    words = RetryModel(attempts=2, on=[503], backoff="0s")  # type: ignore[arg-type]
    storm = Storm(scenario(endpoints=3, retry=words), eof=eof)
    storm.goes_on(seconds=30, rate=60)
    windows = storm.came / 60 // WINDOW + 1
    assert storm.came == 1800
    assert storm.load <= (1 + SHARE) * storm.came + FLOOR * WINDOW * windows
    assert storm.load > 1.2 * storm.came, "the budget is used"


def test_without_a_budget_it_would_be_threefold(scenario: Make) -> None:
    """The storm above can fail."""
    words = RetryModel(attempts=2, on=[503], backoff="0s")  # type: ignore[arg-type]
    story = scenario(endpoints=3, retry=words)
    story.roster.budget.workers = 0.0001  # type: ignore[assignment]
    storm = Storm(story)
    storm.goes_on(seconds=5, rate=60)
    assert storm.load == 3 * storm.came


def test_when_it_is_over_there_is_room_again(scenario: Make) -> None:
    words = RetryModel(attempts=2, on=[503], backoff="0s")  # type: ignore[arg-type]
    storm = Storm(scenario(endpoints=3, retry=words))
    storm.goes_on(seconds=12, rate=60)
    assert storm.story.latest.error is not None
    assert not storm.story.roster.budget.has_room()
    storm.goes_on(seconds=WINDOW + 1, rate=20, data=OK)
    assert storm.story.roster.budget.has_room()
