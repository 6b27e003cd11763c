"""How many at once: what may be written, and what it means."""

from pathlib import Path
from typing import Any

import pytest

from porch.balance.admission import Admission, Bounds
from porch.balance.upstream import Upstream
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.state import State

POOL = ["127.0.0.1:1", "127.0.0.1:2"]


def upstreams(config: dict[str, Any]) -> list[Upstream]:
    loaded = load_mapping(config)
    built = build(loaded, State())
    assert built is not None, loaded.report()
    found = [entry.route.destination for entry in built.entries]
    assert all(isinstance(each, Upstream) for each in found)
    return found  # type: ignore[return-value]


def bounds(upstream: Upstream) -> Bounds:
    (admission,) = upstream.filters
    assert isinstance(admission, Admission)
    return admission._bounds


def test_without_the_word_there_is_no_filter() -> None:
    (upstream,) = upstreams({"listen": ":80", "routes": {"a.test": POOL}})
    assert (upstream.filters, upstream.most) == ((), None)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (100, Bounds(endpoint=100)),
        ({"pool": 9, "wait": "250ms"}, Bounds(pool=9, wait=0.25)),
        ({"adaptive": True, "queue": 0}, Bounds(adaptive=True, queue=0)),
        ({"endpoint": 3, "retry_after": "1m"}, Bounds(endpoint=3, retry_after=60.0)),
    ],
)
def test_what_is_said_and_the_defaults_for_the_rest(said: object, wanted: Bounds) -> None:
    route = {"to": POOL, "overload": said}
    (upstream,) = upstreams({"listen": ":80", "routes": {"a.test": route}})
    assert bounds(upstream) == wanted
    assert upstream.most == wanted.endpoint


def test_routes_of_one_pool_share_its_bounds() -> None:
    both = upstreams(
        {
            "listen": ":80",
            "overload": 5,
            "pool": {"api": {"servers": POOL, "overload": {"pool": 7}}},
            "routes": {"a.test": "api", "b.test": "api", "c.test": POOL},
        }
    )
    assert both[0] is both[1]
    assert bounds(both[0]) == Bounds(pool=7)
    assert bounds(both[2]) == Bounds(endpoint=5)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (0, "1"),
        (-5, "1"),
        (True, "it must be a number of requests at once of each endpoint, or a table"),
        ({"pool": 0}, "1"),
        ({"wait": "0s"}, "more than nothing"),
        ({"endpoints": 3}, "did you mean 'endpoint'?"),
    ],
)
def test_nonsense_is_told(said: object, text: str, tmp_path: Path) -> None:
    loaded = load_mapping({"listen": ":80", "routes": {"a.test": {"to": POOL, "overload": said}}})
    assert not loaded.ok
    assert text in loaded.report()
