"""The second attempt as pools and connections see it. Whole stories: scenario/test_hedge.py."""

from types import SimpleNamespace
from typing import Any

from porch.balance.hedge import Rival
from porch.errors import ConnectionLost, ConnectionRefused


class Place:
    name = "e"

    def __init__(self) -> None:
        self.counts = [0, 0, 0]
        self.connections = self
        self.told: list[str] = []

    def acquire(self, exchange: object) -> None:
        self.told.append("acquire")

    def cancel(self, exchange: object) -> None:
        self.told.append("cancel")

    def on_bad(self, word: str) -> None:
        self.told.append(f"bad {word}")


def rival(place: Place) -> Rival:
    exchange: Any = SimpleNamespace(
        connected=1.0,
        ended=0.0,
        answer_done=False,
        route="r",
        outgoing=None,
        held=b"",
        client_ip=b"192.0.2.1",
        client="c",
        started=0.5,
    )
    which: Any = place
    made = Rival(exchange, which)
    made.start()
    return made


def test_it_is_counted_while_it_runs() -> None:
    place = Place()
    made = rival(place)
    assert (place.counts, repr(made)) == ([1, 1, 0], "<Rival to e running>")
    made.give_up()
    assert (place.counts, repr(made)) == ([0, 1, 0], "<Rival to e over>")
    made.give_up()
    assert place.counts == [0, 1, 0]
    assert set(place.told) == {"acquire", "cancel"}


def test_who_cannot_connect_is_over() -> None:
    place = Place()
    made = rival(place)
    made.on_connect_failed(ConnectionRefused())
    made.give_up()
    assert place.counts == [0, 1, 0]


def test_that_it_was_lost_is_the_endpoints_fault_and_a_stale_connection_nobodys() -> None:
    for reused, told in ((False, ["bad connection_terminated"]), (True, [])):
        place = Place()
        made = rival(place)
        made._stream = SimpleNamespace(reused=reused)  # type: ignore[assignment]
        made.on_upstream_lost(ConnectionLost())
        assert place.told[1:] == told
        assert place.counts[0] == 0


def test_it_has_of_an_exchange_what_is_asked() -> None:
    made = rival(Place())
    assert made.client_ip == b"192.0.2.1"
    assert (made.route, made.ended, made.answer_done, made.reused) == ("r", 0.0, False, False)
    made.on_upstream_full()
    made.on_upstream_drained()


def test_one_whose_connection_was_stale_asks_for_another_and_is_counted_once() -> None:
    place = Place()
    made = rival(place)
    made.on_stale()
    assert place.told == ["acquire", "acquire"]
    assert place.counts == [1, 1, 0]
    assert made.reused


def test_pools_and_connections_see_the_exchange_in_it() -> None:
    made: Any = rival(Place())
    assert (made.client, made.client_ip, made.route) == ("c", b"192.0.2.1", "r")
    assert (made.started, made.ended, made.answer_done) == (0.5, 0.0, False)
