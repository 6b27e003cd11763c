"""`porch trust` and `untrust`: what they say and return. Nothing but a home of the test's own is
touched."""

import shutil
from pathlib import Path

import pytest

from porch.certs.local_ca import LocalAuthority
from porch.certs.store import FileStore
from porch.cli import main
from porch.cli.trust import trust_root
from tests.support.certificates import make


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("XDG_DATA_HOME", "SUDO_USER", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "porch.toml"
    file.write_text('listen = ":0"\nstore = "store"\n[routes]\n"shop.localhost" = "respond:200"\n')
    return file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    file = tmp_path / "root.pem"
    file.write_bytes(make("Porch local authority 0a1b2c3d").pem)
    return file


def _browsers(config: Path, root: Path | None = None) -> int:
    return trust_root(config, root, is_wanted=True, has_system=False)


@pytest.mark.system
@pytest.mark.skipif(shutil.which("certutil") is None, reason="certutil is not installed")
def test_the_root_of_the_store_is_trusted_and_forgotten_by_browsers_alone(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--browsers-only", "--config", str(config)]
    LocalAuthority.open(FileStore(config.parent / "store"))
    assert main(["trust", *words]) == 0
    database = home / ".pki/nssdb"
    trusts = f"Chrome and what else uses {database} trusts it; start the browser again\n"
    assert capsys.readouterr() == (trusts, "")
    authority = LocalAuthority.open(FileStore(config.parent / "store"))
    assert authority.name.encode() in (database / "cert9.db").read_bytes()
    assert main(["untrust", *words]) == 0
    assert "has forgotten it" in capsys.readouterr().out
    assert main(["untrust", *words]) == 0
    assert capsys.readouterr() == ("no browser here trusted it\n", "")


def test_what_is_missing_is_said_with_the_way_out_and_fails(
    config: Path,
    root: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("porch.certs.told.SBIN", str(tmp_path / "none"))
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    assert _browsers(config, root) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("porch: no browser was told, for certutil is missing; install it")


def test_a_file_of_a_root_that_cannot_be_used_is_named(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.pem"
    assert _browsers(config, file) == 1
    reason = "No such file or directory; --root wants a PEM file"
    assert capsys.readouterr() == ("", f"porch: {file} cannot be read: {reason}\n")
    file.write_text("hello")
    assert _browsers(config, file) == 1
    assert f"porch: {file}: there is no certificate in it" in capsys.readouterr().err


def test_a_configuration_with_problems_changes_nothing(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text("nonsense = 1\n")
    assert _browsers(config) == 1
    assert "unknown option 'nonsense'" in capsys.readouterr().err
    assert list(home.iterdir()) == []


def test_a_store_that_cannot_be_used_is_said(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (config.parent / "store").write_text("a file")
    assert _browsers(config) == 1
    assert capsys.readouterr().err.startswith("porch: ")
