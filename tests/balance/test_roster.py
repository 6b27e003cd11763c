"""What a pool keeps over reloads."""

from typing import cast

from porch.balance.endpoint import Endpoint
from porch.balance.roster import Roster
from porch.route.route import Connections


def test_it_grows_with_each_change_of_any_of_its_endpoints() -> None:
    roster = Roster("api")
    one, two = (Endpoint(name, cast("Connections", None), roster=roster) for name in "ab")
    one.take_out("unhealthy", "404")
    two.take_out("unhealthy", "404")
    one.put_back("unhealthy")
    assert roster.version == 3
    assert repr(roster) == "<Roster api version 3>"


def test_each_pool_has_a_budget_and_a_memory_of_its_own() -> None:
    one, two = Roster("a"), Roster("b")
    one.budget.spend()
    one.first_bytes.add(1.0)
    assert repr(two.budget) == "<Budget 0 spent, 0 came>"
    assert repr(two.first_bytes) == "<FirstBytes 0 slow None>"
