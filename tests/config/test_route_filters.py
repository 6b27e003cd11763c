"""Which filters a route has, and in which order."""

from typing import Any

from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.state import State
from porch.route.route import Route


def route(words: dict[str, Any], **more: Any) -> Route:
    found = load_mapping(
        {"request_id": False, "routes": {"a.test": {"to": ":1"} | words}} | more, "porch.toml"
    )
    assert found.ok, found.report()
    built = build(found, State())
    assert built is not None
    return built.entries[0].route


def hooks(made: Route) -> list[str]:
    return [type(each.__self__).__name__ for each in made.plan.on_response]  # type: ignore[attr-defined]


def test_off_costs_no_call() -> None:
    off = [route({}), route({"compress": False}), route({"compress": {"secrets": True}})]
    for made in off:
        assert "Compress" not in [
            type(getattr(hook, "__self__", None)).__name__
            for phase in made.plan.__slots__
            for hook in getattr(made.plan, phase)
        ]


def test_answers_are_coded_behind_what_changes_their_fields() -> None:
    made = route({"compress": True, "headers": {"x-a": "b"}, "strip": False})
    assert hooks(made) == ["ResponseHeaders", "Compress"]


def test_the_nearest_word_wins_and_secrets_stay() -> None:
    assert hooks(route({}, compress=True)) == ["Compress"]
    assert hooks(route({"compress": False}, compress=True)) == []
    kept = route({"compress": ["gzip"]}, site={"a.test": {"compress": {"secrets": True}}})
    assert hooks(kept) == []
