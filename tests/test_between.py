"""What stands between an exchange and its streams passes all on, and hears all."""

from collections.abc import Callable

import pytest

from porch.between import BeforeClient, BeforeUpstream, HoldingClient
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import Trailers
from porch.http.stream import Head
from porch.route.route import Timeouts
from tests.scenario.conftest import scenario
from tests.support.scenario import Scenario

__all__ = ["scenario"]

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
BIG = b"x" * 70_000


class Both(Filter):
    """Puts so many on each side."""

    def __init__(self, many: int = 1) -> None:
        self.many = many
        self.made: list[BeforeClient | BeforeUpstream] = []

    def on_request(self, exchange: Exchange) -> None:
        self.made += [BeforeClient(exchange) for _ in range(self.many)]

    def on_upstream_request(self, exchange: Exchange) -> None:
        self.made += [BeforeUpstream(exchange) for _ in range(self.many)]


@pytest.mark.parametrize("many", [1, 3])
def test_an_exchange_goes_as_without_them(scenario: Make, many: int) -> None:
    between = Both(many)
    story = (
        scenario(filters=[between])
        .client(POST + b"3\r\nabc\r\n")
        .upstream_gets(b"POST /a", b"abc", end=False)
    )
    story.client(b"3\r\ndef\r\n0\r\na: b\r\n\r\n")
    story.upstream_gets(body=b"def", trailers=[(b"a", b"b")])
    story.upstream(b"HTTP/1.1 100 Continue\r\n\r\n" + OK).client_gets(200, b"hi").ended(1, "")
    story.client(GET).upstream_gets(b"GET /a").upstream(OK).client_gets(200).dialled(1)
    assert len(between.made) == 4 * many


def test_a_full_side_pauses_the_other(scenario: Make) -> None:
    story = scenario(filters=[Both(2)]).client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 210000\r\n\r\n" + BIG)
    story.upstream_is_read(False).client_drained().upstream_is_read()
    story.upstream(BIG * 2).client_gets(200, BIG * 3)
    story.client(POST).upstream_gets(b"POST /a", end=False).upstream_full()
    story.client(b"11170\r\n" + BIG + b"\r\n").client_is_read(False).upstream_drained()
    story.client_is_read().client(b"0\r\n\r\n").upstream_gets(body=BIG).upstream(OK)
    story.client_gets(200)


def test_who_leaves_is_heard(scenario: Make) -> None:
    story = scenario(filters=[Both(2)]).client(GET).upstream_gets(b"GET /a").client_leaves()
    story.ended(1, "client_gone").upstream_sees("closed")
    story = scenario(filters=[Both(2)]).client(POST + b"3\r\nabc\r\n")
    story.upstream_gets(b"POST /a", end=False).upstream_resets().client_gets(502)
    story.ended(1, "connection_terminated")


def test_a_new_attempt_has_a_new_one_before_its_origin(scenario: Make) -> None:
    between = Both()
    story = scenario(filters=[between], endpoints=2).client(GET).upstream_gets(b"GET /a")
    story.upstream_resets().upstream_gets(b"GET /a").upstream(OK).client_gets(200).ended(1, "")
    assert [type(each).__name__ for each in between.made] == [
        "BeforeClient",
        "BeforeUpstream",
        "BeforeUpstream",
    ]


def test_a_malformed_body_fails_the_exchange(scenario: Make) -> None:
    story = scenario(filters=[Both(2)]).client(POST + b"3\r\nabc\r\n")
    story.upstream_gets(b"POST /a", end=False).client(b"zz\r\n").client_gets(400)
    story.ended(1, "http_request_error").upstream_sees("closed")


def test_what_it_does_not_know_the_exchange_answers(scenario: Make) -> None:
    between = Both()
    story = scenario(filters=[between]).client(GET).upstream_gets(b"GET /a")
    before_client, before_upstream = between.made
    exchange = story.recorder.began[0]
    assert before_client.request is exchange.request
    assert before_upstream.client is exchange.client
    before_client.sips = True  # type: ignore[union-attr]
    assert exchange.sips
    before_upstream.reused = True  # type: ignore[union-attr]
    assert exchange.reused
    assert repr(before_client).startswith("<BeforeClient <Exchange <GET /a")
    with pytest.raises(AttributeError, match="nonsense"):
        _ = before_client.nonsense
    before_upstream.on_response(Trailers([]), b"", False)  # type: ignore[union-attr]
    story.upstream(OK).client_gets(200)


class Holds(HoldingClient):
    """Gives its client a thousand bytes each time that it has room, and a head at once."""

    def __init__(self, exchange: Exchange, late: float) -> None:
        super().__init__(exchange)
        self.late = late
        self.data = b""
        self.end = False

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        if head is not None:
            self.client.send(head, b"", False)
        self.data += data
        self.end = end
        self._waits = bool(self.data)
        if self.late:
            self._timer = self.exchange.keeper.later(self.late, self._on_time)
        else:
            self._pump()

    def unsent(self) -> int:
        return len(self.data) + self.client.unsent()

    def _pump(self) -> None:
        while self.data and not self._full:
            piece, self.data = self.data[:1000], self.data[1000:]
            self.client.send(None, piece, self.end and not self.data)
        self._waits = bool(self.data)
        self._tell()

    def _drop(self) -> None:
        self.data = b""


class Holding(Filter):
    """late: seconds that what is sent waits before it may leave."""

    def __init__(self, late: float = 0.0) -> None:
        self.late = late
        self.made: list[Holds] = []

    def on_response(self, exchange: Exchange) -> None:
        self.made.append(Holds(exchange, self.late))


@pytest.fixture
def held(scenario: Make) -> Scenario:
    story = scenario(filters=[Holding()], timeouts=Timeouts(idle=5.0)).client(GET)
    return story.upstream_gets(b"GET /a")


def sized(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def test_what_waits_leaves_when_its_exchange_is_over(held: Scenario) -> None:
    held.client_full().upstream(sized(BIG * 2)).ended(1, "")
    held.client(GET).upstream_gets_nothing()
    for _ in range(8):
        held.client_drained(20_000).advance(4.0)
    held.client_drained().client_gets(200, BIG * 2).upstream_gets(b"GET /a")
    held.upstream(OK).client_gets(200, b"hi").advance(30.0)


def test_its_origin_is_read_no_faster_than_it_takes(held: Scenario) -> None:
    held.client_full().upstream(sized(BIG * 2)[:-9]).upstream_is_read(False)
    held.client_drained().upstream_is_read().upstream(b"x" * 9).client_gets(200, BIG * 2)


def test_who_leaves_or_takes_nothing_of_what_waits_is_given_up(scenario: Make) -> None:
    for leaves in (True, False):
        holding = Holding()
        story = scenario(filters=[holding], timeouts=Timeouts(idle=5.0)).client(GET)
        story.upstream_gets(b"GET /a").client_full().upstream(sized(BIG * 2)).ended(1, "")
        assert len(holding.made[0].data) > 70_000
        if leaves:
            story.client_leaves()
        else:
            story.advance(4.0).client_sees("open").advance(7.0).client_sees("reset")
        assert not holding.made[0].data


def test_what_waits_for_its_time_is_not_waiting_for_the_client(scenario: Make) -> None:
    story = scenario(filters=[Holding(late=60.0)], timeouts=Timeouts(idle=5.0)).client(GET)
    story.upstream_gets(b"GET /a").upstream(sized(BIG)).ended(1, "").advance(59.0)
    story.client_sees("open").advance(2.0).client_gets(200, BIG)


def test_an_answer_that_is_cut_leaves_nothing_behind(scenario: Make) -> None:
    holding = Holding()
    story = scenario(filters=[holding]).client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(sized(BIG * 2)[:-9])
    assert len(holding.made[0].data) > 70_000
    story.upstream_resets().ended(1, "http_response_incomplete")
    assert not holding.made[0].data
