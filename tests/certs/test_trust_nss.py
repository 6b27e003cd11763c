"""Browsers' databases: real ones, by the real certutil, in folders of the test's own."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from porch.certs.told import Told, run
from porch.certs.trust_nss import add, databases, make_shared, remove
from tests.support.certificates import make

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("certutil") is None, reason="certutil is not installed"),
]

NAME = "Porch local authority 0a1b2c3d"


def database(folder: Path, *, password: str = "") -> Path:
    folder.mkdir(parents=True)
    words = ["--empty-password"]
    if password:
        (folder / "password").write_text(password)
        words = ["-f", str(folder / "password")]
    subprocess.run(["certutil", "-N", "-d", f"sql:{folder}", *words], check=True)
    return folder


def listed(folder: Path) -> str:
    command = ["certutil", "-L", "-d", f"sql:{folder}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    pem = tmp_path / "root.pem"
    pem.write_bytes(make(NAME).pem)
    return pem


def test_the_databases_of_all_browsers_are_found(tmp_path: Path) -> None:
    places = [
        ".pki/nssdb",
        ".local/share/pki/nssdb",
        "snap/chromium/current/.pki/nssdb",
        ".var/app/org.chromium.Chromium/data/pki/nssdb",
        ".mozilla/firefox/abc.default-release",
        "snap/firefox/common/.mozilla/firefox/x.default",
        "Library/Application Support/Firefox/Profiles/y.default",
    ]
    for place in places:
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "cert9.db").touch()
    (tmp_path / ".mozilla/firefox/Crash Reports").mkdir()
    assert databases(tmp_path) == sorted(tmp_path / place for place in places)


def test_the_shared_one_is_made_once_for_this_user_alone(tmp_path: Path) -> None:
    assert make_shared(tmp_path, run) == Told()
    assert databases(tmp_path) == [tmp_path / ".pki/nssdb"]
    assert (tmp_path / ".pki/nssdb").stat().st_mode & 0o777 == 0o700

    def never(command: Sequence[str]) -> tuple[int, str]:
        raise AssertionError(command)

    assert make_shared(tmp_path, never) == Told()


@pytest.mark.parametrize("data", [None, Path("data")])
def test_the_one_that_a_newer_chromium_made_is_told_and_no_other_hides_it(
    tmp_path: Path, data: Path | None
) -> None:
    data = tmp_path / data if data else None
    made = database((data or tmp_path / ".local/share") / "pki/nssdb")
    assert make_shared(tmp_path, run, data) == Told()
    assert databases(tmp_path, data) == [made]


def test_one_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / ".pki").touch()
    assert "cannot be made: " in make_shared(tmp_path, run).missing
    (tmp_path / ".pki").unlink()
    failed = make_shared(tmp_path, lambda _: (255, "certutil: no.\n"))
    assert failed.missing.endswith("cannot be made a database: certutil: no; remove it")


def test_a_root_is_added_once_and_removed_once(tmp_path: Path, root: Path) -> None:
    folder = database(tmp_path / "x.default-release")
    title = "Firefox with the profile x.default-release"
    assert add(folder, NAME, root, run) == Told(f"{title} trusts it; start the browser again")
    assert add(folder, NAME, root, run) == Told(f"{title} trusts it already")
    assert [line.split() for line in listed(folder).splitlines() if NAME in line] == [
        [*NAME.split(), "C,,"]
    ]
    assert remove(folder, NAME, run) == Told(f"{title} has forgotten it; start the browser again")
    assert remove(folder, NAME, run) == Told()
    assert NAME not in listed(folder)


def test_one_that_somebody_distrusted_is_trusted_again(tmp_path: Path, root: Path) -> None:
    folder = database(tmp_path / "nssdb")
    add(folder, NAME, root, run)
    subprocess.run(["certutil", "-M", "-d", f"sql:{folder}", "-n", NAME, "-t", ",,"], check=True)
    assert add(folder, NAME, root, run).done.endswith("trusts it; start the browser again")
    assert "C,," in listed(folder)


def test_a_database_with_a_password_is_left_as_it_was(tmp_path: Path, root: Path) -> None:
    folder = database(tmp_path / "nssdb", password="secret")
    told = add(folder, NAME, root, run)
    assert told.missing == (
        f"Chrome and what else uses {folder} does not trust it: it has a password; import the"
        " root in the browser's settings (certificates)"
    )
    assert NAME not in listed(folder)


def test_a_database_that_is_damaged_is_said(tmp_path: Path, root: Path) -> None:
    folder = database(tmp_path / "nssdb")
    (folder / "cert9.db").write_bytes(b"damage")
    told = add(folder, NAME, root, run)
    assert told.done == ""
    assert told.missing.endswith("; close the browser and try again")


def test_a_removal_that_fails_is_said(tmp_path: Path, root: Path) -> None:
    folder = database(tmp_path / "nssdb")
    add(folder, NAME, root, run)

    def failing(command: Sequence[str]) -> tuple[int, str]:
        return (255, "certutil: database is locked.") if "-D" in command else run(command)

    assert remove(folder, NAME, failing).missing == (
        f"Chrome and what else uses {folder} still trusts it: certutil: database is locked; close"
        " the browser and try again"
    )
