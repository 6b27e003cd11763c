"""Limits that can be walked around are told."""

from typing import Any

import pytest

from porch.config.load import load_mapping


def warnings(limit: Any) -> list[str]:
    loaded = load_mapping({"listen": ":80", "routes": {"a": {"to": "b:1", "limit": limit}}})
    assert loaded.ok, loaded.report()
    return [each.text for each in loaded.problems]


@pytest.mark.parametrize(
    "limit",
    [
        False,
        "5/s per client",
        "5/s per identity",
        ["5/s per header X-Key", "9/s per client"],
        ["9/s per all", "5/s per cookie sid"],
    ],
)
def test_what_nobody_walks_around_is_fine(limit: Any) -> None:
    assert warnings(limit) == []


@pytest.mark.parametrize(
    ("limit", "what"),
    [
        ("5/s per header X-Key", ["header X-Key"]),
        (["5/s per query user", "9/min per cookie sid and route"], ["query user", "cookie sid"]),
    ],
)
def test_what_a_client_says_of_itself_alone_is_told(limit: Any, what: list[str]) -> None:
    assert [each.partition(": ")[2].partition(" each time")[0] for each in warnings(limit)] == [
        f"who sends another {each}" for each in what
    ]
    assert 'such as "1000/min per client"' in warnings(limit)[0]


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ({"routes": {"*.a.test": {"to": "b:1", "limit": "5/s per client and host"}}}, 1),
        ({"routes": {"*/x": {"to": "b:1", "limit": "5/s per host"}}}, 1),
        ({"routes": {"a.test": {"to": "b:1", "limit": "5/s per host"}, "*": "b:1"}}, 0),
        ({"routes": {"*": {"to": "b:1", "limit": ["5/s per host", "9/s per client"]}}}, 0),
        ({"routes": {"*": "b:1"}, "limit": "5/s per host"}, 1),
        ({"routes": {"a.test": "b:1"}, "limit": "5/s per host"}, 0),
        ({"routes": {"*": "b:1"}, "site": {"*.a.test": {"limit": "5/s per host"}}}, 1),
        ({"routes": {"*": "b:1"}, "site": {"a.test": {"limit": "5/s per host"}}}, 0),
    ],
)
def test_a_host_is_what_a_client_says_where_any_is_served(words: Any, count: int) -> None:
    loaded = load_mapping({"listen": ":80", **words})
    told = [each.text for each in loaded.problems if "counted anew" in each.text]
    assert sum("who sends another host each time" in each for each in told) == len(told) == count


def test_countries_need_a_file_that_knows_them() -> None:
    limit = "5/s per client and country"
    loaded = load_mapping({"listen": ":80", "routes": {"a": {"to": "b:1", "limit": limit}}})
    assert not loaded.ok
    assert 'per country needs a file that knows: geo = "country.mmdb" at the top' in loaded.report()


def test_smooth_and_a_burst_cannot_both_be_meant() -> None:
    limit = {"rate": "9/s", "per": "client", "burst": 3, "smooth": True}
    loaded = load_mapping({"listen": ":80", "routes": {"a": {"to": "b:1", "limit": limit}}})
    assert "keep one" in loaded.report()
    assert warnings({**limit, "burst": 1}) == warnings({**limit, "smooth": False}) == []


def test_a_claim_where_nobody_is_asked_for_a_token_is_told() -> None:
    def told(**words: Any) -> list[str]:
        routes = {"a": {"to": "b:1", "limit": "5/min per claim sub"}, "b": "b:2"}
        loaded = load_mapping({"listen": ":80", "routes": routes} | words)
        return [each.text for each in loaded.problems]

    (found,) = told()
    assert found.endswith("add auth = { jwt = … } to the route, or write per client")
    assert "claim sub is said by a token" in found
    assert told(auth={"jwt": {"jwks": "https://id.example.com/jwks", "audience": "x"}}) == []
