"""What is explained of limits."""

from typing import Any

import pytest

from porch.cli.explain_limit import limit_lines
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.state import State
from porch.route.route import Route


def route(**words: Any) -> Route:
    loaded = load_mapping({"listen": ":80", **words})
    built = build(loaded, State())
    assert built is not None, loaded.report()
    return built.entries[0].route


@pytest.mark.parametrize(
    ("limit", "client", "lines"),
    [
        (None, b"192.0.2.1", []),
        (False, b"192.0.2.1", []),
        ("5/s per client", b"192.0.2.1", ["limit     5/s per client, counted for a.test"]),
        (
            "5/s per client",
            b"2001:db8::1",
            [
                "limit     5/s per client, counted for a.test; of this client all of its /64 "
                "counts together"
            ],
        ),
        (
            ["9MB/h per identity", {"rate": "5/s", "per": "host", "dry_run": True}],
            b"192.0.2.1",
            [
                "limit     5/s per host, counted for a.test; it only looks on (dry_run)",
                "limit     9MB/h per identity, counted for a.test; charged when the request is "
                "over",
            ],
        ),
    ],
)
def test_each_limit_is_a_line_in_the_order_of_asking(
    limit: Any, client: bytes, lines: list[str]
) -> None:
    words = {"to": "b:1"} if limit is None else {"to": "b:1", "limit": limit}
    assert list(limit_lines(route(routes={"a.test": words}), client)) == lines


def test_where_it_was_said_is_told() -> None:
    found = route(limit="5/s per client", routes={"a.test": "b:1"})
    assert list(limit_lines(found, b"192.0.2.1")) == [
        "limit     5/s per client, counted for all routes"
    ]


def test_a_request_without_a_route_has_none() -> None:
    assert list(limit_lines(None, b"192.0.2.1")) == []
