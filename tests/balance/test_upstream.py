"""Who is in rotation and who is not, and what becomes of those who are not."""

from collections.abc import Iterator, Sequence
from itertools import islice
from types import SimpleNamespace
from typing import Any, cast

import pytest

from porch import clock
from porch.balance.care import Care
from porch.balance.endpoint import REDIAL, TRIAL, WIDTH, Endpoint, Kind, Out
from porch.balance.least_requests import LeastRequests
from porch.balance.roster import Roster
from porch.balance.round_robin import RoundRobin
from porch.balance.upstream import DIALS, Upstream
from porch.errors import ConnectionRefused
from porch.exchange import Exchange
from porch.route.route import RUNNING, Place
from porch.shared import Cells, SharedTable
from tests.support.network import FakeClock


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


class AsWritten:
    """A balancer that keeps the order and notes what it may use."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.everyone = ""
        self.endpoints: Sequence[Endpoint] = ()

    def use(self, up: Sequence[Endpoint], everyone: Sequence[Endpoint]) -> None:
        self.endpoints = up
        self.everyone = "".join(each.name for each in everyone)
        self.told.append("".join(each.name for each in up))

    def candidates(self, exchange: Exchange) -> Iterator[Endpoint]:
        return iter(self.endpoints)


class Dialled:
    """Connections that note who is dialled ahead."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def dial_ahead(self, place: Place) -> None:
        self.names.append(place.name)


class Bench:
    def __init__(self, names: Sequence[str]) -> None:
        self.roster = Roster("pool")
        self.dialled = Dialled()
        connections: Any = self.dialled
        self.of = {each: Endpoint(each, connections, roster=self.roster) for each in names}
        self.balancer = AsWritten()
        self.upstream = Upstream("pool", [*self.of.values()], self.balancer, self.roster)

    def order(self, most: int | None = None, method: bytes = b"GET") -> str:
        exchange = SimpleNamespace(request=SimpleNamespace(method=method))
        found = self.upstream.candidates(cast("Exchange", exchange))
        return "".join(each.name for each in islice(found, most))

    def out(self, names: str, kind: Kind = "refused") -> "Bench":
        for each in names:
            if kind == "refused":
                self.of[each].on_failure("connection_refused")
            else:
                self.of[each].take_out(kind, "x")
        return self


def test_the_balancer_orders_what_is_in_rotation() -> None:
    bench = Bench("abc")
    assert bench.order() == "abc"
    assert bench.out("b").order() == "ac"
    assert bench.balancer.told == ["abc", "ac"]


def test_it_is_told_when_that_changes_and_not_at_each_request() -> None:
    bench = Bench("abc")
    for _ in range(3):
        bench.order()
    bench.out("a", "unhealthy").order()
    bench.of["a"].put_back("unhealthy")
    bench.order()
    assert bench.balancer.told == ["abc", "bc", "abc"]


def test_one_that_has_as_many_as_it_may_is_passed_over() -> None:
    bench = Bench("abc")
    bench.upstream.most = 2
    bench.of["a"].counts[RUNNING] = 2
    assert bench.order() == "bc"


def test_where_all_have_the_idlest_takes_one_that_was_let_in_and_no_other_follows() -> None:
    """Two workers count at the same moment: the one that comes second is not refused for it."""
    bench = Bench("abc")
    bench.upstream.most = 2
    for name, running in zip("abc", (4, 2, 3), strict=True):
        bench.of[name].counts[RUNNING] = running
    assert bench.order() == "b"
    bench.out("b", "drained")
    assert bench.order() == "c"


def test_an_only_endpoint_is_tried_whatever_it_did() -> None:
    assert Bench("a").out("a").order() == "a"
    assert Bench("a").out("a", "unhealthy").order() == "a"


def test_an_only_endpoint_that_is_drained_or_weighs_nothing_is_not_tried() -> None:
    assert Bench("a").out("a", "drained").order() == ""
    bench = Bench("a")
    bench.of["a"].weight = 0
    assert bench.order() == ""
    assert "a weight 0" in bench.upstream.nobody(None).detail


def test_one_that_is_drained_while_a_request_looks_for_another_is_not_tried() -> None:
    bench = Bench("abc")
    exchange = SimpleNamespace(request=SimpleNamespace(method=b"GET"))
    found = bench.upstream.candidates(cast("Exchange", exchange))
    assert next(found).name == "a"
    bench.out("b", "drained")
    assert [each.name for each in found] == ["c"]


@pytest.mark.parametrize("others", ["", "c"])
def test_all_that_are_drained_meanwhile_are_left_out(others: str) -> None:
    """Also where another one refuses and has to be looked after."""
    bench = Bench("abc" + others.upper()).out(others.upper())
    exchange = SimpleNamespace(request=SimpleNamespace(method=b"GET"))
    found = bench.upstream.candidates(cast("Exchange", exchange))
    assert next(found).name == "a"
    bench.out("bc", "drained")
    assert [*found] == []


def test_one_that_is_left_needs_no_balancer() -> None:
    bench = Bench("ab").out("a")
    assert bench.order() == "b"
    assert bench.balancer.told == []


def test_weight_0_gets_nothing() -> None:
    bench = Bench("ab")
    bench.of["a"].weight = 0
    assert bench.order() == "b"


# --- refused -----------------------------------------------------------------------------------


def test_who_refused_is_dialled_each_half_second_beside_the_requests(time: FakeClock) -> None:
    bench = Bench("abc").out("a")
    assert bench.order() == "bc"
    assert bench.dialled.names == []
    for _ in range(2):
        time.advance(REDIAL)
        assert [bench.order() for _ in range(3)] == ["bc"] * 3
    assert bench.dialled.names == ["a", "a"]


def test_of_many_some_are_dialled_at_once(time: FakeClock) -> None:
    names = [chr(200 + each) for each in range(100)]
    bench = Bench(names).out("".join(names[1:]))
    bench.order()
    time.advance(REDIAL)
    bench.order()
    assert len(bench.dialled.names) == DIALS
    time.advance(REDIAL - 0.01)
    bench.order()
    time.advance(0.01)
    bench.order()
    assert len(set(bench.dialled.names)) == 2 * DIALS, "the others have their turn"


def test_one_that_accepted_takes_its_part() -> None:
    bench = Bench("ab").out("a")
    bench.order()
    bench.of["a"].on_success()
    assert bench.order() == "ab"


def test_when_all_refuse_one_request_looks_and_the_others_are_told(time: FakeClock) -> None:
    bench = Bench("ab").out("ab")
    assert bench.order() == ""
    time.advance(REDIAL)
    assert bench.order() == "ab"
    assert bench.order() == ""
    error = bench.upstream.nobody(None)
    assert error.status == 503
    assert error.detail == (
        "all endpoints of pool pool are out: a connection_refused; b connection_refused"
    )


def test_who_finds_out_that_all_refuse_is_told_what_the_others_are() -> None:
    error = ConnectionRefused("a refused")
    bench = Bench("ab").out("a")
    assert bench.upstream.nobody(error) is error, "b may be there by the next request"
    told = bench.out("b").upstream.nobody(error)
    assert (told.status, getattr(told, "retry_after", None)) == (503, 1.0)
    assert Bench("a").out("a").upstream.nobody(error) is error, "its own reason says more"


def test_of_many_that_are_out_some_are_named() -> None:
    bench = Bench("abcde").out("abc", "unhealthy").out("d")
    bench.of["e"].weight = 0
    assert bench.upstream.nobody(None).detail == (
        "all endpoints of pool pool are out: a x; b x; c x; and 2 more"
    )


# --- silent and the lesser reasons -------------------------------------------------------------


def test_a_silent_endpoint_is_tried_by_one_repeatable_request_a_second(time: FakeClock) -> None:
    bench = Bench("abc").out("b", "silent")
    assert bench.order(method=b"POST") == "ac"
    assert [bench.order() for _ in range(3)] == ["bac", "ac", "ac"]
    time.advance(TRIAL)
    assert [bench.order(1) for _ in range(2)] == ["b", "a"]


def test_nobody_tries_it_who_could_not_be_sent_again(
    time: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench("abc").out("b", "silent")
    monkeypatch.setattr(bench.upstream.budget, "workers", 1e9)
    assert bench.order() == "ac"
    monkeypatch.setattr(bench.upstream.budget, "workers", 1)
    assert bench.order() == "bac"


@pytest.mark.parametrize("names", ["a", "ab"])
def test_whoever_comes_is_counted_for_the_budget(
    names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(names)
    budget = bench.roster.budget
    for _ in range(3):
        bench.order()
    assert budget.came == 3
    monkeypatch.setattr(clock, "now", budget.due)
    bench.order()
    assert budget.came == 1


def test_who_asked_to_be_spared_gets_nothing_while_there_are_others() -> None:
    bench = Bench("ab")
    for name, order in (("b", "a"), ("a", "ab")):
        bench.of[name].on_told("spared", Out("asked", 0.0))
        assert bench.order() == order


@pytest.mark.parametrize("kind", ["ejected", "silent", "unhealthy"])
def test_when_all_are_out_for_a_lesser_reason_all_are_used(kind: Kind) -> None:
    assert Bench("ab").out("ab", kind).order() == "ab"
    assert Bench("abc").out("ab", kind).out("c").order() == "ab"


@pytest.mark.parametrize("kind", ["ejected", "silent", "unhealthy"])
def test_while_one_is_in_rotation_those_are_not_used(kind: Kind) -> None:
    assert Bench("abc").out("ab", kind).order(method=b"POST") == "c"


def test_below_its_panic_share_a_pool_does_not_believe_its_checks() -> None:
    bench = Bench("abcd")
    bench.upstream.care = Care(panic=0.5)
    assert bench.out("ab", "unhealthy").order(method=b"POST") == "cd", "a half is not less"
    bench.out("d")
    assert bench.order(method=b"POST") == "abc", "and who refuses is not used all the same"
    bench.of["d"].on_success()
    assert bench.order(method=b"POST") == "cd"


def test_a_drained_endpoint_is_never_used() -> None:
    bench = Bench("ab").out("ab", "drained")
    assert bench.order() == ""
    assert bench.out("b", "silent").order() == ""


def test_an_empty_pool_has_no_candidates() -> None:
    bench = Bench("")
    assert bench.order() == ""
    assert bench.upstream.nobody(None).detail == "pool pool has no endpoint"


def test_it_prints_its_name_and_size() -> None:
    assert repr(Bench("abc").upstream) == "<Upstream pool 3 endpoints>"


def test_the_balancer_knows_who_is_in_the_pool_too() -> None:
    bench = Bench("abc")
    bench.of["b"].weight = 0
    bench.out("c", "drained").order()
    assert bench.balancer.everyone == ""
    bench.of["b"].weight = 1
    bench.roster.version += 1
    bench.order()
    assert (bench.balancer.told, bench.balancer.everyone) == (["ab"], "abc")


def test_an_endpoint_is_used_while_it_is_in_rotation_or_all_are_out_for_a_lesser_reason() -> None:
    bench = Bench("ab")
    assert bench.upstream.is_used(bench.of["a"])
    bench.out("a", "unhealthy")
    assert not bench.upstream.is_used(bench.of["a"])
    bench.out("b", "ejected")
    assert bench.upstream.is_used(bench.of["a"])
    bench.out("a", "drained")
    assert not bench.upstream.is_used(bench.of["a"])


def test_a_pool_is_given_others_and_says_why_there_is_none() -> None:
    made = Upstream("p", [], RoundRobin())
    assert str(made.nobody(None)) == "destination_unavailable: pool p has no endpoint"
    made.use([], "nobody has looked")
    assert "pool p has no endpoint: nobody has looked" in str(made.nobody(None))
    version = made.roster.version
    made.use([])
    assert made.roster.version > version


def test_a_further_worker_is_taken_into_account() -> None:
    table = SharedTable(4, 2 * WIDTH)
    table.use(1)
    cells = [[Cells(WIDTH, table, row, WIDTH * number) for number in range(2)] for row in (1, 2)]
    nowhere: Any = None
    here = [Endpoint(name, nowhere, 1, each) for name, each in zip("ab", cells[0], strict=True)]
    upstream = Upstream("pool", here, LeastRequests())

    def chosen() -> str:
        return next(upstream.candidates(cast("Exchange", None))).name

    here[0].counts[RUNNING] = 1
    assert chosen() == "b"
    table.use(2)
    cells[1][1].own[RUNNING] = 2
    assert chosen() == "a"


def test_one_in_a_pool_that_counts_for_itself_hides_no_further_worker() -> None:
    """There are more endpoints than the table has columns."""
    table = SharedTable(4, WIDTH)
    table.use(1)
    nowhere: Any = None
    shared = Endpoint("b", nowhere, cells=Cells(WIDTH, table, 1))
    upstream = Upstream("pool", [Endpoint("a", nowhere), shared], LeastRequests())
    upstream.endpoints[0].counts[RUNNING] = 1
    assert next(upstream.candidates(cast("Exchange", None))).name == "b"
    table.use(2)
    Cells(WIDTH, table, 2).own[RUNNING] = 2
    assert next(upstream.candidates(cast("Exchange", None))).name == "a"


def test_for_a_further_worker_nothing_is_arranged_anew() -> None:
    table = SharedTable(4, WIDTH)
    table.use(1)
    nowhere: Any = None
    balancer = AsWritten()
    endpoints = [Endpoint(each, nowhere, cells=Cells(WIDTH, table, 1)) for each in "ab"]
    upstream = Upstream("pool", endpoints, balancer)
    for _ in range(2):
        assert len([*upstream.candidates(cast("Exchange", None))]) == 2
        table.use(2)
    assert balancer.told == ["ab"]
    assert [len(each.runs) for each in endpoints] == [3, 3]
