"""Who is out of rotation, as the supervisor knows it."""

from typing import cast

from porch.balance.endpoint import Endpoint, Out
from porch.balance.roster import Roster
from porch.balance.standing import Standing, Standings
from porch.route.route import Connections
from tests.support.debugging import listening

A, B = ("api", "10.0.0.1:80"), ("api", "10.0.0.2:80")
REFUSED, SICK = Out("connection_refused", 1.0), Out("404", 2.0)


def test_an_endpoint_is_out_until_no_reason_is_left() -> None:
    one = Standings()
    one.note((A, "refused", REFUSED))
    one.note((A, "unhealthy", SICK))
    assert one.of(A) == {"refused": REFUSED, "unhealthy": SICK}
    one.note((A, "refused", None))
    assert one.of(A) == {"unhealthy": SICK}
    one.note((A, "unhealthy", None))
    one.note((A, "unhealthy", None))
    assert one.of(A) == {}
    assert repr(one) == "<Standings 0 endpoints out>"


def test_a_new_worker_is_told_all() -> None:
    one = Standings()
    one.note((A, "refused", REFUSED))
    one.note((B, "refused", REFUSED))
    one.note((A, "unhealthy", SICK))
    again = Standings()
    for each in one.all:
        again.note(each)
    assert again.all == one.all
    assert len(one.all) == 3


def test_who_is_in_no_configuration_is_forgotten() -> None:
    one = Standings()
    one.note((A, "refused", REFUSED))
    one.note((B, "refused", REFUSED))
    one.keep({B: 0})
    assert [name for name, _, _ in one.all] == [B]


def test_what_an_endpoint_tells_is_kept_and_sent_on() -> None:
    one = Standings()
    sent: list[Standing] = []
    one.send = sent.append
    endpoint = Endpoint("10.0.0.1:80", cast("Connections", None), roster=Roster("api", one.tell))
    endpoint.on_failure("connection_refused")
    endpoint.on_success()
    assert [(name, kind, why is None) for name, kind, why in sent] == [
        (A, "refused", False),
        (A, "refused", True),
    ]
    assert one.all == []


def test_what_was_ordered_is_not_forgotten() -> None:
    one = Standings()
    one.note((A, "drained", SICK))
    one.note((A, "refused", REFUSED))
    one.keep(())
    assert one.all == [(A, "drained", SICK)]


def test_who_goes_out_and_comes_back_is_said_to_who_debugs() -> None:
    one = Standings()
    endpoint = Endpoint("10.0.0.1:80", cast("Connections", None), roster=Roster("api", one.tell))
    with listening() as said:
        endpoint.on_failure("connection_refused")
        endpoint.on_success()
    endpoint.on_failure("connection_refused")
    assert said == [
        "endpoint api/10.0.0.1:80: out, refused: connection_refused",
        "endpoint api/10.0.0.1:80: no more refused",
    ]
