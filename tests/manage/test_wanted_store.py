"""The store of a unit's own user, and who vouches for several authorities."""

import os
from pathlib import Path

import pytest

from porch.config.load import load_mapping
from porch.manage import wanted as module
from porch.manage.wanted import authorities, store_folder


def test_who_owns_the_systems_folder_has_it_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`porch certs` as the unit's user, whom systemd gives no $STATE_DIRECTORY there."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    system = tmp_path / "system"
    monkeypatch.setattr(module, "SYSTEM", system)
    loaded = load_mapping({"routes": {"a.test": ":1"}})
    user = os.geteuid() or 65534
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert store_folder(loaded) == tmp_path / "home/.local/share/porch"
    system.mkdir()
    if system.stat().st_uid != user:
        os.chown(system, user, -1)
    assert store_folder(loaded) == system


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
