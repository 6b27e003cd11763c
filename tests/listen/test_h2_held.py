"""What a connection holds for streams of HTTP/2 whose client takes nothing."""

import pytest

from porch.forward.sip import A_HEAD
from porch.listen.h2_stream import A_FEW, MOST_QUEUED, MOST_SIPPED, MOST_TASTED
from tests.listen.conftest import Make
from tests.listen.test_h2 import A_READ, head, held
from tests.support.multiplexed import Multiplexed


def unread(tale: Multiplexed, count: int, first: int = 0) -> list[int]:
    """So many downloads that nobody takes anything of, and that are read as far as they are. first:
    the connection to the origin that the first of them has."""
    tale.takes = False
    numbers = [tale.asks() for _ in range(count)]
    for at in range(first, first + count):
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


@pytest.mark.parametrize("at", [0, 300], ids=["before", "behind"])
def test_who_takes_goes_on_however_many_others_take_nothing(story: Make, at: int) -> None:
    tale = story(stream_window=12288, window=1 << 24)
    tale.setup.streams = 400
    taking: list[int] = []

    def ask() -> None:
        taking.append(tale.asks(b"/one"))
        tale.upstream_gets(b"GET /one", at=at)

    if at == 0:
        ask()
    unread(tale, 300, first=len(taking))
    assert MOST_SIPPED - A_HEAD < held(tale) < MOST_TASTED
    if at:
        ask()
    (one,) = taking
    answer, taken = tale.answers[one], 0
    tale.upstream(head(300_000) + bytes(300_000), at=at)
    while not answer.ended:
        more = len(answer.body) - taken
        assert more, f"nothing comes behind {taken} bytes"
        taken += more
        tale.takes_more(one, more)
        assert held(tale) < MOST_TASTED
    assert answer.body == bytes(300_000)


def test_those_whose_origin_is_silent_keep_none_waiting_who_takes(story: Make) -> None:
    tale = story(stream_window=12288, window=1 << 24)
    tale.setup.streams = 400
    unread(tale, 300)
    for at in range(300, 300 + 2 * A_FEW):
        tale.asks(b"/late")
        tale.upstream_gets(b"GET /late", at=at)
    for at in range(300, 300 + 2 * A_FEW):
        tale.upstream_is_read(True, at=at)
