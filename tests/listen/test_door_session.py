"""A session that has bounds of its own."""

from porch.clock import INFINITY
from porch.errors import ClientGone
from porch.listen.door_session import Busy


def test_who_has_bounds_of_its_own_is_never_idle_and_owed_nothing() -> None:
    busy = Busy()
    assert busy.idle_since() == INFINITY
    assert busy.owed() is None
    busy.shed()
    busy.give_up(ClientGone("slow"))
