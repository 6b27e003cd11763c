"""Those who wait for another worker; what they see is in tests/scenario."""

from collections.abc import Callable

from porch.cache.elsewhere import LOOK, Elsewhere
from porch.cache.outcomes import Outcome
from porch.errors import GatewayTimeout
from tests.scenario.test_cache_elsewhere import GET, PRIMARY
from tests.support.cached import Cached

Make = Callable[..., Cached]


def waits(cached: Make) -> Cached:
    story = cached()
    story.locks.others = {PRIMARY}
    for _ in range(2):
        story.connects().client(GET)
    story.advance(0.1, 0.01).upstream_gets_nothing()
    return story


def test_it_says_how_many_wait(cached: Make) -> None:
    story = waits(cached)
    (asked,) = story.shelf.asked.values()
    assert isinstance(asked, Elsewhere)
    assert repr(asked) == "<Elsewhere 2 wait>"
    story.client_leaves(at=0).client_leaves(at=1).advance(0.1, 0.01)


def test_what_is_for_one_alone_there_lets_all_go_here_though_another_asks_by_then(
    cached: Make,
) -> None:
    story = waits(cached)
    story.shelf.outcomes.tell(PRIMARY, Outcome(401, "status"))
    story.advance(0.05, 0.01).dialled(2)
    for number in range(2):
        story.upstream_gets(b"GET /a", at=number)
        story.upstream(b"HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\nhi", at=number)
        status = b'Porch; fwd=uri-miss; collapsed; detail="status"'
        story.client_gets(401, b"hi", field=(b"cache-status", status), at=number)


def test_an_error_there_is_one_here(cached: Make) -> None:
    story = waits(cached)
    story.shelf.outcomes.tell_error(PRIMARY, GatewayTimeout("no answer from x"))
    story.advance(0.05, 0.01).client_gets(504, at=0).client_gets(504).upstream_gets_nothing()
    assert story.latest.error is not None
    assert story.latest.error.detail == "no answer from x"


def test_how_an_earlier_question_ended_is_of_no_concern(cached: Make) -> None:
    story = cached()
    story.shelf.outcomes.tell(PRIMARY, Outcome(500, "status"))
    story.advance(2 * LOOK)
    story.locks.others = {PRIMARY}
    story.connects().client(GET).advance(0.1, 0.01)
    story.upstream_gets_nothing().client_leaves().advance(0.1, 0.01)
