"""One dial for many: who waits for how long, and when it is given up."""

from porch.route.route import Route, Timeouts
from tests.support.shared import Asking, Bench


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
