"""What a connection holds for streams of HTTP/2 whose client takes nothing."""

from porch.forward.sip import A_HEAD
from porch.listen.h2_stream import MOST_QUEUED, MOST_SIPPED
from tests.listen.conftest import Make
from tests.listen.test_h2 import A_READ, head, held
from tests.support.multiplexed import Multiplexed


def unread(tale: Multiplexed, count: int) -> list[int]:
    """So many downloads that nobody takes anything of, and that are read as far as they are."""
    tale.takes = False
    numbers = [tale.asks() for _ in range(count)]
    for at in range(count):
        tale.upstream_gets(b"GET /", at=at)
        if not tale.upstreams[at].transport.paused:
            tale.upstream(head(1_000_000) + bytes(A_READ), at=at)
    return numbers


def test_of_a_hundred_streams_that_take_nothing_little_more_than_the_heads_is_read(
    story: Make,
) -> None:
    tale = story()
    numbers = unread(tale, 100)
    assert MOST_QUEUED - A_READ < held(tale) < 2 * A_READ + 100 * A_HEAD
    for number in numbers:
        tale.gives_up(number)
    assert held(tale) == 0


def test_streams_that_take_nothing_hold_no_more_than_a_connection_may(story: Make) -> None:
    tale = story()
    tale.setup.streams = 400
    unread(tale, 380)
    assert MOST_SIPPED - A_HEAD < held(tale) < MOST_SIPPED + A_HEAD
    tale.asks(b"/late")
    tale.upstream_gets(b"GET /late", at=380).upstream_is_read(False, at=380)
    tale.client_leaves().ended(381)
