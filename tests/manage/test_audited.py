"""What the audit compares."""

from typing import Any

from porch.config.load import load_mapping
from porch.config.orders import Order
from porch.manage.audited import audited
from porch.manage.candidate import Candidate
from porch.manage.in_force import InForce
from porch.manage.listening import Listening


def test_all_that_a_change_may_change_is_in_it_as_plain_words() -> None:
    words: dict[str, Any] = {"listen": ":80", "routes": {"*": "a:1"}, "log": False}
    candidate = Candidate.examine(load_mapping(words))
    assert candidate is not None
    in_force = InForce(candidate, Listening(), {})
    assert audited("1.2", in_force) == {
        "version": "1.2",
        "configuration": "",
        "orders": [],
        "log_level": "normal",
        "capture": None,
    }
    in_force.remember(lambda: candidate.loaded)
    in_force.orders.note(Order("drained", ("*", "a:1"), 1.0))
    in_force.debug_until, in_force.capture = 1.0, ("192.0.2.1", "", 1.0)
    found = audited("1.2", in_force)
    assert len(str(found["configuration"])) == 12
    assert (found["orders"], found["log_level"], found["capture"]) == (
        ["drained */a:1"],
        "debug",
        "192.0.2.1",
    )
