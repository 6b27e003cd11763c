"""Who certifies a host, and why nobody does."""

from pathlib import Path
from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.manage.candidate import Candidate
from porch.manage.certs.unmanaged import Hosts, normal
from tests.support.handshake import files

WORDS: dict[str, Any] = {
    "listen": ["https://127.0.0.1:0"],
    "log": False,
    "routes": {"shop.dev": ":1", "a.localhost": ":1", "*.shop.dev": ":1"},
}


def hosts(**more: Any) -> Hosts:
    candidate = Candidate.examine(load_mapping(WORDS | more))
    assert candidate is not None
    return Hosts(candidate.loaded, candidate.listen, candidate.managed, candidate.given)


def test_a_host_is_certified_by_an_authority_or_by_this_machines_own() -> None:
    found = hosts()
    assert (found.source("shop.dev"), found.source("a.localhost")) == ("acme", "local")
    assert found.source("x.shop.dev") is None


def test_so_is_one_that_a_client_may_ask_for() -> None:
    found = hosts(acme={"on_demand": "http://127.0.0.1:1/may"}, routes={"*": ":1"})
    assert found.source("x.shop.dev") == "acme"
    assert found.source("10.0.0.1") is None


@pytest.mark.parametrize(
    ("name", "words", "why"),
    [
        ("shpo.dev", {}, "no route is for it; did you mean shop.dev?"),
        ("*.shop.dev", {}, "a wildcard is proved by DNS; name a provider (acme.dns)"),
        ("shop.dev", {"acme": False}, "acme = false, so that no authority is asked for it"),
        ("shop.dev", {"site": {"shop.dev": {"cert": False}}}, "its site says cert = false"),
        ("shop.dev", {"listen": ":80"}, "no address of this door speaks HTTPS"),
        ("\udcff", {}, "no route is for it"),
    ],
)
def test_why_nobody_does_is_said_with_the_way_out(name: str, words: Any, why: str) -> None:
    found = hosts(**words)
    assert found.source(name) is None
    assert found.why(name).startswith(why)


def test_what_has_files_is_renewed_by_who_gives_them(tmp_path: Path) -> None:
    cert, key = files(tmp_path, "shop.dev")
    found = hosts(site={"shop.dev": {"cert": str(cert), "key": str(key)}})
    assert found.source("shop.dev") is None
    assert found.why("shop.dev") == "its files are given, and nobody renews them here"


def test_a_host_is_meant_as_routes_mean_it() -> None:
    assert [normal(each) for each in ("Shop.DEV.", "a..b")] == ["shop.dev", "a..b"]
