"""A plan holds the hooks that filters really have, in their order."""

import pytest

from porch.exchange import Exchange
from porch.filter import Filter, Response
from porch.route.plan import Plan
from tests.support.hooks import FakeExchange, seen


class Named(Filter):
    """Writes its name down."""

    def __init__(self, name: str, wrote: list[str]) -> None:
        self.name = name
        self.wrote = wrote


class OnRequest(Named):
    def on_request(self, exchange: Exchange) -> Response | None:
        self.wrote.append(self.name)
        return None


class Both(OnRequest):
    def on_end(self, exchange: Exchange) -> None:
        self.wrote.append(f"end of {self.name}")


def test_a_plan_of_no_filters_has_no_hooks() -> None:
    plan = Plan()
    assert all(getattr(plan, phase) == () for phase in Plan.__slots__)


def test_every_phase_of_a_filter_is_a_phase_of_a_plan() -> None:
    phases = {name for name in vars(Filter) if name.startswith("on_")}
    assert set(Plan.__slots__) == phases


def test_what_a_filter_does_not_override_is_not_called() -> None:
    plan = Plan([OnRequest("a", []), Filter()])
    assert len(plan.on_request) == 1
    assert (plan.on_end, plan.on_response, plan.on_request_data) == ((), (), ())


def test_hooks_stand_in_the_order_of_the_filters() -> None:
    wrote: list[str] = []
    plan = Plan([Both("a", wrote), OnRequest("b", wrote), Both("c", wrote)])
    for hook in plan.on_request:
        hook(seen(FakeExchange()))
    for end in plan.on_end:
        end(seen(FakeExchange()))
    assert wrote == ["a", "b", "c", "end of a", "end of c"]


def test_what_is_inherited_counts() -> None:
    assert len(Plan([Both("a", [])]).on_request) == 1


@pytest.mark.parametrize(
    ("filters", "text"),
    [
        ([], "on_end=0"),
        ([Both("a", [])], "on_request=1"),
    ],
)
def test_it_prints_how_many_hooks_each_phase_has(filters: list[Filter], text: str) -> None:
    assert text in repr(Plan(filters))


def test_phases_may_be_left_out() -> None:
    plan = Plan([Both("a", [])], without=("on_end",))
    assert len(plan.on_request) == 1
    assert plan.on_end == ()
