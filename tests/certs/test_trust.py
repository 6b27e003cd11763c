"""Trust as a whole: a home and a system of the test's own, with the real certutil."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from porch.certs.local_ca import LocalAuthority
from porch.certs.store import FileStore
from porch.certs.told import run
from porch.certs.trust import Places, trust, untrust
from porch.certs.trust_system import KEYCHAIN, Anchors
from tests.support.certificates import make

NAME = "Porch local authority 0a1b2c3d"


class Commands:
    """Runs certutil, if it is wanted, and writes down the rest."""

    def __init__(self, *, has_certutil: bool = True) -> None:
        self.has_certutil = has_certutil
        self.seen: list[str] = []

    def __call__(self, command: Sequence[str]) -> tuple[int, str]:
        if command[0] != "certutil":
            self.seen.append(" ".join(command))
            return 0, ""
        if not self.has_certutil:
            raise FileNotFoundError("certutil")
        return run(command)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def system(tmp_path: Path) -> tuple[Anchors, ...]:
    (tmp_path / "anchors").mkdir()
    return (Anchors(tmp_path / "anchors", ("refresh",), ("forget",)),)


def listed(folder: Path) -> str:
    command = ["certutil", "-L", "-d", f"sql:{folder}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.system
@pytest.mark.skipif(shutil.which("certutil") is None, reason="certutil is not installed")
def test_a_new_home_trusts_the_root_of_a_local_authority_and_forgets_it(
    tmp_path: Path, home: Path, system: tuple[Anchors, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(home))
    authority = LocalAuthority.open(FileStore(tmp_path / "store"))
    commands = Commands()
    places = Places(home=home, systems=system, run=commands)
    profile = home / ".mozilla/firefox/x.default"
    profile.mkdir(parents=True)
    run(["certutil", "-N", "-d", f"sql:{profile}", "--empty-password"])
    databases = (home / ".pki/nssdb", profile)

    for word in ("trusts it; start the browser again", "trusts it already"):
        outcome = trust(authority.root_pem, places)
        assert outcome.missing == ()
        assert len(outcome.done) == 3
        assert outcome.done[0].startswith("the system trusts it")
        assert outcome.done[1].endswith(word)
        assert outcome.done[2].endswith(word)
        assert all(authority.name in listed(each) for each in databases)
    (file,) = system[0].folder.iterdir()
    assert file.read_bytes() == authority.root_pem

    outcome = untrust(authority.root_pem, places)
    assert outcome.missing == ()
    assert len(outcome.done) == 3
    assert not any(authority.name in listed(each) for each in databases)
    assert list(system[0].folder.iterdir()) == []
    assert untrust(authority.root_pem, places) == (("nobody here trusted it",), ())
    assert commands.seen == ["refresh", "refresh", "forget"]


def test_without_certutil_the_system_is_told_and_the_way_out_is_said(
    home: Path, system: tuple[Anchors, ...]
) -> None:
    places = Places(home=home, systems=system, run=Commands(has_certutil=False))
    outcome = trust(make(NAME).pem, places)
    assert len(outcome.done) == 1
    assert outcome.missing[0].startswith("no browser was told, for certutil is missing; install")


def test_a_system_that_is_not_known_is_said(home: Path) -> None:
    places = Places(home=home, systems=(), run=Commands(has_certutil=False))
    assert "the system was not told" in trust(make(NAME).pem, places).missing[0]
    assert untrust(make(NAME).pem, places) == (("nobody here trusted it",), ())


def test_with_sudo_the_browsers_of_the_user_are_left_to_the_user(
    home: Path, system: tuple[Anchors, ...]
) -> None:
    places = Places(home=home, systems=system, sudo_user="ann", run=Commands())
    outcome = trust(make(NAME).pem, places)
    (file,) = system[0].folder.iterdir()
    assert outcome.missing == (
        "the browsers of ann were not told; run as ann, without sudo: porch trust --browsers-only"
        f" --root {file}",
    )
    assert list(home.iterdir()) == []
    assert untrust(make(NAME).pem, places).missing == (
        "the browsers of ann may still trust it; run as ann, without sudo: porch untrust"
        " --browsers-only --root FILE (a copy of this root)",
    )


@pytest.mark.parametrize(("more", "who"), [(54321, "user 54321"), (0, "")])
def test_nothing_is_made_in_a_home_of_somebody_else(
    home: Path,
    system: tuple[Anchors, ...],
    monkeypatch: pytest.MonkeyPatch,
    more: int,
    who: str,
) -> None:
    if os.geteuid() == 0 and more:
        os.chown(home, more, more)
    elif more:
        monkeypatch.setattr(os, "geteuid", lambda: 1)
    places = Places(home=home, systems=system, run=Commands(has_certutil=False))
    told = trust(make(NAME).pem, places).missing[0]
    assert ("the browsers of " in told) is bool(who)
    assert list(home.glob("*/*/cert9.db")) == []


def test_a_user_without_a_home_has_no_browsers(home: Path, system: tuple[Anchors, ...]) -> None:
    places = Places(home=home / "nonexistent", systems=system, run=Commands(has_certutil=False))
    assert trust(make(NAME).pem, places).missing == ()


@pytest.mark.system
def test_the_system_is_left_out_where_only_browsers_are_meant(
    home: Path, system: tuple[Anchors, ...]
) -> None:
    commands, pem = Commands(), make(NAME).pem
    places = Places(home=home, systems=system, has_system=False, run=commands)
    assert trust(pem, places) == (
        (f"Chrome and what else uses {home / '.pki/nssdb'} trusts it; start the browser again",),
        (),
    )
    assert list(system[0].folder.iterdir()) == []
    assert len(untrust(pem, places).done) == 1
    assert untrust(pem, places) == (("no browser here trusted it",), ())
    assert commands.seen == []


def test_that_there_is_no_browser_is_said_where_only_browsers_are_meant(home: Path) -> None:
    places = Places(home=home / "nonexistent", has_system=False, run=Commands(has_certutil=False))
    assert trust(make(NAME).pem, places).missing == (
        "no browser was told, for none that keeps roots of its own is there; start it once, then"
        " try again",
    )


def test_macos_is_told_by_its_keychain(home: Path) -> None:
    commands = Commands(has_certutil=False)
    places = Places(home=home / "nonexistent", keychain=KEYCHAIN, run=commands)
    assert trust(make(NAME).pem, places).done == (f"the system trusts it ({KEYCHAIN})",)
    untrust(make(NAME).pem, places)
    assert [command.split()[1] for command in commands.seen] == [
        "add-trusted-cert",
        "find-certificate",
    ]


def test_what_is_no_certificate_is_refused(home: Path) -> None:
    with pytest.raises(ValueError, match="no certificate in it"):
        trust(b"", Places(home=home))


def test_the_places_are_those_of_who_runs_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SUDO_USER", "ann")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("XDG_DATA_HOME", "")
    assert Places.here().home == home
    assert Places.here().data is None
    assert Places.here().has_system
    assert not Places.here(has_system=False).has_system
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    assert Places.here().data == home / "data"
    assert Places.here().sudo_user == "ann"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert Places.here().sudo_user == ""
