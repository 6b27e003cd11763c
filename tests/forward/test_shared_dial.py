"""One dial for many: who waits for how long, and when it is given up."""

from porch.errors import ConnectFailed, LeftBehind
from porch.forward.shared_dial import IN_VAIN
from porch.route.route import Route, Timeouts
from tests.support.shared import Asking, Bench

SETTINGS = b"\0\0\6\4\0\0\0\0\0" + b"\0\3\0\0\0\2"
"""Two streams at once."""
GOAWAY = b"\0\0\x08\x07\0\0\0\0\0" + bytes(8)


def waiting(bench: Bench, seconds: float) -> Asking:
    exchange = Asking(bench.endpoint)
    exchange.route = Route(key="*", timeouts=Timeouts(connect=seconds))
    return bench.ask(exchange)


def test_each_waits_for_as_long_as_its_route_says(bench: Bench) -> None:
    bench.dialer.set("hangs")
    short, long = waiting(bench, 1.0), waiting(bench, 3.0)
    assert bench.dialer.dials == 1
    assert repr(bench.pool.dials) == "[<SharedDial 2 waiting>]"
    bench.pass_time(1.5)
    assert short.error is not None
    assert short.error.word == "connection_timeout"
    assert long.error is None
    bench.loop.run(lambda: bench.dialer.set("accepts"))
    bench.settle()
    assert long.stream is not None
    assert short.stream is None
    assert bench.pool.dials == []


def test_a_dial_for_which_nobody_waits_is_given_up(bench: Bench) -> None:
    bench.dialer.set("hangs")
    exchange = waiting(bench, 1.0)
    bench.pass_time(1.5)
    assert exchange.error is not None
    assert bench.pool.dials == []
    assert len(bench.deadlines) == 0
    bench.loop.run(lambda: bench.dialer.set("accepts"))
    assert bench.transports == []


def test_who_is_cancelled_does_not_wait(bench: Bench) -> None:
    bench.dialer.set("hangs")
    first, second = waiting(bench, 9.0), waiting(bench, 9.0)
    bench.loop.run(lambda: bench.pool.cancel(first))  # type: ignore[arg-type]
    assert repr(bench.pool.dials) == "[<SharedDial 1 waiting>]"
    bench.loop.run(lambda: bench.pool.cancel(second))  # type: ignore[arg-type]
    assert bench.pool.dials == []
    assert len(bench.deadlines) == 0


def test_all_who_wait_hear_that_it_failed(bench: Bench) -> None:
    bench.dialer.set("hangs")
    both = [waiting(bench, 9.0) for _ in range(2)]
    bench.loop.run(lambda: bench.dialer.set("refuses"))
    assert [each.error and each.error.word for each in both] == ["connection_refused"] * 2
    assert bench.endpoint.out["refused"].text == "connection_refused"
    assert len(bench.deadlines) == 0


def test_they_are_served_in_the_order_they_came(bench: Bench) -> None:
    exchanges = [waiting(bench, 9.0) for _ in range(3)]
    bench.settle({3: 1})
    assert [each.stream is not None for each in exchanges] == [True, False, False]
    assert bench.dialer.dials == 3


def test_who_found_no_room_on_a_connection_that_closed_gets_another(bench: Bench) -> None:
    exchanges = [waiting(bench, 9.0) for _ in range(3)]

    def come_and_go() -> None:
        bench.transports[0].feed(SETTINGS)
        bench.transports[0].feed(GOAWAY)

    bench.loop.run(come_and_go)
    assert [each.stream is not None for each in exchanges] == [True, True, False]
    assert exchanges[2].error is None
    assert bench.endpoint.out == {}
    bench.settle()
    assert exchanges[2].stream is not None
    assert bench.dialer.dials == 2


def test_one_that_closes_with_its_first_words_is_dialled_again_but_not_for_ever(
    bench: Bench,
) -> None:
    exchanges = [waiting(bench, 9.0) for _ in range(3)]
    for _ in range(IN_VAIN):
        bench.loop.run(lambda: bench.transports[-1].feed(SETTINGS + GOAWAY))
        assert [each.error for each in exchanges] == [None] * 3
    assert bench.endpoint.out == {}
    bench.loop.run(lambda: bench.transports[-1].feed(SETTINGS + GOAWAY))
    assert [type(each.error) for each in exchanges] == [ConnectFailed] * 3
    assert bench.endpoint.out["refused"].text == "destination_ip_unroutable"
    assert bench.dialer.dials == IN_VAIN + 1
    assert bench.pool.dials == []


def test_it_waits_no_longer_for_further_connections_than_for_the_first(bench: Bench) -> None:
    exchange = waiting(bench, 2.0)
    bench.pass_time(1.5)
    bench.loop.run(lambda: bench.transports[-1].feed(SETTINGS + GOAWAY))
    bench.pass_time(1.0)
    assert exchange.error is not None
    assert exchange.error.word == "connection_timeout"
    assert bench.pool.dials == []


def test_one_that_was_left_behind_comes_before_those_who_came_later(bench: Bench) -> None:
    left = Asking(bench.endpoint)
    bench.pass_time(1.0)
    first = waiting(bench, 9.0)
    left.error = LeftBehind()
    bench.ask(left)
    bench.settle({3: 1})
    assert left.stream is not None
    assert first.stream is None


def test_one_that_was_left_behind_does_not_take_a_connection_that_others_use(bench: Bench) -> None:
    bench.sent(_served(bench))
    left = Asking(bench.endpoint)
    left.error = LeftBehind()
    bench.ask(left)
    bench.origins[0].answer(1)
    assert left.stream is None
    assert bench.dialer.dials == 2
    bench.settle()
    assert left.stream is not None


def _served(bench: Bench) -> Asking:
    exchange = waiting(bench, 9.0)
    bench.settle()
    return exchange
