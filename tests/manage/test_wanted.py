"""What a configuration wants to be certified, by whom, and where that is kept."""

import os
from pathlib import Path
from typing import Any

import pytest

from porch.certs.authority import PRESETS, Authority
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.config.state import State
from porch.manage.wanted import SYSTEM, Wanted, authorities, store_folder
from tests.support.certificates import make

BASE = Path("/etc/porch")


def loaded(**words: Any) -> Loaded:
    hosts = {"a.example": "respond:204", "b.test": "respond:204"}
    found = load_mapping({"routes": hosts, "listen": ["127.0.0.1:0"]} | words, "porch.toml")
    assert found.ok, found.report()
    found.base = BASE
    return found


def wanted(*listen: str, **words: Any) -> Wanted:
    found = loaded(listen=list(listen), **words)
    built = build(found, State())
    assert built is not None, found.report()
    return Wanted.of(found, built)


def asked(**words: Any) -> tuple[Authority, ...]:
    acme = loaded(acme=words).config.acme
    assert acme is not None
    return authorities(acme, BASE)


# --- who and how -----------------------------------------------------------------------------


def test_without_an_address_for_https_nothing_is_wanted() -> None:
    assert wanted("127.0.0.1:0").hosts == {}


def test_hosts_have_their_authorities() -> None:
    found = wanted("https://127.0.0.1:0")
    assert found.hosts == {"a.example": "acme", "b.test": "local"}
    assert found.authorities == (PRESETS["letsencrypt"],)
    found = wanted("https://127.0.0.1:0", acme=False)
    assert (found.hosts, found.authorities) == ({"b.test": "local"}, ())


@pytest.mark.parametrize(
    ("listen", "served"),
    [
        (["https://127.0.0.1:0", "127.0.0.1:0"], ("tls-alpn-01", "http-01")),
        (["https://127.0.0.1:0"], ("tls-alpn-01",)),
        (["https://127.0.0.1:0", "unix:/run/porch.sock"], ("tls-alpn-01",)),
    ],
)
def test_a_challenge_by_http_takes_an_address_without_tls(
    listen: list[str], served: tuple[str, ...]
) -> None:
    assert wanted(*listen).served == served


def test_what_is_the_same_for_all_authorities_and_what_is_the_firsts() -> None:
    first, second = asked(
        directory=["zerossl", "https://ca.internal/dir"],
        email="ops@a.example",
        profile="shortlived",
        key="rsa",
        eab={"kid": "me", "key": "c2VjcmV0"},
    )
    assert (first.directory, second.directory) == (
        PRESETS["zerossl"].directory,
        "https://ca.internal/dir",
    )
    assert (first.eab, second.eab) == (("me", "c2VjcmV0"), None)
    for each in (first, second):
        assert (each.email, each.profile, each.key_type) == (
            "ops@a.example",
            "shortlived",
            "rsa",
        )
    assert "c2VjcmV0" not in repr(first)


def test_a_known_one_keeps_its_rehearsal() -> None:
    (one,) = asked()
    assert one == PRESETS["letsencrypt"]


def test_who_vouches_for_it_lies_beside_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(make("root").pem)
    (one,) = asked(directory="https://ca.internal/dir", ca=str(file))
    assert one.ca == file
    acme = loaded().config.acme
    assert acme is not None
    (one,) = authorities(acme.model_copy(update={"ca": "ca.pem"}), BASE)
    assert one.ca == BASE / "ca.pem"


# --- where -----------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def nobody_in_particular(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not root, and nothing in the environment."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for word in ("STATE_DIRECTORY", "XDG_DATA_HOME"):
        monkeypatch.delenv(word, raising=False)
    monkeypatch.setenv("HOME", "/srv/me")


def test_the_word_comes_first_and_lies_beside_the_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/x")
    assert store_folder(loaded(store="certs")) == BASE / "certs"
    assert store_folder(loaded(store="/srv/certs")) == Path("/srv/certs")


def test_systemd_comes_next_with_the_first_of_its_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/x:/var/lib/y")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert store_folder(loaded()) == Path("/var/lib/x")


def test_root_has_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("XDG_DATA_HOME", "/srv/data")
    assert store_folder(loaded()) == SYSTEM


def test_a_worker_that_is_no_longer_root_has_the_same() -> None:
    assert store_folder(loaded(user="www-data")) == SYSTEM


def test_anybody_else_has_one_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    assert store_folder(loaded()) == Path("/srv/me/.local/share/porch")
    monkeypatch.setenv("XDG_DATA_HOME", "/srv/me/data")
    assert store_folder(loaded()) == Path("/srv/me/data/porch")


def test_who_has_no_home_has_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container with a user of its own number; a worker must not die of it."""

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert store_folder(loaded()) == SYSTEM


def test_what_is_got_on_demand_is_wanted_too() -> None:
    acme = {"on_demand": "py:shop:ask"}
    found = wanted("https://127.0.0.1:0", acme=acme, routes={"*": "respond:204"})
    assert found.on_demand is not None
    assert (found.on_demand.ask, found.on_demand.base) == ("py:shop:ask", BASE)
    assert found.on_demand.covered("a.example")
    assert (found.hosts, bool(found)) == ({}, True)
    assert wanted("https://127.0.0.1:0", acme=acme).on_demand is None  # no route is for such
    assert wanted("https://127.0.0.1:0").on_demand is None
    assert not wanted("127.0.0.1:0", acme=acme)
