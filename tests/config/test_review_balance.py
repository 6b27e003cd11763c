"""Endpoints that stand in a pool twice, weights that leave nobody, secrets that are none."""

from typing import Any

import pytest

from porch.config.load import load_mapping


def problems(to: Any, **words: Any) -> list[str]:
    """The same of a route and of a pool, for it must be found in both."""
    route = load_mapping({"routes": {"*": {"to": to} | words}})
    pool = load_mapping({"routes": {"*": "p"}, "pool": {"p": {"servers": to} | words}})
    found = [[each.text.partition(": ")[2] for each in of.problems] for of in (route, pool)]
    assert found[0] == found[1]
    return found[0]


TWICE = "stands in the list twice"


def test_an_endpoint_that_stands_twice_is_told_with_the_way_out() -> None:
    assert problems([":1", "a.test:1", ":1"]) == [
        f"':1' {TWICE}; for a double share write {{ to = \":1\", weight = 2 }}"
    ]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (":1", "127.0.0.1:1"),
        ("http://a.test", "A.test:80"),
        ("https://a.test", "https://a.test:443/"),
        ("unix:/run/a.sock", "unix:/run/a.sock"),
        ("[::1]:1", "[0:0:0:0:0:0:0:1]:1"),
    ],
)
def test_so_is_one_that_is_written_in_another_way(one: str, two: str) -> None:
    (found,) = problems([one, {"to": two, "weight": 3}])
    assert TWICE in found
    assert (f"as '{one}' before" in found) == (one != two)


@pytest.mark.parametrize(
    ("one", "two"),
    [(":1", ":2"), ("http://a.test", "https://a.test"), ("unix:/a", "unix:/b"), ("a:1", "b:1")],
)
def test_two_are_two(one: str, two: str) -> None:
    assert problems([one, two]) == []


def test_weights_of_which_every_one_is_0_leave_nobody() -> None:
    said = "every weight is 0, so that nobody would be asked; give one of them a weight"
    assert problems([{"to": ":1", "weight": 0}]) == [said]
    assert problems([{"to": ":1", "weight": 0}, {"to": ":2", "weight": 0}]) == [said]
    assert problems([{"to": ":1", "weight": 0}, ":2"]) == []


def test_a_short_secret_is_none_and_is_not_shown() -> None:
    (found,) = problems([":1", ":2"], sticky={"secret": "hunter2"})
    assert found == "the secret has fewer than 16 characters; openssl rand -hex 32 makes one"
    assert problems([":1", ":2"], sticky={"secret": "0123456789abcdef"}) == []
