"""What cannot be used at the addresses where the door listens is told, and nothing else."""

from typing import Any

import pytest

from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.state import State

OIDC = {"oidc": {"issuer": "https://id.example.com", "client_id": "porch"}}
LIMIT = {"to": ":1", "limit": "5/s per client"}


def warnings(data: dict[str, Any]) -> list[str]:
    loaded = load_mapping(data, "porch.toml")
    assert build(loaded, State()) is not None, loaded.report()
    return [each.text for each in loaded.problems]


def with_login(listen: list[str], top: Any = None, **more: Any) -> list[str]:
    route = {"to": ":1", "auth": {"oidc": OIDC["oidc"] | more}}
    return warnings({"listen": listen, "routes": {"app.test": route}} | (top or {}))


@pytest.mark.parametrize(
    ("listen", "top"), [([":80"], {}), (["127.0.0.1:80"], {"trust": ["127.0.0.1"]})]
)
def test_a_login_whose_session_goes_in_plain_is_told(listen: list[str], top: Any) -> None:
    (found,) = with_login(listen, top)
    assert "whoever is between can take a session" in found
    assert with_login(listen, top, https=True) == []


@pytest.mark.parametrize("listen", [[":80", ":443"], ["127.0.0.1:80"], ["unix:/run/p.sock"]])
def test_a_login_by_https_or_on_this_machine_is_not(listen: list[str]) -> None:
    assert with_login(listen) == []


def test_a_provider_on_this_machine_is_somebody_who_tries() -> None:
    assert with_login([":80"], issuer="http://127.0.0.1:9000") == []


@pytest.mark.parametrize("listen", [["127.0.0.1:80", "[::1]:80"], ["unix:/run/p.sock"]])
@pytest.mark.parametrize(
    ("words", "count"),
    [
        ({"routes": {"a.example.com": LIMIT}}, 1),
        ({"limit": "5/s per client", "routes": {"a.example.com": ":1"}}, 1),
        (
            {"site": {"a.example.com": {"deny": ["192.0.2.1"]}}, "routes": {"a.example.com": ":1"}},
            1,
        ),
        ({"connections": {"per_client": 9}, "routes": {"a.example.com": ":1"}}, 1),
        ({"routes": {"a.example.com": {"to": ":1", "allow": ["127.0.0.1", "192.0.2.1"]}}}, 1),
        ({"routes": {"a.example.com": {"to": ":1", "allow": ["private"]}}}, 0),
        ({"routes": {"a.example.com": {"to": ":1", "limit": "5/s per all"}}}, 0),
        ({"routes": {"a.test": LIMIT, "*": LIMIT, "localhost": LIMIT}}, 0),
        ({"trust": ["127.0.0.1"], "routes": {"a.example.com": LIMIT}}, 0),
        ({"proxy_protocol": ["127.0.0.1"], "routes": {"a.example.com": LIMIT}}, 0),
    ],
)
def test_words_about_clients_behind_a_proxy_that_is_not_believed_are_told(
    listen: list[str], words: dict[str, Any], count: int
) -> None:
    found = warnings({"listen": listen} | words)
    assert len(found) == count
    assert all("name it in trust" in each for each in found)
    assert all(('["unix"]' in each) == listen[0].startswith("unix") for each in found)


def test_of_a_door_that_others_reach_nothing_is_known() -> None:
    for listen in ([":80"], ["10.0.0.1:80"], ["127.0.0.1:80", "10.0.0.1:80"]):
        assert warnings({"listen": listen, "routes": {"a.example.com": LIMIT}}) == []
