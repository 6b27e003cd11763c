"""What is explained of requests at once."""

from typing import Any

from porch.cli.explain_admission import admission_lines
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.state import State
from porch.route.route import Route


def route(**words: Any) -> Route:
    loaded = load_mapping({"listen": ":80", "routes": {"a.test": "respond:204"}, **words})
    built = build(loaded, State())
    assert built is not None, loaded.report()
    return built.entries[0].route


def test_a_bound_has_a_line_and_none_has_none() -> None:
    assert [*admission_lines(route(connections={"requests_per_client": 7}))] == [
        "at once   7 requests of one client (connections.requests_per_client)"
    ]
    assert [*admission_lines(route())] == []
    assert [*admission_lines(None)] == []
