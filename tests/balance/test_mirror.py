"""Copies to a shadow: what is copied, what is left out, and that nobody waits for it."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from porch import clock
from porch.balance.mirror import LARGEST, MARK, MOST, ROOM, Mirror
from porch.clock import Deadlines
from porch.errors import ConnectionLost, ConnectionRefused, NoEndpoint, PorchError
from porch.exchange import HELD, Exchange
from porch.http.message import RequestHead, ResponseHead
from porch.http.stream import Head
from porch.route.retry import Retry
from porch.route.route import HEARD, REQUESTS, RUNNING, Route
from porch.shared import Cells


class Shadow:
    """The only endpoint of a pool, its connections and their stream. answers: whether at once."""

    def __init__(self) -> None:
        self.name = "shadow"
        self.counts = Cells(5).own
        self.connections = self
        self.usual = 0.0
        self.failing = 0
        self.patience = 1.0
        self.out: dict[str, object] = {}
        self.reused = False
        self.asked: list[tuple[RequestHead, bytes, bool]] = []
        self.exchanges: list[Exchange] = []
        self.aborted: list[PorchError] = []
        self.is_dead = self.raises = False

    def candidates(self, exchange: Exchange) -> Iterator[Any]:
        return iter((self,))

    def nobody(self, error: PorchError | None) -> PorchError:
        return NoEndpoint("x")

    def acquire(self, exchange: Exchange) -> Any:
        self.exchanges.append(exchange)
        if self.raises:
            raise RuntimeError("no loop")
        if self.is_dead:
            exchange.on_connect_failed(ConnectionRefused("x"))
            return None
        return self

    def cancel(self, exchange: Exchange) -> None: ...

    def on_bad(self, word: str) -> None: ...

    def on_waits(self, exchange: Exchange) -> None: ...

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        self.asked.append((cast("RequestHead", head), data, end))

    def abort(self, error: PorchError) -> None:
        self.aborted.append(error)

    def resume_reading(self) -> None: ...

    def pause_reading(self) -> None: ...

    def unsent(self) -> int:
        return 0


class Asked:
    """A client's exchange, as a filter sees it."""

    def __init__(self, body: bytes = b"", *, done: bool = True, length: int | None = None) -> None:
        size = len(body) if length is None else length
        self.request = RequestHead(b"POST", b"/a?b", b"a.test", b"https", [], size)
        self.outgoing: RequestHead | None = None
        self.held: bytes | None = body
        self.request_done = done
        self.upgraded = False
        self.client_ip = b"192.0.2.1"

    def sent(self) -> None:
        fields = [(b"x-forwarded-for", b"192.0.2.1")]
        self.outgoing = RequestHead(
            b"POST", b"/v1/a?b", b"a.test", b"https", fields, self.request.length
        )


@pytest.fixture
def shadow() -> Shadow:
    return Shadow()


def mirror(shadow: Shadow, share: float = 1.0, number: float = 0.0) -> Mirror:
    route = Route(
        key="* mirror", destination=cast("Any", shadow), target="shadow", retry=Retry(attempts=0)
    )
    return Mirror(route, share, Deadlines(), Cells(5), lambda: number)


def walk(of: Mirror, asked: Asked, *more: bytes) -> None:
    """One request as an exchange takes a filter through it."""
    exchange = cast("Exchange", asked)
    of.on_request(exchange)
    asked.sent()
    of.on_upstream_request(exchange)
    for data in more:
        assert of.on_request_data(exchange, data) == data
    asked.request_done = True
    of.on_end(exchange)


def left_out(of: Mirror) -> int:
    return of._left_out.own[REQUESTS]


def test_a_copy_is_what_went_to_the_origin_with_a_mark(shadow: Shadow) -> None:
    walk(mirror(shadow), Asked(b"body"))
    ((head, data, end),) = shadow.asked
    assert (head.method, head.target, head.authority) == (b"POST", b"/v1/a?b", b"a.test")
    assert head.fields == [(b"x-forwarded-for", b"192.0.2.1"), MARK]
    assert (data, end) == (b"body", True)


def test_nothing_is_asked_before_the_client_has_its_answer(shadow: Shadow) -> None:
    one, asked = mirror(shadow), Asked(b"body")
    one.on_request(cast("Exchange", asked))
    asked.sent()
    one.on_upstream_request(cast("Exchange", asked))
    assert shadow.asked == []
    one.on_end(cast("Exchange", asked))
    assert len(shadow.asked) == 1


def test_a_body_that_comes_in_pieces_is_put_together(shadow: Shadow) -> None:
    walk(mirror(shadow), Asked(b"a", done=False, length=3), b"b", b"c")
    assert shadow.asked[0][1] == b"abc"


def test_the_share_is_drawn(shadow: Shadow) -> None:
    walk(mirror(shadow, 0.1, 0.1), Asked())
    assert shadow.asked == []
    walk(mirror(shadow, 0.1, 0.0999), Asked())
    assert len(shadow.asked) == 1


def test_a_second_attempt_makes_no_second_copy(shadow: Shadow) -> None:
    one, asked = mirror(shadow), Asked()
    exchange = cast("Exchange", asked)
    one.on_request(exchange)
    asked.sent()
    one.on_upstream_request(exchange)
    one.on_upstream_request(exchange)
    one.on_end(exchange)
    assert len(shadow.asked) == 1


@pytest.mark.parametrize(
    "asked",
    [
        Asked(b"a", done=False, length=HELD + 1),
        Asked(b"x" * (HELD + 1)),
    ],
)
def test_a_large_body_is_left_out_and_counted(shadow: Shadow, asked: Asked) -> None:
    one = mirror(shadow)
    walk(one, asked)
    assert (shadow.asked, left_out(one)) == ([], 1)


def test_a_body_without_a_length_that_grows_too_large_is_left_out(shadow: Shadow) -> None:
    one = mirror(shadow)
    asked = Asked(b"", done=False)
    asked.request.length = None
    walk(one, asked, b"x" * HELD, b"y", b"z")
    assert (shadow.asked, left_out(one)) == ([], 1)
    assert one._held == 0


def test_bodies_that_wait_have_a_bound(shadow: Shadow) -> None:
    one = mirror(shadow)
    waiting = [Asked(b"x" * HELD) for _ in range(ROOM // HELD + 1)]
    for asked in waiting:
        one.on_request(cast("Exchange", asked))
        asked.sent()
        one.on_upstream_request(cast("Exchange", asked))
    assert (one._held, left_out(one)) == (ROOM, 1)
    for asked in waiting:
        one.on_end(cast("Exchange", asked))
    assert one._held == 0


def test_a_shadow_that_hangs_has_so_many_and_no_more(shadow: Shadow) -> None:
    one = mirror(shadow)
    for _ in range(MOST + 5):
        walk(one, Asked())
    assert (len(shadow.asked), one.running, left_out(one)) == (MOST, MOST, 5)
    shadow.exchanges[0].on_response(ResponseHead(200, [], 0), b"", True)
    assert one.running == MOST - 1
    walk(one, Asked())
    assert left_out(one) == 5


def test_a_hanging_copy_ends_at_its_deadline(
    shadow: Shadow, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = mirror(shadow)
    walk(one, Asked())
    (copy,) = shadow.exchanges
    monkeypatch.setattr(clock, "now", copy.answer_by + 1)
    copy.on_deadline()
    assert (one.running, copy.status) == (0, 504)


@pytest.mark.parametrize("trouble", ["is_dead", "raises"])
def test_a_shadow_that_is_dead_is_nobodys_trouble(shadow: Shadow, trouble: str) -> None:
    setattr(shadow, trouble, True)
    one = mirror(shadow)
    walk(one, Asked())
    assert one.running == 0
    assert shadow.counts[RUNNING] == 0


def test_an_answer_is_dropped_and_one_without_end_is_cut(shadow: Shadow) -> None:
    one = mirror(shadow)
    walk(one, Asked())
    (copy,) = shadow.exchanges
    copy.on_response(ResponseHead(200, []), b"x" * LARGEST, False)
    assert one.running == 1
    copy.on_response(None, b"x", False)
    assert one.running == 0
    assert len(shadow.aborted) == 1
    assert shadow.counts[HEARD] == clock.milliseconds


def test_a_connection_that_breaks_is_not_tried_again(shadow: Shadow) -> None:
    one = mirror(shadow)
    walk(one, Asked())
    shadow.exchanges[0].on_upstream_lost(ConnectionLost("x"))
    assert (one.running, len(shadow.asked)) == (0, 1)


def test_what_never_was_whole_or_is_a_tunnel_is_not_copied(shadow: Shadow) -> None:
    one = mirror(shadow)
    aborted = Asked(b"a", done=False, length=2)
    exchange = cast("Exchange", aborted)
    one.on_request(exchange)
    aborted.sent()
    one.on_upstream_request(exchange)
    one.on_end(exchange)
    tunnel = Asked()
    tunnel.request.upgrade = b"websocket"
    walk(one, tunnel)
    never = Asked()
    one.on_request(cast("Exchange", never))
    one.on_end(cast("Exchange", never))
    assert shadow.asked == []
    assert (one._drawn, one._bodies) == (set(), {})


def test_it_prints_what_it_does(shadow: Shadow) -> None:
    assert repr(mirror(shadow, 0.1)) == "<Mirror 10% to shadow, 0 running>"
