"""From the words about waiting bodies to filters."""

from porch.config.buffering import AllWorkers
from porch.route.route import REQUESTS
from porch.shared import Cells
from tests.config.test_build import built


def test_the_nearest_word_wins() -> None:
    made = built(
        bandwidth="2MB/s per client",
        buffer_request="64MB",
        routes={
            "a.test": {"to": ":3000", "buffer_response": "16MB"},
            "b.test": {"to": ":3000", "bandwidth": "1MB/s", "buffer_request": False},
            "c.test": {"to": ":3000", "bandwidth": False, "buffer_request": False},
        },
    )
    plans = {}
    for entry in made.entries:
        plan = entry.route.plan
        hooks = (*plan.on_response, *plan.on_request, *plan.on_upstream_response)
        found = {repr(getattr(hook, "__self__", hook)) for hook in hooks}
        plans[entry.route.key] = sorted(each for each in found if "bytes" in each)
    assert plans == {
        "a.test": [
            "<Bandwidth 2097152 bytes/s a client>",
            "<BufferRequest 67108864 bytes, 0 now>",
            "<BufferResponse 16777216 bytes, 0 now>",
        ],
        "b.test": ["<Bandwidth 1048576 bytes/s in all>"],
        "c.test": [],
    }


def test_all_workers_count_together() -> None:
    counter = AllWorkers(Cells(8))
    counter.add(5)
    counter.add(6)
    assert counter.total() == 11


def test_the_cells_are_those_of_requests() -> None:
    cells = Cells(8)
    AllWorkers(cells).add(3)
    assert cells.own[REQUESTS] == 3
