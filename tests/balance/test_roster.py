"""What a pool keeps over reloads."""

from typing import cast

from porch.balance.endpoint import Endpoint
from porch.balance.roster import Roster, Troubled
from porch.route.route import Connections


def test_it_grows_with_each_change_of_any_of_its_endpoints() -> None:
    roster = Roster("api")
    one, two = (Endpoint(name, cast("Connections", None), roster=roster) for name in "ab")
    one.take_out("unhealthy", "404")
    two.take_out("unhealthy", "404")
    one.put_back("unhealthy")
    assert roster.version == 3
    assert repr(roster) == "<Roster api version 3>"


def test_who_comes_back_is_told_of_once_it_is_back_for_every_reason() -> None:
    roster = Roster("api")
    back: list[Endpoint] = []
    roster.on_back = back.append
    one = Endpoint("a", cast("Connections", None), roster=roster)
    one.take_out("unhealthy", "404")
    one.take_out("drained", "by an operator")
    one.put_back("unhealthy")
    assert back == []
    one.put_back("drained")
    one.put_back("drained")
    assert back == [one]


def test_rosters_of_one_worker_note_trouble_in_one_place() -> None:
    troubled: Troubled = {}
    one = Endpoint("a", cast("Connections", None), roster=Roster("x", troubled=troubled))
    two = Endpoint("a", cast("Connections", None), roster=Roster("y", troubled=troubled))
    one.on_bad("500")
    two.on_bad("connection_terminated")
    two.on_bad("504")
    assert troubled == {one: (1, 0, "500"), two: (2, 2, "504")}


def test_each_pool_has_a_budget_and_a_memory_of_its_own() -> None:
    one, two = Roster("a"), Roster("b")
    one.budget.spend()
    one.first_bytes.add(1.0)
    assert repr(two.budget) == "<Budget 0 spent, 0 came>"
    assert repr(two.first_bytes) == "<FirstBytes 0 slow None>"
