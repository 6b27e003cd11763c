"""What is known about one address, who took it out of rotation, and who puts it back."""

from typing import Any, cast

import pytest

from porch import clock
from porch.balance.endpoint import (
    FAILED,
    REDIAL,
    TRIAL,
    TRIAL_LOOK,
    WIDTH,
    Endpoint,
    Kind,
    Out,
)
from porch.balance.roster import Roster
from porch.errors import EndpointSilent
from porch.route.route import ANSWERED, HEARD, RUNNING, Connections
from porch.shared import Cells, SharedTable
from tests.support.network import FakeClock


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def endpoint(
    name: str = "a:1", cells: Cells | None = None, roster: Roster | None = None
) -> Endpoint:
    return Endpoint(name, cast("Connections", None), 1, cells, roster)


class Waiting:
    """An exchange that was sent there and has no answer."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.waits = True


def waits(at: Endpoint) -> Any:
    return Waiting(at)


# --- refused -----------------------------------------------------------------------------------


def test_an_endpoint_that_refused_is_out_and_due_again_after_a_moment(time: FakeClock) -> None:
    one = endpoint()
    one.on_failure("connection_refused")
    assert one.out == {"refused": Out("connection_refused", clock.wall())}
    time.advance(REDIAL - 0.01)
    assert not one.is_due()
    time.advance(0.01)
    assert one.is_due()


def test_whether_it_is_due_can_be_asked_without_changing_it(time: FakeClock) -> None:
    one = endpoint()
    one.on_failure("connection_refused")
    time.advance(REDIAL)
    assert all(one.is_due() for _ in range(3))


def test_while_one_dials_the_others_do_not(time: FakeClock) -> None:
    one = endpoint()
    one.on_failure("connection_refused")
    time.advance(REDIAL)
    one.on_redial()
    assert not one.is_due()
    time.advance(REDIAL)
    assert one.is_due()


def test_a_failure_counts_from_its_end(time: FakeClock) -> None:
    one = endpoint()
    one.on_redial()
    time.advance(5)
    one.on_failure("connection_timeout")
    assert not one.is_due()


def test_a_success_forgets_the_failure() -> None:
    one = endpoint()
    one.on_failure("connection_refused")
    one.on_success()
    assert one.out == {}


# --- out of rotation ---------------------------------------------------------------------------


def test_the_others_are_told_of_each_change_once() -> None:
    heard: list[tuple[str, str, str]] = []
    roster = Roster(
        "pool", lambda one, kind, why: heard.append((one.name, kind, why.text if why else "back"))
    )
    one = endpoint(roster=roster)
    one.take_out("unhealthy", "404")
    one.take_out("unhealthy", "404")
    one.take_out("unhealthy", "500")
    one.put_back("unhealthy")
    one.put_back("unhealthy")
    assert heard == [
        ("a:1", "unhealthy", "404"),
        ("a:1", "unhealthy", "500"),
        ("a:1", "unhealthy", "back"),
    ]
    assert roster.version == 3


def test_another_reason_of_the_same_kind_keeps_the_time_of_the_first(time: FakeClock) -> None:
    one = endpoint()
    one.take_out("unhealthy", "404")
    time.advance(60)
    one.take_out("unhealthy", "500")
    assert one.out["unhealthy"] == Out("500", clock.wall() - 60)


def test_what_another_worker_tells_is_not_told_back() -> None:
    heard: list[str] = []
    one = endpoint(roster=Roster("pool", lambda *told: heard.append("told")))
    one.on_told("drained", Out("by an operator", 1.0))
    one.on_told("drained", None)
    one.on_told("drained", None)
    assert heard == []
    assert one.out == {}


def test_it_is_back_when_no_reason_is_left() -> None:
    one = endpoint()
    one.take_out("drained", "x")
    one.on_failure("connection_refused")
    one.on_success()
    assert list(one.out) == ["drained"]


@pytest.mark.parametrize(
    ("kinds", "asked", "is_out"),
    [
        ((), ("silent",), False),
        (("silent",), ("silent",), True),
        (("silent", "refused"), ("silent",), False),
        (("silent", "ejected"), ("silent", "ejected", "unhealthy"), True),
    ],
)
def test_by_which_kinds_it_is_out(
    kinds: tuple[Kind, ...], asked: tuple[str, ...], *, is_out: bool
) -> None:
    one = endpoint()
    for kind in kinds:
        one.take_out(kind, "x")
    assert one.is_out_by(asked) == is_out


# --- silence -----------------------------------------------------------------------------------


def silent(time: FakeClock, seconds: float = 1.2) -> Endpoint:
    """Two wait there, and nobody has heard of it."""
    one = endpoint()
    one.counts[HEARD] = int(time.time * 1000)
    time.advance(seconds)
    assert one.on_waits(waits(one)) is None, "one alone may have asked for something long"
    return one


def test_an_endpoint_that_keeps_two_waiting_and_says_nothing_is_silent(time: FakeClock) -> None:
    one = silent(time)
    error = one.on_waits(waits(one))
    assert type(error) is EndpointSilent
    assert error.detail == "a:1: no byte for 1.2 s, while others wait"
    assert list(one.out) == ["silent"]
    assert one.patience == TRIAL_LOOK


def test_one_that_has_just_said_something_to_anyone_is_not(time: FakeClock) -> None:
    one = silent(time)
    one.counts[HEARD] = int(time.time * 1000) - 300
    assert one.on_waits(waits(one)) is None
    assert one.out == {}


def test_one_that_usually_takes_long_may_take_ten_times_that(time: FakeClock) -> None:
    one = silent(time)
    one.usual = 0.2
    assert one.on_waits(waits(one)) is None
    time.advance(1)
    assert one.on_waits(waits(one)) is not None


def test_who_left_meanwhile_does_not_wait(time: FakeClock) -> None:
    one = endpoint()
    gone = waits(one)
    one.on_waits(gone)
    gone.waits = False
    elsewhere = waits(one)
    one.on_waits(elsewhere)
    elsewhere.endpoint = endpoint("b:1")
    assert one.on_waits(waits(one)) is None


def test_the_same_exchange_counts_once(time: FakeClock) -> None:
    one = silent(time)
    same = next(iter(one._waiting))
    assert one.on_waits(same) is None
    assert one.on_waits(same) is None


def test_those_of_another_worker_count_and_what_it_hears_too(time: FakeClock) -> None:
    table = SharedTable(3, WIDTH)
    table.use(2)
    here, there = (endpoint(cells=Cells(WIDTH, table, row, 0)) for row in (1, 2))
    time.advance(2)
    assert here.on_waits(waits(here)) is None
    there.counts[HEARD] = int(time.time * 1000)
    assert there.on_waits(waits(there)) is None, "it has just heard"
    time.advance(2)
    assert here.on_waits(waits(here)) is not None


def test_those_of_another_worker_that_have_their_answers_do_not_count(time: FakeClock) -> None:
    """Else the next slow report, alone, would be taken for silence."""
    table = SharedTable(3, WIDTH)
    table.use(2)
    here, there = (endpoint(cells=Cells(WIDTH, table, row, 0)) for row in (1, 2))
    there.counts[HEARD] = int(time.time * 1000)
    answered = [waits(there), waits(there)]
    for each in answered:
        assert there.on_waits(each) is None
    assert there.roster.waited == {there}
    for each in answered:
        each.waits = False
    there.counts[HEARD] = int(time.time * 1000)
    there.recount()
    assert there.roster.waited == set()
    time.advance(3)
    assert here.on_waits(waits(here)) is None
    assert here.out == {}


def test_thousands_that_wait_cost_no_more_than_as_many_looks(time: FakeClock) -> None:
    one = endpoint()
    one.counts[HEARD] = int(time.time * 1000)
    looked = 0

    class Counting(Waiting):
        @property
        def waits(self) -> bool:
            nonlocal looked
            looked += 1
            return True

        @waits.setter
        def waits(self, value: bool) -> None:
            """As the base sets it."""

    crowd: list[Any] = [Counting(one) for _ in range(3000)]
    for each in crowd:
        assert one.on_waits(each) is None
    one.recount()
    assert looked == 3000
    assert len(one._waiting) == 3000


def test_it_is_tried_once_a_second_and_back_when_it_answers(time: FakeClock) -> None:
    one = silent(time)
    one.on_waits(waits(one))
    assert not one.try_silent()
    time.advance(TRIAL)
    assert [one.try_silent() for _ in range(3)] == [True, False, False]
    time.advance(TRIAL)
    assert one.try_silent()
    one.on_heard()
    assert one.out == {}
    assert one.patience == 1.0


def test_a_connection_alone_does_not_bring_a_silent_one_back(time: FakeClock) -> None:
    """The system accepts for a process that hangs."""
    one = silent(time)
    one.on_waits(waits(one))
    one.on_success()
    assert list(one.out) == ["silent"]


def test_bad_answers_are_counted() -> None:
    one = endpoint()
    one.on_bad("503")
    one.on_bad("http_response_timeout")
    one.on_bad("500")
    assert one.counts[FAILED] == 3
    assert one.roster.troubled == {one: (3, 2, "500")}, "500 may be one page alone"


def test_it_prints_what_a_person_asks_first() -> None:
    one = endpoint("10.0.0.1:8000")
    one.counts[RUNNING] = 3
    assert repr(one) == "<Endpoint 10.0.0.1:8000 3 running>"
    one.on_failure("connection_refused")
    assert repr(one) == "<Endpoint 10.0.0.1:8000 3 running refused: connection_refused>"


def test_a_weight_has_its_share_and_is_told_to_who_arranges() -> None:
    one = endpoint()
    one.weigh(20, 0.1)
    assert (one.weight, one.full_weight, one.roster.version) == (2, 20, 1)
    one.weigh(20)
    assert (one.weight, one.full_weight) == (20, 20)


def test_one_that_is_out_for_a_time_says_until_when() -> None:
    one = endpoint()
    one.take_out("ejected", "5 failures in a row", 30)
    assert one.out["ejected"].until == clock.wall() + 30


def test_when_it_answered_well_is_of_all_workers() -> None:
    table = SharedTable(3, WIDTH)
    table.use(2)
    here, there = (endpoint(cells=Cells(WIDTH, table, row, 0)) for row in (1, 2))
    there.counts[ANSWERED] = 5
    assert here.answered_at == 5


def test_what_runs_is_a_cell_of_each_worker_and_of_further_ones_after_a_look() -> None:
    table = SharedTable(4, WIDTH)
    table.use(1)
    one, other = (endpoint(cells=Cells(WIDTH, table, row)) for row in (1, 2))
    one.counts[RUNNING] = 3
    live = one.live[0]
    table.use(2)
    other.counts[RUNNING] = 4
    assert (sum(one.runs), one.running, one.live[0] > live) == (3, 7, True)
    one.look()
    assert sum(one.runs) == 7
    one.leave()
    assert (sum(one.runs), one.running) == (3, 3)


def test_whether_an_operator_took_it_out_is_known() -> None:
    one = endpoint()
    one.take_out("ejected", "x")
    assert not one.is_drained
    one.take_out("drained", "by an operator")
    assert one.is_drained
    one.put_back("drained")
    assert not one.is_drained


def test_an_attempt_that_found_no_connection_is_counted_but_no_dial_that_nobody_waits_for() -> None:
    one = endpoint()
    one.on_failure("connection_refused")
    assert one.counts[FAILED] == 0
    one.on_unreached("connection_refused")
    assert (one.counts[FAILED], [*one.out]) == (1, ["refused"])
