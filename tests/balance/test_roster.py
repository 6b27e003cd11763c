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
