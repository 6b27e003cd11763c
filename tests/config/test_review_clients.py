"""Words about certificates of clients that would protect nothing are errors."""

from pathlib import Path
from typing import Any

import pytest
import trustme

from porch.config.load import load_mapping

NOBODY = (
    'needs authorities to believe: client_ca = "ca.pem", beside it, in the host\'s [site] or at '
    "the top"
)


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("ca") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(file)
    return str(file)


def problems(data: dict[str, Any]) -> list[str]:
    return [each.text for each in load_mapping(data, "porch.toml").problems]


def asked(host: str, **words: Any) -> dict[str, Any]:
    return {"routes": {host: {"to": ":1"} | words}}


@pytest.mark.parametrize("word", ["required", "optional"])
@pytest.mark.parametrize("host", ["a.test", "*", "*.test"])
def test_a_route_cannot_ask_where_nobody_is_believed(host: str, word: str) -> None:
    found = problems(asked(host, client_cert=word))
    assert found == [f"routes.\"{host}\".client_cert: 'client_cert' {NOBODY}"]


@pytest.mark.parametrize("wanted", [True, False, {"san": "b.test"}])
def test_nor_can_a_condition(wanted: object) -> None:
    found = problems(asked("a.test", when={"client_cert": wanted}))
    assert found == [f"routes.\"a.test\".when.client_cert: 'client_cert' {NOBODY}"]


def test_nor_can_a_site_or_the_top() -> None:
    data = asked("a.test") | {
        "client_cert": "required",
        "site": {"a.test": {"client_cert": "optional"}},
    }
    assert problems(data) == [
        f"client_cert: 'client_cert' {NOBODY}",
        f"site.\"a.test\".client_cert: 'client_cert' {NOBODY}",
    ]


def test_authorities_may_stand_in_the_site_in_a_wildcards_or_at_the_top(ca: str) -> None:
    route = asked("a.test", client_cert="optional", when={"client_cert": True})
    assert problems(route | {"client_ca": ca}) == []
    assert problems(route | {"site": {"a.test": {"client_ca": ca}}}) == []
    wild = route | {"site": {"*.test": {"client_ca": ca}}}
    wild["routes"]["*.test"] = ":2"
    assert problems(wild) == []
    other = route | {"site": {"b.test": {"client_ca": ca}}}
    other["routes"]["b.test"] = ":2"
    assert len(problems(other)) == 2


def test_a_route_for_any_host_may_ask_if_some_host_has_authorities(ca: str) -> None:
    data = asked("*", client_cert="required") | {"site": {"a.test": {"client_ca": ca}}}
    assert problems(data) == []


def test_no_authority_is_not_all_of_them() -> None:
    found = problems(asked("a.test") | {"client_ca": []})
    assert found == [
        "client_ca: 'client_ca' is empty; name a PEM file of authorities, or write false for none"
    ]


def test_without_https_nobody_can_show_anything(ca: str) -> None:
    found = problems(asked("a.test") | {"site": {"a.test": {"cert": False, "client_ca": ca}}})
    assert found == [
        "site.\"a.test\".client_ca: 'cert' is false beside it: without HTTPS no client can show a "
        "certificate"
    ]
