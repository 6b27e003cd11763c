"""What a configuration wants to be certified, by whom, and where that is kept."""

from pathlib import Path
from typing import Any

import pytest

from porch.certs.authority import PRESETS, Authority
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.config.state import State
from porch.manage.certs.managed import Managed, authorities
from tests.support.certificates import make

BASE = Path("/etc/porch")


def loaded(**words: Any) -> Loaded:
    hosts = {"a.example": "respond:204", "b.test": "respond:204"}
    found = load_mapping({"routes": hosts, "listen": ["127.0.0.1:0"]} | words, "porch.toml")
    assert found.ok, found.report()
    found.base = BASE
    return found


def managed(*listen: str, **words: Any) -> Managed:
    found = loaded(listen=list(listen), **words)
    built = build(found, State())
    assert built is not None, found.report()
    return Managed.of(found, built)


def asked(**words: Any) -> tuple[Authority, ...]:
    acme = loaded(acme=words).config.acme
    assert acme is not None
    return authorities(acme, BASE)


# --- who and how -----------------------------------------------------------------------------


def test_without_an_address_for_https_nothing_is_wanted() -> None:
    assert managed("127.0.0.1:0").hosts == {}


def test_hosts_have_their_authorities() -> None:
    found = managed("https://127.0.0.1:0")
    assert found.hosts == {"a.example": "acme", "b.test": "local"}
    assert found.authorities == (PRESETS["letsencrypt"],)
    found = managed("https://127.0.0.1:0", acme=False)
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
    assert managed(*listen).served == served


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


@pytest.mark.parametrize(
    ("directories", "vouched"),
    [
        (["https://ca.internal/dir", "letsencrypt"], [True, False]),
        (["letsencrypt", "zerossl"], [True, True]),  # by a proxy between
        (["https://ca.internal/dir", "https://ca2.internal/dir"], [True, True]),
    ],
)
def test_the_root_of_a_company_does_not_vouch_for_public_authorities_beside_its_own(
    tmp_path: Path, directories: list[str], vouched: list[bool]
) -> None:
    (tmp_path / "ca.pem").touch()
    words = {"directory": directories, "ca": str(tmp_path / "ca.pem")}
    acme = load_mapping({"routes": {"a.test": ":1"}, "acme": words}).config.acme
    assert acme is not None
    assert [each.ca is not None for each in authorities(acme, tmp_path)] == vouched


def test_what_is_got_on_demand_is_wanted_too() -> None:
    acme = {"on_demand": "py:shop:ask"}
    found = managed("https://127.0.0.1:0", acme=acme, routes={"*": "respond:204"})
    assert found.on_demand is not None
    assert (found.on_demand.ask, found.on_demand.base) == ("py:shop:ask", BASE)
    assert found.on_demand.covered("a.example")
    assert (found.hosts, bool(found)) == ({}, True)
    assert managed("https://127.0.0.1:0", acme=acme).on_demand is None  # no route is for such
    assert managed("https://127.0.0.1:0").on_demand is None
    assert not managed("127.0.0.1:0", acme=acme)
